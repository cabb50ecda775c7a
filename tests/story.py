"""The story from inputs to report, in this process, against App Store Connect in memory."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from builders import key_inputs
from fake_clock import FakeClock

from asc_linker.decision.preflight import Check, Verdict
from asc_linker.decision.report import AttachReport
from asc_linker.emulator import Emulator, ThrowawayKey, World
from asc_linker.errors import AscLinkerError
from asc_linker.reporting.report import outputs
from asc_linker.run import Ending, Listeners, run

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
class Log:
    """What a run says while it goes on."""

    lines: list[str] = field(default_factory=list)
    statuses: list[tuple[str, str]] = field(default_factory=list)

    def line(self, text: str) -> None:
        self.lines.append(text)

    def status(self, label: str, text: str) -> None:
        self.statuses.append((label, text))

    def waiting(self, what: str, elapsed_s: float, left_s: float) -> None:
        self.lines.append(what)


@dataclass(frozen=True, slots=True)
class End:
    """How a run ended: what it reports of each target, and what it said meanwhile."""

    ending: Ending
    log: Log

    @property
    def reports(self) -> tuple[AttachReport, ...]:
        return self.ending.reports

    @property
    def report(self) -> AttachReport:
        """That of the first target."""
        return self.reports[0]

    @property
    def lines(self) -> list[str]:
        return self.log.lines

    @property
    def error(self) -> AscLinkerError | None:
        """The first target's."""
        return self.report.error

    @property
    def exit_code(self) -> int:
        return self.ending.exit_code

    @property
    def outcomes(self) -> list[str]:
        return [report.outcome.value for report in self.reports]

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
        return outputs(self.reports)

    @property
    def checks(self) -> dict[str, Check]:
        return {check.name: check for check in self.report.checks}

    @property
    def refused(self) -> set[str]:
        """The names of the checks that failed."""
        return {c.name for c in self.report.checks if c.verdict is Verdict.REFUSED}


def _unheard(_: str) -> None:
    """Tokens and exchanges are for the doors."""


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
        log = Log()
        given = {
            **key_inputs(self._key, self.emulator.url),
            **inputs,
        }
        ending = run(given, {}, Listeners(log, _unheard, _unheard), self.clock)
        assert not ending.trace, ending.trace
        return End(ending, log)

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
