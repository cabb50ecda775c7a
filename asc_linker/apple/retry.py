"""How often and how long a request is repeated, and how long Apple asks us to stay away.

urllib3's Retry is left off: it sleeps on a clock of its own and cannot bound the whole, log an
attempt, sign a new token, or look between two writes whether the first was applied.
"""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, NamedTuple

from asc_linker.clock import duration
from asc_linker.errors import AppStoreConnectError

if TYPE_CHECKING:
    from collections.abc import Callable

    from asc_linker.clock import Clock
    from asc_linker.errors import AscLinkerError

MOST_ATTEMPTS = 6
LONGEST_S = 60.0

# Twice when a header came twice. Twelve digits hold 30 000 years of seconds.
_LONGEST_SECONDS = 12


class TransientFailure(NamedTuple):
    """An attempt that failed in a way that may pass; `error` is raised when it does not.

    `arrived` is False when the request certainly took no effect: Apple refused to look at it, or
    never saw it. `new_token` is what there is to try at once, without a pause. `slows_all`: it is
    not this request alone that Apple wants later, but all of the key.
    """

    what: str
    error: AscLinkerError
    retry_after_s: float = 0.0
    most_attempts: int = MOST_ATTEMPTS
    arrived: bool = True
    new_token: bool = False
    slows_all: bool = False


class RetryBudget:
    """What one request may cost: six attempts, and sixty seconds with the pauses between them.

    Pauses double from one second, shortened at random by up to half, so that jobs that failed
    together do not come back together. `random` gives numbers from 0 up to 1.
    """

    def __init__(
        self,
        what: str,
        clock: Clock,
        random: Callable[[], float],
        log: Callable[[str], None],
        longest_s: float = LONGEST_S,
    ) -> None:
        self._what = what
        self._clock = clock
        self._random = random
        self._log = log
        self._deadline = clock.monotonic() + longest_s
        self._failed = 0
        self.has_new_token = False

    @property
    def left_s(self) -> float:
        return self._deadline - self._clock.monotonic()

    def extend(self, seconds: float) -> None:
        """Leave out of account what the request waited for others to be done."""
        self._deadline += seconds

    def spend(self, failure: TransientFailure) -> float:
        """Count `failure`, and log what follows. Returns how long to pause before that.

        Raises its error: there will be no other attempt. `retry_after_s` says what Apple asked for.
        """
        self._failed += 1
        error = failure.error
        asked_s = failure.retry_after_s
        if isinstance(error, AppStoreConnectError):
            error.retry_after_s = asked_s
        if asked_s and asked_s >= self.left_s:
            raise _much_later(error, asked_s) from error
        is_last = self._failed >= failure.most_attempts
        pause_s = 0.0 if is_last or failure.new_token else max(self._backoff_s(), asked_s)
        if is_last or pause_s >= self.left_s:
            if isinstance(error, AppStoreConnectError):
                error.may_pass = True
            raise error
        when = "now, with a new token" if failure.new_token else f"in {pause_s:.1f} s"
        self._log(
            f"{self._what}: {failure.what}. Trying again {when} "
            f"(attempt {self._failed + 1} of {failure.most_attempts})."
        )
        return pause_s

    def _backoff_s(self) -> float:
        backoff_s: float = 2 ** (self._failed - 1) * (1 - self._random() / 2)
        return backoff_s


def _much_later(error: AscLinkerError, asked_s: float) -> AppStoreConnectError:
    later = AppStoreConnectError(
        f"{error.message} App Store Connect asks to come back in {duration(asked_s)}, "
        "which is longer than this request may wait.",
        hint=error.hint,
        id=error.id,
        apple=error.apple,
        request_id=error.request_id,
    )
    later.retry_after_s = asked_s
    return later


def retry_after_s(header: str, date: str, now: float) -> float:
    """Seconds a `Retry-After` asks for, 0 when it says nothing sensible.

    It is a number of seconds or a date. A date is held against the answer's own `Date`, whose clock
    wrote both, and against `now` only when there is none.
    """
    parts = [part.strip() for part in header.split(",")]
    if all(part.isascii() and part.isdecimal() and len(part) <= _LONGEST_SECONDS for part in parts):
        return max(map(float, parts))
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
