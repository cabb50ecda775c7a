"""A clock whose time passes only when someone sleeps."""

from __future__ import annotations

import threading
from collections.abc import Callable

# 2026-06-15 12:00 UTC: any moment will do, as long as everybody in a test has the same one.
NOON = 1_781_524_800.0


class FakeClock:
    """A Clock for tests. Hand its `now` to an Emulator, and Apple's time passes with ours.

    `slept` has every sleep, in seconds. Each of `on_sleep` is called after a sleep, when its time
    has passed, with the seconds that were slept: the place for a test to change the world.
    """

    def __init__(self, now: float = NOON) -> None:
        self.slept: list[float] = []
        self.on_sleep: list[Callable[[float], None]] = []
        self._started = now
        self._elapsed = 0.0
        self._lock = threading.Lock()

    @property
    def elapsed(self) -> float:
        """Seconds slept since the start."""
        return self._elapsed

    def now(self) -> float:
        return self._started + self._elapsed

    def monotonic(self) -> float:
        return self._elapsed

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0, f"nobody can sleep {seconds} seconds"
        with self._lock:
            self.slept.append(seconds)
            self._elapsed += seconds
        for hook in self.on_sleep:
            hook(seconds)
