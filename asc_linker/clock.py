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
