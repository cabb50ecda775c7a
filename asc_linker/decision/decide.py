"""The decision: what a request comes to, given what there is on App Store Connect.

Pure: findings in, a decision out. The order is: already so, then locked, then `if-attached`, then
the build itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asc_linker.decision.absence import (
    UPLOAD_ANEW,
    reasons,
    version_not_found,
    versions_of_the_string,
)
from asc_linker.decision.choose import (
    ambiguous,
    matching_builds,
    matching_versions,
    on_one_platform,
    the_only,
)
from asc_linker.decision.decision import Decision, Look
from asc_linker.decision.latest import find_latest, passed_over
from asc_linker.decision.missing_version import settle_without_version
from asc_linker.decision.plan import Plan
from asc_linker.decision.preflight import IDENTITY, Candidates, preflight, refusals
from asc_linker.decision.report import Outcome
from asc_linker.decision.request import IfVersionLocked, IfVersionMissing, Operation, Skip
from asc_linker.decision.rules import (
    compliance_answer,
    only_needs_time,
    other_build_attached,
    refused,
    require_identity,
)
from asc_linker.decision.unready import not_yet
from asc_linker.decision.writes import AttachBuild, DetachBuild
from asc_linker.dotted import same_build_number
from asc_linker.errors import AscLinkerError, NotAttachable

if TYPE_CHECKING:
    from asc_linker.apple.model import AppStoreVersion, Build
    from asc_linker.decision.findings import Findings
    from asc_linker.decision.latest import Latest
    from asc_linker.decision.preflight import Check
    from asc_linker.decision.report import Warning
    from asc_linker.decision.writes import Write

# The refusals that speak of the upload itself, for which another one could be asked.
_OF_THE_UPLOAD = frozenset({"build-not-processed", "build-expired", "upload-failed"})


def decide(findings: Findings, now: float, *, is_expected: bool = False) -> Decision:
    """What the target comes to. `now` is in seconds since the epoch.

    `is_expected` says that another target of the run wants the same version string on another
    platform, so that finding the build there is no news.
    """
    if findings.request.skip is not None:
        skip = findings.request.skip
        return Decision(findings.request, plan=Plan(Outcome.SKIPPED, None, None, skip=skip))
    decision = Decision(findings.request, app=findings.app)
    if findings.failure is not None:
        return decision._replace(refusal=findings.failure)
    try:
        return _decide(findings, now, is_expected=is_expected)
    except _Refused as refused:
        return refused.decision
    except AscLinkerError as error:
        return decision._replace(refusal=error)


class _Refused(Exception):
    """A refusal, with what was seen by then."""

    def __init__(self, decision: Decision, error: AscLinkerError) -> None:
        super().__init__()
        self.decision = decision._replace(refusal=error)


def _decide(findings: Findings, now: float, *, is_expected: bool) -> Decision:
    latest: Latest | None = None
    warnings: tuple[Warning, ...] = ()
    if findings.request.latest:
        if findings.uploads is None:
            return Decision(findings.request, app=findings.app, look=Look.UPLOADS)
        latest = find_latest(findings.request, findings.builds, findings.uploads, now)
        if latest is None:
            warnings = passed_over(findings.request, findings.builds, findings.uploads, now)
        else:
            warnings = latest.warnings
            findings = findings._replace(
                request=findings.request._replace(
                    build_number=latest.number, platform=latest.platform
                ),
            )
    request = findings.request
    build = _find_build(findings)
    version = _find_version(findings, build)
    decision = Decision(
        request,
        findings.app,
        version,
        build,
        preflight(Candidates(request, findings.app, version, build)),
        warnings,
    )
    try:
        return _settle(decision, findings, is_expected=is_expected)
    except NotAttachable as error:
        raise _Refused(decision, _with_fallback(error, decision, latest)) from None
    except AscLinkerError as error:
        raise _Refused(decision, error) from None


def _settle(decision: Decision, findings: Findings, *, is_expected: bool) -> Decision:
    """Decide about the candidates that were found.

    Raises AscLinkerError: it cannot be, and why.
    """
    request, version = decision.request, decision.version
    if version is None and not _is_on_several_platforms(findings):
        if findings.all_versions is None:
            return decision._replace(look=Look.ALL_VERSIONS)
        if request.operation is not Operation.ATTACH:
            raise version_not_found(request, findings.all_versions)
        return settle_without_version(decision, findings, is_expected=is_expected)
    if request.operation is Operation.ATTACH:
        return _settle_attach(decision, findings, is_expected=is_expected)
    if version is None:
        raise ambiguous(
            f"Version {request.version_string}",
            {each.platform for each in versions_of_the_string(findings)},
        )
    if request.operation is Operation.DETACH:
        return _settle_detach(decision, version)
    return _settle_show(decision, version, findings)


def _settle_show(decision: Decision, version: AppStoreVersion, findings: Findings) -> Decision:
    """What is attached; or, where a number is named, how that build stands to the version."""
    require_identity(preflight(Candidates(decision.request, decision.app, version)))
    build = decision.build
    if not decision.request.build_number:
        if version.build is not None and findings.attached is None:
            return decision._replace(look=Look.ATTACHED)
        build = findings.attached if version.build else None
    checks = preflight(Candidates(decision.request, decision.app, version, build))
    return decision._replace(
        build=build,
        checks=_without_refusals(checks),
        plan=Plan(Outcome.SHOWN, version, build, after=version),
    )


def _without_refusals(checks: tuple[Check, ...]) -> tuple[Check, ...]:
    """What would be in the way of attaching is in nobody's way where nothing is attached."""
    in_the_way = refusals(checks)
    return tuple(check for check in checks if check not in in_the_way)


def _settle_attach(decision: Decision, findings: Findings, *, is_expected: bool) -> Decision:
    request, version, build = decision.request, decision.version, decision.build
    require_identity(decision.checks)
    if version is None:
        return not_yet(decision, findings, is_expected=is_expected)
    if build is not None and version.build is not None and version.build.id == build.id:
        answered = [check for check in decision.checks if check.id == "export-compliance"]
        if refusals(tuple(answered)):
            raise refused(tuple(answered))
        writes: tuple[Write, ...] = compliance_answer(request, build)
        plan = Plan(Outcome.ALREADY_ATTACHED, version, build, writes, version)
        return decision._replace(checks=_without_refusals(decision.checks), plan=plan)
    if version.app_version_state.is_locked:
        return _locked(decision, version)
    if version.build is not None:
        kept = other_build_attached(decision, version)
        if kept is not None:
            return kept
    if build is None or only_needs_time(build, decision.checks):
        return not_yet(decision, findings, is_expected=is_expected)
    if refusals(decision.checks):
        raise refused(decision.checks)
    writes = (
        *compliance_answer(request, build),
        AttachBuild(version.id, version.version_string, build.id, build.number),
    )
    return decision._replace(plan=Plan(Outcome.ATTACHED, version, build, writes, version))


def _settle_detach(decision: Decision, version: AppStoreVersion) -> Decision:
    request = decision.request
    of_interest = IDENTITY | {"version-locked"}
    checks = tuple(
        check
        for check in preflight(Candidates(request, decision.app, version))
        if check.id in of_interest
    )
    require_identity(checks)
    decision = decision._replace(build=None, checks=checks)
    attached = version.build
    if attached is None:
        open_checks = tuple(check for check in checks if check.id in IDENTITY)
        plan = Plan(Outcome.NOTHING_ATTACHED, version, None, after=version)
        return decision._replace(checks=open_checks, plan=plan)
    # `latest` that has found no number names no build, and so not this one.
    wrong_number = (request.latest and not request.build_number) or (
        request.build_number and not same_build_number(attached.number, request.build_number)
    )
    if wrong_number or request.build_id not in (None, attached.id):
        wanted = request.build_number or request.build_id or "the latest"
        raise NotAttachable(
            f"Build {attached.number or attached.id} is attached to {version.version_string}, not "
            f"{wanted}{request.source('build-number')}. Nothing was detached.",
            hint="Leave out `build-number` and `build-id` to detach whatever is attached.",
            id="other-build-attached",
        )
    if version.app_version_state.is_locked:
        return _locked(decision, version)
    write = DetachBuild(version.id, version.version_string, attached.number or attached.id)
    plan = Plan(Outcome.DETACHED, version, None, (write,), version._replace(build=None))
    return decision._replace(plan=plan)


def _locked(decision: Decision, version: AppStoreVersion) -> Decision:
    if decision.request.if_version_locked is IfVersionLocked.SKIP:
        reason = f"Version {version.version_string} is {version.state_word}."
        plan = Plan(
            Outcome.SKIPPED, version, None, (), version, skip=Skip("version-locked", reason)
        )
        return decision._replace(checks=_without_refusals(decision.checks), plan=plan)
    raise refused(decision.checks)


def _with_fallback(
    error: NotAttachable, decision: Decision, latest: Latest | None
) -> NotAttachable:
    """`error`, in Apple's words where Apple gave some, and with what `latest` could have been."""
    message, hint = error.message, error.hint
    upload = decision.build.upload if decision.build else None
    if upload is not None and upload.errors and error.id == "build-not-processed":
        message, hint = f"{message} {reasons(upload)}", UPLOAD_ANEW
    if latest is not None and error.id in _OF_THE_UPLOAD:
        string = decision.request.version_string
        message = f"Build {latest.number} is the latest upload of version {string}. {message}"
        hint += (
            f" The newest build that could be attached is {latest.fallback}: `build-number: "
            f"{latest.fallback}` asks for it."
            if latest.fallback
            else " No other build of that version could be attached."
        )
    return NotAttachable(message, hint=hint, id=error.id)


def _find_build(findings: Findings) -> Build | None:
    """The build that is wanted; None when it is not there, or none is asked for.

    Without `platform`, the platforms that have the version are the ones that count; where the
    version is to be made, or the build is the latest, the build alone decides.
    """
    request = findings.request
    if request.build_id is not None:
        return findings.builds[0] if findings.builds else None
    if not request.build_number:
        return None
    matching = matching_builds(request, findings.builds)
    may_be_made = request.if_version_missing is not IfVersionMissing.FAIL
    if not (may_be_made and request.operation is Operation.ATTACH):
        stores = {version.platform for version in versions_of_the_string(findings)}
        matching = [build for build in matching if build.platform in stores]
    on_one_platform(f"Version {request.version_string} with build {request.build_number}", matching)
    return the_only(matching, "builds")


def _find_version(findings: Findings, build: Build | None) -> AppStoreVersion | None:
    """The version that is wanted; None when it is not there, or on several platforms.

    Without `platform`, a build that is there says which platform is wanted.
    """
    request = findings.request
    if request.version_id is not None:
        return findings.versions[0]
    matching = matching_versions(request, findings.versions)
    if request.platform is None and request.operation is Operation.ATTACH and build is not None:
        matching = [version for version in matching if version.platform is build.platform]
    if len({version.platform for version in matching}) > 1:
        return None
    return the_only(matching, "App Store versions")


def _is_on_several_platforms(findings: Findings) -> bool:
    return len({version.platform for version in versions_of_the_string(findings)}) > 1
