"""Other people's text, made safe for where it goes.

Apple's titles and details, app names and versions are data. In a log a line could start a workflow
command, in Markdown it could draw a link or a table row; here both become plain words. What several
rooms write alike (lists, columns, booleans, names of inputs) is written here too.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

# Left-to-right marks and the like: they reorder what a reader sees without being seen themselves.
_INVISIBLE = frozenset({"Cf", "Cs", "Co", "Cn"})
# What starts markup anywhere in a line, and the colon and dot without which nothing links itself.
_MARKDOWN = re.compile(r"([\\`*_\[\]#!|<>~&@$]|:(?=//)|(?<=www)\.)", re.IGNORECASE)
# Both forms of GitHub's commands, `::name` at the start of a line and `##[name]` anywhere, and the
# `##vso[name]` of Azure Pipelines.
_COMMAND = re.compile(r":{2,}|##\w*\[")
# What is markup only where a block begins: a list, a rule, a heading underlined.
_BLOCK = re.compile(r"^(\d*)([-+=.)])", re.ASCII)
_LONGEST_LINE = 4000
# What we put between backticks. Two in a row would be a longer fence, and pair with others.
_CODE = re.compile(r"`([^`]+)`")
_FENCE = re.compile(r"``")
# In a cell a pipe ends a code span, and a backslash before it would be taken away.
_NO_CODE = re.compile(r"[|\\$]|^\s|\s$")
_INPUT = re.compile(r"`([a-z][a-z-]*)(?:: ?([^`]*))?`")


def one_line(text: str, longest: int = 1000) -> str:
    """`text` on one line without control, bidi or other invisible characters, cut at `longest`."""
    folded = " ".join(_visible(text).split())
    return folded if len(folded) <= longest else folded[: longest - 1] + "…"


def log_line(text: str) -> str:
    """`text` as one line in which the runner finds no command; blanks stay, so columns do."""
    return without_command(_visible(text)[:_LONGEST_LINE])


def without_command(line: str) -> str:
    """`line`, in which harmless parts may have made a command together, without one."""
    return _COMMAND.sub(lambda found: "\u200b".join(found[0]), line)


def _visible(text: str) -> str:
    return "".join(
        " " if character.isspace() or unicodedata.category(character) == "Cc" else character
        for character in text
        if unicodedata.category(character) not in _INVISIBLE
    )


def markdown(text: str) -> str:
    """`text` as one line of Markdown that draws exactly these characters."""
    return _escaped(one_line(text))


def _escaped(line: str) -> str:
    return _BLOCK.sub(r"\1\\\2", _inline(line))


def _inline(part: str) -> str:
    return _MARKDOWN.sub(r"\\\1", part)


def prose(text: str) -> str:
    """A sentence of ours as one line of Markdown: what is in backticks becomes a code span."""
    line = one_line(text)
    if line.count("`") % 2 or _FENCE.search(line):
        return markdown(line)
    first, *rest = _CODE.split(line)
    return _escaped(first) + "".join(
        _inline(part) if n % 2 else code(part) for n, part in enumerate(rest)
    )


def code(text: str) -> str:
    """`text` as a code span, or as plain Markdown where a span could not hold it."""
    line = one_line(text)
    return markdown(line) if not line or "`" in line or _NO_CODE.search(line) else f"`{line}`"


def listed(things: Sequence[str], most: int = 10) -> str:
    """At most ten, and how many more there are."""
    more = len(things) - most
    return ", ".join(things[:most]) + (f" and {more} more" if more > 0 else "")


def true_or_false(value: bool) -> str:
    """As it is typed in YAML."""
    return "true" if value else "false"


def aligned(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """The cells of a table, each but a row's last as wide as its column."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        [*(f"{cell:{width}}" for cell, width in zip(row[:-1], widths, strict=False)), *row[-1:]]
        for row in rows
    ]


def respelt(text: str, names: Collection[str], spell: Callable[[str, str], str]) -> str:
    """`text` with each `` `input` `` and `` `input: value` `` spelt as it was typed.

    `spell` gets the input's name and the value, which is empty where there is none. What is said of
    a target by its place speaks of the names in its YAML, and those stay.
    """
    if text.startswith("targets["):
        return text
    return _INPUT.sub(
        lambda found: f"`{spell(found[1], found[2] or '')}`" if found[1] in names else found[0],
        text,
    )
