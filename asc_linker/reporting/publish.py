"""How a run ended, written everywhere a workflow looks for it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from asc_linker.reporting.annotations import Annotation, Level, run_annotations
from asc_linker.reporting.files import attempt, write_report_file
from asc_linker.reporting.report import outputs
from asc_linker.reporting.result import beside_the_annotations, target_blocks
from asc_linker.reporting.sentences import UNWRITTEN, unwritten
from asc_linker.reporting.summary import summary

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from asc_linker.decision.report import AttachReport
    from asc_linker.decision.request import Shard
    from asc_linker.reporting.github import Runner


def publish(
    runner: Runner, reports: Sequence[AttachReport], shard: Shard | None, report_file: Path | None
) -> bool:
    """Write outputs, summary, report file, log and annotations. Returns whether all could be."""
    now = datetime.now(UTC)
    faults = [
        *attempt("the outputs", lambda: runner.outputs(outputs(reports))),
        *attempt("the job summary", lambda: runner.summary(summary(reports, now, shard))),
        *write_report_file(report_file, reports, shard),
        *attempt("the log", lambda: _show(runner, reports, shard, now)),
    ]
    if faults:
        runner.annotate(Annotation(Level.ERROR, UNWRITTEN, unwritten(faults, reports)))
    return not faults


def _show(
    runner: Runner, reports: Sequence[AttachReport], shard: Shard | None, now: datetime
) -> None:
    with runner.group("Targets" if len(reports) > 1 else "Checks"):
        runner.show(target_blocks(reports))
    for each in run_annotations(reports, now, shard):
        runner.annotate(each)
    runner.show(beside_the_annotations(reports))
