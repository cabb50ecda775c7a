"""Emulators that tests start for a world of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from emulator.played import NOTES, Apple, Clock, with_change

from asc_linker.emulator import Emulator, ThrowawayKey, World


@pytest.fixture(scope="session")
def key() -> ThrowawayKey:
    return ThrowawayKey.generate()


@pytest.fixture
def play(key: ThrowawayKey) -> Iterator[Callable[..., Apple]]:
    """Starts an emulator for a world; `app` changes the notes app, `build` its build 231."""
    with ExitStack() as stack:

        def start(
            *, app: Any = None, build: Any = None, version: Any = None, **world: Any
        ) -> Apple:
            notes: dict[str, Any] = {**NOTES, **(app or {})}
            notes["builds"] = with_change(notes["builds"], "b231", build)
            notes["appStoreVersions"] = with_change(notes["appStoreVersions"], "v142", version)
            clock = Clock()
            whole = World.from_json({"apps": [notes], **world})
            emulator = stack.enter_context(Emulator(whole, keys=[key], now=clock))
            apple = Apple(emulator, key, clock)
            stack.enter_context(apple.session)
            return apple

        yield start


@pytest.fixture
def apple(play: Callable[..., Apple]) -> Apple:
    return play()
