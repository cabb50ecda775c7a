"""The decision: what a request comes to, given what there is on App Store Connect.

Pure: a request and facts in, a plan, a reason to wait, or an AscLinkerError out. The order is:
already so, then locked, then `if-attached`, then the build itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from asc_linker.apple.model import AppVersionState, ProcessingState
from asc_linker.decision.absence import upload_failed, version_not_found
from asc_linker.decision.choose import choose_build, choose_open, choose_version, matching_versions
from asc_linker.decision.outcome import Outcome
from asc_linker.decision.preflight import IDENTITY, Case, preflight, refusals
from asc_linker.decision.request import IfAttached, IfVersionLocked, IfVersionMissing, Operation
from asc_linker.decision.writes import (
    AnswerEncryption,
    AttachBuild,
    CreateVersion,
    DetachBuild,
    RenameVersion,
)
from asc_linker.dotted import same_build_number
from asc_linker.errors import NotAttachable, NotFound

if TYPE_CHECKING:
    from asc_linker.apple.model import App, AppStoreVersion, Build, BuildUpload
    from asc_linker.decision.preflight import Check
    from asc_linker.decision.request import AttachRequest
    from asc_linker.decision.writes import Write


@dataclass(frozen=True, slots=True)
class Facts:
    """What was read. `versions` and `builds` may hold more than what was asked for.

    `all_versions` is every version of the app, None until the one that is meant turns out missing;
    `uploads` is what Apple knows of uploads that are no builds yet, read only when that matters.
    """

    app: App
    versions: tuple[AppStoreVersion, ...] = ()
    builds: tuple[Build, ...] = ()
    uploads: tuple[BuildUpload, ...] = ()
    all_versions: tuple[AppStoreVersion, ...] | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be written, in order, and what the run comes to once that is done.

    `version` is as it was read, and None where it is to be created. `reason` is for `skipped`.
    """

    outcome: Outcome
    version: AppStoreVersion | None
    build: Build | None
    writes: tuple[Write, ...] = ()
    checks: tuple[Check, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class NotYet:
    """The build is not ready. `build` is None while Apple does not list it."""

    version: AppStoreVersion | None
    build: Build | None

    def __str__(self) -> str:
        if self.build is None:
            return "Apple does not list the build yet"
        return f"build {self.build.number} is {self.build.state_word}"


def sight(request: AttachRequest, facts: Facts) -> Case:
    """The version and the build that are meant, if they are there.

    Raises InputError: they are there on several platforms. Raises NotAttachable: several match.
    """
    build = _find_build(request, facts)
    return Case(request, facts.app, _find_version(request, facts, build), build)


def settle(case: Case, facts: Facts) -> Plan | NotYet:
    """Decide, about what was sighted in `facts`.

    Raises InputError, NotFound or NotAttachable: it cannot be, and why.
    """
    request, version, build = case.request, case.version, case.build
    if request.operation is Operation.ATTACH and version is None:
        return _settle_without_version(request, facts, build)
    if version is None:
        raise version_not_found(request, facts.all_versions or ())
    if request.operation is Operation.ATTACH:
        return _settle_attach(case, version, facts.uploads)
    if request.operation is Operation.DETACH:
        return _settle_detach(case, version)
    _require_identity(preflight(replace(case, build=None)))
    return Plan(Outcome.SHOWN, version, build, checks=preflight(case))


def placed(request: AttachRequest, version: AppStoreVersion | None) -> AttachRequest:
    """`request` on the platform of `version`, where it names none: what is elsewhere is no news."""
    if request.platform is not None or version is None:
        return request
    return replace(request, platform=version.platform)


def refused(checks: tuple[Check, ...]) -> NotAttachable:
    """Everything that is wrong, as one error."""
    failed = refusals(checks)
    hints = dict.fromkeys(check.hint for check in failed if check.hint)
    return NotAttachable(" ".join(check.sentence for check in failed), hint=" ".join(hints))


def _require_identity(checks: tuple[Check, ...]) -> None:
    """Raise NotAttachable: what was read is not what the inputs say, whatever else holds."""
    if any(check.id in IDENTITY for check in refusals(checks)):
        raise refused(checks)


def _settle_attach(
    case: Case, version: AppStoreVersion, uploads: tuple[BuildUpload, ...]
) -> Plan | NotYet:
    request, build = case.request, case.build
    checks = preflight(case)
    _require_identity(checks)
    if build is not None and version.build is not None and version.build.id == build.id:
        if any(check.id == "export-compliance" for check in refusals(checks)):
            raise refused(tuple(check for check in checks if check.id == "export-compliance"))
        answer: tuple[Write, ...] = _answer(request, build)
        return Plan(Outcome.ALREADY_ATTACHED, version, build, answer, checks)
    if version.app_version_state.is_locked:
        return _locked(request, version, build, checks)
    if version.build is not None:
        kept = _other_build_attached(request, version, checks)
        if kept is not None:
            return kept
    if build is None or _only_needs_time(build, checks):
        return _not_yet(request, version, build, uploads)
    if refusals(checks):
        raise refused(checks)
    writes: tuple[Write, ...] = (*_answer(request, build), AttachBuild(version.id, build.id))
    return Plan(Outcome.ATTACHED, version, build, writes, checks)


def _settle_detach(case: Case, version: AppStoreVersion) -> Plan:
    request = case.request
    of_interest = IDENTITY | {"version-locked"}
    checks = tuple(check for check in preflight(case) if check.id in of_interest)
    _require_identity(checks)
    attached = version.build
    if attached is None:
        return Plan(Outcome.NOTHING_ATTACHED, version, None)
    # `latest` that has found no number names no build, and so not this one.
    wrong_number = request.latest or (
        request.build_number and not same_build_number(attached.number, request.build_number)
    )
    if wrong_number or request.build_id not in (None, attached.id):
        wanted = request.build_number or request.build_id or "the latest"
        raise NotAttachable(
            f"Build {attached.number or attached.id} is attached to {version.version_string}, not "
            f"{wanted}. Nothing was detached.",
            hint="Leave out `build-number` and `build-id` to detach whatever is attached.",
        )
    if version.app_version_state.is_locked:
        return _locked(request, version, None, checks)
    return Plan(Outcome.DETACHED, version, None, (DetachBuild(version.id),), checks)


def _settle_without_version(
    request: AttachRequest, facts: Facts, build: Build | None
) -> Plan | NotYet:
    """The version that is meant is not there: fail, create it, or rename the one that is open."""
    platform = request.platform or (build.platform if build else None)
    if request.if_version_missing is IfVersionMissing.FAIL:
        raise version_not_found(replace(request, platform=platform), facts.all_versions or ())
    _require_identity(preflight(Case(request, facts.app, None, build)))
    if platform is None:
        return _not_yet(request, None, build, facts.uploads)
    holders = [
        version
        for version in facts.all_versions or ()
        if version.platform is platform and version.app_version_state.holds_the_slot
    ]
    for locked in holders:
        if locked.app_version_state.is_locked:
            return _slot_locked(request, locked)
    holder = choose_open(holders)
    if request.if_version_missing is IfVersionMissing.RENAME:
        holder = _renamable(request, holder, facts)
        kept = _other_build_attached(request, holder, ()) if holder.build else None
        if kept is not None:
            return kept
    elif holder is not None:
        raise NotAttachable(
            f"Version {holder.version_string} is open on {platform.label} ({holder.state_word}), "
            f"and Apple allows one at a time: {request.version_string} cannot be created.",
            hint="Finish or release the open version, or use `if-version-missing: rename`.",
        )
    renamed = replace(holder, version_string=request.version_string) if holder else None
    checks = preflight(Case(request, facts.app, renamed, build))
    if build is None or _only_needs_time(build, checks):
        return _not_yet(request, holder, build, facts.uploads)
    if refusals(checks):
        raise refused(checks)
    write: Write = (
        RenameVersion(holder.id, request.version_string, build.id)
        if holder
        else CreateVersion(
            facts.app.id,
            platform,
            request.version_string,
            build.id,
            request.release_type,
            request.earliest_release_date,
        )
    )
    writes: tuple[Write, ...] = (*_answer(request, build), write)
    return Plan(Outcome.ATTACHED, holder, build, writes, checks)


def _renamable(
    request: AttachRequest, holder: AppStoreVersion | None, facts: Facts
) -> AppStoreVersion:
    if holder is None:
        missing = version_not_found(request, facts.all_versions or ())
        raise NotFound(
            f"{missing.message} None of them is open, so there is none to rename.",
            hint="Use `if-version-missing: create`.",
        )
    if holder.app_version_state is not AppVersionState.PREPARE_FOR_SUBMISSION:
        raise NotAttachable(
            f"Version {holder.version_string} is {holder.state_word}; only a version in "
            "PREPARE_FOR_SUBMISSION is ever renamed.",
            hint="Finish that version first, or rename it on App Store Connect.",
        )
    return holder


def _slot_locked(request: AttachRequest, holder: AppStoreVersion) -> Plan:
    sentence = (
        f"Version {holder.version_string} ({holder.state_word}) holds the place of the next "
        f"version on {holder.platform.label}."
    )
    if request.if_version_locked is IfVersionLocked.SKIP:
        return Plan(Outcome.SKIPPED, None, None, reason=sentence)
    raise NotAttachable(
        f"{sentence} {request.version_string} cannot be made beside it.",
        hint="Wait for the review, release that version, or cancel its submission; or use "
        "`if-version-locked: skip`.",
    )


def _locked(
    request: AttachRequest,
    version: AppStoreVersion,
    build: Build | None,
    checks: tuple[Check, ...],
) -> Plan:
    if request.if_version_locked is IfVersionLocked.SKIP:
        reason = f"Version {version.version_string} is {version.state_word}."
        return Plan(Outcome.SKIPPED, version, build, checks=checks, reason=reason)
    raise refused(checks)


def _other_build_attached(
    request: AttachRequest, version: AppStoreVersion, checks: tuple[Check, ...]
) -> Plan | None:
    """What `if-attached` says about the other build; None to replace it."""
    match request.if_attached:
        case IfAttached.REPLACE:
            return None
        case IfAttached.KEEP:
            return Plan(Outcome.KEPT, version, None, checks=checks)
        case IfAttached.FAIL:
            attached = version.build.number if version.build else ""
            raise NotAttachable(
                f"Build {attached or 'another'} is attached to version {version.version_string} "
                "already.",
                hint="`if-attached: replace` would replace it, `keep` would leave it.",
            )


def _only_needs_time(build: Build, checks: tuple[Check, ...]) -> bool:
    """Whether Apple is processing the build, and nothing is wrong that waiting would not cure."""
    if build.processing_state is not ProcessingState.PROCESSING:
        return False
    return all(check.id == "build-not-processed" for check in refusals(checks))


def _not_yet(
    request: AttachRequest,
    version: AppStoreVersion | None,
    build: Build | None,
    uploads: tuple[BuildUpload, ...],
) -> NotYet:
    """A reason to wait, unless Apple has turned the upload down: then there is none."""
    failure = upload_failed(placed(request, version), build, uploads)
    if failure is not None:
        raise failure
    return NotYet(version, build)


def _answer(request: AttachRequest, build: Build) -> tuple[AnswerEncryption, ...]:
    answer = request.uses_non_exempt_encryption
    if answer is None or build.uses_non_exempt_encryption is not None:
        return ()
    return (AnswerEncryption(build.id, answer),)


def _find_build(request: AttachRequest, facts: Facts) -> Build | None:
    if request.build_id is not None:
        return facts.builds[0] if facts.builds else None
    if not request.build_number:
        shows = request.operation is Operation.SHOW and not request.latest
        return facts.builds[0] if shows and facts.builds else None
    may_be_made = request.if_version_missing is not IfVersionMissing.FAIL
    if may_be_made and request.operation is Operation.ATTACH:
        return choose_build(request, facts.builds)
    in_stores = matching_versions(request, facts.versions)
    return choose_build(request, facts.builds, in_stores) if in_stores else None


def _find_version(
    request: AttachRequest, facts: Facts, build: Build | None
) -> AppStoreVersion | None:
    if request.version_id is not None:
        return facts.versions[0]
    says_where = build if request.operation is Operation.ATTACH else None
    return choose_version(request, facts.versions, says_where)
