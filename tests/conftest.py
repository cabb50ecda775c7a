"""What most tests need: an emulator, a scripted server, a clock that nobody waits for."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from fake_clock import FakeClock
from faults_under_test import MATRIX, table
from hypothesis import settings
from story import APP, Story

from asc_linker.emulator import Emulator, ThrowawayKey, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# What takes long on a busy machine is not wrong. In CI the same examples every time.
settings.register_profile("normal", deadline=None, derandomize="CI" in os.environ, database=None)
settings.register_profile("long", settings.get_profile("normal"), max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "normal"))

ISSUER_ID = "57246542-96fe-1a63-e053-0824d011072a"


@pytest.fixture(scope="session")
def key() -> ThrowawayKey:
    return ThrowawayKey.generate(ISSUER_ID)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def begin(key: ThrowawayKey, clock: FakeClock) -> Iterator[Callable[..., Story]]:
    """Begins a story; `app` takes the place of the one there is, `world` is what is around it."""
    with ExitStack() as stack:

        def start(*apps: dict[str, Any], **world: Any) -> Story:
            whole = World.from_json({"apps": [*(apps or [APP])], **world})
            emulator = stack.enter_context(Emulator(whole, keys=[key], now=clock.now))
            return Story(emulator, key, clock)

        yield start


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show the fault matrix, as far as it was played."""
    matrix = terminalreporter.config.stash.get(MATRIX, None)
    if matrix:
        terminalreporter.section("what a run comes to, request by request and fault by fault")
        for line in table(matrix):
            terminalreporter.write_line(line)
