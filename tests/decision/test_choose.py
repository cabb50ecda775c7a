"""Which app, version and build are meant: values in, a value or an error that lists them out."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from asc_linker.apple.model import (
    App,
    AppId,
    AppStoreVersion,
    AppVersionState,
    Build,
    BuildAudienceType,
    BuildId,
    BuildUpload,
    BuildUploadState,
    Platform,
    ProcessingState,
    UploadId,
    VersionId,
)
from asc_linker.decision.choose import (
    Latest,
    choose_app,
    choose_build,
    choose_latest,
    choose_open,
    choose_version,
    listed,
)
from asc_linker.decision.request import AttachRequest
from asc_linker.errors import InputError, NotAttachable

IOS, MACOS = Platform.IOS, Platform.MAC_OS


def wanted(
    version_string: str = "1.4.2",
    build_number: str = "231",
    platform: Platform | None = None,
    *,
    latest: bool = False,
) -> AttachRequest:
    return AttachRequest(
        bundle_id="com.example.notes",
        version_string=version_string,
        build_number="" if latest else build_number,
        platform=platform,
        latest=latest,
    )


def a_version(
    version_string: str = "1.4.2", platform: Platform = IOS, name: str = "v1"
) -> AppStoreVersion:
    state = AppVersionState.PREPARE_FOR_SUBMISSION
    return AppStoreVersion(VersionId(name), platform, version_string, state, state.value)


def a_build(
    number: str = "231",
    version_string: str = "1.4.2",
    platform: Platform = IOS,
    *,
    name: str = "",
    minute: int = 0,
    state: ProcessingState = ProcessingState.VALID,
    expired: bool = False,
    audience: BuildAudienceType = BuildAudienceType.APP_STORE_ELIGIBLE,
) -> Build:
    return Build(
        id=BuildId(name or f"b{number}{platform.input_name}"),
        number=number,
        version_string=version_string,
        platform=platform,
        processing_state=state,
        state_word=state.value,
        expired=expired,
        audience=audience,
        uploaded_at=at(minute),
    )


def an_upload(
    number: str,
    minute: int,
    state: BuildUploadState = BuildUploadState.PROCESSING,
    *,
    build: str | None = None,
    version_string: str = "1.4.2",
    platform: Platform = IOS,
) -> BuildUpload:
    return BuildUpload(
        id=UploadId(f"u{number}"),
        number=number,
        version_string=version_string,
        platform=platform,
        state=state,
        state_word=state.value,
        uploaded_at=at(minute),
        build_id=BuildId(build) if build else None,
    )


def at(minute: int) -> datetime:
    return datetime(2026, 6, 15, 12, minute, tzinfo=UTC)


# ------------------------------------------------------------------------- apps


def test_the_app_has_exactly_this_bundle_id_wherever_it_is_in_the_list() -> None:
    alike = ["com.example.notes.pro", "com.example", "com.example.Notes", "com.example.notes"]
    apps = [App(AppId(str(n)), bundle_id) for n, bundle_id in enumerate(alike)]

    assert choose_app(apps, "com.example.notes") == apps[3]


@pytest.mark.parametrize("bundle_id", ["com.example.notes2", "com.example.NOTES", "example", "com"])
def test_an_app_that_merely_resembles_it_is_none(bundle_id: str) -> None:
    assert choose_app([App(AppId("1"), "com.example.notes")], bundle_id) is None


def test_an_app_that_is_listed_twice_is_one() -> None:
    app = App(AppId("1"), "com.example.notes")

    assert choose_app([app, app], "com.example.notes") == app


def test_two_apps_of_one_bundle_id_are_listed() -> None:
    apps = [App(AppId(each), "com.example.notes") for each in ("11", "22")]

    with pytest.raises(NotAttachable, match=r"11, 22") as caught:
        choose_app(apps, "com.example.notes")

    assert "`app-id`" in caught.value.hint


# --------------------------------------------------------------------- versions


@pytest.mark.parametrize(
    ("typed", "stored"),
    [("1.2", "1.2"), ("1.2", "1.2.0"), ("1.2.0", "1.2"), ("01.2", "1.2"), ("1.02.0", "01.2")],
)
def test_a_version_is_found_however_it_is_spelt(typed: str, stored: str) -> None:
    version = a_version(stored)

    assert choose_version(wanted(typed), [a_version("1.20", name="v2"), version]) == version


@pytest.mark.parametrize("stored", ["1.20", "1.2.1", "12", "1.3", "0.1.2"])
def test_a_version_that_merely_resembles_it_is_none(stored: str) -> None:
    assert choose_version(wanted("1.2"), [a_version(stored)]) is None


def test_the_platform_decides_between_versions_of_one_name() -> None:
    ios, macos = a_version(), a_version(platform=MACOS, name="v2")

    assert choose_version(wanted(platform=MACOS), [ios, macos]) == macos


def test_the_build_decides_where_no_platform_is_given() -> None:
    ios, macos = a_version(), a_version(platform=MACOS, name="v2")

    assert choose_version(wanted(), [ios, macos], a_build(platform=MACOS)) == macos


def test_a_version_on_several_platforms_asks_for_one() -> None:
    with pytest.raises(InputError, match=r"`ios` and `macos`") as caught:
        choose_version(wanted(), [a_version(), a_version(platform=MACOS, name="v2")])

    assert "`platform`" in caught.value.hint


def test_several_versions_of_one_name_are_listed_with_their_ids() -> None:
    twins = [a_version("1.2"), a_version("1.2.0", name="v2")]

    with pytest.raises(NotAttachable, match=r"1\.2 on iOS .*id v1.*1\.2\.0 on iOS .*id v2"):
        choose_version(wanted("1.2"), twins)


def test_several_open_versions_are_listed() -> None:
    with pytest.raises(NotAttachable, match=r"open versions.*1\.4\.2.*1\.5"):
        choose_open([a_version(), a_version("1.5", name="v2")])


# ----------------------------------------------------------------------- builds


def test_of_one_number_the_build_of_the_version_and_platform_is_taken() -> None:
    right = a_build(platform=MACOS, name="right")
    others = [a_build(), a_build(version_string="1.4.1", platform=MACOS), a_build("2310")]

    assert choose_build(wanted(platform=MACOS), [*others, right]) == right


@pytest.mark.parametrize(("typed", "stored"), [("7", "7"), ("007", "7"), ("1.07", "1.7")])
def test_leading_zeros_of_a_build_number_mean_nothing(typed: str, stored: str) -> None:
    build = a_build(stored)

    assert choose_build(wanted(build_number=typed), [build]) == build


@pytest.mark.parametrize("stored", ["7.0", "70", "77", "17", "7.0.0"])
def test_trailing_zeros_of_a_build_number_mean_something(stored: str) -> None:
    assert choose_build(wanted(build_number="7"), [a_build(stored)]) is None


def test_only_platforms_that_have_the_version_count() -> None:
    ios, macos = a_build(), a_build(platform=MACOS)

    assert choose_build(wanted(), [ios, macos], [a_version(platform=MACOS)]) == macos


def test_a_build_on_several_platforms_asks_for_one() -> None:
    builds = [a_build(), a_build(platform=MACOS), a_build(platform=Platform.TV_OS)]

    with pytest.raises(InputError, match=r"`ios` and `macos` and `tvos`"):
        choose_build(wanted(), builds)


def test_several_builds_are_listed_with_all_that_tells_them_apart() -> None:
    twins = [
        a_build("7", "1.2", name="one", minute=1),
        a_build("7", "1.2.0", name="two", minute=2, state=ProcessingState.INVALID),
    ]

    with pytest.raises(NotAttachable) as caught:
        choose_build(wanted("1.2", "7"), twins)

    told = caught.value.message
    for fact in ("7 of 1.2 on iOS", "7 of 1.2.0", "12:01 UTC", "12:02 UTC", "VALID", "INVALID"):
        assert fact in told
    assert "id one" in told
    assert "id two" in told
    assert "`build-id`" in caught.value.hint


def test_a_long_list_is_cut_after_ten() -> None:
    assert listed([str(n) for n in range(12)]) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more"


# ----------------------------------------------------------------------- latest


def latest(builds: list[Build], uploads: list[BuildUpload] | None = None) -> str | None:
    found = choose_latest(wanted(latest=True), builds, uploads or [])
    return found.number if found else None


def test_latest_is_the_newest_upload_and_not_the_highest_number() -> None:
    assert latest([a_build("9", minute=1), a_build("3", minute=3), a_build("7", minute=2)]) == "3"


@pytest.mark.parametrize(
    "newer",
    [
        a_build("9", minute=9, expired=True),
        a_build("9", minute=9, audience=BuildAudienceType.INTERNAL_ONLY),
        a_build("9", minute=9, state=ProcessingState.FAILED),
        a_build("9", minute=9, state=ProcessingState.INVALID),
        a_build("9", "1.4.1", minute=9),
    ],
    ids=["expired", "internal only", "failed", "invalid", "another version"],
)
def test_latest_leaves_out_what_can_never_be_attached(newer: Build) -> None:
    assert latest([a_build("8", minute=8), newer]) == "8"


def test_latest_is_a_build_in_processing_rather_than_an_older_one() -> None:
    newer = a_build("9", minute=9, state=ProcessingState.PROCESSING)

    assert latest([a_build("8", minute=8), newer]) == "9"


@pytest.mark.parametrize(
    "upload",
    [
        an_upload("9", 9),
        an_upload("9", 9, BuildUploadState.COMPLETE),
        an_upload("9", 9, BuildUploadState.COMPLETE, build="listed a moment later"),
    ],
    ids=["processing", "complete and no build yet", "a build since the builds were read"],
)
def test_latest_is_an_upload_that_is_not_listed_rather_than_an_older_build(
    upload: BuildUpload,
) -> None:
    assert latest([a_build("8", minute=8)], [upload]) == "9"


@pytest.mark.parametrize(
    "upload",
    [
        an_upload("9", 9, BuildUploadState.FAILED),
        an_upload("9", 9, BuildUploadState.AWAITING_UPLOAD),
        an_upload("9", 9, version_string="1.4.1"),
    ],
    ids=["failed", "never arrived", "another version"],
)
def test_latest_does_not_wait_for_an_upload_that_will_not_come(upload: BuildUpload) -> None:
    assert latest([a_build("8", minute=8)], [upload]) == "8"


def test_the_upload_of_an_internal_build_does_not_bring_it_back() -> None:
    internal = a_build(
        "9",
        name="b9",
        minute=9,
        state=ProcessingState.PROCESSING,
        audience=BuildAudienceType.INTERNAL_ONLY,
    )

    assert latest([a_build("8", minute=8), internal], [an_upload("9", 9, build="b9")]) == "8"


def test_latest_of_nothing_is_nothing() -> None:
    assert latest([]) is None


def test_latest_on_several_platforms_asks_for_one() -> None:
    with pytest.raises(InputError, match=r"`ios` and `macos`"):
        latest([a_build("8", minute=8), a_build("9", platform=MACOS, minute=9)])


def test_latest_keeps_to_the_platform_that_is_given() -> None:
    builds = [a_build("8", minute=8), a_build("9", platform=MACOS, minute=9)]

    found = choose_latest(wanted(platform=IOS, latest=True), builds, [an_upload("9", 9)])

    assert found == Latest("9", IOS)


def test_of_two_uploads_in_one_moment_none_is_the_latest() -> None:
    with pytest.raises(NotAttachable, match=r"8, 9") as caught:
        latest([a_build("7", minute=1), a_build("8", minute=8), a_build("9", minute=8)])

    assert "`build-number`" in caught.value.hint
