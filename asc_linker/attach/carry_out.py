"""Writing: what a plan says, in its order, each write proved by the read that follows."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from dataclasses import replace
from typing import TYPE_CHECKING

from asc_linker.decision.writes import (
    AnswerEncryption,
    AttachBuild,
    CreateVersion,
    DetachBuild,
    RenameVersion,
)
from asc_linker.dotted import same_version
from asc_linker.errors import AppStoreConnectError, AscLinkerError

if TYPE_CHECKING:
    from asc_linker.apple.client import AppStoreConnect
    from asc_linker.apple.model import BuildId, VersionId
    from asc_linker.attach.progress import Tell
    from asc_linker.decision.outcome import Known
    from asc_linker.decision.plan import Plan
    from asc_linker.decision.writes import Write

# How long an interrupted run looks for what became of its write: the runner gives it 7.5 seconds
# until it insists, and 2.5 more.
_LAST_LOOK_S = 4.0


def carry_out(plan: Plan, apple: AppStoreConnect, tell: Tell, known: Known) -> None:
    """Write what `plan` says, in its order, and read back what was written.

    Raises AppStoreConnectError: Apple shows something else than what was written.
    """
    for write in plan.writes:
        tell.line(_sentence(write, plan))
        known.pending = write
        _write(write, apple, known)
        known.pending = None


def look_back(apple: AppStoreConnect, known: Known) -> None:
    """Find out what became of a write that was under way, if that is quickly told.

    The look goes on beside this thread, so that a silent Apple holds up nobody.
    """
    write = known.pending
    if write is None:
        return
    look: Future[bool] = Future()

    def fulfil() -> None:
        try:
            look.set_result(_is_done(write, apple))
        except AscLinkerError as error:
            look.set_exception(error)

    threading.Thread(target=fulfil, daemon=True).start()
    try:
        known.changed |= look.result(timeout=_LAST_LOOK_S)
    except (AscLinkerError, TimeoutError):
        return
    known.pending = None


def _is_done(write: Write, apple: AppStoreConnect) -> bool:
    """Whether `write` has taken effect by now."""
    match write:
        case AnswerEncryption(build, answer):
            return apple.build(build).uses_non_exempt_encryption is answer
        case AttachBuild(version, build):
            return apple.attached_build(version) == build
        case DetachBuild(version):
            return apple.attached_build(version) is None
        case RenameVersion(version, version_string):
            return apple.version(version).version_string == version_string
        case CreateVersion():
            wanted = write.version_string
            found = apple.versions(write.app, version_strings=(wanted,), platform=write.platform)
            return any(
                (version.version_string, version.platform) == (wanted, write.platform)
                for version in found
            )


def _write(write: Write, apple: AppStoreConnect, known: Known) -> None:
    match write:
        case AnswerEncryption(build, answer):
            apple.answer_encryption(build, answer)
            known.changed = True
            read = apple.build(build)
            if read.uses_non_exempt_encryption is not answer:
                raise _differs("the answer to export compliance", "another one")
            known.build = read
        case AttachBuild(version, build):
            apple.attach_build(version, build)
            known.changed = True
            _confirm(apple.attached_build(version), build)
        case DetachBuild(version):
            apple.detach_build(version)
            known.changed = True
            _confirm(apple.attached_build(version), None)
        case RenameVersion(version, version_string, build):
            apple.rename_version(version, version_string, build)
            known.changed = True
            _confirm_version(version, version_string, build, apple, known)
        case CreateVersion():
            release_type = write.release_type
            earliest = write.earliest_release_date
            version = apple.create_version(
                write.app,
                write.platform,
                write.version_string,
                write.build,
                release_type=release_type.name if release_type else None,
                earliest_release_date=earliest.isoformat() if earliest else None,
            )
            known.changed = True
            _confirm_version(version, write.version_string, write.build, apple, known)


def _confirm_version(
    version: VersionId, version_string: str, build: BuildId, apple: AppStoreConnect, known: Known
) -> None:
    """Read a version that was created or renamed; `known` keeps what was attached before."""
    previous = known.version.build if known.version else None
    read = apple.version(version)
    known.version = replace(read, build=previous)
    if not same_version(read.version_string, version_string):
        raise _differs(f"the version string {version_string}", read.version_string)
    _confirm(read.build.id if read.build else None, build)


def _confirm(attached: BuildId | None, wanted: BuildId | None) -> None:
    """Compare what Apple shows with what was written: a 2xx is a promise, the read is proof."""
    if attached != wanted:
        there = "no build" if attached is None else f"another build (id {attached})"
        raise _differs("the write", there)


def _differs(what: str, there: str) -> AppStoreConnectError:
    return AppStoreConnectError(
        f"Apple took {what}, but shows {there} now.",
        hint="Another job may have written meanwhile. Look at the version before submitting it, "
        "and let one job at a time write to it (`concurrency`).",
    )


def _sentence(write: Write, plan: Plan) -> str:
    number = plan.build.number if plan.build else ""
    match write:
        case AnswerEncryption(_, answer):
            return f"Answering export compliance of build {number}: {str(answer).lower()}."
        case CreateVersion():
            return f"Creating version {write.version_string} with build {number}."
        case RenameVersion():
            return f"Renaming the open version to {write.version_string}, with build {number}."
        case AttachBuild():
            return f"Attaching build {number}."
        case DetachBuild():
            return "Detaching the build."
