"""The small rules that every way to a plan shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asc_linker.apple.model import ProcessingState
from asc_linker.decision.plan import Plan
from asc_linker.decision.preflight import IDENTITY, refusals
from asc_linker.decision.report import Outcome
from asc_linker.decision.request import IfAttached
from asc_linker.decision.writes import AnswerCompliance
from asc_linker.errors import NotAttachable

if TYPE_CHECKING:
    from asc_linker.apple.model import AppStoreVersion, Build
    from asc_linker.decision.decision import Decision
    from asc_linker.decision.preflight import Check
    from asc_linker.decision.request import AttachRequest


def refused(checks: tuple[Check, ...]) -> NotAttachable:
    """Everything that is wrong, as one error, under the id of the first."""
    failed = refusals(checks)
    hints = dict.fromkeys(check.hint for check in failed if check.hint)
    return NotAttachable(
        " ".join(check.sentence for check in failed), hint=" ".join(hints), id=failed[0].id
    )


def require_identity(checks: tuple[Check, ...]) -> None:
    """Raise NotAttachable: what was read is not what the inputs say, whatever else holds."""
    if any(check.id in IDENTITY for check in refusals(checks)):
        raise refused(checks)


def only_needs_time(build: Build, checks: tuple[Check, ...]) -> bool:
    """Whether Apple is processing the build, and nothing is wrong that waiting would not cure."""
    if build.processing_state is not ProcessingState.PROCESSING:
        return False
    return all(check.id == "build-not-processed" for check in refusals(checks))


def other_build_attached(decision: Decision, version: AppStoreVersion) -> Decision | None:
    """What `if-attached` says about the other build; None to replace it."""
    match decision.request.if_attached:
        case IfAttached.REPLACE:
            return None
        case IfAttached.KEEP:
            checks = tuple(check for check in decision.checks if check.id in IDENTITY)
            plan = Plan(Outcome.KEPT, version, None, (), version)
            return decision._replace(version=version, build=None, checks=checks, plan=plan)
        case IfAttached.FAIL:
            attached = version.build.number if version.build else ""
            raise NotAttachable(
                f"Build {attached or 'another'} is attached to version {version.version_string} "
                "already.",
                hint="`if-attached: replace` would replace it, `keep` would leave it.",
                id="other-build-attached",
            )


def compliance_answer(request: AttachRequest, build: Build) -> tuple[AnswerCompliance, ...]:
    answer = request.uses_non_exempt_encryption
    if answer is None or build.uses_non_exempt_encryption is not None:
        return ()
    return (AnswerCompliance(build.id, build.number, answer),)
