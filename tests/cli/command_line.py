"""Runs the command line as a user's shell would: a process, an environment, perhaps a terminal."""

from __future__ import annotations

import json
import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asc_linker.emulator import Emulator, ThrowawayKey

ROOT = Path(__file__).parent.parent.parent
CLI = (sys.executable, "-m", "asc_linker")
# What a test waits for at the longest.
PATIENCE_S = 60

APP: dict[str, Any] = {
    "id": "6446000001",
    "bundleId": "com.example.notes",
    "name": "Example Notes",
    "appStoreVersions": [
        {"id": "v141", "versionString": "1.4.1", "appVersionState": "READY_FOR_DISTRIBUTION"},
        {"id": "v142", "versionString": "1.4.2", "build": "b230"},
    ],
    "builds": [
        {"id": "b229", "version": "229", "preReleaseVersion": "1.4.1"},
        {"id": "b230", "version": "230", "preReleaseVersion": "1.4.2"},
        {
            "id": "b231",
            "version": "231",
            "preReleaseVersion": "1.4.2",
            "usesNonExemptEncryption": False,
        },
    ],
}
# Another app with the same version and build.
OTHER: dict[str, Any] = {
    "bundleId": "com.example.other",
    "name": "Other",
    "appStoreVersions": [{"versionString": "1.4.2"}],
    "builds": [{"version": "231", "preReleaseVersion": "1.4.2", "usesNonExemptEncryption": False}],
}
JOB = ("--bundle-id", "com.example.notes", "--version-string", "1.4.2", "--build-number", "231")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def report(self) -> dict[str, Any]:
        """The one report on stdout, where nothing else may be."""
        (only,) = json.loads(self.stdout)
        assert isinstance(only, dict)
        return only

    @property
    def lines(self) -> list[str]:
        return self.stderr.splitlines()

    @property
    def without_colour(self) -> str:
        return _COLOUR.sub("", self.stderr)


class Shell:
    """A folder to be in, which is also home, and variables that are set."""

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        self.folder = folder
        self.variables = dict(variables)

    def environment(self, changes: Mapping[str, str | None]) -> dict[str, str]:
        # Coverage of a subprocess travels in the environment.
        inherited = {
            name: value
            for name, value in os.environ.items()
            if name.startswith(("COV", "SYSTEMROOT"))
        }
        given = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "PYTHONPATH": str(ROOT),
            **self.variables,
            **changes,
        }
        return inherited | {name: value for name, value in given.items() if value is not None}

    def run(self, *arguments: str, **changes: str | None) -> Done:
        """Run to the end, in a pipe; `changes` are variables, None takes one away."""
        return self.run_as(CLI, *arguments, **changes)

    def run_as(self, command: tuple[str, ...], /, *arguments: str, **changes: str | None) -> Done:
        """The same, where the command line is started in another way."""
        done = subprocess.run(
            [*command, *arguments],
            cwd=self.folder,
            env=self.environment(changes),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE_S,
            check=False,
        )
        return Done(done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8"))

    def start(
        self, arguments: Sequence[str], changes: Mapping[str, str | None], stderr: int
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*CLI, *arguments],
            cwd=self.folder,
            env=self.environment(changes),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
        )

    def at_a_terminal(
        self, *arguments: str, until: Callable[[str], bool] | None = None, **changes: str | None
    ) -> Done:
        """Run with a terminal as stderr; interrupted once `until` is true of what it shows."""
        import pty

        ours, theirs = pty.openpty()
        environment: dict[str, str | None] = {"TERM": "xterm-256color", "COLUMNS": "100"}
        environment.update(changes)
        process = self.start(arguments, environment, theirs)
        os.close(theirs)
        shown = b""
        deadline = time.monotonic() + PATIENCE_S
        with process, os.fdopen(ours, "rb", buffering=0) as screen:
            assert process.stdout is not None
            while time.monotonic() < deadline:
                if select.select([screen], [], [], 0.1)[0]:
                    try:
                        part = screen.read(65536)
                    except OSError:  # on Linux, the end of a terminal
                        break
                    if not part:
                        break
                    shown += part
                if until is not None and until(shown.decode("utf-8", "replace")):
                    process.terminate()
                    until = None
            stdout = process.stdout.read().decode("utf-8")
        return Done(process.returncode, stdout, shown.decode("utf-8").replace("\r\n", "\n"))


def variables(emulator: Emulator, key: ThrowawayKey) -> dict[str, str]:
    """What leads to `emulator`; no test waits unless it says so."""
    return {
        "ASC_LINKER_API_URL": emulator.url,
        "ASC_LINKER_API_KEY_ID": key.key_id,
        "ASC_LINKER_ISSUER_ID": key.issuer_id or "",
        "ASC_LINKER_API_PRIVATE_KEY": key.private_key,
        "ASC_LINKER_WAIT_MINUTES": "0",
    }
