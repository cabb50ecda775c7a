"""Progress, as the story tells it."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Where the story's progress goes. Safe to call from several threads."""

    def line(self, text: str) -> None:
        """Something happened, once."""

    def status(self, label: str, text: str) -> None:
        """With several targets: what is so of one of them now. Called when that changes."""

    def waiting(self, what: str, elapsed_s: float, left_s: float) -> None:
        """Nothing has happened yet: `what` is so, after `elapsed_s`, with `left_s` to go.

        Called after each look, and at each full minute.
        """
