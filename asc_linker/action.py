"""The GitHub Action: the environment in, an exit code out."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from asc_linker.attach.progress import Heartbeat
from asc_linker.inputs.private_key import secret_lines
from asc_linker.inputs.table import INPUTS
from asc_linker.reporting.github import Runner
from asc_linker.reporting.report import (
    annotation,
    error_lines,
    headline,
    outputs,
    summary,
    table,
    warnings,
)
from asc_linker.run import Listeners, run

if TYPE_CHECKING:
    from asc_linker.run import Ending


def main() -> int:
    """Run the step. Returns the exit code; every failure is told, none as a traceback."""
    runner = Runner()
    inputs = runner.inputs(entry.name for entry in INPUTS)
    inputs.setdefault("tag", runner.pushed_tag)
    for line in secret_lines(inputs.get("api-private-key", "")):
        runner.mask(line)
    listeners = Listeners(Heartbeat(runner.log), on_token=runner.mask, debug=runner.debug)
    with runner.group("asc-linker"):
        ending = run(inputs, listeners)
    try:
        _publish(ending, runner)
    except Exception as fault:
        runner.error("asc-linker failed", f"The step's results could not be written: {fault}")
        return ending.exit_code or 1
    return ending.exit_code


def _publish(ending: Ending, runner: Runner) -> None:
    """Tell the ending everywhere a workflow looks for it."""
    report, error = ending.report, ending.error
    if report.checks:
        with runner.group("Checks"):
            for line in table(report):
                runner.log(line)
    if error is None:
        runner.log(headline(report))
        for warning in warnings(report, datetime.now(UTC)):
            runner.warning(warning.title, warning.message)
        runner.notice(f"asc-linker: {report.outcome}", headline(report))
    else:
        for line in error_lines(error):
            runner.log(line)
        runner.error(error.title, annotation(error))
    for line in ending.trace.splitlines():
        runner.debug(line)
    runner.outputs(outputs(report, error))
    runner.summary(summary(report, error))


if __name__ == "__main__":
    sys.exit(main())
