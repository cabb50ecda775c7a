"""What a run came to: known piece by piece while it goes on, a report when it ends."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from asc_linker.apple.model import AttachedBuild

if TYPE_CHECKING:
    from asc_linker.apple.model import App, AppStoreVersion, Build
    from asc_linker.decision.preflight import Check
    from asc_linker.decision.writes import Write


class Outcome(StrEnum):
    """How a run ended; the first output of the action."""

    ATTACHED = "attached"
    ALREADY_ATTACHED = "already-attached"
    KEPT = "kept"
    DETACHED = "detached"
    NOTHING_ATTACHED = "nothing-attached"
    SHOWN = "shown"
    WOULD_ATTACH = "would-attach"
    WOULD_DETACH = "would-detach"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class AttachReport:
    """One run, told as values. What was not found out is None.

    `version` still says what was attached before; `attached` is what is attached afterwards, or in
    a dry run would be. `build` is the build that was looked at. `reason` is for `skipped`.
    """

    outcome: Outcome
    app: App | None = None
    version: AppStoreVersion | None = None
    build: Build | None = None
    attached: AttachedBuild | None = None
    changed: bool = False
    checks: tuple[Check, ...] = ()
    requests_left: int | None = None
    reason: str = ""


_OF_THE_BUILD = frozenset(
    {Outcome.ATTACHED, Outcome.ALREADY_ATTACHED, Outcome.WOULD_ATTACH, Outcome.FAILED}
)
_WITHOUT = frozenset({Outcome.DETACHED, Outcome.WOULD_DETACH, Outcome.NOTHING_ATTACHED})


@dataclass(slots=True)
class Known:
    """What a run has found out so far, so that one which fails can still tell it.

    `pending` is a write that was sent, for as long as nobody knows what has become of it.
    """

    app: App | None = None
    version: AppStoreVersion | None = None
    build: Build | None = None
    changed: bool = False
    pending: Write | None = None
    checks: tuple[Check, ...] = ()

    def report(self, outcome: Outcome, *, reason: str = "") -> AttachReport:
        return AttachReport(
            outcome=outcome,
            app=self.app,
            version=self.version,
            build=self.build,
            attached=self._attached(outcome),
            changed=self.changed,
            checks=self.checks,
            reason=reason,
        )

    def _attached(self, outcome: Outcome) -> AttachedBuild | None:
        build = self.build
        if outcome in _WITHOUT:
            return None
        if build is not None and outcome in _OF_THE_BUILD:
            return AttachedBuild(build.id, build.number, build.uses_non_exempt_encryption)
        return self.version.build if self.version else None
