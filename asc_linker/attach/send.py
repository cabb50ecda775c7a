"""Every kind of write, one row each: how it is sent, how one sees that it is so, how it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from asc_linker.decision.writes import (
    AnswerCompliance,
    AttachBuild,
    CreateVersion,
    DetachBuild,
    RenameVersion,
)
from asc_linker.dotted import same_version, version_spellings
from asc_linker.errors import AppStoreConnectError
from asc_linker.text import true_or_false

if TYPE_CHECKING:
    from collections.abc import Callable

    from asc_linker.apple.client import AppStoreConnect
    from asc_linker.apple.model import AppStoreVersion, Build, BuildId, VersionId
    from asc_linker.decision.writes import Write

    IsApplied = Callable[[], bool]


class Proof(NamedTuple):
    """What was read back: the version, where it was created or renamed; the build, answered."""

    differs: str = ""
    """What Apple shows instead of what was written; empty where it is so."""
    version: AppStoreVersion | None = None
    build: Build | None = None


class _Kind(NamedTuple):
    """`read` looks at what is so now; `send` returns the id of a version that it made."""

    sentence: Callable[[Any], str]
    send: Callable[[Any, AppStoreConnect, IsApplied], VersionId | None]
    read: Callable[[Any, AppStoreConnect, VersionId | None], Proof]


def sentence(write: Write) -> str:
    """What is about to be done."""
    return _KINDS[type(write)].sentence(write)


def send(write: Write, apple: AppStoreConnect, is_applied: IsApplied) -> VersionId | None:
    """Send `write`, again where it is safe. Returns the id of a version that was made.

    `is_applied` is asked after an attempt that may have reached Apple without a clear answer.

    Raises MaybeApplied: its fate is not known. Raises any other AscLinkerError: it was not made.
    """
    return _KINDS[type(write)].send(write, apple, is_applied)


def read_back(write: Write, apple: AppStoreConnect, made: VersionId | None = None) -> Proof:
    """What is so now of what `write` makes so; `made` is the version that it made, where known."""
    return _KINDS[type(write)].read(write, apple, made)


def _answer(
    write: AnswerCompliance, apple: AppStoreConnect, is_applied: IsApplied
) -> VersionId | None:
    apple.answer_encryption(write.build, write.answer, is_applied=is_applied)
    return None


def _attach(write: AttachBuild, apple: AppStoreConnect, is_applied: IsApplied) -> VersionId | None:
    apple.attach_build(write.version, write.build, is_applied=is_applied)
    return None


def _detach(write: DetachBuild, apple: AppStoreConnect, is_applied: IsApplied) -> VersionId | None:
    apple.detach_build(write.version, is_applied=is_applied)
    return None


def _rename(
    write: RenameVersion, apple: AppStoreConnect, is_applied: IsApplied
) -> VersionId | None:
    apple.rename_version(write.version, write.version_string, write.build, is_applied=is_applied)
    return write.version


def _create(
    write: CreateVersion, apple: AppStoreConnect, is_applied: IsApplied
) -> VersionId | None:
    earliest = write.earliest_release_date
    return apple.create_version(
        write.app,
        write.platform,
        write.version_string,
        write.build,
        release_type=write.release_type.name if write.release_type else None,
        earliest_release_date=earliest.isoformat() if earliest else None,
        is_applied=is_applied,
    )


def _read_answer(write: AnswerCompliance, apple: AppStoreConnect, _made: VersionId | None) -> Proof:
    build = apple.build(write.build)
    said = build.uses_non_exempt_encryption
    if said is write.answer:
        return Proof(build=build)
    there = "no answer" if said is None else f"the answer {true_or_false(said)}"
    return Proof(f"{there} to export compliance", build=build)


def _read_attached(write: AttachBuild, apple: AppStoreConnect, _made: VersionId | None) -> Proof:
    return Proof(_difference(apple.attached_build(write.version), write.build))


def _read_detached(write: DetachBuild, apple: AppStoreConnect, _made: VersionId | None) -> Proof:
    return Proof(_difference(apple.attached_build(write.version), None))


def _read_renamed(write: RenameVersion, apple: AppStoreConnect, _made: VersionId | None) -> Proof:
    return _of_version(apple.version(write.version), write)


def _read_created(write: CreateVersion, apple: AppStoreConnect, made: VersionId | None) -> Proof:
    if made is not None:
        return _of_version(apple.version(made), write)
    versions = [
        version
        for version in apple.versions(
            write.app,
            version_strings=version_spellings(write.version_string),
            platform=write.platform,
        )
        if version.platform is write.platform
        and same_version(version.version_string, write.version_string)
    ]
    if not versions:
        return Proof(f"no version {write.version_string}")
    return _of_version(versions[0], write)


def _of_version(version: AppStoreVersion, write: CreateVersion | RenameVersion) -> Proof:
    if not same_version(version.version_string, write.version_string):
        return Proof(f"the version string {version.version_string}", version=version)
    attached = version.build.id if version.build else None
    return Proof(_difference(attached, write.build), version=version)


def _difference(attached: BuildId | None, wanted: BuildId | None) -> str:
    if attached == wanted:
        return ""
    return "no build" if attached is None else f"another build (id {attached})"


_KINDS: dict[type[Write], _Kind] = {
    AnswerCompliance: _Kind(
        lambda write: (
            f"Answering export compliance of build {write.number}: {true_or_false(write.answer)}."
        ),
        _answer,
        _read_answer,
    ),
    CreateVersion: _Kind(
        lambda write: f"Creating version {write.version_string} with build {write.number}.",
        _create,
        _read_created,
    ),
    RenameVersion: _Kind(
        lambda write: (
            f"Renaming version {write.old_version_string} to {write.version_string}, with build "
            f"{write.number}."
        ),
        _rename,
        _read_renamed,
    ),
    AttachBuild: _Kind(
        lambda write: f"Attaching build {write.number} to version {write.version_string}.",
        _attach,
        _read_attached,
    ),
    DetachBuild: _Kind(
        lambda write: f"Detaching build {write.number} from version {write.version_string}.",
        _detach,
        _read_detached,
    ),
}


def differs(write: Write, proof: Proof) -> AppStoreConnectError:
    """The error for a read-back that shows something else than what Apple took."""
    return AppStoreConnectError(
        f"Apple took the write ({write}), but shows {proof.differs} now.",
        hint="Another job may have written meanwhile. Look at the version before submitting it, "
        "and let one job at a time write to it (`concurrency`).",
        id="proof-differs",
    )
