"""A write whose answer is lost: asked after before it is sent again, and never reported wrongly."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from apple.looks import Looks

from asc_linker.apple.model import AppId, BuildId, Platform, VersionId
from asc_linker.errors import (
    AppStoreConnectError,
    AscLinkerError,
    CredentialsError,
    MaybeApplied,
    NotAttachable,
    NotFound,
    UnexpectedAnswer,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from apple.conftest import Observed
    from fake_clock import FakeClock
    from scripted_server import ScriptedServer

    from asc_linker.apple.client import AppStoreConnect
    from asc_linker.emulator import Emulator, World

APP = AppId("6446000001")
VERSION = VersionId("v142")
BUILD = BuildId("b231")
LINK = "PATCH /v1/appStoreVersions/v142/relationships/build"
CREATE = "POST /v1/appStoreVersions"
CREATED = {"data": {"type": "appStoreVersions", "id": "v142"}}

WRITES: dict[str, tuple[str, Callable[[AppStoreConnect], Callable[..., object]]]] = {
    "attach": (LINK, lambda apple: partial(apple.attach_build, VERSION, BUILD)),
    "detach": (LINK, lambda apple: partial(apple.detach_build, VERSION)),
    "create": (
        CREATE,
        lambda apple: partial(apple.create_version, APP, Platform.IOS, "1.4.2", BUILD),
    ),
    "rename": (
        "PATCH /v1/appStoreVersions/v142",
        lambda apple: partial(apple.rename_version, VERSION, "1.5", BUILD),
    ),
    "answer": (
        "PATCH /v1/builds/b231",
        lambda apple: partial(apple.answer_encryption, BUILD, answer=False),
    ),
}
UNCLEAR: dict[str, dict[str, Any]] = {
    "500": {"status": 500},
    "502 in plain text": {"status": 502, "body": "Could not process this request"},
    "503 in HTML": {"status": 503, "body": "<html><h1>Down</h1></html>"},
    "504": {"status": 504},
    "an edge server's 524": {"status": 524},
    "a reset": {"reset": True},
    "half of a refusal": {"status": 409, "body": '{"errors"', "length": 99},
}
# Apple did not look at it.
NOT_TAKEN: dict[str, dict[str, Any]] = {
    "408": {"status": 408},
    "421": {"status": 421},
    "425": {"status": 425},
    "429": {"status": 429},
}
CLEAR: dict[str, tuple[dict[str, Any], type[AscLinkerError]]] = {
    "400": ({"status": 400}, AppStoreConnectError),
    "403": ({"status": 403}, CredentialsError),
    "403 of a proxy": ({"status": 403, "body": "<html>"}, CredentialsError),
    "404": ({"status": 404}, NotFound),
    "407": ({"status": 407}, CredentialsError),
    "409": ({"status": 409}, NotAttachable),
    "413": ({"status": 413}, AppStoreConnectError),
    "422": ({"status": 422}, NotAttachable),
    "302": ({"status": 302}, UnexpectedAnswer),
    "501": ({"status": 501}, AppStoreConnectError),
}


@pytest.fixture(params=WRITES)
def line(request: pytest.FixtureRequest) -> str:
    return WRITES[request.param][0]


@pytest.fixture
def write(
    request: pytest.FixtureRequest, apple: AppStoreConnect, line: str
) -> Callable[..., object]:
    return WRITES[request.node.callspec.params["line"]][1](apple)


@pytest.mark.parametrize("fault", UNCLEAR.values(), ids=UNCLEAR)
def test_a_write_in_doubt_is_asked_after_before_it_is_sent_again(
    write: Callable[..., object], line: str, server: ScriptedServer, fault: dict[str, Any]
) -> None:
    server.on(line, **fault)
    server.on(line, 200, CREATED)
    looks = Looks(False)

    write(is_applied=looks)

    assert (server.lines, looks.asked) == ([line] * 2, 1)


@pytest.mark.parametrize("fault", UNCLEAR.values(), ids=UNCLEAR)
def test_a_write_that_took_effect_is_not_sent_again(
    write: Callable[..., object],
    line: str,
    server: ScriptedServer,
    clock: FakeClock,
    fault: dict[str, Any],
) -> None:
    server.on(line, **fault)

    assert write(is_applied=Looks(True)) is None

    assert (server.lines, clock.slept) == ([line], [])


@pytest.mark.parametrize(
    "lost", [AppStoreConnectError("Down."), NotFound("Gone."), CredentialsError("No.")], ids=repr
)
@pytest.mark.parametrize("fault", UNCLEAR.values(), ids=UNCLEAR)
def test_a_write_that_nobody_can_tell_about_says_so(
    write: Callable[..., object],
    line: str,
    server: ScriptedServer,
    fault: dict[str, Any],
    lost: AscLinkerError,
) -> None:
    server.on(line, times=None, **fault)

    with pytest.raises(MaybeApplied) as caught:
        write(is_applied=Looks(lost))

    assert server.lines == [line]
    assert caught.value.exit_code == 7
    assert caught.value.__cause__ is lost


@pytest.mark.parametrize("fault", NOT_TAKEN.values(), ids=NOT_TAKEN)
def test_a_write_that_apple_did_not_look_at_is_sent_again_unasked(
    write: Callable[..., object], line: str, server: ScriptedServer, fault: dict[str, Any]
) -> None:
    server.on(line, **fault)
    server.on(line, 200, CREATED)
    looks = Looks()

    write(is_applied=looks)

    assert (server.lines, looks.asked) == ([line] * 2, 0)


@pytest.mark.parametrize(("answer", "kind"), CLEAR.values(), ids=CLEAR)
def test_a_write_with_a_clear_answer_is_sent_once_and_asked_after_by_nobody(
    write: Callable[..., object],
    line: str,
    server: ScriptedServer,
    answer: dict[str, Any],
    kind: type[AscLinkerError],
) -> None:
    server.on(line, times=None, **answer)
    looks = Looks()

    with pytest.raises(kind) as caught:
        write(is_applied=looks)

    assert not isinstance(caught.value, MaybeApplied)
    assert (server.lines, looks.asked) == ([line], 0)


def test_a_write_gets_one_new_token(
    write: Callable[..., object], line: str, server: ScriptedServer, observed: Observed
) -> None:
    server.on(line, 401)
    server.on(line, 200, CREATED)

    write(is_applied=Looks())

    assert (server.lines, len(set(observed.tokens))) == ([line] * 2, 2)


def test_six_attempts_of_a_write_are_the_most_and_the_last_is_asked_after_too(
    write: Callable[..., object], line: str, server: ScriptedServer, clock: FakeClock
) -> None:
    server.on(line, 500, times=None)
    looks = Looks(*[False] * 6)

    with pytest.raises(AppStoreConnectError, match="500") as caught:
        write(is_applied=looks)

    assert not isinstance(caught.value, MaybeApplied)
    assert (len(server.arrived), looks.asked) == (6, 6)
    assert clock.slept == [1, 2, 4, 8, 16]


def test_the_last_attempt_may_have_been_the_one_that_took_effect(
    write: Callable[..., object], line: str, server: ScriptedServer
) -> None:
    server.on(line, 500, times=None)

    write(is_applied=Looks(*[False] * 5, True))

    assert len(server.arrived) == 6


def test_sixty_seconds_are_for_all_attempts_of_a_write_and_the_looks_between_them(
    write: Callable[..., object], line: str, server: ScriptedServer, clock: FakeClock
) -> None:
    server.on(line, 500, times=None)

    def look() -> bool:
        clock.sleep(35)
        return False

    with pytest.raises(AppStoreConnectError):
        write(is_applied=look)

    assert len(server.arrived) == 2


@pytest.mark.parametrize(("status", "looks"), [(503, 1), (429, 0)])
def test_a_write_that_apple_wants_much_later_says_when(
    write: Callable[..., object], line: str, server: ScriptedServer, status: int, looks: int
) -> None:
    server.on(line, status, headers={"Retry-After": "1800"})
    is_applied = Looks(*[False] * looks)

    with pytest.raises(AppStoreConnectError, match="asks to come back in 30 min") as caught:
        write(is_applied=is_applied)

    assert not isinstance(caught.value, MaybeApplied)
    assert (caught.value.retry_after_s, is_applied.asked) == (1800, looks)


def test_a_write_in_doubt_that_apple_wants_much_later_keeps_that_too(
    write: Callable[..., object], line: str, server: ScriptedServer
) -> None:
    server.on(line, 503, headers={"Retry-After": "1800", "X-Request-ID": "ABC"})

    with pytest.raises(MaybeApplied) as caught:
        write(is_applied=Looks(AppStoreConnectError("Down.")))

    assert (caught.value.retry_after_s, caught.value.request_id) == (1800, "ABC")


def test_a_fault_of_ours_while_looking_is_not_called_anything_else(
    write: Callable[..., object], line: str, server: ScriptedServer
) -> None:
    server.on(line, 500)

    def look() -> bool:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write(is_applied=look)


def test_a_new_version_has_the_id_that_apple_gave_it(
    apple: AppStoreConnect, server: ScriptedServer
) -> None:
    server.on(CREATE, 201, CREATED)

    create = partial(apple.create_version, APP, Platform.IOS, "1.4.2", BUILD)
    assert create(is_applied=Looks()) == "v142"


UNREADABLE: dict[str, dict[str, Any]] = {
    "nothing": {"body": ""},
    "a part": {"body": "{"},
    "no version": {"body": {"data": None}},
    "a page": {"body": "<html>Log in</html>"},
    "cut off": {"body": '{"data"', "length": 99},
}


@pytest.mark.parametrize("answer", UNREADABLE.values(), ids=UNREADABLE)
def test_a_created_version_whose_id_cannot_be_read_is_looked_for(
    apple: AppStoreConnect, server: ScriptedServer, answer: dict[str, Any]
) -> None:
    server.on(CREATE, 201, **answer)
    create = partial(apple.create_version, APP, Platform.IOS, "1.4.2", BUILD)

    assert create(is_applied=Looks(True)) is None

    assert server.lines == [CREATE]


def test_a_created_version_that_is_neither_read_nor_found_is_created_again(
    apple: AppStoreConnect, server: ScriptedServer
) -> None:
    server.on(CREATE, 201, "{")
    server.on(CREATE, 201, CREATED)
    create = partial(apple.create_version, APP, Platform.IOS, "1.4.2", BUILD)

    assert create(is_applied=Looks(False)) == "v142"


@pytest.mark.parametrize("write", ["attach", "detach", "rename", "answer"])
@pytest.mark.parametrize(
    "answer",
    [
        {"status": 204},
        {"status": 202},
        {"status": 200, "body": "{", "length": 99},
        {"status": 200, "body": "<p>"},
        {"status": 200, "body": "no gzip", "headers": {"Content-Encoding": "gzip"}},
    ],
    ids=str,
)
def test_any_2xx_is_a_promise_whatever_its_body(
    apple: AppStoreConnect, server: ScriptedServer, write: str, answer: dict[str, Any]
) -> None:
    line, begin = WRITES[write]
    server.on(line, **answer)

    begin(apple)(is_applied=Looks())

    assert server.lines == [line]


@pytest.mark.parametrize("fault", [{"applied_then": 500}, {"reset_after": True}, {"reset": True}])
def test_the_emulator_agrees_that_an_attachment_in_doubt_ends_well(
    emulated: AppStoreConnect, emulator: Emulator, world: World, fault: dict[str, Any]
) -> None:
    version, build = world.apps[0].app_store_versions[1], world.apps[0].builds[3]
    emulator.on("PATCH /v1/appStoreVersions/*/relationships/build", **fault)
    version_id = VersionId(version.id)

    emulated.attach_build(
        version_id,
        BuildId(build.id),
        is_applied=lambda: emulated.attached_build(version_id) == build.id,
    )

    assert version.build == build.id
    assert len(emulator.writes) == (2 if "reset" in fault else 1)
