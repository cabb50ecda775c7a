"""Six hours of waiting, in seconds: what they cost, and that they cost no more than one."""

from __future__ import annotations

import gc
import socket
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from threading import Thread
from typing import Any

import pytest
from builders import key_inputs
from fake_clock import FakeClock
from story import app_with

from asc_linker.decision.report import AttachReport
from asc_linker.emulator import Emulator, ThrowawayKey, World
from asc_linker.reporting.progress import Heartbeat
from asc_linker.run import Listeners, run

SIX_HOURS_S = 6 * 3600


class Long:
    """A wait for build 231, and what could be seen of it."""

    def __init__(self, app: dict[str, Any], key: ThrowawayKey, clock: FakeClock) -> None:
        world = World.from_json({"apps": [deepcopy(app)], "script": {"rateLimit": 10**6}})
        self.emulator = Emulator(world, keys=[key], now=clock.now)
        self.url = self.emulator.url
        self.clock = clock
        self.tokens: list[str] = []
        self.requests = 0
        self.lines: list[str] = []
        self.beats = 0
        self._key = key

    def run(self) -> AttachReport:
        given = {
            **key_inputs(self._key, self.url),
            "bundle-id": "com.example.notes",
            "version-string": "1.4.2",
            "build-number": "231",
            "wait-minutes": str(SIX_HOURS_S / 60 + 10),
        }
        progress = Heartbeat(self._count)
        ending = run(given, {}, Listeners(progress, self.tokens.append, self._request), self.clock)
        assert not ending.trace, ending.trace
        (report,) = ending.reports
        return report

    def _request(self, _line: str) -> None:
        self.requests += 1

    def _count(self, line: str) -> None:
        if line.startswith("Waiting: "):
            self.beats += 1
        elif not line.startswith(("Looking", "Attaching", "Build 231 is", "Build 231 of")):
            self.lines.append(line)


class Relay:
    """Stands between a client and an emulator, counts connections, and can end them all."""

    def __init__(self, port: int) -> None:
        self.accepted = 0
        self._port = port
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def hang_up(self) -> None:
        """End every connection, as a load balancer does with idle ones."""
        while self._open:
            end = self._open.pop()
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        self.hang_up()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._port))
                self.accepted += 1
                self._open += [near, far]
                for source, target in ((near, far), (far, near)):
                    Thread(target=_pump, args=(source, target), daemon=True).start()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(2**16):
            target.sendall(data)


@pytest.fixture(params=["processing", "absent"])
def long(request: pytest.FixtureRequest, key: ThrowawayKey, clock: FakeClock) -> Iterator[Long]:
    appears = SIX_HOURS_S if request.param == "absent" else 0
    app = app_with(appearsAfterSeconds=appears, processedAfterSeconds=SIX_HOURS_S)
    long = Long(app, key, clock)
    yield long
    long.emulator.close()


@pytest.fixture
def relay(long: Long) -> Iterator[Relay]:
    relay = Relay(int(long.emulator.url.rpartition(":")[2]))
    yield relay
    relay.close()


def test_requests_signs_of_life_and_tokens_stay_few(long: Long) -> None:
    assert long.run().outcome == "attached"

    assert len(long.emulator.requests) < 6 * 300
    assert long.beats <= 6 * 60 + 5
    # A token lives ten minutes, of which the first was over when it was signed.
    assert len(long.tokens) <= 6 * 60 / 7


def test_no_request_carries_a_token_that_has_expired(long: Long) -> None:
    long.run()

    assert all(request.authorization_ok for request in long.emulator.requests)


def test_memory_stays_flat(long: Long) -> None:
    held: dict[int, int] = {}

    def look(_seconds: float) -> None:
        # The record of the other side is kept in the same memory, and is none of ours.
        long.emulator._requests.clear()
        long.clock.slept.clear()
        long.tokens.clear()
        hour = int(long.clock.elapsed // 3600)
        if hour == 2 and not tracemalloc.is_tracing():
            tracemalloc.start()
        elif hour in (3, 5) and hour not in held:
            gc.collect()
            held[hour], _ = tracemalloc.get_traced_memory()
        elif len(held) == 2:
            tracemalloc.stop()

    long.clock.on_sleep.append(look)
    try:
        long.run()
    finally:
        tracemalloc.stop()

    # Two hours are some four hundred polls, and an answer kept of each would be a mebibyte; what
    # tracemalloc counts moves by some tens of kilobytes by itself.
    assert held[5] - held[3] < 150_000


@pytest.mark.parametrize("long", ["processing"], indirect=True)
def test_a_handful_of_connections_serves_the_whole_wait(long: Long, relay: Relay) -> None:
    long.url = relay.url
    long.run()

    # One for what is read first, another for what is read beside it.
    assert relay.accepted <= 2


@pytest.mark.parametrize("long", ["processing"], indirect=True)
def test_connections_that_the_server_closes_between_polls_are_opened_again_in_silence(
    long: Long, relay: Relay
) -> None:
    long.url = relay.url
    long.clock.on_sleep.append(lambda _: relay.hang_up())

    assert long.run().outcome == "attached"
    assert relay.accepted > 400
    assert long.lines == []
