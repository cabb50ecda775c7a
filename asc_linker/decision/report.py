"""What a run came to, target by target."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from asc_linker.apple.model import AttachedBuild
from asc_linker.decision.request import AttachRequest

if TYPE_CHECKING:
    from asc_linker.apple.model import App, AppStoreVersion, Build
    from asc_linker.decision.preflight import Check
    from asc_linker.errors import AscLinkerError


class Outcome(StrEnum):
    """How a target ended; the first output of the action."""

    ATTACHED = "attached"
    ALREADY_ATTACHED = "already-attached"
    KEPT = "kept"
    DETACHED = "detached"
    NOTHING_ATTACHED = "nothing-attached"
    SHOWN = "shown"
    WOULD_ATTACH = "would-attach"
    WOULD_DETACH = "would-detach"
    SKIPPED = "skipped"
    NOT_WRITTEN = "not-written"
    FAILED = "failed"

    @property
    def is_dry(self) -> bool:
        """Whether this is what a write would have come to."""
        return self in (Outcome.WOULD_ATTACH, Outcome.WOULD_DETACH)

    @property
    def attaches(self) -> bool:
        """Whether a build is put on the version, really or in a dry run."""
        return self in (Outcome.ATTACHED, Outcome.WOULD_ATTACH)

    @property
    def detaches(self) -> bool:
        """Whether a build is taken off the version, really or in a dry run."""
        return self in (Outcome.DETACHED, Outcome.WOULD_DETACH)

    @property
    def in_a_dry_run(self) -> Outcome:
        """What a dry run says in place of this."""
        return _DRY.get(self, self)


_DRY = {Outcome.ATTACHED: Outcome.WOULD_ATTACH, Outcome.DETACHED: Outcome.WOULD_DETACH}


class VersionChange(StrEnum):
    """What becomes of the version itself."""

    NONE = ""
    CREATED = "created"
    RENAMED = "renamed"


class Warning(NamedTuple):
    """Something that is no failure now, and that somebody should know."""

    id: str
    title: str
    message: str


class AttachReport(NamedTuple):
    """One target, told as values. What was not found out is None, empty or False."""

    outcome: Outcome
    request: AttachRequest = AttachRequest()
    app: App | None = None
    version: AppStoreVersion | None = None
    """As it is afterwards, or in a dry run would be (a version to be created has an empty id)."""
    version_change: VersionChange = VersionChange.NONE
    """Created or renamed: done, or in a dry run to be done."""
    build: Build | None = None
    """The build that was asked for, where it was found, attached or not."""
    attached: AttachedBuild | None = None
    """What is attached afterwards, or in a dry run would be; on failure the build asked for."""
    previous: AttachedBuild | None = None
    """What was attached before, also when that is the same."""
    changed: bool | None = False
    """None: a write was sent, and what became of it is not known."""
    checks: tuple[Check, ...] = ()
    writes: tuple[str, ...] = ()
    """What was written or in a dry run would be, in order: `answer-compliance`, `create-version`,
    `rename-version`, `attach`, `detach`; a request that does two things is listed as both."""
    unknown_writes: tuple[str, ...] = ()
    """What was sent and is not known, in the same words."""
    reason: str = ""
    """For `skipped` and `not-written`."""
    reason_id: str = ""
    plan: str = ""
    """The plan's fingerprint, 16 hex digits; zeros for a target that is refused."""
    warnings: tuple[Warning, ...] = ()
    """What the reading showed; what will bite next is added where it is told."""
    requests_left: int | None = None
    """What the key may still ask in this hour; None until Apple has said so."""
    error: AscLinkerError | None = None
    """Set where `outcome` is `failed`."""
