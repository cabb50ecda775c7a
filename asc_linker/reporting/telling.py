"""What the command line tells at the end of a run, and how it tells it on plain lines.

`asc_linker/reporting/terminal.py` says the same to a person at a terminal.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from asc_linker.attach.progress import Heartbeat, Tell
from asc_linker.decision.outcome import Outcome
from asc_linker.reporting.report import error_lines, headline, version_url, warnings
from asc_linker.text import log_line

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from typing import TextIO

    from asc_linker.decision.outcome import AttachReport
    from asc_linker.decision.preflight import Check
    from asc_linker.errors import AscLinkerError
    from asc_linker.run import Ending

_DRY = (Outcome.WOULD_ATTACH, Outcome.WOULD_DETACH)


@dataclass(frozen=True, slots=True)
class Telling:
    """The end of a run, ready to be told. Foreign text in it is not escaped.

    `sentence` is the result and is left out when there is an `error`; `facts` are name and value.
    """

    sentence: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    checks: tuple[Check, ...] = ()
    warnings: tuple[str, ...] = ()
    error: AscLinkerError | None = None
    trace: str = ""


class Voice(Tell, Protocol):
    """Who tells the user what goes on, and how it ended."""

    def debug(self, line: str) -> None:
        """A line for whoever wants to know everything."""

    def end(self, telling: Telling) -> None:
        """The last word."""


def told(ending: Ending, now: datetime) -> Telling:
    """How a run ended, as it is told. `now` decides what expires soon."""
    report, error = ending.report, ending.error
    if error is not None:
        return Telling(facts=_facts(report), checks=report.checks, error=error, trace=ending.trace)
    return Telling(
        headline(report),
        _facts(report),
        report.checks,
        tuple(f"{each.title}. {each.message}" for each in warnings(report, now)),
    )


class Lines:
    """Plain lines, for a pipe or a log: nothing in them can start a workflow command.

    A reader that went away does not stop a run in the middle of its work.
    """

    def __init__(self, stream: TextIO, *, quiet: bool, verbose: bool) -> None:
        self._stream = stream
        self._quiet = quiet
        self._verbose = verbose
        self._heartbeat = Heartbeat(self._say)

    def line(self, text: str) -> None:
        if not self._quiet:
            self._heartbeat.line(text)

    def waiting(self, what: str, elapsed_s: float, left_s: float) -> None:
        if not self._quiet:
            self._heartbeat.waiting(what, elapsed_s, left_s)

    def debug(self, line: str) -> None:
        if self._verbose:
            self._say(line)

    def end(self, telling: Telling) -> None:
        if not self._quiet:
            self._say_all(check_lines(telling.checks))
        if telling.error is not None:
            self._say(f"Error: {telling.error.title}")
            self._say_all(error_lines(telling.error))
        else:
            self._say(telling.sentence)
        if not self._quiet:
            self._say_all(f"Warning: {warning}" for warning in telling.warnings)
        if self._verbose:
            self._say_all(telling.trace.splitlines())

    def _say_all(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._say(line)

    def _say(self, line: str) -> None:
        try:
            self._stream.write(log_line(line) + "\n")
            self._stream.flush()
        except OSError:
            silence(self._stream)


def silence(stream: TextIO) -> None:
    """Let what is written to `stream` go nowhere, because nobody reads it any more."""
    with suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def check_lines(checks: tuple[Check, ...]) -> list[str]:
    """The checks as aligned lines."""
    width = max((len(check.name) for check in checks), default=0)
    return [f"{check.verdict:7}  {check.name:{width}}  {check.sentence}" for check in checks]


def _facts(report: AttachReport) -> tuple[tuple[str, str], ...]:
    app, version = report.app, report.version
    found = []
    if app is not None:
        found.append(("App", ", ".join(filter(None, (app.name, app.bundle_id or app.id)))))
    if version is not None:
        named = f"{version.version_string} ({version.platform.label}), {version.state_word}"
        found.append(("Version", named))
        found.append(("Build", _build(report)))
    if url := version_url(report):
        found.append(("Page", url))
    return tuple(found)


def _build(report: AttachReport) -> str:
    before = report.version.build if report.version else None
    after = report.attached
    told = (before.number or before.id) if before else "none"
    if report.outcome in _DRY or (report.changed and report.outcome is not Outcome.FAILED):
        now = (after.number or after.id) if after else "none"
        return told if now == told else f"{told} → {now}"
    return told
