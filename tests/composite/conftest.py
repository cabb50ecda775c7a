"""Plays the runner for macos/action.yml: inputs to environment, the script, the files it wrote.

The rules are those of the runner's own source (Runner.Worker/Handlers/CompositeActionHandler.cs,
ScriptHandler.cs): no INPUT_* at all, the step's `env`, `bash --noprofile --norc -e -o pipefail`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from builders import key_inputs
from ruamel.yaml import YAML
from runner_environment import ROOT, Step

from asc_linker.emulator import Emulator, ThrowawayKey, World

HOSTILE = ("json.py", "re.py", "os.py", "pip.py", "requests.py", "sitecustomize.py")
NOTES: dict[str, Any] = {
    "id": "6446000001",
    "bundleId": "com.example.notes",
    "name": "Example Notes",
    "appStoreVersions": [{"id": "v142", "versionString": "1.4.2", "build": "b230"}],
    "builds": [
        {"id": "b230", "version": "230", "preReleaseVersion": "1.4.2"},
        {"id": "b231", "version": "231", "preReleaseVersion": "1.4.2"},
    ],
}


def load(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = YAML(typ="safe").load(path)
    return document


def evaluated(text: str, inputs: Mapping[str, str], defaults: Mapping[str, str]) -> str:
    """`text` with `${{ inputs.x }}` replaced; a test that wants more expressions fails."""
    return re.sub(
        r"\$\{\{ inputs\.([a-z-]+) \}\}",
        lambda found: inputs.get(found[1], defaults.get(found[1], "")),
        text,
    )


def files_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@dataclass
class Runner:
    """A self-hosted runner: a temp folder, a tool cache that stays, a hostile checkout."""

    folder: Path
    tool_cache: Path
    action: Path
    environment: dict[str, str] = field(default_factory=dict)
    withheld: set[str] = field(default_factory=set)
    """Variables of this process that its steps do not see."""

    def __post_init__(self) -> None:
        self.temp = self.folder / "temp"
        self.workspace = self.folder / "workspace"
        self.files = {
            name: self.folder / name for name in ("OUTPUT", "STEP_SUMMARY", "ENV", "PATH", "STATE")
        }
        for made in (self.temp, self.workspace):
            made.mkdir(parents=True)
        for name in HOSTILE:
            text = f"raise SystemExit('{name} of the checkout was imported')\n"
            (self.workspace / name).write_text(text, encoding="utf-8")

    def start(self, inputs: Mapping[str, str]) -> subprocess.Popen[str]:
        for file in self.files.values():
            file.write_text("", encoding="utf-8")
        document = load(self.action / "macos" / "action.yml")
        defaults = {name: given.get("default", "") for name, given in document["inputs"].items()}
        (step,) = document["runs"]["steps"]
        assert step["shell"] == "bash"
        script = self.folder / "script.sh"
        script.write_text(step["run"], encoding="utf-8")
        return subprocess.Popen(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)],
            cwd=self.workspace,
            env={
                **{
                    name: value
                    for name, value in os.environ.items()
                    if name.startswith("PIP_") and name not in self.withheld
                },
                "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
                "HOME": str(self.folder),
                "PIP_CACHE_DIR": pip_cache(),
                "CI": "true",
                "GITHUB_ACTIONS": "true",
                "GITHUB_ACTION_PATH": str(self.action / "macos"),
                "GITHUB_WORKSPACE": str(self.workspace),
                "GITHUB_REF_TYPE": "branch",
                "GITHUB_REF_NAME": "main",
                "RUNNER_ENVIRONMENT": "self-hosted",
                "RUNNER_TEMP": str(self.temp),
                "RUNNER_TOOL_CACHE": str(self.tool_cache),
                # A workflow's own, which must not matter.
                "PYTHONPATH": str(self.workspace),
                "PIP_TARGET": str(self.workspace),
                "PIP_USER": "1",
                **{f"GITHUB_{name}": str(file) for name, file in self.files.items()},
                **{name: evaluated(text, inputs, defaults) for name, text in step["env"].items()},
                **self.environment,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    def ended(self, process: subprocess.Popen[str]) -> Step:
        stdout, stderr = process.communicate(timeout=60)
        return Step(
            exit_code=process.returncode,
            stdout=stdout,
            stderr=stderr,
            output_file=self.files["OUTPUT"].read_text(encoding="utf-8"),
            summary=self.files["STEP_SUMMARY"].read_text(encoding="utf-8"),
        )

    def step(self, inputs: Mapping[str, str]) -> Step:
        return self.ended(self.start(inputs))

    @property
    def kept(self) -> list[Path]:
        """What is in the tool cache after a step."""
        home = self.tool_cache / "asc-linker"
        return sorted(home.iterdir()) if home.exists() else []


def pip_cache() -> str:
    asked = [sys.executable, "-m", "pip", "cache", "dir"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(scope="session")
def action(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The action as the runner downloads it: what it runs, and no more."""
    folder = tmp_path_factory.mktemp("action")
    for name in ("macos", "asc_linker"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    (folder / "requirements").mkdir()
    for name in ("action.txt", "pylock.action.toml"):
        shutil.copy(ROOT / "requirements" / name, folder / "requirements")
    return folder


@pytest.fixture(scope="session")
def tool_cache(action: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tool cache into which the action has installed its packages, once for all tests."""
    folder = tmp_path_factory.mktemp("tool-cache")
    runner = Runner(tmp_path_factory.mktemp("first") / "runner", folder, action)
    step = runner.step({"demo": "true"})
    if step.exit_code and not pip_reaches_an_index(tmp_path_factory.mktemp("probe")):
        pytest.skip(f"pip reaches no package index here:\n{step.log}")
    assert step.exit_code == 0, step.stdout + step.stderr
    return folder


def pip_reaches_an_index(folder: Path) -> bool:
    asked = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:"]
    requirements = ["--no-cache-dir", "-d", str(folder), "idna"]
    return subprocess.run([*asked, *requirements], capture_output=True, check=False).returncode == 0


@pytest.fixture
def runner(tmp_path: Path, tool_cache: Path, action: Path) -> Runner:
    """A runner that has used the action before."""
    return Runner(tmp_path / "runner", tool_cache, action)


@pytest.fixture
def new_runner(tmp_path: Path, action: Path) -> Runner:
    """A runner that has never seen the action; packages come from `PIP_*` alone."""
    return Runner(tmp_path / "runner", tmp_path / "tool-cache", action)


@pytest.fixture
def emulator(key: ThrowawayKey) -> Iterator[Emulator]:
    with Emulator(World.from_json({"apps": [NOTES]}), keys=[key]) as emulator:
        yield emulator


@pytest.fixture
def inputs(key: ThrowawayKey) -> Callable[[Emulator], dict[str, str]]:
    """What a workflow gives to attach build 231 on an emulator."""

    def to_reach(emulator: Emulator) -> dict[str, str]:
        return {
            **key_inputs(key, emulator.url),
            "bundle-id": "com.example.notes",
            "version-string": "1.4.2",
            "build-number": "231",
            "wait-minutes": "0",
        }

    return to_reach
