"""What is repeated, how often, after how long, and what never is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, formatdate
from typing import TYPE_CHECKING, Any

import pytest
from apple.peers import Peer, answering

from asc_linker.apple.model import BuildId, VersionId
from asc_linker.apple.retry import retry_after_s
from asc_linker.errors import AppStoreConnectError, CredentialsError, UnexpectedAnswer

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from apple.conftest import Observed
    from fake_clock import FakeClock
    from scripted_server import ScriptedServer

    from asc_linker.apple.client import AppStoreConnect

VERSION = VersionId("v142")
BUILD = BuildId("b231")
LINK = "/v1/appStoreVersions/v142/relationships/build"
ATTACHED = {"data": {"type": "builds", "id": BUILD}}

PASSING: dict[str, dict[str, Any]] = {
    "408": {"status": 408},
    "421": {"status": 421},
    "425": {"status": 425},
    "429": {"status": 429},
    "500": {"status": 500},
    "502 in plain text": {"status": 502, "body": "Could not process this request"},
    "503 in HTML": {"status": 503, "body": "<html><h1>Down</h1></html>"},
    "504": {"status": 504},
    "an edge server's 520": {"status": 520},
    "a reset": {"reset": True},
    "no body": {"status": 200, "body": ""},
    "half of the JSON": {"status": 200, "body": '{"data": {"type": "bui'},
    "half of the body": {"status": 200, "body": '{"data"', "length": 99},
    "a page of a proxy": {"status": 200, "body": "<html>Log in</html>"},
    "half of a refusal": {"status": 409, "body": '{"errors"', "length": 99},
}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
def test_a_read_lives_through(
    apple: AppStoreConnect, server: ScriptedServer, observed: Observed, fault: dict[str, Any]
) -> None:
    server.on(f"GET {LINK}", **fault)
    server.on(f"GET {LINK}", 200, ATTACHED)

    assert apple.attached_build(VERSION) == BUILD
    assert server.lines == [f"GET {LINK}"] * 2
    assert len(observed.retries) == 1


def test_six_attempts_are_the_most(
    apple: AppStoreConnect, server: ScriptedServer, clock: FakeClock
) -> None:
    server.on(f"GET {LINK}", 503, times=None)

    with pytest.raises(AppStoreConnectError, match="503") as caught:
        apple.attached_build(VERSION)

    assert len(server.arrived) == 6
    assert clock.slept == [1, 2, 4, 8, 16]
    assert caught.value.retry_after_s == 0


def test_what_is_given_up_says_that_it_may_pass_and_how_long_apple_wanted_to_be_left_alone(
    apple: AppStoreConnect, server: ScriptedServer
) -> None:
    server.on(f"GET {LINK}", 503, headers={"Retry-After": "2"}, times=None)

    with pytest.raises(AppStoreConnectError) as caught:
        apple.attached_build(VERSION)

    assert (caught.value.may_pass, caught.value.retry_after_s) == (True, 2)


def test_a_refused_key_is_given_up_without_such_words(
    apple: AppStoreConnect, server: ScriptedServer
) -> None:
    server.on(f"GET {LINK}", 401, times=None)

    with pytest.raises(CredentialsError) as caught:
        apple.attached_build(VERSION)

    assert not hasattr(caught.value, "may_pass")


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


def test_each_retry_is_one_line(
    apple: AppStoreConnect, server: ScriptedServer, observed: Observed
) -> None:
    server.on(f"GET {LINK}", 503)
    server.on(f"GET {LINK}", 502)
    server.on(f"GET {LINK}", 200, ATTACHED)

    apple.attached_build(VERSION)

    assert observed.retries == [
        f"GET {LINK}: App Store Connect answered 503. Trying again in 1.0 s (attempt 2 of 6).",
        f"GET {LINK}: App Store Connect answered 502. Trying again in 2.0 s (attempt 3 of 6).",
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
    ("asked", "shown"), [("100", "100 s"), ("3600", "60 min"), ("9000", "2 h 30 min")]
)
def test_a_retry_after_that_is_too_long_ends_at_once_and_is_reported(
    apple: AppStoreConnect,
    server: ScriptedServer,
    clock: FakeClock,
    status: int,
    asked: str,
    shown: str,
) -> None:
    server.on(f"GET {LINK}", status, headers={"Retry-After": asked}, times=None)

    with pytest.raises(AppStoreConnectError, match=f"asks to come back in {shown}") as caught:
        apple.attached_build(VERSION)

    assert caught.value.exit_code == 7
    assert caught.value.retry_after_s == float(asked)
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
        ("9" * 12, 999_999_999_999),
        ("9" * 13, 0),
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
    connect: Callable[..., AppStoreConnect], server: ScriptedServer, observed: Observed
) -> None:
    server.on(f"GET {LINK}", stall=True)
    server.on(f"GET {LINK}", 200, ATTACHED)

    assert connect(server.url, timeout_s=(5.0, 0.1)).attached_build(VERSION) == BUILD
    assert "did not answer in time" in observed.retries[0]


def test_a_body_that_falls_silent_is_a_time_out(
    connect: Callable[..., AppStoreConnect], observed: Observed
) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n"

    def pause(peer: Peer, connection: socket.socket) -> None:
        answering(head + b'{"data": ')(peer, connection)
        peer.closing.wait(20)

    with Peer(pause, answering(head + b'{"data": null}')) as peer:
        assert connect(peer.url, timeout_s=(5.0, 0.1)).attached_build(VERSION) is None

    assert "did not answer in time" in observed.retries[0]
