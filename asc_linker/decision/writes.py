"""The writes there are. A plan is a short list of them."""

from datetime import datetime
from typing import NamedTuple

from asc_linker.apple.model import AppId, BuildId, Platform, VersionId
from asc_linker.decision.request import ReleaseType
from asc_linker.text import true_or_false


class AnswerCompliance(NamedTuple):
    """Answer a build's export compliance. Apple takes one answer, once."""

    build: BuildId
    number: str
    answer: bool

    @property
    def names(self) -> tuple[str, ...]:
        return ("answer-compliance",)

    def __str__(self) -> str:
        return f"export compliance of build {self.number} was answered {true_or_false(self.answer)}"


class CreateVersion(NamedTuple):
    """Create the App Store version, with the build, in one write."""

    app: AppId
    platform: Platform
    version_string: str
    build: BuildId
    number: str
    release_type: ReleaseType | None
    earliest_release_date: datetime | None

    @property
    def names(self) -> tuple[str, ...]:
        return ("create-version", "attach")

    def __str__(self) -> str:
        return f"version {self.version_string} was created with build {self.number}"


class RenameVersion(NamedTuple):
    """Give an unsubmitted version another version string, and the build, in one write."""

    version: VersionId
    old_version_string: str
    version_string: str
    build: BuildId
    number: str

    @property
    def names(self) -> tuple[str, ...]:
        return ("rename-version", "attach")

    def __str__(self) -> str:
        return (
            f"version {self.old_version_string} was renamed to {self.version_string}, with build "
            f"{self.number}"
        )


class AttachBuild(NamedTuple):
    """Attach the build to the version."""

    version: VersionId
    version_string: str
    build: BuildId
    number: str

    @property
    def names(self) -> tuple[str, ...]:
        return ("attach",)

    def __str__(self) -> str:
        return f"build {self.number} was attached to version {self.version_string}"


class DetachBuild(NamedTuple):
    """Leave the version without a build."""

    version: VersionId
    version_string: str
    number: str

    @property
    def names(self) -> tuple[str, ...]:
        return ("detach",)

    def __str__(self) -> str:
        return f"build {self.number} was detached from version {self.version_string}"


Write = AnswerCompliance | CreateVersion | RenameVersion | AttachBuild | DetachBuild
"""`names` are what a report calls it, one for each thing it does.

As text it is what it does, in the past tense, as in "whether … is not known".
"""
