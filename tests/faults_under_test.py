"""Every operation, every fault, and what one makes of the other: the rows and columns of a table.

An operation's positions are the requests of a run on a good day, so that none is forgotten when the
story changes; a fault strikes one of them, once or from then on for good.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

import pytest
from builders import key_inputs
from fake_clock import NOON, FakeClock
from story import APP, APP_ID, Log, app_with, without_version

from asc_linker.apple.client import AppStoreConnect
from asc_linker.apple.requester import Exchange, Requester
from asc_linker.apple.tokens import Tokens
from asc_linker.attach.attach import attach_all
from asc_linker.attach.ledger import Ledger
from asc_linker.decision.report import AttachReport
from asc_linker.emulator import Emulator, ThrowawayKey, World
from asc_linker.errors import AscLinkerError
from asc_linker.inputs.read_job import read_job


@dataclass(frozen=True, eq=False)
class Operation:
    """A run, and what it comes to on a good day: its outcome, and the build of 1.4.2."""

    inputs: Mapping[str, str]
    outcome: str
    attached: str | None = "b231"
    app: Mapping[str, Any] = field(default_factory=lambda: APP)


NAMED = {"bundle-id": "com.example.notes", "version-string": "1.4.2", "build-number": "231"}
BY_VERSION = {"bundle-id": "com.example.notes", "version-string": "1.4.2"}
DRAFT = {"id": "v150", "versionString": "1.5.0", "build": None}
WAITING = "attach, after a wait"
OPERATIONS = {
    "attach": Operation(NAMED, "attached"),
    "attach, app-id": Operation(
        {"app-id": APP_ID, "version-string": "1.4.2", "build-number": "231"}, "attached"
    ),
    "attach, ids": Operation({"version-id": "v142", "build-id": "b231"}, "attached"),
    "attach, encryption": Operation(
        NAMED | {"uses-non-exempt-encryption": "false"},
        "attached",
        app=app_with(usesNonExemptEncryption=None),
    ),
    "attach, latest": Operation(BY_VERSION | {"build-number": "latest"}, "attached"),
    WAITING: Operation(
        NAMED | {"wait-minutes": "3"},
        "attached",
        app=app_with(appearsAfterSeconds=8, processedAfterSeconds=16),
    ),
    "create": Operation(
        NAMED | {"if-version-missing": "create"}, "attached", app=without_version()
    ),
    "rename": Operation(
        NAMED | {"if-version-missing": "rename"}, "attached", app=without_version(DRAFT)
    ),
    "already attached": Operation(
        NAMED, "already-attached", app=app_with(version={"build": "b231"})
    ),
    "detach": Operation(BY_VERSION | {"operation": "detach"}, "detached", attached=None),
    "show": Operation(BY_VERSION | {"operation": "show"}, "shown", attached="b230"),
}


@dataclass(frozen=True)
class Misfortune:
    """A fault, and the end of a run that it strikes.

    `script` is what the emulator is told. `applied` faults let a write happen; `words` are what a
    run that ends by it must say, with exit code `code`; `passes` ones do not end a run that they
    strike once.
    """

    sign: str
    script: Mapping[str, Any]
    words: str
    code: int = 7
    passes: bool = True
    applied: bool = False
    on_writes: bool = True
    only_lists: bool = False


FORBIDDEN = {
    "errors": [
        {
            "status": "403",
            "code": "FORBIDDEN_ERROR",
            "title": "This request is forbidden for security reasons",
            "detail": "The API key in use does not allow this request",
        }
    ]
}
TWICE = {
    "Content-Type": "application/json",
    "Date": formatdate(NOON, usegmt=True),
    "Retry-After": "5",
    "X-Rate-Limit": "user-hour-lim:3600;user-hour-rem:3500;",
    "X-Request-ID": "6F2A",
}


def misfortunes(elsewhere: str) -> dict[str, Misfortune]:
    """Every fault by name; `elsewhere` is another origin."""
    in_30_s = formatdate(NOON + 30, usegmt=True)
    page = {"data": [], "links": {"self": elsewhere, "next": f"{elsewhere}/v1/apps?cursor=2"}}
    broken, late = "broke", "did not answer in time"
    return {
        "429": Misfortune("429", {"status": 429}, "fewer requests at a time"),
        "429, Retry-After in seconds": Misfortune(
            "429s", {"status": 429, "headers": {"Retry-After": "7"}}, "fewer"
        ),
        "429, Retry-After as a date": Misfortune(
            "429d", {"status": 429, "headers": {"Retry-After": in_30_s}}, "fewer"
        ),
        "429, Retry-After twice": Misfortune(
            "429²",
            {"status": 429, "headers": [("Retry-After", "5"), ("Retry-After", "7")]},
            "fewer",
        ),
        "429, Retry-After beyond patience": Misfortune(
            "429!",
            {"status": 429, "headers": {"Retry-After": "3600"}},
            "asks to come back in 60 min",
            passes=False,
        ),
        "500": Misfortune("500", {"status": 500}, "500"),
        "500, though it was applied": Misfortune(
            "500+", {"applied_then": 500}, "500", applied=True
        ),
        "502 in plain text": Misfortune(
            "502", {"status": 502, "body": "Could not process this request"}, "502"
        ),
        "503 in HTML": Misfortune("503", {"status": 503, "body": "<html><h1>Down</h1>"}, "503"),
        "504": Misfortune("504", {"status": 504}, "504"),
        "a reset before": Misfortune("rst", {"reset": True}, broken),
        "a reset after": Misfortune("rst+", {"reset_after": True}, broken, applied=True),
        "silence": Misfortune("mute", {"stall_seconds": 30}, late),
        "half an answer": Misfortune("cut", {"truncate": True}, "cut off", applied=True),
        "an empty body": Misfortune("void", {"empty_body": True}, "empty", applied=True),
        "a page of a proxy": Misfortune("page", {"status": 200, "body": "<html>Log in"}, "JSON"),
        "another content type": Misfortune("type", {"content_type": "text/html"}, "", applied=True),
        "headers that come twice": Misfortune(
            "twin", {"headers": [*TWICE.items(), *TWICE.items()]}, "", applied=True
        ),
        "a stray 401": Misfortune("401", {"status": 401}, "does not accept the API key", code=3),
        "403": Misfortune(
            "403", {"status": 403, "body": FORBIDDEN}, "role does not allow", 3, passes=False
        ),
        "a redirect elsewhere": Misfortune(
            "302",
            {"status": 302, "headers": {"Location": f"{elsewhere}/v1/apps"}},
            "redirect",
            passes=False,
        ),
        "a next page elsewhere": Misfortune(
            "next", {"body": page}, "another host", passes=False, on_writes=False, only_lists=True
        ),
    }


# Faults that a run lives through once, and that are worth a look when they stay.
FOR_GOOD = (
    "429",
    "500",
    "500, though it was applied",
    "a reset after",
    "silence",
    "half an answer",
    "a stray 401",
)


@dataclass(frozen=True)
class Position:
    """One request of a run: the `nth` of its kind, from 0."""

    method: str
    path: str
    nth: int

    @property
    def is_write(self) -> bool:
        return self.method != "GET"

    @property
    def is_for_uploads(self) -> bool:
        return self.path.endswith("/buildUploads")

    @property
    def is_list(self) -> bool:
        return not self.is_write and self.path in {
            "/v1/apps",
            "/v1/builds",
            f"/v1/apps/{APP_ID}/appStoreVersions",
            f"/v1/apps/{APP_ID}/buildUploads",
        }

    def __str__(self) -> str:
        path = re.sub(rf"{APP_ID}|[0-9a-f]{{8}}-[0-9a-f-]{{27}}", "*", self.path)
        path = path.replace("relationships", "…")
        return f"{self.method} {path}" + (f" #{self.nth + 1}" if self.nth else "")


@dataclass(frozen=True)
class Cell:
    """What a run came to, and what it left behind."""

    report: AttachReport
    exchanges: list[Exchange]
    took_effect: int
    world: World
    seconds: float

    @property
    def error(self) -> AscLinkerError | None:
        return self.report.error

    @property
    def attached(self) -> str | None:
        """The build of version 1.4.2, however that came to be."""
        found = [each for each in self.world.apps[0].app_store_versions
                 if each.version_string == "1.4.2"]  # fmt: skip
        return found[0].build if found else None

    @property
    def versions(self) -> int:
        return len(self.world.apps[0].app_store_versions)

    @property
    def sign(self) -> str:
        return "·" if self.error is None else str(self.error.exit_code)


class Bench:
    """Plays operations, each in a world of its own, with a fault or without."""

    def __init__(self, key: ThrowawayKey, elsewhere: str) -> None:
        self._key = key
        self._positions: dict[Operation, list[Position]] = {}
        self.misfortunes = misfortunes(elsewhere)

    def positions(self, operation: Operation) -> list[Position]:
        """The requests of a good day, which is asserted to be one."""
        if operation not in self._positions:
            self._positions[operation] = self._record(operation)
        return self._positions[operation]

    def _record(self, operation: Operation) -> list[Position]:
        good = self.play(operation)
        assert good.error is None, good.error
        seen: Counter[tuple[str, str]] = Counter()
        positions = []
        for exchange in good.exchanges:
            line = (exchange.method, exchange.path)
            positions.append(Position(*line, nth=seen[line]))
            seen[line] += 1
        return positions

    def play(
        self,
        operation: Operation,
        position: Position | None = None,
        misfortune: Misfortune | None = None,
        *,
        for_good: bool = False,
    ) -> Cell:
        clock, exchanges = FakeClock(), list[Exchange]()
        world = World.from_json({"apps": [deepcopy(dict(operation.app))]})
        quiet_s = 0.2 if misfortune and "stall_seconds" in misfortune.script else 20.0
        with Emulator(world, keys=[self._key], now=clock.now) as emulator:
            job, keys = read_job(
                {
                    **key_inputs(self._key, emulator.url),
                    "wait-minutes": "0",
                    **operation.inputs,
                }
            )
            if position is not None and misfortune is not None:
                emulator.on(
                    f"{position.method} {position.path}",
                    after=position.nth,
                    times=None if for_good else 1,
                    **misfortune.script,
                )
            ((key_id, access),) = keys.items()
            requester = Requester(
                Tokens(access.credentials, clock, _unheard),
                api_url=emulator.url,
                clock=clock,
                on_exchange=exchanges.append,
                on_retry=_unheard,
                timeout_s=(20.0, quiet_s),
                random=lambda: 0.0,
            )
            apple = {key_id: AppStoreConnect(requester)}
            (report,) = attach_all(job, apple, clock, Log(), Ledger())
            requester.close()
            struck = _struck(emulator, position, misfortune, for_good=for_good)
            took_effect = sum(200 <= each.status < 300 for each in emulator.writes) + struck
        return Cell(report, exchanges, took_effect, world, clock.elapsed)


def _unheard(_text: str) -> None:
    """What nobody listens to here."""


def _struck(
    emulator: Emulator,
    position: Position | None,
    misfortune: Misfortune | None,
    *,
    for_good: bool,
) -> int:
    """How many writes show no 2xx and took effect all the same, and the other way round."""
    if position is None or misfortune is None or not position.is_write:
        return 0
    line = (position.method, position.path)
    same = [each for each in emulator.writes if (each.method, each.path) == line][position.nth :]
    hit = same if for_good else same[:1]
    shows_2xx = [200 <= each.status < 300 for each in hit]
    return sum(misfortune.applied - shows for shows in shows_2xx)


Matrix = dict[bool, dict[tuple[str, Position], dict[str, str]]]
MATRIX = pytest.StashKey[Matrix]()


def table(matrix: Matrix) -> list[str]:
    """The matrix as lines: a row for each request, a column for each fault."""
    lines: list[str] = []
    for for_good, rows in sorted(matrix.items()):
        columns = list(dict.fromkeys(sign for row in rows.values() for sign in row))
        width = max(len(str(position)) for _, position in rows) + 2
        lines += ["", "struck from then on" if for_good else "struck once"]
        lines.append(" " * (width + 2) + "".join(f"{column:>5}" for column in columns))
        operation = ""
        for (name, position), row in rows.items():
            if name != operation:
                operation = name
                lines.append(f"{name}:")
            cells = "".join(f"{row.get(column, ''):>5}" for column in columns)
            lines.append(f"  {position!s:{width}}{cells}")
    return [*lines, "", *_LEGEND]


_LEGEND = (
    "·  done, as without the fault     3, 7  the exit code, with a true message     -  cannot be",
    "429s 429d 429² 429!  Retry-After in seconds, as a date, twice, beyond patience",
    "500+ rst+  the request took effect first     mute  silence     cut, void  half a body, none",
    "page  200 with a proxy's HTML     type  another content type     twin  headers come twice",
    "302, next  a redirect, and a next page, that lead to another host",
)
