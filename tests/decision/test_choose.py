"""Which app, version and build are wanted: values in, a value or an error that lists them out."""

from __future__ import annotations

import pytest
from builders import MACOS, a_build, a_request, a_version

from asc_linker.apple.model import App, AppId, Platform, ProcessingState
from asc_linker.decision.choose import (
    choose_app,
    matching_builds,
    matching_versions,
    on_one_platform,
    the_only,
)
from asc_linker.errors import InputError, NotAttachable

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
    others = [a_version("1.20", name="v2"), version]

    assert matching_versions(a_request(version_string=typed), others) == [version]


@pytest.mark.parametrize("stored", ["1.20", "1.2.1", "12", "1.3", "0.1.2"])
def test_a_version_that_merely_resembles_it_is_none(stored: str) -> None:
    assert matching_versions(a_request(version_string="1.2"), [a_version(stored)]) == []


def test_the_platform_decides_between_versions_of_one_name() -> None:
    ios, macos = a_version(), a_version(platform=MACOS, name="v2")

    assert matching_versions(a_request(platform=MACOS), [ios, macos]) == [macos]


def test_several_versions_of_one_name_are_listed_with_their_ids() -> None:
    twins = [a_version("1.2"), a_version("1.2.0", name="v2")]

    with pytest.raises(NotAttachable, match=r"1\.2 on iOS .*id v1.*1\.2\.0 on iOS .*id v2"):
        the_only(twins, "App Store versions")


def test_the_same_one_twice_is_one() -> None:
    assert the_only([a_version(), a_version()], "App Store versions") == a_version()


# ----------------------------------------------------------------------- builds


def test_of_one_number_the_build_of_the_version_and_platform_is_taken() -> None:
    right = a_build(platform=MACOS, name="right")
    others = [a_build(), a_build(version_string="1.4.1", platform=MACOS), a_build("2310")]

    assert matching_builds(a_request(platform=MACOS), [*others, right]) == [right]


@pytest.mark.parametrize(("typed", "stored"), [("7", "7"), ("007", "7"), ("1.07", "1.7")])
def test_leading_zeros_of_a_build_number_mean_nothing(typed: str, stored: str) -> None:
    build = a_build(stored)

    assert matching_builds(a_request(build_number=typed), [build]) == [build]


@pytest.mark.parametrize("stored", ["7.0", "70", "77", "17", "7.0.0"])
def test_trailing_zeros_of_a_build_number_mean_something(stored: str) -> None:
    assert matching_builds(a_request(build_number="7"), [a_build(stored)]) == []


def test_a_build_on_several_platforms_asks_for_one() -> None:
    builds = [a_build(), a_build(platform=MACOS), a_build(platform=Platform.TV_OS)]

    with pytest.raises(InputError, match=r"`ios` and `macos` and `tvos`") as caught:
        on_one_platform("Build 231", builds)

    assert "`platform`" in caught.value.hint


def test_several_builds_are_listed_with_all_that_tells_them_apart() -> None:
    twins = [
        a_build("7", version_string="1.2", name="one", minute=1),
        a_build("7", ProcessingState.INVALID, version_string="1.2.0", name="two", minute=2),
    ]

    with pytest.raises(NotAttachable) as caught:
        the_only(twins, "builds")

    told = caught.value.message
    for fact in ("7 of 1.2 on iOS", "7 of 1.2.0", "12:01 UTC", "12:02 UTC", "VALID", "INVALID"):
        assert fact in told
    assert "id one" in told
    assert "id two" in told
    assert "`build-id`" in caught.value.hint
