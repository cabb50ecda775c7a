"""Lines of a console: what they are made of, and how a pipe or a log shows them.

`asc_linker/reporting/terminal.py` shows the same to a person at a terminal.
"""

from __future__ import annotations

import os
from contextlib import suppress
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

from asc_linker.reporting.progress import Heartbeat
from asc_linker.text import aligned, log_line, without_command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import TextIO


class Style(StrEnum):
    """What a word is; the value is its ANSI code."""

    PLAIN = ""
    DIM = "2"
    STRONG = "1"
    GOOD = "32"
    RESULT = "1;32"
    OPEN = "33"
    BAD = "1;31"
    CURE = "36"


class Span(NamedTuple):
    """Words in one style. Foreign text in them is not neutralised yet."""

    text: str
    style: Style = Style.PLAIN


class Line(NamedTuple):
    spans: tuple[Span, ...]


class Grid(NamedTuple):
    """Rows of as many cells each, in columns."""

    rows: tuple[tuple[Span, ...], ...]


Block = Line | Grid


class Console(Protocol):
    """Where the user reads what goes on, and how it ended."""

    def line(self, text: str) -> None:
        """Something happened, once."""

    def status(self, label: str, text: str) -> None:
        """With several targets: what is so of one of them now."""

    def waiting(self, what: str, elapsed_s: float, left_s: float) -> None:
        """Nothing has happened yet: `what` is so, after `elapsed_s`, with `left_s` to go."""

    def debug(self, line: str) -> None:
        """A line for whoever wants to know everything."""

    def show(self, blocks: Iterable[Block]) -> None:
        """How it ended."""


def line(text: str, style: Style = Style.PLAIN) -> Line:
    return Line((Span(text, style),))


def wants_colour(environment: Mapping[str, str], *, by_default: bool) -> bool:
    """What NO_COLOR and FORCE_COLOR ask for, which are heeded when they are not empty."""
    if environment.get("NO_COLOR"):
        return False
    return by_default or bool(environment.get("FORCE_COLOR"))


def plain(blocks: Iterable[Block], *, colour: bool) -> Iterator[str]:
    """The lines of `blocks`; nothing in them can start a workflow command or move a cursor."""
    for block in blocks:
        if isinstance(block, Line):
            texts = [log_line(span.text) for span in block.spans]
            yield _painted(block.spans, texts, colour=colour)
        elif block.rows:
            cells = aligned([[log_line(span.text) for span in row] for row in block.rows])
            for row, texts in zip(block.rows, cells, strict=True):
                between = [f"{text}  " for text in texts[:-1]]
                yield _painted(row, [*between, texts[-1]], colour=colour)


def _painted(spans: Iterable[Span], texts: list[str], *, colour: bool) -> str:
    painted = (
        f"\x1b[{span.style}m{text}\x1b[0m" if colour and span.style and text.strip() else text
        for span, text in zip(spans, texts, strict=True)
    )
    return without_command("".join(painted))


class Lines:
    """Plain lines, for a pipe or a log, or for a terminal where rich is missing.

    `spell` names inputs as they were typed. A reader that went away does not stop a run in the
    middle of its work.
    """

    def __init__(
        self,
        stream: TextIO,
        *,
        quiet: bool,
        verbose: bool,
        colour: bool,
        spell: Callable[[str], str],
    ) -> None:
        self._stream = stream
        self._quiet = quiet
        self._verbose = verbose
        self._colour = colour
        self._spell = spell
        self._heartbeat = Heartbeat(lambda text: self.show([line(text)]))

    def line(self, text: str) -> None:
        if not self._quiet:
            self._heartbeat.line(text)

    def status(self, label: str, text: str) -> None:
        if not self._quiet:
            self._heartbeat.status(label, text)

    def waiting(self, what: str, elapsed_s: float, left_s: float) -> None:
        if not self._quiet:
            self._heartbeat.waiting(what, elapsed_s, left_s)

    def debug(self, line: str) -> None:
        if self._verbose:
            self.show([Line((Span(line, Style.DIM),))])

    def show(self, blocks: Iterable[Block]) -> None:
        for text in plain(respelt_blocks(blocks, self._spell), colour=self._colour):
            try:
                self._stream.write(text + "\n")
                self._stream.flush()
            except OSError:
                silence(self._stream)


def respelt_blocks(blocks: Iterable[Block], spell: Callable[[str], str]) -> Iterator[Block]:
    """`blocks` with every input named as it was typed."""
    for block in blocks:
        if isinstance(block, Line):
            yield Line(_respelt(block.spans, spell))
        else:
            yield Grid(tuple(_respelt(row, spell) for row in block.rows))


def _respelt(spans: Iterable[Span], spell: Callable[[str], str]) -> tuple[Span, ...]:
    return tuple(Span(spell(span.text), span.style) for span in spans)


def silence(stream: TextIO) -> None:
    """Let what is written to `stream` go nowhere, because nobody reads it any more."""
    with suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
