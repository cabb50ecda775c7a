"""The story: make every request of a job true on App Store Connect, or none; say what it took."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asc_linker.attach.carry_out import Writer
from asc_linker.attach.ready import Watch, looking_for
from asc_linker.attach.session import Session
from asc_linker.attach.wait import Wait
from asc_linker.decision.report import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from asc_linker.apple.client import AppStoreConnect
    from asc_linker.attach.ledger import Ledger
    from asc_linker.attach.progress import Progress
    from asc_linker.clock import Clock
    from asc_linker.decision.decision import Decision
    from asc_linker.decision.report import AttachReport
    from asc_linker.decision.request import Job

_HELD_BACK = "Another target of this run cannot be done, so nothing was written."


def attach_all(
    job: Job,
    apple: Mapping[str, AppStoreConnect],
    clock: Clock,
    progress: Progress,
    ledger: Ledger,
) -> tuple[AttachReport, ...]:
    """Make every request of `job` true on App Store Connect, or none; say what it took.

    Reads, decides, writes what the plans say, reads back. `apple` has a client for each key, by the
    key's id. The ledger knows each write's fate, whatever ends the run.

    Failures of targets are in their reports. Raises what ends the whole run: Interrupted, and on a
    fault of ours anything.
    """
    ledger.begin_with(job.requests)
    session = Session(job, apple, clock, Wait(job.wait_s, clock), progress)
    progress.line(_looking_for(job))
    decisions = Watch(session, ledger.note).until_ready()
    is_refused = any(decision.refusal is not None for decision in decisions)
    if job.dry_run or is_refused:
        return tuple(
            _without_writing(place, decision, ledger, is_dry=job.dry_run)
            for place, decision in enumerate(decisions)
        )
    return Writer(session, ledger).carry_out(decisions)


def _without_writing(
    place: int, decision: Decision, ledger: Ledger, *, is_dry: bool
) -> AttachReport:
    """The report of a target that is not written: refused, held back, or only looked at."""
    if decision.refusal is not None:
        return ledger.report(place, Outcome.FAILED, error=decision.refusal)
    plan = decision.plan
    if plan is not None and (is_dry or not plan.writes):
        return ledger.report(place, plan.outcome.in_a_dry_run if is_dry else plan.outcome)
    return ledger.report(place, Outcome.NOT_WRITTEN, reason=_HELD_BACK, reason_id="held-back")


def _looking_for(job: Job) -> str:
    if len(job.requests) == 1:
        return looking_for(job.requests[0])
    return f"Looking at {len(job.requests)} targets."
