"""From requests to decisions: read, decide, and while builds are not ready, wait and read again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asc_linker.attach.quota import requests_of, require_quota
from asc_linker.attach.read import Reader
from asc_linker.attach.shared_reads import AT_A_TIME
from asc_linker.clock import duration
from asc_linker.decision.agreement import (
    expected_elsewhere,
    refuse_conflicts,
    refuse_other_plans,
)
from asc_linker.decision.decide import decide
from asc_linker.decision.decision import Look
from asc_linker.decision.unready import not_ready

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from asc_linker.attach.session import Session
    from asc_linker.decision.decision import Decision
    from asc_linker.decision.findings import Findings
    from asc_linker.errors import AppStoreConnectError

# While a build is not listed, at every so many looks its uploads are read as well.
_UPLOADS_EVERY = 4
# A version that was read longer ago than this is read again before anything is written.
_FRESH_S = 60.0
# While a build is waited for, its version may be locked, and then the wait is in vain: worth a read
# each now and then, but not of many targets.
_VERSIONS_EVERY = 10
# A number that is somewhere else, and nowhere on its way, is waited for no longer than this.
_ELSEWHERE_FOR_S = 600.0


class Watch:
    """Looks at the targets of a run until all are decided, or one cannot be."""

    def __init__(self, session: Session, note: Callable[[Sequence[Decision]], None]) -> None:
        """`note` hears what the targets come to, whenever that is decided."""
        self._job = session.job
        self._apple = session.apple
        self._reader = Reader(session.apple, session.wait)
        self._clock = session.clock
        self._wait = session.wait
        self._progress = session.progress
        self._note_all = note
        self._findings: list[Findings] = []
        self._versions_read_s = 0.0
        self._are_uploads_confirmed = False
        self._looks = 0
        self._failure: AppStoreConnectError | None = None
        self._said: dict[int, str] = {}

    def until_ready(self, first: list[Findings]) -> list[Decision]:
        """What each target comes to, of which `first` was read just now. Writes nothing.

        Waits for builds as long as may be. The first refusal for good ends the wait of all: then
        some may not be decided.
        """
        self._findings = first
        self._versions_read_s = self._clock.monotonic()
        while True:
            decisions = self._decisions()
            self._note(decisions)
            if any(decision.refusal is not None for decision in decisions):
                return decisions
            if any(decision.waits for decision in decisions):
                over = self._over(decisions)
                if over is not None:
                    self._note(over)
                    return over
                self._wait_and_look(decisions)
            elif not self._look_once_more(decisions):
                return self._within_quota(decisions)

    def _decisions(self) -> list[Decision]:
        """What the targets come to, once all is read that no waiting is needed for."""
        while True:
            now = self._clock.now()
            decisions = [
                decide(findings, now, is_expected=is_expected)
                for findings, is_expected in zip(
                    self._findings, expected_elsewhere(self._findings), strict=True
                )
            ]
            wanting = {
                place: decision
                for place, decision in enumerate(decisions)
                if decision.look not in (None, Look.BUILD)
            }
            if not wanting:
                return refuse_other_plans(refuse_conflicts(decisions), self._job.expected_plan)
            self._findings = self._reader.look(self._findings, wanting)

    def _over(self, decisions: Sequence[Decision]) -> list[Decision] | None:
        """The decisions that end the wait; None as long as it goes on."""
        in_vain = [
            place
            for place, decision in enumerate(decisions)
            if decision.ends_wait is not None and self._wait.elapsed_s >= _ELSEWHERE_FOR_S
        ]
        if not self._wait.is_over and not in_vain:
            return None
        absent = [place for place, decision in enumerate(decisions) if decision.is_absent]
        if self._wait.is_given and absent:
            # What was read of the app's other builds may be as old as the wait.
            self._findings = self._reader.look(
                self._findings,
                {place: decisions[place]._replace(look=Look.ELSEWHERE) for place in absent},
            )
            decisions = self._decisions()
        waited = duration(self._wait.elapsed_s) if self._wait.is_given else ""
        over = []
        for decision, findings in zip(decisions, self._findings, strict=True):
            if not decision.waits:
                over.append(decision)
            elif self._wait.is_over:
                refusal = self._failure or not_ready(decision, findings, waited, self._clock.now())
                over.append(decision._replace(look=None, refusal=refusal))
            elif decision.ends_wait is not None:
                error = decision.ends_wait
                refusal = error.reworded(f"{error.message} Waited {waited}.", error.hint)
                over.append(decision._replace(look=None, refusal=refusal))
            else:
                over.append(decision)
        is_over = any(decision.refusal is not None for decision in over)
        return over if is_over or not any(decision.waits for decision in over) else None

    def _wait_and_look(self, decisions: Sequence[Decision]) -> None:
        """Wait until the next look is due, and look."""
        waiting = [place for place, decision in enumerate(decisions) if decision.waits]
        left = self._requests_left(waiting)
        slow = self._wait.slowed_by(left)
        if slow:
            self._progress.line(slow)
        what = _what(decisions, waiting)
        self._wait.pause(
            left,
            lambda: self._progress.waiting(what, self._wait.elapsed_s, self._wait.left_s),
        )
        self._looks += 1
        self._are_uploads_confirmed = False
        absent = [place for place in waiting if decisions[place].is_absent]
        is_due = self._looks % _UPLOADS_EVERY == 1
        self._findings, self._failure = self._reader.again(
            self._findings, waiting, absent if is_due else []
        )
        if self._failure is not None:
            if self._wait.is_over:
                return
            self._progress.line(f"{self._failure.message} The wait goes on.")
        elif self._looks % _VERSIONS_EVERY == 0 and len(waiting) <= AT_A_TIME:
            self._read_versions(waiting)

    def _look_once_more(self, decisions: Sequence[Decision]) -> bool:
        """Read again what has to be fresh before a write. Returns whether anything was."""
        writing = [
            place
            for place, decision in enumerate(decisions)
            if decision.plan and decision.plan.writes
        ]
        latest = [place for place in writing if decisions[place].request.latest]
        again = False
        if writing and self._clock.monotonic() - self._versions_read_s >= _FRESH_S:
            self._read_versions(writing)
            again = True
        if latest and not self._are_uploads_confirmed and not self._job.dry_run:
            self._findings = self._reader.uploads(self._findings, latest)
            self._are_uploads_confirmed = True
            again = True
        return again

    def _read_versions(self, places: Sequence[int]) -> None:
        self._findings = self._reader.versions(self._findings, places)
        self._versions_read_s = self._clock.monotonic()

    def _within_quota(self, decisions: list[Decision]) -> list[Decision]:
        """`decisions`, refused where a key has too few requests left for the writes."""
        if self._job.dry_run:
            return decisions
        for key_id, apple in self._apple.items():
            mine = [
                place
                for place, decision in enumerate(decisions)
                if decision.request.key_id == key_id
            ]
            error = require_quota(apple, requests_of([decisions[place] for place in mine]))
            for place in mine if error is not None else ():
                plan = decisions[place].plan
                if plan is not None and plan.writes:
                    decisions[place] = decisions[place]._replace(plan=None, refusal=error)
        self._note_all(decisions)
        return decisions

    def _requests_left(self, places: Sequence[int]) -> int | None:
        """The least that a key of these targets has left in this hour."""
        keys = {self._findings[place].request.key_id for place in places}
        left = [self._apple[key_id].requests_left for key_id in keys]
        return min((each for each in left if each is not None), default=None)

    def _note(self, decisions: Sequence[Decision]) -> None:
        """Remember what the targets come to, and say what is new."""
        self._note_all(decisions)
        for place, decision in enumerate(decisions):
            said = _status(decision)
            if said and self._said.get(place) != said:
                self._said[place] = said
                label = decision.request.label
                if label:
                    self._progress.status(label, said)
                elif decision.waits or decision.request.latest:
                    self._progress.line(f"{said[0].upper()}{said[1:]}")


def _status(decision: Decision) -> str:
    """What is so of a target now, in a few words."""
    if decision.refusal is not None:
        return decision.refusal.message if decision.request.label else ""
    if decision.waits:
        return decision.absence or f"{decision.pending}."
    if decision.plan is not None and decision.request.latest:
        return f"the latest build is {decision.request.build_number}."
    if decision.plan is not None and decision.request.label:
        return "ready." if decision.plan.writes else f"{decision.plan.outcome.value}."
    return ""


def _what(decisions: Sequence[Decision], waiting: Sequence[int]) -> str:
    if len(decisions) == 1:
        return decisions[0].pending
    return f"{len(waiting)} of {len(decisions)} builds are not ready"
