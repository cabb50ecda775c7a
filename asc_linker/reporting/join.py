"""Report files read back: the shards of one run, joined into its reports."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asc_linker.apple.model import (
    App,
    AppId,
    AppStoreVersion,
    AppVersionState,
    AttachedBuild,
    BuildId,
    Platform,
    VersionId,
)
from asc_linker.decision.preflight import Check, Verdict
from asc_linker.decision.report import AttachReport, Outcome, VersionChange
from asc_linker.decision.request import AttachRequest
from asc_linker.errors import AppleError, AscLinkerError, InputError
from asc_linker.reporting.report import SCHEMA
from asc_linker.text import listed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SHARD = re.compile(r"([1-9][0-9]{0,3})/([1-9][0-9]{0,3})", re.ASCII)
_CHANGES = {"create-version": VersionChange.CREATED, "rename-version": VersionChange.RENAMED}
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
    reports = tuple(_report(entry) for entry in entries)
    shards = {entry.get("shard", "") for entry in entries} - {""}
    if not shards:
        return _Part(name, reports)
    (shard,) = shards
    found = _SHARD.fullmatch(shard)
    if found is None:
        raise ValueError
    return _Part(name, reports, int(found[1]), int(found[2]))


def _report(entry: dict[str, object]) -> AttachReport:
    """The inverse of `as_json`, as far as telling needs it.

    Raises LookupError, TypeError, ValueError: it is no such report.
    """
    if entry["schema"] != SCHEMA:
        raise ValueError
    platform = _platform(_text(entry, "platform"))
    app_id, bundle_id = _text(entry, "app-id"), _text(entry, "bundle-id")
    writes = tuple(_texts(entry, "writes"))
    changed = entry["changed"]
    checks, error = entry["checks"], entry.get("error")
    if not isinstance(checks, list) or not (changed is None or isinstance(changed, bool)):
        raise TypeError
    return AttachReport(
        outcome=Outcome(_text(entry, "outcome")),
        request=AttachRequest(
            bundle_id=bundle_id,
            app_id=AppId(app_id) if app_id else None,
            platform=platform,
            label=_label(bundle_id or app_id, platform),
        ),
        app=App(AppId(app_id), bundle_id) if app_id else None,
        version=_version(entry, platform),
        version_change=next((_CHANGES[each] for each in writes if each in _CHANGES), _NO_CHANGE),
        attached=_attached(entry, "", _flag(entry, "uses-non-exempt-encryption")),
        previous=_attached(entry, "previous-", None),
        changed=changed,
        checks=tuple(_check(check) for check in checks),
        writes=writes,
        unknown_writes=tuple(_texts(entry, "unknown-writes")),
        reason=_text(entry, "reason"),
        plan=_text(entry, "plan"),
        error=None if error is None else _error(error),
    )


_NO_CHANGE = VersionChange.NONE


def _label(name: str, platform: Platform | None) -> str:
    return f"{name} ({platform.input_name})" if name and platform else name


def _version(entry: dict[str, object], platform: Platform | None) -> AppStoreVersion | None:
    version_string, word = _text(entry, "version-string"), _text(entry, "version-state")
    if not version_string or platform is None:
        return None
    # The state of a version on sale shows in its address; all others look alike here.
    return AppStoreVersion(
        VersionId(_text(entry, "version-id")), platform, version_string, AppVersionState(word), word
    )


def _attached(entry: dict[str, object], prefix: str, answer: bool | None) -> AttachedBuild | None:
    build_id, number = _text(entry, f"{prefix}build-id"), _text(entry, f"{prefix}build-number")
    return AttachedBuild(BuildId(build_id), number, answer) if build_id or number else None


def _check(entry: dict[str, object]) -> Check:
    name = (_text(entry, "id"), _text(entry, "name"))
    return Check(*name, Verdict(_text(entry, "verdict")), _text(entry, "sentence"))


def _error(entry: object) -> AscLinkerError:
    if not isinstance(entry, dict):
        raise TypeError
    apple = entry["apple"]
    error = AscLinkerError(
        _text(entry, "message"),
        hint=_text(entry, "hint"),
        id=_text(entry, "id"),
        apple=[_apple(each) for each in apple],
        request_id=_text(entry, "request-id"),
    )
    error.title = _text(entry, "title")
    error.exit_code = int(entry["exit-code"])
    return error


def _apple(entry: dict[str, object]) -> AppleError:
    source = entry["source"]
    where = next(iter(source.values()), "") if isinstance(source, dict) else ""
    status, code, title, detail = (
        str(entry[name] or "") for name in ("status", "code", "title", "detail")
    )
    return AppleError(code, title, detail, status, str(where))


def _platform(name: str) -> Platform | None:
    known = {platform.input_name: platform for platform in Platform}
    return known[name] if name else None


def _flag(entry: dict[str, object], name: str) -> bool | None:
    value = entry[name]
    if value is not None and not isinstance(value, bool):
        raise TypeError
    return value


def _text(entry: dict[str, object], name: str) -> str:
    value = entry[name]
    if not isinstance(value, str):
        raise TypeError
    return value


def _texts(entry: dict[str, object], name: str) -> list[str]:
    value = entry[name]
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise TypeError
    return value
