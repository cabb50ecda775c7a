"""The files that results are written to; one that cannot be written ends nothing."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from asc_linker.reporting.report import report_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from asc_linker.decision.report import AttachReport
    from asc_linker.decision.request import Shard


def write_report_file(
    path: Path | None, reports: Sequence[AttachReport], shard: Shard | None
) -> list[str]:
    """Write what `report-file` asks for, if it does. Returns why that failed, or nothing."""
    if path is None:
        return []

    def write() -> None:
        path.write_text(report_file(reports, shard), encoding="utf-8", errors="replace")

    return attempt(f"`report-file` {path}", write)


def write_step_files(outputs: Mapping[str, str], summary: str) -> list[str]:
    """Write the outputs and the summary of a step of GitHub's. Returns why that failed."""
    try:
        from asc_linker.reporting.github import Runner
    except ModuleNotFoundError:
        return ["outputs and summary: install `asc-linker[action]`, which knows GitHub's files"]
    runner = Runner()
    return [
        *attempt("the outputs", partial(runner.outputs, outputs)),
        *attempt("the job summary", partial(runner.summary, summary)),
    ]


def attempt(what: str, write: Callable[[], object]) -> list[str]:
    """Do `write`. Returns why `what` could not be written: a list of one, or of none."""
    try:
        write()
    except Exception as fault:  # noqa: BLE001 - actions-toolkit raises nothing more precise
        return [f"{what}: {getattr(fault, 'strerror', '') or fault}"]
    return []
