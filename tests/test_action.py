"""The action as a workflow runs it: the real entrypoint, against App Store Connect in memory."""

from __future__ import annotations

import base64
import html
import json
import re
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from builders import key_inputs
from markdown_it import MarkdownIt
from runner_environment import Step, find_command, run_step

from asc_linker.emulator import Emulator, ThrowawayKey, World

APP: dict[str, Any] = {
    "id": "6446000001",
    "bundleId": "com.example.notes",
    "name": "Example Notes",
    "appStoreVersions": [
        {"id": "v141", "versionString": "1.4.1", "appVersionState": "READY_FOR_DISTRIBUTION"},
        {"id": "v142", "versionString": "1.4.2", "build": "b230"},
    ],
    "builds": [
        {"id": "b229", "version": "229", "preReleaseVersion": "1.4.1"},
        {
            "id": "b230",
            "version": "230",
            "preReleaseVersion": "1.4.2",
            "usesNonExemptEncryption": False,
        },
        {
            "id": "b231",
            "version": "231",
            "preReleaseVersion": "1.4.2",
            "usesNonExemptEncryption": False,
        },
    ],
}
LOOK_UP_APP = ("GET", "/v1/apps")
LOOK_UP_VERSIONS = ("GET", "/v1/apps/6446000001/appStoreVersions")
LOOK_UP_BUILDS = ("GET", "/v1/builds")
WRITE = ("PATCH", "/v1/appStoreVersions/v142/relationships/build")
READ_BACK = ("GET", "/v1/appStoreVersions/v142/relationships/build")


class Stage:
    """An App Store Connect, a key for it, and a folder in which steps run."""

    def __init__(self, emulator: Emulator, key: ThrowawayKey, folder: Path) -> None:
        self.emulator = emulator
        self.key = key
        self.folder = folder

    @property
    def inputs(self) -> dict[str, str]:
        """What a workflow would give; `wait-minutes` 0, so that no test waits."""
        return {
            **key_inputs(self.key, self.emulator.url),
            "bundle-id": "com.example.notes",
            "version-string": "1.4.2",
            "build-number": "231",
            "wait-minutes": "0",
        }

    def step(
        self,
        environment: Mapping[str, str] | None = None,
        checkout: Path | None = None,
        meanwhile: Callable[[subprocess.Popen[bytes]], None] | None = None,
        **changes: str | None,
    ) -> Step:
        """Run the action with some inputs changed; None takes one away."""
        given = self.inputs | {name.replace("_", "-"): value for name, value in changes.items()}
        inputs = {name: value for name, value in given.items() if value is not None}
        return run_step(self.folder, inputs, environment, checkout, meanwhile)

    @property
    def requests(self) -> list[tuple[str, str]]:
        return [(each.method, each.path) for each in self.emulator.requests]

    @property
    def attached(self) -> str | None:
        version = self.emulator.world.version("v142")
        assert version is not None
        return version.build


Play = Callable[..., Stage]


@pytest.fixture
def play(key: ThrowawayKey, tmp_path: Path) -> Iterator[Play]:
    """Opens a stage; `app` changes the app, `world` what is around it."""
    with ExitStack() as stack:

        def start(app: Mapping[str, Any] | None = None, **world: Any) -> Stage:
            whole = World.from_json({"apps": [APP | dict(app or {})], **world})
            emulator = stack.enter_context(Emulator(whole, keys=[key]))
            return Stage(emulator, key, tmp_path)

        yield start


@pytest.fixture
def stage(play: Play) -> Stage:
    return play()


def with_version(**changes: Any) -> dict[str, Any]:
    """The app with its version 1.4.2 changed."""
    first, second = APP["appStoreVersions"]
    return {"appStoreVersions": [first, second | changes]}


def with_build(**changes: Any) -> dict[str, Any]:
    """The app with its build 231 changed."""
    *others, last = APP["builds"]
    return {"builds": [*others, last | changes]}


def drawn(summary: str) -> str:
    """The summary's words, as a reader sees them."""
    rendered = MarkdownIt("commonmark").enable("table").render(summary)
    return html.unescape(re.sub(r"<[^>]*>", "", rendered))


def assert_told_once(step: Step, exit_code: int) -> None:
    """One error annotation, outcome `failed`, a summary, and nothing of Python's."""
    assert step.exit_code == exit_code, step.stdout + step.stderr
    assert step.error.properties["title"]
    assert step.error.data
    assert step.outputs["outcome"] == "failed"
    assert step.summary
    assert "Traceback" not in step.stdout + step.stderr + step.summary


# --------------------------------------------------------------------- it works


def test_the_build_is_attached_and_everything_says_so(stage: Stage) -> None:
    step = stage.step()

    assert step.exit_code == 0, step.stdout + step.stderr
    assert stage.attached == "b231"
    outputs = step.outputs
    assert (outputs["outcome"], outputs["changed"]) == ("attached", "true")
    assert (outputs["app-id"], outputs["bundle-id"]) == ("6446000001", "com.example.notes")
    assert outputs["platform"] == "ios"
    assert (outputs["version-id"], outputs["version-string"]) == ("v142", "1.4.2")
    assert outputs["version-state"] == "PREPARE_FOR_SUBMISSION"
    assert (outputs["build-id"], outputs["build-number"]) == ("b231", "231")
    assert (outputs["previous-build-id"], outputs["previous-build-number"]) == ("b230", "230")
    assert outputs["uses-non-exempt-encryption"] == "false"
    assert outputs["url"].startswith("https://appstoreconnect.apple.com/apps/6446000001/")
    (report,) = step.report
    same = set(outputs) - {"changed", "uses-non-exempt-encryption", "report"}
    assert {name: outputs[name] for name in same} == {name: report[name] for name in same}
    assert (report["changed"], report["uses-non-exempt-encryption"]) == (True, False)
    assert step.annotations("error") == step.annotations("warning") == []
    (notice,) = step.annotations("notice")
    for fact in ("231", "1.4.2", "Example Notes"):
        assert fact in notice.data
        assert fact in step.log
        assert fact in drawn(step.summary)
    assert "| --- |" in step.summary
    assert step.stderr == ""


def test_once_more_writes_nothing_and_is_a_success(stage: Stage) -> None:
    stage.step()
    before = len(stage.requests)

    step = stage.step()

    assert step.exit_code == 0
    assert (step.outputs["outcome"], step.outputs["changed"]) == ("already-attached", "false")
    assert step.outputs["previous-build-id"] == step.outputs["build-id"] == "b231"
    reads = [LOOK_UP_APP, LOOK_UP_VERSIONS, LOOK_UP_BUILDS]
    assert sorted(stage.requests[before:]) == sorted(reads)


def test_five_requests_attach_and_prove_it(stage: Stage) -> None:
    stage.step()

    reads = [LOOK_UP_APP, LOOK_UP_VERSIONS, LOOK_UP_BUILDS]
    assert sorted(stage.requests[:3]) == sorted(reads)
    assert stage.requests[3:] == [WRITE, READ_BACK]
    (write,) = stage.emulator.writes
    assert write.body == {"data": {"type": "builds", "id": "b231"}}


def test_with_the_apps_id_it_takes_four(stage: Stage) -> None:
    step = stage.step(bundle_id=None, app_id="6446000001")

    assert step.outputs["bundle-id"] == "com.example.notes"
    assert sorted(stage.requests[:2]) == sorted([LOOK_UP_VERSIONS, LOOK_UP_BUILDS])
    assert stage.requests[2:] == [WRITE, READ_BACK]


@pytest.mark.parametrize(
    ("given", "beside"),
    [
        ({}, "GET /v1/apps"),
        ({"bundle_id": None, "app_id": "6446000001"}, "GET /v1/apps/*/appStoreVersions"),
    ],
    ids=["by bundle id", "by app-id"],
)
def test_builds_are_read_beside_what_needs_no_build(
    stage: Stage, given: dict[str, Any], beside: str
) -> None:
    both_are_here = threading.Barrier(2)

    def answer_when_both_are_here(_: object) -> None:
        both_are_here.wait(timeout=20)

    stage.emulator.on(beside, answer=answer_when_both_are_here)
    stage.emulator.on("GET /v1/builds", answer=answer_when_both_are_here)

    assert stage.step(**given).outputs["outcome"] == "attached"
    assert not both_are_here.broken, "one waited for the answer to the other"


def test_a_dry_run_says_what_it_would_do_and_does_not(stage: Stage) -> None:
    step = stage.step(dry_run="true")

    assert step.exit_code == 0
    assert (step.outputs["outcome"], step.outputs["changed"]) == ("would-attach", "false")
    assert (step.outputs["build-id"], step.outputs["previous-build-id"]) == ("b231", "b230")
    assert stage.emulator.writes == []
    assert stage.attached == "b230"


def test_the_pushed_tag_names_version_and_build(stage: Stage) -> None:
    pushed = {"GITHUB_REF_TYPE": "tag", "GITHUB_REF_NAME": "v1.4.2+231"}

    step = stage.step(pushed, version_string=None, build_number=None)

    assert step.outputs["outcome"] == "attached"
    assert stage.attached == "b231"


def test_a_pushed_branch_names_nothing(stage: Stage) -> None:
    pushed = {"GITHUB_REF_TYPE": "branch", "GITHUB_REF_NAME": "v1.4.2+231"}

    assert_told_once(stage.step(pushed, version_string=None, build_number=None), 2)


def test_a_pre_release_tag_is_skipped_with_a_notice(stage: Stage) -> None:
    step = stage.step(tag="v1.4.2-rc.1+231", version_string=None, build_number=None)

    assert step.exit_code == 0
    assert step.outputs["outcome"] == "skipped"
    assert "v1.4.2-rc.1" in step.annotations("notice")[0].data
    assert stage.requests == []


def test_an_individual_key_works_without_an_issuer(tmp_path: Path) -> None:
    key = ThrowawayKey.generate(issuer_id=None)
    with Emulator(World.from_json({"apps": [APP]}), keys=[key]) as emulator:
        step = Stage(emulator, key, tmp_path).step(issuer_id="")

    assert step.outputs["outcome"] == "attached"


def test_what_will_bite_next_is_a_warning(play: Play) -> None:
    stage = play(
        with_build(usesNonExemptEncryption=None, expirationDate=None), script={"rateLimit": 40}
    )

    step = stage.step()

    assert step.exit_code == 0
    assert step.outputs["uses-non-exempt-encryption"] == ""
    warned = "\n".join(warning.data for warning in step.annotations("warning"))
    assert "ITSAppUsesNonExemptEncryption" in warned
    assert "requests" in warned


def test_the_demo_needs_no_account(tmp_path: Path) -> None:
    step = run_step(tmp_path, {"demo": "true"})

    assert step.exit_code == 0, step.stdout + step.stderr
    assert (step.outputs["outcome"], step.outputs["changed"]) == ("attached", "true")
    assert step.outputs["build-number"]


def test_the_demo_plays_the_inputs_it_is_given(tmp_path: Path) -> None:
    own = {"bundle-id": "com.acme.rocket", "version-string": "7.0", "build-number": "42"}

    outputs = run_step(tmp_path, {"demo": "true"} | own).outputs

    assert outputs["outcome"] == "attached"
    assert {name: outputs[name] for name in own} == own


# ------------------------------------------------------------------ several targets


def apps(number: int, **changes: dict[str, Any]) -> list[dict[str, Any]]:
    """Apps with version 1.0 and build 5; `changes` by name (`a3`) change the build."""
    build = {"version": "5", "preReleaseVersion": "1.0", "usesNonExemptEncryption": False}
    return [
        {
            "bundleId": f"com.example.a{n}",
            "name": f"App {n}",
            "appStoreVersions": [{"versionString": "1.0"}],
            "builds": [build | changes.get(f"a{n}", {})],
        }
        for n in range(number)
    ]


def many_targets(number: int) -> dict[str, Any]:
    listed = "\n".join(f"- bundle-id: com.example.a{n}" for n in range(number))
    return {"targets": listed, "bundle_id": None, "version_string": "1.0", "build_number": "5"}


def test_several_targets_are_told_by_numbers_and_each_in_a_row(
    key: ThrowawayKey, tmp_path: Path
) -> None:
    with Emulator(World.from_json({"apps": apps(3)}), keys=[key]) as emulator:
        step = Stage(emulator, key, tmp_path).step(**many_targets(3))

    assert step.exit_code == 0, step.stdout
    (notice,) = step.annotations("notice")
    assert notice.data == "3 targets: 3 attached."
    assert step.summary.startswith("### ✅ 3 targets: 3 attached.\n")
    assert [report["bundle-id"] for report in step.report] == [
        f"com.example.a{n}" for n in range(3)
    ]
    assert step.outputs["plan"].count(",") == 2


def test_one_of_several_that_cannot_be_done_is_named_and_holds_back_the_others(
    key: ThrowawayKey, tmp_path: Path
) -> None:
    file = tmp_path / "report.json"
    with Emulator(World.from_json({"apps": apps(3, a1={"expired": True})}), keys=[key]) as emulator:
        step = Stage(emulator, key, tmp_path).step(**many_targets(3), report_file=str(file))

        assert emulator.writes == []

    assert_told_once(step, 5)
    assert step.error.data.startswith("com.example.a1 (ios): Build 5 has expired")
    assert [report["outcome"] for report in step.report] == [
        "not-written",
        "failed",
        "not-written",
    ]
    whole = json.loads(file.read_text(encoding="utf-8"))
    assert len(whole[0]["checks"]) > len(step.report[0]["checks"])  # type: ignore[arg-type]


def test_a_key_that_is_refused_is_told_once_for_all(key: ThrowawayKey, tmp_path: Path) -> None:
    with Emulator(World.from_json({"apps": apps(12)}), keys=[]) as emulator:
        step = Stage(emulator, key, tmp_path).step(**many_targets(12))

    assert_told_once(step, 3)
    assert "12 targets" in step.error.data


def test_a_shard_without_a_target_is_skipped_with_a_notice(
    key: ThrowawayKey, tmp_path: Path
) -> None:
    with Emulator(World.from_json({"apps": apps(2)}), keys=[key]) as emulator:
        step = Stage(emulator, key, tmp_path).step(**many_targets(2), shard="1/5")

    assert step.exit_code == 0
    assert (step.outputs["outcome"], step.outputs["report"]) == ("skipped", "[]")
    assert step.outputs["changed"] == "false"
    assert "0 of 2 targets" in step.annotations("notice")[0].data
    assert step.summary


# ------------------------------------------------------------------- it explains


def test_all_faults_of_the_inputs_are_told_in_one_annotation(tmp_path: Path) -> None:
    wrong = {
        "api-key-id": "short",
        "issuer-id": "nobody",
        "api-private-key": "./AuthKey.p8",
        "bundle-id": "not a bundle id",
        "platform": "watchos",
        "version-string": "one",
        "build-number": "two",
        "dry-run": "maybe",
        "api-url": "http://example.com",
    }

    step = run_step(tmp_path, wrong)

    assert_told_once(step, 2)
    for name in wrong:
        assert f"`{name}`" in step.error.data
        assert name in step.summary


def test_without_its_secret_a_run_speaks_of_forks(tmp_path: Path) -> None:
    step = run_step(tmp_path, {"bundle-id": "com.example.notes", "api-private-key": ""})

    assert_told_once(step, 2)
    assert "fork" in step.error.data
    assert "`api-private-key`" in step.error.data


def test_a_key_apple_does_not_know_ends_with_3(stage: Stage) -> None:
    stranger = ThrowawayKey.generate()

    step = stage.step(api_key_id=stranger.key_id, api_private_key=stranger.private_key)

    assert_told_once(step, 3)
    assert "`issuer-id`" in step.error.data
    assert "NOT_AUTHORIZED" in drawn(step.summary)
    assert stage.emulator.writes == []


def test_a_missing_agreement_ends_with_3_and_names_who_must_act(play: Play) -> None:
    step = play(agreementMissing=True).step()

    assert_told_once(step, 3)
    assert "Account Holder" in step.error.data


@pytest.mark.parametrize(
    ("changes", "there"),
    [
        ({"bundle_id": "com.example.note"}, "com.example.notes"),
        ({"version_string": "1.4.3"}, "1.4.2"),
        ({"build_number": "232"}, "231"),
    ],
    ids=["app", "version", "build"],
)
def test_what_is_not_there_ends_with_4_and_lists_what_is(
    stage: Stage, changes: dict[str, Any], there: str
) -> None:
    step = stage.step(**changes)

    assert_told_once(step, 4)
    assert all(value in step.error.data for value in changes.values())
    assert there in step.error.data
    assert stage.emulator.writes == []


def test_what_was_found_is_told_also_when_it_ends_badly(stage: Stage) -> None:
    outputs = stage.step(build_number="232").outputs

    assert (outputs["app-id"], outputs["version-id"]) == ("6446000001", "v142")
    assert outputs["changed"] == "false"


REFUSAL = {
    "errors": [
        {
            "status": "409",
            "code": "ENTITY_ERROR.RELATIONSHIP.INVALID",
            "title": "The provided entity includes a relationship with an invalid value",
            "detail": "The specified pre-release build could not be added.",
            "source": {"pointer": "/data/relationships/build"},
        }
    ]
}


def test_a_refusal_of_apples_ends_with_5_in_apples_words_and_ours(stage: Stage) -> None:
    stage.emulator.on(" ".join(WRITE), status=409, body=REFUSAL)

    step = stage.step()

    assert_told_once(step, 5)
    assert step.outputs["changed"] == "false"
    for words in (
        "The specified pre-release build could not be added",
        "ENTITY_ERROR.RELATIONSHIP.INVALID",
        "/data/relationships/build",
    ):
        assert words in step.error.data
        assert words in drawn(step.summary)


def test_in_the_log_each_thing_stands_once(stage: Stage) -> None:
    stage.emulator.on(" ".join(WRITE), status=409, body=REFUSAL)

    for step in (stage.step(dry_run="true"), stage.step()):
        told = [each for each in step.lines if each.strip() and not each.startswith("::add-mask")]
        (said,) = step.annotations("error") or step.annotations("notice")
        for line in said.data.splitlines():
            assert sum(line in each.replace("%0A", "\n").replace("%25", "%") for each in told) == 1


def test_there_is_no_empty_group(stage: Stage, tmp_path: Path) -> None:
    for step in (stage.step(), run_step(tmp_path, {})):
        names = [found.name if (found := find_command(line)) else "text" for line in step.lines]
        assert ("group", "endgroup") not in list(pairwise(names))
        assert names.count("group") == names.count("endgroup")
    assert "group" not in names


def test_the_log_is_in_colour_and_nothing_else_is(stage: Stage) -> None:
    step = stage.step()
    plain = stage.step({"NO_COLOR": "1"})

    assert "\x1b[32m✓" in step.log
    assert "✓" in plain.log
    assert "\x1b" not in plain.stdout
    for command in step.commands:
        assert "\x1b" not in command.data
    assert "\x1b" not in step.output_file + step.summary


@pytest.mark.parametrize(
    ("changes", "telling"),
    [
        ({"processingState": "INVALID"}, "INVALID"),
        ({"expired": True}, "expired"),
        ({"buildAudienceType": "INTERNAL_ONLY"}, "internal"),
    ],
    ids=["invalid", "expired", "internal only"],
)
def test_what_apple_would_refuse_is_refused_by_name_before_any_write(
    play: Play, changes: dict[str, Any], telling: str
) -> None:
    stage = play(with_build(**changes))

    step = stage.step()

    assert_told_once(step, 5)
    assert telling.lower() in step.error.data.lower()
    assert stage.emulator.writes == []


def test_a_build_for_another_platform_is_not_taken_and_is_named(play: Play) -> None:
    stage = play(with_build(platform="MAC_OS"))

    step = stage.step()

    assert_told_once(step, 4)
    assert "231 (1.4.2, macOS" in step.error.data
    assert stage.emulator.writes == []


def test_a_version_in_review_is_left_alone(play: Play) -> None:
    stage = play(with_version(appVersionState="IN_REVIEW"))

    step = stage.step()

    assert_told_once(step, 5)
    assert "IN_REVIEW" in step.log
    assert stage.emulator.writes == []


def test_a_build_in_processing_ends_with_6_when_there_is_no_time(play: Play) -> None:
    step = play(with_build(processedAfterSeconds=3600)).step()

    assert_told_once(step, 6)
    assert "processing" in step.error.data
    assert "wait-minutes" in step.error.data


# None of these is tried again for long: 400 is final, and so is a wait of an hour.
LATER = {"Retry-After": "3600"}
BAD_DAYS: dict[str, dict[str, Any]] = {
    "a web page": {"status": 400, "body": "<html><body>Sign in</body></html>"},
    "an empty body": {"status": 400, "empty_body": True},
    "half a document": {"status": 400, "body": '{"errors": [{"status": "400", "code"'},
    "no document of Apple's": {"body": {"data": "apps"}},
    "a redirect": {"status": 302, "headers": {"Location": "https://example.com/"} | LATER},
    "an outage of an hour": {"status": 503, "body": "<html>Sign in</html>"},
}


@pytest.mark.parametrize("day", BAD_DAYS)
def test_an_answer_nobody_can_use_ends_with_7(stage: Stage, day: str) -> None:
    stage.emulator.on(" ".join(LOOK_UP_APP), times=None, **{"headers": LATER} | BAD_DAYS[day])

    step = stage.step()

    assert_told_once(step, 7)
    assert "Sign in" not in step.stdout
    assert stage.emulator.writes == []


def test_a_read_back_that_differs_ends_with_7_and_says_that_something_was_written(
    stage: Stage,
) -> None:
    linkage = {"data": {"type": "builds", "id": "b230"}, "links": {}}
    stage.emulator.on(" ".join(READ_BACK), body=linkage, times=None)

    step = stage.step()

    assert_told_once(step, 7)
    assert step.outputs["changed"] == "true"


# ------------------------------------------------------------- it keeps to itself


def test_no_form_of_the_key_and_no_token_is_ever_shown(stage: Stage) -> None:
    pem = stage.key.private_key
    debugging = {"RUNNER_DEBUG": "1", "ACTIONS_STEP_DEBUG": "true"}
    stage.emulator.on(" ".join(WRITE), status=409, body=REFUSAL)

    for pasted in (pem, pem.replace("\n", "\\n"), base64.b64encode(pem.encode()).decode()):
        step = stage.step(debugging, api_private_key=pasted)

        shown = step.everything()
        body = "".join(pem.splitlines()[1:-1])
        encoded = base64.b64encode(pem.encode()).decode()
        for secret in (body, encoded, "eyJ"):
            runs = [secret[n : n + 12] for n in range(max(1, len(secret) - 11))]
            assert not [run for run in runs if run in shown]
        for line in pasted.splitlines():
            assert line in step.masks or "PRIVATE KEY" in line
        assert any(mask.count(".") == 2 and mask.startswith("eyJ") for mask in step.masks)


def test_masks_come_before_anything_else(stage: Stage) -> None:
    step = stage.step()

    names = [command.name for command in step.commands]
    key_masks = names.index("group")
    assert key_masks > 3
    assert set(names[:key_masks]) == {"add-mask"}


def test_the_token_goes_with_requests_and_nowhere_else(stage: Stage) -> None:
    stage.step()

    assert all(each.authorization_ok for each in stage.emulator.requests)


def test_with_debugging_each_request_is_told_without_its_headers(stage: Stage) -> None:
    step = stage.step({"RUNNER_DEBUG": "1"})

    told = [command.data for command in step.annotations("debug")]
    for method, path in stage.requests:
        assert any(method in line and path in line for line in told)
    for each in stage.emulator.requests:
        assert any(each.request_id in line for line in told)
    assert not any("Bearer" in line or "Authorization" in line for line in told)


MARKER = "imported-from-the-checkout"


def test_nothing_of_the_checkout_is_imported(stage: Stage, tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    trap = f"import pathlib; pathlib.Path({str(tmp_path / MARKER)!r}).touch()\n"
    (checkout / "asc_linker").mkdir(parents=True)
    names = ["json", "requests", "jwt", "typing", "sitecustomize", "usercustomize", "action"]
    for name in (*names, "asc_linker/__init__", "asc_linker/action"):
        (checkout / f"{name}.py").write_text(trap)
    hostile = {"PYTHONPATH": str(checkout), "PYTHONSTARTUP": str(checkout / "json.py")}

    step = stage.step(hostile, checkout=checkout)

    assert step.outputs["outcome"] == "attached"
    assert not (tmp_path / MARKER).exists()


def test_nothing_is_left_in_the_checkout(stage: Stage, tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    checkout.mkdir()

    stage.step(checkout=checkout)

    assert list(checkout.iterdir()) == []


def test_a_hostile_world_does_nothing_to_the_runner(play: Play) -> None:
    name = "Notes\n::set-output name=outcome::no\r##[add-mask]e\u2028::error::x <b>|`[x](y) \ud800"
    stage = play({"name": name})
    hostile = REFUSAL["errors"][0] | {
        "title": "::stop-commands::x\n::add-mask::e",
        "detail": "##[error]fabricated\n| a | b |\n<img src=x>",
        "id": "1\n::set-env name=PATH::x",
    }
    stage.emulator.on(" ".join(WRITE), status=409, body={"errors": [hostile]})

    step = stage.step(build_number="231")
    again = stage.step()

    known = {"add-mask", "group", "endgroup", "notice", "warning", "error", "debug"}
    for each in (step, again):
        assert {command.name for command in each.commands} <= known
        assert set(each.masks).isdisjoint({"e", "x"})
        assert each.outputs["outcome"] in ("failed", "attached")
        rendered = MarkdownIt("commonmark").enable("table").render(each.summary)
        assert not {"<img", "<b>"} & set(re.findall(r"<\w+>?", rendered))
    assert step.exit_code == 5
    assert len(step.annotations("error")) == 1
    assert again.exit_code == 0


# -------------------------------------------------------------- it fails politely


def test_an_output_file_that_cannot_be_written_is_told_without_a_traceback(
    stage: Stage, tmp_path: Path
) -> None:
    folder = tmp_path / "a-folder"
    folder.mkdir()

    step = stage.step({"GITHUB_OUTPUT": str(folder)})

    assert step.exit_code == 1
    assert "the outputs" in step.error.data
    assert "What was done: Build 231 is now attached" in step.error.data
    assert "Traceback" not in step.stdout + step.stderr
    assert step.summary


def test_a_report_file_has_the_whole_report_also_after_a_failure(
    stage: Stage, tmp_path: Path
) -> None:
    file = tmp_path / "report.json"

    for number, outcome in (("231", "attached"), ("999", "failed")):
        step = stage.step(report_file=str(file), build_number=number)

        assert json.loads(file.read_text(encoding="utf-8")) == step.report
        assert step.outputs["outcome"] == outcome


FULL = Path("/dev/full")


@pytest.mark.parametrize(
    "place",
    [
        "no/such/folder/report.json",
        pytest.param(
            str(FULL), marks=pytest.mark.skipif(not FULL.exists(), reason="a full disk of Linux'")
        ),
    ],
)
def test_a_report_file_that_cannot_be_written_is_a_failure_that_says_what_was_done(
    stage: Stage, place: str
) -> None:
    step = stage.step(report_file=place)

    assert step.exit_code == 1
    assert place in step.error.data
    assert "What was done: Build 231 is now attached" in step.error.data
    assert (step.outputs["outcome"], step.outputs["changed"]) == ("attached", "true")
    assert stage.attached == "b231"


def test_outside_of_a_runner_no_file_is_asked_for(stage: Stage) -> None:
    step = stage.step({"GITHUB_OUTPUT": "", "GITHUB_STEP_SUMMARY": ""})

    assert step.exit_code == 0
    assert stage.attached == "b231"


def test_a_key_of_bytes_that_are_no_text_is_a_fault_of_the_input(stage: Stage) -> None:
    step = stage.step(api_private_key=b"\xff\xfe\x01garbage".decode("utf-8", "surrogateescape"))

    assert_told_once(step, 2)


@pytest.mark.parametrize(
    ("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["INT", "TERM"]
)
@pytest.mark.parametrize(
    "looked_up", [LOOK_UP_VERSIONS, LOOK_UP_BUILDS], ids=["versions", "builds"]
)
def test_a_cancelled_job_says_so_and_does_not_wait_for_apple(
    stage: Stage, looked_up: tuple[str, str], number: signal.Signals, exit_code: int
) -> None:
    arrived, ended = threading.Event(), threading.Event()
    waited_for: list[object] = []

    def answer_when_it_is_over(request: object) -> None:
        arrived.set()
        if not ended.wait(timeout=30):
            waited_for.append(request)

    def cancel(process: subprocess.Popen[bytes]) -> None:
        assert arrived.wait(timeout=20)
        process.send_signal(number)

    stage.emulator.on(" ".join(looked_up), answer=answer_when_it_is_over)
    step = stage.step(meanwhile=cancel)
    ended.set()

    assert_told_once(step, exit_code)
    assert waited_for == []
    assert stage.emulator.writes == []


def test_the_report_is_json_whatever_happens(stage: Stage, tmp_path: Path) -> None:
    for step in (stage.step(dry_run="true"), run_step(tmp_path, {})):
        (report,) = json.loads(step.outputs["report"])
        assert report["outcome"] == step.outputs["outcome"]
