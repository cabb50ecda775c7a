"""A report or an error, as the words a person reads and the values a workflow reads.

Returns text, prints none. Text of Apple's or of a user's is neutralised here for Markdown; the
edges do it for their logs.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from asc_linker.errors import InputError
from asc_linker.outcome import Outcome
from asc_linker.text import markdown, one_line

if TYPE_CHECKING:
    from asc_linker.apple_error import AppleError
    from asc_linker.errors import AscLinkerError
    from asc_linker.model import AppStoreVersion
    from asc_linker.outcome import AttachReport

# Below this a job that waits, or a few jobs side by side, would run into Apple's limit.
_FEW_REQUESTS = 200
_SOON = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Warning:  # noqa: A001  # GitHub's word for this annotation
    """Something that is no failure now and will be one soon."""

    title: str
    message: str


def outputs(report: AttachReport) -> dict[str, str]:
    """Every output by name; empty where it was not found out."""
    scalars = _scalars(report)
    return scalars | {"report": json.dumps([scalars], ensure_ascii=False)}


def _scalars(report: AttachReport) -> dict[str, str]:
    app, version, build = report.app, report.version, report.build
    previous = version.build if version else None
    compliance = build.uses_non_exempt_encryption if build else None
    platform = (version or build).platform.input_name if version or build else ""  # type: ignore[union-attr]
    return {
        "outcome": report.outcome.value,
        "changed": _boolean(report.changed),
        "app-id": app.id if app else "",
        "bundle-id": app.bundle_id if app else "",
        "platform": platform,
        "version-id": version.id if version else "",
        "version-string": version.version_string if version else "",
        "version-state": version.state_word if version else "",
        "build-id": build.id if build else "",
        "build-number": build.number if build else "",
        "previous-build-id": previous.id if previous else "",
        "previous-build-number": previous.number if previous else "",
        "uses-non-exempt-encryption": "" if compliance is None else _boolean(compliance),
        "url": version_url(report),
    }


def headline(report: AttachReport) -> str:
    """The whole result in one sentence."""
    if report.outcome is Outcome.SKIPPED:
        return f"{report.reason} Nothing was done."
    build = f"Build {report.build.number}" if report.build else "The build"
    version = _version_name(report)
    match report.outcome:
        case Outcome.ATTACHED:
            return f"{build} is now attached to {version}{_in_place_of(report)}."
        case Outcome.ALREADY_ATTACHED:
            return f"{build} is attached to {version} already. Nothing was written."
        case Outcome.WOULD_ATTACH:
            return (
                f"{build} would be attached to {version}{_in_place_of(report)}. "
                "This was a dry run: nothing was written."
            )
        case _:
            return f"{build} was not attached to {version}."


def warnings(report: AttachReport, now: datetime) -> list[Warning]:
    """What will bite next, though this run went well."""
    found = []
    build = report.build
    if build and build.uses_non_exempt_encryption is None:
        found.append(
            Warning(
                "Export compliance is unanswered",
                f"App Store Connect will ask about build {build.number}'s encryption before "
                "review. Answer it there, or set ITSAppUsesNonExemptEncryption in Info.plist.",
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


def summary(report: AttachReport, error: AscLinkerError | None = None) -> str:
    """The job summary: one table, and on failure the full explanation."""
    parts = []
    if report.app or report.version:
        parts.append(_table(report))
    if error is None:
        parts.append(markdown(headline(report)))
    else:
        parts.append(f"**{markdown(error.title)}**")
        parts.extend(f"- {markdown(line)}" for line in error_lines(error))
    return "### asc-linker: " + report.outcome.value + "\n\n" + "\n".join(parts) + "\n"


def version_url(report: AttachReport) -> str:
    """The version's page on App Store Connect; empty while app or version are unknown."""
    app, version = report.app, report.version
    if app is None or version is None:
        return ""
    page = "deliverable" if version.app_version_state.is_released else "inflight"
    platform = version.platform.input_name
    return f"https://appstoreconnect.apple.com/apps/{app.id}/distribution/{platform}/version/{page}"


def _table(report: AttachReport) -> str:
    version = report.version
    cells = {
        "App": markdown(_app_name(report)),
        "Platform": version.platform.label if version else "",
        "Version": _linked_version(version, version_url(report)),
        "State": markdown(version.state_word) if version else "",
        "Build": _before_and_after(report),
        "Outcome": report.outcome.value,
    }
    rule = " | ".join("---" for _ in cells)
    return f"| {' | '.join(cells)} |\n| {rule} |\n| {' | '.join(cells.values())} |\n"


def _linked_version(version: AppStoreVersion | None, url: str) -> str:
    if version is None:
        return ""
    name = markdown(version.version_string)
    return f"[{name}]({url})" if url else name


def _before_and_after(report: AttachReport) -> str:
    previous = report.version.build if report.version else None
    before = markdown(previous.number or "?") if previous else "none"
    after = markdown(report.build.number) if report.build else "?"
    if report.outcome in (Outcome.ATTACHED, Outcome.WOULD_ATTACH):
        return f"{before} → {after}"
    return before


def _version_name(report: AttachReport) -> str:
    version = report.version
    if version is None:
        return "the version"
    return f"version {version.version_string} ({version.platform.label}) of {_app_name(report)}"


def _app_name(report: AttachReport) -> str:
    app = report.app
    return (app.name or app.bundle_id or f"app {app.id}") if app else "the app"


def _in_place_of(report: AttachReport) -> str:
    previous = report.version.build if report.version else None
    if previous is None:
        return ""
    return f", in place of build {previous.number}" if previous.number else ", in place of another"


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
