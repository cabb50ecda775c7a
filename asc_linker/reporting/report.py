"""Reports as the values that a workflow reads: outputs by name, and JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from asc_linker.decision.preflight import Verdict
from asc_linker.decision.report import AttachReport, Outcome
from asc_linker.errors import every_error
from asc_linker.reporting.sentences import docs_url, target, version_url
from asc_linker.text import true_or_false

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from asc_linker.decision.preflight import Check
    from asc_linker.decision.request import Shard
    from asc_linker.errors import AppleError, AscLinkerError

SCHEMA = 1
_SCALARS = (
    "outcome",
    "changed",
    "app-id",
    "bundle-id",
    "platform",
    "version-id",
    "version-string",
    "version-state",
    "build-id",
    "build-number",
    "previous-build-id",
    "previous-build-number",
    "uses-non-exempt-encryption",
    "url",
)
_CHANGED = {True: "true", None: "unknown", False: "false"}


def outputs(reports: Sequence[AttachReport]) -> dict[str, str]:
    """Every output by name; empty where it was not found out.

    The scalars are those of the first target, but for `outcome`, which is `failed` as soon as one
    has failed, and `changed`. Without a target, as in a shard that got none, all is skipped.
    """
    first = as_json(reports[0] if reports else AttachReport(Outcome.SKIPPED))
    scalars = {name: _as_text(first[name]) for name in _SCALARS}
    if any(report.outcome is Outcome.FAILED for report in reports):
        scalars["outcome"] = Outcome.FAILED.value
    scalars["changed"] = _CHANGED[changed(reports)]
    plan = ",".join(report.plan for report in reports)
    return scalars | {"plan": plan, "report": report_json(reports)}


def exit_code(reports: Iterable[AttachReport]) -> int:
    """That of the first target that failed, else 0."""
    return next((report.error.exit_code for report in reports if report.error), 0)


def changed(reports: Iterable[AttachReport]) -> bool | None:
    """Whether any target was written to; None where that is not known of one, and so of none."""
    seen = {report.changed for report in reports}
    return True if True in seen else None if None in seen else False


def report_json(reports: Sequence[AttachReport]) -> str:
    """The output `report`. Of several targets it lacks the checks that are ok, for its size."""
    full = [as_json(report) for report in reports]
    if len(full) > 1:
        for report, one in zip(reports, full, strict=True):
            one["checks"] = _checks(_not_ok(report.checks))
    return json.dumps(full, ensure_ascii=False)


def report_file(reports: Sequence[AttachReport], shard: Shard | None = None) -> str:
    """What `report-file` holds: the output `report` with every check, a target a line.

    Of a shard each report says which one, under the key `shard`. It stands in the reports, so that
    the file is an array as the output is; and in the file alone, where `asc-linker summary` looks
    for it, so that the output has the keys it always has.
    """
    part = {"shard": str(shard)} if shard else {}
    lines = [json.dumps(as_json(report) | part, ensure_ascii=False) for report in reports]
    return "[\n" + ",\n".join(lines) + "\n]\n" if lines else "[]\n"


def as_json(report: AttachReport) -> dict[str, object]:
    """One report: the outputs by name, what was written and checked, and on failure the error."""
    version, attached, previous = report.version, report.attached, report.previous
    bundle_id, app_id, platform = target(report)
    return {
        "schema": SCHEMA,
        "outcome": report.outcome.value,
        "reason": report.reason,
        "changed": report.changed,
        "app-id": app_id,
        "bundle-id": bundle_id,
        "platform": platform,
        "version-id": version.id if version else "",
        "version-string": version.version_string if version else "",
        "version-state": version.state_word if version else "",
        "build-id": attached.id if attached else "",
        "build-number": attached.number if attached else "",
        "previous-build-id": previous.id if previous else "",
        "previous-build-number": previous.number if previous else "",
        "uses-non-exempt-encryption": attached.uses_non_exempt_encryption if attached else None,
        "url": version_url(report),
        "plan": report.plan,
        "writes": list(report.writes),
        "unknown-writes": list(report.unknown_writes),
        **checks_and_error(report.checks, report.error),
    }


def checks_and_error(checks: Iterable[Check], error: AscLinkerError | None) -> dict[str, object]:
    """The part of a JSON report that tells what was checked, and on failure what is wrong."""
    part: dict[str, object] = {"checks": _checks(checks)}
    if error is not None:
        part["error"] = {
            "id": error.id,
            "title": error.title,
            "message": error.message,
            "hint": error.hint,
            "exit-code": error.exit_code,
            "request-id": error.request_id,
            "docs": docs_url(error.id),
            "apple": [_apple(each) for each in every_error(error.apple)],
        }
    return part


def _checks(checks: Iterable[Check]) -> list[dict[str, str]]:
    return [
        {
            "id": check.id,
            "name": check.name,
            "verdict": check.verdict.value,
            "sentence": check.sentence,
        }
        for check in checks
    ]


def _not_ok(checks: Iterable[Check]) -> list[Check]:
    return [check for check in checks if check.verdict is not Verdict.OK]


def _apple(error: AppleError) -> dict[str, object]:
    """One error in Apple's own shape."""
    return {
        "status": error.status or None,
        "code": error.code or None,
        "title": error.title or None,
        "detail": error.detail or None,
        "source": error.source,
    }


def _as_text(value: object) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else true_or_false(bool(value))
