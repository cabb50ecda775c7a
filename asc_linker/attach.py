"""The story: make a request true on App Store Connect, and say what it took."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from dataclasses import replace
from typing import TYPE_CHECKING

from asc_linker.client import MaybeApplied
from asc_linker.decide import Reading, decide, looking_for
from asc_linker.dotted import same_version
from asc_linker.errors import (
    AppStoreConnectError,
    AscLinkerError,
    Interrupted,
    NotAttachable,
    NotFound,
)
from asc_linker.outcome import Outcome
from asc_linker.plan import AnswerEncryption, AttachBuild, CreateVersion, DetachBuild, RenameVersion
from asc_linker.preflight import changed
from asc_linker.waiting import Wait

if TYPE_CHECKING:
    from asc_linker.client import AppStoreConnect
    from asc_linker.clock import Clock
    from asc_linker.model import AppStoreVersion, BuildId, VersionId
    from asc_linker.outcome import AttachReport, Known
    from asc_linker.plan import Plan, Write
    from asc_linker.progress import Tell
    from asc_linker.request import AttachRequest

# How often a write is planned in all, when its answer was lost or the world changed under it.
_MOST_LOOKS = 3
_DRY = {Outcome.ATTACHED: Outcome.WOULD_ATTACH, Outcome.DETACHED: Outcome.WOULD_DETACH}
# How it looks when what was meant has been done, be it by a write whose answer was lost.
_ALREADY = {
    Outcome.ATTACHED: Outcome.ALREADY_ATTACHED,
    Outcome.DETACHED: Outcome.NOTHING_ATTACHED,
}
# How long an interrupted run looks for what became of its write: the runner gives it 7.5 seconds
# until it insists, and 2.5 more.
_LAST_LOOK_S = 4.0
_BUSY = "ENTITY_ERROR.RELATIONSHIP.INVALID.INVALID_STATE"
_BETA_XCODE = f"{_BUSY}.BUILD_SDK_NOT_ALLOWED_FOR_APP_STORE_SUBMISSION"


def attach(
    request: AttachRequest, apple: AppStoreConnect, clock: Clock, tell: Tell, known: Known
) -> AttachReport:
    """Make `request` true on App Store Connect, and say what it took.

    Reads, decides, writes what the plan says, reads back. `tell` receives progress; `known` is
    filled as things are found out, and is true also after a failure.

    Raises AscLinkerError, and nothing else on purpose.
    """
    if request.skip_reason:
        return known.report(Outcome.SKIPPED, reason=request.skip_reason)
    reading = Reading(request, apple, clock, Wait(request.wait_s, clock), tell, known)
    tell.line(looking_for(request))
    try:
        return _make_true(reading)
    except Interrupted:
        look_back(apple, known)
        raise


def _make_true(reading: Reading) -> AttachReport:
    request, known, tell = reading.request, reading.known, reading.tell
    plan = decide(reading)
    if request.dry_run:
        return known.report(_DRY.get(plan.outcome, plan.outcome), reason=plan.reason)
    meant = plan
    looks = 0
    while plan.writes:
        try:
            carry_out(plan, reading.apple, tell, known)
        except MaybeApplied as error:
            looks += 1
            if looks == _MOST_LOOKS:
                raise
            tell.line(f"{error.message} Looking whether it was done.")
            reading.clock.sleep(error.wait_s)
            before, plan = plan, decide(reading)
            known.changed |= plan.writes != before.writes
            known.pending = None
        except (NotAttachable, NotFound) as refusal:
            known.pending = None
            before, plan = plan, reconsider(refusal, plan, reading)
            looks += plan.writes != before.writes
            if looks >= _MOST_LOOKS:
                raise
        else:
            return known.report(plan.outcome)
    if known.changed and plan.outcome is _ALREADY.get(meant.outcome):
        known.version = _as_it_was(known.version, meant)
        return known.report(meant.outcome)
    return known.report(plan.outcome, reason=plan.reason)


def carry_out(plan: Plan, apple: AppStoreConnect, tell: Tell, known: Known) -> None:
    """Write what `plan` says, in its order, and read back what was written.

    Raises AppStoreConnectError: Apple shows something else than what was written.
    """
    for write in plan.writes:
        tell.line(_sentence(write, plan))
        known.pending = write
        _write(write, apple, known)
        known.pending = None


def reconsider(refusal: AscLinkerError, plan: Plan, reading: Reading) -> Plan:
    """Apple refused what passed all our checks: read everything again, and explain or try again.

    Raises NotAttachable or NotFound: what has changed meanwhile, beside Apple's words.
    """
    reading.tell.line(f"Apple refused: {refusal.message} Reading everything again.")
    polls = reading.wait.pauses
    try:
        again = decide(reading)
    except (NotAttachable, NotFound) as now:
        raise _explained(refusal, now.message, now.hint) from refusal
    # A build that had to be waited for again was gone when Apple refused it.
    if again.writes != plan.writes or reading.wait.pauses > polls:
        return again
    if _may_pass(refusal, again) and reading.wait.give_apple_time():
        reading.tell.line("All checks pass; Apple needs a moment after processing. Trying again.")
        return again
    news = changed(plan.checks, again.checks)
    raise _explained(refusal, news or "All our own checks pass.", refusal.hint) from refusal


def _write(write: Write, apple: AppStoreConnect, known: Known) -> None:
    match write:
        case AnswerEncryption(build, answer):
            apple.answer_encryption(build, answer)
            known.changed = True
            read = apple.build(build)
            if read.uses_non_exempt_encryption is not answer:
                raise _differs("the answer to export compliance", "another one")
            known.build = read
        case AttachBuild(version, build):
            apple.attach_build(version, build)
            known.changed = True
            _confirm(apple.attached_build(version), build)
        case DetachBuild(version):
            apple.detach_build(version)
            known.changed = True
            _confirm(apple.attached_build(version), None)
        case RenameVersion(version, version_string, build):
            apple.rename_version(version, version_string, build)
            known.changed = True
            _confirm_version(version, version_string, build, apple, known)
        case CreateVersion():
            release_type = write.release_type
            earliest = write.earliest_release_date
            version = apple.create_version(
                write.app,
                write.platform,
                write.version_string,
                write.build,
                release_type=release_type.name if release_type else None,
                earliest_release_date=earliest.isoformat() if earliest else None,
            )
            known.changed = True
            _confirm_version(version, write.version_string, write.build, apple, known)


def _confirm_version(
    version: VersionId, version_string: str, build: BuildId, apple: AppStoreConnect, known: Known
) -> None:
    """Read a version that was created or renamed; `known` keeps what was attached before."""
    previous = known.version.build if known.version else None
    read = apple.version(version)
    known.version = replace(read, build=previous)
    if not same_version(read.version_string, version_string):
        raise _differs(f"the version string {version_string}", read.version_string)
    _confirm(read.build.id if read.build else None, build)


def _confirm(attached: BuildId | None, wanted: BuildId | None) -> None:
    """Compare what Apple shows with what was written: a 2xx is a promise, the read is proof."""
    if attached != wanted:
        there = "no build" if attached is None else f"another build (id {attached})"
        raise _differs("the write", there)


def _as_it_was(version: AppStoreVersion | None, meant: Plan) -> AppStoreVersion | None:
    """`version`, with the build that was attached before this run did what it `meant` to do."""
    before = meant.version.build if meant.version else None
    return replace(version, build=before) if version else None


def _differs(what: str, there: str) -> AppStoreConnectError:
    return AppStoreConnectError(
        f"Apple took {what}, but shows {there} now.",
        hint="Another job may have written meanwhile. Look at the version before submitting it, "
        "and let one job at a time write to it (`concurrency`).",
    )


def look_back(apple: AppStoreConnect, known: Known) -> None:
    """Find out what became of a write that was under way, if that is quickly told.

    The look goes on beside this thread, so that a silent Apple holds up nobody.
    """
    write = known.pending
    if write is None:
        return
    look: Future[bool] = Future()

    def fulfil() -> None:
        try:
            look.set_result(_is_done(write, apple))
        except AscLinkerError as error:
            look.set_exception(error)

    threading.Thread(target=fulfil, daemon=True).start()
    try:
        known.changed |= look.result(timeout=_LAST_LOOK_S)
    except (AscLinkerError, TimeoutError):
        return
    known.pending = None


def _is_done(write: Write, apple: AppStoreConnect) -> bool:
    """Whether `write` has taken effect by now."""
    match write:
        case AnswerEncryption(build, answer):
            return apple.build(build).uses_non_exempt_encryption is answer
        case AttachBuild(version, build):
            return apple.attached_build(version) == build
        case DetachBuild(version):
            return apple.attached_build(version) is None
        case RenameVersion(version, version_string):
            return apple.version(version).version_string == version_string
        case CreateVersion():
            wanted = write.version_string
            found = apple.versions(write.app, version_strings=(wanted,), platform=write.platform)
            return any(
                (version.version_string, version.platform) == (wanted, write.platform)
                for version in found
            )


def _may_pass(refusal: AscLinkerError, plan: Plan) -> bool:
    """Whether this is Apple being slow: VALID is not attachable at once, nor is a 404 the truth.

    Both were read again a moment ago, so a 404 on the write speaks of neither.
    """
    version = plan.version
    if version is None or not version.app_version_state.is_editable:
        return False
    if isinstance(refusal, NotFound):
        return True
    return any(error.is_a(_BUSY) and not error.is_a(_BETA_XCODE) for error in refusal.every_error())


def _explained(refusal: AscLinkerError, now: str, hint: str) -> AscLinkerError:
    return type(refusal)(
        f"{refusal.message} {now}",
        hint=hint,
        apple=refusal.apple,
        request_id=refusal.request_id,
    )


def _sentence(write: Write, plan: Plan) -> str:
    number = plan.build.number if plan.build else ""
    match write:
        case AnswerEncryption(_, answer):
            return f"Answering export compliance of build {number}: {str(answer).lower()}."
        case CreateVersion():
            return f"Creating version {write.version_string} with build {number}."
        case RenameVersion():
            return f"Renaming the open version to {write.version_string}, with build {number}."
        case AttachBuild():
            return f"Attaching build {number}."
        case DetachBuild():
            return "Detaching the build."
