"""One key's share: eight requests at a time, and one thread's 429 slows all of them."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from apple.peers import Peer, answering
from fake_clock import FakeClock

from asc_linker.apple.model import VersionId
from asc_linker.apple.quota import Quota, rate_limits

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from scripted_server import ScriptedServer

    from asc_linker.apple.client import AppStoreConnect

VERSION = VersionId("v142")
LINK = "/v1/appStoreVersions/v142/relationships/build"
NOTHING = b'HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{"data": null}'


@pytest.fixture
def quota(clock: FakeClock) -> Quota:
    return Quota(clock)


def ask(quota: Quota) -> float:
    """One request. Returns how long it had to wait for its turn."""
    with quota.turn() as waited_s:
        return waited_s


def test_at_most_eight_requests_go_out_at_a_time(connect: Callable[..., AppStoreConnect]) -> None:
    lock, full = threading.Lock(), threading.Event()
    at_work, most = 0, 0

    def speak(peer: Peer, connection: socket.socket) -> None:
        nonlocal at_work, most
        peer.take_request(connection)
        with lock:
            at_work += 1
            most = max(most, at_work)
            if at_work == 8:
                full.set()
        full.wait(10)
        # Long enough for a ninth to show itself.
        peer.closing.wait(0.05)
        with lock:
            at_work -= 1
        connection.sendall(NOTHING)

    with Peer(speak) as peer, ThreadPoolExecutor(20) as pool:
        apple = connect(peer.url, timeout_s=(15.0, 15.0))
        list(pool.map(lambda _: apple.attached_build(VERSION), range(20)))

    assert most == 8


def test_a_429_of_one_thread_holds_all_others_back(
    connect: Callable[..., AppStoreConnect], clock: FakeClock
) -> None:
    slow_down = b"HTTP/1.1 429 No\r\nContent-Length: 0\r\nRetry-After: 7\r\n\r\n"
    other_came = threading.Event()
    asked_at: list[float] = []

    def refused_while_another_waits(_seconds: float) -> None:
        # While the first thread sleeps off its 429, another wants to ask.
        if not other_came.is_set():
            other_came.set()
            with ThreadPoolExecutor(1) as pool:
                pool.submit(lambda: apple.attached_build(VERSION)).result()

    def note(peer: Peer, connection: socket.socket) -> None:
        asked_at.append(clock.elapsed)
        answering(NOTHING)(peer, connection)

    clock.on_sleep.append(refused_while_another_waits)
    with Peer(answering(slow_down), note) as peer:
        apple = connect(peer.url)
        apple.attached_build(VERSION)

    assert asked_at == [7, 7]


def test_after_a_hold_everybody_waits_and_then_nobody(quota: Quota, clock: FakeClock) -> None:
    quota.hold(7)
    quota.hold(3)

    assert [ask(quota), ask(quota)] == [7, 0]
    assert clock.slept == [7]


def test_a_hold_does_not_count_against_the_time_of_a_request(
    connect: Callable[..., AppStoreConnect], server: ScriptedServer, clock: FakeClock
) -> None:
    server.on(f"GET {LINK}", 503, headers={"Retry-After": "50"})
    server.on(f"GET {LINK}", 200, {"data": None})
    apple = connect(server.url)
    apple._requester.quota.hold(30)

    apple.attached_build(VERSION)

    assert clock.slept == [30, 50]


def test_requests_go_out_at_once_while_the_minute_is_young(quota: Quota, clock: FakeClock) -> None:
    for left in range(249, 8, -1):
        assert ask(quota) == 0
        quota.note(f"user-minute-lim:250;user-minute-rem:{left};")

    assert clock.slept == []


@pytest.mark.parametrize(("left", "waited_s"), [(8, 0), (7, 30), (6, 40), (5, 50)])
def test_when_the_minute_is_used_up_requests_wait_until_earlier_ones_leave_it(
    quota: Quota, clock: FakeClock, left: int, waited_s: float
) -> None:
    for _ in range(3):
        ask(quota)
        clock.sleep(10)
    quota.note(f"user-minute-lim:250;user-minute-rem:{left};")

    # The first was 30 s ago. As many may be under way as are left in the end: eight.
    assert [ask(quota), ask(quota)] == [waited_s, 0]


def test_another_minute_than_apples_last_word_is_a_new_one(quota: Quota, clock: FakeClock) -> None:
    ask(quota)
    quota.note("user-minute-rem:0;")
    quota.note("user-minute-rem:200;")

    assert ask(quota) == 0


def test_a_minute_that_others_have_used_up_holds_nobody_for_longer(
    quota: Quota, clock: FakeClock
) -> None:
    quota.note("user-minute-rem:0;")
    assert ask(quota) == 0
    quota.note("user-minute-rem:0;")

    assert ask(quota) == 60


@pytest.mark.parametrize(
    ("header", "limits"),
    [
        ("user-hour-lim:3600;user-hour-rem:12;", {"user-hour-lim": 3600, "user-hour-rem": 12}),
        ("user-hour-rem:3, user-hour-rem:2", {"user-hour-rem": 2}),
        ("user-day-rem:3", {"user-day-rem": 3}),
        ("user-hour-rem:many;user-hour-lim:-1;", {}),
        ("user-hour-rem:" + "9" * 9, {"user-hour-rem": 999_999_999}),
        ("user-hour-rem:" + "9" * 10, {}),
        ("user-hour-rem:١٢", {}),
        ("", {}),
    ],
)
def test_a_rate_limit_is_read_as_far_as_it_makes_sense(header: str, limits: dict[str, int]) -> None:
    assert rate_limits(header) == limits


def test_the_hours_limit_and_the_rest_of_it_are_known_once_apple_has_said_them(
    apple: AppStoreConnect, server: ScriptedServer
) -> None:
    hour = {"X-Rate-Limit": "user-hour-lim:3600;user-hour-rem:3554;"}
    minute: dict[str, Any] = {"X-Rate-Limit": "user-minute-lim:250;user-minute-rem:240;"}
    server.on(f"GET {LINK}", 200, {"data": None}, headers=hour)
    server.on(f"GET {LINK}", 200, {"data": None}, headers=minute)
    assert (apple.requests_left, apple.requests_an_hour) == (None, None)

    for _ in range(2):
        apple.attached_build(VERSION)

    assert (apple.requests_left, apple.requests_an_hour) == (3554, 3600)


@pytest.mark.parametrize(
    ("left", "words"), [(3000, "the hour's limit is not reached"), (0, "takes no more requests")]
)
def test_a_429_that_stays_is_explained_by_what_is_left_of_the_hour(
    apple: AppStoreConnect, server: ScriptedServer, left: int, words: str
) -> None:
    headers = {"X-Rate-Limit": f"user-hour-lim:3600;user-hour-rem:{left};"}
    server.on(f"GET {LINK}", 429, headers=headers, times=None)

    with pytest.raises(Exception, match=words):
        apple.attached_build(VERSION)
