"""Measures, and asserts nothing: `make bench`, or `make bench ARGS='--pairs 21'`.

Each row is measured in pairs with its baseline, one after the other, so that whatever else the
machine does strikes both; the ratio is the median of the pairs' ratios. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from asc_linker.emulator import Emulator, ThrowawayKey, example_world  # noqa: E402

NOTHING = (sys.executable, "-c", "pass")
IMPORTS = (sys.executable, "-c", "import requests, cryptography.hazmat.primitives.asymmetric.ec")
ACTION = (sys.executable, "-BEs", str(ROOT / "entrypoint.py"))
COMMAND = (sys.executable, "-P", "-m", "asc_linker.cli")


@dataclass(frozen=True)
class Case:
    """Something to run. `exit_code` is what it has to end with, or it was not measured."""

    name: str
    command: tuple[str, ...]
    inputs: Mapping[str, str] = field(default_factory=dict)
    exit_code: int = 0
    baseline: tuple[str, ...] = NOTHING
    against: str = "`python -c pass`"


def seconds(command: tuple[str, ...], inputs: Mapping[str, str], exit_code: int) -> float:
    environment = {f"INPUT_{name.upper()}": value for name, value in inputs.items()}
    with tempfile.TemporaryDirectory() as folder:
        files = {f"GITHUB_{name}": str(Path(folder) / name) for name in ("OUTPUT", "STEP_SUMMARY")}
        for file in files.values():
            Path(file).touch()
        kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
        started = time.perf_counter()
        done = subprocess.run(
            command,
            cwd=folder,
            env={**kept, "PYTHONPATH": str(ROOT), **files, **environment},
            capture_output=True,
            check=False,
        )
        taken = time.perf_counter() - started
    if done.returncode != exit_code:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout.decode()}")
    return taken


def start_up(pairs: int, access: Mapping[str, str]) -> None:
    notes = {"bundle-id": "com.example.notes", "tag": "v1.4.2+231"}
    there = {**access, **notes}
    missing = Case("action, inputs missing", ACTION, exit_code=2)
    whole = Case("action, build attached already", ACTION, there)
    cases = [
        missing,
        whole,
        Case(whole.name, ACTION, there, 0, IMPORTS, "importing requests + cryptography"),
        Case("`asc-linker --help`", (*COMMAND, "--help")),
        Case("`asc-linker attach --help`", (*COMMAND, "attach", "--help")),
    ]
    for case in cases:  # byte-code, and the first write of the build
        seconds(case.command, case.inputs, case.exit_code)
    print("| start to end | median | against | baseline | ratio |\n|---|--:|---|--:|--:|")
    for case in cases:
        both = [
            (seconds(case.baseline, {}, 0), seconds(case.command, case.inputs, case.exit_code))
            for _ in range(pairs)
        ]
        baseline, measured = (median(column) for column in zip(*both, strict=True))
        ratio = median(later / earlier for earlier, later in both)
        print(
            f"| {case.name} | {measured * 1000:.0f} ms | {case.against} "
            f"| {baseline * 1000:.0f} ms | {ratio:.1f} |"
        )


def requests_made(emulator: Emulator, access: Mapping[str, str]) -> None:
    by_bundle = {"bundle-id": "com.example.notes", "tag": "v1.4.2+231"}
    by_id = {"app-id": "6446000001", "tag": "v1.4.2+231"}
    cases: list[tuple[str, dict[str, str]]] = [
        ("`show`", {**by_bundle, "operation": "show"}),
        ("`attach`, dry run", {**by_bundle, "dry-run": "true"}),
        ("`attach`", by_bundle),
        ("`attach`, attached already", by_bundle),
        ("`detach`", {**by_bundle, "operation": "detach"}),
        ("`attach` with `app-id`", by_id),
    ]
    print("\n| operation | requests | of which write |\n|---|--:|--:|")
    for name, inputs in cases:
        all_before, writes_before = len(emulator.requests), len(emulator.writes)
        seconds(ACTION, {**access, **inputs}, 0)
        made, wrote = len(emulator.requests) - all_before, len(emulator.writes) - writes_before
        print(f"| {name} | {made} | {wrote} |")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=11, help="per row (default 11)")
    pairs = parser.parse_args().pairs
    key = ThrowawayKey.generate()
    print(f"Python {platform.python_version()}, {platform.system()} {platform.machine()}\n")
    with Emulator(example_world(), keys=[key]) as emulator:
        access = {
            "api-key-id": key.key_id,
            "issuer-id": key.issuer_id or "",
            "api-private-key": key.private_key,
            "api-url": emulator.url,
        }
        start_up(pairs, access)
    with Emulator(example_world(), keys=[key]) as emulator:
        requests_made(emulator, {**access, "api-url": emulator.url})
    return 0


if __name__ == "__main__":
    sys.exit(main())
