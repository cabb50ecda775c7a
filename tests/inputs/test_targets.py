"""Several targets: each one's own over the inputs beside it, and every fault by its place."""

from __future__ import annotations

import json
import plistlib
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from inputs.jobs import A_KEY, ISSUER, KEY, WHOLE, faults_of_targets, read_targets

from asc_linker.decision.request import AttachRequest, Job
from asc_linker.emulator import ThrowawayKey
from asc_linker.errors import InputError
from asc_linker.inputs.read_job import job_secrets, read_job
from asc_linker.inputs.table import INPUTS

OTHER = ThrowawayKey.generate(ISSUER)
ONE = "{bundle-id: com.example.one, version-string: 1.4.2, build-number: 7}"
TWO = """
- bundle-id: com.example.one
  platform: ios
  version-string: 1.10
  build-number: 0231
- app-id: 6446048195
  version-string: 2.0
  build-number: latest
  if-attached: keep
"""


def one(targets: str, **beside: str) -> AttachRequest:
    """The only request of a list of one."""
    return read_targets(targets, **beside).request


def test_a_list_is_read_in_its_order_with_its_texts_as_typed() -> None:
    first, second = read_targets(TWO).job.requests

    assert (first.bundle_id, first.platform) == ("com.example.one", "IOS")
    assert (first.version_string, first.build_number) == ("1.10", "0231")
    assert (second.app_id, second.latest, second.if_attached) == ("6446048195", True, "keep")
    assert first.if_attached == "replace"


def test_a_target_is_called_as_it_was_typed_and_by_its_platform() -> None:
    first, second = read_targets(TWO).job.requests

    assert (first.label, second.label) == ("com.example.one (ios)", "6446048195")


def test_two_versions_of_one_app_are_told_apart() -> None:
    requests = read_targets(
        "[{version-string: 1.0}, {version-string: 2.0}]",
        bundle_id="com.example.one",
        platform="osx",
        build_number="7",
    ).job.requests

    assert [request.label for request in requests] == [
        "com.example.one 1.0 (macos)",
        "com.example.one 2.0 (macos)",
    ]


def test_a_list_may_be_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "targets.yml"
    file.write_text(TWO, encoding="utf-8-sig")

    assert read_targets(str(file)).job == read_targets(TWO).job


def test_a_list_may_be_json() -> None:
    targets = json.dumps([{"bundle-id": "com.example.one", "version-string": "1.10"}])

    assert one(targets, build_number="7").version_string == "1.10"


def test_comments_quotes_and_blocks_are_yaml() -> None:
    targets = "# ours\n- bundle-id: 'com.example.one' # the first\n  version-string: |\n    1.4.2\n"

    assert one(targets, build_number="7").version_string == "1.4.2"


def test_every_input_of_a_target_may_stand_in_one() -> None:
    may = {entry.name for entry in INPUTS if entry.in_targets}

    assert may == {
        "bundle-id",
        "app-id",
        "platform",
        "version-string",
        "build-number",
        "tag",
        "package",
        "version-id",
        "build-id",
        "if-attached",
        "if-version-missing",
        "if-version-locked",
        "release-type",
        "earliest-release-date",
        "uses-non-exempt-encryption",
    }


def test_platforms_are_multiplied_in_their_order() -> None:
    requests = read_targets(
        "[{bundle-id: b, platform: 'macos, ios'}, {bundle-id: a}, {bundle-id: c, platform: tvos}]",
        version_string="1.0",
        build_number="7",
    ).job.requests

    assert [request.label for request in requests] == ["b (macos)", "b (ios)", "a", "c (tvos)"]


# ----------------------------------------------------------------------------- defaults


def test_the_inputs_beside_a_list_are_its_defaults() -> None:
    request = one(
        "- bundle-id: com.example.one",
        version_string="1.4.2",
        build_number="231",
        platform="ios",
        if_attached="fail",
        if_version_missing="create",
        if_version_locked="skip",
        release_type="manual",
        uses_non_exempt_encryption="no",
    )

    assert (request.version_string, request.build_number, request.platform) == (
        "1.4.2",
        "231",
        "IOS",
    )
    assert (request.if_attached, request.if_version_missing) == ("fail", "create")
    assert (request.if_version_locked, request.release_type) == ("skip", "manual")
    assert request.uses_non_exempt_encryption is False


def test_what_a_target_says_itself_comes_before_a_default() -> None:
    request = one(f"[{ONE}]", version_string="9", build_number="8", bundle_id="com.example.nine")

    assert (request.bundle_id, request.version_string, request.build_number) == (
        "com.example.one",
        "1.4.2",
        "7",
    )


def test_an_empty_text_leaves_the_default() -> None:
    request = one("[{bundle-id: a, version-string: }]", version_string="1.0", build_number="7")

    assert request.version_string == "1.0"


@pytest.mark.parametrize(
    ("own", "default"),
    [
        ("app-id: 1", {"bundle_id": "com.example.nine"}),
        ("bundle-id: a", {"app_id": "9"}),
        ("version-string: 1.4.2", {"version_id": "nine"}),
        ("version-string: 1.4.2", {"tag": "v9"}),
        ("version-id: v", {"version_string": "9"}),
        ("version-id: v", {"tag": "v9"}),
        ("tag: v1.4.2", {"version_string": "9"}),
        ("tag: v1.4.2", {"version_id": "nine"}),
        ("build-number: 7", {"build_id": "nine"}),
        ("build-id: b", {"build_number": "9"}),
        ("tag: v1.4.2+7", {"build_number": "9"}),
        ("tag: v1.4.2+7", {"build_id": "nine"}),
    ],
)
def test_naming_a_thing_drops_every_default_that_names_the_same_thing(
    own: str, default: dict[str, str]
) -> None:
    whole = {"bundle_id": "a", "version_string": "1.4.2", "build_number": "7"}
    if set(default) & {"version_id", "tag"}:
        del whole["version_string"]

    request = one(f"- {own}", **whole | default)

    for name, value in default.items():
        assert getattr(request, name, None) != value
    assert "9" not in (request.version_string, request.build_number)


def test_naming_a_build_leaves_a_default_tag_its_version() -> None:
    request = one("- build-number: 500", bundle_id="a", tag="v1.4.2+231")

    assert (request.version_string, request.build_number) == ("1.4.2", "500")
    assert request.sources == {"version-string": "the tag v1.4.2+231"}


def test_naming_a_version_drops_the_whole_default_tag() -> None:
    faults = faults_of_targets("- version-string: 2.0", bundle_id="a", tag="v1.4.2+231")

    assert len(faults) == 1
    assert "`build-number` is missing" in faults[0]


@pytest.fixture
def package(tmp_path: Path) -> str:
    app = tmp_path / "Notes.app"
    app.mkdir()
    info = {
        "CFBundleIdentifier": "com.example.notes",
        "CFBundleShortVersionString": "1.4.2",
        "CFBundleVersion": "231",
        "CFBundleSupportedPlatforms": ["iPhoneOS"],
    }
    (app / "Info.plist").write_bytes(plistlib.dumps(info))
    return str(app)


def test_naming_an_app_drops_a_default_package_of_another(package: str) -> None:
    request = one(f"[{ONE}]", package=package)

    assert (request.bundle_id, request.platform) == ("com.example.one", None)


def test_a_package_of_its_own_drops_every_default_that_names_what_it_does(package: str) -> None:
    request = one(
        json.dumps([{"package": package}]),
        bundle_id="com.example.nine",
        version_string="9",
        build_number="9",
        tag="v9",
    )

    assert (request.bundle_id, request.version_string, request.build_number) == (
        "com.example.notes",
        "1.4.2",
        "231",
    )


def test_naming_a_build_leaves_the_rest_of_a_default_package(package: str) -> None:
    request = one("- build-number: latest", package=package)

    assert (request.bundle_id, request.version_string) == ("com.example.notes", "1.4.2")
    assert (request.latest, request.build_number) == (True, "")


def test_what_a_target_says_twice_over_still_contradicts(package: str) -> None:
    (fault,) = faults_of_targets(json.dumps([{"package": package, "version-string": "2.0"}]))

    assert fault.startswith("targets[0]: `version-string` is `2.0`, but the package ")


def test_a_release_by_hand_drops_the_time_of_a_scheduled_one() -> None:
    by_hand, in_time = read_targets(
        "[{bundle-id: a, release-type: manual}, {bundle-id: b}]",
        version_string="1.0",
        build_number="7",
        release_type="scheduled",
        earliest_release_date="2027-01-31T09:00:00Z",
    ).job.requests

    assert (by_hand.release_type, by_hand.earliest_release_date) == ("manual", None)
    assert in_time.earliest_release_date is not None


# -------------------------------------------------------------------- faults, by their place


def test_every_fault_is_told_at_once_by_its_place() -> None:
    faults = faults_of_targets(
        """
        - bundle-id: com.example.one
          platform: watchos
          wait-minutes: 5
        - bundle-id: com.example.two
          colour: blue
          version-string: 1.0
          build-number: 7
          version-string: 1.0
        - only words
        - bundle-id: com.example.four
          version-string: [1.0]
          build-number: 7
        """
    )

    assert faults[0] == (
        "targets[0] (com.example.one): `wait-minutes` is no name that a target may hold. It is an "
        "input of the whole run."
    )
    assert "targets[1] (com.example.two): `colour` is no name that a target may hold." in faults
    assert "targets[1] (com.example.two): `version-string` stands there twice." in faults
    assert "targets[2]: A target is a mapping, like `bundle-id: com.example.app`." in faults
    assert any(line.startswith("targets[0] (com.example.one): `platform` is") for line in faults)
    assert any(line.startswith("targets[0] (com.example.one): `version-st") for line in faults)
    assert any("`version-string` should be one text" in line for line in faults)


def test_the_faults_of_one_target_stand_together() -> None:
    faults = faults_of_targets("[{bundle-id: a}, {bundle-id: b}]")

    assert [line.partition(":")[0] for line in faults] == [
        "targets[0] (a)",
        "targets[0] (a)",
        "targets[1] (b)",
        "targets[1] (b)",
    ]


def test_a_fault_of_a_default_is_told_once_and_of_no_target() -> None:
    faults = faults_of_targets(
        "[{bundle-id: a}, {bundle-id: b}, {bundle-id: c, if-attached: never}]",
        version_string="one",
        build_number="7",
        if_attached="perhaps",
    )

    assert faults == (
        "`version-string` is `one`, but should be numbers like `1.4.2`.",
        "`if-attached` is `perhaps`, but should be one of `replace`, `keep`, `fail`.",
        "targets[2] (c): `if-attached` is `never`, but should be one of `replace`, `keep`, `fail`.",
    )


def test_a_fault_of_more_than_ten_targets_is_one_line() -> None:
    targets = json.dumps([{"bundle-id": f"app{number}"} for number in range(11)])

    version, build = faults_of_targets(targets)

    assert version.startswith("targets[0] (app0), targets[1] (app1), ")
    assert "targets[9] (app9) and 1 more: `version-string` is missing" in version
    assert "`build-number` is missing" in build


def test_a_list_among_platforms_is_told_how_to_be_written() -> None:
    (fault,) = faults_of_targets("[{bundle-id: a, platform: [ios]}]", tag="v1+1")

    assert fault.startswith("targets[0] (a): `platform` should be one text, as `ios, macos`")


@pytest.fixture(params=["libyaml", "no libyaml"])
def yaml_of(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """PyYAML as its wheels are, and as it is where it was built without libyaml."""
    if request.param == "no libyaml":
        monkeypatch.delattr(yaml, "CBaseLoader", raising=False)


@pytest.mark.usefixtures("yaml_of")
def test_a_text_is_as_it_was_typed_whichever_parser_reads_it() -> None:
    first, second = read_targets(TWO).job.requests

    assert (first.version_string, first.build_number) == ("1.10", "0231")
    assert (second.app_id, second.version_string) == ("6446048195", "2.0")


@pytest.mark.usefixtures("yaml_of")
@pytest.mark.parametrize(
    ("targets", "words"),
    [
        ("bundle-id: a\nversion-string: 1", "is no list"),
        ("{bundle-id: a}", "is no list"),
        ("a\nb", "is no list"),
        ("[]", "is an empty list"),
        ("targets.yml", "neither a list nor a file to read: No such file"),
        ("a\0b", "neither a list nor a file"),
        ("- a: 1\n b: 2", "is no YAML: line 2"),
        ("- {a", "is no YAML: line "),
        ("- a: \x07", "is no YAML: it holds a character"),
        ("- a: \ud800", "is no YAML: it holds a character"),
        ("- &a {bundle-id: a}\n- *a", "has an alias"),
        ("- bundle-id: !!python/name:os.system a", "has a tag"),
        ("- !!map {bundle-id: a}", "has a tag"),
        ("- a\n---\n- b", "more than one document"),
        ("[" * 50, "nested too deep"),
        ("- ? [a]\n  : b", "a name that is no text"),
        ("- a: 1\n" * 200_000, "is larger than 1 MiB"),
    ],
)
def test_what_is_no_list_of_targets_is_one_fault(targets: str, words: str) -> None:
    (fault,) = faults_of_targets(targets)

    assert fault.startswith("`targets` ")
    assert words in fault


def test_what_stands_beside_a_list_that_is_none_is_told_as_well() -> None:
    faults = faults_of_targets(
        "targets.yml", platform="watchos", shard="6/5", expected_plan="no plan", if_attached="never"
    )

    assert [next(iter(re.findall(r"`([a-z-]+)`", line))) for line in faults] == [
        "targets",
        "platform",
        "if-attached",
        "shard",
        "expected-plan",
    ]


def test_a_file_that_is_no_text_or_a_folder_is_one_fault(tmp_path: Path) -> None:
    (tmp_path / "targets.yml").write_bytes(b"- bundle-id: \xff\xfe")

    (tmp_path / "large.yml").write_text("- ä: 1\n" * 200_000, encoding="utf-8")

    (too_large,) = faults_of_targets(str(tmp_path / "large.yml"))
    (no_text,) = faults_of_targets(str(tmp_path / "targets.yml"))
    (a_folder,) = faults_of_targets(str(tmp_path))

    assert "is larger than 1 MiB" in too_large
    assert "a file that is no UTF-8 text" in no_text
    assert "Is a directory" in a_folder or "Permission denied" in a_folder


def test_a_thousand_targets_are_the_most() -> None:
    def targets(count: int, platform: str) -> str:
        apps = [{"bundle-id": f"app{number}", "platform": platform} for number in range(count)]
        return json.dumps(apps)

    thousand = read_targets(targets(500, "ios, macos"), version_string="1", build_number="7")
    (too_many,) = faults_of_targets(targets(1001, "ios"), tag="v1+1")
    (multiplied,) = faults_of_targets(targets(501, "ios, macos"), tag="v1+1")

    assert len(thousand.job.requests) == 1000
    assert too_many.startswith("`targets` holds 1001 targets, but 1000 are the most")
    assert multiplied.startswith("`targets` holds 1002 targets, but 1000 are the most")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("{bundle-id: a, platform: ios}", "{bundle-id: a, platform: IOS}"),
        ("{bundle-id: a, platform: 'ios, macos'}", "{bundle-id: a, platform: macos}"),
        ("{bundle-id: a, platform: ios, build-number: 8}", "{bundle-id: a, platform: ios}"),
        ("{bundle-id: a}", "{bundle-id: a}"),
        ("{app-id: 1, bundle-id: a}", "{app-id: 1}"),
        ("{app-id: 1, version-id: v}", "{bundle-id: a, version-id: v, build-number: 8}"),
        ("{bundle-id: a, platform: tvos, version-string: 1.0.0}", "{bundle-id: a, tag: tvos/01.0}"),
    ],
)
def test_the_same_version_twice_is_a_fault_where_it_shows(one: str, other: str) -> None:
    (fault,) = faults_of_targets(f"[{one}, {other}]", version_string="1.0", build_number="7")

    assert fault.startswith("targets[1]")
    assert ": The same version as targets[0]" in fault


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("{bundle-id: a, platform: ios}", "{bundle-id: a, platform: macos}"),
        ("{bundle-id: a, platform: ios}", "{bundle-id: A, platform: ios}"),
        ("{bundle-id: a, version-string: 1.0}", "{bundle-id: a, version-string: 1.1}"),
        # Another build may be of another platform.
        ("{bundle-id: a, build-number: 8}", "{bundle-id: a}"),
        ("{bundle-id: a, build-number: latest}", "{bundle-id: a, build-id: b}"),
        ("{bundle-id: a, tag: v1.0-rc.1}", "{bundle-id: a, version-string: 1.0}"),
        # Only reading shows which version an id names.
        ("{bundle-id: a, version-id: v}", "{bundle-id: a, version-string: 1.0}"),
    ],
)
def test_what_may_be_two_versions_is_left_to_the_reading(one: str, other: str) -> None:
    read = read_targets(f"[{one}, {other}]", version_string="1.0", build_number="7")

    assert len(read.job.requests) == 2


def test_a_pre_release_tag_skips_only_the_targets_that_it_names() -> None:
    first, second = read_targets(
        f"[{{bundle-id: a}}, {ONE}]", tag="v1.4.2-rc.1", build_number="7"
    ).job.requests

    assert first.skip is not None
    assert second.skip is None


# ------------------------------------------------------------------------ keys of their own

OWN = "api-key-id-env: B_ID, issuer-id-env: B_ISSUER, api-private-key-env: B_KEY"
VARIABLES = {"B_ID": OTHER.key_id, "B_ISSUER": ISSUER, "B_KEY": OTHER.private_key}


def with_keys(*keys: str) -> str:
    apps = (f"bundle-id: app{number}, tag: v1.0+7" for number in range(len(keys)))
    return f"[{', '.join(f'{{{app}, {key}}}' for app, key in zip(apps, keys, strict=True))}]"


def test_a_target_may_name_the_variables_of_its_own_key() -> None:
    read = read_targets(with_keys("", OWN), VARIABLES)

    assert [request.key_id for request in read.job.requests] == [KEY.key_id, OTHER.key_id]
    assert set(read.keys) == {KEY.key_id, OTHER.key_id}
    assert read.keys[OTHER.key_id].credentials.issuer_id == ISSUER


def test_a_fault_of_a_key_of_its_own_can_be_told_with_its_variable() -> None:
    _, second = read_targets(with_keys("", OWN), VARIABLES).job.requests

    assert second.source("api-key-id") == ", from the variable B_ID"
    assert second.source("api-private-key") == ", from the variable B_KEY"
    assert second.source("version-string") == ", from the tag v1.0+7"


def test_the_key_of_the_inputs_is_not_needed_where_every_target_has_its_own() -> None:
    read = read_targets(
        with_keys(OWN, OWN),
        VARIABLES,
        api_key_id=None,
        issuer_id=None,
        api_private_key=None,
    )

    assert set(read.keys) == {OTHER.key_id}


def test_a_key_of_its_own_takes_nothing_from_the_key_of_the_inputs() -> None:
    individual = "api-key-id-env: B_ID, api-private-key-env: B_KEY"

    read = read_targets(with_keys(individual), VARIABLES)

    assert read.credentials.issuer_id is None


def test_a_json_key_is_a_whole_key_by_itself() -> None:
    whole = {"key_id": OTHER.key_id, "issuer_id": ISSUER, "key": OTHER.private_key}

    read = read_targets(with_keys("api-private-key-env: B"), {"B": json.dumps(whole)})

    assert (read.credentials.key_id, read.credentials.issuer_id) == (OTHER.key_id, ISSUER)


def test_two_names_for_one_key_are_one_key() -> None:
    twice = {**VARIABLES, "C_ID": OTHER.key_id, "C_KEY": OTHER.private_key}
    again = "api-key-id-env: C_ID, issuer-id-env: B_ISSUER, api-private-key-env: C_KEY"

    assert set(read_targets(with_keys(OWN, again), twice).keys) == {OTHER.key_id}


def test_two_keys_under_one_id_are_a_fault() -> None:
    twice = {**VARIABLES, "C_KEY": KEY.private_key}
    again = "api-key-id-env: B_ID, issuer-id-env: B_ISSUER, api-private-key-env: C_KEY"
    no_issuer = "api-key-id-env: B_ID, api-private-key-env: B_KEY"

    for other in (again, no_issuer):
        (fault,) = faults_of_targets(with_keys(OWN, other), twice)
        assert fault.startswith(f"targets[1] (app1): The key {OTHER.key_id} has another issuer or")


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ("api-key-id-env: B_ID", "`api-private-key-env` is missing"),
        ("api-private-key-env: B_KEY", "`api-key-id` is missing"),
        (
            "api-key-id-env: B_ID, api-private-key-env: B_KE",
            "`api-private-key-env` is `B_KE`, a variable that is not set, or empty",
        ),
        ("api-key-id-env: BLANK, api-private-key-env: B_KEY", "not set, or empty"),
        (
            "api-key-id-env: $B_ID, api-private-key-env: B_KEY",
            "`api-key-id-env` is `$B_ID`, but should be the name of an environment variable",
        ),
        (
            "api-key-id-env: B_KEY, api-private-key-env: B_KEY",
            "`api-key-id`, from the variable B_KEY, is something that looks like a key",
        ),
        (
            "api-key-id-env: B_ID, api-private-key-env: B_ISSUER",
            "`api-private-key`, from the variable B_ISSUER, is ",
        ),
    ],
)
def test_a_faulty_key_is_one_fault_of_the_first_target_that_names_it(own: str, words: str) -> None:
    (fault,) = faults_of_targets(with_keys("", own, own), {**VARIABLES, "BLANK": " "})

    assert fault.startswith("targets[1] (app1): ")
    assert words in fault


def test_a_secret_that_is_not_there_speaks_of_forks() -> None:
    with pytest.raises(InputError, match="not set") as caught:
        read_targets(with_keys(OWN))

    assert "forks" in caught.value.hint


def test_in_a_demo_every_target_uses_the_key_it_is_given() -> None:
    read = read_targets(with_keys("", OWN), demo="true")

    assert {request.key_id for request in read.job.requests} == {KEY.key_id}


def test_every_key_of_a_job_is_masked() -> None:
    inputs = {**WHOLE, "targets": with_keys(OWN, "api-private-key-env: GONE")}
    lines = job_secrets(inputs, VARIABLES)

    for key in (KEY, OTHER):
        assert set(key.private_key.splitlines()[1:-1]) <= set(lines)
    assert job_secrets({"targets": "- [", "api-private-key": "correct horse!"}, {}) == (
        "correct horse!",
    )


# -------------------------------------------------------------------------------- any text

NAMES = st.sampled_from([entry.name for entry in INPUTS] + ["api-key-id-env", "name"])
WORDS = st.text(max_size=12) | st.sampled_from(
    ["1.4.2", "7", "ios, macos", "com.example.one", "v1.0+1", "*a", "&a b", "!x", "[", "]", "B_ID"]
)
LISTS = st.lists(st.dictionaries(NAMES, WORDS, max_size=6), max_size=4)


def job_or_faults(inputs: dict[str, str]) -> Job | tuple[str, ...]:
    try:
        return read_job(inputs, VARIABLES)[0]
    except InputError as error:
        return error.faults


@settings(max_examples=150)
@given(LISTS.map(json.dumps) | st.text("-[]{}:,&*!|>'\"#% \n\tab1", max_size=60).map("- {}".format))
def test_any_list_is_a_job_or_faults(targets: str) -> None:
    found = job_or_faults(A_KEY | {"targets": targets})

    if isinstance(found, Job):
        assert all(request.skip or request.version_string for request in found.requests)
    else:
        assert found


@settings(max_examples=100)
@given(LISTS)
def test_a_list_written_as_yaml_says_what_it_says_as_json(targets: list[dict[str, str]]) -> None:
    lines = [
        f"{'-' if not number else ' '} {name}: {json.dumps(value, ensure_ascii=False)}"
        for target in targets
        for number, (name, value) in enumerate(target.items())
    ]

    whole = [target for target in targets if target]
    as_json = A_KEY | {"targets": json.dumps(whole, ensure_ascii=False)}
    as_yaml = A_KEY | {"targets": "\n".join(lines) + "\n"}

    if lines:
        assert job_or_faults(as_yaml) == job_or_faults(as_json)
