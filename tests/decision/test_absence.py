"""What is not there is told by what is: nearest first, and with a cure that helps."""

from __future__ import annotations

from typing import Any

import pytest
from builders import IOS, MACOS, NOTES, a_build, a_request, a_version, an_upload

from asc_linker.apple.model import App, AppId, AppVersionState, BuildUploadState, Platform
from asc_linker.decision.absence import (
    app_not_found,
    build_not_listed,
    elsewhere,
    newest_upload,
    upload_failed,
    version_not_found,
)
from asc_linker.decision.findings import Findings

FAILED = BuildUploadState.FAILED
ON_SALE = AppVersionState.READY_FOR_DISTRIBUTION


def apps(*bundle_ids: str) -> list[App]:
    return [App(AppId(str(n)), bundle_id) for n, bundle_id in enumerate(bundle_ids)]


# --------------------------------------------------------------------------------- app


@pytest.mark.parametrize(
    ("wanted", "is_meant"),
    [("com.B", True), ("com.example.note", True), ("com.bc", False), ("org.elsewhere", False)],
)
def test_a_bundle_id_that_is_nearly_one_asks_for_it(wanted: str, is_meant: bool) -> None:
    error = app_not_found(a_request(bundle_id=wanted), apps("com.a", "com.example.notes"))

    assert ("Did you mean" in error.message) is is_meant
    assert error.message.startswith(f"No app has the bundle id {wanted}. This key sees ")


def test_the_nearest_bundle_id_is_told_first() -> None:
    error = app_not_found(
        a_request(bundle_id="com.example.nots"), apps("org.other", "COM.EXAMPLE.NOTES")
    )

    assert "This key sees COM.EXAMPLE.NOTES, org.other." in error.message
    assert error.message.endswith("Did you mean COM.EXAMPLE.NOTES?")


@pytest.mark.parametrize("name", ["app_id", "bundle_id"])
def test_a_key_that_sees_no_app_is_told_so(name: str) -> None:
    error = app_not_found(a_request(**{name: "7"}), [])

    assert error.message.endswith("This key sees no app at all.")
    assert f"`{name.replace('_', '-')}`" in error.hint


# ----------------------------------------------------------------------------- version


def test_versions_of_the_platform_are_told_first_and_then_the_nearest() -> None:
    error = version_not_found(
        a_request(platform=IOS),
        [a_version("1.4.2", platform=MACOS), a_version("1.0"), a_version("1.4.1")],
    )

    there = [error.message.index(f"{string} (") for string in ("1.4.1", "1.0", "1.4.2")]
    assert there == sorted(there)
    assert error.message.startswith("The App Store has no version 1.4.2 on iOS of this app. There")


def test_an_app_without_versions_is_told_so() -> None:
    assert version_not_found(a_request(), []).message == (
        "The App Store has no version 1.4.2 of this app. The app has no versions yet."
    )


@pytest.mark.parametrize(("platform", "is_in_the_way"), [(None, True), (IOS, True), (MACOS, False)])
def test_only_an_open_version_of_the_platform_is_in_the_way(
    platform: Platform | None, is_in_the_way: bool
) -> None:
    hint = version_not_found(
        a_request(platform=platform), [a_version("1.5"), a_version("1.4.1", ON_SALE)]
    ).hint

    assert ("`if-version-missing: rename`" in hint) is is_in_the_way
    assert ("`if-version-missing: create`" in hint) is not is_in_the_way


# ------------------------------------------------------------------- the number elsewhere


def found(*newest: Any, uploads: tuple[Any, ...] = (), **changes: Any) -> Findings:
    return Findings(a_request(**changes), NOTES, newest_builds=newest, uploads=uploads)


def test_a_number_is_elsewhere_only_if_it_is_not_under_way_where_it_is_wanted() -> None:
    there = a_build(version_string="1.5")

    assert elsewhere(found(there)) is not None
    assert elsewhere(found(there, uploads=(an_upload(),))) is None
    assert elsewhere(found(there, build_number="")) is None
    assert elsewhere(found(a_build("230", version_string="1.5"))) is None
    assert elsewhere(found(a_build())) is None


def test_an_upload_that_failed_is_nowhere() -> None:
    assert elsewhere(found(uploads=(an_upload(state=FAILED, version_string="1.5"),))) is None
    assert elsewhere(found(uploads=(an_upload(version_string="1.5"),))) is not None


def test_where_only_the_platform_differs_it_is_told_before_newer_ones() -> None:
    there = elsewhere(
        found(a_build(version_string="1.5", minute=9), a_build(platform=MACOS), platform=IOS)
    )

    assert there is not None
    assert there.sentence == "Build 231 was uploaded for macOS, not for iOS."
    assert (there.same_version_string, there.is_newest) == (True, True)


def test_of_several_version_strings_the_newest_is_told() -> None:
    there = elsewhere(found(a_build(version_string="1.5"), a_build(version_string="1.6", minute=9)))

    assert there is not None
    assert there.sentence == "Build 231 was uploaded as version 1.6, not as 1.4.2."
    assert not there.same_version_string


def test_another_platform_and_version_string_are_told_together() -> None:
    there = elsewhere(found(a_build(version_string="1.5", platform=MACOS), platform=IOS))

    assert there is not None
    assert there.sentence == (
        "Build 231 was uploaded as version 1.5 for macOS, not as 1.4.2, not for iOS."
    )


@pytest.mark.parametrize(("minute", "is_newest"), [(0, False), (5, True), (6, True)])
def test_it_is_the_newest_where_nothing_was_uploaded_after_it(minute: int, is_newest: bool) -> None:
    there = elsewhere(found(a_build(version_string="1.5", minute=minute), a_build("300", minute=5)))

    assert there is not None
    assert there.is_newest is is_newest


# -------------------------------------------------------------------- what is not listed


@pytest.mark.parametrize(
    ("there", "hint"),
    [
        (a_build(platform=MACOS), "Check `platform`."),
        (a_build(version_string="1.5"), "Check `platform` and `version-string`."),
    ],
)
def test_only_what_differs_is_to_be_checked(there: Any, hint: str) -> None:
    sentence, said = build_not_listed(found(there, platform=IOS), [])

    assert sentence.startswith("Build 231 of 1.4.2 on iOS is not among the uploaded builds: 231 (")
    assert said == hint


def test_builds_of_the_number_are_told_first_else_the_nearest_of_the_version_string() -> None:
    others = (a_build("9", version_string="1.5"), a_build("7"), a_build("230"))

    near, _ = build_not_listed(found(*others), [])
    same, _ = build_not_listed(found(*others, a_build("231", version_string="1.5")), [])
    none, _ = build_not_listed(found(), [])
    unread, _ = build_not_listed(found()._replace(newest_builds=None, uploads=None), [])

    assert "builds: 230 (1.4.2, iOS, VALID), 7 (1.4.2, iOS, VALID), 9 (1.5" in near
    assert "builds: 231 (1.5, iOS, VALID)." in same
    assert none.endswith("builds: there are none. Apple knows of no upload with this number.")
    assert unread == "Build 231 of 1.4.2 is not among the uploaded builds."


def test_a_version_on_several_platforms_is_told_with_where_it_is() -> None:
    both = [a_version(), a_version(platform=MACOS)]

    assert "Version 1.4.2 is there for iOS and macOS." in build_not_listed(found(), both)[0]
    assert "is there for" not in build_not_listed(found(), both[:1])[0]
    assert "is there for" not in build_not_listed(found(platform=IOS), both)[0]


# ------------------------------------------------------------------------------ uploads


def test_the_newest_upload_of_the_number_version_and_platform_counts() -> None:
    uploads = (
        an_upload(name="old"),
        an_upload(name="new", minute=5),
        an_upload("232", minute=6),
        an_upload(name="other version", minute=7, version_string="1.5"),
        an_upload(name="other platform", minute=8, platform=MACOS),
        an_upload(name="undated", minute=None),
    )

    newest = newest_upload(a_request(platform=IOS), uploads)
    any_number = newest_upload(a_request(platform=IOS, build_number=""), uploads)

    assert newest is not None
    assert newest.id == "new"
    assert any_number is not None
    assert any_number.number == "232"
    assert newest_upload(a_request(), ()) is None


def test_what_was_read_with_the_build_is_the_news_of_its_upload() -> None:
    was, now = an_upload(state=FAILED), an_upload()

    assert upload_failed(a_request(), None, [was]) is not None
    assert upload_failed(a_request(), a_build(upload=now), [was]) is None
    assert upload_failed(a_request(), a_build(upload=was), [now]) is not None
    assert upload_failed(a_request(), None, []) is None


def test_a_failed_upload_is_told_by_its_number_where_none_was_given() -> None:
    error = upload_failed(a_request(build_number=""), None, [an_upload("77", FAILED)])

    assert error is not None
    assert error.message == "Apple turned down the upload of build 77."
