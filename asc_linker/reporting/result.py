"""How a run ended, as blocks for a console: one renderer for terminal, pipe and GitHub's log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asc_linker.decision.preflight import Verdict
from asc_linker.decision.report import Outcome, VersionChange
from asc_linker.reporting.annotations import (
    MOST_ANNOTATIONS,
    shard_sentence,
    warning_annotations,
)
from asc_linker.reporting.console import Block, Grid, Line, Span, Style, line
from asc_linker.reporting.sentences import (
    UNWRITTEN,
    apple_lines,
    apples_sentence,
    build_change,
    causes,
    docs_url,
    headline,
    headline_of_all,
    message_lines,
    name_among,
    outcome_and_reason,
    target_name,
    unwritten,
    version_url,
    what_was_written,
)
from asc_linker.text import listed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from asc_linker.decision.preflight import Check
    from asc_linker.decision.report import AttachReport
    from asc_linker.decision.request import Shard
    from asc_linker.errors import AscLinkerError

_MARKS = {
    Verdict.OK: Span("✓", Style.GOOD),
    Verdict.REFUSED: Span("✗", Style.BAD),
    Verdict.APPLE_DECIDES: Span("?", Style.OPEN),
}
_REFUSED_FIRST = (Verdict.REFUSED, Verdict.APPLE_DECIDES, Verdict.OK)


def run_blocks(
    reports: Sequence[AttachReport],
    now: datetime,
    shard: Shard | None = None,
    *,
    quiet: bool = False,
) -> list[Block]:
    """Everything about how a run ended; with `quiet` only that. `now` decides what expires soon."""
    blocks: list[Block] = []
    if not quiet:
        blocks += target_blocks(reports)
    if blocks:
        blocks.append(line(""))
    for group in causes(reports):
        blocks += _failure(reports, group)
    if len(reports) > 1:
        failed = any(report.error for report in reports)
        blocks.append(line(headline_of_all(reports), Style.STRONG if failed else Style.RESULT))
    elif reports and reports[0].error is None:
        blocks.append(line(headline(reports[0]), Style.RESULT))
    if not quiet:
        for each in warning_annotations(reports, now):
            text = f"{each.title}. {each.message}"
            blocks.append(Line((Span("Warning: ", Style.OPEN), Span(text))))
    if (not quiet or not reports) and (part := shard_sentence(reports, shard)):
        blocks.append(line(part))
    return blocks


def diagnosis_blocks(
    checks: Sequence[Check], error: AscLinkerError | None, all_well: str
) -> list[Block]:
    """What was checked, in that order, and what is wrong; `all_well` where nothing is."""
    blocks: list[Block] = [Grid(tuple(map(_check_row, checks))), line("")] if checks else []
    return [*blocks, *(error_blocks(error) if error else [line(all_well, Style.RESULT)])]


def unwritten_blocks(faults: Sequence[str], reports: Sequence[AttachReport] = ()) -> list[Block]:
    """That results could not be written; nothing where all were."""
    if not faults:
        return []
    said = unwritten(faults, reports).splitlines()
    return [line(f"Error: {UNWRITTEN}", Style.BAD), *(line(each) for each in said)]


def target_blocks(reports: Sequence[AttachReport]) -> list[Block]:
    """What is there: of one target its checks and facts, of several a row each."""
    if len(reports) > 1:
        return [Grid(tuple(_row(report) for report in refused_first(reports)))]
    return [block for report in reports for block in _details(report)]


def refused_first(reports: Sequence[AttachReport]) -> list[AttachReport]:
    """Failures, then what was held back because of them, then the rest, each in target order."""
    order = {Outcome.FAILED: 0, Outcome.NOT_WRITTEN: 1}
    return sorted(reports, key=lambda report: order.get(report.outcome, 2))


def checks_refused_first(checks: Sequence[Check]) -> list[Check]:
    return sorted(checks, key=lambda check: _REFUSED_FIRST.index(check.verdict))


def check_grid(checks: Sequence[Check]) -> Grid:
    """A row for each check, refused ones first."""
    return Grid(tuple(map(_check_row, checks_refused_first(checks))))


def _check_row(check: Check) -> tuple[Span, ...]:
    return _MARKS[check.verdict], Span(check.name, Style.STRONG), Span(check.sentence)


def error_blocks(
    error: AscLinkerError, names: Sequence[str] = (), written: Sequence[str] = ()
) -> list[Block]:
    """What is wrong, what to do, and everything Apple said.

    `names` are the targets it is about, `written` what is known of their writes.
    """
    about = f"{listed(names)}: " if names else ""
    blocks: list[Block] = [line(f"Error: {about}{error.title}", Style.BAD)]
    blocks += [line(text) for text in (*message_lines(error), *written)]
    if error.hint:
        blocks.append(line(error.hint, Style.CURE))
    blocks += [line(text) for text in apple_lines(error.apple)]
    return [*blocks, *_references(error)]


def beside_the_annotations(reports: Sequence[AttachReport]) -> list[Block]:
    """What the errors' annotations leave out: causes they only count, and of the others the rest.

    That is all but the first of Apple's errors, and where to read on.
    """
    groups = causes(reports)
    blocks: list[Block] = []
    for group in groups[:MOST_ANNOTATIONS]:
        if (error := group[0].error) is not None:
            annotated = apples_sentence(error)
            rest = [each for each in apple_lines(error.apple) if each.strip() != annotated]
            name = name_among(reports, group[0]) if len(group) == 1 else ""
            about = f"{name}: " if name else ""
            blocks += [line(f"{about}{text}") for text in rest]
            blocks += _references(error, about)
    blocks += [block for group in groups[MOST_ANNOTATIONS:] for block in _failure(reports, group)]
    return list(dict.fromkeys(blocks))


def _failure(reports: Sequence[AttachReport], group: Sequence[AttachReport]) -> list[Block]:
    first = group[0]
    assert first.error is not None, "a cause is an error"
    names = [name_among(reports, report) for report in group]
    return error_blocks(first.error, list(filter(None, names)), what_was_written(first))


def _references(error: AscLinkerError, about: str = "") -> list[Block]:
    blocks: list[Block] = []
    if error.request_id:
        blocks.append(line(f"{about}Apple's X-Request-ID: {error.request_id}", Style.DIM))
    return [*blocks, line(f"More about this: {docs_url(error.id)}", Style.DIM)]


def _details(report: AttachReport) -> list[Block]:
    checks, facts = check_grid(report.checks), _facts(report)
    rows = tuple((Span(name, Style.DIM), Span(value)) for name, value in facts)
    blocks: list[Block] = [checks] if checks.rows else []
    if blocks and rows:
        blocks.append(line(""))
    return [*blocks, Grid(rows)] if rows else blocks


def _facts(report: AttachReport) -> list[tuple[str, str]]:
    app, version = report.app, report.version
    found = []
    if app is not None:
        found.append(("App", ", ".join(filter(None, (app.name, app.bundle_id or app.id)))))
    if version is not None:
        named = f"{version.version_string} ({version.platform.label}), {version.state_word}"
        found.append(("Version", named + version_change(report)))
        found.append(("Build", build_change(report)))
    if url := version_url(report):
        found.append(("Page", url))
    return found


def version_change(report: AttachReport) -> str:
    """`, created` behind a version that was; empty for one that is as it was."""
    is_meant = report.outcome.attaches or report.changed
    if report.version_change is VersionChange.NONE or not is_meant:
        return ""
    return f", {'to be ' if report.outcome.is_dry else ''}{report.version_change}"


def _row(report: AttachReport) -> tuple[Span, ...]:
    version = report.version
    if report.outcome is Outcome.FAILED:
        mark, style = _MARKS[Verdict.REFUSED], Style.BAD
    elif report.outcome is Outcome.NOT_WRITTEN:
        mark, style = Span("–", Style.OPEN), Style.OPEN
    else:
        mark, style = _MARKS[Verdict.OK], Style.GOOD
    return (
        mark,
        Span(target_name(report)),
        Span(version.version_string + version_change(report) if version else "–"),
        Span(version.state_word if version else "–"),
        Span(build_change(report)),
        Span(outcome_and_reason(report), style),
    )
