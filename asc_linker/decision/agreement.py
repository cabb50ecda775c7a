"""What the targets of one run mean for each other, and for the plan that was expected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asc_linker.decision.plan import same_plan
from asc_linker.decision.report import VersionChange
from asc_linker.decision.request import Operation
from asc_linker.dotted import plain_version
from asc_linker.errors import InputError, NotAttachable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asc_linker.apple.model import AppStoreVersion, Platform
    from asc_linker.decision.decision import Decision
    from asc_linker.decision.findings import Findings
    from asc_linker.decision.plan import Plan


def expected_elsewhere(run: Sequence[Findings]) -> list[bool]:
    """For each target whether another wants the same version string on another platform."""
    platforms: dict[tuple[str, str], set[Platform | None]] = {}
    for findings in run:
        platforms.setdefault(_of_one_upload(findings), set()).add(findings.request.platform)
    return [len(platforms[_of_one_upload(findings)]) > 1 for findings in run]


def refuse_conflicts(decisions: Sequence[Decision]) -> list[Decision]:
    """`decisions`, with those refused that are in each other's way.

    The same version twice is a fault of the inputs, also when only reading shows it; two targets
    that create or rename on one app and platform cannot both be.
    """
    seen: dict[object, int] = {}
    slots: dict[object, int] = {}
    result = list(decisions)
    for place, decision in enumerate(decisions):
        version, plan = decision.version, decision.plan
        if plan is None or decision.app is None or decision.request.operation is Operation.SHOW:
            continue
        if plan.version_change is not VersionChange.NONE and plan.after is not None:
            slot = (decision.app.id, plan.after.platform)
            other = slots.setdefault(slot, place)
            if other != place:
                result[place] = decision._replace(
                    plan=None, refusal=_one_slot(plan, decisions[other])
                )
        if version is not None:
            other = seen.setdefault(version.id, place)
            if other != place:
                result[place] = decision._replace(
                    plan=None, refusal=_same_twice(version, decisions[other])
                )
    return result


def _same_twice(version: AppStoreVersion, other: Decision) -> InputError:
    return InputError(
        f"Version {version.version_string} ({version.platform.label}) is a target twice: also "
        f"{other.request.label or 'an earlier one'}.",
        hint="Leave one of them out of `targets`.",
        id="same-version-twice",
    )


def _one_slot(plan: Plan, other: Decision) -> NotAttachable:
    assert plan.after is not None
    return NotAttachable(
        f"Version {plan.after.version_string} would be {plan.version_change} on "
        f"{plan.after.platform.label}, where {other.request.label or 'another target'} needs the "
        "only place for an open version.",
        hint="Leave one of them out of `targets`.",
        id="slot-taken",
    )


def refuse_other_plans(decisions: Sequence[Decision], expected: Sequence[str]) -> list[Decision]:
    """`decisions`, with those refused whose plan is another than expected; all pass without one.

    Only where every target can be decided: before that there is no plan to compare. `show` writes
    nothing, and so has none.
    """
    is_shown = any(decision.request.operation is Operation.SHOW for decision in decisions)
    if not expected or is_shown or any(decision.plan is None for decision in decisions):
        return list(decisions)
    now = ",".join(decision.fingerprint for decision in decisions)
    return [
        decision
        if decision.plan is None or same_plan(plan, decision.fingerprint, decision.plan)
        else decision._replace(plan=None, refusal=_other_plan(plan, decision.fingerprint, now))
        for decision, plan in zip(decisions, expected, strict=True)
    ]


def _other_plan(expected: str, fingerprint: str, now: str) -> NotAttachable:
    wanted_differs = expected[:8] != fingerprint[:8]
    what = (
        "What would be written is not what was approved"
        if wanted_differs
        else "Another build has been attached since the plan was made"
    )
    return NotAttachable(
        f"{what}: the plan was {expected}, and is {fingerprint} now.",
        hint=f"Look at the change; if it is right, approve the new plan: `expected-plan: {now}`.",
        id="plan-differs",
    )


def _of_one_upload(findings: Findings) -> tuple[str, str]:
    """The app and the version string, by which the uploads of a universal app are one."""
    request = findings.request
    app = findings.app.id if findings.app else request.app_id or request.bundle_id
    return app, plain_version(request.version_string)
