"""Query strings: read, and refused where Apple would not take them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from asc_linker.emulator.facts import Parameters, Words
from asc_linker.emulator.problems import Problem, Refused, illegal_parameter, invalid_parameter

_PAGE = 50
_INCLUDED_PAGE = 10
_MOST_INCLUDED = 50
_PLAIN_NAME = re.compile(r"-?[A-Za-z][A-Za-z0-9]*")
_PLAIN_PARAMETER = re.compile(r"include|sort|(fields|filter|exists|limit)\[[A-Za-z][A-Za-z0-9.]*\]")
_NOUNS = {"include": "relationship name", "fields": "field name", "sort": "sort parameter"}


@dataclass(frozen=True, slots=True)
class Query:
    """The query of one request, checked."""

    given: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=dict)
    cursor: str | None = None

    @property
    def include(self) -> tuple[str, ...]:
        return self.given.get("include", ())

    @property
    def sort(self) -> tuple[str, ...]:
        return self.given.get("sort", ())

    @property
    def limit(self) -> int:
        return self.limits.get("limit", _PAGE)

    def fields(self, kind: str) -> tuple[str, ...] | None:
        return self.given.get(f"fields[{kind}]")

    def limit_of(self, relationship: str) -> int:
        return self.limits.get(f"limit[{relationship}]", _INCLUDED_PAGE)

    def filters(self) -> Iterable[tuple[str, tuple[str, ...]]]:
        return (
            (name, values)
            for name, values in self.given.items()
            if name.startswith(("filter[", "exists["))
        )


def read_query(text: str, parameters: Parameters, refused_filters: tuple[str, ...]) -> Query:
    """The query string `text`, as `parameters` allow it.

    Raises Refused: 400 with a problem for each parameter that Apple would not take.
    """
    problems: list[Problem] = []
    lists: dict[str, tuple[str, ...]] = {}
    limits: dict[str, int] = {}
    cursor = None
    for name, value in parse_qsl(text, keep_blank_values=True):
        is_plain = parameters.takes_any and _PLAIN_PARAMETER.fullmatch(name) is not None
        if name in lists or name in limits:
            problems.append(invalid_parameter(name, f"The parameter '{name}' is given twice"))
        elif name in refused_filters:
            problems.append(_unknown(name))
        elif name in parameters.limits or (is_plain and name.startswith("limit[")):
            most = parameters.limits.get(name, _MOST_INCLUDED)
            limits[name] = _limit(name, value, most, problems)
        elif name in parameters.lists or is_plain:
            lists[name] = tuple(value.split(","))
            problems += _bad_words(name, lists[name], parameters.lists.get(name, ()))
        elif name == "cursor" and "limit" in parameters.limits:
            cursor = value
        else:
            problems.append(_unknown(name))
    if problems:
        raise Refused(400, *problems)
    return Query(lists, limits, cursor)


def _unknown(name: str) -> Problem:
    if name.startswith("filter["):
        return invalid_parameter(name, f"'{name[7:-1]}' is not a valid filter type")
    return illegal_parameter(name)


def _limit(name: str, value: str, most: int, problems: list[Problem]) -> int:
    if value.isascii() and value.isdigit() and len(value) < 9 and 1 <= int(value) <= most:
        return int(value)
    detail = f"'{value}' is not a valid limit: it should be between 1 and {most}"
    problems.append(invalid_parameter(name, detail))
    return 1


def _bad_words(name: str, values: tuple[str, ...], allowed: Words) -> list[Problem]:
    kind = name.partition("[")[0]

    def is_fine(value: str) -> bool:
        if allowed:
            return value in allowed or (kind == "exists" and value.lower() in allowed)
        return value != "" and (kind not in _NOUNS or _PLAIN_NAME.fullmatch(value) is not None)

    return [
        invalid_parameter(name, f"'{value}' is not a valid {_NOUNS.get(kind, 'filter value')}")
        for value in values
        if not is_fine(value)
    ]
