"""App Store Connect at a distance, and the programs that are measured against it."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.processes import Program

ROOT = Path(__file__).resolve().parent.parent
PYTHON = (sys.executable, "-BEs")
# The packages that an action run is built on: it cannot be faster than importing them.
IMPORTS = "import requests, jwt; from cryptography.hazmat.primitives.asymmetric import ec"
BARE = Program("bare imports", (*PYTHON, "-c", IMPORTS))
# Two reads side by side, then the version, the write and the read-back.
IN_A_ROW = 4


@dataclass(frozen=True, slots=True)
class Distance:
    """How far away it is: milliseconds of the server for a request, and of a round trip."""

    server_ms: int
    rtt_ms: int = 0

    @property
    def request_s(self) -> float:
        """Of one request on a connection that is open."""
        return (self.server_ms + self.rtt_ms) / 1000

    @property
    def waits_s(self) -> float:
        """What a run waits for at the least: its requests in a row, and one connection's start.

        That is a round trip for TCP and one for TLS.
        """
        return IN_A_ROW * self.request_s + 2 * self.rtt_ms / 1000

    def __str__(self) -> str:
        whole = f"{self.server_ms + self.rtt_ms} ms"
        return f"{whole}, {self.rtt_ms} of them round trip" if self.rtt_ms else whole


class Apple:
    """The emulator, as far away as asked, in a process of its own."""

    def __init__(self, folder: Path, distance: Distance, apps: int, *, plain: bool) -> None:
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "benchmarks.serving", str(folder)),
                *("--apps", str(apps), "--latency-s", str(distance.server_ms / 1000)),
                *("--rtt-s", str(distance.rtt_ms / 1000), *(["--plain"] if plain else [])),
            ],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        self._place: dict[str, str] = self._said()

    def requests(self) -> int:
        """How many requests there were since the last time; the next meets a new world."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return len(self._said())

    def close(self) -> None:
        """End the process."""
        self._process.communicate()

    def _said(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    @property
    def _trust(self) -> dict[str, str]:
        """What lets any client trust the emulator's certificate."""
        file = self._place["ca_file"]
        return {"REQUESTS_CA_BUNDLE": file, "SSL_CERT_FILE": file}

    def inputs(self, targets: str = "") -> dict[str, str]:
        """To attach build 231 of one app, or of `targets`."""
        one = {"bundle-id": "com.example.notes"}
        return {
            "api-key-id": self._place["key_id"],
            "issuer-id": self._place["issuer_id"],
            "api-private-key": self._place["private_key"],
            "api-url": self._place["url"],
            "version-string": "1.4.2",
            "build-number": "231",
            **({"targets": targets} if targets else one),
        }

    def action(self, name: str, entrypoint: Path, targets: str = "") -> Program:
        """The action, as the container starts it."""
        given = self.inputs(targets).items()
        environment = {f"INPUT_{name.upper()}": value for name, value in given}
        return Program(name, (*PYTHON, str(entrypoint)), {**environment, **self._trust})

    def peer(self, name: str, command: str) -> Program:
        """Somebody else's program, which finds in its environment what it is to do."""
        return Program(
            name,
            shlex.split(command),
            {
                **self._trust,
                "ASC_URL": self._place["url"],
                "ASC_KEY_ID": self._place["key_id"],
                "ASC_ISSUER_ID": self._place["issuer_id"],
                "ASC_PRIVATE_KEY_PATH": self._place["private_key_file"],
                "BUNDLE_ID": "com.example.notes",
                "VERSION_STRING": "1.4.2",
                "BUILD_NUMBER": "231",
            },
        )


@contextmanager
def apple(distance: Distance, apps: int = 1, *, plain: bool = False) -> Iterator[Apple]:
    """App Store Connect with `apps` apps, over TLS unless it is `plain`."""
    with tempfile.TemporaryDirectory() as folder:
        place = Apple(Path(folder), distance, apps, plain=plain)
        try:
            yield place
        finally:
            place.close()
