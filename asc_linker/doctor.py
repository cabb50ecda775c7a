"""What is wrong with an API key, found out with as few reads as it takes.

One read shows whether Apple accepts the key, what time it is there, whether an agreement is missing
and which apps the key may see; a second one whether it may read an app's versions. A refused key
gets one more, signed as an individual key, and an app that is missing one that lists the others.
Nothing is written, so the key's role stays unknown, and that is said.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from asc_linker.apple.model import App
from asc_linker.apple.retry import clock_fault, epoch
from asc_linker.clock import SystemClock, duration
from asc_linker.decision.preflight import Check, Verdict
from asc_linker.errors import (
    AscLinkerError,
    CredentialsError,
    InputError,
    Interrupted,
    NotFound,
    Stopped,
)
from asc_linker.inputs.read_job import read_job
from asc_linker.reporting.report import SCHEMA, checks_and_error
from asc_linker.reporting.result import diagnosis_blocks
from asc_linker.signals import raising
from asc_linker.text import listed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from asc_linker.apple.access import Access, Credentials
    from asc_linker.apple.client import AppStoreConnect
    from asc_linker.apple.requester import Exchange
    from asc_linker.clock import Clock
    from asc_linker.decision.request import AttachRequest
    from asc_linker.reporting.console import Block, Console

# Completes the inputs to a request that passes the checks; it is never sent.
_NO_REQUEST = {"operation": "show", "version-id": "none"}
# One page: an app by its id may be on another.
_MOST_VISIBLE = 200
_ROLE = (
    "Not known: Apple tells nobody. Any role reads; attaching needs App Manager or Admin, and "
    "only a write can tell."
)


# The section of the troubleshooting page about what each check is for.
_IDS = {
    "Inputs": "inputs",
    "Key": "inputs",
    "Key id": "inputs",
    "Not used": "inputs",
    "Clock": "clock-wrong",
    "Accepted": "key-refused",
    "Kind": "key-refused",
    "Permission": "forbidden",
    "Agreements": "agreement-missing",
    "Role": "role-too-low",
    "Apps": "app-not-found",
    "App": "app-not-found",
    "Versions": "forbidden",
    "App Store Connect": "app-store-connect-failed",
}


@dataclass(slots=True)
class Diagnosis:
    """What was found out, in that order; `error` says what to mend first."""

    checks: list[Check] = field(default_factory=list)
    apps: list[App] = field(default_factory=list)
    error: AscLinkerError | None = None

    @property
    def exit_code(self) -> int:
        return 0 if self.error is None else self.error.exit_code

    def blocks(self, *, quiet: bool = False) -> list[Block]:
        """What to show; with `quiet` only how it ended."""
        works = "The key works. Whether its role may attach, only a write can tell."
        return diagnosis_blocks(() if quiet else self.checks, self.error, works)

    def as_json(self) -> str:
        """An array of one object, as every command gives."""
        full: dict[str, object] = {
            "schema": SCHEMA,
            "outcome": "failed" if self.error else "passed",
            "apps": [
                {"app-id": app.id, "bundle-id": app.bundle_id, "name": app.name}
                for app in self.apps
            ],
        }
        return json.dumps([full | checks_and_error(self.checks, self.error)], ensure_ascii=False)

    def ok(self, name: str, sentence: str) -> None:
        self._add(name, Verdict.OK, sentence)

    def refused(self, name: str, sentence: str, error: AscLinkerError | None = None) -> None:
        self._add(name, Verdict.REFUSED, sentence, error)

    def not_known(self, name: str, sentence: str) -> None:
        self._add(name, Verdict.APPLE_DECIDES, sentence)

    def _add(
        self, name: str, verdict: Verdict, sentence: str, error: AscLinkerError | None = None
    ) -> None:
        self.checks.append(Check(error.id if error else _IDS[name], name, verdict, sentence))


def diagnose(
    inputs: Mapping[str, str],
    origins: Mapping[str, str],
    unused: Sequence[str],
    console: Console,
    clock: Clock | None = None,
) -> Diagnosis:
    """Examine the key that `inputs` holds. Never raises AscLinkerError; a signal ends it.

    `origins` tells where each part of the key came from, `unused` which variables were passed over.
    """
    diagnosis = Diagnosis()
    try:
        job, keys = read_job({**_NO_REQUEST, **inputs})
        (access,) = keys.values()
    except InputError as error:
        for fault in error.faults:
            diagnosis.refused("Inputs", fault)
        diagnosis.error = error
    else:
        diagnosis.ok("Key", f"A P-256 private key, from {origins.get('api-private-key', '')}.")
        diagnosis.ok("Key id", _identity(access.credentials, origins))
        examination = _Examination(
            job.requests[0], access, console, diagnosis, clock or SystemClock()
        )
        try:
            with raising():
                examination.run()
        except Interrupted as stop:
            diagnosis.error = Stopped(stop.signal_number, str(stop))
    if unused:
        diagnosis.not_known(
            "Not used", f"{', '.join(unused)}. A key is taken whole, from one tool."
        )
    return diagnosis


def _identity(key: Credentials, origins: Mapping[str, str]) -> str:
    inside = "the JSON key"
    identity = f"{key.key_id}, from {origins.get('api-key-id', inside)}"
    if key.issuer_id is None:
        return f"{identity}. No issuer is given, so it is used as an individual key."
    issuer = f"{key.issuer_id}, from {origins.get('issuer-id', inside)}"
    return f"{identity}. A team key of issuer {issuer}."


class _Examination:
    """Asks Apple, and notes in the diagnosis what the answers say."""

    def __init__(
        self,
        request: AttachRequest,
        access: Access,
        console: Console,
        diagnosis: Diagnosis,
        clock: Clock,
    ) -> None:
        self._request = request
        self._access = access
        self._console = console
        self._diagnosis = diagnosis
        self._clock = clock
        self._status = 0
        self._date = ""
        self._answered_at = 0.0
        self._is_accepted = False

    def run(self) -> None:
        diagnosis = self._diagnosis
        try:
            with self._connect(self._access) as apple:
                diagnosis.apps = _apps(self._request, apple)
                self._note_accepted()
                self._note_apps(apple)
        except AscLinkerError as error:
            diagnosis.error = error
            if not self._is_accepted:
                self._note_clock()
            if isinstance(error, CredentialsError):
                self._note_refused(error)
            elif isinstance(error, NotFound):
                diagnosis.refused("App", error.message, error)
            else:
                diagnosis.refused("App Store Connect", error.message, error)
        else:
            diagnosis.not_known("Role", _ROLE)

    def _connect(self, access: Access) -> AbstractContextManager[AppStoreConnect]:
        from asc_linker.apple.client import connect

        return connect(
            access,
            self._clock,
            on_token=lambda _token: None,
            on_exchange=self._on_exchange,
            on_retry=self._console.line,
        )

    def _on_exchange(self, exchange: Exchange) -> None:
        self._console.debug(str(exchange))
        self._status = exchange.status
        self._date = exchange.date
        self._answered_at = self._clock.now()

    def _note_accepted(self) -> None:
        self._is_accepted = True
        self._note_clock()
        kind = "a team" if self._access.credentials.issuer_id else "an individual"
        self._diagnosis.ok("Accepted", f"Apple accepts it as {kind} key.")
        self._diagnosis.ok("Agreements", "None is missing, as far as reading needs them.")

    def _note_clock(self) -> None:
        apples = epoch(self._date)
        if apples is None:
            self._diagnosis.not_known("Clock", "Not known: there is no answer with Apple's time.")
        elif fault := clock_fault(self._date, self._answered_at):
            self._diagnosis.refused("Clock", f"{fault} Set it: a larger difference is refused.")
        else:
            # An HTTP date has no fractions.
            skew = duration(max(1.0, abs(self._answered_at - apples)))
            self._diagnosis.ok("Clock", f"Within {skew} of Apple's.")

    def _note_apps(self, apple: AppStoreConnect) -> None:
        """The app that was asked for and its versions; without one, what the key sees."""
        diagnosis, request = self._diagnosis, self._request
        if not request.bundle_id and not request.app_id:
            if diagnosis.apps:
                diagnosis.ok("Apps", f"The key sees {_app_list(diagnosis.apps)}.")
                return
            raise NotFound(
                "The key sees no app.",
                hint="Give the key access to the app on App Store Connect; an individual key sees "
                "the apps of its user.",
            )
        if not diagnosis.apps:
            diagnosis.apps = apple.visible_apps()
            sees = _app_list(diagnosis.apps) if diagnosis.apps else "no app"
            raise NotFound(
                f"The key does not see {request.bundle_id or f'app {request.app_id}'}.",
                hint=f"It sees {sees}. Check the spelling, that the key is of the team that owns "
                "the app, and that the key may see it.",
            )
        app = diagnosis.apps[0]
        diagnosis.ok("App", f"The key sees {_named(app)}.")
        versions = apple.versions(app.id)
        diagnosis.ok("Versions", f"It may read them: there are {len(versions)}.")

    def _note_refused(self, error: CredentialsError) -> None:
        """Say what was refused, and for a key of the other kind which it is."""
        diagnosis = self._diagnosis
        if self._status != 401:
            if not self._is_accepted:
                diagnosis.ok("Accepted", "Apple accepts the key, but forbids the request.")
            diagnosis.refused("Permission", error.message, error)
            return
        diagnosis.refused("Accepted", error.message, error)
        if clock_fault(self._date, self._answered_at):
            return
        if self._access.credentials.issuer_id is None:
            diagnosis.not_known(
                "Kind", "Without an issuer it counts as an individual key. Is it a team's?"
            )
            error.hint = f"If it is a team key, give `issuer-id`. {error.hint}"
        elif self._is_individual():
            diagnosis.refused("Kind", "It is an individual key, and was used with an issuer.")
            error.hint = "Leave out `issuer-id`: an individual key has none."
        else:
            diagnosis.not_known("Kind", "It is not accepted as an individual key either.")

    def _is_individual(self) -> bool:
        """Whether Apple accepts the key once no issuer is named."""
        credentials = self._access.credentials._replace(issuer_id=None)
        try:
            with self._connect(self._access._replace(credentials=credentials)) as apple:
                apple.visible_apps()
        except AscLinkerError:
            return self._status == 403
        return True


def _apps(request: AttachRequest, apple: AppStoreConnect) -> list[App]:
    """The app that was asked for, if it is there or may be; without one, what the key sees."""
    if request.bundle_id:
        found = apple.apps([request.bundle_id])
        return [app for app in found if app.bundle_id == request.bundle_id]
    visible = apple.visible_apps()
    if request.app_id is None:
        return visible
    hidden = [App(request.app_id)] if len(visible) == _MOST_VISIBLE else []
    return [app for app in visible if app.id == request.app_id] or hidden


def _app_list(apps: Sequence[App]) -> str:
    return listed([app.bundle_id or app.id for app in apps])


def _named(app: App) -> str:
    return f"{app.name} ({app.bundle_id}, {app.id})" if app.bundle_id else f"app {app.id}"
