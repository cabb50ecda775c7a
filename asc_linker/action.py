"""The GitHub Action: the environment in, an exit code out."""

from __future__ import annotations

import sys
import traceback
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from asc_linker.clock import SystemClock
from asc_linker.errors import AscLinkerError
from asc_linker.inputs import INPUTS
from asc_linker.outcome import Known, Outcome
from asc_linker.private_key import secret_lines
from asc_linker.report import annotation, error_lines, headline, outputs, summary, warnings
from asc_linker.request import read_boolean, read_job
from asc_linker.runner import Runner

if TYPE_CHECKING:
    from collections.abc import Mapping

    from asc_linker.outcome import AttachReport

_A_BUG = (
    "This is a fault of asc-linker, not of your workflow. Please report it, with the log of a run "
    "with step debug logging on: it names the place, and holds no secret."
)


def main() -> int:
    """Run the step. Returns the exit code; every failure is told, none as a traceback."""
    runner = Runner()
    inputs = runner.inputs(entry.name for entry in INPUTS)
    inputs.setdefault("tag", runner.pushed_tag)
    for line in secret_lines(inputs.get("api-private-key", "")):
        runner.mask(line)
    known = Known()
    error: AscLinkerError | None = None
    try:
        report = _carry_out(inputs, runner, known)
    except AscLinkerError as caught:
        error = caught
        report = known.report(Outcome.FAILED)
    except Exception as caught:
        error = AscLinkerError(f"asc-linker stopped on {type(caught).__name__}.", hint=_A_BUG)
        report = known.report(Outcome.FAILED)
        for line in traceback.format_exception(caught):
            runner.debug(line)
    _publish(report, error, runner)
    return 0 if error is None else error.exit_code


def _carry_out(inputs: Mapping[str, str], runner: Runner, known: Known) -> AttachReport:
    if read_boolean(inputs, "demo"):
        from asc_linker.demo import stand_in

        world = stand_in(inputs)
    else:
        world = nullcontext(inputs)
    with world as given:
        job = read_job(given)
        # The network stack loads only once the inputs make sense.
        from asc_linker.attach import attach
        from asc_linker.client import connect

        with (
            connect(
                job, SystemClock(), on_token=runner.mask, on_exchange=lambda x: runner.debug(str(x))
            ) as apple,
            runner.group("asc-linker"),
        ):
            return attach(job.request, apple, runner.log, known)


def _publish(report: AttachReport, error: AscLinkerError | None, runner: Runner) -> None:
    """Tell the result everywhere a workflow looks for it."""
    for warning in warnings(report, datetime.now(UTC)) if error is None else ():
        runner.warning(warning.title, warning.message)
    if error is None:
        runner.log(headline(report))
        runner.notice(f"asc-linker: {report.outcome}", headline(report))
    else:
        for line in error_lines(error):
            runner.log(line)
        runner.error(error.title, annotation(error))
    runner.outputs(outputs(report))
    runner.summary(summary(report, error))


if __name__ == "__main__":
    sys.exit(main())
