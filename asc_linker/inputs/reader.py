"""Inputs by name, read as what they should be; whatever they are not becomes a fault."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from asc_linker.dotted import is_dotted

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_WAIT_MINUTES = 24 * 60
_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}

_Choice = TypeVar("_Choice", bound=StrEnum)


class Given:
    """Inputs by name, and the faults found while reading them."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self._given = given
        self.faults: list[str] = []
        self.hint = ""

    def text(self, name: str) -> str:
        return self._given.get(name, "").strip()

    def checked(self, name: str, pattern: re.Pattern[str], shape: str) -> str:
        """A text that fits `pattern`, or empty, with a fault when something else was given."""
        value = self.text(name)
        if value and not pattern.fullmatch(value):
            self.fault(f"`{name}` is {shown(value)}, but should be {shape}.")
            return ""
        return value

    def dotted(self, name: str, example: str) -> str:
        value = self.text(name)
        if value and not is_dotted(value):
            self.fault(f"`{name}` is {shown(value)}, but should be numbers like `{example}`.")
            return ""
        return value

    def answer(self, name: str) -> bool | None:
        """A boolean; None when it is not given."""
        value = self.text(name).lower()
        if value and value not in _BOOLEANS:
            self.fault(f"`{name}` is {shown(value)}, but should be `true` or `false`.")
        return _BOOLEANS.get(value)

    def boolean(self, name: str) -> bool:
        return self.answer(name) or False

    def choice(self, name: str, choices: type[_Choice]) -> _Choice | None:
        """One of `choices`; None when it is not given, or is none of them, which is a fault."""
        value = self.text(name).lower()
        if not value:
            return None
        try:
            return choices(value)
        except ValueError:
            known = ", ".join(f"`{choice}`" for choice in choices)
            self.fault(f"`{name}` is {shown(value)}, but should be one of {known}.")
            return None

    def minutes(self, name: str, default: float) -> float:
        """A decimal number of minutes, as seconds."""
        value = self.text(name)
        try:
            number = float(value) if value else default
        except ValueError:
            number = -1.0
        if not 0 <= number <= _MOST_WAIT_MINUTES:
            self.fault(f"`{name}` is {shown(value)}, but should be minutes from 0 to 1440.")
        return number * 60

    def moment(self, name: str) -> datetime | None:
        """An ISO 8601 time with its zone, in UTC."""
        value = self.text(name)
        if not value:
            return None
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            self.fault(
                f"`{name}` is {shown(value)}, but should be a time with its zone, like "
                "`2027-01-31T09:00:00Z`."
            )
            return None
        return moment.astimezone(UTC)

    def fault(self, line: str) -> None:
        self.faults.append(line)


def shown(value: str) -> str:
    """A value a user typed, short enough to repeat."""
    longest = 60
    return f"`{value if len(value) <= longest else value[:longest] + '…'}`"
