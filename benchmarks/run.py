"""Measures, and asserts nothing: `make bench`, or `make bench ARGS='--only one --rounds 21'`.

Whatever is compared runs in turn, so that the machine's moods strike all alike; every figure is a
ratio within one run, or says on what it was taken. Prints Markdown tables, and writes every sample
to build/bench/samples.json, of which --draw makes pictures.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from processes import Program, Sample, in_turn, ratio, seconds

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "bench"
PYTHON = (sys.executable, "-BEs")
# The packages that an action run is built on: what it cannot be faster than.
IMPORTS = "import requests, jwt; from cryptography.hazmat.primitives.asymmetric import ec"
BARE = Program("bare imports", (*PYTHON, "-c", IMPORTS))
OURS = "asc-linker"
# Two reads side by side, then the version, the write and the read-back.
IN_A_ROW = 4
AT_A_TIME = 8


@dataclass(frozen=True, slots=True)
class Distance:
    """How far away App Store Connect is: milliseconds of server per request, and of round trip."""

    server_ms: int
    rtt_ms: int = 0

    @property
    def request_s(self) -> float:
        return (self.server_ms + self.rtt_ms) / 1000

    @property
    def waits_s(self) -> float:
        """What a run waits for at the least: its requests in a row, and one connection's start."""
        return IN_A_ROW * self.request_s + 2 * self.rtt_ms / 1000

    def __str__(self) -> str:
        if not self.rtt_ms:
            return f"{self.server_ms} ms"
        return f"{self.server_ms + self.rtt_ms} ms, of which {self.rtt_ms} round trip"


DISTANCES = (Distance(0), Distance(50), Distance(150), Distance(0, 50), Distance(100, 50))


class Apple:
    """The emulator, as far away as asked, in a process of its own."""

    def __init__(
        self, folder: Path, distance: Distance, apps: int = 1, *, plain: bool = False
    ) -> None:
        self._process = subprocess.Popen(
            [
                *(sys.executable, str(ROOT / "benchmarks" / "serving.py"), str(folder)),
                *("--apps", str(apps), "--latency-s", str(distance.server_ms / 1000)),
                *("--rtt-s", str(distance.rtt_ms / 1000)),
                *(["--plain"] if plain else []),
            ],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        self.place: dict[str, str] = self._said()

    def _said(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def requests(self) -> int:
        """How many requests there were since the last time; the next meets a new world."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return len(self._said())

    def close(self) -> None:
        self._process.communicate()

    @property
    def trust(self) -> dict[str, str]:
        """What lets any client trust the emulator's certificate."""
        file = self.place["ca_file"]
        return {"REQUESTS_CA_BUNDLE": file, "SSL_CERT_FILE": file}

    def action(self, name: str, entrypoint: Path, **inputs: str) -> Program:
        """The action, as the container starts it, on build 231 of one app or of `targets`."""
        given = {
            "api-key-id": self.place["key_id"],
            "issuer-id": self.place["issuer_id"],
            "api-private-key": self.place["private_key"],
            "api-url": self.place["url"],
            "version-string": "1.4.2",
            "build-number": "231",
            **{name.replace("_", "-"): value for name, value in inputs.items()},
        }
        if "targets" not in given:
            given["bundle-id"] = "com.example.notes"
        environment = {f"INPUT_{name.upper()}": value for name, value in given.items()}
        return Program(name, (*PYTHON, str(entrypoint)), {**environment, **self.trust})

    def peer(self, name: str, command: str) -> Program:
        """Somebody else's program, which finds in its environment what it is to do."""
        return Program(
            name,
            shlex.split(command),
            {
                **self.trust,
                "ASC_URL": self.place["url"],
                "ASC_KEY_ID": self.place["key_id"],
                "ASC_ISSUER_ID": self.place["issuer_id"],
                "ASC_PRIVATE_KEY_PATH": self.place["private_key_file"],
                "BUNDLE_ID": "com.example.notes",
                "VERSION_STRING": "1.4.2",
                "BUILD_NUMBER": "231",
            },
        )


@contextmanager
def apple(distance: Distance, apps: int = 1, *, plain: bool = False) -> Iterator[Apple]:
    with tempfile.TemporaryDirectory() as folder:
        place = Apple(Path(folder), distance, apps, plain=plain)
        try:
            yield place
        finally:
            place.close()


@dataclass(slots=True)
class Bench:
    """What was asked for, and what was measured so far."""

    rounds: int
    others: dict[str, Path]
    """Entrypoints of other revisions, by their names."""
    peers: dict[str, str]
    """Commands of other programs, by their names."""
    samples: dict[str, dict[str, list[Sample]]]

    def measured(
        self, what: str, programs: Sequence[Program], requests: Callable[[], int] = int
    ) -> dict[str, list[Sample]]:
        print(f"measuring: {what}", file=sys.stderr, flush=True)
        self.samples[what] = in_turn(programs, self.rounds, requests)
        return self.samples[what]

    def actions(self, place: Apple, **inputs: str) -> list[Program]:
        entrypoints = {OURS: ROOT / "entrypoint.py", **self.others}
        return [place.action(name, file, **inputs) for name, file in entrypoints.items()]


def start(bench: Bench) -> None:
    """From nothing to an answer, without a network."""
    missing = {OURS: ROOT / "entrypoint.py", **bench.others}
    cli = (*PYTHON, str(ROOT / "entrypoint.py"))
    programs = [
        BARE,
        Program("python alone", (*PYTHON, "-c", "pass")),
        *(
            Program(f"{name}, inputs missing", (*PYTHON, str(file)), exit_code=2)
            for name, file in missing.items()
        ),
        Program("asc-linker --help", (*cli, "--help")),
    ]
    found = bench.measured("start", programs)
    bare = seconds(found[BARE.name])
    table("Start", ("", "median", "minimum", "/ bare imports"))
    for name, samples in found.items():
        took = seconds(samples)
        row(name, ms(median(took)), ms(min(took)), f"{ratio(took, bare):.2f}")


def one(bench: Bench) -> None:
    """One target, from a bundle id, a version string and a build number to a proved attachment."""
    head = ("a request takes", "program", "requests", "median", "minimum", "waits", "beyond them")
    table("One target", (*head, "/ bare imports"))
    for distance in DISTANCES:
        with apple(distance) as place:
            programs = [BARE, *bench.actions(place)]
            programs += [place.peer(*each) for each in bench.peers.items()]
            found = bench.measured(f"one target, {distance}", programs, place.requests)
        bare = seconds(found.pop(BARE.name))
        for name, samples in found.items():
            took = seconds(samples)
            beyond = [each - distance.waits_s for each in took]
            row(
                str(distance),
                name,
                str(samples[0].requests),
                ms(median(took)),
                ms(min(took)),
                ms(distance.waits_s),
                ms(median(beyond)),
                f"{ratio(beyond, bare):.2f}",
            )


def table(title: str, columns: Sequence[str]) -> None:
    print(f"\n### {title}\n")
    row(*columns)
    print("|---|" + "--:|" * (len(columns) - 1))


def row(*cells: str) -> None:
    print("| " + " | ".join(cells) + " |", flush=True)


def ms(value: float) -> str:
    return f"{value * 1000:.0f} ms"


PARTS: dict[str, Callable[[Bench], None]] = {"start": start, "one": one}


def revision(name: str) -> Path:
    """The entrypoint of another commit, unpacked below build/ with its byte-code."""
    folder = BUILD / "revisions" / name
    if not folder.exists():
        archive = subprocess.run(
            ["git", "-C", str(ROOT), "archive", name], stdout=subprocess.PIPE, check=True
        )
        folder.mkdir(parents=True)
        subprocess.run(["tar", "-x", "-C", str(folder)], input=archive.stdout, check=True)
    compile_all(folder)
    return folder / "entrypoint.py"


def compile_all(folder: Path) -> None:
    """Byte-code, which the image has too."""
    subprocess.run(
        [sys.executable, "-m", "compileall", "-q", str(folder / "asc_linker")], check=True
    )


def pair(text: str) -> tuple[str, str]:
    name, found, command = text.partition("=")
    if not found:
        raise argparse.ArgumentTypeError(f"{text} is not NAME=COMMAND")
    return name, command


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=11, help="per row (default 11)")
    parser.add_argument("--only", action="append", choices=PARTS, help="a part; may be repeated")
    parser.add_argument(
        "--against",
        action="append",
        default=[],
        metavar="REVISION",
        help="an earlier state of ours",
    )
    parser.add_argument(
        "--peer",
        action="append",
        default=[],
        type=pair,
        metavar="NAME=COMMAND",
        help="another program; the variables of docs/benchmarks.md tell it what to do",
    )
    given = parser.parse_args()
    compile_all(ROOT)
    others = {name: revision(name) for name in given.against}
    bench = Bench(given.rounds, others, dict(given.peer), {})
    print(
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} cores, {datetime.now(UTC):%Y-%m-%d}, {given.rounds} rounds"
    )
    for name in given.only or PARTS:
        PARTS[name](bench)
    return 0


if __name__ == "__main__":
    sys.exit(main())
