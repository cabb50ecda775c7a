"""What a run came to: known piece by piece while it goes on, a report when it ends."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asc_linker.model import App, AppStoreVersion, Build


class Outcome(StrEnum):
    """How a run ended; the first output of the action."""

    ATTACHED = "attached"
    ALREADY_ATTACHED = "already-attached"
    WOULD_ATTACH = "would-attach"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class AttachReport:
    """One run, told as values. What was not found out is None.

    `version` is as it was read before any write, so `version.build` is the previous build;
    `build` is the one that is attached afterwards, or would be. `reason` is for `skipped`.
    """

    outcome: Outcome
    app: App | None = None
    version: AppStoreVersion | None = None
    build: Build | None = None
    changed: bool = False
    requests_left: int | None = None
    reason: str = ""


@dataclass(slots=True)
class Known:
    """What a run has found out so far, so that one which fails can still tell it."""

    app: App | None = None
    version: AppStoreVersion | None = None
    build: Build | None = None
    changed: bool = False

    def report(
        self, outcome: Outcome, *, reason: str = "", requests_left: int | None = None
    ) -> AttachReport:
        return AttachReport(
            outcome=outcome,
            app=self.app,
            version=self.version,
            build=self.build,
            changed=self.changed,
            requests_left=requests_left,
            reason=reason,
        )
