"""The weekly workflow that holds the tests against Apple's newest document: its scripts, run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from runner_environment import ROOT

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")

WORKFLOW: dict[str, Any] = YAML(typ="safe").load(ROOT / ".github" / "workflows" / "apple.yml")
DOCUMENT = {"info": {"version": "4.4.1"}, "padding": "x" * 200_000}

# Takes the archive from beside it, where Apple's would be downloaded.
CURL = """#!/bin/bash
while [ "$1" != --output ]; do shift; done
cp "$ARCHIVE" "$2"
"""
GH = """#!/bin/bash
printf '%s\\n' "$*" >>"$CALLS"
[ "$1 $2" = "issue list" ] && echo "$OPEN"
exit 0
"""


def play(folder: Path, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    tools = folder / "bin"
    tools.mkdir()
    (tools / "python").symlink_to(sys.executable)
    for name, text in {"curl": CURL, "gh": GH}.items():
        (tools / name).write_text(text, encoding="utf-8")
        (tools / name).chmod(0o755)
    return subprocess.run(
        ["bash", "-e", "-c", script],
        env={
            "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
            "RUNNER_TEMP": str(folder),
            "GITHUB_OUTPUT": str(folder / "output"),
            "CALLS": str(folder / "calls"),
            **environment,
        },
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def steps(job: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = WORKFLOW["jobs"][job]["steps"]
    return found


def download(folder: Path, members: dict[str, str]) -> subprocess.CompletedProcess[str]:
    (script,) = (step["run"] for step in steps("test") if step.get("id") == "document")
    with zipfile.ZipFile(folder / "archive.zip", "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return play(folder, script, ARCHIVE=str(folder / "archive.zip"), URL="https://example.com/")


def test_the_document_is_found_in_apples_archive(tmp_path: Path) -> None:
    document = json.dumps(DOCUMENT)
    members = {"oas/openapi.json": document, "__MACOSX/oas/._openapi.json": document, "a.txt": "x"}

    done = download(tmp_path, members)

    assert done.returncode == 0, done.stderr
    outputs = dict(line.split("=") for line in (tmp_path / "output").read_text().splitlines())
    assert outputs["version"] == "4.4.1"
    assert json.loads(Path(outputs["file"]).read_text(encoding="utf-8")) == DOCUMENT


def test_an_archive_without_the_document_fails_visibly(tmp_path: Path) -> None:
    assert download(tmp_path, {"readme.json": "{}"}).returncode != 0


def test_the_tests_are_told_where_the_document_is() -> None:
    told = [step["env"]["ASC_OPENAPI"] for step in steps("test") if "make" in step.get("run", "")]

    assert told == ["${{ steps.document.outputs.file }}"] * 2


@pytest.mark.parametrize(
    ("already_open", "said"), [("", "issue create --title"), ("17", "issue comment 17 --body")]
)
def test_a_failure_opens_an_issue_or_adds_to_the_one_that_is_open(
    tmp_path: Path, already_open: str, said: str
) -> None:
    (step,) = steps("report")

    done = play(tmp_path, step["run"], OPEN=already_open, RUN="https://example.com/1", VERSION="5")

    assert done.returncode == 0, done.stderr
    _, call = (tmp_path / "calls").read_text(encoding="utf-8").splitlines()
    assert call.startswith(said)
    assert call.endswith("The document is version 5; the log is at https://example.com/1.")
