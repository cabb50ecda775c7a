"""Measures, and asserts nothing: `make bench`, or `make bench ARGS='--only one --rounds 21'`.

Whatever is compared runs in turn, so that the machine's moods strike all alike; every figure is a
ratio within one run, or says on what it was taken. Prints Markdown tables, and writes every sample
to build/bench/samples.json. docs/benchmarks.md tells the method.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.apple import BARE, IMPORTS, IN_A_ROW, PYTHON, ROOT, Distance, apple
from benchmarks.processes import Program, Sample, WrongEnd, cpu, in_turn, ratio, run, seconds

BUILD = ROOT / "build" / "bench"
OURS = "asc-linker"
DISTANCES = (Distance(0), Distance(50), Distance(150), Distance(0, 50), Distance(100, 50))
TARGETS = (1, 10, 100, 500)
AT_A_TIME = 8
# Runs of half a minute are as long as many of a second: these rounds are enough.
LONG_ROUNDS = 3
CODEMAGIC = "codemagic-cli-tools"


@dataclass(slots=True)
class Bench:
    """What was asked for, and every sample so far, by what was measured and by program."""

    rounds: int
    revisions: list[str]
    peers: dict[str, str]
    image: str
    samples: dict[str, dict[str, list[Sample]]] = field(default_factory=dict)

    @property
    def entrypoints(self) -> dict[str, Path]:
        """Of the action as it is, and as it was."""
        earlier = {name: revision(name) / "entrypoint.py" for name in self.revisions}
        return {OURS: ROOT / "entrypoint.py", **earlier}

    def measured(
        self,
        what: str,
        programs: Sequence[Program],
        requests: Callable[[], int] = int,
        rounds: int = 0,
    ) -> dict[str, list[Sample]]:
        """The samples of `programs`, which run in turn."""
        print(f"measuring: {what}", file=sys.stderr, flush=True)
        self.samples[what] = in_turn(programs, rounds or self.rounds, requests)
        return self.samples[what]


def start(bench: Bench) -> None:
    """From nothing to an answer, without a network."""
    entrypoint = str(ROOT / "entrypoint.py")
    programs = [
        BARE,
        Program("python alone", (*PYTHON, "-c", "pass")),
        *(
            Program(f"{name}, inputs missing", (*PYTHON, str(file)), exit_code=2)
            for name, file in bench.entrypoints.items()
        ),
        Program(f"{OURS} --help", (*PYTHON, entrypoint, "--help")),
        Program(f"{OURS} attach --help", (*PYTHON, entrypoint, "attach", "--help")),
    ]
    against_bare_imports("Start", bench.measured("start", programs))


def one(bench: Bench) -> None:
    """One target, from a bundle id, a version string and a build number to a proved attachment."""
    for each, command in codemagic().items():
        bench.peers.setdefault(each, command)
    head = ("a request takes", "program", "requests", "median", "minimum", "waits", "beyond them")
    table("One target", *head, "/ bare imports", "processor time / bare imports")
    for distance in DISTANCES:
        with apple(distance) as place:
            ours = [place.action(*each) for each in bench.entrypoints.items()]
            peers = working([place.peer(*each) for each in bench.peers.items()], place.requests)
            what = f"one target, {distance}"
            found = bench.measured(what, [BARE, *ours, *peers], place.requests)
        bare = found[BARE.name]
        for program in (*ours, *peers):
            samples = found[program.name]
            took = seconds(samples)
            beyond = [each - distance.waits_s for each in took]
            against = [
                ms(distance.waits_s),
                ms(median(beyond)),
                f"{ratio(beyond, seconds(bare)):.2f}",
            ]
            row(
                *(str(distance), program.name, str(samples[-1].requests)),
                *(ms(median(took)), ms(min(took)), *(against if program in ours else [""] * 3)),
                f"{ratio(cpu(samples), cpu(bare)):.2f}",
            )


def working(peers: Sequence[Program], requests: Callable[[], int]) -> list[Program]:
    """Those that do what they are to do."""
    found = []
    for peer in peers:
        try:
            run(peer)
        except WrongEnd as error:
            print(f"left out: {error}", file=sys.stderr)
        else:
            found.append(peer)
        requests()
    return found


def many(bench: Bench) -> None:
    """Many targets in one run, each an app of its own, eight requests at a time."""
    distance = Distance(150)
    head = ("targets", "requests", "a target", "median", "eight at a time need", "ratio")
    table(f"Many targets, {distance} a request", *head, "peak memory")
    for count in TARGETS:
        names = [f"com.example.notes{n or ''}" for n in range(count > 1, count + (count > 1))]
        targets = json.dumps([{"bundle-id": name} for name in names])
        with apple(distance, count) as place:
            program = place.action(OURS, ROOT / "entrypoint.py", targets)
            rounds = bench.rounds if count <= 10 else LONG_ROUNDS
            found = bench.measured(f"{count} targets", [program], place.requests, rounds)
        samples = found[OURS]
        requests, took = samples[-1].requests, median(seconds(samples))
        need = max(IN_A_ROW, requests / AT_A_TIME) * distance.request_s
        row(
            *(str(count), str(requests), f"{requests / count:.2f}", f"{took:.1f} s"),
            *(f"{need:.1f} s", f"{took / need:.2f}"),
            f"{max(sample.peak_mb for sample in samples):.0f} MB",
        )


def wait(_bench: Bench) -> None:
    """Half an hour for a build, on a clock that only sleeping moves."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.waiting"],
        env=environment,
        stdout=subprocess.PIPE,
        check=True,
    )
    found = json.loads(done.stdout)
    table("Half an hour of waiting, simulated", "", "")
    row("looks at the builds", str(found["looks"]))
    row("requests in all", str(found["requests"]))
    row("attached after the build was ready", f"{found['late_s']:.0f} s")
    row("grown after the first five minutes", f"{found['grown_mb']:.2f} MB")


def composite(bench: Bench) -> None:
    """The first step of a job and the next, from an empty cache, with a package index at hand."""
    names = [OURS, *bench.revisions]
    trees = [ROOT, *(revision(name, compiled=False) for name in bench.revisions)]
    passed_on = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(("PIP_", "UV_")) or name in ("SSL_CERT_FILE", "HTTPS_PROXY")
    }
    head = ("installer", "program", "step", "median", "minimum")
    table("The composite action, from an empty cache", *head, f"/ {names[-1]}'s")
    for installer, folder in installers().items():
        with apple(Distance(0), plain=True) as place:
            given = {**place.inputs(), "wait-minutes": "0"}.items()
            environment = {
                f"ASC_LINKER_{name.upper().replace('-', '_')}": value for name, value in given
            }
            environment |= passed_on | {"PATH": os.pathsep.join([str(folder), path_without_uv()])}
            steps = []
            for name, tree in zip(names, trees, strict=True):
                command = ("bash", str(tree / "macos" / "run.sh"))
                kept = BUILD / "runner" / f"{installer} {name}".replace(" ", "-")
                shutil.rmtree(kept, ignore_errors=True)
                kept.mkdir(parents=True)
                later = environment | {"RUNNER_TEMP": str(kept)}
                steps += [
                    Program(f"{name}, first", command, environment),
                    Program(f"{name}, later", command, later),
                ]
            found = bench.measured(f"composite, {installer}", steps, place.requests)
        for name in names:
            for step in ("first", "later"):
                took = seconds(found[f"{name}, {step}"])
                unit = seconds(found[f"{names[-1]}, {step}"])
                row(
                    installer,
                    name,
                    step,
                    ms(median(took)),
                    ms(min(took)),
                    f"{ratio(took, unit):.2f}",
                )


def image(bench: Bench) -> None:
    """The container's start, where podman and the image are."""
    if not bench.image or shutil.which("podman") is None:
        print("The image's start was not measured: give --image, and have podman.", file=sys.stderr)
        return
    # Rootless and nested engines may not raise these limits, and need not.
    podman = shlex.split("podman run --rm --ulimit nofile=1024:1024 --ulimit nproc=1024:1024")
    python = [*podman, "--entrypoint", "python3", bench.image, "-BEs", "-c"]
    programs = [
        Program(BARE.name, [*python, IMPORTS]),
        Program("python alone", [*python, "pass"]),
        Program(f"{OURS}, inputs missing", [*podman, bench.image], exit_code=2),
        Program(f"{OURS} --help", [*podman, bench.image, "--help"]),
    ]
    found = bench.measured("image", programs)
    table(f"The image {bench.image}, by podman", "", "median", "minimum", "beyond python alone")
    alone = seconds(found["python alone"])
    for name, samples in found.items():
        took = seconds(samples)
        beyond = median(one - other for one, other in zip(took, alone, strict=True))
        row(name, ms(median(took)), ms(min(took)), ms(beyond))


PARTS: dict[str, Callable[[Bench], None]] = {
    "start": start,
    "one": one,
    "many": many,
    "wait": wait,
    "composite": composite,
    "image": image,
}


def against_bare_imports(title: str, found: dict[str, list[Sample]]) -> None:
    table(title, "", "median", "minimum", "/ bare imports", "processor time / bare imports")
    bare = found[BARE.name]
    for name, samples in found.items():
        took = seconds(samples)
        ratios = ratio(took, seconds(bare)), ratio(cpu(samples), cpu(bare))
        row(name, ms(median(took)), ms(min(took)), *(f"{each:.2f}" for each in ratios))


def table(title: str, *columns: str) -> None:
    print(f"\n### {title}\n")
    row(*columns)
    print("|---|" + "--:|" * (len(columns) - 1))


def row(*cells: str) -> None:
    print("| " + " | ".join(cells) + " |", flush=True)


def ms(value: float) -> str:
    return f"{value * 1000:.0f} ms"


def revision(name: str, *, compiled: bool = True) -> Path:
    """Another commit, unpacked below build/: with byte-code, as in the image, or as it is."""
    folder = BUILD / "revisions" / (name if compiled else f"{name}-as-it-is")
    if not folder.exists():
        archive = subprocess.run(
            ["git", "-C", str(ROOT), "archive", name], stdout=subprocess.PIPE, check=True
        )
        folder.mkdir(parents=True)
        subprocess.run(["tar", "-x", "-C", str(folder)], input=archive.stdout, check=True)
        if compiled:
            compile_all(folder)
    return folder


def compile_all(folder: Path) -> None:
    command = [sys.executable, "-m", "compileall", "-q", str(folder / "asc_linker")]
    subprocess.run(command, check=True)


def environment_with(name: str, *packages: str) -> Path | None:
    """The commands of a virtual environment of its own; None where it cannot be installed."""
    folder = BUILD / "venvs" / name
    if not (folder / "complete").exists():
        print(f"installing: {' '.join(packages)}", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "-q", *packages]
        if subprocess.run(pip, check=False).returncode:
            return None
        (folder / "complete").touch()
    return folder / "bin"


def installers() -> dict[str, Path]:
    """What a runner may have, as folders that come first on its PATH."""
    wanted = {
        "pip before 26": ["--upgrade", "pip<26"],
        "pip from 26 on": ["--upgrade", "pip>=26"],
        "uv on the PATH": ["pip>=26", "uv"],
    }
    found = {name: environment_with(name.replace(" ", "-"), *each) for name, each in wanted.items()}
    return {name: folder for name, folder in found.items() if folder is not None}


def path_without_uv() -> str:
    folders = os.environ["PATH"].split(os.pathsep)
    return os.pathsep.join(each for each in folders if not Path(each, "uv").exists())


def codemagic() -> dict[str, str]:
    """The command by which codemagic-cli-tools does the same, where it can be installed."""
    folder = environment_with(CODEMAGIC, CODEMAGIC)
    if folder is None:
        return {}
    command = [str(folder / "python"), str(ROOT / "benchmarks" / "peer_codemagic.py")]
    return {CODEMAGIC: shlex.join(command)}


def kept(bench: Bench, about: str) -> Path:
    """The file of all samples; those of parts that were not measured now are left in it."""
    file = BUILD / "samples.json"
    document: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    for what, found in bench.samples.items():
        programs = {name: [asdict(each) for each in samples] for name, samples in found.items()}
        document[what] = {"on": about, "programs": programs}
    file.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return file


def pair(text: str) -> tuple[str, str]:
    name, found, command = text.partition("=")
    if not found:
        raise argparse.ArgumentTypeError(f"{text} is not NAME=COMMAND")
    return name, command


def main() -> int:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--rounds", type=int, default=11, help="runs of each program (default 11)")
    add("--only", action="append", choices=PARTS, help="a part, instead of all; may be repeated")
    add("--against", action="append", default=[], metavar="REVISION", help="an earlier state too")
    peer = "another program for one target; docs/benchmarks.md says what its environment tells it"
    add("--peer", action="append", default=[], type=pair, metavar="NAME=COMMAND", help=peer)
    add("--image", default="", help="the image whose start is measured")
    add("--draw", action="store_true", help="draw build/bench/*.svg; needs matplotlib")
    given = parser.parse_args()
    BUILD.mkdir(parents=True, exist_ok=True)
    compile_all(ROOT)
    bench = Bench(given.rounds, given.against, dict(given.peer), given.image)
    about = (
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} cores, {datetime.now(UTC):%Y-%m-%d}, {given.rounds} rounds"
    )
    print(about)
    for name in given.only or PARTS:
        PARTS[name](bench)
    file = kept(bench, about)
    if given.draw:
        draw = [sys.executable, str(ROOT / "benchmarks" / "draw.py"), str(file)]
        subprocess.run(draw, check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
