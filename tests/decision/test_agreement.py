"""What the targets of one run mean for each other, and for the plan that was expected."""

from __future__ import annotations

from typing import Any

import pytest
from builders import IOS, MACOS, NOON, NOTES, a_build, a_request, a_version

from asc_linker.apple.model import App, AppId, Platform
from asc_linker.decision.agreement import (
    expected_elsewhere,
    refuse_conflicts,
    refuse_other_plans,
)
from asc_linker.decision.decide import decide
from asc_linker.decision.decision import Decision, Look
from asc_linker.decision.findings import Findings
from asc_linker.decision.plan import Plan, fingerprint, same_plan
from asc_linker.decision.report import Outcome
from asc_linker.decision.request import IfVersionMissing, Operation

OTHER = App(AppId("2"), "com.example.other")


def findings(app: App | None = NOTES, **changes: Any) -> Findings:
    return Findings(a_request(**changes), app)


def attached(name: str = "v1", *, platform: Platform = IOS, **changes: Any) -> Decision:
    """Build 231 is to be attached to a version, whose id is `name`."""
    version, build = a_version(name=name, platform=platform), a_build(platform=platform)
    return decide(Findings(a_request(**changes), NOTES, (version,), (build,)), NOON)


def created(version_string: str = "1.4.2", platform: Platform = IOS, **changes: Any) -> Decision:
    request = a_request(
        version_string=version_string, if_version_missing=IfVersionMissing.CREATE, **changes
    )
    build = a_build(platform=platform, version_string=version_string)
    return decide(Findings(request, NOTES, (), (build,), all_versions=()), NOON)


def renamed() -> Decision:
    request = a_request(if_version_missing=IfVersionMissing.RENAME)
    open_version = a_version("1.5")
    found = Findings(request, NOTES, (), (a_build(),), all_versions=(open_version,))
    return decide(found, NOON)


def shown(name: str = "v1", build: str | None = "230") -> Decision:
    request = a_request(operation=Operation.SHOW, build_number="231")
    return decide(
        Findings(request, NOTES, (a_version(name=name, build=build),), (a_build(),)), NOON
    )


def refusals(*decisions: Decision) -> list[str]:
    """The id of each target's refusal, empty where it may go on."""
    result = refuse_conflicts(decisions)
    assert all((each.plan is None) is (each.refusal is not None) for each in result)
    return [each.refusal.id if each.refusal else "" for each in result]


# ------------------------------------------------------------- expected on another platform


def test_the_other_platforms_of_one_app_and_version_are_expected() -> None:
    run = [
        findings(platform=IOS),
        findings(platform=MACOS, version_string="1.4.2.0"),
        findings(platform=MACOS, version_string="1.5"),
        findings(OTHER, platform=MACOS),
    ]

    assert expected_elsewhere(run) == [True, True, False, False]


def test_one_platform_twice_is_no_other_platform() -> None:
    assert expected_elsewhere([findings(platform=IOS), findings(platform=IOS)]) == [False, False]


@pytest.mark.parametrize("name", ["app_id", "bundle_id"])
def test_an_app_that_is_not_read_yet_is_the_one_that_is_named(name: str) -> None:
    def named(value: str, platform: Platform) -> Findings:
        return findings(None, platform=platform, **{"bundle_id": "", name: value})

    assert expected_elsewhere([named("7", IOS), named("7", MACOS)]) == [True, True]
    assert expected_elsewhere([named("7", IOS), named("8", MACOS)]) == [False, False]


# --------------------------------------------------------------------------- conflicts


def test_targets_with_versions_of_their_own_are_in_nobodys_way() -> None:
    assert refusals(attached("v1"), attached("v2"), attached("v3", platform=MACOS)) == [""] * 3


def test_the_same_version_twice_is_refused_where_it_comes_again() -> None:
    assert refusals(attached(), attached("v2"), attached()) == ["", "", "same-version-twice"]


@pytest.mark.parametrize(
    ("label", "told"), [("com.example.notes", "com.example.notes"), ("", "an earlier one")]
)
def test_the_same_version_twice_is_told_with_the_target_that_has_it(label: str, told: str) -> None:
    again = refuse_conflicts([attached(label=label), attached()])[1]

    assert again.refusal is not None
    assert again.refusal.exit_code == 2
    assert again.refusal.message == f"Version 1.4.2 (iOS) is a target twice: also {told}."


def test_what_is_only_shown_is_in_nobodys_way() -> None:
    assert refusals(shown(), shown()) == ["", ""]


def test_two_new_versions_of_one_app_need_two_platforms() -> None:
    assert refusals(created(), created("1.5", MACOS)) == ["", ""]
    assert refusals(created(), created("1.5")) == ["", "slot-taken"]
    assert refusals(created("1.5"), renamed()) == ["", "slot-taken"]


@pytest.mark.parametrize(
    ("label", "told"),
    [("com.example.notes (ios)", "com.example.notes (ios)"), ("", "another target")],
)
def test_a_place_that_another_target_needs_is_told_with_that_target(label: str, told: str) -> None:
    second = refuse_conflicts([created(label=label), created("1.5")])[1]

    assert second.refusal is not None
    assert second.refusal.exit_code == 5
    assert second.refusal.message == (
        f"Version 1.5 would be created on iOS, where {told} needs the only place for an open "
        "version."
    )


def test_a_version_that_is_there_takes_no_place_from_one_that_is_made() -> None:
    assert refusals(attached("v1"), created("1.5")) == ["", ""]


# ---------------------------------------------------------------------- the expected plan


def test_a_plan_that_is_as_expected_passes() -> None:
    decision = attached()

    assert refuse_other_plans([decision], [decision.fingerprint]) == [decision]
    assert refuse_other_plans([decision], ()) == [decision]


@pytest.mark.parametrize(
    ("was", "told"),
    [
        ("wanted", "What would be written is not what was approved"),
        ("attached", "Another build has been attached since the plan was made"),
    ],
)
def test_another_plan_is_refused_with_what_differs_and_what_all_are_now(
    was: str, told: str
) -> None:
    first, second = attached(), attached("v2", platform=MACOS)
    now = second.fingerprint
    other = "f" * 8 + now[8:] if was == "wanted" else now[:8] + "f" * 8

    passed, refused = refuse_other_plans([first, second], [first.fingerprint, other])

    assert passed == first
    assert refused.plan is None
    assert refused.refusal is not None
    assert refused.refusal.exit_code == 5
    assert refused.refusal.message == f"{told}: the plan was {other}, and is {now} now."
    assert f"`expected-plan: {first.fingerprint},{now}`" in refused.refusal.hint


def test_plans_are_compared_once_all_are_decided() -> None:
    undecided = Decision(a_request(), look=Look.BUILD)

    assert refuse_other_plans([attached(), undecided], ["f" * 16, "f" * 16]) == [
        attached(),
        undecided,
    ]


def test_what_is_only_shown_has_no_plan_to_compare() -> None:
    assert refuse_other_plans([shown()], ["f" * 16]) == [shown()]


# --------------------------------------------------------------------------- fingerprints


def plan(outcome: Outcome = Outcome.ATTACHED, **changes: Any) -> Plan:
    version = a_version(build="230")
    return Plan(outcome, version, a_build(), (), version)._replace(**changes)


def test_a_fingerprint_differs_in_its_first_half_with_all_that_is_wanted() -> None:
    ways = {
        fingerprint(a_request(), NOTES, plan()),
        fingerprint(a_request(), OTHER, plan()),
        fingerprint(a_request(), NOTES, plan(after=a_version(platform=MACOS))),
        fingerprint(a_request(), NOTES, plan(after=a_version("1.5"))),
        fingerprint(a_request(), NOTES, plan(build=a_build("232"))),
        fingerprint(a_request(), NOTES, plan(build=a_build("232", name="b231"))),
        fingerprint(a_request(), NOTES, plan(build=None)),
        fingerprint(a_request(), NOTES, plan(Outcome.KEPT)),
        fingerprint(a_request(), NOTES, plan(Outcome.SKIPPED)),
        fingerprint(a_request(uses_non_exempt_encryption=True), NOTES, plan()),
        fingerprint(a_request(uses_non_exempt_encryption=False), NOTES, plan()),
    }

    assert len({each[:8] for each in ways}) == 11
    assert len({each[8:] for each in ways}) == 1


@pytest.mark.parametrize("outcome", [Outcome.DETACHED, Outcome.NOTHING_ATTACHED])
def test_what_is_detached_counts_without_its_build(outcome: Outcome) -> None:
    assert fingerprint(a_request(), NOTES, plan(outcome)) == fingerprint(
        a_request(), NOTES, plan(outcome, build=None)
    )


def test_a_version_that_is_in_no_plan_counts_by_what_was_asked_for() -> None:
    nowhere = plan(version=None, after=None)
    there = fingerprint(a_request(platform=IOS), NOTES, nowhere)

    assert there[:8] == fingerprint(a_request(), NOTES, plan())[:8]
    assert there != fingerprint(a_request(), NOTES, nowhere)
    assert there == fingerprint(a_request(platform=IOS, app_id=NOTES.id), None, nowhere)
    assert fingerprint(a_request(bundle_id="a"), None, nowhere) != fingerprint(
        a_request(bundle_id="b"), None, nowhere
    )


def test_only_what_is_already_so_may_have_become_so_since_the_plan() -> None:
    now, before = "a" * 16, "a" * 8 + "b" * 8
    writes = attached().plan
    assert writes is not None

    for outcome in (Outcome.ALREADY_ATTACHED, Outcome.NOTHING_ATTACHED):
        assert same_plan(before, now, plan(outcome))
        assert not same_plan("b" * 8 + "a" * 8, now, plan(outcome))
        assert not same_plan(before, now, plan(outcome, writes=writes.writes))
    for outcome in (Outcome.KEPT, Outcome.SKIPPED):
        assert not same_plan(before, now, plan(outcome))
        assert same_plan(now, now, plan(outcome))
