"""What a write asks when it has no clear answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asc_linker.errors import AscLinkerError

if TYPE_CHECKING:
    from collections.abc import Iterator


class Looks:
    """Answers whether a write was applied, and counts how often it is asked."""

    def __init__(self, *answers: bool | AscLinkerError) -> None:
        self._answers: Iterator[bool | AscLinkerError] = iter(answers)
        self.asked = 0

    def __call__(self) -> bool:
        self.asked += 1
        answer = next(self._answers)
        if isinstance(answer, AscLinkerError):
            raise answer
        return answer
