"""How long to wait, and how often to look meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asc_linker.errors import AppStoreConnectError

if TYPE_CHECKING:
    from collections.abc import Callable

    from asc_linker.clock import Clock

# (waited less than, seconds between two looks): most builds take minutes. Half an hour is 51 waits.
_PACES = ((120, 15.0), (600, 30.0), (float("inf"), 45.0))
# The requests of a first hour at these paces, for a build that never appears.
_USUAL_HOUR = 135
# The hourly limit is shared with other jobs: a wait takes at most this part of what is left.
_SHARE = 0.1
# Below this nobody needs to be told that looks are rarer than usual.
_NOTABLE = 1.5
_HOUR_S = 3600.0
_MINUTE_S = 60.0
# Less than this is left only because seconds are binary fractions.
_MOMENT_S = 0.001
# Right after VALID, Apple may refuse a build that is fine, for minutes.
_LAG_S = 300.0
_LAG_STEP_S = 15.0
# Everything but the waiting: a run lasts no longer than its wait and this.
_ALL_ELSE_S = 600.0


class Wait:
    """One run's wait: for builds, and then for Apple to catch up with itself.

    The deadline is `wait_s` after the start, on the monotonic clock.
    """

    def __init__(self, wait_s: float, clock: Clock) -> None:
        self._clock = clock
        self.is_given = wait_s > 0
        self._started_s = clock.monotonic()
        self._deadline_s = self._started_s + wait_s
        self._is_slow = False

    @property
    def elapsed_s(self) -> float:
        return self._clock.monotonic() - self._started_s

    @property
    def left_s(self) -> float:
        return max(0.0, self._deadline_s - self._clock.monotonic())

    @property
    def is_over(self) -> bool:
        return self.left_s < _MOMENT_S

    def require_time(self) -> None:
        """Raise AppStoreConnectError: the run has come to its end, and nothing may begin."""
        if self._clock.monotonic() >= self._deadline_s + _ALL_ELSE_S:
            raise AppStoreConnectError(
                "The run has lasted as long as it may: no further request was begun.",
                hint="Run again to go on where this run ended; `wait-minutes` and ten minutes are "
                "its limit.",
                id="run-too-long",
            )

    def pace_s(self, requests_left: int | None) -> float:
        """Seconds between two looks: calmer with time, slower when few requests are left."""
        usual_s = next(pace for until, pace in _PACES if self.elapsed_s < until - _MOMENT_S)
        return min(usual_s * _slowness(requests_left), _HOUR_S)

    def slowed_by(self, requests_left: int | None) -> str:
        """Why looks are rarer than usual, once each time that begins; empty otherwise."""
        was_slow = self._is_slow
        self._is_slow = _slowness(requests_left) >= _NOTABLE
        if was_slow or not self._is_slow:
            return ""
        return (
            f"The API key has {requests_left} requests left in this hour: "
            f"asking every {self.pace_s(requests_left):.0f} s, to leave most of them to other jobs."
        )

    def pause(self, requests_left: int | None, beat: Callable[[], None]) -> None:
        """Sleep until the next look, at most to the deadline.

        `beat` is called first, and at each full minute of the wait.
        """
        pause_s = min(self.pace_s(requests_left), self.left_s)
        ends_s = self._clock.monotonic() + pause_s
        while (left_s := ends_s - self._clock.monotonic()) >= _MOMENT_S:
            beat()
            to_the_minute_s = _MINUTE_S - self.elapsed_s % _MINUTE_S
            self._clock.sleep(min(left_s, max(to_the_minute_s, _MOMENT_S)))

    def pause_for(self, seconds: float) -> bool:
        """Sleep `seconds`; False, at once, where the wait ends before that."""
        if seconds > self.left_s:
            return False
        self._clock.sleep(seconds)
        return True


class Grace:
    """The minutes in which Apple may refuse a build that is fine, once, within the wait."""

    def __init__(self, wait: Wait, clock: Clock) -> None:
        self._wait = wait
        self._clock = clock
        self._started_s: float | None = None

    @property
    def used_s(self) -> float:
        return 0.0 if self._started_s is None else self._clock.monotonic() - self._started_s

    def step(self) -> bool:
        """Sleep a step, for Apple to catch up with itself; False when that has been enough."""
        if self._started_s is None:
            self._started_s = self._clock.monotonic()
        left_s = min(_LAG_S - self.used_s, self._wait.left_s)
        if left_s < _MOMENT_S:
            return False
        self._clock.sleep(min(_LAG_STEP_S, left_s))
        return True


def _slowness(requests_left: int | None) -> float:
    """How many times slower than usual, so that an hour of looks takes no more than our share."""
    if requests_left is None:
        return 1.0
    return max(1.0, _USUAL_HOUR / max(1.0, requests_left * _SHARE))
