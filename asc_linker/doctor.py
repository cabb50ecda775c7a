"""What is wrong with an API key, found out with as few reads as it takes.

One read tells whether Apple accepts the key, what time it is there, whether an agreement is missing
and which apps the key may see; a second one whether it may read an app's versions. A refused key
gets one more, signed as an individual key, and an app that is missing one that lists the others.
Nothing is written, so the key's role stays unknown, and that is said.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from asc_linker.apple.model import App
from asc_linker.apple.retry import clock_fault, epoch
from asc_linker.clock import SystemClock, duration
from asc_linker.decision.preflight import Check, Verdict
from asc_linker.errors import AscLinkerError, CredentialsError, InputError, NotFound
from asc_linker.inputs.read_job import read_job
from asc_linker.reporting.report import checks_and_error
from asc_linker.reporting.telling import Telling

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from asc_linker.apple.access import Access, Credentials
    from asc_linker.apple.client import AppStoreConnect
    from asc_linker.apple.transport import Exchange
    from asc_linker.decision.request import AttachRequest
    from asc_linker.reporting.telling import Voice

# Completes the inputs to a request that passes the checks; it is never sent.
_NO_REQUEST = {"operation": "show", "version-id": "none"}
_MOST_LISTED = 10
# One page: an app by its id may be on another.
_MOST_VISIBLE = 200
_ROLE = (
    "Not known: Apple tells nobody. Any role reads; attaching needs App Manager or Admin, and "
    "only a write can tell."
)


@dataclass(slots=True)
class Diagnosis:
    """What was found out, in that order; `error` says what to mend first."""

    checks: list[Check] = field(default_factory=list)
    apps: list[App] = field(default_factory=list)
    error: AscLinkerError | None = None

    @property
    def exit_code(self) -> int:
        return 0 if self.error is None else self.error.exit_code

    def telling(self) -> Telling:
        return Telling(
            "The key works. Whether its role may attach, only a write can tell.",
            checks=tuple(self.checks),
            error=self.error,
        )

    def as_json(self) -> str:
        """An array of one object, as every command gives."""
        full: dict[str, object] = {
            "outcome": "failed" if self.error else "passed",
            "apps": [
                {"app-id": app.id, "bundle-id": app.bundle_id, "name": app.name}
                for app in self.apps
            ],
        }
        return json.dumps([full | checks_and_error(self.checks, self.error)], ensure_ascii=False)

    def ok(self, name: str, sentence: str) -> None:
        self.checks.append(Check(name.lower().replace(" ", "-"), name, Verdict.OK, sentence))

    def refused(self, name: str, sentence: str) -> None:
        self.checks.append(Check(name.lower().replace(" ", "-"), name, Verdict.REFUSED, sentence))

    def open(self, name: str, sentence: str) -> None:
        self.checks.append(
            Check(name.lower().replace(" ", "-"), name, Verdict.APPLE_DECIDES, sentence)
        )


def diagnose(
    given: Mapping[str, str], origins: Mapping[str, str], unused: Sequence[str], voice: Voice
) -> Diagnosis:
    """Examine the key that `given`, inputs by name, holds. Never raises AscLinkerError.

    `origins` tells where each part of the key came from, `unused` which variables were passed over.
    """
    found = Diagnosis()
    try:
        job, keys = read_job({**_NO_REQUEST, **given})
        (access,) = keys.values()
    except InputError as error:
        for fault in error.faults:
            found.refused("Inputs", fault)
        found.error = error
    else:
        found.ok("Key", f"A P-256 private key, from {origins.get('api-private-key', '')}.")
        found.ok("Key id", _identity(access.credentials, origins))
        _Visit(job.requests[0], access, voice, found).examine()
    if unused:
        listed = ", ".join(unused)
        found.open("Not used", f"{listed}. A key is taken whole, from one tool.")
    return found


def _identity(key: Credentials, origins: Mapping[str, str]) -> str:
    inside = "the JSON key"
    told = f"{key.key_id}, from {origins.get('api-key-id', inside)}"
    if key.issuer_id is None:
        return f"{told}. No issuer is given, so it is used as an individual key."
    return f"{told}. A team key of issuer {key.issuer_id}, from {origins.get('issuer-id', inside)}."


class _Visit:
    """Asks Apple, and notes what the answers tell."""

    def __init__(
        self, request: AttachRequest, access: Access, voice: Voice, found: Diagnosis
    ) -> None:
        self._request = request
        self._access = access
        self._voice = voice
        self._found = found
        self._clock = SystemClock()
        self._status = 0
        self._date = ""
        self._answered_at = 0.0
        self._is_accepted = False

    def examine(self) -> None:
        found = self._found
        try:
            with self._connect(self._access) as apple:
                found.apps = _apps(self._request, apple)
                self._note_accepted()
                self._note_apps(apple)
        except AscLinkerError as error:
            found.error = error
            if not self._is_accepted:
                self._note_clock()
            if isinstance(error, CredentialsError):
                self._note_refused(error)
            elif isinstance(error, NotFound):
                found.refused("App", error.message)
            else:
                found.refused("App Store Connect", error.message)
        else:
            found.open("Role", _ROLE)

    def _connect(self, access: Access) -> AbstractContextManager[AppStoreConnect]:
        from asc_linker.apple.client import connect

        return connect(
            access,
            self._clock,
            on_token=lambda _token: None,
            on_exchange=self._hear,
            on_retry=self._voice.line,
        )

    def _hear(self, exchange: Exchange) -> None:
        self._voice.debug(str(exchange))
        self._status = exchange.status
        self._date = exchange.date
        self._answered_at = self._clock.now()

    def _note_accepted(self) -> None:
        self._is_accepted = True
        self._note_clock()
        kind = "a team" if self._access.credentials.issuer_id else "an individual"
        self._found.ok("Accepted", f"Apple accepts it as {kind} key.")
        self._found.ok("Agreements", "None is missing, as far as reading needs them.")

    def _note_clock(self) -> None:
        apples = epoch(self._date)
        if apples is None:
            self._found.open("Clock", "Not known: there is no answer with Apple's time.")
        elif fault := clock_fault(self._date, self._answered_at):
            self._found.refused("Clock", f"{fault} Set it: a larger difference is refused.")
        else:
            # An HTTP date has no fractions.
            skew = duration(max(1.0, abs(self._answered_at - apples)))
            self._found.ok("Clock", f"Within {skew} of Apple's.")

    def _note_apps(self, apple: AppStoreConnect) -> None:
        """The app that was asked for and its versions; without one, what the key sees."""
        found, request = self._found, self._request
        if not request.bundle_id and not request.app_id:
            if found.apps:
                found.ok("Apps", f"The key sees {_listed(found.apps)}.")
                return
            raise NotFound(
                "The key sees no app.",
                hint="Give the key access to the app on App Store Connect; an individual key sees "
                "the apps of its user.",
            )
        if not found.apps:
            found.apps = apple.visible_apps()
            sees = _listed(found.apps) if found.apps else "no app"
            raise NotFound(
                f"The key does not see {request.bundle_id or f'app {request.app_id}'}.",
                hint=f"It sees {sees}. Check the spelling, that the key is of the team that owns "
                "the app, and that the key may see it.",
            )
        app = found.apps[0]
        found.ok("App", f"The key sees {_named(app)}.")
        versions = apple.versions(app.id)
        found.ok("Versions", f"It may read them: there are {len(versions)}.")

    def _note_refused(self, error: CredentialsError) -> None:
        """Say what was refused, and for a key of the other kind which it is."""
        found = self._found
        if self._status != 401:
            if not self._is_accepted:
                found.ok("Accepted", "Apple accepts the key, but forbids the request.")
            found.refused("Permission", error.message)
            return
        found.refused("Accepted", error.message)
        if clock_fault(self._date, self._answered_at):
            return
        if self._access.credentials.issuer_id is None:
            found.open("Kind", "Without an issuer it counts as an individual key. Is it a team's?")
            error.hint = f"If it is a team key, give `issuer-id`. {error.hint}"
        elif self._is_individual():
            found.refused("Kind", "It is an individual key, and was used with an issuer.")
            error.hint = "Leave out `issuer-id`: an individual key has none."
        else:
            found.open("Kind", "It is not accepted as an individual key either.")

    def _is_individual(self) -> bool:
        """Whether Apple accepts the key once no issuer is named."""
        credentials = replace(self._access.credentials, issuer_id=None)
        try:
            with self._connect(replace(self._access, credentials=credentials)) as apple:
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


def _listed(apps: Sequence[App]) -> str:
    told = ", ".join(app.bundle_id or app.id for app in apps[:_MOST_LISTED])
    more = len(apps) - _MOST_LISTED
    return f"{told} and {more} more" if more > 0 else told


def _named(app: App) -> str:
    return f"{app.name} ({app.bundle_id}, {app.id})" if app.bundle_id else f"app {app.id}"
