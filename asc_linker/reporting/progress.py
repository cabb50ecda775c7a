"""What goes on, as lines of a log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asc_linker.clock import duration

if TYPE_CHECKING:
    from collections.abc import Callable


class Heartbeat:
    """Progress as lines: what happens, and while nothing does, a sign of life every minute.

    A log that says nothing for longer looks hung; one that says more is not read.
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._last: tuple[str, int] | None = None

    def line(self, text: str) -> None:
        self._write(text)

    def status(self, label: str, text: str) -> None:
        self._write(f"{label}: {text}")

    def waiting(self, what: str, elapsed_s: float, left_s: float) -> None:
        minute = int(elapsed_s // 60)
        if (what, minute) != self._last:
            self._last = what, minute
            self._write(f"Waiting: {what}; {duration(elapsed_s)} so far, {duration(left_s)} left.")
