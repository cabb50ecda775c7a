"""From a request to a plan: read, settle, and while the build is not ready, wait and read again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from asc_linker.absence import build_not_listed
from asc_linker.choose import choose_latest
from asc_linker.clock import duration
from asc_linker.errors import NotFound, ProcessingTimeout
from asc_linker.facts import (
    read_attached,
    read_builds,
    read_facts,
    read_uploads,
    read_versions,
)
from asc_linker.plan import Plan, settle, sight
from asc_linker.preflight import preflight
from asc_linker.request import Operation

if TYPE_CHECKING:
    from asc_linker.client import AppStoreConnect
    from asc_linker.clock import Clock
    from asc_linker.errors import AscLinkerError
    from asc_linker.outcome import Known
    from asc_linker.plan import Facts, NotYet
    from asc_linker.progress import Tell
    from asc_linker.request import AttachRequest
    from asc_linker.waiting import Wait

# While the build is not ready, every so many seconds the version is read in its place: it may have
# been locked, and then waiting is in vain.
_VERSION_EVERY_S = 300.0
# A version that was read longer ago than this is read again before anything is written.
_FRESH_S = 60.0


@dataclass(slots=True)
class Reading:
    """What the decision needs at hand. `request` is narrowed once `latest` has a number."""

    request: AttachRequest
    apple: AppStoreConnect
    clock: Clock
    wait: Wait
    tell: Tell
    known: Known


def decide(reading: Reading) -> Plan:
    """What is to be written. Waits for the build as long as `reading.wait` allows; writes nothing.

    Raises ProcessingTimeout: the build did not get ready in time. Raises InputError, NotFound or
    NotAttachable: it cannot be, and why.
    """
    reading.tell.line(_sentence(reading.request))
    reading.request, facts = read_facts(reading.request, reading.apple)
    version_read_s = reading.clock.monotonic()
    polls = 0
    while True:
        facts = _complete(reading, facts)
        verdict = _settle(reading, facts)
        age_s = reading.clock.monotonic() - version_read_s
        if isinstance(verdict, Plan):
            if not verdict.writes or age_s < _FRESH_S:
                return verdict
        else:
            _pause(reading, facts, verdict)
            polls += 1
        if isinstance(verdict, Plan) or age_s >= _VERSION_EVERY_S:
            facts = _with_versions(reading, facts)
            version_read_s = reading.clock.monotonic()
        elif verdict.build is None and polls % 2 == 0:
            facts = _with_uploads(reading, facts)
        else:
            builds = read_builds(reading.request, reading.apple, facts.app.id)
            facts = replace(facts, builds=tuple(builds))


def _settle(reading: Reading, facts: Facts) -> Plan | NotYet:
    """Settle `facts`, and note what they show, so that a refusal can be told with it."""
    known = reading.known
    known.app = facts.app
    case = sight(reading.request, facts)
    known.version, known.build = case.version, case.build
    known.checks = preflight(case)
    verdict = settle(case, facts)
    known.version, known.build = verdict.version, verdict.build
    if isinstance(verdict, Plan):
        known.checks = verdict.checks
    return verdict


def _complete(reading: Reading, facts: Facts) -> Facts:
    """`facts` with what only some requests need.

    A number for `latest`; the app's other versions when the one that is meant is missing; the build
    to be shown.
    """
    apple = reading.apple
    if reading.request.latest:
        uploads = tuple(read_uploads(reading.request, apple, facts.app.id))
        facts = replace(facts, uploads=uploads)
        _narrow_latest(reading, facts)
    version = sight(reading.request, facts).version
    if version is None and facts.all_versions is None:
        return replace(facts, all_versions=tuple(apple.versions(facts.app.id)))
    if version is not None and reading.request.operation is Operation.SHOW:
        return read_attached(facts, apple, version)
    return facts


def _narrow_latest(reading: Reading, facts: Facts) -> None:
    """Once `latest` has a number, that number is what is asked for, also of later polls."""
    latest = choose_latest(reading.request, facts.builds, facts.uploads)
    if latest is not None:
        reading.tell.line(f"The latest build is {latest.number} ({latest.platform.label}).")
        reading.request = replace(
            reading.request, build_number=latest.number, platform=latest.platform, latest=False
        )


def _pause(reading: Reading, facts: Facts, verdict: NotYet) -> None:
    """Wait for the next poll. Raises ProcessingTimeout or NotFound: there is no time left."""
    wait, apple = reading.wait, reading.apple
    if wait.left_s <= 0:
        raise _not_ready(reading, facts, verdict)
    slow = wait.slowed_by(apple.requests_left)
    reading.tell.waiting(f"{verdict}{slow}", wait.elapsed_s, wait.left_s)
    wait.pause(apple.requests_left)


def _with_versions(reading: Reading, facts: Facts) -> Facts:
    versions = read_versions(reading.request, reading.apple, facts.app.id)
    return replace(facts, versions=tuple(versions), all_versions=None)


def _with_uploads(reading: Reading, facts: Facts) -> Facts:
    """`facts` with Apple's news of the upload; it has been seen to answer 404 without a cause."""
    try:
        uploads = read_uploads(reading.request, reading.apple, facts.app.id)
    except NotFound:
        return facts
    return replace(facts, uploads=tuple(uploads))


def _not_ready(reading: Reading, facts: Facts, verdict: NotYet) -> AscLinkerError:
    """Why the wait is over, with what was seen last."""
    request, apple = reading.request, reading.apple
    waited = f" Waited {duration(reading.wait.elapsed_s)}." if request.wait_s else ""
    if verdict.build is not None:
        return ProcessingTimeout(
            f"Apple is still processing build {verdict.build.number}.{waited}",
            hint="`wait-minutes` sets how long to wait; most builds take less than an hour. "
            "Running again goes on where this run ended.",
        )
    facts = _with_uploads(reading, facts)
    there = build_not_listed(request, apple.builds(facts.app.id), facts.uploads)
    hint = (
        "A fresh upload takes minutes to appear; `wait-minutes` waits for it. Check "
        "`build-number`, `version-string` and `platform` against the upload."
    )
    if request.wait_s:
        return ProcessingTimeout(f"{there}{waited}", hint=hint)
    return NotFound(there, hint=hint)


def _sentence(request: AttachRequest) -> str:
    version = request.version_string or f"with id {request.version_id}"
    build = "the latest build" if request.latest else f"build {request.build_number}"
    if request.build_id and not request.build_number:
        build = f"the build with id {request.build_id}"
    if request.operation is not Operation.ATTACH and not request.build_number:
        return f"Looking for version {version}."
    return f"Looking for version {version} and {build}."
