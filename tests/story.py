"""The story from inputs to report, in this process, against App Store Connect in memory."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from fake_clock import FakeClock

from asc_linker.apple.client import connect
from asc_linker.attach.attach import attach
from asc_linker.decision.outcome import AttachReport, Known, Outcome
from asc_linker.decision.preflight import Check, Verdict
from asc_linker.emulator import Emulator, ThrowawayKey, World
from asc_linker.errors import AscLinkerError
from asc_linker.inputs.read_job import read_job
from asc_linker.reporting.report import outputs

APP_ID = "6446000001"
APP: dict[str, Any] = {
    "id": APP_ID,
    "bundleId": "com.example.notes",
    "name": "Example Notes",
    "appStoreVersions": [
        {
            "id": "v141",
            "versionString": "1.4.1",
            "appVersionState": "READY_FOR_DISTRIBUTION",
            "build": "b229",
        },
        {"id": "v142", "versionString": "1.4.2", "build": "b230"},
    ],
    "builds": [
        {"id": "b229", "version": "229", "preReleaseVersion": "1.4.1"},
        {
            "id": "b230",
            "version": "230",
            "preReleaseVersion": "1.4.2",
            "usesNonExemptEncryption": False,
        },
        {
            "id": "b231",
            "version": "231",
            "preReleaseVersion": "1.4.2",
            "usesNonExemptEncryption": False,
        },
    ],
}


@dataclass(slots=True)
class Listener:
    """What the story tells while it goes on."""

    lines: list[str] = field(default_factory=list)

    def line(self, text: str) -> None:
        self.lines.append(text)

    def waiting(self, what: str, elapsed_s: float, left_s: float) -> None:
        self.lines.append(what)

    def unheard(self, _: object) -> None:
        """Tokens and exchanges are for the edges."""


@dataclass(frozen=True, slots=True)
class End:
    """How a run ended: what it reports, and the error it raised, if any."""

    report: AttachReport
    error: AscLinkerError | None
    lines: list[str]

    @property
    def exit_code(self) -> int:
        return self.error.exit_code if self.error else 0

    @property
    def outcome(self) -> str:
        return self.report.outcome.value

    @property
    def message(self) -> str:
        """The error's words; empty when all went well."""
        return self.error.message if self.error else ""

    @property
    def hint(self) -> str:
        return self.error.hint if self.error else ""

    @property
    def outputs(self) -> dict[str, str]:
        return outputs(self.report, self.error)

    @property
    def checks(self) -> dict[str, Check]:
        return {check.name: check for check in self.report.checks}

    @property
    def refused(self) -> set[str]:
        """The names of the checks that failed."""
        return {c.name for c in self.report.checks if c.verdict is Verdict.REFUSED}


class Story:
    """An App Store Connect, a key for it, and a clock that both sides go by."""

    def __init__(self, emulator: Emulator, key: ThrowawayKey, clock: FakeClock) -> None:
        self.emulator = emulator
        self.clock = clock
        self._key = key

    def run(self, **changes: str | None) -> End:
        """Attach build 231 to version 1.4.2, with some inputs changed; None takes one away."""
        inputs: dict[str, str | None] = {
            "bundle-id": "com.example.notes",
            "version-string": "1.4.2",
            "build-number": "231",
            "wait-minutes": "0",
        }
        inputs |= {name.replace("_", "-"): value for name, value in changes.items()}
        return self.run_with({name: value for name, value in inputs.items() if value is not None})

    def run_with(self, inputs: Mapping[str, str]) -> End:
        """Run once with exactly these inputs, and the key's."""
        job = read_job(
            {
                "api-key-id": self._key.key_id,
                "issuer-id": self._key.issuer_id or "",
                "api-private-key": self._key.private_key,
                "api-url": self.emulator.url,
                **inputs,
            }
        )
        known, listener = Known(), Listener()
        unheard = listener.unheard
        with connect(
            job, self.clock, on_token=unheard, on_exchange=unheard, on_retry=listener.line
        ) as apple:
            try:
                report = attach(job.request, apple, self.clock, listener, known)
            except AscLinkerError as error:
                return End(known.report(Outcome.FAILED), error, listener.lines)
        return End(report, None, listener.lines)

    @property
    def world(self) -> World:
        return self.emulator.world

    @property
    def writes(self) -> list[tuple[str, str]]:
        """Every write that arrived, whatever came of it."""
        return [(each.method, each.path) for each in self.emulator.writes]

    def attached(self, version: str = "v142") -> str | None:
        found = self.world.version(version)
        assert found is not None
        return found.build

    def versions(self, app_id: str = APP_ID) -> list[tuple[str, str, str, str | None]]:
        """Platform, version string, state and build of every version of an app."""
        app = self.world.app(app_id)
        assert app is not None
        return [
            (str(v.platform), v.version_string, str(v.app_version_state), v.build)
            for v in app.app_store_versions
        ]


def app_with(*, version: Mapping[str, Any] | None = None, **build: Any) -> dict[str, Any]:
    """The app with its version 1.4.2 and its build 231 changed."""
    app = deepcopy(APP)
    app["appStoreVersions"][1] |= version or {}
    app["builds"][2] |= build
    return app


def without_version(*others: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """The app before 1.4.2 was added, with `others` beside the released 1.4.1."""
    app = deepcopy(APP)
    app["appStoreVersions"] = [app["appStoreVersions"][0], *others]
    return app | changes
