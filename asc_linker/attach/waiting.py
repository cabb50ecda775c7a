"""How long to wait, and how often to ask meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from asc_linker.clock import Clock

# (waited less than, seconds between two polls): most builds take minutes, some are quick.
_PACES = ((60, 5.0), (600, 10.0), (float("inf"), 20.0))
# The requests of a first hour at these paces, for a build that never appears.
_USUAL_HOUR = 340
# The hourly limit is shared with other jobs: a wait takes at most this part of what is left.
_SHARE = 0.1
# Below this nobody needs to be told that polls are rarer than usual.
_WORTH_TELLING = 1.5
_HOUR_S = 3600.0
_MINUTE_S = 60.0
# Less than this is left only because seconds are binary fractions.
_MOMENT_S = 0.001
# Right after VALID, Apple may refuse a build that is fine, for minutes.
_LAG_S = 300.0
_LAG_STEP_S = 15.0


class Wait:
    """One run's wait: for the build, and then for Apple to catch up with itself.

    The deadline is `wait_s` after the start, on the monotonic clock. `pauses` counts the polls.
    """

    def __init__(self, wait_s: float, clock: Clock) -> None:
        self._clock = clock
        self.is_given = wait_s > 0
        self._started_s = clock.monotonic()
        self._deadline_s = self._started_s + wait_s
        self._lag_ends_s: float | None = None
        self._is_slow = False
        self.pauses = 0

    @property
    def elapsed_s(self) -> float:
        return self._clock.monotonic() - self._started_s

    @property
    def left_s(self) -> float:
        return max(0.0, self._deadline_s - self._clock.monotonic())

    @property
    def is_over(self) -> bool:
        return self.left_s < _MOMENT_S

    def pace_s(self, requests_left: int | None) -> float:
        """Seconds between two polls: calmer with time, slower when few requests are left."""
        usual_s = next(pace for until, pace in _PACES if self.elapsed_s < until)
        return min(usual_s * _slowness(requests_left), _HOUR_S)

    def slowed_by(self, requests_left: int | None) -> str:
        """Why polls are rarer than usual, once each time that begins; empty otherwise."""
        was_slow = self._is_slow
        self._is_slow = _slowness(requests_left) >= _WORTH_TELLING
        if was_slow or not self._is_slow:
            return ""
        return (
            f"The API key has {requests_left} requests left in this hour: "
            f"asking every {self.pace_s(requests_left):.0f} s, to leave most of them to other jobs."
        )

    def pause(
        self, requests_left: int | None, beat: Callable[[], None], *, part: float = 1.0
    ) -> None:
        """Sleep `part` of the time between two polls, at most to the deadline.

        `beat` is called first, and at each full minute of the wait.
        """
        self.pauses += 1
        pause_s = min(self.pace_s(requests_left) * part, self.left_s)
        ends_s = self._clock.monotonic() + pause_s
        while (left_s := ends_s - self._clock.monotonic()) >= _MOMENT_S:
            beat()
            to_the_minute_s = _MINUTE_S - self.elapsed_s % _MINUTE_S
            self._clock.sleep(min(left_s, max(to_the_minute_s, _MOMENT_S)))

    def give_apple_time(self) -> bool:
        """Sleep a step, for Apple to catch up with itself; False when that has been enough."""
        now = self._clock.monotonic()
        if self._lag_ends_s is None:
            self._lag_ends_s = min(now + _LAG_S, self._deadline_s)
        left_s = self._lag_ends_s - now
        if left_s < _MOMENT_S:
            return False
        self._clock.sleep(min(_LAG_STEP_S, left_s))
        return True


def _slowness(requests_left: int | None) -> float:
    """How many times slower than usual, so that an hour of polls takes no more than our share."""
    if requests_left is None:
        return 1.0
    return max(1.0, _USUAL_HOUR / max(1.0, requests_left * _SHARE))
