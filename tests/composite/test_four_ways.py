"""The same inputs give the same outputs through every edge: container, composite, CLI, fastlane."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from composite.conftest import Runner, load
from runner_environment import ROOT, run_step

from asc_linker.emulator import Emulator, ThrowawayKey, World
from asc_linker.inputs.table import INPUTS, variable

LANE = ROOT / "tests" / "composite" / "lane.rb"
VARIABLES = {entry.name: variable(entry.name) for entry in INPUTS}
# What a lane calls the inputs that it is given here.
LANE_OPTIONS = {
    "bundle-id": "app_identifier",
    "version-string": "app_version",
    "build-number": "build_number",
    "wait-minutes": "wait_minutes",
    "dry-run": "dry_run",
    "operation": "operation",
}
NAMES = set(load(ROOT / "action.yml")["outputs"]) - {"report"}
Outputs = dict[str, str]
Inputs = Callable[[Emulator], dict[str, str]]

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="needs a shell"),
    pytest.mark.skipif(shutil.which("ruby") is None, reason="the fastlane step needs ruby"),
]


def bare_environment(changes: Mapping[str, str], folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name.startswith("COV")}
    return kept | {"PATH": os.environ["PATH"], "HOME": str(folder)} | dict(changes)


def by_command_line(inputs: Mapping[str, str], folder: Path) -> Outputs:
    given = {VARIABLES[name]: value for name, value in inputs.items() if name != "operation"}
    done = subprocess.run(
        [sys.executable, "-m", "asc_linker.cli", inputs.get("operation", "attach"), "--json"],
        env=bare_environment(given | {"PYTHONPATH": str(ROOT)}, folder),
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return scalars(json.loads(done.stdout)[0])


def by_fastlane(inputs: Mapping[str, str], folder: Path) -> Outputs:
    command = folder / "asc-linker"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m asc_linker.cli "$@"\n')
    command.chmod(0o755)
    options: dict[str, Any] = {LANE_OPTIONS[n]: v for n, v in inputs.items() if n in LANE_OPTIONS}
    if "dry_run" in options:
        options["dry_run"] = options["dry_run"] == "true"
    options["api_key"] = {
        "key_id": inputs["api-key-id"],
        "issuer_id": inputs["issuer-id"],
        "key": inputs["api-private-key"],
    }
    options["api_url"] = inputs["api-url"]
    options["executable"] = str(command)
    done = subprocess.run(
        ["ruby", str(LANE)],
        env=bare_environment({"PYTHONPATH": str(ROOT)}, folder),
        cwd=folder,
        input=json.dumps(options),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return scalars(json.loads(done.stdout))


def scalars(report: Mapping[str, Any]) -> Outputs:
    """What of a report is an output, in the words of the outputs."""
    words = {True: "true", False: "false", None: ""}
    return {
        name: words[value] if isinstance(value, bool | None) else value
        for name, value in report.items()
        if name in NAMES
    }


def by_container(inputs: Mapping[str, str], folder: Path) -> Outputs:
    return without_report(run_step(folder, dict(inputs)).outputs)


def without_report(outputs: Outputs) -> Outputs:
    return {name: value for name, value in outputs.items() if name != "report"}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"dry-run": "true"},
        {"operation": "show"},
        {"operation": "detach"},
        {"version-string": "9.9.9"},
        {"build-number": "999"},
    ],
    ids=lambda changes: " ".join(f"{name}={value}" for name, value in changes.items()) or "attach",
)
def test_the_same_inputs_give_the_same_outputs_through_every_edge(
    changes: dict[str, str],
    runner: Runner,
    inputs: Inputs,
    key: ThrowawayKey,
    emulator: Emulator,
    tmp_path: Path,
) -> None:
    def by_composite(given: Mapping[str, str], _folder: Path) -> Outputs:
        return without_report(runner.step(dict(given)).outputs)

    world = emulator.world.to_json()
    told: dict[str, Outputs] = {}
    for edge in (by_container, by_composite, by_command_line, by_fastlane):
        folder = tmp_path / edge.__name__
        folder.mkdir()
        with Emulator(World.from_json(world), keys=[key]) as another:
            told[edge.__name__] = edge(inputs(another) | changes, folder)

    first = told["by_container"]
    assert first["outcome"]
    assert all(outputs == first for outputs in told.values()), told
