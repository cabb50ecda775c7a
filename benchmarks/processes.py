"""Processes from their start to their end, in turn, and the figures they give."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median


class WrongEnd(Exception):
    """A command ended otherwise than it has to, so that its time says nothing."""


@dataclass(frozen=True, slots=True)
class Program:
    """Something to run. `exit_code` is what it has to end with, or it was not measured."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    exit_code: int = 0


@dataclass(frozen=True, slots=True)
class Sample:
    """One run of a program."""

    seconds: float
    cpu_s: float
    """Seconds of processor, which a busy machine changes less."""
    peak_mb: float
    """Of its resident memory; never below what this process has."""
    requests: int = 0


def run(program: Program) -> Sample:
    """Run `program` in an empty folder, with nothing of this process's environment but PATH.

    Raises WrongEnd.
    """
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as said:
        files = {f"GITHUB_{name}": str(Path(folder) / name) for name in ("OUTPUT", "STEP_SUMMARY")}
        for file in files.values():
            Path(file).touch()
        environment = {
            **kept,
            "HOME": folder,
            "RUNNER_TEMP": folder,
            **files,
            **program.environment,
        }
        started = time.perf_counter()
        process = subprocess.Popen(
            program.command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != program.exit_code:
            said.seek(0)
            text = said.read().decode(errors="replace")
            raise WrongEnd(f"{program.name} ended with {process.returncode}:\n{text}")
    return Sample(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def in_turn(
    programs: Sequence[Program], rounds: int, requests: Callable[[], int] = int
) -> dict[str, list[Sample]]:
    """`rounds` samples of each program: A B C, A B C, so that the machine's moods strike all.

    A first round warms up and is not counted. `requests` is asked after each run.
    """
    samples: dict[str, list[Sample]] = {program.name: [] for program in programs}
    for number in range(rounds + 1):
        for program in programs:
            sample = run(program)
            made = requests()
            if number:
                samples[program.name].append(replace(sample, requests=made))
    return samples


def seconds(samples: Sequence[Sample]) -> list[float]:
    """How long each took."""
    return [sample.seconds for sample in samples]


def ratio(some: Sequence[float], unit: Sequence[float]) -> float:
    """The median over rounds of what each was in the unit of the same round."""
    return median(one / other for one, other in zip(some, unit, strict=True))


def cpu(samples: Sequence[Sample]) -> list[float]:
    """How long each kept a processor busy."""
    return [sample.cpu_s for sample in samples]
