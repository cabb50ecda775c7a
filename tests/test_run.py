"""One run by itself: what outlives it, and what does not."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

from builders import key_inputs
from story import APP, Log

from asc_linker.run import Listeners, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from story import Story

    from asc_linker.emulator import ThrowawayKey


def test_what_a_thread_is_saying_when_the_run_is_stopped_is_said_to_its_end(
    begin: Callable[..., Story], key: ThrowawayKey
) -> None:
    """Python would abort if a thread were still writing when the process ends."""
    story = begin(APP)
    said: list[str] = []

    def slow(line: str) -> None:
        if not said:
            os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.3)
        said.append(line)

    given = {
        **key_inputs(key, story.emulator.url),
        "bundle-id": "com.example.notes",
        "version-string": "1.4.2",
        "build-number": "231",
    }

    ending = run(given, {}, Listeners(Log(), lambda _: None, slow), story.clock)
    heard = list(said)
    time.sleep(1)

    assert ending.exit_code == 130
    assert heard
    assert said == heard
