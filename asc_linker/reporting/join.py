"""Report files read back: the shards of one run, joined into its reports."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asc_linker.decision.recorded import recorded
from asc_linker.decision.report import AttachReport, Outcome
from asc_linker.errors import InputError
from asc_linker.reporting.report import SCHEMA
from asc_linker.text import listed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SHARD = re.compile(r"([1-9][0-9]{0,3})/([1-9][0-9]{0,3})", re.ASCII)
_HINT = (
    "Give every shard's report file, each once. A job that was cancelled before it could write one "
    "is run again."
)


@dataclass(frozen=True, slots=True)
class _Part:
    """One file. `index` and `total` are 0 where it names no shard."""

    name: str
    reports: tuple[AttachReport, ...]
    index: int = 0
    total: int = 0


def join(files: Mapping[str, str | Exception]) -> tuple[AttachReport, ...]:
    """The reports in `files`, texts by name, in the order of their shards.

    What is missing, there twice or unreadable is one more report, which has failed: a run of which
    a part is not known has not gone well.
    """
    faults: list[str] = []
    parts = []
    for name, text in files.items():
        try:
            parts.append(_read(name, text))
        except (OSError, LookupError, RecursionError, TypeError, ValueError) as error:
            faults.append(f"`{name}` {_why(error)}.")
    faults += _missing(parts, len(files))
    parts.sort(key=lambda part: part.index or len(files) + 1)
    reports = tuple(report for part in parts for report in part.reports)
    if not faults:
        return reports
    unknown = AttachReport(Outcome.FAILED, changed=None, error=InputError(*faults, hint=_HINT))
    return (*reports, unknown)


def _why(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"cannot be read: {error.strerror or error}"
    return "is no report of asc-linker, or not a whole one"


def _missing(parts: Sequence[_Part], files: int) -> list[str]:
    """What is wrong with the shards: twice there, of different numbers, or not there.

    A shard that got no target names itself nowhere, but its file is there.
    """
    of_shards = sorted((part for part in parts if part.total), key=lambda part: part.index)
    totals = sorted({part.total for part in of_shards})
    if len(totals) > 1:
        said = ", ".join(f"`{part.name}` ({part.index}/{part.total})" for part in of_shards)
        return [f"The files are of several runs: {said}."]
    faults = []
    by_index: dict[int, list[str]] = {}
    for part in of_shards:
        by_index.setdefault(part.index, []).append(f"`{part.name}`")
    for index, names in by_index.items():
        if len(names) > 1:
            faults.append(f"Shard {index}/{totals[0]} is there twice: {', '.join(names)}.")
    for total in totals:
        absent = [f"{n}/{total}" for n in range(1, total + 1) if n not in by_index]
        if files < total:
            faults.append(
                f"There are {files} report files of {total} shards; whether the other targets were "
                f"attached is not known. No file names shard {listed(absent)}."
            )
    return faults


def _read(name: str, text: str | Exception) -> _Part:
    if isinstance(text, Exception):
        raise text
    entries = json.loads(text)
    if not isinstance(entries, list):
        raise TypeError
    if any(entry["schema"] != SCHEMA for entry in entries):
        raise ValueError
    reports = tuple(map(recorded, entries))
    shards = {entry.get("shard", "") for entry in entries} - {""}
    if not shards:
        return _Part(name, reports)
    (shard,) = shards
    found = _SHARD.fullmatch(shard)
    if found is None:
        raise ValueError
    return _Part(name, reports, int(found[1]), int(found[2]))
