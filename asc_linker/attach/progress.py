"""Progress, as the story tells it and as a log shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from asc_linker.clock import duration

if TYPE_CHECKING:
    from collections.abc import Callable


class Tell(Protocol):
    """Where the story's progress goes."""

    def line(self, text: str) -> None:
        """Something happened."""

    def waiting(self, what: str, elapsed_s: float, left_s: float) -> None:
        """Nothing has happened yet: `what` is so, after `elapsed_s`, with `left_s` to go.

        Told after each poll, and at each full minute.
        """


class Heartbeat:
    """Lines for a log: what happens, and while nothing does, a sign of life every minute.

    A log that says nothing for longer looks hung; one that says more is not read.
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._said: tuple[str, int] | None = None

    def line(self, text: str) -> None:
        self._write(text)

    def waiting(self, what: str, elapsed_s: float, left_s: float) -> None:
        minute = int(elapsed_s // 60)
        if (what, minute) != self._said:
            self._said = what, minute
            self._write(f"Waiting: {what}; {duration(elapsed_s)} so far, {duration(left_s)} left.")
