"""A report as sentences and names, for one target and for many; foreign text is not escaped."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote

from asc_linker.decision.report import Outcome, VersionChange
from asc_linker.errors import InputError, every_error
from asc_linker.text import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asc_linker.decision.report import AttachReport
    from asc_linker.errors import AppleError, AscLinkerError

_TROUBLESHOOTING = "https://asc-linker.github.io/asc-linker/troubleshooting/"
_DRY_RUN = "This was a dry run: nothing was written."
_COMPLIANCE = "answer-compliance"

_HEADLINES = {
    Outcome.ATTACHED: "{build} is now attached to {version}{instead}.",
    Outcome.ALREADY_ATTACHED: "{build} is attached to {version} already.",
    Outcome.KEPT: "{attached} stays attached to {version}, as `if-attached: keep` asks.",
    Outcome.DETACHED: "{previous} is no longer attached to {version}.",
    Outcome.NOTHING_ATTACHED: "no build is attached to {version}.",
    Outcome.SHOWN: "{attached} is attached to {version}, which is {state}.",
    Outcome.WOULD_ATTACH: "{build} would be attached to {version}{instead}.",
    Outcome.WOULD_DETACH: "{previous} would be detached from {version}.",
    Outcome.SKIPPED: "{reason} Nothing was done.",
    Outcome.NOT_WRITTEN: "nothing was written to {version}. {reason}",
}
_CHANGED_VERSIONS = {
    (Outcome.ATTACHED, VersionChange.CREATED): "{version} was created, with {build} attached.",
    (Outcome.ATTACHED, VersionChange.RENAMED): "the open version of {app} ({platform}) was renamed "
    "to {version_string}, and {build} is now attached to it{instead}.",
    (Outcome.WOULD_ATTACH, VersionChange.CREATED): "{version} would be created, with {build} "
    "attached.",
    (
        Outcome.WOULD_ATTACH,
        VersionChange.RENAMED,
    ): "the open version of {app} ({platform}) would be "
    "renamed to {version_string}, and {build} would be attached to it{instead}.",
}
_UNKNOWN = {
    _COMPLIANCE: "export compliance was answered",
    "create-version": "the version was created",
    "rename-version": "the version was renamed",
    "attach": "the build was attached",
    "detach": "the build was detached",
}


def headline(report: AttachReport) -> str:
    """What a target came to, in a sentence or two; for a failure what is so."""
    if report.error is not None:
        parts = [*message_lines(report.error), unknown_writes(report)]
    else:
        template = _CHANGED_VERSIONS.get((report.outcome, report.version_change))
        template = template or _HEADLINES.get(report.outcome, "Nothing could be done.")
        parts = [_filled(template, report), *_what_else(report), unknown_writes(report)]
    return one_line(" ".join(filter(None, parts)))


def _filled(template: str, report: AttachReport) -> str:
    before, version = report.previous, report.version
    filled = template.format(
        build=_build_name(report.attached or report.build),
        attached=_build_name(report.attached),
        previous=_build_name(before),
        version=version_name(report),
        app=app_name(report),
        platform=version.platform.label if version else "",
        version_string=version.version_string if version else "",
        instead=f", in place of build {build_number(before)}" if _is_replaced(report) else "",
        state=version.state_word if version else "",
        reason=report.reason,
    )
    return filled[:1].upper() + filled[1:]


def _what_else(report: AttachReport) -> list[str]:
    """What was done beside attaching, or that nothing was."""
    is_answered = _COMPLIANCE in report.writes
    # A dry run lists what it would write, and has changed nothing.
    is_dry = report.outcome.is_dry or (bool(report.writes) and report.changed is False)
    said = []
    if is_answered:
        said.append(f"Export compliance {'would be answered' if is_dry else 'is answered now'}.")
    if is_dry:
        said.append(_DRY_RUN)
    elif report.changed is False and report.outcome in _SAY_NOTHING_WRITTEN:
        said.append("Nothing was written.")
    return said


_SAY_NOTHING_WRITTEN = (Outcome.ALREADY_ATTACHED, Outcome.NOTHING_ATTACHED)


def unknown_writes(report: AttachReport) -> str:
    """That the fate of a write is not known; empty where all are known or the error says so."""
    if not report.unknown_writes or (report.error and "not known" in report.error.message):
        return ""
    what = " and ".join(_UNKNOWN.get(write, write) for write in report.unknown_writes)
    return f"Whether {what} is not known."


def what_was_written(report: AttachReport) -> list[str]:
    """Of a target that failed: what was written all the same, and what is not known."""
    written = ", ".join(f"`{write}`" for write in report.writes)
    done = f"Written before it failed: {written}." if written and report.changed else ""
    return list(filter(None, (done, unknown_writes(report))))


def headline_of_all(reports: Sequence[AttachReport]) -> str:
    """What a run of several targets came to, by numbers."""
    counted = Counter(report.outcome for report in reports)
    parts = ", ".join(f"{counted[each]} {each}" for each in Outcome if counted[each])
    unknown = sum(report.changed is None for report in reports)
    ending = f" Whether {unknown} of them changed is not known." if unknown else ""
    if counted[Outcome.FAILED] and not any(report.changed is not False for report in reports):
        ending += " Nothing was written."
    return f"{len(reports)} targets: {parts}.{ending}"


def outcome_and_reason(report: AttachReport) -> str:
    """The outcome, and of a skip why; what was held back shares its reason with all others."""
    is_told = report.outcome is Outcome.SKIPPED and report.reason
    return f"{report.outcome}: {report.reason}" if is_told else report.outcome.value


UNWRITTEN = "The results could not be written"


def unwritten(faults: Sequence[str], reports: Sequence[AttachReport] = ()) -> str:
    """Which results could not be written, and what was done all the same."""
    said = f"Not written: {'; '.join(faults)}."
    if not reports:
        return said
    done = headline(reports[0]) if len(reports) == 1 else headline_of_all(reports)
    return f"{said}\nWhat was done: {done}"


def message_lines(error: AscLinkerError) -> list[str]:
    """What is wrong, one fault a line."""
    return list(error.faults) if isinstance(error, InputError) else [error.message]


def causes(reports: Sequence[AttachReport]) -> list[list[AttachReport]]:
    """The targets that failed, those with one and the same cause together; never an empty list."""
    groups: dict[tuple[str, ...], list[AttachReport]] = {}
    for report in reports:
        if (error := report.error) is not None:
            cause = (error.title, error.message, error.hint, *what_was_written(report))
            groups.setdefault(cause, []).append(report)
    return list(groups.values())


def apples_sentence(error: AscLinkerError) -> str:
    """Apple's own words about a failure: those of the first error that has any, with its code."""
    said = list(every_error(error.apple))
    if not said:
        return ""
    return _apple_line(next((each for each in said if each.detail or each.title), said[0]))


def _apple_line(error: AppleError) -> str:
    where = f" at {error.where}" if error.where else ""
    ident = f", id {error.id}" if error.id else ""
    return f"Apple: {error}{where}{ident}"


def apple_lines(errors: Sequence[AppleError], indent: str = "") -> list[str]:
    """Everything that Apple said, associated errors under the path they are about."""
    lines = []
    for error in errors:
        lines.append(f"{indent}{_apple_line(error)}")
        for path, associated in error.associated:
            lines.append(f"{indent}{path}:")
            lines.extend(apple_lines((associated,), indent + "  "))
    return lines


def target_name(report: AttachReport) -> str:
    """The target as typed, with its platform as far as that is known: `com.example.app (ios)`."""
    bundle_id, app_id, platform = target(report)
    name = report.request.label or bundle_id or (f"app {app_id}" if app_id else "")
    if name.endswith(")"):
        return name
    return " ".join(filter(None, (name, platform and f"({platform})")))


def name_among(reports: Sequence[AttachReport], report: AttachReport) -> str:
    """The target's name where there are several, or it was typed as one of several; else empty."""
    return target_name(report) if len(reports) > 1 or report.request.label else ""


def target(report: AttachReport) -> tuple[str, str, str]:
    """Bundle id, app id and platform: as they were found, else as they were asked for."""
    app, request = report.app, report.request
    found = report.version or report.build
    platform = found.platform if found else request.platform
    return (
        (app.bundle_id if app else "") or request.bundle_id,
        app.id if app else request.app_id or "",
        platform.input_name if platform else "",
    )


def app_name(report: AttachReport) -> str:
    """The app by its name, else as it is known; `the app` while it is not."""
    bundle_id, app_id, _ = target(report)
    name = report.app.name if report.app else ""
    return name or bundle_id or (f"app {app_id}" if app_id else "the app")


def version_name(report: AttachReport) -> str:
    version = report.version
    if version is None:
        return "the version"
    return f"version {version.version_string} ({version.platform.label}) of {app_name(report)}"


class _Build(Protocol):
    """An uploaded build, or what a version says of its own."""

    @property
    def id(self) -> str: ...
    @property
    def number(self) -> str: ...


def build_number(build: _Build | None) -> str:
    """The number; the id where Apple left the number out; `none` for no build."""
    return (build.number or build.id) if build else "none"


def build_change(report: AttachReport) -> str:
    """`230 → 231` where another build is attached now, or would be; else what is attached."""
    before, after = build_number(report.previous), build_number(report.attached)
    if report.outcome.attaches or report.outcome.detaches:
        return f"{before} → {after}" if before != after else after
    # A failure holds the build that was asked for, which need not be attached.
    return before if report.outcome in _BUILD_IS_ASKED_FOR else after


_BUILD_IS_ASKED_FOR = (Outcome.FAILED, Outcome.NOT_WRITTEN)


def version_url(report: AttachReport) -> str:
    """The version's page on App Store Connect; empty where app or version are not there (yet)."""
    app, version = report.app, report.version
    if app is None or version is None or not version.id:
        return ""
    page = "deliverable" if version.app_version_state.is_released else "inflight"
    path = f"{quote(app.id, safe='')}/distribution/{version.platform.input_name}/version/{page}"
    return f"https://appstoreconnect.apple.com/apps/{path}"


def docs_url(section: str) -> str:
    """The section of the troubleshooting page about an id."""
    return f"{_TROUBLESHOOTING}#{quote(section, safe='')}"


def _build_name(build: _Build | None) -> str:
    return f"build {build.number or build.id}" if build else "no build"


def _is_replaced(report: AttachReport) -> bool:
    before, after = report.previous, report.attached
    return before is not None and (after is None or before.id != after.id)
