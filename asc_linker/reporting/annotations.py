"""What a run's page shows above everything: a few errors, warnings and notices; not escaped.

The runner takes ten of each level from a step and drops the rest without a word, so the tenth names
what it stands for. Titles are ours alone: the runner masks messages, and not titles.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from asc_linker.decision.preflight import Verdict
from asc_linker.decision.report import Warning
from asc_linker.reporting.sentences import (
    apples_sentence,
    causes,
    headline,
    headline_of_all,
    message_lines,
    name_among,
    what_was_written,
)
from asc_linker.text import listed, one_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from asc_linker.decision.report import AttachReport
    from asc_linker.decision.request import Shard

# Below this a job that waits, or a few jobs side by side, would run into Apple's limit.
_FEW_REQUESTS = 200
_SOON = timedelta(days=7)
# The tenth is for those that these leave out.
MOST_ANNOTATIONS = 9
# The runner cuts a message at 4,096 characters.
_LONGEST = 3000
_ROOM_FOR_NAMES = 1000


class Level(StrEnum):
    """GitHub's levels."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


class Annotation(NamedTuple):
    """One annotation; its message may have several lines."""

    level: Level
    title: str
    message: str


def run_annotations(
    reports: Sequence[AttachReport], now: datetime, shard: Shard | None = None
) -> list[Annotation]:
    """Everything to annotate, errors first. `now` decides what expires soon."""
    return [*errors(reports), *warning_annotations(reports, now), *notices(reports, shard)]


def errors(reports: Sequence[AttachReport]) -> list[Annotation]:
    """An error for each target that failed, or for all that share a cause."""
    found = [(_explained(group[0]), _names(reports, group)) for group in causes(reports)]
    return _capped(found, "The other targets that failed")


def warning_annotations(reports: Sequence[AttachReport], now: datetime) -> list[Annotation]:
    """A warning for each target that has one, or for all that share it."""
    groups: dict[Warning, list[AttachReport]] = {}
    for report in reports:
        for each in warnings(report, now):
            groups.setdefault(each, []).append(report)
    found = [
        (Annotation(Level.WARNING, each.title, one_line(each.message)), _names(reports, group))
        for each, group in groups.items()
    ]
    return _capped(found, "Other targets with warnings")


def notices(reports: Sequence[AttachReport], shard: Shard | None = None) -> list[Annotation]:
    """The result, where there is one, and which part of the targets it is about."""
    found = []
    if part := shard_sentence(reports, shard):
        found.append(Annotation(Level.NOTICE, "asc-linker: shard", part))
    if len(reports) > 1:
        found.append(Annotation(Level.NOTICE, "asc-linker", headline_of_all(reports)))
    elif reports and reports[0].error is None:
        title = f"asc-linker: {reports[0].outcome}"
        found.append(Annotation(Level.NOTICE, title, headline(reports[0])))
    return found


def shard_sentence(reports: Sequence[AttachReport], shard: Shard | None) -> str:
    """Which part of the targets this was, where nobody asked for it or it has none; else empty.

    As in `shard 2/5, from CI_NODE_INDEX: 100 of 500 targets`.
    """
    if shard is None or (reports and not shard.origin):
        return ""
    origin = f", from {shard.origin}" if shard.origin else ""
    sentence = f"shard {shard}{origin}: {len(reports)} of {shard.targets} targets"
    return sentence if reports else f"{sentence}. Nothing was done."


def warnings(report: AttachReport, now: datetime) -> list[Warning]:
    """What the reading showed, and where a build is attached now what will bite next."""
    found = list(report.warnings)
    build = report.build
    if not report.outcome.attaches:
        return found
    if build and _compliance_is_open(report):
        found.append(
            Warning(
                "export-compliance",
                "Export compliance is unanswered",
                f"App Store Connect will ask about build {build.number}'s encryption before "
                "review. Answer it with `uses-non-exempt-encryption`, or once and for all by "
                "ITSAppUsesNonExemptEncryption in Info.plist.",
            )
        )
    if build and build.expires_at and now < build.expires_at < now + _SOON:
        found.append(
            Warning(
                "build-expires-soon",
                "The build expires soon",
                f"Build {build.number} expires on {build.expires_at:%Y-%m-%d at %H:%M} UTC and "
                "cannot be attached any more after that. Submit it before, or upload a new one.",
            )
        )
    if report.requests_left is not None and report.requests_left < _FEW_REQUESTS:
        found.append(
            Warning(
                "few-requests-left",
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


def _explained(report: AttachReport) -> Annotation:
    """The message, the cure, and Apple's own sentence, each on a line; cut where it is too long."""
    error = report.error
    assert error is not None, "only what failed is explained"
    faults = [one_line(line) for line in message_lines(error)]
    rest = [*what_was_written(report), error.hint, apples_sentence(error)]
    rest = [one_line(line) for line in rest if line]
    room = _LONGEST - sum(len(line) + 1 for line in rest)
    kept: list[str] = []
    for line in faults:
        room -= len(line) + 1
        if kept and room < 0:
            kept.append(f"And {len(faults) - len(kept)} more; the job summary has all.")
            break
        kept.append(line)
    return Annotation(Level.ERROR, error.title, "\n".join([*kept, *rest]))


def _names(reports: Sequence[AttachReport], group: Sequence[AttachReport]) -> list[str]:
    return [name_among(reports, report) for report in group]


def _capped(found: Sequence[tuple[Annotation, Sequence[str]]], others: str) -> list[Annotation]:
    """Each annotation with the names of its targets; nine at most, and a tenth names the rest.

    Where there is one target, its name is empty.
    """
    named = [each._replace(message=_of_targets(names, each.message)) for each, names in found]
    if len(named) <= MOST_ANNOTATIONS:
        return named
    rest = [name for _, names in found[MOST_ANNOTATIONS:] for name in names]
    last = Annotation(
        named[0].level, f"{len(rest)} more", f"{others}, {len(rest)}: {_fitting(rest)}."
    )
    return [*named[:MOST_ANNOTATIONS], last]


def _of_targets(names: Sequence[str], message: str) -> str:
    if len(names) > 1:
        return f"{message}\nThis is so for {len(names)} targets: {_fitting(names)}."
    return f"{one_line(names[0])}: {message}" if names[0] else message


def _fitting(names: Sequence[str]) -> str:
    """As many of `names` as an annotation can hold beside its message, and how many more."""
    room = _ROOM_FOR_NAMES
    most = 0
    while most < len(names) and (room := room - len(names[most]) - 2) > 0:
        most += 1
    return one_line(listed(names, max(most, 1)), _ROOM_FOR_NAMES)
