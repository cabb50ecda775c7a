"""The story: the build that was meant is attached and proved, or nothing is and the reason told."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from story import APP, APP_ID, Story, app_with

from asc_linker.emulator import World
from asc_linker.emulator.words import AppVersionState
from asc_linker.emulator.world import AppStoreVersion, Build

Begin = Callable[..., Story]
WRITE = "PATCH /v1/appStoreVersions/v142/relationships/build"
READ_BACK = "GET /v1/appStoreVersions/v142/relationships/build"
SENT = tuple(WRITE.split(" "))
OTHER_APP: dict[str, Any] = {
    "id": "6446000009",
    "bundleId": "com.example.notes.pro",
    "appStoreVersions": [{"id": "pro142", "versionString": "1.4.2"}],
    "builds": [
        {
            "id": "pro231",
            "version": "231",
            "preReleaseVersion": "1.4.2",
            "usesNonExemptEncryption": False,
        }
    ],
}


def a_build(name: str, number: str, version: str = "1.4.2", **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "version": number,
        "preReleaseVersion": version,
        "usesNonExemptEncryption": False,
    } | more


def a_version(name: str, version: str = "1.4.2", **more: Any) -> dict[str, Any]:
    return {"id": name, "versionString": version} | more


def an_app(versions: list[dict[str, Any]], builds: list[dict[str, Any]]) -> dict[str, Any]:
    return APP | {"appStoreVersions": versions, "builds": builds}


def the_version(world: World, name: str = "v142") -> AppStoreVersion:
    found = world.version(name)
    assert found is not None
    return found


def the_build(world: World, name: str = "b231") -> Build:
    found = world.build(name)
    assert found is not None
    return found


def meanwhile(story: Story, change: Callable[[World], None], match: str = WRITE) -> None:
    """Let `change` happen after everything was checked, a moment before the write takes effect."""

    def answer(_: object) -> None:
        change(story.world)

    story.emulator.on(match, answer=answer)


def refusal(code: str, detail: str = "The specified pre-release build could not be added.") -> Any:
    return {"errors": [{"status": "409", "code": code, "title": "Refused", "detail": detail}]}


RELATIONSHIP = "ENTITY_ERROR.RELATIONSHIP.INVALID"
INVALID_STATE = f"{RELATIONSHIP}.INVALID_STATE"

# -------------------------------------------------------------------- already so


@pytest.mark.parametrize("state", list(AppVersionState))
def test_what_is_attached_already_is_left_alone_in_every_state(
    begin: Begin, state: AppVersionState
) -> None:
    story = begin(app_with(version={"build": "b231", "appVersionState": str(state)}))

    end = story.run(if_attached="fail", if_version_locked="fail")

    assert (end.outcome, end.report.changed) == ("already-attached", False)
    assert story.writes == []


@pytest.mark.parametrize("state", ["PREPARE_FOR_SUBMISSION", "IN_REVIEW", "READY_FOR_DISTRIBUTION"])
def test_a_contradicting_answer_is_refused_also_when_the_build_is_attached(
    begin: Begin, state: str
) -> None:
    story = begin(app_with(version={"build": "b231", "appVersionState": state}))

    end = story.run(uses_non_exempt_encryption="true")

    assert end.exit_code == 5
    assert "`uses-non-exempt-encryption` says true" in end.message
    assert "takes no other build" not in end.message
    assert story.writes == []


def test_an_unanswered_question_is_answered_also_when_the_build_is_attached(begin: Begin) -> None:
    story = begin(app_with(version={"build": "b231"}, usesNonExemptEncryption=None))

    end = story.run(uses_non_exempt_encryption="true")

    assert (end.outcome, end.report.changed) == ("already-attached", True)
    assert end.outputs["uses-non-exempt-encryption"] == "true"
    assert story.writes == [("PATCH", "/v1/builds/b231")]


def test_an_answer_that_was_given_without_a_clear_answer_leaves_already_attached(
    begin: Begin,
) -> None:
    story = begin(app_with(version={"build": "b231"}, usesNonExemptEncryption=None))
    story.emulator.on("PATCH /v1/builds/b231", applied_then=500)

    end = story.run(uses_non_exempt_encryption="false")

    assert (end.outcome, end.report.changed) == ("already-attached", True)
    assert story.writes == [("PATCH", "/v1/builds/b231")]


# ------------------------------------------------------------ the order of decisions


def test_locked_comes_before_what_is_attached(begin: Begin) -> None:
    story = begin(app_with(version={"appVersionState": "IN_REVIEW"}))

    for if_attached in ("keep", "fail", "replace"):
        assert "IN_REVIEW" in story.run(if_attached=if_attached).message
        skipped = story.run(if_attached=if_attached, if_version_locked="skip")
        assert skipped.outcome == "skipped"
    assert story.writes == []


def test_locked_comes_before_the_builds_absence(begin: Begin) -> None:
    story = begin(app_with(version={"appVersionState": "IN_REVIEW"}))

    assert story.run(build_number="999").exit_code == 5
    assert story.run(build_number="999", if_version_locked="skip").outcome == "skipped"
    assert story.run(build_number="999", wait_minutes="30").exit_code == 5
    assert story.clock.slept == []


@pytest.mark.parametrize("number", ["231", "999", "latest"])
def test_keep_needs_no_build(begin: Begin, number: str) -> None:
    story = begin()

    end = story.run(build_number=number, if_attached="keep", wait_minutes="30")

    assert end.outcome == "kept"
    assert (end.outputs["build-number"], end.outputs["previous-build-number"]) == ("230", "230")
    assert story.clock.slept == []
    assert story.writes == []


def test_keep_needs_no_processing(begin: Begin) -> None:
    story = begin(app_with(processedAfterSeconds=600.0))

    assert story.run(if_attached="keep", wait_minutes="30").outcome == "kept"
    assert story.clock.slept == []


@pytest.mark.parametrize("number", ["231", "999"])
def test_another_build_that_is_attached_can_be_a_failure(begin: Begin, number: str) -> None:
    story = begin()

    end = story.run(build_number=number, if_attached="fail", wait_minutes="30")

    assert end.exit_code == 5
    assert "Build 230 is attached to version 1.4.2 already" in end.message
    assert story.writes == []


def test_with_nothing_attached_keep_and_fail_attach(begin: Begin) -> None:
    for if_attached in ("keep", "fail"):
        story = begin(app_with(version={"build": None}))
        assert story.run(if_attached=if_attached).outcome == "attached"


# ------------------------------------------------------------- races with the world


def now_in_review(world: World) -> None:
    the_version(world).app_version_state = AppVersionState.IN_REVIEW


def now_expired(world: World) -> None:
    the_build(world).expired = True


def now_attached_elsewhere(world: World) -> None:
    world.apps[0].app_store_versions.append(
        AppStoreVersion(id="v150", version_string="1.5", build="b231")
    )


def now_gone(world: World) -> None:
    world.apps[0].builds = [build for build in world.apps[0].builds if build.id != "b231"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (now_in_review, "Version 1.4.2 is IN_REVIEW, and takes no other build"),
        (now_expired, "Build 231 has expired"),
        (now_attached_elsewhere, "Build 231 is attached to another version (id v150)"),
        (now_gone, "Build 231 of 1.4.2 on iOS is not among the uploaded builds"),
    ],
    ids=["in review", "expired", "attached elsewhere", "gone"],
)
def test_what_changed_between_check_and_write_is_told(
    begin: Begin, change: Callable[[World], None], told: str
) -> None:
    story = begin()
    meanwhile(story, change)

    end = story.run()

    assert end.exit_code == 5
    assert told in end.message
    assert end.error is not None
    assert end.error.apple
    assert story.writes == [SENT]
    assert story.attached() == "b230"
    assert not end.report.changed


def test_a_version_that_is_locked_in_time_is_told(begin: Begin) -> None:
    story = begin(app_with(version={"lockedAfterSeconds": 30.0}))
    meanwhile(story, lambda _: story.clock.sleep(60))

    end = story.run()

    assert end.exit_code == 5
    assert "WAITING_FOR_REVIEW" in end.message


def test_a_version_that_is_locked_meanwhile_is_skipped_where_that_was_asked(begin: Begin) -> None:
    story = begin()
    meanwhile(story, now_in_review)

    end = story.run(if_version_locked="skip")

    assert (end.exit_code, end.outcome, end.report.changed) == (0, "skipped", False)
    assert "IN_REVIEW" in end.report.reason


def test_a_version_that_is_deleted_meanwhile_is_not_found(begin: Begin) -> None:
    story = begin()

    def delete(world: World) -> None:
        world.apps[0].app_store_versions.pop()

    meanwhile(story, delete)

    end = story.run()

    assert end.exit_code == 4
    assert "The App Store has no version 1.4.2" in end.message
    assert "1.4.1" in end.message


def test_a_build_that_someone_else_attached_meanwhile_is_a_success_of_theirs(begin: Begin) -> None:
    story = begin()

    def answer(_: object) -> tuple[int, Any]:
        the_version(story.world).build = "b231"
        return 409, refusal(INVALID_STATE)

    story.emulator.on(WRITE, answer=answer)

    end = story.run()

    assert (end.outcome, end.report.changed) == ("already-attached", False)
    assert story.writes == [SENT]


def test_an_answer_to_compliance_given_by_another_job_is_taken_for_ours(begin: Begin) -> None:
    story = begin(app_with(usesNonExemptEncryption=None))

    def answered(world: World) -> None:
        the_build(world).uses_non_exempt_encryption = False

    meanwhile(story, answered, "PATCH /v1/builds/b231")

    end = story.run(uses_non_exempt_encryption="false")

    assert end.outcome == "attached"
    assert story.writes == [("PATCH", "/v1/builds/b231"), SENT]


def test_another_answer_to_compliance_meanwhile_stops_before_attaching(begin: Begin) -> None:
    story = begin(app_with(usesNonExemptEncryption=None))

    def answered(world: World) -> None:
        the_build(world).uses_non_exempt_encryption = True

    meanwhile(story, answered, "PATCH /v1/builds/b231")

    end = story.run(uses_non_exempt_encryption="false")

    assert end.exit_code == 5
    assert "was answered true" in end.message
    assert story.attached() == "b230"


def test_a_world_that_changes_with_every_write_is_given_up_after_three_plans(begin: Begin) -> None:
    story = begin()
    answers = iter([None, False, None, False])

    def changed(_: object) -> tuple[int, Any]:
        the_build(story.world).uses_non_exempt_encryption = next(answers)
        return 409, refusal(INVALID_STATE)

    story.emulator.on(WRITE, answer=changed, times=None)

    end = story.run(uses_non_exempt_encryption="false", wait_minutes="30")

    assert end.exit_code == 5
    assert story.writes == [SENT, ("PATCH", "/v1/builds/b231"), SENT, SENT]
    assert story.clock.elapsed == 0
    assert end.report.writes == ("answer-compliance",)
    assert end.report.changed is True
    assert story.attached() == "b230"


# ------------------------------------------------------- refusals that nothing explains


def test_a_refusal_with_nothing_changed_says_that_all_checks_pass(begin: Begin) -> None:
    story = begin()
    story.emulator.on(WRITE, status=409, body=refusal(INVALID_STATE), times=None)

    end = story.run()

    assert end.exit_code == 5
    assert "All our own checks pass" in end.message
    assert end.error is not None
    assert end.error.apple[0].code == INVALID_STATE
    assert story.writes == [SENT]


def test_a_build_that_has_just_become_valid_is_tried_again_for_five_minutes(begin: Begin) -> None:
    story = begin()
    story.emulator.on(WRITE, status=409, body=refusal(INVALID_STATE), times=None)

    end = story.run(wait_minutes="30")

    assert end.exit_code == 5
    assert sum(story.clock.slept) == 300
    assert set(story.writes) == {SENT}


@pytest.mark.parametrize("answer", ["INVALID_STATE", "NOT_FOUND"])
def test_apple_is_given_time_to_catch_up_with_itself(begin: Begin, answer: str) -> None:
    story = begin(app_with(attachableAfterSeconds=100.0, notAttachableAnswer=answer))

    end = story.run(wait_minutes="30")

    assert end.outcome == "attached"
    assert story.attached() == "b231"


@pytest.mark.parametrize(
    "code", [RELATIONSHIP, f"{INVALID_STATE}.BUILD_SDK_NOT_ALLOWED_FOR_APP_STORE_SUBMISSION"]
)
def test_a_refusal_that_time_does_not_cure_is_not_repeated(begin: Begin, code: str) -> None:
    story = begin()
    story.emulator.on(WRITE, status=409, body=refusal(code), times=None)

    assert story.run(wait_minutes="30").exit_code == 5
    assert story.writes == [SENT]


def test_unanswered_compliance_is_among_the_causes_that_are_named(begin: Begin) -> None:
    story = begin(
        app_with(usesNonExemptEncryption=None), script={"refuseUnansweredCompliance": True}
    )

    end = story.run()

    assert end.exit_code == 5
    assert "export compliance" in end.hint
    assert end.checks["Export compliance"].verdict == "Apple decides"


# ---------------------------------------------------------------- the proof afterwards


def test_a_write_that_was_promised_and_not_kept_is_an_error(begin: Begin) -> None:
    story = begin()
    story.emulator.on(WRITE, status=204)

    end = story.run()

    assert end.exit_code == 7
    assert "b230" in end.message


def test_another_job_that_writes_at_once_is_noticed(begin: Begin) -> None:
    story = begin()

    def replaced(world: World) -> None:
        the_version(world).build = "b230"

    meanwhile(story, replaced, READ_BACK)

    assert story.run().exit_code == 7


def test_a_version_that_shows_no_build_after_the_write_is_an_error(begin: Begin) -> None:
    story = begin()
    story.emulator.on(READ_BACK, answer=lambda _: (200, {"data": None}))

    end = story.run()

    assert end.exit_code == 7
    assert "no build" in end.message


def test_an_answer_with_a_body_proves_nothing_and_does_no_harm(begin: Begin) -> None:
    story = begin(script={"linkageAnswersWithBody": True})

    assert story.run().outcome == "attached"
    assert story.emulator.requests[-1].path == READ_BACK.split(" ")[1]


# ------------------------------------------------------------------ ids that contradict


CONTRADICTIONS: dict[str, tuple[dict[str, str | None], str]] = {
    "the version of another app": (
        {"version_id": "pro142"},
        "has the bundle id com.example.notes.pro",
    ),
    "the build of another app": ({"build_id": "pro231"}, "has the bundle id com.example.notes.pro"),
    "an app with another bundle id": ({"app_id": "6446000009"}, "com.example.notes.pro"),
    "the build of another version": (
        {"build_id": "b229", "build_number": None},
        "the build says 1.4.1",
    ),
    "a build with another number": ({"build_id": "b230"}, "The build is 230, not 231"),
    "another version than its id's": ({"version_id": "v141"}, "the version says 1.4.1"),
    "a platform that the version is not for": (
        {"version_id": "v142", "platform": "macos"},
        "the version says iOS",
    ),
    "a platform that the build is not for": (
        {"version_id": "v142", "build_id": "mac231"},
        "the build says macOS",
    ),
}


@pytest.mark.parametrize("case", CONTRADICTIONS)
@pytest.mark.parametrize("dry_run", ["false", "true"])
def test_ids_that_contradict_other_inputs_are_refused(
    begin: Begin, case: str, dry_run: str
) -> None:
    changes, told = CONTRADICTIONS[case]
    app = deepcopy(APP)
    app["builds"].append(a_build("mac231", "231", platform="MAC_OS"))
    story = begin(app, OTHER_APP)

    end = story.run(**changes, dry_run=dry_run)

    assert end.exit_code == 5
    assert told in end.message
    assert end.hint
    assert story.writes == []


@pytest.mark.parametrize("versions", [[], [a_version("v141", "1.4.1")], APP["appStoreVersions"]])
def test_an_app_id_never_wins_over_the_bundle_id(
    begin: Begin, versions: list[dict[str, Any]]
) -> None:
    story = begin(APP | {"appStoreVersions": versions}, OTHER_APP | {"appStoreVersions": []})

    for app_id, bundle_id in ((APP_ID, "com.example.notes.pro"), ("6446000009", APP["bundleId"])):
        for mode in ("create", "rename"):
            end = story.run(app_id=app_id, bundle_id=bundle_id, if_version_missing=mode)
            assert end.exit_code == 5
            assert "apps" in end.message or "bundle id" in end.message
    assert story.writes == []


def test_a_bundle_id_nobody_has_is_not_excused_by_an_app_id(begin: Begin) -> None:
    story = begin(APP | {"appStoreVersions": []})

    end = story.run(app_id=APP_ID, bundle_id="com.example.gone", if_version_missing="create")

    assert end.exit_code == 4
    assert "com.example.gone" in end.message
    assert story.writes == []


def test_ids_that_agree_need_no_other_look(begin: Begin) -> None:
    story = begin()

    end = story.run_with({"version-id": "v142", "build-id": "b231", "wait-minutes": "0"})

    assert end.outcome == "attached"
    assert sorted(each.path for each in story.emulator.requests[:2]) == [
        "/v1/appStoreVersions/v142",
        "/v1/builds/b231",
    ]
    assert len(story.emulator.requests) == 4


@pytest.mark.parametrize("name", ["version-id", "build-id"])
def test_an_id_that_is_not_there_is_not_found(begin: Begin, name: str) -> None:
    story = begin()
    ids = {"version-id": "v142", "build-id": "b231"} | {name: "nobody"}

    assert story.run_with(ids | {"wait-minutes": "0"}).exit_code == 4
    assert story.writes == []


# ------------------------------------------------------------------------ exactly this


def test_several_builds_that_match_are_listed_and_none_is_taken(begin: Begin) -> None:
    twin = a_build("twin", "231", "1.4.2.0", processingState="INVALID")
    story = begin(an_app(APP["appStoreVersions"], [*APP["builds"], twin]), script=IGNORING)

    end = story.run()

    assert end.exit_code == 5
    for fact in ("id b231", "id twin", "VALID", "INVALID", "1.4.2.0", "iOS", "UTC"):
        assert fact in end.message
    assert story.writes == []


def test_several_versions_that_match_are_listed_and_none_is_taken(begin: Begin) -> None:
    versions = [a_version("one", "1.2"), a_version("two", "1.2.0")]
    story = begin(an_app(versions, [a_build("b7", "7", "1.2")]))

    end = story.run(version_string="1.2", build_number="7")

    assert end.exit_code == 5
    assert "id one" in end.message
    assert "id two" in end.message
    assert story.writes == []


IGNORING = {"ignoreFilters": True}
FILTERS = [
    "filter[versionString]",
    "filter[platform]",
    "filter[version]",
    "filter[preReleaseVersion.version]",
    "filter[preReleaseVersion.platform]",
    "filter[cfBundleVersion]",
    "filter[cfBundleShortVersionString]",
]
# The same number under each version and platform of two apps: a crowd to pick the right one from.
CROWD = [
    an_app(
        [
            a_version("v140", "1.4.0", appVersionState="READY_FOR_DISTRIBUTION"),
            a_version("v142"),
            a_version("m142", platform="MAC_OS"),
        ],
        [
            a_build("old", "231", "1.4.0"),
            a_build("b231", "231"),
            a_build("mac", "231", platform="MAC_OS"),
            a_build("b23", "23"),
            a_build("b2310", "2310"),
        ],
    ),
    OTHER_APP,
    OTHER_APP
    | {"id": "6446000008", "bundleId": "com.example", "builds": [], "appStoreVersions": []},
]


@pytest.mark.parametrize(
    "script",
    [{}, IGNORING, *({"refuseFilters": [name]} for name in FILTERS), {"refuseFilters": FILTERS}],
    ids=["as asked", "all ignored", *FILTERS, "all refused"],
)
@pytest.mark.parametrize(
    ("platform", "attached"), [("ios", ("b231", None)), ("macos", (None, "mac"))]
)
@pytest.mark.parametrize("app", [{"bundle_id": APP["bundleId"]}, {"app_id": APP_ID}])
def test_filters_that_apple_ignores_or_refuses_change_nothing(
    begin: Begin,
    script: dict[str, Any],
    platform: str,
    attached: tuple[str | None, str | None],
    app: dict[str, str],
) -> None:
    story = begin(*CROWD, script=script)

    end = story.run(platform=platform, **app)

    assert (end.outcome, end.message) == ("attached", "")
    assert (story.attached(), story.attached("m142")) == attached
    assert story.attached("pro142") is None


@pytest.mark.parametrize("script", [{}, IGNORING, {"refuseFilters": FILTERS}])
def test_whatever_apple_does_with_filters_an_absent_build_stays_absent(
    begin: Begin, script: dict[str, Any]
) -> None:
    story = begin(*CROWD, script=script)

    end = story.run(platform="tvos")
    assert end.exit_code == 4
    end = story.run(platform="ios", build_number="1")
    assert end.exit_code == 4
    assert "pro" not in end.message
    assert story.writes == []


@pytest.mark.parametrize(
    "bundle_id", ["com.example.note", "com.example.Notes", "com.example.notes.p", "com.exampl"]
)
def test_a_bundle_id_that_merely_resembles_one_is_not_found(begin: Begin, bundle_id: str) -> None:
    story = begin(*CROWD)

    end = story.run(bundle_id=bundle_id)

    assert end.exit_code == 4
    assert "com.example.notes" in end.message
    assert story.writes == []


@pytest.mark.parametrize("bundle_id", ["com.example.notes", "com.example.notes.pro"])
def test_of_bundle_ids_with_one_prefix_each_is_found(begin: Begin, bundle_id: str) -> None:
    story = begin(*CROWD)

    end = story.run(bundle_id=bundle_id, platform="ios")

    assert end.outcome == "attached"
    assert end.outputs["bundle-id"] == bundle_id


@pytest.mark.parametrize(
    ("typed", "of_version", "of_build"),
    [
        ("1.2", "1.2.0", "1.2.0"),
        ("1.2", "1.2", "1.2.0"),
        ("1.2.0", "1.2", "1.2"),
        ("01.2", "1.2.0", "1.2"),
        ("1.02.0", "1.2", "1.2.0"),
        ("2", "2.0.0", "2.0"),
    ],
)
def test_each_spelling_of_a_version_finds_every_other(
    begin: Begin, typed: str, of_version: str, of_build: str
) -> None:
    decoys = [a_build("decoy", "7", "1.20"), a_build("other", "7", "1.2.1")]
    story = begin(an_app([a_version("v142", of_version)], [*decoys, a_build("b7", "7", of_build)]))

    assert story.run(version_string=typed, build_number="007").outcome == "attached"
    assert story.attached() == "b7"


def test_build_7_is_not_build_7_0(begin: Begin) -> None:
    story = begin(an_app([a_version("v142")], [a_build("b7", "7"), a_build("b70", "7.0")]))

    assert story.run(build_number="7.0").outcome == "attached"
    assert story.attached() == "b70"
    assert story.run(build_number="7").outcome == "attached"
    assert story.attached() == "b7"
    assert story.run(build_number="7.0.0").exit_code == 4


# ------------------------------------------------------------------------- platform


IOS_AND_MAC = [a_version("v142"), a_version("m142", platform="MAC_OS")]
ON_IOS, ON_MAC = a_build("b231", "231"), a_build("mac", "231", platform="MAC_OS")


@pytest.mark.parametrize(
    ("versions", "builds", "attached"),
    [
        ([a_version("v142")], [ON_IOS], "v142"),
        ([a_version("v142")], [ON_IOS, ON_MAC], "v142"),
        (IOS_AND_MAC, [ON_IOS], "v142"),
        (IOS_AND_MAC, [ON_MAC], "m142"),
        ([IOS_AND_MAC[1]], [ON_IOS, ON_MAC], "m142"),
    ],
    ids=["one of each", "one version", "one build", "one build of another", "the other version"],
)
def test_the_platform_is_the_one_that_has_version_and_build(
    begin: Begin,
    versions: list[dict[str, Any]],
    builds: list[dict[str, Any]],
    attached: str,
) -> None:
    story = begin(an_app(versions, builds))

    assert story.run().outcome == "attached"
    assert story.attached(attached) is not None
    assert len(story.writes) == 1


def test_two_platforms_that_have_both_are_listed(begin: Begin) -> None:
    story = begin(an_app(IOS_AND_MAC, [ON_IOS, ON_MAC]))

    end = story.run()

    assert end.exit_code == 2
    assert "`ios` and `macos`" in end.message
    assert "`platform`" in end.hint
    assert story.writes == []


def test_a_missing_version_is_told_before_an_ambiguous_platform(begin: Begin) -> None:
    story = begin(an_app([], [ON_IOS, ON_MAC]))

    end = story.run()

    assert end.exit_code == 4
    assert "no version 1.4.2" in end.message


def test_a_build_for_the_other_platform_says_where_it_is(begin: Begin) -> None:
    story = begin(an_app([a_version("v142")], [ON_MAC]))

    end = story.run()

    assert end.exit_code == 4
    assert "macOS" in end.message
    assert story.writes == []


def test_a_build_id_for_the_other_platform_names_the_platform_that_lacks_the_version(
    begin: Begin,
) -> None:
    story = begin(an_app([a_version("v142")], [ON_MAC]))

    end = story.run(build_id="mac", build_number=None)

    assert end.exit_code == 4
    assert "no version 1.4.2 on macOS" in end.message


# --------------------------------------------------------------------------- latest


def test_latest_is_the_newest_of_this_version_and_platform(begin: Begin) -> None:
    builds = [
        a_build("b9", "9"),
        a_build("b8", "8"),
        a_build("later", "10", "1.5"),
        a_build("mac", "11", platform="MAC_OS"),
    ]
    story = begin(an_app([a_version("v142")], builds))

    end = story.run(build_number="latest", platform="ios")

    assert end.outcome == "attached"
    assert end.outputs["build-number"] == "8"


@pytest.mark.parametrize(
    "newer",
    [
        {"buildAudienceType": "INTERNAL_ONLY"},
        {"buildAudienceType": "INTERNAL_ONLY", "processedAfterSeconds": 600.0},
    ],
    ids=["internal", "internal and processing"],
)
def test_latest_passes_internal_builds_over_with_a_warning(
    begin: Begin, newer: dict[str, Any]
) -> None:
    builds = [a_build("b8", "8"), a_build("b9", "9", **newer)]
    story = begin(an_app([a_version("v142")], builds))

    end = story.run(build_number="latest")

    assert end.outcome == "attached"
    assert story.attached() == "b8"
    assert [warning.id for warning in end.report.warnings] == ["latest-internal"]


@pytest.mark.parametrize(
    "newer",
    [{"processingState": "FAILED"}, {"processingState": "INVALID"}, {"expired": True}],
    ids=["failed", "invalid", "expired"],
)
def test_latest_is_never_an_older_build_than_the_newest(
    begin: Begin, newer: dict[str, Any]
) -> None:
    builds = [a_build("b8", "8"), a_build("b9", "9", **newer)]
    story = begin(an_app([a_version("v142")], builds))

    end = story.run(build_number="latest", wait_minutes="30")

    assert end.exit_code == 5
    assert "Build 9 is the latest upload of version 1.4.2." in end.message
    assert "`build-number: 8`" in end.hint
    assert story.writes == []
    assert story.clock.slept == []


NOT_READY: dict[str, tuple[dict[str, Any], int]] = {
    "processing": ({"processedAfterSeconds": 200.0}, 6),
    "not listed": ({"appearsAfterSeconds": 100.0, "processedAfterSeconds": 200.0}, 6),
}


@pytest.mark.parametrize("newer", NOT_READY)
def test_latest_never_takes_an_older_build_instead(begin: Begin, newer: str) -> None:
    schedule, exit_code = NOT_READY[newer]
    builds = [a_build("b8", "8"), a_build("b9", "9", **schedule)]
    story = begin(an_app([a_version("v142")], builds))

    impatient = story.run(build_number="latest")
    assert impatient.exit_code == exit_code
    assert story.writes == []

    patient = story.run(build_number="latest", wait_minutes="30")
    assert patient.outcome == "attached"
    assert story.attached() == "b9"


def test_latest_on_two_platforms_is_ambiguous_though_one_has_the_version(begin: Begin) -> None:
    story = begin(an_app([a_version("v142")], [ON_IOS, ON_MAC]))

    end = story.run(build_number="latest")

    assert end.exit_code == 2
    assert "`ios` and `macos`" in end.message


def test_latest_of_nothing_that_may_go_lists_what_there_is(begin: Begin) -> None:
    story = begin(an_app([a_version("v142")], [a_build("b9", "9", expired=True)]))

    end = story.run(build_number="latest")

    assert end.exit_code == 5
    assert "Build 9 has expired" in end.message
    assert story.writes == []


def test_an_upload_that_failed_for_another_platform_is_no_news(begin: Begin) -> None:
    builds = [
        a_build("b231", "231", processingState="FAILED"),
        a_build("mac", "231", platform="MAC_OS", appearsAfterSeconds=60.0),
    ]
    story = begin(an_app([a_version("m142", platform="MAC_OS")], builds))

    impatient = story.run()
    assert impatient.exit_code == 6
    assert "turned down" not in impatient.message

    assert story.run(wait_minutes="30").outcome == "attached"
    assert story.attached("m142") == "mac"


def test_an_upload_that_apple_turned_down_is_told_without_waiting(begin: Begin) -> None:
    upload = {
        "cfBundleVersion": "232",
        "cfBundleShortVersionString": "1.4.2",
        "state": {
            "state": "FAILED",
            "errors": [{"code": "90683", "description": "Missing purpose string in Info.plist."}],
        },
    }
    story = begin(APP | {"buildUploads": [upload]})

    end = story.run(build_number="232")

    assert end.exit_code == 5
    assert "90683: Missing purpose string in Info.plist." in end.message


def test_what_is_named_by_id_is_waited_for_by_id(begin: Begin) -> None:
    story = begin(app_with(processedAfterSeconds=400.0))
    ids = {"version-id": "v142", "build-id": "b231"}

    assert story.run_with(ids | {"wait-minutes": "30"}).outcome == "attached"
    lists = {"/v1/builds", "/v1/apps", f"/v1/apps/{APP_ID}/appStoreVersions"}
    assert not lists & {each.path for each in story.emulator.requests}
