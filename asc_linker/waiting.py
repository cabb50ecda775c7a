"""How long to wait, and how often to ask meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asc_linker.clock import Clock

# (waited less than, seconds between two polls): most builds take minutes, some are quick.
_PACES = ((60, 5.0), (600, 10.0), (float("inf"), 20.0))
# The hourly limit is shared with other jobs: a wait takes at most this part of what is left.
_SHARE = 0.1
_HOUR_S = 3600
_SLOWEST_S = 300.0
# Right after VALID, Apple may refuse a build that is fine, for minutes.
_LAG_S = 300.0
_LAG_STEP_S = 15.0


class Wait:
    """One run's wait: for the build, and then for Apple to catch up with itself.

    The deadline is `wait_s` after the start, on the monotonic clock.
    """

    def __init__(self, wait_s: float, clock: Clock) -> None:
        self._clock = clock
        self._started_s = clock.monotonic()
        self._deadline_s = self._started_s + wait_s
        self._lag_ends_s: float | None = None
        self.has_waited = False

    @property
    def elapsed_s(self) -> float:
        return self._clock.monotonic() - self._started_s

    @property
    def left_s(self) -> float:
        return max(0.0, self._deadline_s - self._clock.monotonic())

    def pace_s(self, requests_left: int | None) -> float:
        """Seconds until the next poll: calmer with time, slower when few requests are left."""
        return max(self._usual_pace_s(), _fair_pace_s(requests_left))

    def slowed_by(self, requests_left: int | None) -> str:
        """Why the pace is slower than usual, to be added to a sentence; empty when it is not."""
        if _fair_pace_s(requests_left) <= self._usual_pace_s():
            return ""
        return f" (asking less often: {requests_left} requests are left in this hour)"

    def _usual_pace_s(self) -> float:
        return next(pace for until, pace in _PACES if self.elapsed_s < until)

    def pause(self, requests_left: int | None) -> None:
        """Sleep until the next poll is due, or the deadline."""
        self.has_waited = True
        self._clock.sleep(min(self.pace_s(requests_left), self.left_s))

    def give_apple_time(self) -> bool:
        """Sleep a step, for Apple to catch up with itself; False when that has been enough."""
        now = self._clock.monotonic()
        if self._lag_ends_s is None:
            self._lag_ends_s = min(now + _LAG_S, self._deadline_s)
        left = self._lag_ends_s - now
        if left <= 0:
            return False
        self.has_waited = True
        self._clock.sleep(min(_LAG_STEP_S, left))
        return True


def _fair_pace_s(requests_left: int | None) -> float:
    """The pace that takes no more than our share of what is left, if that is known."""
    if requests_left is None:
        return 0.0
    return min(_SLOWEST_S, _HOUR_S / max(1.0, requests_left * _SHARE))
