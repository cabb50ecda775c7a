"""Time as an argument, so that hours of waiting can be tested in milliseconds."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Two clocks and a pause. All values are seconds."""

    def now(self) -> float:
        """Seconds since the epoch, UTC: for signing, never for measuring."""

    def monotonic(self) -> float:
        """Seconds since some fixed moment, never going back: for measuring."""

    def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def duration(seconds: float) -> str:
    """Seconds as people say them: `95 s`, `12 min`, `2 h 30 min`."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = int(seconds / 60)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"
