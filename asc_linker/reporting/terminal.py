"""A person's terminal: a live line or table while waiting, colour, columns that wrap.

Everything is drawn as `Text`, never as markup, and neutralised before: what Apple or a tag says can
neither colour a word nor move the cursor.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from asc_linker.reporting.console import Line, Span, Style, line, respelt_blocks
from asc_linker.text import log_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rich.console import RenderableType

    from asc_linker.reporting.console import Block

_STYLES = {
    Style.PLAIN: "",
    Style.DIM: "dim",
    Style.STRONG: "bold",
    Style.GOOD: "green",
    Style.RESULT: "bold green",
    Style.OPEN: "yellow",
    Style.BAD: "bold red",
    Style.CURE: "cyan",
}
# Title, heading, the line of the wait, and what the table leaves out.
_LINES_AROUND_ROWS = 5


class Terminal:
    """Shows on stderr. NO_COLOR and FORCE_COLOR are heeded by rich itself."""

    def __init__(self, *, quiet: bool, verbose: bool, spell: Callable[[str], str]) -> None:
        self._console = Console(stderr=True, markup=False, highlight=False, emoji=False)
        self._quiet = quiet
        self._verbose = verbose
        self._spell = spell
        self._now = _Now(self._console)
        self._live: Live | None = None
        # Statuses come from the threads that find them out, and a terminal has one live part.
        self._lock = threading.Lock()

    def line(self, text: str) -> None:
        if not self._quiet:
            if not self._now.targets:
                self._stop()
            self._show(line(text))

    def status(self, label: str, text: str) -> None:
        self._now.status(label, self._spell(text))
        self._start()

    def waiting(self, what: str, elapsed_s: float, left_s: float) -> None:
        self._now.waiting(self._spell(what), elapsed_s, left_s)
        self._start()

    def debug(self, line: str) -> None:
        if self._verbose:
            self._print(_text(Span(line, Style.DIM)))

    def show(self, blocks: Iterable[Block]) -> None:
        self._stop()
        for block in blocks:
            self._show(block)

    def _show(self, block: Block) -> None:
        for each in respelt_blocks([block], self._spell):
            self._print(_drawn(each))

    def _print(self, what: RenderableType) -> None:
        # A terminal that went away does not stop a run in the middle of its work.
        with suppress(OSError):
            self._console.print(what, soft_wrap=False)

    def _start(self) -> None:
        with self._lock:
            if self._quiet or self._live is not None:
                return
            self._live = Live(
                self._now,
                console=self._console,
                transient=True,
                refresh_per_second=8,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()

    def _stop(self) -> None:
        with self._lock, suppress(OSError):
            live, self._live = self._live, None
            if live is not None:
                live.stop()


class _Now:
    """What is so at this moment: of each target, if there are several, and of the wait."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._spinner = Spinner("dots", style="cyan")
        self.targets: dict[str, str] = {}
        self._what, self._elapsed_s, self._left_s = "", 0.0, 0.0
        self._since_s = time.monotonic()

    def status(self, label: str, text: str) -> None:
        # At the end: what has changed last is shown where there is no room for all.
        self.targets.pop(label, None)
        self.targets[label] = text

    def waiting(self, what: str, elapsed_s: float, left_s: float) -> None:
        self._what, self._elapsed_s, self._left_s = what, elapsed_s, left_s
        self._since_s = time.monotonic()

    def __rich__(self) -> RenderableType:
        parts: list[RenderableType] = []
        if self.targets:
            parts.append(self._table())
        if self._what:
            parts.append(self._wait())
        return Group(*parts)

    def _table(self) -> Table:
        # A copy: it may change meanwhile.
        targets = list(self.targets.items())
        room = max(3, self._console.height - _LINES_AROUND_ROWS)
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        for heading in ("App", "Platform", "State"):
            table.add_column(heading)
        for label, text in targets[-room:]:
            app, _, platform = label.rpartition(" (")
            table.add_row(
                _text(Span(app or label)),
                _text(Span(platform.rstrip(")") if app else "")),
                _text(Span(text)),
            )
        if (more := len(targets) - room) > 0:
            table.add_row(Text(f"and {more} more", "dim"))
        return table

    def _wait(self) -> RenderableType:
        since_s = time.monotonic() - self._since_s
        elapsed, left = _clock(self._elapsed_s + since_s), _clock(self._left_s - since_s)
        times = Text(f"  {elapsed} so far, {left} left", "dim")
        self._spinner.update(text=Text.assemble(_text(Span(self._what)), times))
        return self._spinner


def _drawn(block: Block) -> RenderableType:
    if isinstance(block, Line):
        return Text.assemble(*(_text(span) for span in block.spans))
    table = Table.grid(padding=(0, 2))
    for _ in block.rows[0] if block.rows else ():
        table.add_column(overflow="fold")
    for row in block.rows:
        table.add_row(*(_text(span) for span in row))
    return table


def _text(span: Span) -> Text:
    return Text(log_line(span.text), _STYLES[span.style])


def _clock(seconds: float) -> str:
    """`4:07`, or `1:04:07`."""
    minutes, rest = divmod(int(max(0.0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
