"""The writes there are. A plan is a short list of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from asc_linker.text import true_or_false

if TYPE_CHECKING:
    from datetime import datetime

    from asc_linker.apple.model import AppId, BuildId, Platform, VersionId
    from asc_linker.decision.request import ReleaseType


@dataclass(frozen=True, slots=True)
class AnswerCompliance:
    """Answer a build's export compliance. Apple takes one answer, once."""

    names: ClassVar[tuple[str, ...]] = ("answer-compliance",)
    build: BuildId
    number: str
    answer: bool

    def __str__(self) -> str:
        return f"export compliance of build {self.number} was answered {true_or_false(self.answer)}"


@dataclass(frozen=True, slots=True)
class CreateVersion:
    """Create the App Store version, with the build, in one write."""

    names: ClassVar[tuple[str, ...]] = ("create-version", "attach")
    app: AppId
    platform: Platform
    version_string: str
    build: BuildId
    number: str
    release_type: ReleaseType | None
    earliest_release_date: datetime | None

    def __str__(self) -> str:
        return f"version {self.version_string} was created with build {self.number}"


@dataclass(frozen=True, slots=True)
class RenameVersion:
    """Give an unsubmitted version another version string, and the build, in one write."""

    names: ClassVar[tuple[str, ...]] = ("rename-version", "attach")
    version: VersionId
    old_version_string: str
    version_string: str
    build: BuildId
    number: str

    def __str__(self) -> str:
        return (
            f"version {self.old_version_string} was renamed to {self.version_string}, with build "
            f"{self.number}"
        )


@dataclass(frozen=True, slots=True)
class AttachBuild:
    """Attach the build to the version."""

    names: ClassVar[tuple[str, ...]] = ("attach",)
    version: VersionId
    version_string: str
    build: BuildId
    number: str

    def __str__(self) -> str:
        return f"build {self.number} was attached to version {self.version_string}"


@dataclass(frozen=True, slots=True)
class DetachBuild:
    """Leave the version without a build."""

    names: ClassVar[tuple[str, ...]] = ("detach",)
    version: VersionId
    version_string: str
    number: str

    def __str__(self) -> str:
        return f"build {self.number} was detached from version {self.version_string}"


Write = AnswerCompliance | CreateVersion | RenameVersion | AttachBuild | DetachBuild
"""`names` are what a report calls it, one for each thing it does.

As text it is what it does, in the past tense, as in "whether … is not known".
"""
