"""The GitHub Action: the environment in, an exit code out."""

from __future__ import annotations

import sys

from asc_linker import signals
from asc_linker.inputs.read_job import job_secrets, read_report_file
from asc_linker.inputs.table import INPUTS
from asc_linker.inputs.tag import pushed_tag
from asc_linker.reporting.github import Runner
from asc_linker.reporting.progress import Heartbeat
from asc_linker.run import Listeners, run

# What is needed once the run is over.
AFTERWARDS = ("asc_linker.reporting.publish", "actions_toolkit.file_command")


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
        ending = run(inputs, runner.environment, listeners, afterwards=AFTERWARDS)
    from asc_linker.reporting.publish import publish

    is_written = publish(runner, ending.reports, ending.shard, read_report_file(inputs))
    for line in ending.trace.splitlines():
        runner.debug(line)
    return ending.exit_code or not is_written


if __name__ == "__main__":
    sys.exit(main())
