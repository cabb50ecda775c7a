"""GitHub's runner, as an action sees it: inputs in the environment, commands on stdout, files.

actions-toolkit escapes commands and writes the command files; what it lacks is completed here: the
step summary, masks that are flushed, annotations that drop empty properties, plain logging of
foreign text. Only its two modules that need the standard library alone are imported.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from actions_toolkit.command import Command

from asc_linker.reporting.console import line, plain, wants_colour
from asc_linker.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from asc_linker.reporting.annotations import Annotation
    from asc_linker.reporting.console import Block

# The runner cuts an annotation's message here; the Checks API refuses longer titles.
_LONGEST_MESSAGE = 4096
_LONGEST_TITLE = 255
# The service drops a summary of one mebibyte without a word.
_LARGEST_SUMMARY = 1_000_000


class Runner:
    """One step's side of the conversation.

    Everything goes to stdout, in order and at once: the runner masks only what it knew before.
    """

    def __init__(self) -> None:
        # The runner reads UTF-8 and LF; a Windows console would write neither.
        sys.stdout.reconfigure(  # type: ignore[union-attr]
            encoding="utf-8", errors="replace", newline="\n", line_buffering=True
        )
        self._colour = wants_colour(os.environ, by_default=True)
        self._unopened = ""

    @property
    def environment(self) -> Mapping[str, str]:
        return os.environ

    def inputs(self, names: Iterator[str]) -> dict[str, str]:
        """The inputs that were given, by name."""
        values = {name: os.environ.get(f"INPUT_{name.upper()}", "") for name in names}
        return {name: value for name, value in values.items() if value.strip()}

    def mask(self, line: str) -> None:
        """Hide `line`, one line of a secret, from all that follows."""
        if line:
            self._command("add-mask", line)

    def log(self, text: str) -> None:
        self.show([line(text)])

    def show(self, blocks: Iterable[Block]) -> None:
        """Log `blocks`, in colour: GitHub draws it."""
        for text in plain(blocks, colour=self._colour):
            if self._unopened:
                self._command("group", one_line(self._unopened))
                self._unopened = ""
            _write(text)

    def debug(self, line: str) -> None:
        self._command("debug", one_line(line))

    def annotate(self, annotation: Annotation) -> None:
        title = one_line(annotation.title, _LONGEST_TITLE)
        lines = (one_line(line, _LONGEST_MESSAGE) for line in annotation.message.split("\n"))
        self._command(annotation.level, "\n".join(lines)[:_LONGEST_MESSAGE], title=title)

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        """Fold what is shown inside; nothing inside, no group."""
        self._unopened = title
        try:
            yield
        finally:
            if not self._unopened:
                self._command("endgroup")
            self._unopened = ""

    def outputs(self, values: Mapping[str, str]) -> None:
        """Set the step's outputs. Does nothing where no runner asked for them."""
        from actions_toolkit.file_command import issue_file_command, prepare_key_value_message

        if os.environ.get("GITHUB_OUTPUT"):
            for name, value in values.items():
                issue_file_command("OUTPUT", prepare_key_value_message(name, _writable(value)))

    def summary(self, markdown: str) -> None:
        """Add to the job's summary. Does nothing where no runner asked for it."""
        from actions_toolkit.file_command import issue_file_command

        if os.environ.get("GITHUB_STEP_SUMMARY"):
            fits = _writable(markdown).encode()[:_LARGEST_SUMMARY].decode(errors="ignore")
            issue_file_command("STEP_SUMMARY", fits)

    def _command(self, name: str, message: str = "", **properties: str) -> None:
        given = {key: value for key, value in properties.items() if value}
        _write(str(Command(name, given, message)))


def _write(line: str) -> None:
    # In one piece: several threads write, and a mask must not be torn.
    sys.stdout.write(f"{line}\n")


def _writable(text: str) -> str:
    """`text` without the halves of surrogate pairs that JSON allows and UTF-8 does not."""
    return text.encode("utf-8", "replace").decode()
