"""From a request to a plan: read, settle, and while the build is not ready, wait and read again."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from asc_linker.apple.model import BuildUploadState
from asc_linker.attach.read import (
    read_all_versions,
    read_attached,
    read_builds,
    read_facts,
    read_newest_builds,
    read_uploads,
    read_versions,
)
from asc_linker.clock import duration
from asc_linker.decision.absence import (
    UPLOAD_ANEW,
    build_not_listed,
    newest_upload,
    reasons,
    upload_failed,
)
from asc_linker.decision.choose import choose_latest
from asc_linker.decision.plan import NotYet, placed, settle, sight
from asc_linker.decision.preflight import preflight
from asc_linker.decision.request import Operation
from asc_linker.dotted import build_number_spellings
from asc_linker.errors import AppStoreConnectError, NotAttachable, NotFound, ProcessingTimeout

if TYPE_CHECKING:
    from collections.abc import Callable

    from asc_linker.apple.client import AppStoreConnect
    from asc_linker.apple.model import Build, BuildUpload
    from asc_linker.attach.progress import Tell
    from asc_linker.attach.waiting import Wait
    from asc_linker.clock import Clock
    from asc_linker.decision.outcome import Known
    from asc_linker.decision.plan import Facts, Plan
    from asc_linker.decision.request import AttachRequest
    from asc_linker.errors import AscLinkerError

    _Look = Callable[["Reading", Facts], Facts]

# While the build is not ready, at every so manieth look at it the version is read as well: it may
# have been locked, and then waiting is in vain. While it is not even listed, so are the uploads.
_VERSION_EVERY = 15
_UPLOADS_EVERY = 2
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
    reading.request, facts = read_facts(reading.request, reading.apple)
    if reading.request.latest:
        facts = _with_uploads(reading, facts)
    version_read_s = reading.clock.monotonic()
    rota = _Rota()
    while True:
        facts = _complete(reading, facts)
        verdict = _settle(reading, facts)
        if isinstance(verdict, NotYet):
            look = rota.pause(reading, facts, verdict)
            seen = rota.tolerant(look, reading, facts)
        elif verdict.writes and reading.clock.monotonic() - version_read_s >= _FRESH_S:
            look = _with_versions
            seen = look(reading, facts)
        else:
            return verdict
        if look is _with_versions and seen is not facts:
            version_read_s = reading.clock.monotonic()
        facts = seen


class _Rota:
    """What is looked at next: the builds in every interval, all else half way between two of these.

    Apple may fail for minutes while a build is waited for. The wait outlives that, and ends with
    Apple's failure only if that is what it sees last.
    """

    def __init__(self) -> None:
        self._intervals = 0
        self._is_half_way = False
        self._trouble: AppStoreConnectError | None = None

    def pause(self, reading: Reading, facts: Facts, verdict: NotYet) -> _Look:
        """Wait until the next look is due. Returns that look; the last one is at the builds.

        Raises ProcessingTimeout or NotFound: there is no time left. Raises AppStoreConnectError:
        there is none, and the last look failed.
        """
        if reading.wait.is_over:
            raise self._trouble or _not_ready(reading, facts, verdict)
        elsewhere = None
        if not self._is_half_way:
            self._intervals += 1
            elsewhere = self._elsewhere(reading, facts, verdict)
        part = 0.5 if elsewhere or self._is_half_way else 1.0
        self._is_half_way = elsewhere is not None
        _pause(reading, verdict, part)
        return _with_builds if elsewhere is None or reading.wait.is_over else elsewhere

    def tolerant(self, look: _Look, reading: Reading, facts: Facts) -> Facts:
        """What `look` shows; `facts` as they are where Apple fails in a way that may pass."""
        self._trouble = None
        try:
            return look(reading, facts)
        except AppStoreConnectError as error:
            if not error.may_pass or reading.wait.is_over:
                raise
            self._trouble = error
        reading.tell.line(f"{self._trouble.message} The wait goes on.")
        return facts

    def _elsewhere(self, reading: Reading, facts: Facts, verdict: NotYet) -> _Look | None:
        """What else is worth a look in this interval, if anything."""
        if self._intervals % _VERSION_EVERY == 0:
            return _with_versions
        upload = newest_upload(placed(reading.request, verdict.version), facts.uploads)
        is_through = upload is not None and upload.state is BuildUploadState.COMPLETE
        if verdict.build is None and not is_through and self._intervals % _UPLOADS_EVERY == 1:
            return _with_uploads_if_told
        return None


def _settle(reading: Reading, facts: Facts) -> Plan | NotYet:
    """Settle `facts`, and note what they show, so that a refusal can be told with it."""
    known = reading.known
    known.app = facts.app
    case = sight(reading.request, facts)
    known.version, known.build = case.version, case.build
    known.checks = preflight(case)
    try:
        verdict = settle(case, facts)
    except NotAttachable as error:
        raise _in_apples_words(error, known) from None
    known.version, known.build = verdict.version, verdict.build
    if not isinstance(verdict, NotYet):
        known.checks = verdict.checks
    return verdict


def _in_apples_words(error: NotAttachable, known: Known) -> NotAttachable:
    """`error`, with Apple's reasons when it is about a build that Apple could not process."""
    upload = known.build.upload if known.build else None
    told = any(
        check.id == "build-not-processed" and check.sentence in error.message
        for check in known.checks
    )
    if upload is None or not upload.errors or not told:
        return error
    return NotAttachable(f"{error.message} {reasons(upload)}", hint=UPLOAD_ANEW)


def _complete(reading: Reading, facts: Facts) -> Facts:
    """`facts` with what only some requests need.

    A number for `latest`; the app's other versions when the one that is meant is missing; the build
    to be shown.
    """
    apple = reading.apple
    if reading.request.latest:
        _narrow_latest(reading, facts)
    version = sight(reading.request, facts).version
    if version is None and facts.all_versions is None:
        return read_all_versions(reading.request, apple, facts)
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


def _pause(reading: Reading, verdict: NotYet, part: float) -> None:
    """Wait for `part` of an interval, with a sign of life."""
    wait, left, tell = reading.wait, reading.apple.requests_left, reading.tell
    slow = wait.slowed_by(left)
    if slow:
        tell.line(slow)
    wait.pause(left, lambda: tell.waiting(str(verdict), wait.elapsed_s, wait.left_s), part=part)


def _with_builds(reading: Reading, facts: Facts) -> Facts:
    """`facts` with the builds as they are now."""
    builds = read_builds(reading.request, reading.apple, facts.app.id)
    return replace(facts, builds=tuple(builds))


def _with_versions(reading: Reading, facts: Facts) -> Facts:
    """`facts` with the version as it is now; with all of them, if that is what they held."""
    if facts.all_versions is not None:
        again = read_all_versions(reading.request, reading.apple, facts)
        return replace(again, versions=again.all_versions or ())
    versions = read_versions(reading.request, reading.apple, facts.app.id)
    return replace(facts, versions=tuple(versions))


def _with_uploads(reading: Reading, facts: Facts) -> Facts:
    """`facts` with what Apple knows of uploads."""
    uploads = read_uploads(reading.request, reading.apple, facts.app.id)
    return replace(facts, uploads=tuple(uploads))


def _with_uploads_if_told(reading: Reading, facts: Facts) -> Facts:
    """The same, where the list may be missing: it has been seen to answer 404 without a cause."""
    try:
        return _with_uploads(reading, facts)
    except NotFound:
        return facts


def _not_ready(reading: Reading, facts: Facts, verdict: NotYet) -> AscLinkerError:
    """Why the wait is over, with what was seen last."""
    request = placed(reading.request, verdict.version)
    waited = f" Waited {duration(reading.wait.elapsed_s)}." if reading.wait.is_given else ""
    if verdict.build is not None:
        return ProcessingTimeout(
            f"Apple is still processing build {verdict.build.number}.{waited}",
            hint="`wait-minutes` sets how long to wait; most builds take less than an hour. "
            "Running again goes on where this run ended.",
        )
    builds, uploads = _everywhere(reading, facts)
    failure = upload_failed(request, None, uploads or ())
    if failure is not None:
        return failure
    there, hint = build_not_listed(request, builds, uploads)
    if reading.wait.is_given:
        return ProcessingTimeout(f"{there}{waited}", hint=hint)
    return NotFound(there, hint=hint)


def _everywhere(
    reading: Reading, facts: Facts
) -> tuple[list[Build] | None, list[BuildUpload] | None]:
    """Builds and uploads of the app, also where nobody asked for them: to say what went wrong.

    None for what Apple does not tell just now; the wait is over all the same.
    """
    request, apple, app = reading.request, reading.apple, facts.app.id
    numbers = build_number_spellings(request.build_number) if request.build_number else ()
    builds = uploads = None
    with suppress(AppStoreConnectError, NotFound):
        builds = read_newest_builds(apple, app)
    with suppress(AppStoreConnectError, NotFound):
        uploads = apple.uploads(app, numbers=numbers)
    return builds, uploads


def looking_for(request: AttachRequest) -> str:
    """What `request` is about, in a sentence."""
    version = request.version_string or f"with id {request.version_id}"
    build = "the latest build" if request.latest else f"build {request.build_number}"
    if request.build_id and not request.build_number:
        build = f"the build with id {request.build_id}"
    if request.operation is not Operation.ATTACH and not request.build_number:
        return f"Looking for version {version}."
    return f"Looking for version {version} and {build}."
