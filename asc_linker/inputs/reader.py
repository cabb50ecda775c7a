"""Inputs by name, read as what they should be; whatever they are not becomes a fault."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from asc_linker.dotted import is_dotted
from asc_linker.errors import InputError
from asc_linker.inputs.private_key import looks_like_key
from asc_linker.text import listed, one_line

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_MOST_WAIT_MINUTES = 24 * 60
# What Python takes for a number besides is none that anybody means: `4_5`, `nan`, `٤٥`.
_DECIMAL = re.compile(r"[0-9]+(\.[0-9]*)?|\.[0-9]+", re.ASCII)
_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_LONGEST_SHOWN = 60
_LONGEST_PATH = 300
# So many targets have a line each for the same fault; more than that have one together.
_MOST_LINES = 10

_Choice = TypeVar("_Choice", bound=StrEnum)


class Faults:
    """All that is wrong with the inputs, each sentence once for each place where it holds."""

    def __init__(self) -> None:
        # A set that keeps its order.
        self._found: dict[tuple[str, str], None] = {}
        self.hint = ""

    def add(self, sentence: str, place: str = "") -> None:
        self._found[sentence, place] = None

    @property
    def is_empty(self) -> bool:
        return not self._found

    @property
    def lines(self) -> tuple[str, ...]:
        """In the order in which they were found; one line where many places share a sentence."""
        places: dict[str, list[str]] = {}
        for sentence, place in self._found:
            places.setdefault(sentence, []).append(place)
        lines: dict[str, None] = {}
        for sentence, place in self._found:
            every = places[sentence]
            at = place if len(every) <= _MOST_LINES else listed(every, _MOST_LINES)
            lines[f"{at}: {sentence}" if at else sentence] = None
        return tuple(lines)

    def raise_if_any(self) -> None:
        """Raises InputError: with one line for each fault there is."""
        if self._found:
            raise InputError(*self.lines, hint=self.hint)


class InputReader:
    """The inputs of a run, or of one of its targets, by name. A blank value is not given.

    `place` is where they stand in a list: `targets[3] (com.example.app)`. Values of the names in
    `shared` are every target's, so what is wrong with one of them is one fault, of no place.
    `sources` says where values came from that did not come from their own input.
    """

    def __init__(
        self,
        values: Mapping[str, str],
        faults: Faults,
        *,
        place: str = "",
        shared: Collection[str] = (),
        sources: Mapping[str, str] | None = None,
    ) -> None:
        self._values = values
        self._place = place
        self._shared = frozenset(shared)
        self._faults = faults
        self.sources = sources or {}
        self.is_sound = True
        """Whether no fault was found so far."""

    def text(self, name: str) -> str:
        return self._values.get(name, "").strip()

    def gives(self, *names: str) -> bool:
        """Whether any of `names` is given, as whatever."""
        return any(self.text(name) for name in names)

    def is_shared(self, name: str) -> bool:
        return name in self._shared

    def subject(self, name: str) -> str:
        """What a sentence about the value of `name` begins with."""
        source = self.sources.get(name)
        return f"`{name}`, from {source}," if source else f"`{name}`"

    def checked(self, name: str, pattern: re.Pattern[str], shape: str) -> str:
        """A text that fits `pattern`, or empty, with a fault when something else was given."""
        value = self.text(name)
        if value and (not pattern.fullmatch(value) or looks_like_key(value)):
            self.wrong(name, shape)
            return ""
        return value

    def dotted(self, name: str, example: str) -> str:
        value = self.text(name)
        if value and not is_dotted(value):
            self.wrong(name, f"numbers like `{example}`")
            return ""
        return value

    def answer(self, name: str) -> bool | None:
        """A boolean; None when it is not given."""
        value = self.text(name).lower()
        if value and value not in _BOOLEANS:
            self.wrong(name, "`true` or `false`")
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
            self.wrong(name, f"one of {known}")
            return None

    def minutes(self, name: str, default: float) -> float:
        """A decimal number of minutes, as seconds."""
        value = self.text(name)
        if value and not (_DECIMAL.fullmatch(value) and float(value) <= _MOST_WAIT_MINUTES):
            self.wrong(name, f"minutes from 0 to {_MOST_WAIT_MINUTES}")
            return 0.0
        return 60 * (float(value) if value else default)

    def moment(self, name: str) -> datetime | None:
        """An ISO 8601 time with its zone, in UTC."""
        value = self.text(name)
        if not value:
            return None
        try:
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is not None:
                return moment.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        self.wrong(name, "a time with its zone, like `2027-01-31T09:00:00Z`")
        return None

    def wrong(self, name: str, shape: str) -> None:
        """The fault of a value that is not of its shape."""
        self.fault(
            f"{self.subject(name)} is {shown(self.text(name))}, but should be {shape}.", name
        )

    def fault(self, sentence: str, *names: str) -> None:
        """Add a fault about the values of `names`."""
        self.is_sound = False
        is_shared = bool(names) and self._shared.issuperset(names)
        self._faults.add(sentence, "" if is_shared else self._place)

    def advise(self, hint: str) -> None:
        self._faults.hint = hint


def shown(value: str, longest: int = _LONGEST_SHOWN) -> str:
    """A value a user typed, short enough to repeat, and never a key."""
    if looks_like_key(value):
        return "something that looks like a key, and is not shown"
    return f"`{one_line(value, longest)}`"


def shown_path(path: str) -> str:
    """The same for a path, which is of use only where it is whole."""
    return shown(path, _LONGEST_PATH)


def named(kind: str, value: str) -> str:
    """`value` as what others came from, to stand in any text: "the tag v1.4.2"."""
    if looks_like_key(value):
        return f"the {kind}"
    return f"the {kind} {one_line(value, _LONGEST_PATH)}".replace("`", "'")
