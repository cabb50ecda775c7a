"""Other people's text, made safe for where it goes.

Apple's titles and details, app names and versions are data. In a log a line could start a workflow
command, in Markdown it could draw a link or a table row; here both become plain words.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

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


def one_line(text: str, longest: int = 1000) -> str:
    """`text` on one line without control, bidi or other invisible characters, cut at `longest`."""
    folded = " ".join(_visible(text).split())
    return folded if len(folded) <= longest else folded[: longest - 1] + "…"


def log_line(text: str) -> str:
    """`text` as one line in which the runner finds no command; blanks stay, so columns do."""
    return _COMMAND.sub(lambda found: "\u200b".join(found[0]), _visible(text)[:_LONGEST_LINE])


def _visible(text: str) -> str:
    return "".join(
        " " if character.isspace() or unicodedata.category(character) == "Cc" else character
        for character in text
        if unicodedata.category(character) not in _INVISIBLE
    )


def markdown(text: str) -> str:
    """`text` as one line of Markdown that draws exactly these characters."""
    return _BLOCK.sub(r"\1\\\2", _MARKDOWN.sub(r"\\\1", one_line(text)))


def listed(things: Sequence[str], most: int = 10) -> str:
    """At most ten, and how many more there are."""
    more = len(things) - most
    return ", ".join(things[:most]) + (f" and {more} more" if more > 0 else "")


def true_or_false(value: bool) -> str:
    """As it is typed in YAML."""
    return "true" if value else "false"
