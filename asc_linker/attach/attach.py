"""The story: make a request true on App Store Connect, and say what it took."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from asc_linker.apple.client import MaybeApplied
from asc_linker.attach.carry_out import carry_out, look_back
from asc_linker.attach.decide import Reading, decide, looking_for
from asc_linker.attach.waiting import Wait
from asc_linker.decision.outcome import Outcome
from asc_linker.decision.preflight import changed
from asc_linker.errors import Interrupted, NotAttachable, NotFound, every_error

if TYPE_CHECKING:
    from asc_linker.apple.client import AppStoreConnect
    from asc_linker.apple.model import AppStoreVersion
    from asc_linker.attach.progress import Tell
    from asc_linker.clock import Clock
    from asc_linker.decision.outcome import AttachReport, Known
    from asc_linker.decision.plan import Plan
    from asc_linker.decision.request import Job
    from asc_linker.errors import AscLinkerError

# How often a write is planned in all, when its answer was lost or the world changed under it.
_MOST_LOOKS = 3
_DRY = {Outcome.ATTACHED: Outcome.WOULD_ATTACH, Outcome.DETACHED: Outcome.WOULD_DETACH}
# How it looks when what was meant has been done, be it by a write whose answer was lost.
_ALREADY = {
    Outcome.ATTACHED: Outcome.ALREADY_ATTACHED,
    Outcome.DETACHED: Outcome.NOTHING_ATTACHED,
}
_BUSY = "ENTITY_ERROR.RELATIONSHIP.INVALID.INVALID_STATE"
_BETA_XCODE = f"{_BUSY}.BUILD_SDK_NOT_ALLOWED_FOR_APP_STORE_SUBMISSION"


def attach(
    job: Job, apple: AppStoreConnect, clock: Clock, tell: Tell, known: Known
) -> AttachReport:
    """Make `job` true on App Store Connect, and say what it took.

    Reads, decides, writes what the plan says, reads back. `tell` receives progress; `known` is
    filled as things are found out, and is true also after a failure.

    Raises AscLinkerError, and nothing else on purpose.
    """
    (request,) = job.requests
    if request.skip is not None:
        return known.report(Outcome.SKIPPED, reason=request.skip.reason)
    reading = Reading(request, apple, clock, Wait(job.wait_s, clock), tell, known)
    tell.line(looking_for(request))
    try:
        return _make_true(reading, dry_run=job.dry_run)
    except Interrupted:
        look_back(apple, known)
        raise


def _make_true(reading: Reading, *, dry_run: bool) -> AttachReport:
    known, tell = reading.known, reading.tell
    plan = decide(reading)
    if dry_run:
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


def _as_it_was(version: AppStoreVersion | None, meant: Plan) -> AppStoreVersion | None:
    """`version`, with the build that was attached before this run did what it `meant` to do."""
    before = meant.version.build if meant.version else None
    return replace(version, build=before) if version else None


def _may_pass(refusal: AscLinkerError, plan: Plan) -> bool:
    """Whether this is Apple being slow: VALID is not attachable at once, nor is a 404 the truth.

    Both were read again a moment ago, so a 404 on the write speaks of neither.
    """
    version = plan.version
    if version is None or not version.app_version_state.is_editable:
        return False
    if isinstance(refusal, NotFound):
        return True
    return any(
        error.is_a(_BUSY) and not error.is_a(_BETA_XCODE) for error in every_error(refusal.apple)
    )


def _explained(refusal: AscLinkerError, now: str, hint: str) -> AscLinkerError:
    return type(refusal)(
        f"{refusal.message} {now}",
        hint=hint,
        apple=refusal.apple,
        request_id=refusal.request_id,
    )
