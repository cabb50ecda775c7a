"""What one target comes to, as far as it can be told."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from asc_linker.decision.plan import REFUSED, Plan, fingerprint

if TYPE_CHECKING:
    from asc_linker.apple.model import App, AppStoreVersion, Build
    from asc_linker.decision.preflight import Check
    from asc_linker.decision.report import Warning
    from asc_linker.decision.request import AttachRequest
    from asc_linker.errors import AscLinkerError, ProcessingTimeout


class Look(StrEnum):
    """What has to be read before a target can be decided."""

    ALL_VERSIONS = "every version of the app"
    ATTACHED = "the build on the version"
    ELSEWHERE = "what the app has instead of the build"
    UPLOADS = "the uploads of the app"
    BUILD = "the build, once some time has passed"


class Decision(NamedTuple):
    """What one target comes to, as far as it can be told. One of the last three is set.

    `request` is narrowed: what `latest` and `version-id` stand for is filled in.
    """

    request: AttachRequest
    app: App | None = None
    version: AppStoreVersion | None = None
    build: Build | None = None
    checks: tuple[Check, ...] = ()
    warnings: tuple[Warning, ...] = ()
    pending: str = ""
    """With Look.BUILD: what is so for now."""
    absence: str = ""
    """With Look.BUILD: what is there in place of a build that Apple does not list."""
    ends_wait: ProcessingTimeout | None = None
    """With Look.BUILD: why waiting longer is in vain, if that stays so."""
    plan: Plan | None = None
    look: Look | None = None
    refusal: AscLinkerError | None = None

    @property
    def waits(self) -> bool:
        return self.look is Look.BUILD

    @property
    def is_absent(self) -> bool:
        """Whether Apple does not list the build."""
        return self.waits and self.build is None

    @property
    def fingerprint(self) -> str:
        """The plan's; zeros for a target that is refused or not decided."""
        return REFUSED if self.plan is None else fingerprint(self.request, self.app, self.plan)
