"""The build is not ready: why that is worth a wait, and what to say when the wait is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asc_linker.decision.absence import (
    awaited_upload,
    build_not_listed,
    elsewhere,
    upload_failed,
    versions_of_the_string,
)
from asc_linker.decision.decision import Decision, Look
from asc_linker.decision.latest import is_abandoned
from asc_linker.decision.report import Warning
from asc_linker.errors import NotFound, ProcessingTimeout

if TYPE_CHECKING:
    from asc_linker.decision.findings import Findings
    from asc_linker.errors import AscLinkerError


def not_yet(decision: Decision, findings: Findings, *, is_expected: bool) -> Decision:
    """A reason to wait, unless Apple has turned the upload down: then there is none."""
    version, build = decision.version, decision.build
    request = decision.request
    if request.platform is None and version is not None:
        # What is on other platforms is no news.
        request = request._replace(platform=version.platform)
        findings = findings._replace(request=request)
    # `latest` that has found no number has passed over what there is, also what failed.
    uploads = (findings.uploads or ()) if request.build_number else ()
    failure = upload_failed(request, build, uploads)
    if failure is not None:
        raise failure
    if build is not None:
        pending = f"build {build.number} is {build.state_word}"
        return decision._replace(look=Look.BUILD, pending=pending)
    is_named_by_its_upload = request.latest and bool(request.build_number)
    if not findings.has_looked_elsewhere and not is_named_by_its_upload:
        return decision._replace(look=Look.ELSEWHERE)
    sentence, hint = build_not_listed(findings, versions_of_the_string(findings))
    waiting = decision._replace(
        look=Look.BUILD,
        pending="Apple does not list the build yet",
        absence=sentence,
    )
    there = elsewhere(findings)
    if there is None or not there.is_newest:
        return waiting
    if there.same_version_string and (is_expected or version is not None):
        return waiting
    return waiting._replace(
        warnings=(
            *decision.warnings,
            Warning("build-elsewhere", "The build may never appear", there.sentence),
        ),
        ends_wait=ProcessingTimeout(sentence, hint=hint, id="build-elsewhere"),
    )


def not_ready(decision: Decision, findings: Findings, waited: str, now: float) -> AscLinkerError:
    """Why the wait is over, with what was seen last.

    `waited` says how long that was, and is empty where there was no waiting; `now` is in seconds
    since the epoch.
    """
    request = decision.request
    if request.platform is None and decision.version is not None:
        request = request._replace(platform=decision.version.platform)
    so_far = f" Waited {waited}." if waited else ""
    if decision.build is not None:
        return ProcessingTimeout(
            f"Apple is still processing build {decision.build.number}.{so_far}",
            hint="`wait-minutes` sets how long to wait; most builds take less than an hour. "
            "Running again goes on where this run ended.",
        )
    findings = findings._replace(request=request)
    sentence, hint = build_not_listed(findings, versions_of_the_string(findings))
    upload = awaited_upload(findings)
    under_way = upload is not None and not is_abandoned(upload, now)
    if waited or under_way:
        return ProcessingTimeout(f"{sentence}{so_far}", hint=hint)
    return NotFound(sentence, hint=hint, id="build-not-found")
