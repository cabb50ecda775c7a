"""The story: make a request true on App Store Connect, and say what it took."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from asc_linker.client import MaybeApplied
from asc_linker.decide import Reading, decide
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
    from asc_linker.model import BuildId, VersionId
    from asc_linker.outcome import AttachReport, Known
    from asc_linker.plan import Plan, Write
    from asc_linker.progress import Tell
    from asc_linker.request import AttachRequest

# How often a write whose answer was lost is sent in all, after looking each time.
_MOST_LOOKS = 3
_DRY = {Outcome.ATTACHED: Outcome.WOULD_ATTACH, Outcome.DETACHED: Outcome.WOULD_DETACH}
# What "already so" means when it was this run that made it so.
_OURS = {
    Outcome.ALREADY_ATTACHED: Outcome.ATTACHED,
    Outcome.NOTHING_ATTACHED: Outcome.DETACHED,
}
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
    plan = decide(reading)
    if request.dry_run:
        return known.report(_DRY.get(plan.outcome, plan.outcome), reason=plan.reason)
    looks = 0
    while plan.writes:
        try:
            carry_out(plan, apple, tell, known)
        except MaybeApplied as error:
            looks += 1
            if looks == _MOST_LOOKS:
                raise
            tell.line(f"{error.message} Looking whether it was done.")
            clock.sleep(error.wait_s)
            before, plan = plan, decide(reading)
            known.changed |= plan.writes != before.writes
        except (NotAttachable, NotFound) as refusal:
            plan = reconsider(refusal, plan, reading)
        else:
            return known.report(plan.outcome)
    outcome = _OURS.get(plan.outcome, plan.outcome) if known.changed else plan.outcome
    return known.report(outcome, reason=plan.reason)


def carry_out(plan: Plan, apple: AppStoreConnect, tell: Tell, known: Known) -> None:
    """Write what `plan` says, in its order, and read back what was written.

    Raises AppStoreConnectError: Apple shows something else than what was written.
    """
    for write in plan.writes:
        tell.line(_sentence(write, plan))
        try:
            _write(write, apple, known)
        except Interrupted:
            known.changed |= _is_done(write, apple)
            raise


def reconsider(refusal: AscLinkerError, plan: Plan, reading: Reading) -> Plan:
    """Apple refused what passed all our checks: read everything again, and explain or try again.

    Raises NotAttachable or NotFound: what has changed meanwhile, beside Apple's words.
    """
    reading.tell.line(f"Apple refused: {refusal.message} Reading everything again.")
    try:
        again = decide(reading)
    except (NotAttachable, NotFound) as now:
        raise _explained(refusal, now.message, now.hint) from refusal
    if again.writes != plan.writes:
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
            _confirm_version(version, build, apple, known)
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
            _confirm_version(version, write.build, apple, known)


def _confirm_version(
    version: VersionId, build: BuildId, apple: AppStoreConnect, known: Known
) -> None:
    """Read a version that was created or renamed; `known` keeps what was attached before."""
    previous = known.version.build if known.version else None
    read = apple.version(version)
    known.version = replace(read, build=previous)
    _confirm(read.build.id if read.build else None, build)


def _confirm(attached: BuildId | None, wanted: BuildId | None) -> None:
    """Compare what Apple shows with what was written: a 2xx is a promise, the read is proof."""
    if attached != wanted:
        there = "no build" if attached is None else f"another build (id {attached})"
        raise _differs("the write", there)


def _differs(what: str, there: str) -> AppStoreConnectError:
    return AppStoreConnectError(
        f"Apple took {what}, but shows {there} now.",
        hint="Another job may have written meanwhile. Look at the version before submitting it, "
        "and let one job at a time write to it (`concurrency`).",
    )


def _is_done(write: Write, apple: AppStoreConnect) -> bool:
    """Whether an interrupted write was applied, as far as one quick read tells."""
    try:
        match write:
            case AttachBuild(version, build):
                return apple.attached_build(version) == build
            case DetachBuild(version):
                return apple.attached_build(version) is None
    except AscLinkerError:
        pass
    return False


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
