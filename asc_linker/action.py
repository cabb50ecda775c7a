"""The GitHub Action: the environment in, an exit code out."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from asc_linker import signals
from asc_linker.inputs.read_job import job_secrets, read_report_file
from asc_linker.inputs.table import INPUTS
from asc_linker.inputs.tag import pushed_tag
from asc_linker.reporting.annotations import Annotation, Level, run_annotations
from asc_linker.reporting.files import attempt, write_report_file
from asc_linker.reporting.github import Runner
from asc_linker.reporting.progress import Heartbeat
from asc_linker.reporting.report import outputs
from asc_linker.reporting.result import beside_the_annotations, target_blocks
from asc_linker.reporting.sentences import UNWRITTEN, unwritten
from asc_linker.reporting.summary import summary
from asc_linker.run import Listeners, run

if TYPE_CHECKING:
    from pathlib import Path

    from asc_linker.run import Ending


def main() -> int:
    """Run the step. Returns the exit code; every failure is explained, none is a traceback."""
    signals.remember()
    runner = Runner()
    inputs = runner.inputs(entry.name for entry in INPUTS)
    inputs.setdefault("tag", pushed_tag(runner.environment))
    for line in job_secrets(inputs, runner.environment):
        runner.mask(line)
    listeners = Listeners(Heartbeat(runner.log), on_token=runner.mask, debug=runner.debug)
    with runner.group("asc-linker"):
        ending = run(inputs, runner.environment, listeners)
    return _publish(ending, runner, read_report_file(inputs))


def _publish(ending: Ending, runner: Runner, path: Path | None) -> int:
    """Write the results everywhere a workflow looks for them. Returns the exit code."""
    reports, shard, now = ending.reports, ending.shard, datetime.now(UTC)
    faults = [
        *attempt("the outputs", lambda: runner.outputs(outputs(reports))),
        *attempt("the job summary", lambda: runner.summary(summary(reports, now, shard))),
        *write_report_file(path, reports, shard),
        *attempt("the log", lambda: _show(ending, runner, now)),
    ]
    if faults:
        runner.annotate(Annotation(Level.ERROR, UNWRITTEN, unwritten(faults, reports)))
    return ending.exit_code or bool(faults)


def _show(ending: Ending, runner: Runner, now: datetime) -> None:
    reports = ending.reports
    with runner.group("Targets" if len(reports) > 1 else "Checks"):
        runner.show(target_blocks(reports))
    for each in run_annotations(reports, now, ending.shard):
        runner.annotate(each)
    runner.show(beside_the_annotations(reports))
    for line in ending.trace.splitlines():
        runner.debug(line)


if __name__ == "__main__":
    sys.exit(main())
