"""The table of checks: every rule by itself, every two of them together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import combinations
from typing import Any

import pytest
from story import APP, Story

from asc_linker.apple.model import (
    App,
    AppId,
    AppStoreVersion,
    AppVersionState,
    AttachedBuild,
    Build,
    BuildAudienceType,
    BuildId,
    Platform,
    ProcessingState,
    VersionId,
)
from asc_linker.decision.preflight import (
    IDENTITY,
    RULES,
    Candidates,
    Verdict,
    preflight,
    refusals,
)
from asc_linker.decision.request import AttachRequest

NOTES = App(AppId("1"), "com.example.notes", "Notes")
GOOD = Candidates(
    AttachRequest(
        bundle_id="com.example.notes",
        app_id=AppId("1"),
        platform=Platform.IOS,
        version_string="1.4.2",
        build_number="231",
        uses_non_exempt_encryption=False,
    ),
    NOTES,
    AppStoreVersion(
        VersionId("v1"),
        Platform.IOS,
        "1.4.2",
        AppVersionState.PREPARE_FOR_SUBMISSION,
        "PREPARE_FOR_SUBMISSION",
        app=NOTES,
    ),
    Build(
        BuildId("b1"),
        "231",
        "1.4.2",
        Platform.IOS,
        ProcessingState.VALID,
        "VALID",
        uses_non_exempt_encryption=False,
        expires_at=datetime(2026, 9, 1, tzinfo=UTC),
        app_id=AppId("1"),
    ),
)


@dataclass(frozen=True)
class Breakage:
    """One thing that is wrong: the check that must say so, and words that its sentence has."""

    check: str
    says: tuple[str, ...]
    request: Mapping[str, Any] = field(default_factory=dict)
    version: Mapping[str, Any] = field(default_factory=dict)
    build: Mapping[str, Any] = field(default_factory=dict)


def in_state(state: AppVersionState) -> dict[str, Any]:
    return {"app_version_state": state, "state_word": state.value}


def processed(state: ProcessingState) -> dict[str, Any]:
    return {"processing_state": state, "state_word": state.value}


BREAKAGES = {
    "another app's build": Breakage("App", ("1, 2",), build={"app_id": AppId("2")}),
    "another app's version": Breakage(
        "App", ("1, 3",), version={"app": App(AppId("3"), "com.example.other")}
    ),
    "another app id": Breakage("App", ("1, 4",), request={"app_id": AppId("4")}),
    "another bundle id": Breakage(
        "App",
        ("com.example.notes", "com.example.other"),
        request={"bundle_id": "com.example.other"},
    ),
    "another platform": Breakage(
        "Platform", ("the build says macOS", "iOS"), build={"platform": Platform.MAC_OS}
    ),
    "another version string": Breakage(
        "Version string", ("1.4.2", "the build says 1.4.1"), build={"version_string": "1.4.1"}
    ),
    "another number": Breakage("Build number", ("231", "232"), request={"build_number": "232"}),
    "processing": Breakage(
        "Processed", ("still processing", "231"), build=processed(ProcessingState.PROCESSING)
    ),
    "failed": Breakage("Processed", ("FAILED",), build=processed(ProcessingState.FAILED)),
    "invalid": Breakage("Processed", ("INVALID",), build=processed(ProcessingState.INVALID)),
    "expired": Breakage("Not expired", ("expired", "231"), build={"expired": True}),
    "internal only": Breakage(
        "App Store eligible",
        ("internal testing only",),
        build={"audience": BuildAudienceType.INTERNAL_ONLY},
    ),
    "in review": Breakage(
        "Version open",
        ("1.4.2", "IN_REVIEW"),
        version=in_state(AppVersionState.IN_REVIEW),
    ),
    "released": Breakage(
        "Version open",
        ("READY_FOR_DISTRIBUTION",),
        version=in_state(AppVersionState.READY_FOR_DISTRIBUTION),
    ),
    "attached elsewhere": Breakage(
        "Attached nowhere else", ("id v9",), build={"attached_to": VersionId("v9")}
    ),
    "compliance answered otherwise": Breakage(
        "Export compliance",
        ("says false", "answered true"),
        build={"uses_non_exempt_encryption": True},
    ),
}
# Two that set the same field, or speak in the same row of the table, cannot both be true.
PAIRS = [
    (one, other)
    for one, other in combinations(BREAKAGES, 2)
    if BREAKAGES[one].check != BREAKAGES[other].check
]


def broken(*names: str) -> Candidates:
    request: dict[str, Any] = {}
    version: dict[str, Any] = {}
    build: dict[str, Any] = {}
    for breakage in (BREAKAGES[name] for name in names):
        request |= breakage.request
        version |= breakage.version
        build |= breakage.build
    assert GOOD.version is not None
    assert GOOD.build is not None
    return Candidates(
        GOOD.request._replace(**request),
        GOOD.app,
        GOOD.version._replace(**version),
        GOOD.build._replace(**build),
    )


def assert_refused(case: Candidates, *names: str) -> None:
    found = {check.name: check for check in refusals(preflight(case))}
    for name in names:
        breakage = BREAKAGES[name]
        assert breakage.check in found
        assert all(words in found[breakage.check].sentence for words in breakage.says)
        assert found[breakage.check].hint
    assert found.keys() == {BREAKAGES[name].check for name in names}


# ------------------------------------------------------------------------- rules


def test_where_all_is_well_every_check_says_so() -> None:
    checks = preflight(GOOD)

    assert len(checks) == len(RULES)
    assert {check.verdict for check in checks} == {Verdict.OK}
    assert all(check.sentence for check in checks)


@pytest.mark.parametrize("name", BREAKAGES)
def test_each_fault_fails_its_own_check_and_no_other(name: str) -> None:
    assert_refused(broken(name), name)


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_of_two_faults_both_are_told(one: str, other: str) -> None:
    assert_refused(broken(one, other), one, other)


def test_every_rule_has_a_fault_that_fails_it() -> None:
    assert {breakage.check for breakage in BREAKAGES.values()} == {
        check.name for check in preflight(GOOD)
    }


@pytest.mark.parametrize(
    "state",
    [
        AppVersionState.PREPARE_FOR_SUBMISSION,
        AppVersionState.DEVELOPER_REJECTED,
        AppVersionState.REJECTED,
        AppVersionState.METADATA_REJECTED,
        AppVersionState.INVALID_BINARY,
    ],
)
def test_a_version_in_one_of_five_states_takes_a_build(state: AppVersionState) -> None:
    assert verdict_of("Version open", version=in_state(state)) is Verdict.OK


def test_whether_a_version_ready_for_review_takes_a_build_is_for_apple_to_say() -> None:
    state = in_state(AppVersionState.READY_FOR_REVIEW)

    assert verdict_of("Version open", version=state) is Verdict.APPLE_DECIDES


UNKNOWN: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "Version open",
        {"app_version_state": AppVersionState.UNRECOGNISED, "state_word": "FROZEN"},
        {},
    ),
    (
        "Processed",
        {},
        {"processing_state": ProcessingState.UNRECOGNISED, "state_word": "FROZEN"},
    ),
    ("App Store eligible", {}, {"audience": BuildAudienceType.UNRECOGNISED}),
]


@pytest.mark.parametrize(("name", "version", "build"), UNKNOWN)
def test_a_word_nobody_knows_is_for_apple_to_judge(
    name: str, version: dict[str, Any], build: dict[str, Any]
) -> None:
    assert verdict_of(name, version, build) is Verdict.APPLE_DECIDES


def test_unanswered_compliance_is_open_until_the_run_answers_it() -> None:
    unanswered = {"uses_non_exempt_encryption": None}

    assert verdict_of("Export compliance", {}, unanswered) is Verdict.OK
    assert verdict_of("Export compliance", {}, unanswered, unanswered) is Verdict.APPLE_DECIDES


def test_another_spelling_is_no_other_version() -> None:
    assert verdict_of("Version string", {"version_string": "1.4.2.0"}) is Verdict.OK
    assert verdict_of("Version string", {}, {"version_string": "01.4.2"}) is Verdict.OK


def test_the_build_may_be_attached_to_this_very_version() -> None:
    attached = {"attached_to": VersionId("v1")}

    assert verdict_of("Attached nowhere else", {}, attached) is Verdict.OK


def test_what_is_not_known_is_not_judged() -> None:
    names = [check.name for check in preflight(Candidates(GOOD.request, NOTES, None, None))]

    assert names == ["App", "Platform", "Version string"]


def test_nothing_given_and_nothing_found_makes_no_check_of_platform_or_version() -> None:
    names = {check.name for check in preflight(Candidates(AttachRequest(), NOTES, None, None))}

    assert names == {"App"}


def test_the_checks_of_identity_are_in_the_table() -> None:
    assert {check.id for check in preflight(GOOD)} > IDENTITY


def verdict_of(
    name: str,
    version: Mapping[str, Any] | None = None,
    build: Mapping[str, Any] | None = None,
    request: Mapping[str, Any] | None = None,
) -> Verdict:
    assert GOOD.version is not None
    assert GOOD.build is not None
    case = Candidates(
        GOOD.request._replace(**(request or {})),
        NOTES,
        GOOD.version._replace(**(version or {})),
        GOOD.build._replace(**(build or {})),
    )
    return next(check.verdict for check in preflight(case) if check.name == name)


# -------------------------------------------------------------- the rules at work

Begin = Callable[..., Story]
OTHER_VERSION = {"id": "v150", "versionString": "1.5", "build": "b231"}
# What is wrong in the world, by the words that tell it; the version's state comes by itself.
IN_THE_WORLD: dict[str, dict[str, Any]] = {
    "could not process build 231: it is INVALID": {"processingState": "INVALID"},
    "has expired": {"expired": True},
    "internal testing only": {"buildAudienceType": "INTERNAL_ONLY"},
    "answered true": {"usesNonExemptEncryption": True},
    "another version (id v150)": {},
    "is IN_REVIEW, and takes no other build": {},
}


def app_where(*faults: str) -> dict[str, Any]:
    app = deepcopy(APP)
    for fault in faults:
        app["builds"][2] |= IN_THE_WORLD[fault]
        if "v150" in fault:
            app["appStoreVersions"].append(OTHER_VERSION)
        if "IN_REVIEW" in fault:
            app["appStoreVersions"][1]["appVersionState"] = "IN_REVIEW"
    return app


@pytest.mark.parametrize("fault", IN_THE_WORLD)
def test_a_fault_is_told_and_nothing_written(begin: Begin, fault: str) -> None:
    story = begin(app_where(fault))

    end = story.run(uses_non_exempt_encryption="false")

    assert end.exit_code == 5
    assert fault in end.message
    assert end.hint
    assert story.writes == []


@pytest.mark.parametrize(("one", "other"), [*combinations(IN_THE_WORLD, 2)])
def test_of_two_faults_one_run_tells_both_and_writes_nothing(
    begin: Begin, one: str, other: str
) -> None:
    story = begin(app_where(one, other))

    end = story.run(uses_non_exempt_encryption="false")

    assert end.exit_code == 5
    assert one in end.message
    assert other in end.message
    assert story.writes == []


@pytest.mark.parametrize("fault", IN_THE_WORLD)
def test_a_dry_run_finds_the_same_fault(begin: Begin, fault: str) -> None:
    story = begin(app_where(fault))

    for_real = story.run(uses_non_exempt_encryption="false")
    dry = story.run(uses_non_exempt_encryption="false", dry_run="true")

    assert (dry.exit_code, dry.message) == (for_real.exit_code, for_real.message)
    assert dry.report.checks == for_real.report.checks


@pytest.mark.parametrize("fault", IN_THE_WORLD)
def test_show_prints_the_same_table_and_is_a_success(begin: Begin, fault: str) -> None:
    story = begin(app_where(fault))

    attached = story.run(uses_non_exempt_encryption="false")
    shown = story.run(uses_non_exempt_encryption="false", operation="show")

    assert (shown.exit_code, shown.outcome) == (0, "shown")
    assert shown.report.checks == tuple(
        check for check in attached.report.checks if check.verdict is not Verdict.REFUSED
    )
    assert story.writes == []


@pytest.mark.parametrize(
    ("fault", "changes"),
    [
        ("internal", {"buildAudienceType": "INTERNAL_ONLY"}),
        ("expired", {"expired": True}),
        ("answered true", {"usesNonExemptEncryption": True}),
    ],
)
def test_a_build_in_processing_that_will_be_refused_is_not_waited_for(
    begin: Begin, fault: str, changes: dict[str, Any]
) -> None:
    app = deepcopy(APP)
    app["builds"][2] |= changes | {"processedAfterSeconds": 600.0}
    story = begin(app)

    end = story.run(uses_non_exempt_encryption="false", wait_minutes="30")

    assert end.exit_code == 5
    assert fault in end.message
    assert "still processing" in end.message
    assert story.clock.slept == []


def test_nothing_but_time_is_waited_for(begin: Begin) -> None:
    app = deepcopy(APP)
    app["builds"][2]["processedAfterSeconds"] = 90.0

    end = begin(app).run(wait_minutes="30")

    assert end.outcome == "attached"


def test_a_build_that_is_attached_needs_no_other_checks(begin: Begin) -> None:
    app = deepcopy(APP)
    app["builds"][2] |= {"expired": True, "buildAudienceType": "INTERNAL_ONLY"}
    app["appStoreVersions"][1] |= {"build": "b231", "appVersionState": "READY_FOR_DISTRIBUTION"}
    story = begin(app)

    end = story.run()

    assert end.outcome == "already-attached"
    assert end.report.attached == AttachedBuild(BuildId("b231"), "231", False)
    assert end.refused == set()
    assert story.writes == []
