"""The version that is wanted is not there: fail, create it, or rename the one that is open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asc_linker.apple.model import AppStoreVersion, AppVersionState, Platform, VersionId
from asc_linker.decision.absence import version_not_found
from asc_linker.decision.choose import the_only
from asc_linker.decision.plan import Plan
from asc_linker.decision.preflight import Candidates, preflight, refusals
from asc_linker.decision.report import Outcome, VersionChange
from asc_linker.decision.request import IfVersionLocked, IfVersionMissing, Skip
from asc_linker.decision.rules import (
    compliance_answer,
    only_needs_time,
    other_build_attached,
    refused,
    require_identity,
)
from asc_linker.decision.unready import not_yet
from asc_linker.decision.writes import CreateVersion, RenameVersion
from asc_linker.errors import NotAttachable, NotFound

if TYPE_CHECKING:
    from asc_linker.decision.decision import Decision
    from asc_linker.decision.findings import Findings
    from asc_linker.decision.request import AttachRequest
    from asc_linker.decision.writes import Write


def settle_without_version(
    decision: Decision, findings: Findings, *, is_expected: bool
) -> Decision:
    """The version that is wanted is not there: fail, create it, or rename the one that is open."""
    request, build = decision.request, decision.build
    platform = request.platform or (build.platform if build else None)
    request = request._replace(platform=platform)
    versions = findings.all_versions or ()
    if request.if_version_missing is IfVersionMissing.FAIL:
        raise version_not_found(request, versions)
    require_identity(decision.checks)
    if platform is None:
        return not_yet(decision, findings, is_expected=is_expected)
    holders = [
        version
        for version in versions
        if version.platform is platform and version.app_version_state.holds_the_slot
    ]
    for locked in holders:
        if locked.app_version_state.is_locked:
            return _slot_locked(decision, locked)
    holder = the_only(holders, "open versions")
    if request.if_version_missing is IfVersionMissing.RENAME:
        holder = _renamable(request, holder, versions)
        if holder.build is not None:
            kept = other_build_attached(decision, holder)
            if kept is not None:
                return kept
    elif holder is not None:
        raise _slot_taken(request, holder)
    return _made(decision._replace(request=request, version=holder), findings, is_expected)


def _made(decision: Decision, findings: Findings, is_expected: bool) -> Decision:
    """The plan that makes the version: from the open one where there is one, else anew."""
    request, holder, build, app = (
        decision.request,
        decision.version,
        decision.build,
        findings.app,
    )
    assert app is not None
    assert request.platform is not None
    after = _after(decision, request.platform)
    # What is to be created is in no state yet that could be wrong.
    checks = preflight(Candidates(request, app, after if holder else None, build))
    decision = decision._replace(checks=checks)
    if build is None or only_needs_time(build, checks):
        return not_yet(decision, findings, is_expected=is_expected)
    if refusals(checks):
        raise refused(checks)
    write: Write
    if holder is not None:
        change = VersionChange.RENAMED
        write = RenameVersion(
            holder.id, holder.version_string, request.version_string, build.id, build.number
        )
    else:
        change = VersionChange.CREATED
        write = CreateVersion(
            app.id,
            request.platform,
            request.version_string,
            build.id,
            build.number,
            request.release_type,
            request.earliest_release_date,
        )
    writes: tuple[Write, ...] = (*compliance_answer(request, build), write)
    return decision._replace(plan=Plan(Outcome.ATTACHED, holder, build, writes, after, change))


def _after(decision: Decision, platform: Platform) -> AppStoreVersion:
    """The version as it will be, once it is renamed or created."""
    string, holder = decision.request.version_string, decision.version
    if holder is not None:
        return holder._replace(version_string=string)
    state = AppVersionState.PREPARE_FOR_SUBMISSION
    return AppStoreVersion(VersionId(""), platform, string, state, state.value, app=decision.app)


def _renamable(
    request: AttachRequest, holder: AppStoreVersion | None, versions: tuple[AppStoreVersion, ...]
) -> AppStoreVersion:
    if holder is None:
        missing = version_not_found(request, versions)
        raise NotFound(
            f"{missing.message} None of them is open, so there is none to rename.",
            hint="Use `if-version-missing: create`.",
            id="none-to-rename",
        )
    if holder.app_version_state is not AppVersionState.PREPARE_FOR_SUBMISSION:
        raise NotAttachable(
            f"Version {holder.version_string} is {holder.state_word}; only a version in "
            "PREPARE_FOR_SUBMISSION is ever renamed.",
            hint="Finish that version first, or rename it on App Store Connect.",
            id="not-renamable",
        )
    return holder


def _slot_taken(request: AttachRequest, holder: AppStoreVersion) -> NotAttachable:
    can_be_renamed = holder.app_version_state is AppVersionState.PREPARE_FOR_SUBMISSION
    return NotAttachable(
        f"Version {holder.version_string} is open on {holder.platform.label} "
        f"({holder.state_word}), and Apple allows one at a time: {request.version_string} cannot "
        "be created.",
        hint="Finish or release the open version"
        + (", or use `if-version-missing: rename`." if can_be_renamed else "."),
        id="slot-taken",
    )


def _slot_locked(decision: Decision, holder: AppStoreVersion) -> Decision:
    request = decision.request
    sentence = (
        f"Version {holder.version_string} ({holder.state_word}) holds the place of the next "
        f"version on {holder.platform.label}."
    )
    if request.if_version_locked is IfVersionLocked.SKIP:
        skip = Skip("slot-locked", sentence)
        plan = Plan(Outcome.SKIPPED, None, None, skip=skip)
        return decision._replace(build=None, checks=(), plan=plan)
    raise NotAttachable(
        f"{sentence} {request.version_string} cannot be made beside it.",
        hint="Wait for the review, release that version, or cancel its submission; or use "
        "`if-version-locked: skip`.",
        id="slot-locked",
    )
