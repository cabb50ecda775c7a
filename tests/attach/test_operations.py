"""What else a run can be asked for: detach, show, make room for a version, answer compliance."""

from __future__ import annotations

import plistlib
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from story import APP, Story, app_with, without_version

from asc_linker.emulator import World
from asc_linker.emulator.words import AppVersionState, ReleaseType
from asc_linker.emulator.world import AppStoreVersion

Begin = Callable[..., Story]
CREATE = "POST /v1/appStoreVersions"
RENAME = "PATCH /v1/appStoreVersions/v150"
ANSWER = "PATCH /v1/builds/b231"
LINK = "PATCH /v1/appStoreVersions/v142/relationships/build"
EDITABLE = [
    "PREPARE_FOR_SUBMISSION",
    "DEVELOPER_REJECTED",
    "REJECTED",
    "METADATA_REJECTED",
    "INVALID_BINARY",
]
RELEASED = ["READY_FOR_DISTRIBUTION", "REPLACED_WITH_NEW_VERSION"]
LOCKED = [
    str(state)
    for state in AppVersionState
    if state not in [*EDITABLE, *RELEASED, "READY_FOR_REVIEW"]
]


def split(*writes: str) -> list[tuple[str, ...]]:
    return [tuple(write.split(" ")) for write in writes]


def open_version(state: str = "PREPARE_FOR_SUBMISSION", **more: Any) -> dict[str, Any]:
    """A version 1.5 that has the place which 1.4.2 would need."""
    return {"id": "v150", "versionString": "1.5", "appVersionState": state} | more


def created(story: Story) -> AppStoreVersion:
    """The one version that was not there before."""
    (only,) = [
        version
        for version in story.world.apps[0].app_store_versions
        if version.id not in ("v141", "v142", "v150")
    ]
    return only


# ----------------------------------------------------------------------------- detach


def test_detach_leaves_the_version_without_a_build(begin: Begin) -> None:
    story = begin()

    end = story.run(operation="detach", build_number=None)

    assert (end.outcome, end.report.changed) == ("detached", True)
    assert story.attached() is None
    assert story.emulator.writes[0].body == {"data": None}
    assert end.outputs["build-id"] == ""
    assert end.outputs["previous-build-id"] == "b230"


def test_detach_of_nothing_writes_nothing(begin: Begin) -> None:
    story = begin(app_with(version={"build": None, "appVersionState": "IN_REVIEW"}))

    end = story.run(operation="detach", build_number=None)

    assert (end.outcome, end.report.changed) == ("nothing-attached", False)
    assert story.writes == []


def test_a_dry_detach_says_what_it_would_do(begin: Begin) -> None:
    story = begin()

    end = story.run(operation="detach", build_number=None, dry_run="true")

    assert end.outcome == "would-detach"
    assert (end.outputs["build-id"], end.outputs["previous-build-id"]) == ("", "b230")
    assert story.writes == []


@pytest.mark.parametrize(
    "names", [{"build_number": "230"}, {"build_number": None, "build_id": "b230"}]
)
def test_detach_takes_off_the_build_it_names(begin: Begin, names: dict[str, str | None]) -> None:
    story = begin()

    assert story.run(operation="detach", **names).outcome == "detached"
    assert story.attached() is None


@pytest.mark.parametrize(
    "names",
    [
        {"build_number": "231"},
        {"build_number": "999"},
        {"build_number": None, "build_id": "b231"},
        {"build_number": "latest"},
    ],
)
def test_detach_leaves_any_other_build_alone(begin: Begin, names: dict[str, str | None]) -> None:
    story = begin()

    end = story.run(operation="detach", **names)

    assert end.exit_code == 5
    assert "Build 230 is attached" in end.message
    assert story.writes == []


def test_latest_that_means_no_build_detaches_none(begin: Begin) -> None:
    app = app_with(expired=True)
    app["builds"][1]["expired"] = True
    story = begin(app)

    end = story.run(operation="detach", build_number="latest")

    assert end.exit_code == 5
    assert story.attached() == "b230"


@pytest.mark.parametrize("state", LOCKED + RELEASED)
def test_a_locked_version_keeps_its_build(begin: Begin, state: str) -> None:
    story = begin(app_with(version={"appVersionState": state}))

    end = story.run(operation="detach", build_number=None)
    assert end.exit_code == 5
    assert state in end.message

    skipped = story.run(operation="detach", build_number=None, if_version_locked="skip")
    assert (skipped.exit_code, skipped.outcome) == (0, "skipped")
    assert story.writes == []


def test_detach_finds_the_platform_by_the_version_alone(begin: Begin) -> None:
    mac = {"id": "mac", "version": "231", "preReleaseVersion": "1.4.2", "platform": "MAC_OS"}
    story = begin(APP | {"builds": [*APP["builds"], mac]})

    for mode in ("fail", "create", "rename"):
        end = story.run(operation="detach", build_number="230", if_version_missing=mode)
        assert end.exit_code == 0


@pytest.mark.parametrize("operation", ["detach", "show"])
def test_a_version_on_two_platforms_asks_for_one_whatever_was_uploaded(
    begin: Begin, operation: str
) -> None:
    mac = {"id": "m142", "versionString": "1.4.2", "platform": "MAC_OS"}
    story = begin(APP | {"appStoreVersions": [*APP["appStoreVersions"], mac]})

    for number in (None, "230"):
        end = story.run(operation=operation, build_number=number)
        assert end.exit_code == 2
        assert "`ios` and `macos`" in end.message
    assert story.run(operation=operation, build_number=None, platform="ios").exit_code == 0


@pytest.mark.parametrize("operation", ["detach", "show"])
def test_a_version_that_is_not_there_is_not_found(begin: Begin, operation: str) -> None:
    story = begin()

    end = story.run(operation=operation, version_string="1.4.3", if_version_missing="create")

    assert end.exit_code == 4
    assert "1.4.2" in end.message
    assert story.writes == []


@pytest.mark.parametrize("operation", ["detach", "show"])
@pytest.mark.parametrize("attached", ["b230", None])
def test_a_version_id_that_contradicts_the_inputs_is_refused(
    begin: Begin, operation: str, attached: str | None
) -> None:
    story = begin(app_with(version={"build": attached}))

    for wrong in ({"version_string": "1.4.1"}, {"platform": "macos"}, {"bundle_id": "com.other"}):
        end = story.run(operation=operation, version_id="v142", build_number=None, **wrong)
        assert end.exit_code == 5
    assert story.writes == []


def test_a_detach_whose_answer_was_lost_is_found_to_be_done(begin: Begin) -> None:
    story = begin()
    story.emulator.on(LINK, reset_after=True)

    end = story.run(operation="detach", build_number=None)

    assert (end.outcome, end.report.changed) == ("detached", True)
    assert story.writes == split(LINK)


# ------------------------------------------------------------------------------- show


@pytest.mark.parametrize("state", ["PREPARE_FOR_SUBMISSION", "IN_REVIEW", "READY_FOR_DISTRIBUTION"])
def test_show_tells_what_is_attached_and_writes_nothing(begin: Begin, state: str) -> None:
    story = begin(app_with(version={"appVersionState": state}))

    end = story.run(operation="show", build_number=None, uses_non_exempt_encryption="false")

    assert (end.outcome, end.report.changed) == ("shown", False)
    assert end.outputs["build-id"] == end.outputs["previous-build-id"] == "b230"
    assert end.outputs["version-state"] == state
    assert end.outputs["uses-non-exempt-encryption"] == "false"
    assert len(end.report.checks) == (10 if state == "PREPARE_FOR_SUBMISSION" else 9)
    assert end.refused == set()
    assert story.writes == []


def test_show_of_a_version_without_a_build_shows_none(begin: Begin) -> None:
    end = begin(app_with(version={"build": None})).run(operation="show", build_number=None)

    assert (end.outcome, end.outputs["build-id"]) == ("shown", "")


def test_show_with_a_number_checks_that_build_and_refuses_nothing(begin: Begin) -> None:
    end = begin(app_with(expired=True)).run(operation="show")

    assert end.outcome == "shown"
    assert end.outputs["build-number"] == "230"
    assert end.checks["Build number"].sentence == "231."
    assert "Not expired" not in end.checks


def test_show_does_not_judge_a_build_that_latest_does_not_mean(begin: Begin) -> None:
    app = app_with(expired=True)
    app["builds"][1]["expired"] = True

    end = begin(app).run(operation="show", build_number="latest")

    assert end.outcome == "shown"
    assert end.refused == set()


def universal(*states: tuple[str, str, str, str | None]) -> dict[str, Any]:
    """An app with versions as `states` tell them: platform, version string, state, build."""
    app = app_with()
    app["appStoreVersions"] = [
        {
            "id": f"v-{platform}-{version_string}".lower(),
            "platform": platform,
            "versionString": version_string,
            "appVersionState": state,
            "build": build,
        }
        for platform, version_string, state, build in states
    ]
    app["builds"][2]["platform"] = "MAC_OS"
    return app


def test_show_without_a_version_shows_what_is_open_and_what_is_on_sale(begin: Begin) -> None:
    story = begin(
        universal(
            ("MAC_OS", "1.4.2", "WAITING_FOR_REVIEW", "b231"),
            ("IOS", "1.4.0", "REPLACED_WITH_NEW_VERSION", None),
            ("IOS", "1.4.1", "READY_FOR_DISTRIBUTION", "b229"),
            ("IOS", "1.4.2", "PREPARE_FOR_SUBMISSION", None),
        )
    )

    end = story.run(operation="show", version_string=None, build_number=None)

    assert end.exit_code == 0
    assert [
        (
            report.outcome.value,
            report.version.platform.input_name,
            report.version.version_string,
            report.attached.number if report.attached else "",
        )
        for report in end.reports
        if report.version
    ] == [
        ("shown", "ios", "1.4.2", ""),
        ("shown", "ios", "1.4.1", "229"),
        ("shown", "macos", "1.4.2", "231"),
    ]
    assert not story.writes


def test_show_without_a_version_keeps_to_the_platform_that_is_given(begin: Begin) -> None:
    story = begin(
        universal(
            ("MAC_OS", "1.4.2", "PREPARE_FOR_SUBMISSION", "b231"),
            ("IOS", "1.4.2", "PREPARE_FOR_SUBMISSION", "b230"),
        )
    )

    end = story.run(operation="show", version_string=None, build_number=None, platform="macos")

    (report,) = end.reports
    assert (end.outcome, end.outputs["platform"], end.outputs["build-number"]) == (
        "shown",
        "macos",
        "231",
    )
    assert report.version is not None
    assert report.version.id == "v-mac_os-1.4.2"


@pytest.mark.parametrize(
    ("app", "told"),
    [
        (universal(), "has no open version and none on sale of this app. The app has no versions"),
        (
            universal(("IOS", "1.4.0", "REPLACED_WITH_NEW_VERSION", None)),
            "There is 1.4.0 (iOS, REPLACED_WITH_NEW_VERSION).",
        ),
    ],
    ids=["no version", "none that is open or on sale"],
)
def test_show_of_an_app_with_nothing_to_show_is_not_found(
    begin: Begin, app: dict[str, Any], told: str
) -> None:
    end = begin(app).run(operation="show", version_string=None, build_number=None)

    assert (end.exit_code, end.outcomes) == (4, ["failed"])
    assert told in end.message


@pytest.mark.parametrize("operation", ["attach", "detach", "show"])
def test_an_app_id_that_is_not_there_lists_the_apps_there_are(begin: Begin, operation: str) -> None:
    story = begin()

    end = story.run(operation=operation, bundle_id=None, app_id="6446999999")

    assert end.exit_code == 4
    assert end.message == (
        "No app has the id 6446999999. This key sees 6446000001 (com.example.notes)."
    )
    assert "`app-id`" in end.hint
    assert not story.writes


# ----------------------------------------------------------------------------- create


def test_a_version_is_created_with_its_build_in_one_write(begin: Begin) -> None:
    story = begin(without_version())

    end = story.run(if_version_missing="create")

    assert (end.outcome, end.report.changed) == ("attached", True)
    assert story.writes == split(CREATE)
    version = created(story)
    assert (version.version_string, str(version.platform)) == ("1.4.2", "IOS")
    assert version.build == "b231"
    outputs = end.outputs
    assert outputs["version-id"] == version.id
    assert (outputs["version-string"], outputs["version-state"]) == (
        "1.4.2",
        "PREPARE_FOR_SUBMISSION",
    )
    assert (outputs["build-id"], outputs["previous-build-id"]) == ("b231", "")


def test_a_missing_version_is_a_failure_unless_something_else_is_asked(begin: Begin) -> None:
    story = begin(without_version())

    end = story.run()

    assert end.exit_code == 4
    assert "`if-version-missing: create`" in end.hint
    assert story.writes == []


@pytest.mark.parametrize(
    ("inputs", "release_type", "earliest"),
    [
        ({}, ReleaseType.AFTER_APPROVAL, None),
        ({"release_type": "manual"}, ReleaseType.MANUAL, None),
        ({"release_type": "after-approval"}, ReleaseType.AFTER_APPROVAL, None),
        (
            {"release_type": "scheduled", "earliest_release_date": "2027-01-31T10:00:00+01:00"},
            ReleaseType.SCHEDULED,
            "2027-01-31T09:00:00+00:00",
        ),
    ],
    ids=["Apple's own", "manual", "after approval", "scheduled"],
)
def test_a_created_version_is_released_as_asked(
    begin: Begin, inputs: dict[str, str], release_type: ReleaseType, earliest: str | None
) -> None:
    story = begin(without_version())

    story.run(if_version_missing="create", **inputs)

    assert created(story).release_type is release_type
    assert created(story).earliest_release_date == earliest
    attributes = story.emulator.writes[0].body["data"]["attributes"]
    assert ("releaseType" in attributes) == bool(inputs)


def test_create_attaches_to_the_version_if_it_is_there(begin: Begin) -> None:
    story = begin()

    assert story.run(if_version_missing="create", release_type="manual").outcome == "attached"
    assert story.writes == split(LINK)


def test_a_dry_run_creates_nothing(begin: Begin) -> None:
    story = begin(without_version())

    end = story.run(if_version_missing="create", dry_run="true")

    assert end.outcome == "would-attach"
    assert end.outputs["build-id"] == "b231"
    assert story.writes == []


@pytest.mark.parametrize("state", [*EDITABLE, "READY_FOR_REVIEW"])
def test_an_open_version_in_the_way_is_named_with_its_state(begin: Begin, state: str) -> None:
    story = begin(without_version(open_version(state)))

    for skipping in ("fail", "skip"):
        end = story.run(if_version_missing="create", if_version_locked=skipping)
        assert end.exit_code == 5
        assert f"1.5 is open on iOS ({state})" in end.message
    assert story.writes == []


@pytest.mark.parametrize("mode", ["create", "rename"])
@pytest.mark.parametrize("state", LOCKED)
def test_a_locked_version_in_the_way_fails_or_is_skipped(
    begin: Begin, mode: str, state: str
) -> None:
    story = begin(without_version(open_version(state)))

    end = story.run(if_version_missing=mode)
    assert end.exit_code == 5
    assert f"1.5 ({state})" in end.message

    skipped = story.run(if_version_missing=mode, if_version_locked="skip")
    assert (skipped.exit_code, skipped.outcome) == (0, "skipped")
    assert f"1.5 ({state})" in skipped.report.reason
    assert story.writes == []


def test_a_version_in_the_way_is_told_without_waiting_for_the_build(begin: Begin) -> None:
    app = without_version(open_version("IN_REVIEW"))
    story = begin(app)

    end = story.run(
        if_version_missing="create", build_number="999", platform="ios", wait_minutes="30"
    )

    assert end.exit_code == 5
    assert story.clock.slept == []


def test_a_version_on_another_platform_is_not_in_the_way(begin: Begin) -> None:
    story = begin(without_version(open_version("IN_REVIEW", platform="MAC_OS")))

    assert story.run(if_version_missing="create").outcome == "attached"


def test_a_version_is_created_for_the_platform_of_the_build(begin: Begin) -> None:
    mac = {"id": "mac", "version": "500", "preReleaseVersion": "1.4.2", "platform": "MAC_OS"}
    story = begin(without_version(builds=[*APP["builds"], mac]))

    assert story.run(if_version_missing="create", build_number="500").outcome == "attached"
    assert str(created(story).platform) == "MAC_OS"


@pytest.mark.parametrize("mode", ["create", "rename"])
def test_a_build_for_two_platforms_creates_on_none(begin: Begin, mode: str) -> None:
    mac = {"id": "mac", "version": "231", "preReleaseVersion": "1.4.2", "platform": "MAC_OS"}
    story = begin(without_version(open_version(), builds=[*APP["builds"], mac]))

    end = story.run(if_version_missing=mode)

    assert end.exit_code == 2
    assert "`ios` and `macos`" in end.message
    assert story.writes == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"expired": True}, "has expired"),
        ({"buildAudienceType": "INTERNAL_ONLY"}, "internal testing only"),
        ({"processingState": "FAILED"}, "FAILED"),
        ({"usesNonExemptEncryption": True}, "was answered true"),
    ],
)
def test_nothing_is_created_for_a_build_that_cannot_be_attached(
    begin: Begin, changes: dict[str, Any], told: str
) -> None:
    app = app_with(**changes)
    app["appStoreVersions"].pop()
    story = begin(app)

    end = story.run(if_version_missing="create", uses_non_exempt_encryption="false")

    assert end.exit_code == 5
    assert told in end.message
    assert story.writes == []


def test_create_waits_for_the_build(begin: Begin) -> None:
    app = app_with(appearsAfterSeconds=60.0, processedAfterSeconds=120.0)
    app["appStoreVersions"].pop()
    story = begin(app)

    assert story.run(if_version_missing="create").exit_code == 6
    assert story.run(if_version_missing="create", wait_minutes="30").outcome == "attached"
    assert story.writes == split(CREATE)


# ----------------------------------------------------- create, when things go wrong


def created_by_someone_else(build: str | None) -> Callable[[World], None]:
    def change(world: World) -> None:
        world.apps[0].app_store_versions.append(
            AppStoreVersion(id="v142", version_string="1.4.2", build=build)
        )

    return change


def meanwhile(story: Story, change: Callable[[World], None], match: str) -> None:
    def answer(_: object) -> None:
        change(story.world)

    story.emulator.on(match, answer=answer)


def test_a_version_created_meanwhile_by_someone_else_gets_the_build(begin: Begin) -> None:
    story = begin(without_version())
    meanwhile(story, created_by_someone_else(None), CREATE)

    end = story.run(if_version_missing="create")

    assert (end.outcome, end.report.changed) == ("attached", True)
    assert story.attached() == "b231"
    assert story.writes == split(CREATE, LINK)


def test_a_version_created_meanwhile_with_this_build_is_already_so(begin: Begin) -> None:
    story = begin(without_version())
    meanwhile(story, created_by_someone_else("b231"), CREATE)

    end = story.run(if_version_missing="create")

    assert (end.outcome, end.report.changed) == ("already-attached", False)
    assert story.writes == split(CREATE)


def test_a_version_created_meanwhile_with_another_build_follows_if_attached(begin: Begin) -> None:
    for if_attached, outcome in (("keep", "kept"), ("fail", "failed"), ("replace", "attached")):
        story = begin(without_version())
        meanwhile(story, created_by_someone_else("b230"), CREATE)

        end = story.run(if_version_missing="create", if_attached=if_attached)

        assert end.outcome == outcome


def test_another_version_opened_meanwhile_is_named(begin: Begin) -> None:
    story = begin(without_version())

    def opened(world: World) -> None:
        world.apps[0].app_store_versions.append(AppStoreVersion(id="v150", version_string="1.5"))

    meanwhile(story, opened, CREATE)

    end = story.run(if_version_missing="create")

    assert end.exit_code == 5
    assert "1.5 is open on iOS (PREPARE_FOR_SUBMISSION)" in end.message
    assert story.writes == split(CREATE)


NO_CLEAR_ANSWER: dict[str, dict[str, Any]] = {
    "500": {"applied_then": 500},
    "503": {"applied_then": 503},
    "reset": {"reset_after": True},
    "half an answer": {"truncate": True},
    "no body": {"empty_body": True},
    "not JSON": {"body": "<html>", "content_type": "text/html"},
}
NOT_APPLIED: dict[str, dict[str, Any]] = {
    "500": {"status": 500},
    "503": {"status": 503},
    "429": {"status": 429},
    "reset": {"reset": True},
}


@pytest.mark.parametrize("fault", NO_CLEAR_ANSWER)
def test_a_version_that_was_created_is_not_created_again(begin: Begin, fault: str) -> None:
    story = begin(without_version())
    story.emulator.on(CREATE, **NO_CLEAR_ANSWER[fault])

    end = story.run(if_version_missing="create")

    assert (end.outcome, end.report.changed) == ("attached", True)
    assert story.writes == split(CREATE)
    assert created(story).build == "b231"
    assert end.outputs["previous-build-id"] == ""


@pytest.mark.parametrize("fault", NOT_APPLIED)
def test_a_version_that_may_have_been_created_is_created_after_a_look(
    begin: Begin, fault: str
) -> None:
    story = begin(without_version())
    story.emulator.on(CREATE, **NOT_APPLIED[fault])

    end = story.run(if_version_missing="create")

    assert end.outcome == "attached"
    assert story.writes == split(CREATE, CREATE)
    received = [each.method for each in story.emulator.requests]
    first, second = (n for n, method in enumerate(received) if method == "POST")
    # Apple did not look at what it answers with 429.
    assert ("GET" in received[first:second]) is (fault != "429")
    assert created(story).build == "b231"


def test_a_create_that_never_gets_an_answer_is_given_up(begin: Begin) -> None:
    story = begin(without_version())
    story.emulator.on(CREATE, status=500, times=None)

    end = story.run(if_version_missing="create")

    assert end.exit_code == 7
    assert len(story.writes) == 6
    assert not end.report.changed


def test_a_created_version_that_shows_another_build_is_an_error(begin: Begin) -> None:
    story = begin(without_version())

    def detached(world: World) -> None:
        world.apps[0].app_store_versions[-1].build = None

    meanwhile(story, detached, "GET /v1/appStoreVersions/*")

    assert story.run(if_version_missing="create").exit_code == 7


# ----------------------------------------------------------------------------- rename


def test_the_open_version_is_renamed_with_the_build_in_one_write(begin: Begin) -> None:
    story = begin(without_version(open_version()))

    end = story.run(if_version_missing="rename")

    assert (end.outcome, end.report.changed) == ("attached", True)
    assert story.writes == split(RENAME)
    assert story.attached("v150") == "b231"
    assert end.outputs["version-string"] == "1.4.2"
    assert ("IOS", "1.4.2", "PREPARE_FOR_SUBMISSION", "b231") in story.versions()


@pytest.mark.parametrize("state", [*EDITABLE[1:], "READY_FOR_REVIEW"])
def test_only_a_version_in_preparation_is_ever_renamed(begin: Begin, state: str) -> None:
    story = begin(without_version(open_version(state)))

    end = story.run(if_version_missing="rename")

    assert end.exit_code == 5
    assert f"1.5 is {state}" in end.message
    assert story.writes == []


def test_without_an_open_version_there_is_none_to_rename(begin: Begin) -> None:
    story = begin(without_version())

    end = story.run(if_version_missing="rename")

    assert end.exit_code == 4
    assert "create" in end.hint
    assert story.writes == []


def test_of_two_open_versions_none_is_renamed(begin: Begin) -> None:
    story = begin(without_version(open_version(), {"id": "v160", "versionString": "1.6"}))

    end = story.run(if_version_missing="rename")

    assert end.exit_code == 5
    assert "1.5" in end.message
    assert "1.6" in end.message
    assert story.writes == []


@pytest.mark.parametrize(
    ("if_attached", "outcome"), [("replace", "attached"), ("keep", "kept"), ("fail", "failed")]
)
def test_a_build_on_the_open_version_counts_as_attached(
    begin: Begin, if_attached: str, outcome: str
) -> None:
    story = begin(without_version(open_version(build="b230")))

    end = story.run(if_version_missing="rename", if_attached=if_attached)

    assert end.outcome == outcome
    assert bool(story.writes) == (outcome == "attached")
    assert ("230" in end.message) == (outcome == "failed")


@pytest.mark.parametrize("fault", NO_CLEAR_ANSWER)
def test_a_rename_that_was_done_is_not_done_again(begin: Begin, fault: str) -> None:
    story = begin(without_version(open_version(build="b230")))
    story.emulator.on(RENAME, **NO_CLEAR_ANSWER[fault])

    end = story.run(if_version_missing="rename")

    assert (end.outcome, end.report.changed) == ("attached", True)
    assert story.writes == split(RENAME)
    assert (end.outputs["build-id"], end.outputs["previous-build-id"]) == ("b231", "b230")


@pytest.mark.parametrize("fault", NOT_APPLIED)
def test_a_rename_that_was_not_done_is_done_after_a_look(begin: Begin, fault: str) -> None:
    story = begin(without_version(open_version()))
    story.emulator.on(RENAME, **NOT_APPLIED[fault])

    assert story.run(if_version_missing="rename").outcome == "attached"
    assert story.writes == split(RENAME, RENAME)


def test_a_rename_that_was_promised_and_not_kept_is_an_error(begin: Begin) -> None:
    story = begin(without_version(open_version()))

    def only_attached(_: object) -> tuple[int, Any]:
        story.world.apps[0].app_store_versions[-1].build = "b231"
        return 200, {}

    story.emulator.on(RENAME, answer=only_attached)

    end = story.run(if_version_missing="rename")

    assert end.exit_code == 7
    assert "1.5" in end.message


def test_a_version_that_goes_into_review_meanwhile_is_not_renamed(begin: Begin) -> None:
    story = begin(without_version(open_version()))

    def submitted(world: World) -> None:
        world.apps[0].app_store_versions[-1].app_version_state = AppVersionState.IN_REVIEW

    meanwhile(story, submitted, RENAME)

    end = story.run(if_version_missing="rename")

    assert end.exit_code == 5
    assert "1.5 (IN_REVIEW)" in end.message


# ----------------------------------------------------------------------------- locked


@pytest.mark.parametrize("state", LOCKED + RELEASED)
def test_a_locked_version_fails_or_is_skipped_and_is_never_touched(
    begin: Begin, state: str
) -> None:
    story = begin(app_with(version={"appVersionState": state}, usesNonExemptEncryption=None))

    end = story.run(uses_non_exempt_encryption="false")
    assert end.exit_code == 5
    assert f"Version 1.4.2 is {state}" in end.message
    assert "`if-version-locked: skip`" in end.hint

    skipped = story.run(uses_non_exempt_encryption="false", if_version_locked="skip")
    assert (skipped.exit_code, skipped.outcome) == (0, "skipped")
    assert state in skipped.report.reason
    assert skipped.outputs["build-id"] == "b230"
    assert story.writes == []


@pytest.mark.parametrize("state", [*EDITABLE, "READY_FOR_REVIEW"])
def test_a_version_that_apple_may_still_change_is_tried(begin: Begin, state: str) -> None:
    story = begin(app_with(version={"appVersionState": state}))

    assert story.run(if_version_locked="skip").outcome == "attached"


# ------------------------------------------------------------------------- compliance


@pytest.mark.parametrize("answer", ["true", "false"])
def test_compliance_is_answered_before_the_build_is_attached(begin: Begin, answer: str) -> None:
    story = begin(
        app_with(usesNonExemptEncryption=None), script={"refuseUnansweredCompliance": True}
    )

    end = story.run(uses_non_exempt_encryption=answer)

    assert end.outcome == "attached"
    assert end.outputs["uses-non-exempt-encryption"] == answer
    assert story.writes == split(ANSWER, LINK)


def test_an_equal_answer_is_not_given_twice(begin: Begin) -> None:
    story = begin()

    assert story.run(uses_non_exempt_encryption="false").outcome == "attached"
    assert story.writes == split(LINK)


def test_nothing_is_answered_that_nobody_answered(begin: Begin) -> None:
    story = begin(app_with(usesNonExemptEncryption=None))

    end = story.run()

    assert end.outcome == "attached"
    assert end.outputs["uses-non-exempt-encryption"] == ""
    assert story.writes == split(LINK)


def test_a_dry_run_answers_nothing(begin: Begin) -> None:
    story = begin(app_with(usesNonExemptEncryption=None))

    end = story.run(uses_non_exempt_encryption="true", dry_run="true")

    assert end.outcome == "would-attach"
    assert story.writes == []


def test_an_answer_goes_with_a_version_that_is_created(begin: Begin) -> None:
    app = app_with(usesNonExemptEncryption=None)
    app["appStoreVersions"].pop()
    story = begin(app)

    end = story.run(uses_non_exempt_encryption="false", if_version_missing="create")

    assert end.outcome == "attached"
    assert story.writes == split(ANSWER, CREATE)


@pytest.mark.parametrize("fault", ["500", "503", "reset"])
def test_an_answer_that_was_taken_is_not_given_again(begin: Begin, fault: str) -> None:
    story = begin(app_with(usesNonExemptEncryption=None))
    story.emulator.on(ANSWER, **NO_CLEAR_ANSWER[fault])

    end = story.run(uses_non_exempt_encryption="false")

    assert (end.outcome, end.report.changed) == ("attached", True)
    assert story.writes == split(ANSWER, LINK)


@pytest.mark.parametrize("fault", NOT_APPLIED)
def test_an_answer_that_was_not_taken_is_given_after_a_look(begin: Begin, fault: str) -> None:
    story = begin(app_with(usesNonExemptEncryption=None))
    story.emulator.on(ANSWER, **NOT_APPLIED[fault])

    assert story.run(uses_non_exempt_encryption="false").outcome == "attached"
    assert story.writes == split(ANSWER, ANSWER, LINK)


def test_an_answer_that_apple_shows_otherwise_is_an_error(begin: Begin) -> None:
    story = begin(app_with(usesNonExemptEncryption=None))
    story.emulator.on(ANSWER, status=200, body={})

    end = story.run(uses_non_exempt_encryption="false")

    assert end.exit_code == 7
    assert story.attached() == "b230"


# ----------------------------------------------------------------- other ways to say it


def test_a_pre_release_tag_is_skipped_without_a_request(begin: Begin) -> None:
    story = begin()

    end = story.run(tag="v1.4.2-rc.1+231", version_string=None, build_number=None)

    assert end.outcome == "skipped"
    assert story.emulator.requests == []


def test_the_package_says_what_to_attach(begin: Begin, tmp_path: Path) -> None:
    story = begin()
    package = an_ipa(tmp_path / "Notes.ipa", "231")

    end = story.run_with({"package": str(package), "wait-minutes": "0"})

    assert end.outcome == "attached"
    assert story.attached() == "b231"


def test_a_package_of_another_build_is_not_found_under_the_one_that_is_named(
    begin: Begin, tmp_path: Path
) -> None:
    story = begin()
    package = an_ipa(tmp_path / "Notes.ipa", "232")

    end = story.run_with({"package": str(package), "wait-minutes": "0"})

    assert end.exit_code == 4
    assert story.writes == []


def an_ipa(path: Path, number: str) -> Path:
    info = {
        "CFBundleIdentifier": "com.example.notes",
        "CFBundleShortVersionString": "1.4.2",
        "CFBundleVersion": number,
        "CFBundleSupportedPlatforms": ["iPhoneOS"],
        "CFBundlePackageType": "APPL",
    }
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("Payload/Notes.app/Info.plist", plistlib.dumps(info))
    return path
