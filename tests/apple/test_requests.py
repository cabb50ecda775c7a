"""What each call sends, and what it makes of the answer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from asc_linker.apple.model import (
    AppId,
    AppVersionState,
    AttachedBuild,
    Build,
    BuildAudienceType,
    BuildId,
    BuildUploadState,
    Platform,
    ProcessingState,
    VersionId,
)
from asc_linker.errors import AppStoreConnectError, NotFound, UnexpectedAnswer

if TYPE_CHECKING:
    from apple.conftest import Observed
    from scripted_server import ScriptedServer

    from asc_linker.apple.client import AppStoreConnect
    from asc_linker.emulator import Emulator, World

APP = AppId("6446000001")
VERSION = VersionId("f5b10fc0-afda-4b31-b3e8-cdbcbe945622")
BUILD = BuildId("b539f38f-8af4-4fbd-b5fc-fde89aab410f")
LINK = f"/v1/appStoreVersions/{VERSION}/relationships/build"

A_VERSION = {
    "type": "appStoreVersions",
    "id": VERSION,
    "attributes": {
        "platform": "IOS",
        "versionString": "1.4.2",
        "appVersionState": "PREPARE_FOR_SUBMISSION",
    },
}
A_BUILD: dict[str, Any] = {
    "type": "builds",
    "id": BUILD,
    "attributes": {"version": "231", "processingState": "VALID"},
    "relationships": {
        "preReleaseVersion": {"data": {"type": "preReleaseVersions", "id": "t"}},
        "app": {"data": {"type": "apps", "id": APP}},
        "buildUpload": {"data": {"type": "buildUploads", "id": "u"}},
    },
}
AN_UPLOAD: dict[str, Any] = {
    "type": "buildUploads",
    "id": "u",
    "attributes": {
        "cfBundleVersion": "231",
        "cfBundleShortVersionString": "1.4.2",
        "platform": "IOS",
        "uploadedDate": "2026-10-01T08:00:00-07:00",
        "state": {
            "state": "FAILED",
            "errors": [{"code": "90683", "description": "Missing purpose string."}],
        },
    },
    "relationships": {"build": {"data": None}},
}
A_TRAIN = {
    "type": "preReleaseVersions",
    "id": "t",
    "attributes": {"version": "1.4.2", "platform": "IOS"},
}
REFUSED_FILTER = {
    "errors": [
        {
            "status": "400",
            "code": "PARAMETER_ERROR.INVALID",
            "title": "A parameter has an invalid value",
            "detail": "'preReleaseVersion.version' is not a valid filter type",
            "source": {"parameter": "filter[preReleaseVersion.version]"},
        }
    ]
}


def not_asked() -> bool:
    raise AssertionError("a write with a clear answer asks nobody whether it was applied")


def test_attaching_names_the_build_as_apples_page_does(
    apple: AppStoreConnect, server: ScriptedServer
) -> None:
    server.on(f"PATCH {LINK}", 204)

    apple.attach_build(VERSION, BUILD, is_applied=not_asked)

    assert server.arrived[0].json == {"data": {"type": "builds", "id": BUILD}}
    assert server.arrived[0].headers["content-type"] == "application/json"


def test_detaching_sends_null_as_apples_page_does(
    apple: AppStoreConnect, server: ScriptedServer
) -> None:
    server.on(f"PATCH {LINK}", 204)

    apple.detach_build(VERSION, is_applied=not_asked)

    assert server.arrived[0].json == {"data": None}


def test_a_version_without_a_build_has_none_attached(
    apple: AppStoreConnect, server: ScriptedServer
) -> None:
    server.on(f"GET {LINK}", 200, {"data": None})

    assert apple.attached_build(VERSION) is None


def test_a_version_is_read_by_its_id(emulated: AppStoreConnect, world: World) -> None:
    released = world.apps[0].app_store_versions[0]

    version = emulated.version(VersionId(released.id))

    assert (version.version_string, version.platform) == ("1.4.1", Platform.IOS)
    assert version.app is not None
    assert version.app.bundle_id == "com.example.notes"
    assert version.build is not None
    assert version.build.number == "228"


def test_a_build_is_read_by_its_id_as_in_the_list(emulated: AppStoreConnect, world: World) -> None:
    listed = emulated.builds([AppId(world.apps[0].id)], numbers=["231"])

    assert [emulated.build(each.id) for each in listed] == listed


def test_a_build_says_which_app_it_is_of_and_how_its_upload_went(
    apple: AppStoreConnect, server: ScriptedServer
) -> None:
    included = [A_TRAIN, AN_UPLOAD]
    server.on(f"GET /v1/builds/{BUILD}", 200, {"data": A_BUILD, "included": included})

    build = apple.build(BUILD)

    assert build.app_id == APP
    assert build.upload is not None
    assert build.upload.state is BuildUploadState.FAILED


def test_a_build_is_all_that_apple_says_of_it(
    apple: AppStoreConnect, server: ScriptedServer
) -> None:
    attributes = {
        "version": "231",
        "processingState": "FAILED",
        "expired": True,
        "buildAudienceType": "INTERNAL_ONLY",
        "usesNonExemptEncryption": False,
        "uploadedDate": "2026-10-01T08:00:00-07:00",
        "expirationDate": "2026-12-30T08:00:00",
    }
    hangs_on = {"appStoreVersion": {"data": {"type": "appStoreVersions", "id": VERSION}}}
    whole = A_BUILD | {"attributes": attributes}
    whole["relationships"] = A_BUILD["relationships"] | hangs_on
    server.on(f"GET /v1/builds/{BUILD}", 200, {"data": whole, "included": [A_TRAIN]})

    assert apple.build(BUILD) == Build(
        id=BUILD,
        number="231",
        version_string="1.4.2",
        platform=Platform.IOS,
        processing_state=ProcessingState.FAILED,
        state_word="FAILED",
        expired=True,
        audience=BuildAudienceType.INTERNAL_ONLY,
        uses_non_exempt_encryption=False,
        uploaded_at=datetime(2026, 10, 1, 15, tzinfo=UTC),
        expires_at=datetime(2026, 12, 30, 8, tzinfo=UTC),
        attached_to=VERSION,
        app_id=APP,
        upload=None,
    )


def test_what_apple_does_not_say_of_a_build_speaks_for_it(
    apple: AppStoreConnect, server: ScriptedServer
) -> None:
    server.on(f"GET /v1/builds/{BUILD}", 200, {"data": A_BUILD, "included": [A_TRAIN]})

    build = apple.build(BUILD)

    assert (build.expired, build.audience) == (False, BuildAudienceType.APP_STORE_ELIGIBLE)
    assert (build.uses_non_exempt_encryption, build.expires_at, build.attached_to) == (None,) * 3


@pytest.mark.parametrize(
    ("words", "state", "word"),
    [
        ({"appVersionState": "REJECTED"}, AppVersionState.REJECTED, "REJECTED"),
        (
            {"appVersionState": "IN_REVIEW", "appStoreState": "REJECTED"},
            AppVersionState.IN_REVIEW,
            "IN_REVIEW",
        ),
        (
            {"appStoreState": "READY_FOR_SALE"},
            AppVersionState.READY_FOR_DISTRIBUTION,
            "READY_FOR_SALE",
        ),
        (
            {"appStoreState": "PROCESSING_FOR_APP_STORE"},
            AppVersionState.PROCESSING_FOR_DISTRIBUTION,
            "PROCESSING_FOR_APP_STORE",
        ),
        ({"appStoreState": "PREORDER"}, AppVersionState.UNRECOGNISED, "PREORDER"),
    ],
)
def test_a_state_is_apples_new_word_or_the_old_one_under_its_new_name(
    apple: AppStoreConnect,
    server: ScriptedServer,
    words: dict[str, str],
    state: AppVersionState,
    word: str,
) -> None:
    attributes = {"platform": "IOS", "versionString": "1.4.2"} | words
    version = {"type": "appStoreVersions", "id": VERSION, "attributes": attributes}
    server.on(f"GET /v1/appStoreVersions/{VERSION}", 200, {"data": version})

    read = apple.version(VERSION)

    assert (read.app_version_state, read.state_word) == (state, word)
    assert (read.build, read.app) == (None, None)


def test_each_state_is_editable_locked_or_up_to_apple() -> None:
    editable = {each for each in AppVersionState if each.is_editable}
    locked = {each for each in AppVersionState if each.is_locked}

    assert {each.value for each in editable} == {
        "PREPARE_FOR_SUBMISSION",
        "DEVELOPER_REJECTED",
        "REJECTED",
        "METADATA_REJECTED",
        "INVALID_BINARY",
    }
    assert editable & locked == set()
    assert {each.value for each in AppVersionState if each not in editable | locked} == {
        "READY_FOR_REVIEW",
        "UNRECOGNISED",
    }


def test_a_version_holds_the_slot_until_it_is_on_the_app_store() -> None:
    released = {each for each in AppVersionState if each.is_released}

    assert {each.value for each in released} == {
        "READY_FOR_DISTRIBUTION",
        "REPLACED_WITH_NEW_VERSION",
    }
    assert {each for each in AppVersionState if not each.holds_the_slot} == released | {
        AppVersionState.UNRECOGNISED
    }


def test_an_attached_build_is_known_by_its_number_where_apple_includes_it(
    apple: AppStoreConnect, server: ScriptedServer
) -> None:
    relation = {"build": {"data": {"type": "builds", "id": BUILD}}}
    version = A_VERSION | {"relationships": relation}
    included = {"type": "builds", "id": BUILD, "attributes": {"version": "231"}}
    path = f"GET /v1/appStoreVersions/{VERSION}"
    server.on(path, 200, {"data": version, "included": [included]})
    server.on(path, 200, {"data": version})

    assert apple.version(VERSION).build == AttachedBuild(BUILD, "231", None)
    assert apple.version(VERSION).build == AttachedBuild(BUILD, "", None)


def test_ids_are_one_segment_of_the_path_whatever_they_hold(
    apple: AppStoreConnect, server: ScriptedServer
) -> None:
    with pytest.raises(AppStoreConnectError):
        apple.build(BuildId("../apps?x=1"))

    assert server.arrived[0].target.startswith("/v1/builds/..%2Fapps%3Fx%3D1?")


def test_two_resources_in_place_of_one_are_an_unexpected_answer(
    apple: AppStoreConnect, server: ScriptedServer
) -> None:
    server.on(f"GET /v1/builds/{BUILD}", 200, {"data": [A_BUILD, A_BUILD], "included": [A_TRAIN]})

    with pytest.raises(UnexpectedAnswer, match="2 resources, not one"):
        apple.build(BUILD)


def test_uploads_are_asked_for_by_number_version_and_platform(
    apple: AppStoreConnect, server: ScriptedServer
) -> None:
    server.on(f"GET /v1/apps/{APP}/buildUploads", 200, {"data": [AN_UPLOAD]})

    uploads = apple.uploads(
        APP, numbers=["231"], version_strings=["1.4", "1.4.0"], platform=Platform.IOS
    )

    query = server.arrived[0].query
    assert query["filter[cfBundleVersion]"] == "231"
    assert query["filter[cfBundleShortVersionString]"] == "1.4,1.4.0"
    assert query["filter[platform]"] == "IOS"
    assert uploads[0].errors == (("90683", "Missing purpose string."),)
    assert uploads[0].uploaded_at is not None
    assert uploads[0].uploaded_at.hour == 15
    assert uploads[0].build_id is None


@pytest.mark.parametrize(
    ("state", "word"),
    [
        ("COMPLETE", BuildUploadState.COMPLETE),
        ({"state": "COMPLETE", "errors": None}, BuildUploadState.COMPLETE),
        ({"state": "RESTING"}, BuildUploadState.UNRECOGNISED),
        (None, BuildUploadState.UNRECOGNISED),
        ({"state": "FAILED", "errors": ["x", {}]}, BuildUploadState.FAILED),
    ],
)
def test_an_upload_in_any_shape_only_informs(
    apple: AppStoreConnect, server: ScriptedServer, state: object, word: BuildUploadState
) -> None:
    upload = {"type": "buildUploads", "id": "u", "attributes": {"state": state}}
    server.on(f"GET /v1/apps/{APP}/buildUploads", 200, {"data": [upload]})

    assert apple.uploads(APP)[0].state is word


def test_a_stray_404_of_the_uploads_is_asked_again(
    apple: AppStoreConnect, server: ScriptedServer
) -> None:
    server.on(f"GET /v1/apps/{APP}/buildUploads", 404, times=2)
    server.on(f"GET /v1/apps/{APP}/buildUploads", 200, {"data": [AN_UPLOAD]})

    assert len(apple.uploads(APP)) == 1


def test_uploads_that_stay_away_are_not_found_after_three_tries(
    apple: AppStoreConnect, server: ScriptedServer
) -> None:
    server.on(f"GET /v1/apps/{APP}/buildUploads", 404, times=None)

    with pytest.raises(NotFound):
        apple.uploads(APP)

    assert len(server.arrived) == 3


def test_any_other_404_is_final(apple: AppStoreConnect, server: ScriptedServer) -> None:
    server.on(f"GET /v1/builds/{BUILD}", 404, times=None)

    with pytest.raises(NotFound):
        apple.build(BUILD)

    assert len(server.arrived) == 1


def test_a_version_is_created_with_its_build_in_one_write(
    apple: AppStoreConnect, server: ScriptedServer
) -> None:
    server.on("POST /v1/appStoreVersions", 201, {"data": A_VERSION})

    created = apple.create_version(
        APP,
        Platform.IOS,
        "1.4.2",
        BUILD,
        release_type="SCHEDULED",
        earliest_release_date="2026-12-24T00:00:00Z",
        is_applied=not_asked,
    )

    assert created == VERSION
    assert server.arrived[0].json["data"]["attributes"] == {
        "platform": "IOS",
        "versionString": "1.4.2",
        "releaseType": "SCHEDULED",
        "earliestReleaseDate": "2026-12-24T00:00:00Z",
    }
    assert server.arrived[0].json["data"]["relationships"] == {
        "app": {"data": {"type": "apps", "id": APP}},
        "build": {"data": {"type": "builds", "id": BUILD}},
    }


def test_what_is_not_said_of_a_new_version_is_left_to_apple(
    apple: AppStoreConnect, server: ScriptedServer
) -> None:
    server.on("POST /v1/appStoreVersions", 201, {"data": A_VERSION})

    apple.create_version(APP, Platform.IOS, "1.4.2", BUILD, is_applied=not_asked)

    attributes = server.arrived[0].json["data"]["attributes"]
    assert attributes == {"platform": "IOS", "versionString": "1.4.2"}


def test_renaming_and_attaching_are_one_write(emulated: AppStoreConnect, world: World) -> None:
    version, build = world.apps[0].app_store_versions[1], world.apps[0].builds[3]
    build.pre_release_version = "1.5"

    emulated.rename_version(VersionId(version.id), "1.5", BuildId(build.id), is_applied=not_asked)

    assert (version.version_string, version.build) == ("1.5", build.id)


@pytest.mark.parametrize("answer", [True, False])
def test_export_compliance_is_answered_as_given(
    emulated: AppStoreConnect, world: World, *, answer: bool
) -> None:
    build = world.apps[0].builds[3]
    build.uses_non_exempt_encryption = None

    emulated.answer_encryption(BuildId(build.id), answer, is_applied=not_asked)

    assert build.uses_non_exempt_encryption is answer


def test_builds_of_a_version_string_are_read_to_the_last_page_unsorted(
    apple: AppStoreConnect, server: ScriptedServer
) -> None:
    one = {"data": [A_BUILD], "included": [A_TRAIN]}
    server.on("GET /v1/builds", 200, one | {"links": {"next": f"{server.url}/v1/builds?cursor=2"}})
    server.on("GET /v1/builds", 200, one)

    builds = apple.builds([APP], version_strings=["1.4.2"])

    assert len(builds) == 2
    assert "sort" not in server.arrived[0].query
    assert server.arrived[1].query == {"cursor": "2"}


def test_builds_of_everything_are_the_newest_page(
    apple: AppStoreConnect, server: ScriptedServer
) -> None:
    page = {"data": [A_BUILD], "included": [A_TRAIN], "links": {"next": "/v1/builds?cursor=2"}}
    server.on("GET /v1/builds", 200, page)

    apple.newest_builds(APP)

    assert server.arrived[0].query["sort"] == "-uploadedDate"
    assert len(server.arrived) == 1


def test_a_filter_apple_refuses_on_builds_leads_to_the_same_builds(
    emulated: AppStoreConnect, emulator: Emulator, world: World, observed: Observed
) -> None:
    world.script.refuse_filters = ("filter[preReleaseVersion.version]",)

    builds = emulated.builds([AppId(world.apps[0].id)], numbers=["231"], version_strings=["1.4.2"])

    assert [build.number for build in builds].count("231") == 1
    assert [set(each.query) & FILTERS for each in emulator.requests] == [
        {"filter[app]", "filter[version]", "filter[preReleaseVersion.version]"},
        {"filter[app]"},
    ]
    assert observed.retries == [
        "GET /v1/builds: App Store Connect refused a filter. Reading without any."
    ]


FILTERS = {"filter[app]", "filter[version]", "filter[preReleaseVersion.version]"}


def test_a_filter_apple_refuses_on_versions_leads_to_the_same_versions(
    emulated: AppStoreConnect, emulator: Emulator, world: World
) -> None:
    world.script.refuse_filters = ("filter[versionString]",)

    versions = emulated.versions(AppId(world.apps[0].id), version_strings=["1.4.2"])

    assert {version.version_string for version in versions} == {"1.4.1", "1.4.2"}
    assert len(emulator.requests) == 2


def test_a_parameter_that_is_refused_again_is_reported(
    apple: AppStoreConnect, server: ScriptedServer
) -> None:
    server.on("GET /v1/builds", 400, REFUSED_FILTER, times=None)

    with pytest.raises(AppStoreConnectError) as caught:
        apple.builds([APP], numbers=["231"])

    assert caught.value.apple[0].code == "PARAMETER_ERROR.INVALID"
    assert len(server.arrived) == 2


def test_without_filters_there_is_nothing_to_leave_out(
    apple: AppStoreConnect, server: ScriptedServer
) -> None:
    server.on(f"GET /v1/apps/{APP}/appStoreVersions", 400, REFUSED_FILTER, times=None)

    with pytest.raises(AppStoreConnectError):
        apple.versions(APP)

    assert len(server.arrived) == 1


def test_a_list_without_an_end_is_given_up(apple: AppStoreConnect, server: ScriptedServer) -> None:
    page = {"data": [], "links": {"next": "/v1/apps?cursor=again"}}
    server.on("GET /v1/apps", 200, page, times=None)

    with pytest.raises(UnexpectedAnswer, match="has no end"):
        apple.apps(["com.example.notes"])

    assert len(server.arrived) <= 52


@pytest.mark.parametrize(
    ("header", "left"),
    [
        ("user-hour-lim:3600;user-hour-rem:3554;", 3554),
        ("user-minute-lim:250;user-minute-rem:249;", None),
        ("user-hour-lim:3600;user-hour-rem:3554;, user-hour-lim:3600;user-hour-rem:3553;", 3553),
        ("user-hour-rem:many;", None),
        ("user-hour-rem:" + "9" * 5000, None),
        ("", None),
    ],
)
def test_the_requests_that_are_left_are_known_where_apple_tells(
    apple: AppStoreConnect, server: ScriptedServer, header: str, left: int | None
) -> None:
    server.on(f"GET {LINK}", 200, {"data": None}, headers={"X-Rate-Limit": header})

    apple.attached_build(VERSION)

    assert apple.requests_left == left


def test_every_exchange_is_reported_with_apples_request_id(
    apple: AppStoreConnect, server: ScriptedServer, observed: Observed
) -> None:
    server.on(f"GET {LINK}", 200, {"data": None}, headers={"X-Request-ID": "ABC"})

    apple.attached_build(VERSION)

    assert str(observed.exchanges[0]) == f"GET {LINK} → 200, 0 ms, X-Request-ID ABC"
