"""Runs the entrypoint as GitHub's runner would, and reads what it said as the runner does.

The rules are those of the runner's own source (Runner.Common/ActionCommand.cs, Runner.Worker/
FileCommandManager.cs), written down here a second time, so that no mistake of ours confirms itself.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Command:
    """A workflow command the runner found in a line."""

    name: str
    properties: dict[str, str]
    data: str


def find_command(line: str) -> Command | None:
    """The command in one line: `::name k=v,k=v::data` after blanks, or `##[name k=v;k=v]data`."""
    trimmed = line.lstrip()
    end = trimmed.find("::", 2)
    if trimmed.startswith("::") and end > 0:
        return _command(trimmed[2:end], ",", trimmed[end + 2 :])
    start = line.find("##[")
    end = line.find("]", start)
    if start >= 0 and end > 0:
        return _command(line[start + 3 : end], ";", line[end + 1 :])
    return None


def _command(head: str, separator: str, data: str) -> Command | None:
    name, _, rest = head.strip().partition(" ")
    if not name:
        return None
    pairs = (pair.partition("=") for pair in rest.split(separator))
    return Command(name.lower(), {k: _decoded(v) for k, _, v in pairs if v}, _decoded(data))


def _decoded(text: str) -> str:
    for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, character)
    return text


def lines_as_the_runner_splits_them(text: str) -> list[str]:
    return re.split(r"\r\n|\n|\r", text)


@dataclass(frozen=True)
class Step:
    """What a step left behind, as the run's page would show it."""

    exit_code: int
    stdout: str
    stderr: str
    output_file: str
    summary: str

    @property
    def lines(self) -> list[str]:
        return lines_as_the_runner_splits_them(self.stdout + self.stderr)

    @property
    def commands(self) -> list[Command]:
        return [found for line in self.lines if (found := find_command(line)) is not None]

    @property
    def log(self) -> str:
        """The lines that are no commands: what a person reads."""
        return "\n".join(line for line in self.lines if find_command(line) is None)

    @property
    def masks(self) -> list[str]:
        return [command.data for command in self.commands if command.name == "add-mask"]

    def annotations(self, level: str) -> list[Command]:
        return [command for command in self.commands if command.name == level]

    @property
    def error(self) -> Command:
        """The one error annotation of a step that failed."""
        (only,) = self.annotations("error")
        return only

    @property
    def outputs(self) -> dict[str, str]:
        """The outputs, read as the runner reads the file: only LF ends a line."""
        found: dict[str, str] = {}
        lines = iter(self.output_file.split("\n"))
        for line in lines:
            if not line:
                continue
            name, mark, delimiter = line.partition("<<")
            assert mark, f"no name=value and no name<<delimiter: {line!r}"
            value = []
            for part in lines:
                if part == delimiter:
                    break
                value.append(part)
            else:
                raise AssertionError(f"{name} has no end")
            found[name] = "\n".join(value)
        return found

    @property
    def report(self) -> list[dict[str, object]]:
        reports: list[dict[str, object]] = json.loads(self.outputs["report"])
        return reports

    def everything(self) -> str:
        """All that a reader of the run can see, once the runner has masked what it was told to."""
        shown = "\n".join([self.log, self.output_file, self.summary])
        for command in self.commands:
            if command.name != "add-mask":
                shown += "\n" + command.data + "\n" + "\n".join(command.properties.values())
        return shown


def entrypoint() -> list[str]:
    """The container's ENTRYPOINT, with this Python and this checkout in place of the image's."""
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    (given,) = re.findall(r"^ENTRYPOINT (\[.*\])$", dockerfile, re.MULTILINE)
    python, *flags, script = json.loads(given)
    assert python.endswith("/python3")
    return [sys.executable, *flags, str(ROOT / Path(script).name)]


def run_step(
    folder: Path,
    inputs: Mapping[str, str],
    environment: Mapping[str, str] | None = None,
    checkout: Path | None = None,
    meanwhile: Callable[[subprocess.Popen[bytes]], None] | None = None,
) -> Step:
    """Run the action once; `folder` holds its files, `checkout` is the directory it starts in.

    `meanwhile` gets the process while it runs, to disturb it.
    """
    output, summary = folder / "output", folder / "summary"
    for file in (output, summary):
        file.write_text("", encoding="utf-8")
    workspace = checkout or folder / "workspace"
    workspace.mkdir(exist_ok=True)
    # Coverage of a subprocess travels in the environment.
    inherited = {
        name: value for name, value in os.environ.items() if name.startswith(("COV", "SYSTEMROOT"))
    }
    given = {f"INPUT_{name.replace(' ', '_').upper()}": value for name, value in inputs.items()}
    with subprocess.Popen(
        entrypoint(),
        cwd=workspace,
        env={
            **inherited,
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": str(workspace),
            "GITHUB_REF_TYPE": "branch",
            "GITHUB_REF_NAME": "main",
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(summary),
            **given,
            **(environment or {}),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        if meanwhile is not None:
            meanwhile(process)
        stdout, stderr = process.communicate(timeout=60)
    return Step(
        exit_code=process.returncode,
        stdout=stdout.decode("utf-8", "replace"),
        stderr=stderr.decode("utf-8", "replace"),
        output_file=output.read_bytes().decode("utf-8"),
        summary=summary.read_bytes().decode("utf-8"),
    )
