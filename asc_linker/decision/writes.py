"""The writes there are. A plan is a short list of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from asc_linker.apple.model import AppId, BuildId, Platform, VersionId
    from asc_linker.decision.request import ReleaseType


@dataclass(frozen=True, slots=True)
class AnswerEncryption:
    """Answer a build's export compliance. Apple takes one answer, once."""

    build: BuildId
    answer: bool


@dataclass(frozen=True, slots=True)
class CreateVersion:
    """Create the App Store version, with the build, in one write."""

    app: AppId
    platform: Platform
    version_string: str
    build: BuildId
    release_type: ReleaseType | None
    earliest_release_date: datetime | None


@dataclass(frozen=True, slots=True)
class RenameVersion:
    """Give an unsubmitted version another version string, and the build, in one write."""

    version: VersionId
    version_string: str
    build: BuildId


@dataclass(frozen=True, slots=True)
class AttachBuild:
    """Attach the build to the version."""

    version: VersionId
    build: BuildId


@dataclass(frozen=True, slots=True)
class DetachBuild:
    """Leave the version without a build."""

    version: VersionId


Write = AnswerEncryption | CreateVersion | RenameVersion | AttachBuild | DetachBuild
