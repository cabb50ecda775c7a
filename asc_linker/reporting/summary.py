"""The job summary: Markdown for a person who looks before they read.

The sentence comes first, then the cure, what is there and what is refused; what is well is folded.
Everything of Apple's or of a user's passes through `markdown`, `prose` or `code`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asc_linker.decision.preflight import Verdict
from asc_linker.decision.report import Outcome
from asc_linker.errors import every_error
from asc_linker.reporting.annotations import shard_sentence, warnings
from asc_linker.reporting.result import checks_refused_first, refused_first, version_change
from asc_linker.reporting.sentences import (
    app_name,
    build_change,
    causes,
    docs_url,
    headline,
    headline_of_all,
    message_lines,
    outcome_and_reason,
    target,
    target_name,
    version_url,
    what_was_written,
)
from asc_linker.text import code, listed, markdown, prose

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from asc_linker.decision.preflight import Check
    from asc_linker.decision.report import AttachReport, Warning
    from asc_linker.decision.request import Shard
    from asc_linker.errors import AppleError, AscLinkerError

# The service drops a summary of one mebibyte without a word.
_LARGEST = 900_000
_MOST_ROWS = 500
_MOST_WARNINGS = 10
_HEADINGS = ("App", "Platform", "Version", "State", "Build", "Outcome")
_CHECK_HEADINGS = ("", "Check", "What is so")
_MARKS = {Verdict.OK: "✅", Verdict.REFUSED: "❌", Verdict.APPLE_DECIDES: "❔"}
_WELL, _LOOK, _BAD = "✅", "⚠️", "❌"
_LOOK_AT = (Outcome.SKIPPED, Outcome.NOT_WRITTEN)
# A build is on a version that nobody has submitted yet.
_NEXT_IS_REVIEW = (Outcome.ATTACHED, Outcome.ALREADY_ATTACHED)


def summary(reports: Sequence[AttachReport], now: datetime, shard: Shard | None = None) -> str:
    """The whole summary. `now` decides what expires soon."""
    if not reports:
        parts = [f"### {_LOOK} There is nothing to do"]
    elif len(reports) == 1:
        parts = _of_one(reports[0], now)
    else:
        parts = _of_many(reports, now)
    if part := shard_sentence(reports, shard):
        parts.append(markdown(part[:1].upper() + part[1:]))
    return "\n\n".join(parts) + "\n"


def _of_one(report: AttachReport, now: datetime) -> list[str]:
    error = report.error
    bites = warnings(report, now)
    parts = [f"### {_mark(report, bites)} {prose(error.title if error else headline(report))}"]
    if error is not None:
        parts += [*_what_and_cure(report, error), *_wanted(report)]
    if report.app or report.version:
        parts.append(_table(_HEADINGS, [_cells(report)]))
    parts += _warned(bites)
    parts += _checks(report.checks)
    if error is not None:
        parts += _apples_words(error)
    if url := version_url(report):
        parts.append(f"[{_next_step(report)}]({url})")
    return parts


def _of_many(reports: Sequence[AttachReport], now: datetime) -> list[str]:
    ordered = refused_first(reports)
    bites = dict.fromkeys(each for report in reports for each in warnings(report, now))
    groups = causes(reports)
    mark = _BAD if groups else _LOOK if bites else _WELL
    # Half of the room is for the rows, what they leave is for the explanations.
    rows = _as_many_as_fit(map(_row, ordered[:_MOST_ROWS]), _LARGEST // 2)
    explained = _as_many_as_fit(map(_cause, groups), _LARGEST - sum(map(_size, rows)))
    parts = [f"### {mark} {prose(headline_of_all(reports))}", _table(_HEADINGS, rows)]
    if (more := len(ordered) - len(rows)) > 0:
        parts.append(f"And {more} more targets: `report-file` has all of them.")
    parts += [part for explanation in explained for part in explanation]
    if (more := len(groups) - len(explained)) > 0:
        parts.append(f"And {more} more causes: `report-file` has all of them.")
    return [*parts, *_warned(bites)]


def _row(report: AttachReport) -> list[str]:
    *cells, outcome = _cells(report)
    return [*cells, f"{_mark(report)} {outcome}"]


def _as_many_as_fit(parts: Iterable[list[str]], room: int) -> list[list[str]]:
    """The first of `parts` that are no larger than `room` together, in bytes."""
    fitting = []
    for part in parts:
        room -= _size(part)
        if room < 0:
            break
        fitting.append(part)
    return fitting


def _cause(group: Sequence[AttachReport]) -> list[str]:
    """One cause, and the targets that share it."""
    first = group[0]
    assert first.error is not None, "a cause is an error"
    names = listed([code(target_name(report)) for report in group if target_name(report)])
    about = f": {names}" if names else ""
    refused = [check for check in first.checks if check.verdict is not Verdict.OK]
    return [
        f"#### {_BAD} {prose(first.error.title)}{about}",
        *_what_and_cure(first, first.error),
        *(_checks(refused) if len(group) == 1 else ()),
        *_apples_words(first.error),
    ]


def _what_and_cure(report: AttachReport, error: AscLinkerError) -> list[str]:
    faults = message_lines(error)
    parts = [prose(faults[0])] if len(faults) == 1 else ["\n".join(f"- {prose(f)}" for f in faults)]
    parts += [f"**{prose(sentence)}**" for sentence in what_was_written(report)]
    if error.hint:
        parts.append(_box("TIP", prose(error.hint)))
    return parts


def _apples_words(error: AscLinkerError) -> list[str]:
    """Apple's answer, quoted as Apple's, and where to read on."""
    parts = []
    if error.apple:
        parts += ["Apple's own words:", _quote(_apple(each) for each in every_error(error.apple))]
    if error.request_id:
        parts.append(f"`X-Request-ID`, which Apple's support asks for: {code(error.request_id)}")
    if error.id:
        parts.append(f"[More about {code(error.id)}]({docs_url(error.id)})")
    return parts


def _apple(error: AppleError) -> str:
    words = ": ".join(filter(None, (error.title.rstrip("."), error.detail))) or "No explanation"
    place = f"{code(error.code)} at {code(error.where)}" if error.where else code(error.code)
    ident = f"id {code(error.id)}" if error.id else ""
    notes = ", ".join(filter(None, (place.strip(), ident)))
    return f"{markdown(words)} ({notes})" if notes else markdown(words)


def _wanted(report: AttachReport) -> list[str]:
    """What was asked for, as far as it was named."""
    request = report.request
    bundle_id, app_id, platform = target(report)
    build = request.build_number or ("latest" if request.latest else request.build_id or "")
    parts = [
        ("build", build, "build-number"),
        ("version", request.version_string or request.version_id or "", "version-string"),
        ("platform", platform, "platform"),
        ("app", bundle_id or app_id, "bundle-id"),
    ]
    named = [
        f"{what} {code(value)}{prose(request.source(name))}" for what, value, name in parts if value
    ]
    return [f"Wanted: {request.operation} {'; '.join(named)}."] if named else []


def _checks(checks: Sequence[Check]) -> list[str]:
    """Refused checks in sight, those that are ok behind a fold."""
    rows = [
        (check.verdict, (_MARKS[check.verdict], markdown(check.name), prose(check.sentence)))
        for check in checks_refused_first(checks)
    ]
    seen = [row for verdict, row in rows if verdict is not Verdict.OK]
    folded = [row for verdict, row in rows if verdict is Verdict.OK]
    parts = [_table(_CHECK_HEADINGS, seen)] if seen else []
    if folded:
        number = f"{len(folded)} check{'s' if len(folded) > 1 else ''} passed"
        parts += [f"<details><summary>{number}</summary>", _table(_CHECK_HEADINGS, folded)]
        parts.append("</details>")
    return parts


def _cells(report: AttachReport) -> tuple[str, ...]:
    version = report.version
    _, _, platform = target(report)
    return (
        markdown(app_name(report)),
        version.platform.label if version else platform,
        _linked_version(report),
        code(version.state_word) if version else "",
        markdown(build_change(report)),
        prose(outcome_and_reason(report)),
    )


def _linked_version(report: AttachReport) -> str:
    version, url = report.version, version_url(report)
    if version is None:
        return markdown(report.request.version_string)
    name = markdown(version.version_string)
    return (f"[{name}]({url})" if url else name) + version_change(report)


def _next_step(report: AttachReport) -> str:
    version = report.version
    if report.outcome in _NEXT_IS_REVIEW and version and version.app_version_state.is_editable:
        return "Submit for review on App Store Connect"
    return "The version on App Store Connect"


def _mark(report: AttachReport, bites: Sequence[object] = ()) -> str:
    if report.outcome is Outcome.FAILED:
        return _BAD
    return _LOOK if bites or report.outcome in _LOOK_AT else _WELL


def _warned(bites: Iterable[Warning]) -> list[str]:
    return [
        _box("WARNING", f"**{markdown(each.title)}.** {prose(each.message)}")
        for each in list(bites)[:_MOST_WARNINGS]
    ]


def _box(kind: str, text: str) -> str:
    return f"> [!{kind}]\n> {text}"


def _quote(lines: Iterable[str]) -> str:
    return "\n>\n".join(f"> {line}" for line in lines)


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _size(texts: Iterable[str]) -> int:
    """In bytes, with what stands between them."""
    return sum(len(text.encode("utf-8", "replace")) + 3 for text in texts)
