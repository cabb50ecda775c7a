"""What one key may ask: eight requests at a time, and as many a minute and an hour as Apple says.

Source: https://developer.apple.com/documentation/appstoreconnectapi/identifying-rate-limits
"""

from __future__ import annotations

import re
import threading
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asc_linker.clock import Clock

MOST_AT_A_TIME = 8
LEFT_IN_HOUR = "user-hour-rem"
_MINUTE_S = 60.0
_COUNT = re.compile(r"([a-z-]+):([0-9]{1,9})(?![0-9])", re.ASCII)


def rate_limits(header: str) -> dict[str, int]:
    """An `X-Rate-Limit`: `user-hour-lim:3600;user-hour-rem:3554;`, or the like; the last counts."""
    return {name: int(count) for name, count in _COUNT.findall(header)}


class Quota:
    """One key's share, for all threads that use it.

    `left` is what Apple last said of the hour, None until it did; `hourly` is the limit itself.
    """

    def __init__(self, clock: Clock) -> None:
        self.left: int | None = None
        self.hourly: int | None = None
        self._left_in_minute: int | None = None
        self._begun: deque[float] = deque()
        self._not_before = 0.0
        self._clock = clock
        self._turns = threading.BoundedSemaphore(MOST_AT_A_TIME)
        self._lock = threading.Lock()

    @contextmanager
    def turn(self) -> Iterator[float]:
        """Wait until another request may be made, and make it. Yields how long that took."""
        came = self._clock.monotonic()
        with self._turns:
            while (pause_s := self._pause_s()) > 0:
                self._clock.sleep(pause_s)
            yield self._clock.monotonic() - came

    def hold(self, seconds: float) -> None:
        """Let no thread begin a request for `seconds`: Apple asked one of them to slow down."""
        with self._lock:
            self._not_before = max(self._not_before, self._clock.monotonic() + seconds)

    def note(self, header: str) -> None:
        """Heed what an answer's `X-Rate-Limit` says."""
        said = rate_limits(header)
        with self._lock:
            self.left = said.get(LEFT_IN_HOUR, self.left)
            self.hourly = said.get("user-hour-lim", self.hourly)
            self._left_in_minute = said.get("user-minute-rem", self._left_in_minute)

    def _pause_s(self) -> float:
        """How long to wait yet; when not at all, the request counts as begun.

        As Apple's minute nears its end, requests go out as fast as earlier ones leave it.
        """
        with self._lock:
            now = self._clock.monotonic()
            while self._begun and self._begun[0] <= now - _MINUTE_S:
                self._begun.popleft()
                if self._left_in_minute is not None:
                    self._left_in_minute += 1
            pause_s = self._not_before - now
            # What is under way elsewhere is not counted in what Apple said last.
            left = MOST_AT_A_TIME if self._left_in_minute is None else self._left_in_minute
            if left < MOST_AT_A_TIME and self._begun:
                pause_s = max(pause_s, self._begun[0] + _MINUTE_S - now)
            if pause_s <= 0:
                self._begun.append(now)
            return pause_s
