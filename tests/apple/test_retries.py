"""What is repeated, how often, after how long, and what never is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, formatdate
from typing import TYPE_CHECKING, Any

import pytest

from asc_linker.apple.client import MaybeApplied
from asc_linker.apple.model import AppId, BuildId, Platform, VersionId
from asc_linker.apple.retry import retry_after_s
from asc_linker.errors import AppStoreConnectError, NotAttachable, UnexpectedAnswer

if TYPE_CHECKING:
    from collections.abc import Callable

    from apple.conftest import Told
    from fake_clock import FakeClock
    from scripted_server import ScriptedServer

    from asc_linker.apple.client import AppStoreConnect
    from asc_linker.emulator import Emulator, World

VERSION = VersionId("v142")
BUILD = BuildId("b231")
LINK = "/v1/appStoreVersions/v142/relationships/build"
ATTACHED = {"data": {"type": "builds", "id": BUILD}}
ANOTHER = {"data": {"type": "builds", "id": "b230"}}

PASSING: dict[str, dict[str, Any]] = {
    "429": {"status": 429},
    "500": {"status": 500},
    "502 in plain text": {"status": 502, "body": "Could not process this request"},
    "503 in HTML": {"status": 503, "body": "<html><h1>Down</h1></html>"},
    "504": {"status": 504},
    "a reset": {"reset": True},
    "no body": {"status": 200, "body": ""},
    "half of the JSON": {"status": 200, "body": '{"data": {"type": "bui'},
    "half of the body": {"status": 200, "body": '{"data"', "length": 99},
    "a page of a proxy": {"status": 200, "body": "<html>Log in</html>"},
    "half of a refusal": {"status": 409, "body": '{"errors"', "length": 99},
}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
def test_a_read_lives_through(
    apple: AppStoreConnect, server: ScriptedServer, told: Told, fault: dict[str, Any]
) -> None:
    server.on(f"GET {LINK}", **fault)
    server.on(f"GET {LINK}", 200, ATTACHED)

    assert apple.attached_build(VERSION) == BUILD
    assert server.lines == [f"GET {LINK}"] * 2
    assert len(told.retries) == 1


WRITES_IN_DOUBT = {
    name: fault
    for name, fault in PASSING.items()
    if name != "429" and not 200 <= fault.get("status", 0) < 300
}


@pytest.mark.parametrize("fault", WRITES_IN_DOUBT.values(), ids=WRITES_IN_DOUBT)
def test_an_attachment_in_doubt_is_read_back_before_it_is_repeated(
    apple: AppStoreConnect, server: ScriptedServer, fault: dict[str, Any]
) -> None:
    server.on(f"PATCH {LINK}", **fault)
    server.on(f"GET {LINK}", 200, ANOTHER)
    server.on(f"PATCH {LINK}", 204)

    apple.attach_build(VERSION, BUILD)

    assert server.lines == [f"PATCH {LINK}", f"GET {LINK}", f"PATCH {LINK}"]


@pytest.mark.parametrize("fault", WRITES_IN_DOUBT.values(), ids=WRITES_IN_DOUBT)
def test_an_attachment_that_took_effect_is_not_repeated(
    apple: AppStoreConnect, server: ScriptedServer, clock: FakeClock, fault: dict[str, Any]
) -> None:
    server.on(f"PATCH {LINK}", **fault)
    server.on(f"GET {LINK}", 200, ATTACHED)

    apple.attach_build(VERSION, BUILD)

    assert server.lines == [f"PATCH {LINK}", f"GET {LINK}"]
    assert clock.slept == []


def test_a_detachment_that_took_effect_is_not_repeated(
    apple: AppStoreConnect, server: ScriptedServer
) -> None:
    server.on(f"PATCH {LINK}", 500)
    server.on(f"GET {LINK}", 200, {"data": None})

    apple.detach_build(VERSION)

    assert server.lines == [f"PATCH {LINK}", f"GET {LINK}"]


def test_an_attachment_is_not_read_back_when_apple_would_not_look_at_it(
    apple: AppStoreConnect, server: ScriptedServer
) -> None:
    server.on(f"PATCH {LINK}", 429)
    server.on(f"PATCH {LINK}", 204)

    apple.attach_build(VERSION, BUILD)

    assert server.lines == [f"PATCH {LINK}"] * 2


def test_an_attachment_nobody_can_tell_about_says_so(
    apple: AppStoreConnect, server: ScriptedServer
) -> None:
    server.on(f"PATCH {LINK}", 500)
    server.on(f"GET {LINK}", 500, times=None)

    with pytest.raises(MaybeApplied) as caught:
        apple.attach_build(VERSION, BUILD)

    assert "Whether Apple made the change is not known." in caught.value.message
    assert server.lines.count(f"PATCH {LINK}") == 1


@pytest.mark.parametrize(("status", "is_known"), [(503, False), (429, True)])
def test_a_write_apple_wants_repeated_much_later_says_whether_it_may_have_happened(
    apple: AppStoreConnect, server: ScriptedServer, status: int, *, is_known: bool
) -> None:
    server.on(f"PATCH /v1/builds/{BUILD}", status, headers={"Retry-After": "1800"})

    with pytest.raises(AppStoreConnectError, match="asks to come back in 30 min") as caught:
        apple.answer_encryption(BUILD, answer=True)

    assert ("is not known" in caught.value.message) is not is_known


def test_an_attachment_apple_refuses_is_asked_once(
    apple: AppStoreConnect, server: ScriptedServer, clock: FakeClock
) -> None:
    server.on(f"PATCH {LINK}", 409, times=None)

    with pytest.raises(NotAttachable):
        apple.attach_build(VERSION, BUILD)

    assert server.lines == [f"PATCH {LINK}"]


@pytest.mark.parametrize("fault", [{"applied_then": 500}, {"reset_after": True}, {"reset": True}])
def test_the_emulator_agrees_that_an_attachment_in_doubt_ends_well(
    emulated: AppStoreConnect, emulator: Emulator, world: World, fault: dict[str, Any]
) -> None:
    version, build = world.apps[0].app_store_versions[1], world.apps[0].builds[3]
    emulator.on("PATCH /v1/appStoreVersions/*/relationships/build", **fault)

    emulated.attach_build(VersionId(version.id), BuildId(build.id))

    assert version.build == build.id
    assert len(emulator.writes) == (2 if "reset" in fault else 1)


@pytest.mark.parametrize(
    "answer",
    [{"status": 204}, {"status": 200, "body": "{", "length": 99}, {"status": 200, "body": "<p>"}],
)
def test_any_2xx_is_an_attachment_whatever_its_body(
    apple: AppStoreConnect, server: ScriptedServer, answer: dict[str, Any]
) -> None:
    server.on(f"PATCH {LINK}", **answer)

    apple.attach_build(VERSION, BUILD)

    assert server.lines == [f"PATCH {LINK}"]


ENTITY_WRITES: dict[str, Callable[[AppStoreConnect], object]] = {
    "POST /v1/appStoreVersions": lambda apple: apple.create_version(
        AppId("6446000001"), Platform.IOS, "1.4.2", BUILD
    ),
    "PATCH /v1/appStoreVersions/v142": lambda apple: apple.rename_version(VERSION, "1.5", BUILD),
    "PATCH /v1/builds/b231": lambda apple: apple.answer_encryption(BUILD, answer=False),
}


@pytest.mark.parametrize("fault", WRITES_IN_DOUBT.values(), ids=WRITES_IN_DOUBT)
@pytest.mark.parametrize("line", ENTITY_WRITES)
def test_a_write_that_is_not_safe_to_repeat_is_sent_once(
    apple: AppStoreConnect, server: ScriptedServer, line: str, fault: dict[str, Any]
) -> None:
    server.on(line, times=None, **fault)

    with pytest.raises(MaybeApplied, match="Whether Apple made the change is not known"):
        ENTITY_WRITES[line](apple)

    assert server.lines == [line]


@pytest.mark.parametrize("line", ENTITY_WRITES)
def test_a_write_that_met_a_rate_limit_is_left_to_who_can_look_first(
    apple: AppStoreConnect, server: ScriptedServer, clock: FakeClock, line: str
) -> None:
    server.on(line, 429, headers={"Retry-After": "7"}, times=None)

    with pytest.raises(MaybeApplied) as caught:
        ENTITY_WRITES[line](apple)

    assert "not known" not in caught.value.message
    assert caught.value.wait_s == 7
    assert (server.lines, clock.slept) == ([line], [])


@pytest.mark.parametrize("line", ENTITY_WRITES)
def test_a_write_that_is_not_safe_to_repeat_gets_one_new_token(
    apple: AppStoreConnect, server: ScriptedServer, line: str
) -> None:
    server.on(line, 401)
    server.on(line, 200, {"data": {"type": "appStoreVersions", "id": "v142"}})

    ENTITY_WRITES[line](apple)

    assert server.lines == [line] * 2


def test_six_attempts_are_the_most(
    apple: AppStoreConnect, server: ScriptedServer, clock: FakeClock
) -> None:
    server.on(f"GET {LINK}", 503, times=None)

    with pytest.raises(AppStoreConnectError, match="503"):
        apple.attached_build(VERSION)

    assert len(server.arrived) == 6
    assert clock.slept == [1, 2, 4, 8, 16]


def test_pauses_are_shortened_at_random_by_up_to_half(
    connect: Callable[..., AppStoreConnect], server: ScriptedServer, clock: FakeClock
) -> None:
    server.on(f"GET {LINK}", 503, times=None)
    dice = iter([0.0, 0.5, 0.999, 0.2, 0.4])

    with pytest.raises(AppStoreConnectError):
        connect(server.url, random=lambda: next(dice)).attached_build(VERSION)

    assert clock.slept == pytest.approx([1, 1.5, 2.002, 7.2, 12.8])


def test_sixty_seconds_are_the_most(
    apple: AppStoreConnect, server: ScriptedServer, clock: FakeClock
) -> None:
    server.on(f"GET {LINK}", 503, headers={"Retry-After": "25"}, times=None)

    with pytest.raises(AppStoreConnectError, match="asks to come back in 25 s"):
        apple.attached_build(VERSION)

    assert clock.slept == [25, 25]


def test_a_slow_answer_uses_up_the_same_sixty_seconds(
    apple: AppStoreConnect, server: ScriptedServer, clock: FakeClock
) -> None:
    def drip() -> Any:
        yield b'{"data": '
        clock.sleep(61)
        yield b"null}"

    server.on(f"GET {LINK}", 200, drip())

    with pytest.raises(AppStoreConnectError, match="did not answer in time"):
        apple.attached_build(VERSION)

    assert len(server.arrived) == 1


def test_each_retry_is_one_line(apple: AppStoreConnect, server: ScriptedServer, told: Told) -> None:
    server.on(f"GET {LINK}", 503)
    server.on(f"GET {LINK}", 502)
    server.on(f"GET {LINK}", 200, ATTACHED)

    apple.attached_build(VERSION)

    assert told.retries == [
        f"GET {LINK}: App Store Connect answered 503. Attempt 2 of 6 in 1.0 s.",
        f"GET {LINK}: App Store Connect answered 502. Attempt 3 of 6 in 2.0 s.",
    ]


def test_retry_after_in_seconds_is_honoured(
    apple: AppStoreConnect, server: ScriptedServer, clock: FakeClock
) -> None:
    server.on(f"GET {LINK}", 429, headers={"Retry-After": "12"})
    server.on(f"GET {LINK}", 200, ATTACHED)

    apple.attached_build(VERSION)

    assert clock.slept == [12]


def test_retry_after_as_a_date_is_held_against_apples_own_clock(
    apple: AppStoreConnect, server: ScriptedServer, clock: FakeClock
) -> None:
    apples = datetime(2020, 2, 2, tzinfo=UTC)
    headers = {
        "Date": format_datetime(apples, usegmt=True),
        "Retry-After": format_datetime(apples + timedelta(seconds=20), usegmt=True),
    }
    server.on(f"GET {LINK}", 503, headers=headers)
    server.on(f"GET {LINK}", 200, ATTACHED)

    apple.attached_build(VERSION)

    assert clock.slept == [20]


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("asked", "told_as"), [("100", "100 s"), ("3600", "60 min"), ("9000", "2 h 30 min")]
)
def test_a_retry_after_that_is_too_long_ends_at_once_and_is_told(
    apple: AppStoreConnect,
    server: ScriptedServer,
    clock: FakeClock,
    status: int,
    asked: str,
    told_as: str,
) -> None:
    server.on(f"GET {LINK}", status, headers={"Retry-After": asked}, times=None)

    with pytest.raises(AppStoreConnectError, match=f"asks to come back in {told_as}") as caught:
        apple.attached_build(VERSION)

    assert caught.value.exit_code == 7
    assert (len(server.arrived), clock.slept) == (1, [])


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0),
        ("30", 30),
        (" 30 ", 30),
        ("5, 7", 7),
        ("-5", 0),
        ("1.5", 0),
        ("soon", 0),
        ("", 0),
        ("9" * 5000, 0),
        ("١٢", 0),
        (formatdate(1_000_030, usegmt=True), 30),
        (formatdate(999_000, usegmt=True), 0),
        ("Mon, 12 Jan 1970 13:47:10 -0000", 30),
        ("Mon, 99 Jan 99999 99:99:99 GMT", 0),
    ],
)
def test_a_retry_after_is_seconds_or_a_date_or_nothing(header: str, seconds: float) -> None:
    assert retry_after_s(header, "", now=1_000_000) == seconds


def test_an_answer_without_data_is_not_asked_for_again(
    apple: AppStoreConnect, server: ScriptedServer
) -> None:
    server.on(f"GET {LINK}", 200, {"errors": []}, times=None)

    with pytest.raises(UnexpectedAnswer):
        apple.attached_build(VERSION)

    assert len(server.arrived) == 1


def test_silence_is_asked_again(
    connect: Callable[..., AppStoreConnect], server: ScriptedServer, told: Told
) -> None:
    server.on(f"GET {LINK}", stall=True)
    server.on(f"GET {LINK}", 200, ATTACHED)

    assert connect(server.url, timeout_s=(5.0, 0.1)).attached_build(VERSION) == BUILD
    assert "did not answer in time" in told.retries[0]


def test_silence_after_a_post_is_not_asked_again(
    connect: Callable[..., AppStoreConnect], server: ScriptedServer
) -> None:
    server.on("POST /v1/appStoreVersions", stall=True, times=None)
    apple = connect(server.url, timeout_s=(5.0, 0.1))

    with pytest.raises(MaybeApplied, match="did not answer in time"):
        ENTITY_WRITES["POST /v1/appStoreVersions"](apple)

    assert server.lines == ["POST /v1/appStoreVersions"]


def test_a_body_that_falls_silent_is_a_time_out(
    connect: Callable[..., AppStoreConnect], server: ScriptedServer
) -> None:
    def pause() -> Any:
        yield b'{"data": '
        server.wait_for_the_end()

    server.on(f"GET {LINK}", 200, pause())
    server.on(f"GET {LINK}", 200, ATTACHED)

    assert connect(server.url, timeout_s=(5.0, 0.1)).attached_build(VERSION) == BUILD
