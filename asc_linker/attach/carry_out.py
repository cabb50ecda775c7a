"""Writing: what the plans say, each write in its order, each proved by the read that follows."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from asc_linker.attach.read import Reader
from asc_linker.attach.ready import Watch
from asc_linker.attach.refused import explained, may_pass
from asc_linker.attach.send import differs, read_back, send, sentence
from asc_linker.attach.shared_reads import AT_A_TIME
from asc_linker.attach.side_by_side import side_by_side
from asc_linker.attach.wait import Grace
from asc_linker.decision.report import AttachReport, Outcome
from asc_linker.errors import (
    AppStoreConnectError,
    AscLinkerError,
    CredentialsError,
    MaybeApplied,
    NotAttachable,
    NotFound,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from asc_linker.apple.client import AppStoreConnect
    from asc_linker.apple.model import VersionId
    from asc_linker.attach.ledger import Ledger
    from asc_linker.attach.session import Session
    from asc_linker.decision.decision import Decision
    from asc_linker.decision.writes import Write

_Result = TypeVar("_Result")

# How often a target is planned anew in all, when the world changes under it.
_MOST_PLANS = 3


class Writer:
    """Carries out the plans of a run. Each target's writes are one after the other, by themselves.

    `stop` begins no further write; what has begun is seen through.
    """

    def __init__(self, session: Session, ledger: Ledger) -> None:
        self._session = session
        self._ledger = ledger
        self._stopped = threading.Event()
        self._has_written = threading.Event()

    def carry_out(self, decisions: Sequence[Decision]) -> tuple[AttachReport, ...]:
        """Write what the plans say. Returns what each target came to."""
        calls = [partial(self._target, place, decision) for place, decision in enumerate(decisions)]
        try:
            reports = side_by_side(calls, AT_A_TIME * len(self._session.apple))
        except BaseException:
            self._stopped.set()
            raise
        assert all(isinstance(report, AttachReport) for report in reports)
        return tuple(report for report in reports if isinstance(report, AttachReport))

    def _target(self, place: int, decision: Decision) -> AttachReport:
        assert decision.plan is not None, "every target is decided before the first write"
        ledger = self._ledger
        if not decision.plan.writes:
            return ledger.finish(place, ledger.report(place, decision.plan.outcome))
        if self._stopped.is_set():
            return self._not_written(place)
        try:
            return ledger.finish(place, ledger.report(place, self._write(place, decision)))
        except AscLinkerError as error:
            if isinstance(error, AppStoreConnectError | CredentialsError):
                self._stopped.set()
            failed = ledger.report(place, Outcome.FAILED, error=error)
            return ledger.finish(place, failed)

    def _not_written(self, place: int) -> AttachReport:
        return self._ledger.report(
            place,
            Outcome.NOT_WRITTEN,
            reason="The run had to stop before this target was begun; running again goes on.",
            reason_id="run-stopped",
        )

    def _write(self, place: int, decision: Decision) -> Outcome:
        """Make the plan true. Returns what it came to.

        Raises AscLinkerError: it did not come true, or nobody can tell.
        """
        grace = Grace(self._session.wait, self._session.clock)
        label = decision.request.label
        plans = 0
        while decision.plan is not None and decision.plan.writes:
            try:
                for write in decision.plan.writes:
                    self._say(label, sentence(write))
                    self._make(place, write, decision.request.key_id)
            except (NotAttachable, NotFound) as refusal:
                self._say(label, f"Apple refused: {refusal.message} Reading everything again.")
                before, decision = decision, self._reconsider(place, decision, refusal, grace)
                plans += _writes(decision) != _writes(before)
                if plans >= _MOST_PLANS:
                    raise
            else:
                break
        assert decision.plan is not None, "what cannot be planned is raised"
        return decision.plan.outcome

    def _make(self, place: int, write: Write, key_id: str) -> None:
        """Send one write, and prove it."""
        apple, ledger = self._session.apple[key_id], self._ledger
        self._session.wait.require_time()
        ledger.begin(place, write)
        try:
            made = self._as_asked(partial(self._send, write, apple))
        except MaybeApplied:
            raise
        except AscLinkerError:
            ledger.not_made(place)
            raise
        ledger.done(place)
        self._has_written.set()
        try:
            proof = self._as_asked(partial(read_back, write, apple, made))
        except AscLinkerError as error:
            raise AppStoreConnectError(
                f"Apple took the write ({write}), but it could not be read back. {error.message}",
                hint=f"Run again: that reads first, and writes only what is not so. {error.hint}",
                id="proof-missing",
                apple=error.apple,
                request_id=error.request_id,
            ) from error
        ledger.read_back(place, version=proof.version, build=proof.build)
        if proof.differs:
            raise differs(write, proof)

    def _as_asked(self, call: Callable[[], _Result]) -> _Result:
        """What `call` returns. Once writes have begun, Apple gets the time that it asks for."""
        while True:
            try:
                return call()
            except AppStoreConnectError as error:
                is_asked = error.retry_after_s > 0 and not isinstance(error, MaybeApplied)
                if not (is_asked and self._has_written.is_set()):
                    raise
                if not self._session.wait.pause_for(error.retry_after_s):
                    raise

    def _send(self, write: Write, apple: AppStoreConnect) -> VersionId | None:
        """Send `write`. Returns the id of a version that was made, where Apple said it."""
        lost = False

        def is_applied() -> bool:
            nonlocal lost
            lost = True
            return not read_back(write, apple).differs

        try:
            return send(write, apple, is_applied)
        except (NotAttachable, NotFound) as refusal:
            # A write whose answer was lost may have been made after all, and then be refused.
            if lost and self._is_so(write, apple, refusal):
                return None
            raise

    def _is_so(self, write: Write, apple: AppStoreConnect, refusal: AscLinkerError) -> bool:
        try:
            return not read_back(write, apple).differs
        except AscLinkerError as error:
            raise MaybeApplied(refusal.message, hint=error.hint, apple=refusal.apple) from error

    def _reconsider(
        self, place: int, decision: Decision, refusal: AscLinkerError, grace: Grace
    ) -> Decision:
        """Apple refused what passed all our checks: read everything again, explain or try again.

        Raises NotAttachable or NotFound: what has changed meanwhile, beside Apple's words.
        """
        alone = self._session.job._replace(
            requests=(self._session.job.requests[place],), expected_plan=()
        )
        waited_before_s = self._session.wait.elapsed_s
        watch = Watch(
            self._session._replace(job=alone),
            lambda decisions: self._ledger.note_again(place, decisions[0]),
        )
        reader = Reader(self._session.apple, self._session.wait)
        (again,) = watch.until_ready(reader.first(alone.requests))
        if again.refusal is not None:
            raise explained(refusal, decision, again, grace.used_s) from refusal
        # A build that had to be waited for again was gone when Apple refused it.
        has_waited = self._session.wait.elapsed_s - waited_before_s >= 1.0
        if _writes(again) != _writes(decision) or has_waited:
            return again
        if may_pass(refusal, again) and grace.step():
            self._say(
                decision.request.label,
                "All checks pass; Apple needs a moment after processing. Trying again.",
            )
            return again
        raise explained(refusal, decision, again, grace.used_s) from refusal

    def _say(self, label: str, text: str) -> None:
        if label:
            self._session.progress.status(label, text)
        else:
            self._session.progress.line(text)


def _writes(decision: Decision) -> tuple[Write, ...]:
    return decision.plan.writes if decision.plan else ()


# How long an interrupted run looks for what became of its writes: it should be gone in a second.
_LAST_LOOK_S = 0.7
_BETWEEN_LOOKS_S = 0.1


def look_back(apple: Mapping[str, AppStoreConnect], ledger: Ledger) -> None:
    """Find out what became of the writes that were under way, if that is quickly told.

    Only that a write was made can be told: one that is not seen may still be on its way. The looks
    go on beside this thread, so that a silent Apple holds up nobody.
    """
    ends_s = time.monotonic() + _LAST_LOOK_S
    looks = [
        threading.Thread(
            target=_look,
            args=(place, write, apple[ledger.decisions[place].request.key_id], ledger, ends_s),
            daemon=True,
        )
        for place, write in ledger.pending
    ]
    for look in looks:
        look.start()
    for look in looks:
        look.join(max(0.0, ends_s - time.monotonic()))


def _look(place: int, write: Write, apple: AppStoreConnect, ledger: Ledger, ends_s: float) -> None:
    with suppress(AscLinkerError):
        while time.monotonic() < ends_s:
            if not read_back(write, apple).differs:
                ledger.done(place)
                return
            time.sleep(_BETWEEN_LOOKS_S)
