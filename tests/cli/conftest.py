"""An App Store Connect and a shell whose variables lead to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from cli.command_line import APP, Shell, variables

from asc_linker.emulator import Emulator, ThrowawayKey, World


@pytest.fixture
def serve(key: ThrowawayKey) -> Iterator[Callable[..., Emulator]]:
    """Starts an emulator; `app` and `build` change the app and its build 231."""
    with ExitStack() as stack:

        def start(
            *,
            app: dict[str, Any] | None = None,
            build: dict[str, Any] | None = None,
            keys: list[Any] | None = None,
            now: Callable[[], float] = time.time,
            **world: Any,
        ) -> Emulator:
            notes = deepcopy(APP) | (app or {})
            notes["builds"][-1] |= build or {}
            whole = World.from_json({"apps": [notes], **world})
            known = [key] if keys is None else keys
            return stack.enter_context(Emulator(whole, keys=known, now=now))

        yield start


@pytest.fixture
def apple(serve: Callable[..., Emulator]) -> Emulator:
    return serve()


@pytest.fixture
def shell(apple: Emulator, key: ThrowawayKey, tmp_path: Path) -> Shell:
    return Shell(tmp_path, variables(apple, key))
