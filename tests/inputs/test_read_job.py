"""Strings become a job that makes sense, or every reason why not, at once."""

from __future__ import annotations

import copy
import json
import pickle
import plistlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from inputs.jobs import ISSUER, KEY, WHOLE, faults, named_in, read

from asc_linker.apple.access import APPLE
from asc_linker.decision.request import Job, Skip
from asc_linker.errors import InputError
from asc_linker.inputs.read_job import read_boolean, read_job, read_report_file
from asc_linker.inputs.reader import shown_path


def test_a_whole_job_says_what_was_typed() -> None:
    job = read()

    assert job.request.bundle_id == "com.example.notes"
    assert job.request.app_id is None
    assert job.request.platform is None
    assert (job.request.version_string, job.request.build_number) == ("1.4.2", "231")
    assert not job.dry_run
    assert job.request.skip is None
    assert job.api_url == APPLE
    assert (job.credentials.key_id, job.credentials.issuer_id) == (KEY.key_id, ISSUER)


def test_everything_missing_is_named_at_once() -> None:
    with pytest.raises(InputError) as caught:
        read_job({})

    expected = {
        "api-key-id",
        "api-private-key",
        "bundle-id",
        "app-id",
        "version-string",
        "build-number",
    }
    assert expected <= named_in(caught.value)
    assert caught.value.exit_code == 2


def test_every_fault_is_told_at_once_with_its_input() -> None:
    wrong = {
        "api-key-id": "short",
        "issuer-id": "not-a-uuid",
        "api-private-key": "$ASC_PRIVATE_KEY",
        "bundle-id": "com example notes",
        "app-id": "com.example.notes",
        "platform": "watchos",
        "version-string": "one",
        "build-number": "two",
        "dry-run": "maybe",
        "api-url": "ftp://example.com",
        "operation": "delete",
    }
    with pytest.raises(InputError) as caught:
        read_job(wrong)

    for name in wrong:
        assert any(f"`{name}`" in line for line in caught.value.faults), name
    assert len(caught.value.faults) >= len(wrong)


@pytest.mark.parametrize("name", WHOLE)
def test_a_blank_input_counts_as_not_given(name: str) -> None:
    if name == "issuer-id":
        assert read(issuer_id=" \n").credentials.issuer_id is None
    else:
        blank = faults(**{name.replace("-", "_"): " \t\n"})
        absent = faults(**{name.replace("-", "_"): None})
        assert blank.faults == absent.faults


def test_blanks_around_a_value_do_not_count() -> None:
    job = read(version_string=" 1.4.2\n", bundle_id="\tcom.example.notes ")

    assert (job.request.version_string, job.request.bundle_id) == ("1.4.2", "com.example.notes")


@pytest.mark.parametrize("key", ["", "  "])
def test_an_empty_secret_speaks_of_forks(key: str) -> None:
    assert "forks" in faults(api_private_key=key).hint


def test_a_wrong_secret_does_not_speak_of_forks() -> None:
    assert "forks" not in faults(api_private_key="AuthKey.p8").hint


# ------------------------------------------------------------------- which app


def test_an_app_id_is_enough() -> None:
    request = read(bundle_id=None, app_id="6446048195").request

    assert (request.app_id, request.bundle_id) == ("6446048195", "")


@pytest.mark.parametrize("bundle_id", ["com.example.notes", "Example-1", "a.B-c.9"])
def test_these_are_bundle_ids(bundle_id: str) -> None:
    assert read(bundle_id=bundle_id).request.bundle_id == bundle_id


@pytest.mark.parametrize("bundle_id", ["com.example.*", "com_example", "a,b", "a/b", "ä.b", "a\nb"])
def test_these_are_no_bundle_ids(bundle_id: str) -> None:
    assert named_in(faults(bundle_id=bundle_id)) == {"bundle-id"}


@pytest.mark.parametrize(
    ("typed", "platform"),
    [
        ("ios", "IOS"),
        ("IOS", "IOS"),
        ("iOS", "IOS"),
        ("macos", "MAC_OS"),
        ("MAC_OS", "MAC_OS"),
        ("osx", "MAC_OS"),
        ("tvos", "TV_OS"),
        ("TV_OS", "TV_OS"),
        ("appletvos", "TV_OS"),
        ("visionos", "VISION_OS"),
        ("VISION_OS", "VISION_OS"),
        ("xros", "VISION_OS"),
    ],
)
def test_a_platform_is_understood_in_apples_words_and_in_fastlanes(
    typed: str, platform: str
) -> None:
    assert read(platform=typed).request.platform == platform


# ------------------------------------------------------------ version and build


def test_a_tag_names_version_build_and_platform() -> None:
    request = read(version_string=None, build_number=None, tag="macos/v1.4.2+231").request

    assert (request.version_string, request.build_number) == ("1.4.2", "231")
    assert request.platform == "MAC_OS"


def test_a_tags_other_prefix_says_nothing_about_the_platform() -> None:
    assert read(version_string=None, tag="release/v1.4.2").request.platform is None


def test_a_tag_is_not_read_where_the_version_is_given() -> None:
    request = read(tag="not a version at all+7").request

    assert (request.version_string, request.build_number) == ("1.4.2", "231")


def test_a_tag_that_names_no_version_is_a_fault() -> None:
    fault = faults(version_string=None, tag="nightly")

    assert "tag" in named_in(fault)
    assert "nightly" in fault.message


def test_a_tag_that_names_another_build_contradicts() -> None:
    fault = faults(version_string=None, tag="v1.4.2+232")

    assert named_in(fault) == {"build-number"}
    assert "231" in fault.message
    assert "232" in fault.message


def test_a_tag_that_spells_the_build_in_another_way_agrees() -> None:
    assert read(version_string=None, tag="v1.4.2+0231").request.build_number == "231"


def test_a_tag_that_names_another_platform_contradicts() -> None:
    fault = faults(version_string=None, platform="ios", tag="macos/1.4.2")

    assert "platform" in named_in(fault)
    assert "macos" in fault.message


def test_a_pre_release_tag_is_a_reason_to_skip() -> None:
    request = read(version_string=None, build_number=None, tag="iOS/1.4.2-rc.1").request

    assert request.skip == Skip("pre-release", "The tag iOS/1.4.2-rc.1 is a pre-release.")


def test_a_pre_release_tag_does_not_skip_what_is_asked_for_by_name() -> None:
    assert read(tag="v1.4.2-rc.1").request.skip is None


def test_without_a_version_the_tag_push_is_mentioned() -> None:
    fault = faults(version_string=None)

    assert "version-string" in named_in(fault)
    assert "tag" in fault.message


def test_a_build_number_is_never_guessed() -> None:
    assert "build-number" in named_in(faults(build_number=None))
    assert "build-number" in named_in(faults(version_string=None, build_number=None, tag="v1.4.2"))


@pytest.mark.parametrize("value", ["1.4.2-rc", "v1", "1..2", "1,2", "9" * 19, "１"])
def test_a_version_is_numbers_with_dots(value: str) -> None:
    assert named_in(faults(version_string=value)) == {"version-string"}


# -------------------------------------------------------------------- booleans


@pytest.mark.parametrize("typed", ["true", "True", "YES", "yes", "1", " true "])
def test_these_mean_yes(typed: str) -> None:
    assert read(dry_run=typed).dry_run
    assert read_boolean({"demo": typed}, "demo")


@pytest.mark.parametrize("typed", ["false", "FALSE", "no", "0", "", "  "])
def test_these_mean_no(typed: str) -> None:
    assert not read(dry_run=typed).dry_run
    assert not read_boolean({"demo": typed}, "demo")


@pytest.mark.parametrize("typed", ["maybe", "on", "t", "2", "truetrue"])
def test_anything_else_is_no_boolean(typed: str) -> None:
    assert "dry-run" in named_in(faults(dry_run=typed))
    assert "demo" in named_in(faults(demo=typed))
    assert not read_boolean({"demo": typed}, "demo")


# ------------------------------------------------------------------ credentials


def json_key(**ids: str) -> str:
    return json.dumps({"key": KEY.private_key} | ids)


def test_fastlanes_json_key_needs_no_ids_beside_it() -> None:
    pasted = json_key(key_id="2X9R4HXF34", issuer_id=ISSUER)

    credentials = read(api_key_id=None, issuer_id=None, api_private_key=pasted).credentials

    assert (credentials.key_id, credentials.issuer_id) == ("2X9R4HXF34", ISSUER)


def test_fastlanes_json_key_keeps_its_issuer_beside_a_key_id_that_agrees() -> None:
    pasted = json_key(key_id=KEY.key_id, issuer_id=ISSUER)

    assert read(issuer_id=None, api_private_key=pasted).credentials.issuer_id == ISSUER


def test_a_json_key_without_an_issuer_is_an_individual_key() -> None:
    credentials = read(
        api_key_id=None, issuer_id=None, api_private_key=json_key(key_id="2X9R4HXF34")
    ).credentials

    assert credentials.issuer_id is None


def test_a_key_id_that_is_not_the_json_keys_contradicts() -> None:
    fault = faults(api_private_key=json_key(key_id="2X9R4HXF34", issuer_id=ISSUER))

    assert "api-key-id" in named_in(fault)


def test_a_json_key_without_its_id_needs_one() -> None:
    assert "api-key-id" in named_in(faults(api_key_id=None, api_private_key=json_key()))


@pytest.mark.parametrize("name", ["key_id", "issuer_id"])
def test_ids_inside_a_json_key_are_checked_as_inputs_are(name: str) -> None:
    ids = {"key_id": "2X9R4HXF34", "issuer_id": ISSUER} | {name: "\r\nX-Evil: 1"}

    fault = faults(api_key_id=None, issuer_id=None, api_private_key=json_key(**ids))

    assert any("id" in line for line in fault.faults)


def test_without_an_issuer_the_key_is_an_individual_one() -> None:
    assert read(issuer_id=None).credentials.issuer_id is None


def test_credentials_show_nothing_of_the_key() -> None:
    credentials = read().credentials
    body = KEY.private_key.splitlines()[1]

    for text in (repr(credentials), str(credentials), repr(read()), repr(copy.copy(credentials))):
        assert body[:12] not in text
        assert "private_key" not in text
        assert "EllipticCurve" not in text


def test_credentials_cannot_be_pickled_anywhere() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(read().credentials)


def test_no_fault_repeats_the_key() -> None:
    broken = KEY.private_key.replace("-----END", "-----KEY")
    fault = faults(api_private_key=broken, build_number="x", platform="y")

    for line in KEY.private_key.splitlines()[1:-1]:
        assert line[:8] not in fault.message + fault.hint


# ---------------------------------------------------------------------- api-url


@pytest.mark.parametrize(
    "url",
    [
        "https://proxy.example.com",
        "https://proxy.example.com:8443",
        "https://proxy.example.com/",
        "http://127.0.0.1:8080",
        "http://localhost",
        "http://[::1]:8080",
        "HTTPS://proxy.example.com",
    ],
)
def test_these_are_origins(url: str) -> None:
    assert read(api_url=url).api_url.lower() == url.rstrip("/").lower()


@pytest.mark.parametrize(
    "url",
    [
        "http://proxy.example.com",
        "http://127.0.0.1.example.com",
        "http://127.0.0.1@example.com",
        "HTTP://proxy.example.com",
        "http://10.0.0.1",
        "ftp://127.0.0.1",
        "file:///etc/passwd",
        "https://user:pass@proxy.example.com",
        "https://user@proxy.example.com",
        "https://proxy.example.com/path",
        "https://proxy.example.com?query=1",
        "https://proxy.example.com#fragment",
        "https://proxy.example.com:0",
        "https://proxy.example.com:99999",
        "https://proxy.example.com:port",
        "https://",
        "https:///path",
        "https://[::1",
        "https://two words.example.com",
        "https://a.example.com\nhttps://b.example.com",
        "https://a.example.com\\@b.example.com",
        "proxy.example.com",
        "//proxy.example.com",
        "api",
    ],
)
def test_these_are_no_origins(url: str) -> None:
    assert "api-url" in named_in(faults(api_url=url))


# -------------------------------------------------------------- what else is wanted


def test_without_a_word_a_build_is_attached_in_place_of_another_within_45_minutes() -> None:
    job = read()
    request = job.request

    assert (job.job.operation, request.operation) == ("attach", "attach")
    assert job.wait_s == 45 * 60
    assert request.if_attached == "replace"
    assert request.if_version_missing == "fail"
    assert request.if_version_locked == "fail"
    assert request.release_type is None
    assert request.uses_non_exempt_encryption is None


@pytest.mark.parametrize(
    ("typed", "seconds"),
    [("0", 0), ("0.5", 30), (".5", 30), ("1.", 60), ("45", 2700), ("1440", 86400)],
)
def test_waiting_is_given_in_minutes(typed: str, seconds: float) -> None:
    assert read(wait_minutes=typed).wait_s == seconds


@pytest.mark.parametrize(
    "typed", ["-1", "1441", "nan", "inf", "-inf", "1e9", "forever", "5m", "1,5", "4_5", "٤٥", "."]
)
def test_these_are_no_minutes(typed: str) -> None:
    assert "wait-minutes" in named_in(faults(wait_minutes=typed))


@pytest.mark.parametrize(
    "name", ["operation", "if-attached", "if-version-missing", "if-version-locked", "release-type"]
)
def test_a_choice_that_is_none_lists_those_there_are(name: str) -> None:
    fault = faults(**{name.replace("-", "_"): "perhaps"})

    (line,) = fault.faults
    assert f"`{name}`" in line
    assert line.count("`") >= 8


@pytest.mark.parametrize("typed", ["KEEP", " keep "])
def test_a_choice_is_understood_in_any_case(typed: str) -> None:
    assert read(if_attached=typed).request.if_attached == "keep"


@pytest.mark.parametrize("operation", ["detach", "show"])
def test_only_attaching_needs_a_build(operation: str) -> None:
    assert read(operation=operation, build_number=None).request.operation == operation


def test_the_latest_build_is_asked_for_by_that_word() -> None:
    request = read(build_number="Latest").request

    assert (request.latest, request.build_number) == (True, "")


def test_apples_ids_stand_in_for_what_they_name() -> None:
    request = read(
        bundle_id=None, version_string=None, build_number=None, version_id="v-1", build_id="b_2"
    ).request

    assert (request.version_id, request.build_id) == ("v-1", "b_2")


@pytest.mark.parametrize("name", ["version_id", "build_id"])
@pytest.mark.parametrize("typed", ["a/b", "../v1", "a b", "a?b", "x" * 65])
def test_an_id_that_could_leave_its_place_in_a_path_is_refused(name: str, typed: str) -> None:
    assert named_in(faults(**{name: typed})) == {name.replace("_", "-")}


def test_a_scheduled_release_has_its_time_in_utc() -> None:
    request = read(
        release_type="scheduled", earliest_release_date="2027-01-31T09:00:00+02:00"
    ).request

    assert request.earliest_release_date is not None
    assert request.earliest_release_date.isoformat() == "2027-01-31T07:00:00+00:00"


@pytest.mark.parametrize("typed", ["2027-01-31", "2027-01-31T09:00:00", "tomorrow", "31.1.2027"])
def test_a_time_without_its_zone_is_no_time(typed: str) -> None:
    fault = faults(release_type="scheduled", earliest_release_date=typed)

    assert "earliest-release-date" in named_in(fault)


@pytest.mark.parametrize(
    "half",
    [
        {"release_type": "scheduled"},
        {"release_type": "manual", "earliest_release_date": "2027-01-31T09:00:00Z"},
        {"earliest_release_date": "2027-01-31T09:00:00Z"},
    ],
)
def test_a_scheduled_release_and_its_time_need_each_other(half: dict[str, str]) -> None:
    assert "earliest-release-date" in named_in(faults(**half))


@pytest.mark.parametrize(("typed", "answer"), [("true", True), ("no", False), ("", None)])
def test_export_compliance_is_answered_only_when_it_is_given(
    typed: str, answer: bool | None
) -> None:
    assert read(uses_non_exempt_encryption=typed).request.uses_non_exempt_encryption is answer


# ------------------------------------------------------------------------ package


@pytest.fixture
def package(tmp_path: Path) -> str:
    """An app as Xcode leaves it, for iOS."""
    app = tmp_path / "Notes.app"
    app.mkdir()
    info = {
        "CFBundleIdentifier": "com.example.notes",
        "CFBundleShortVersionString": "1.4.2",
        "CFBundleVersion": "231",
        "CFBundleSupportedPlatforms": ["iPhoneOS"],
        "CFBundleExecutable": "Notes",
    }
    (app / "Info.plist").write_bytes(plistlib.dumps(info))
    return str(app)


def test_a_package_names_all_there_is_to_name(package: str) -> None:
    request = read(bundle_id=None, version_string=None, build_number=None, package=package).request

    assert request.bundle_id == "com.example.notes"
    assert (request.version_string, request.build_number) == ("1.4.2", "231")
    assert request.platform == "IOS"


def test_a_package_may_agree_in_another_spelling(package: str) -> None:
    request = read(version_string="1.04.2.0", build_number="0231", package=package).request

    assert (request.version_string, request.build_number) == ("1.04.2.0", "0231")


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("bundle_id", "com.example.other"),
        ("version_string", "1.4.3"),
        ("build_number", "232"),
        ("platform", "macos"),
        ("tag", "v1.4.3"),
        ("tag", "macos/1.4.2"),
    ],
)
def test_a_package_that_says_something_else_contradicts_and_both_are_shown(
    package: str, name: str, other: str
) -> None:
    without = {"version_string": None} if name == "tag" else {}

    fault = faults(package=package, **without, **{name: other})

    assert other.rpartition("/")[0] in fault.message
    assert len(fault.faults) == 1


def test_a_package_that_is_not_there_is_a_fault_of_the_input(tmp_path: Path) -> None:
    gone = tmp_path / "gone.ipa"

    fault = faults(package=str(gone), bundle_id=None, version_string=None, build_number=None)

    assert fault.faults == (f"`package`, {shown_path(gone.as_posix())}, is not there.",)


@pytest.fixture
def build(tmp_path: Path, package: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder `build`, from the one we are in, with a package in it."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "build"
    folder.mkdir()
    Path(package).rename(folder / "Notes.app")
    return folder


@pytest.mark.parametrize(
    "pattern", ["build/*.app", "build/N*", "**/*.app", "build/Notes.ap?", "build/[MN]otes.app"]
)
def test_a_package_may_be_a_pattern_that_one_file_matches(build: Path, pattern: str) -> None:
    (build / "._Notes.app").touch()

    request = read(bundle_id=None, version_string=None, build_number=None, package=pattern).request

    assert (request.bundle_id, request.build_number) == ("com.example.notes", "231")
    assert request.sources["build-number"] == "the package build/Notes.app"


def test_a_whole_path_may_be_a_pattern(build: Path) -> None:
    assert read(package=f"{build}/*.app").request.platform == "IOS"


def test_a_path_with_brackets_in_it_is_a_path_where_it_is_there(build: Path) -> None:
    (build / "Notes.app").rename(build / "Notes [1].app")

    assert read(package="build/Notes [1].app").request.platform == "IOS"


@pytest.mark.parametrize("pattern", ["build/*.ipa", "nowhere/*", "build/**x", "*\0", "[\ud800"])
def test_a_pattern_without_a_file_is_one_fault(build: Path, pattern: str) -> None:
    fault = faults(package=pattern, bundle_id=None, version_string=None, build_number=None)

    assert named_in(fault) == {"package"}
    assert len(fault.faults) == 1


def test_a_pattern_with_several_files_is_one_fault_that_lists_them(build: Path) -> None:
    (build / "A.ipa").touch()
    (build / "B.ipa").touch()

    fault = faults(package="build/*", bundle_id=None, version_string=None, build_number=None)

    assert fault.message == (
        "`package` is `build/*`, which 3 files match: `build/A.ipa`, `build/B.ipa`, "
        "`build/Notes.app`."
    )


@settings(
    max_examples=100,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.text("ab*?[]!.\0", min_size=1, max_size=8).filter(lambda text: ".." not in text))
def test_any_pattern_is_a_package_or_a_fault(build: Path, pattern: str) -> None:
    found = job_or_faults(WHOLE | {"package": f"build/{pattern}"})

    assert isinstance(found, Job) or all(line.startswith("`package`") for line in found)


def test_a_bad_package_is_named_by_its_file(build: Path) -> None:
    (build / "Bad.ipa").write_bytes(b"no zip")

    fault = faults(package="build/*.ipa", bundle_id=None, version_string=None, build_number=None)

    assert fault.faults == ("`package`, `build/Bad.ipa`, is no .ipa, .pkg, .xcarchive or .app.",)


# ---------------------------------------------------------- where a value came from


def test_a_value_knows_the_tag_it_came_from() -> None:
    request = read(version_string=None, build_number=None, tag="ios/1.4.2+231").request

    assert request.sources == {
        "platform": "the tag ios/1.4.2+231",
        "version-string": "the tag ios/1.4.2+231",
        "build-number": "the tag ios/1.4.2+231",
    }
    assert request.source("build-number") == ", from the tag ios/1.4.2+231"


def test_a_value_knows_the_package_it_came_from(build: Path) -> None:
    request = read(build_number=None, package="build/Notes.app").request

    assert request.sources == {
        "platform": "the package build/Notes.app",
        "build-number": "the package build/Notes.app",
    }


def test_what_was_typed_has_no_other_source() -> None:
    assert read().request.sources == {}
    assert read().request.source("build-number") == ""


def test_a_contradiction_of_tag_and_package_blames_no_input(build: Path) -> None:
    fault = faults(version_string=None, tag="v1.4.3", package="build/Notes.app")

    assert fault.message == (
        "The version string is `1.4.3`, from the tag v1.4.3, but the package build/Notes.app says "
        "`1.4.2`."
    )


def test_a_fault_of_a_key_names_the_variable_it_came_from() -> None:
    with pytest.raises(InputError) as caught:
        read_job(
            WHOLE | {"api-private-key": "x.p8", "api-key-id": "short"},
            sources={
                "api-private-key": "the variable ASC_PRIVATE_KEY",
                "api-key-id": "the variable ASC_KEY_ID",
            },
        )

    by_id, by_key = caught.value.faults
    assert by_id.startswith("`api-key-id`, from the variable ASC_KEY_ID, is `short`, but")
    assert by_key.startswith("`api-private-key`, from the variable ASC_PRIVATE_KEY, is the name")


def test_a_backtick_in_a_tag_does_not_end_the_quotation() -> None:
    request = read(version_string=None, tag="a`b/1.4.2").request

    assert request.sources["version-string"] == "the tag a'b/1.4.2"


# ------------------------------------------------------------ one root cause, one fault


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"tag": "nightly", "version_string": None, "build_number": None}, "tag"),
        ({"version_string": "one"}, "version-string"),
        ({"build_number": "two"}, "build-number"),
        ({"bundle_id": "a b"}, "bundle-id"),
        ({"api_private_key": '{"key": ', "api_key_id": None}, "api-private-key"),
        ({"api_private_key": "***"}, "api-private-key"),
        ({"release_type": "soon", "earliest_release_date": "2027-01-31T09:00:00Z"}, "release-type"),
        ({"release_type": "scheduled", "earliest_release_date": "soon"}, "earliest-release-date"),
        ({"platform": "ios, ios, watchos"}, "platform"),
        ({"api_url": "ftp://user:pass@127.0.0.1/?a#b"}, "api-url"),
    ],
)
def test_one_cause_is_one_fault(changes: dict[str, str | None], cause: str) -> None:
    (line,) = faults(**changes).faults

    assert f"`{cause}`" in line


# ------------------------------------------------------------------- several platforms


@pytest.mark.parametrize("typed", ["ios, macos", "IOS,osx", " iOS ,MAC_OS "])
def test_several_platforms_are_several_requests_in_their_order(typed: str) -> None:
    first, second = read(platform=typed).job.requests

    assert (first.platform, second.platform) == ("IOS", "MAC_OS")
    assert (first.label, second.label) == ("com.example.notes (ios)", "com.example.notes (macos)")
    assert first.build_number == second.build_number == "231"


def test_a_target_by_itself_has_no_label() -> None:
    assert read(platform="ios").request.label == ""


@pytest.mark.parametrize("typed", ["ios,", ",", "ios,,macos", "ios macos", "ios, watchos"])
def test_what_is_no_list_of_platforms_is_a_fault(typed: str) -> None:
    assert "platform" in named_in(faults(platform=typed))


def test_a_platform_named_twice_is_a_fault() -> None:
    (line,) = faults(platform="macos, ios, osx").faults

    assert line == "`platform` is `macos, ios, osx`, which names macos twice."


@pytest.mark.parametrize("name", ["version_id", "build_id"])
def test_an_id_of_apples_is_of_one_platform(name: str) -> None:
    (line,) = faults(platform="ios, macos", **{name: "abc"}).faults

    assert f"`{name.replace('_', '-')}`" in line
    assert "`ios, macos`" in line


def test_a_tag_of_one_platform_contradicts_several() -> None:
    (line,) = faults(version_string=None, tag="ios/1.4.2", platform="ios, macos").faults

    assert line == "`platform` is `ios, macos`, but the tag ios/1.4.2 says `ios`."


# ----------------------------------------------------------------- show without a version


def test_show_needs_only_an_app() -> None:
    request = read(operation="show", version_string=None, build_number=None).request

    assert (request.bundle_id, request.version_string) == ("com.example.notes", "")


def test_detach_needs_a_version() -> None:
    assert "version-string" in named_in(faults(operation="detach", version_string=None))


# -------------------------------------------------------------------------- report-file


def test_a_report_file_is_a_path_or_nowhere() -> None:
    assert read_report_file({"report-file": " out/report.json\n"}) == Path("out/report.json")
    assert read_report_file({"report-file": " "}) is None
    assert read_report_file({}) is None


# ------------------------------------------------------------------- any strings

NAMES = st.sampled_from(
    [*WHOLE, "app-id", "platform", "tag", "dry-run", "demo", "api-url", "operation"]
)
VALUES = st.text(max_size=30) | st.sampled_from(
    [
        "1.4.2",
        "231",
        "latest",
        "v1.4.2-rc.1",
        "ios/1.4.2+7",
        "http://[",
        "http://a:b",
        "true",
        "x" * 300,
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(NAMES, VALUES, max_size=6))
def test_any_strings_are_a_job_or_faults(given: dict[str, str]) -> None:
    found = job_or_faults(WHOLE | given)

    if isinstance(found, Job):
        assert found.requests
        for request in found.requests:
            assert request.skip or request.version_string or found.operation == "show"
            assert request.key_id == KEY.key_id
    else:
        assert found
        assert all(len(line) < 400 for line in found)


def job_or_faults(given: dict[str, str]) -> Job | tuple[str, ...]:
    try:
        return read_job(given)[0]
    except InputError as error:
        return error.faults
