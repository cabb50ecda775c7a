"""What a run knows: what was decided of each target, and the fate of each write.

It outlives whatever ends the run, so that errors, faults of ours and signals are told alike.
"""

from __future__ import annotations

import threading
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from asc_linker.apple.model import AttachedBuild
from asc_linker.decision.decision import Decision
from asc_linker.decision.plan import REFUSED
from asc_linker.decision.report import AttachReport, Outcome, VersionChange

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from asc_linker.apple.model import AppStoreVersion, Build
    from asc_linker.decision.request import AttachRequest
    from asc_linker.decision.writes import Write
    from asc_linker.errors import AscLinkerError


_LOOK_FIRST = "Look at the version on App Store Connect, or run again: that reads before it writes."


class Fate(StrEnum):
    """What became of a write. One that Apple did not make has none."""

    BEGUN = "begun"
    DONE = "done"


class Entry(NamedTuple):
    """One write of one target."""

    write: Write
    fate: Fate


class Ledger:
    """The memory of one run. Safe to share between threads."""

    def __init__(self, requests_left: Callable[[str], int | None] = lambda _key_id: None) -> None:
        """`requests_left` tells what a key, by its id, may still ask in this hour."""
        self._requests_left = requests_left
        self._lock = threading.Lock()
        self._decisions: list[Decision] = []
        self._first: dict[int, Decision] = {}
        self._entries: dict[int, list[Entry]] = {}
        self._versions: dict[int, AppStoreVersion] = {}
        self._answers: dict[int, bool | None] = {}
        self._finished: dict[int, AttachReport] = {}

    def begin_with(self, requests: Sequence[AttachRequest]) -> None:
        """These are the targets; nothing is known of them yet."""
        self._decisions = [Decision(request) for request in requests]

    def note(self, decisions: Sequence[Decision]) -> None:
        """This is what the targets come to, as things are now."""
        with self._lock:
            self._decisions = list(decisions)

    def note_again(self, place: int, decision: Decision) -> None:
        """This is what one target comes to, after Apple refused it."""
        with self._lock:
            self._decisions[place] = decision

    def begin(self, place: int, write: Write) -> None:
        """`write` is about to be sent: from now on its fate is not known."""
        with self._lock:
            self._first.setdefault(place, self._decisions[place])
            self._entries.setdefault(place, []).append(Entry(write, Fate.BEGUN))

    def done(self, place: int) -> None:
        """Apple has made the last write that was begun."""
        with self._lock:
            entries = self._entries[place]
            entries[-1] = entries[-1]._replace(fate=Fate.DONE)

    def not_made(self, place: int) -> None:
        """Apple has not made the last write that was begun."""
        with self._lock:
            self._entries[place].pop()

    def read_back(
        self, place: int, *, version: AppStoreVersion | None = None, build: Build | None = None
    ) -> None:
        """What a version that was created or renamed, or a build that was answered, looks like."""
        with self._lock:
            if version is not None:
                self._versions[place] = version
            if build is not None:
                self._answers[place] = build.uses_non_exempt_encryption

    @property
    def decisions(self) -> tuple[Decision, ...]:
        with self._lock:
            return tuple(self._decisions)

    @property
    def pending(self) -> list[tuple[int, Write]]:
        """The writes whose fate is not known."""
        with self._lock:
            return [
                (place, entry.write)
                for place, entries in self._entries.items()
                for entry in entries
                if entry.fate is Fate.BEGUN
            ]

    @property
    def made(self) -> list[Write]:
        """The writes that Apple has made."""
        with self._lock:
            entries = [entry for some in self._entries.values() for entry in some]
        return [entry.write for entry in entries if entry.fate is Fate.DONE]

    def reports(self, error: AscLinkerError) -> tuple[AttachReport, ...]:
        """What each target came to, where `error` ended the run.

        Those that were finished by then are what they are; those that were not begun were not
        written; all others failed with `error`, and so do all where nothing was begun.
        """
        with self._lock:
            begun = {place for place, entries in self._entries.items() if entries}
            finished = dict(self._finished)
            places = range(len(self._decisions))
        return tuple(
            finished[place]
            if place in finished
            else self.report(place, Outcome.FAILED, error=error)
            if place in begun or not (begun or finished)
            else self.report(
                place,
                Outcome.NOT_WRITTEN,
                reason=error.message,
                reason_id="run-stopped",
            )
            for place in places
        )

    def finish(self, place: int, report: AttachReport) -> AttachReport:
        """The target has come to its end."""
        with self._lock:
            self._finished[place] = report
        return report

    def report(
        self,
        place: int,
        outcome: Outcome,
        *,
        error: AscLinkerError | None = None,
        reason: str = "",
        reason_id: str = "",
    ) -> AttachReport:
        """What the target came to, with everything that is known of it."""
        with self._lock:
            last = self._decisions[place]
            entries = self._entries.get(place, [])
            decision = self._first[place] if entries else last
            version_read = self._versions.get(place)
            answer = self._answers.get(place)
        plan = decision.plan
        before = plan.version if plan else decision.version
        made = [entry for entry in entries if entry.fate is Fate.DONE]
        unknown = [entry for entry in entries if entry.fate is Fate.BEGUN]
        is_dry = outcome.is_dry
        names = {name for entry in made for name in entry.write.names}
        change = plan.version_change if plan else VersionChange.NONE
        if not is_dry and not names & {"create-version", "rename-version"}:
            change = VersionChange.NONE
        after = before
        if plan is not None and (change is not VersionChange.NONE or is_dry):
            after = version_read or plan.after
        build = plan.build if plan and plan.build else last.build
        if build is not None and answer is not None:
            build = build._replace(uses_non_exempt_encryption=answer)
        return AttachReport(
            outcome=outcome,
            request=last.request,
            app=decision.app,
            version=after,
            version_change=change,
            build=build,
            attached=_attached(outcome, build, before),
            previous=before.build if before else None,
            changed=True if made else (None if unknown else False),
            checks=last.checks,
            writes=_names([entry.write for entry in made])
            if not is_dry
            else _names(plan.writes if plan else ()),
            unknown_writes=_names([entry.write for entry in unknown]),
            reason=reason or (plan.skip.reason if plan and plan.skip else ""),
            reason_id=reason_id or (plan.skip.id if plan and plan.skip else ""),
            plan=REFUSED if error is not None and not entries else decision.fingerprint,
            warnings=last.warnings,
            requests_left=self._requests_left(last.request.key_id),
            error=_knowing(error, [entry.write for entry in unknown]),
        )


def _knowing(error: AscLinkerError | None, unknown: Sequence[Write]) -> AscLinkerError | None:
    """`error`, saying which writes are not known, and what to look at."""
    if error is None or not unknown:
        return error
    what = " and ".join(f"whether {write}" for write in unknown)
    return error.reworded(
        f"{error.message} {what[0].upper()}{what[1:]} is not known.",
        f"{_LOOK_FIRST} {error.hint}".strip(),
    )


def _attached(
    outcome: Outcome, build: Build | None, version: AppStoreVersion | None
) -> AttachedBuild | None:
    """What is attached afterwards; on failure the build that was asked for."""
    if outcome.detaches or outcome is Outcome.NOTHING_ATTACHED:
        return None
    of_the_build = outcome.attaches or outcome in (
        Outcome.ALREADY_ATTACHED,
        Outcome.FAILED,
        Outcome.NOT_WRITTEN,
    )
    if build is not None and of_the_build:
        return AttachedBuild(build.id, build.number, build.uses_non_exempt_encryption)
    return version.build if version and outcome is not Outcome.NOT_WRITTEN else None


def _names(writes: Sequence[Write]) -> tuple[str, ...]:
    return tuple(name for write in writes for name in write.names)
