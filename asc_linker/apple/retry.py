"""How often and how long a request is repeated, and how long Apple asks us to stay away.

urllib3's Retry is left off: it sleeps on a clock of its own and cannot bound the whole, tell of an
attempt, sign a new token, or look between two writes whether the first was applied.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from asc_linker.clock import duration
from asc_linker.errors import AppStoreConnectError

if TYPE_CHECKING:
    from collections.abc import Callable

    from asc_linker.clock import Clock
    from asc_linker.errors import AscLinkerError

MOST_ATTEMPTS = 6
LONGEST_S = 60.0

# Twice when a header came twice. Twelve digits hold 30 000 years of seconds.
_SECONDS = re.compile(r"[0-9]{1,12}(?:\s*,\s*[0-9]{1,12})*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Trouble:
    """An attempt that failed in a way that may pass; `error` is raised when it does not.

    `arrived` is False when the request certainly took no effect: Apple refused to look at it, or
    never saw it. `at_once` needs no pause before the next attempt.
    """

    what: str
    error: AscLinkerError
    retry_after_s: float = 0.0
    most_attempts: int = MOST_ATTEMPTS
    arrived: bool = True
    at_once: bool = False


class Patience:
    """What one request may cost: six attempts, and sixty seconds with the pauses between them.

    Pauses double from one second, shortened at random by up to half, so that jobs that failed
    together do not come back together. `random` gives numbers from 0 up to 1.
    """

    def __init__(
        self, what: str, clock: Clock, random: Callable[[], float], tell: Callable[[str], None]
    ) -> None:
        self._what = what
        self._clock = clock
        self._random = random
        self._tell = tell
        self._deadline = clock.monotonic() + LONGEST_S
        self._failed = 0

    @property
    def left_s(self) -> float:
        return self._deadline - self._clock.monotonic()

    def pause(self, trouble: Trouble) -> None:
        """Sleep until the next attempt, and tell so.

        Raises the error of `trouble`: there will be no other attempt.
        """
        if self._failed + 1 >= trouble.most_attempts:
            raise _given_up(trouble)
        pause_s = self.next_pause_s(trouble)
        if pause_s >= self.left_s:
            raise _given_up(trouble)
        when = f"in {pause_s:.1f} s" if pause_s else "at once"
        self._tell(
            f"{self._what}: {trouble.what}. "
            f"Attempt {self._failed + 1} of {trouble.most_attempts} {when}."
        )
        if pause_s:
            self._clock.sleep(pause_s)

    def next_pause_s(self, trouble: Trouble) -> float:
        """How long to wait after `trouble`, which counts as a failed attempt.

        Raises AppStoreConnectError: Apple asks for more time than is left.
        """
        self._failed += 1
        if trouble.at_once:
            return 0.0
        asked_s = trouble.retry_after_s
        if asked_s and asked_s >= self.left_s:
            error = trouble.error
            raise AppStoreConnectError(
                f"{error.message} App Store Connect asks to come back in {duration(asked_s)}, "
                "which is longer than this request may wait.",
                hint=error.hint,
                apple=error.apple,
                request_id=error.request_id,
            ) from error
        backoff_s: float = 2 ** (self._failed - 1) * (1 - self._random() / 2)
        return max(backoff_s, asked_s)


def _given_up(trouble: Trouble) -> AscLinkerError:
    """The error to raise; a later request may fare better than all these attempts."""
    if isinstance(trouble.error, AppStoreConnectError):
        trouble.error.may_pass = True
    return trouble.error


def retry_after_s(header: str, date: str, now: float) -> float:
    """Seconds a `Retry-After` asks for, 0 when it says nothing sensible.

    It is a number of seconds or a date. A date is held against the answer's own `Date`, whose clock
    wrote both, and against `now` only when there is none.
    """
    if _SECONDS.fullmatch(header.strip()):
        return max(float(part) for part in header.split(","))
    then = epoch(header)
    if then is None:
        return 0.0
    reference = epoch(date)
    return max(0.0, then - (now if reference is None else reference))


def clock_fault(date: str, now: float) -> str:
    """What is wrong with our clock, by an answer's `Date`; empty up to thirty seconds of skew."""
    apples = epoch(date)
    if apples is None or abs(now - apples) <= 30:
        return ""
    direction = "ahead of" if now > apples else "behind"
    return f"This machine's clock is {duration(abs(now - apples))} {direction} Apple's."


def epoch(date: str) -> float | None:
    """An HTTP date as seconds since the epoch; None for anything else."""
    try:
        moment = parsedate_to_datetime(date)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
