"""The command line at a terminal: a live line while waiting, colour, tables at the end.

Everything is drawn as `Text`, never as markup, and cleaned before: what Apple or a tag says can
neither colour a word nor move the cursor.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from asc_linker.decision.preflight import Verdict
from asc_linker.reporting.report import error_lines
from asc_linker.text import log_line

if TYPE_CHECKING:
    from rich.console import RenderableType

    from asc_linker.errors import AscLinkerError
    from asc_linker.reporting.telling import Telling

_MARKS = {
    Verdict.OK: ("✓", "green"),
    Verdict.REFUSED: ("✗", "bold red"),
    Verdict.APPLE_DECIDES: ("?", "yellow"),
}


class Terminal:
    """Tells on stderr. NO_COLOR and FORCE_COLOR are heeded by rich itself."""

    def __init__(self, *, quiet: bool, verbose: bool) -> None:
        self._console = Console(stderr=True, markup=False, highlight=False, emoji=False)
        self._quiet = quiet
        self._verbose = verbose
        self._waiting: _Waiting | None = None
        self._live: Live | None = None

    def line(self, text: str) -> None:
        self._stop()
        if not self._quiet:
            self._print(_text(text))

    def waiting(self, what: str, elapsed_s: float, left_s: float) -> None:
        if self._quiet:
            return
        if self._live is None or self._waiting is None:
            self._waiting = _Waiting()
            self._live = Live(
                self._waiting,
                console=self._console,
                transient=True,
                refresh_per_second=8,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()
        self._waiting.told(what, elapsed_s, left_s)

    def debug(self, line: str) -> None:
        if self._verbose:
            self._print(_text(line, "dim"))

    def end(self, telling: Telling) -> None:
        self._stop()
        if not self._quiet:
            self._print_checks(telling)
            self._print_facts(telling)
        if telling.error is not None:
            self._print_error(telling.error)
        else:
            self._print(_text(telling.sentence, "bold green"))
        if not self._quiet:
            for warning in telling.warnings:
                self._print(Text.assemble(("Warning: ", "yellow"), _text(warning)))
        if self._verbose:
            for line in telling.trace.splitlines():
                self._print(_text(line, "dim"))

    def _print_checks(self, telling: Telling) -> None:
        if telling.checks:
            table = Table.grid(padding=(0, 2))
            for check in telling.checks:
                mark, style = _MARKS[check.verdict]
                table.add_row(Text(mark, style), _text(check.name, "bold"), _text(check.sentence))
            self._print(table)
            self._print(Text())

    def _print_facts(self, telling: Telling) -> None:
        if telling.facts:
            table = Table.grid(padding=(0, 2))
            table.add_column()
            table.add_column(overflow="fold")
            for name, value in telling.facts:
                table.add_row(_text(name, "dim"), _text(value))
            self._print(table)
            self._print(Text())

    def _print_error(self, error: AscLinkerError) -> None:
        self._print(Text.assemble(("Error: ", "bold red"), _text(error.title, "bold red")))
        for line in error_lines(error):
            self._print(_text(line, "cyan" if line == error.hint else ""))

    def _print(self, what: RenderableType) -> None:
        # A terminal that went away does not stop a run in the middle of its work.
        with suppress(OSError):
            self._console.print(what, soft_wrap=False)

    def _stop(self) -> None:
        live, self._live = self._live, None
        if live is not None:
            with suppress(OSError):
                live.stop()


class _Waiting:
    """The live line: what is so, for how long, and how long it may still be."""

    def __init__(self) -> None:
        self._spinner = Spinner("dots", style="cyan")
        self.told("", 0.0, 0.0)

    def told(self, what: str, elapsed_s: float, left_s: float) -> None:
        self._what, self._elapsed_s, self._left_s = what, elapsed_s, left_s
        self._told_at = time.monotonic()

    def __rich__(self) -> RenderableType:
        since_s = time.monotonic() - self._told_at
        elapsed, left = _clock(self._elapsed_s + since_s), _clock(self._left_s - since_s)
        said = Text.assemble(_text(self._what), (f"  {elapsed} so far, {left} left", "dim"))
        self._spinner.update(text=said)
        return self._spinner


def _text(foreign: str, style: str = "") -> Text:
    return Text(log_line(foreign), style)


def _clock(seconds: float) -> str:
    """`4:07`, or `1:04:07`."""
    minutes, rest = divmod(int(max(0.0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
