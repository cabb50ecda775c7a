"""Faults: what goes wrong with which request, how often, from a world's script or a test."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What happens to a request that `match`es, in place of or around the real answer.

    A `status`, a `reset` and a `stall_seconds` keep the request from being handled; `applied_then`
    and `reset_after` let it be handled first. All else dresses the real answer.
    """

    match: str
    """`"PATCH /v1/builds/*"`: a method, or `*`, and a path; in it `*` is one segment, `**` any."""
    times: int | None = 1
    """How many matching requests it strikes; `null` for all."""
    after: int = 0
    """How many matching requests pass unharmed first."""
    since: str | None = None
    """A request like `match`: the fault sleeps until one like it has arrived."""
    status: int | None = None
    applied_then: int | None = None
    headers: Any = None
    """An object, or a list of pairs when a name comes twice; replaces ours of the same name."""
    body: Any = None
    """Text as it is; anything else as JSON."""
    content_type: str | None = None
    empty_body: bool = False
    truncate: bool = False
    reset: bool = False
    reset_after: bool = False
    stall_seconds: float = 0.0
    """No answer for so long, then the connection is dropped."""
    delay_seconds: float = 0.0
    answer: Callable[..., tuple[int, Any] | None] | None = field(
        default=None, metadata={"json": False}
    )
    """From Python only: gets what was Received, gives status and body; or None, and all goes on."""

    def __post_init__(self) -> None:
        for name, pattern in (("match", self.match), ("since", self.since)):
            if pattern is not None and not re.fullmatch(r"(\*|[A-Z]+) /\S*", pattern):
                raise ValueError(f"{name}: {pattern!r} is not like 'GET /v1/builds'")
        self.header_pairs()

    def header_pairs(self) -> list[tuple[str, str]]:
        given = self.headers.items() if isinstance(self.headers, dict) else self.headers or []
        try:
            return [(str(name), str(value)) for name, value in given]
        except (TypeError, ValueError):
            raise ValueError(
                f"headers: {self.headers!r} is neither an object nor a list of pairs"
            ) from None

    @property
    def is_handled_first(self) -> bool:
        """The request takes effect before the fault does."""
        in_place = self.status is not None or self.reset or self.stall_seconds > 0
        return self.applied_then is not None or self.reset_after or not in_place


class Faults:
    """The faults of a run, and how often each has matched."""

    def __init__(self, faults: tuple[Fault, ...] = ()) -> None:
        self._tallies: list[_Tally] = []
        for fault in faults:
            self.add(fault)

    def add(self, fault: Fault) -> None:
        self._tallies.append(_Tally(fault, is_awake=fault.since is None))

    def strike(self, method: str, path: str) -> Fault | None:
        """The first fault that is due for this request; all that match count it."""
        awake = [each for each in self._tallies if each.is_awake]
        matching = [each for each in awake if matches(each.fault.match, method, path)]
        due = next((each for each in matching if each.is_due), None)
        for each in matching:
            each.seen += 1
        for each in self._tallies:
            since = each.fault.since
            if since is not None and not each.is_awake:
                each.is_awake = matches(since, method, path)
        if due is None:
            return None
        due.struck += 1
        return due.fault


@dataclass(slots=True)
class _Tally:
    fault: Fault
    is_awake: bool
    seen: int = 0
    struck: int = 0

    @property
    def is_due(self) -> bool:
        times = self.fault.times
        return self.seen >= self.fault.after and (times is None or self.struck < times)


def matches(pattern: str, method: str, path: str) -> bool:
    """Whether `METHOD /path` fits `pattern`: `*` is any method or one segment, `**` any path."""
    return _expression(pattern).fullmatch(f"{method} {path}") is not None


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    anything = re.escape(pattern).replace(r"\*\*", ".*")
    return re.compile(anything.replace(r"\*", "[^/ ]+"))
