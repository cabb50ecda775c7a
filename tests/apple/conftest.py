"""A client of a scripted server, and of an emulator, on a clock that nobody waits for."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from fake_clock import FakeClock
from scripted_server import ScriptedServer

from asc_linker.apple.access import Credentials
from asc_linker.apple.client import AppStoreConnect
from asc_linker.apple.requester import Exchange, Requester
from asc_linker.apple.tokens import Tokens
from asc_linker.emulator import Emulator, ThrowawayKey, World, example_world
from asc_linker.inputs.private_key import read_private_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass
class Observed:
    """What the client reported while it worked."""

    tokens: list[str] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)
    retries: list[str] = field(default_factory=list)


def credentials_of(key: ThrowawayKey) -> Credentials:
    return Credentials(key.key_id, key.issuer_id, read_private_key(key.private_key).key)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def observed() -> Observed:
    return Observed()


@pytest.fixture
def connect(
    key: ThrowawayKey, clock: FakeClock, observed: Observed
) -> Iterator[Callable[..., Any]]:
    """Makes a client of an address; it does not jitter unless a test says so."""
    with ExitStack() as stack:

        def start(url: str, **options: Any) -> AppStoreConnect:
            credentials = credentials_of(key)
            given: dict[str, Any] = {
                "random": lambda: 0.0,
                "timeout_s": (5.0, 5.0),
                "clock": clock,
            } | options
            requester = Requester(
                Tokens(credentials, given["clock"], observed.tokens.append),
                api_url=url,
                on_exchange=observed.exchanges.append,
                on_retry=observed.retries.append,
                **given,
            )
            stack.callback(requester.close)
            return AppStoreConnect(requester)

        yield start


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


@pytest.fixture
def apple(connect: Callable[..., AppStoreConnect], server: ScriptedServer) -> AppStoreConnect:
    """A client of the scripted server."""
    return connect(server.url)


@pytest.fixture
def world() -> World:
    return example_world()


@pytest.fixture
def emulator(world: World, key: ThrowawayKey, clock: FakeClock) -> Iterator[Emulator]:
    with Emulator(world, keys=[key], now=clock.now) as emulator:
        yield emulator


@pytest.fixture
def emulated(connect: Callable[..., AppStoreConnect], emulator: Emulator) -> AppStoreConnect:
    """A client of the emulator."""
    return connect(emulator.url)
