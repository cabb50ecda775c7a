"""Which part of the targets a run does: said by an input, or by a CI with parallel jobs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from asc_linker.decision.request import Shard
from asc_linker.inputs.reader import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from asc_linker.inputs.reader import InputReader

_SHAPE = re.compile(r"([0-9]{1,6})/([0-9]{1,6})", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,6}", re.ASCII)

_Thing = TypeVar("_Thing")


class _Parallel(NamedTuple):
    """The variables by which a CI tells its jobs apart; the first job's position is `base`."""

    position: str
    total: str
    base: int


_CIS = (
    _Parallel("CI_NODE_INDEX", "CI_NODE_TOTAL", 1),  # GitLab
    _Parallel("CIRCLE_NODE_INDEX", "CIRCLE_NODE_TOTAL", 0),
    _Parallel("BUILDKITE_PARALLEL_JOB", "BUILDKITE_PARALLEL_JOB_COUNT", 0),
    _Parallel("SYSTEM_JOBPOSITIONINPHASE", "SYSTEM_TOTALJOBSINPHASE", 1),  # Azure
)


def read_shard(inputs: InputReader, environment: Mapping[str, str], targets: int) -> Shard | None:
    """The part that is asked for of so many `targets`; None for all, or with a fault."""
    typed = inputs.text("shard")
    if not inputs.gives("targets"):
        if typed:
            inputs.fault("`shard` is a part of the `targets`, which are not given.")
        return None
    if not typed:
        return _from_ci(inputs, environment, targets)
    found = _SHAPE.fullmatch(typed)
    index, total = (int(number) for number in found.groups()) if found else (0, 0)
    if not 1 <= index <= total:
        inputs.wrong("shard", "like `2/5`, the second of five")
        return None
    return Shard(index, total, targets)


def _from_ci(inputs: InputReader, environment: Mapping[str, str], targets: int) -> Shard | None:
    """A shard as other CIs than GitHub's say it; one job alone is none."""
    if environment.get("GITHUB_ACTIONS") == "true":
        return None
    for ci in _CIS:
        position, count = (environment.get(name, "").strip() for name in (ci.position, ci.total))
        if not count or count == "1":
            continue
        are_numbers = _NUMBER.fullmatch(position) and _NUMBER.fullmatch(count)
        index, total = (int(position) - ci.base + 1, int(count)) if are_numbers else (0, 0)
        if not 1 <= index <= total:
            inputs.fault(
                f"{ci.position} is {shown(position)} and {ci.total} is {shown(count)}, which is no "
                "part of a whole: give `shard`, where `1/1` is all of the `targets`."
            )
            return None
        return Shard(index, total, targets, ci.position)
    return None


def part(things: Sequence[_Thing], shard: Shard | None) -> tuple[_Thing, ...]:
    """Those of `things` that are the shard's: by position, so that parts differ by one at most."""
    if shard is None:
        return tuple(things)
    begin, end = (end * len(things) // shard.total for end in (shard.number - 1, shard.number))
    return tuple(things[begin:end])
