"""A report or an error, as the words a person reads and the values a workflow reads.

Returns text, prints none. Text of Apple's or of a user's is neutralised here for Markdown; the
edges do it for their logs.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

from asc_linker.decision.outcome import Outcome
from asc_linker.decision.preflight import Verdict
from asc_linker.errors import InputError
from asc_linker.text import markdown, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asc_linker.apple.model import AppStoreVersion
    from asc_linker.decision.outcome import AttachReport
    from asc_linker.decision.preflight import Check
    from asc_linker.errors import AppleError, AscLinkerError

# Below this a job that waits, or a few jobs side by side, would run into Apple's limit.
_FEW_REQUESTS = 200
_SOON = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Warning:  # noqa: A001  # GitHub's word for this annotation
    """Something that is no failure now and will be one soon."""

    title: str
    message: str


def outputs(report: AttachReport, error: AscLinkerError | None = None) -> dict[str, str]:
    """Every output by name; empty where it was not found out. `report` is all of it as JSON."""
    full = as_json(report, error)
    scalars = {name: value for name, value in full.items() if isinstance(value, str)}
    return scalars | {"report": json.dumps([full], ensure_ascii=False)}


def as_json(report: AttachReport, error: AscLinkerError | None = None) -> dict[str, object]:
    """One report: the outputs by name, the checks, and on failure the error."""
    app, version, attached = report.app, report.version, report.attached
    previous = version.build if version else None
    answer = attached.uses_non_exempt_encryption if attached else None
    seen = version or report.build
    full: dict[str, object] = {
        "outcome": report.outcome.value,
        "changed": _boolean(report.changed),
        "app-id": app.id if app else "",
        "bundle-id": app.bundle_id if app else "",
        "platform": seen.platform.input_name if seen else "",
        "version-id": version.id if version else "",
        "version-string": version.version_string if version else "",
        "version-state": version.state_word if version else "",
        "build-id": attached.id if attached else "",
        "build-number": attached.number if attached else "",
        "previous-build-id": previous.id if previous else "",
        "previous-build-number": previous.number if previous else "",
        "uses-non-exempt-encryption": "" if answer is None else _boolean(answer),
        "url": version_url(report),
    }
    return full | checks_and_error(report.checks, error)


def checks_and_error(checks: Iterable[Check], error: AscLinkerError | None) -> dict[str, object]:
    """The part of a JSON report that tells what was checked, and on failure what is wrong."""
    part: dict[str, object] = {
        "checks": [
            {"name": check.name, "verdict": check.verdict.value, "sentence": check.sentence}
            for check in checks
        ]
    }
    if error is not None:
        part["error"] = {
            "title": error.title,
            "message": error.message,
            "hint": error.hint,
            "exit-code": error.exit_code,
        }
    return part


def headline(report: AttachReport) -> str:
    """The whole result in one sentence."""
    attached, previous = report.attached, _previous(report)
    template = _HEADLINES[report.outcome]
    if report.outcome is Outcome.ALREADY_ATTACHED and report.changed:
        template = "{build} is attached to {version} already; export compliance is answered now."
    told = template.format(
        build=f"Build {attached.number or attached.id}" if attached else "No build",
        version=_version_name(report),
        previous=f"Build {previous}",
        instead=f", in place of build {previous}" if previous else "",
        state=report.version.state_word if report.version else "",
        reason=report.reason,
    )
    return one_line(told)


_DRY_RUN = "This was a dry run: nothing was written."
_HEADLINES = {
    Outcome.ATTACHED: "{build} is now attached to {version}{instead}.",
    Outcome.ALREADY_ATTACHED: "{build} is attached to {version} already. Nothing was written.",
    Outcome.KEPT: "{build} stays attached to {version}, as `if-attached: keep` asks.",
    Outcome.DETACHED: "{previous} is no longer attached to {version}.",
    Outcome.NOTHING_ATTACHED: "No build is attached to {version}. Nothing was written.",
    Outcome.SHOWN: "{build} is attached to {version}, which is {state}.",
    Outcome.WOULD_ATTACH: "{build} would be attached to {version}{instead}. " + _DRY_RUN,
    Outcome.WOULD_DETACH: "{previous} would be detached from {version}. " + _DRY_RUN,
    Outcome.SKIPPED: "{reason} Nothing was done.",
    Outcome.FAILED: "Nothing could be done about {version}.",
}


def warnings(report: AttachReport, now: datetime) -> list[Warning]:
    """What will bite next, though this run went well."""
    found = []
    build = report.build
    if build and _compliance_is_open(report):
        found.append(
            Warning(
                "Export compliance is unanswered",
                f"App Store Connect will ask about build {build.number}'s encryption before "
                "review. Answer it with `uses-non-exempt-encryption`, or once and for all by "
                "ITSAppUsesNonExemptEncryption in Info.plist.",
            )
        )
    if build and build.expires_at and now < build.expires_at < now + _SOON:
        found.append(
            Warning(
                "The build expires soon",
                f"Build {build.number} expires on {build.expires_at:%Y-%m-%d} and cannot be "
                "attached any more after that. Submit it before, or upload a new one.",
            )
        )
    if report.requests_left is not None and report.requests_left < _FEW_REQUESTS:
        found.append(
            Warning(
                "Few requests are left",
                f"The API key has {report.requests_left} requests left in this hour. Jobs that "
                "share the key share its limit; a key of its own helps.",
            )
        )
    return found


def _compliance_is_open(report: AttachReport) -> bool:
    """Whether Apple is still going to ask: not about a released version, nor once answered."""
    if report.version and report.version.app_version_state.is_released:
        return False
    return any(
        check.id == "export-compliance" and check.verdict is Verdict.APPLE_DECIDES
        for check in report.checks
    )


def error_lines(error: AscLinkerError) -> list[str]:
    """What is so, what to do, and everything Apple said: one thing a line, none escaped."""
    lines = list(error.faults) if isinstance(error, InputError) else [error.message]
    if error.hint:
        lines.append(error.hint)
    lines.extend(_apple_lines(error.apple))
    if error.request_id:
        lines.append(f"Apple's X-Request-ID: {error.request_id}")
    return lines


def annotation(error: AscLinkerError) -> str:
    """The failure as an annotation: the message, then the hint on a line of its own."""
    lines = [*error.faults] if isinstance(error, InputError) else [error.message]
    return "\n".join(one_line(line) for line in [*lines, error.hint] if line)


def table(report: AttachReport) -> list[str]:
    """The checks as aligned lines, for a log; not escaped."""
    widths = [max((len(check.name) for check in report.checks), default=0), 7]
    return [
        f"{check.verdict.value:{widths[1]}}  {check.name:{widths[0]}}  {check.sentence}"
        for check in report.checks
    ]


def summary(report: AttachReport, error: AscLinkerError | None = None) -> str:
    """The job summary: one table, the checks, and on failure the full explanation."""
    parts = [f"### asc-linker: {report.outcome}", ""]
    if report.app or report.version:
        parts += [*_markdown_table([_cells(report)]), ""]
    if error is None:
        parts.append(markdown(headline(report)))
    else:
        parts.append(f"**{markdown(error.title)}**")
        parts.append("")
        parts.extend(f"- {markdown(line)}" for line in error_lines(error))
    if report.checks:
        rows = [
            {
                "Check": check.name,
                "Verdict": f"**{check.verdict}**"
                if check.verdict is Verdict.REFUSED
                else (check.verdict.value),
                "": markdown(check.sentence),
            }
            for check in report.checks
        ]
        parts += ["", *_markdown_table(rows)]
    return "\n".join(parts) + "\n"


def version_url(report: AttachReport) -> str:
    """The version's page on App Store Connect; empty while app or version are unknown."""
    app, version = report.app, report.version
    if app is None or version is None:
        return ""
    page = "deliverable" if version.app_version_state.is_released else "inflight"
    path = f"{quote(app.id, safe='')}/distribution/{version.platform.input_name}/version/{page}"
    return f"https://appstoreconnect.apple.com/apps/{path}"


def _cells(report: AttachReport) -> dict[str, str]:
    version = report.version
    return {
        "App": markdown(_app_name(report)),
        "Platform": version.platform.label if version else "",
        "Version": _linked_version(version, version_url(report)),
        "State": markdown(version.state_word) if version else "",
        "Build": _before_and_after(report),
        "Outcome": report.outcome.value,
    }


def _markdown_table(rows: list[dict[str, str]]) -> list[str]:
    lines = [" | ".join(rows[0]), " | ".join("---" for _ in rows[0])]
    lines += [" | ".join(row.values()) for row in rows]
    return [f"| {line} |" for line in lines]


def _linked_version(version: AppStoreVersion | None, url: str) -> str:
    if version is None:
        return ""
    name = markdown(version.version_string)
    return f"[{name}]({url})" if url else name


def _before_and_after(report: AttachReport) -> str:
    before = markdown(_previous(report)) if report.version and report.version.build else "none"
    if report.outcome in (Outcome.ATTACHED, Outcome.WOULD_ATTACH) and report.attached:
        return f"{before} → {markdown(report.attached.number)}"
    if report.outcome in (Outcome.DETACHED, Outcome.WOULD_DETACH):
        return f"{before} → none"
    return before


def _previous(report: AttachReport) -> str:
    previous = report.version.build if report.version else None
    return (previous.number or previous.id) if previous else ""


def _version_name(report: AttachReport) -> str:
    version = report.version
    if version is None:
        return "the version"
    return f"version {version.version_string} ({version.platform.label}) of {_app_name(report)}"


def _app_name(report: AttachReport) -> str:
    app = report.app
    return (app.name or app.bundle_id or f"app {app.id}") if app else "the app"


def _apple_lines(errors: tuple[AppleError, ...], indent: str = "") -> list[str]:
    lines = []
    for error in errors:
        where = f" at {error.where}" if error.where else ""
        ident = f", id {error.id}" if error.id else ""
        lines.append(f"{indent}Apple: {error}{where}{ident}")
        for path, associated in error.associated:
            lines.append(f"{indent}{path}:")
            lines.extend(_apple_lines((associated,), indent + "  "))
    return lines


def _boolean(value: bool) -> str:
    return "true" if value else "false"
