"""The story: make every request of a job true on App Store Connect, or none; say what it took."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asc_linker.attach.read import Reader
from asc_linker.attach.session import Session
from asc_linker.attach.wait import Wait
from asc_linker.decision.report import Outcome
from asc_linker.decision.request import Operation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from asc_linker.apple.client import AppStoreConnect
    from asc_linker.attach.ledger import Ledger
    from asc_linker.attach.progress import Progress
    from asc_linker.clock import Clock
    from asc_linker.decision.decision import Decision
    from asc_linker.decision.report import AttachReport
    from asc_linker.decision.request import AttachRequest, Job

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
    findings = Reader(session.apple, session.wait).first(job.requests)
    # Not before: while the first answers were under way, there was time to load these.
    from asc_linker.attach.carry_out import Writer
    from asc_linker.attach.ready import Watch

    decisions = Watch(session, ledger.note).until_ready(findings)
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
        return _looking_for_one(job.requests[0])
    return f"Looking at {len(job.requests)} targets."


def _looking_for_one(request: AttachRequest) -> str:
    """What `request` is about, in a sentence."""
    version = f"version {request.version_string or f'with id {request.version_id}'}"
    if request.operation is Operation.SHOW and not (request.version_string or request.version_id):
        return "Looking at the versions of the app."
    if request.operation is not Operation.ATTACH and not request.build_number:
        return f"Looking for {version}."
    build = "the latest build" if request.latest else f"build {request.build_number}"
    if request.build_id and not request.build_number:
        build = f"the build with id {request.build_id}"
    of_version, of_build = request.source("version-string"), request.source("build-number")
    if of_version != of_build:
        version += of_version
    return f"Looking for {version} and {build}{of_build}."
