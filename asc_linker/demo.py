"""A workflow step, played: the real entrypoint, as a runner would run it, against the emulator.

`python -m asc_linker.demo` is `make demo`, and `asc-linker demo` where the action is installed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from asc_linker.emulator import Emulator, ThrowawayKey, World
from asc_linker.emulator.example import example_world

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ISSUER_ID = "57246542-96fe-1a63-e053-0824d011072a"
_EXAMPLE = {"bundle-id": "com.example.notes", "tag": "v1.4.2+231"}
_TITLES = {"error": "Error", "warning": "Warning", "notice": "Notice"}


def main(
    arguments: Sequence[str] | None = None, name: str = f"{sys.executable} -m asc_linker.demo"
) -> int:
    """Play the step, and show it. Returns the step's own exit code; 2 for an unusable world."""
    options = _options(arguments, name)
    try:
        world = _world(options.world, fresh=options.fresh)
    except (OSError, ValueError) as error:
        print(f"{options.world} cannot be gone on from: {error}", file=sys.stderr)
        return 2
    key = ThrowawayKey.generate(_ISSUER_ID)
    with (
        Emulator(world, keys=[key], save_to=options.world) as emulator,
        tempfile.TemporaryDirectory() as folder,
    ):
        print("A tag was pushed:", _EXAMPLE["tag"], "– the step runs against", emulator.url)
        step = _Step(Path(folder), _EXAMPLE | _access(key, emulator))
        exit_code = step.run(options.entrypoint)
        _show(step)
        print(f"\nRequests: {len(emulator.requests)}, of which {len(emulator.writes)} wrote.")
    print(f"Exit code: {exit_code}\n")
    print("The same again, on the same App Store Connect, with nothing left to do:")
    print(f"  {name} --world {options.world}")
    return exit_code


def _world(file: Path, *, fresh: bool) -> World:
    """The world in `file`, where a new one is written first if there is none."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if fresh or not file.exists():
        file.write_text(json.dumps(example_world().to_json(), indent=2), encoding="utf-8")
    return World.from_json(file.read_text(encoding="utf-8"))


def _options(arguments: Sequence[str] | None, name: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog=name, description="Play a whole workflow step against App Store Connect, emulated."
    )
    parser.add_argument("--world", type=Path, help="go on from this file; a new world without it")
    parser.add_argument("--fresh", action="store_true", help="begin with a new world")
    parser.add_argument("--entrypoint", type=Path, help="run this file rather than the module")
    options = parser.parse_args(arguments)
    if options.world is None:
        options.world = Path(tempfile.gettempdir(), "asc-linker-demo", "world.json")
        options.fresh = True
    return options


def _access(key: ThrowawayKey, emulator: Emulator) -> dict[str, str]:
    """The inputs that lead to `emulator`."""
    return {
        "api-key-id": key.key_id,
        "issuer-id": key.issuer_id or "",
        "api-private-key": key.private_key,
        "api-url": emulator.url,
    }


class _Step:
    """One step as the runner starts it: inputs and files in the environment, a folder to be in."""

    def __init__(self, folder: Path, inputs: Mapping[str, str]) -> None:
        self.folder = folder
        self.output = folder / "output"
        self.summary = folder / "summary.md"
        self.log = ""
        self._environment = os.environ | {
            **{f"INPUT_{name.upper()}": value for name, value in inputs.items()},
            "GITHUB_ACTIONS": "true",
            "GITHUB_OUTPUT": str(self.output),
            "GITHUB_STEP_SUMMARY": str(self.summary),
        }
        for file in (self.output, self.summary):
            file.touch()

    def run(self, entrypoint: Path | None) -> int:
        """Run it in a checkout of its own. Returns its exit code."""
        what = [str(entrypoint.resolve())] if entrypoint else ["-P", "-m", "asc_linker.action"]
        workspace = self.folder / "workspace"
        workspace.mkdir()
        done = subprocess.run(
            [sys.executable, *what],
            cwd=workspace,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        self.log = done.stdout
        return done.returncode

    def outputs(self) -> dict[str, str]:
        """What the step wrote to GITHUB_OUTPUT."""
        values = {}
        lines = iter(self.output.read_text(encoding="utf-8").splitlines())
        for line in lines:
            name, _, delimiter = line.partition("<<")
            value = []
            while (part := next(lines)) != delimiter:
                value.append(part)
            values[name] = "\n".join(value)
        return values


def _show(step: _Step) -> None:
    annotations = []
    print("\n── Log " + "─" * 60)
    for line in step.log.splitlines():
        command, _, text = line.removeprefix("::").partition("::")
        name, _, properties = command.partition(" ")
        if not line.startswith("::"):
            print(f"  {line}")
        elif name in _TITLES:
            title = properties.removeprefix("title=").replace("%3A", ":").replace("%2C", ",")
            annotations.append(f"{_TITLES[name]}: {title}\n    " + text.replace("%0A", "\n    "))
        elif name == "group":
            print(f"▼ {text}")
    print("\n── Annotations " + "─" * 52)
    for annotation in annotations:
        print(f"  {annotation}")
    print("\n── Outputs " + "─" * 56)
    for name, value in step.outputs().items():
        print(f"  {name}: {value}")
    print("\n── Summary " + "─" * 56)
    print(step.summary.read_text(encoding="utf-8"), end="")


if __name__ == "__main__":
    sys.exit(main())
