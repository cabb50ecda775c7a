"""The files in examples/, run: jobs, scripts and outputs as they stand, against the emulator.

What a test cannot have is played: Xcode and `./build-and-upload` note what they upload, which is
then on the emulator; Slack and `gh` note what they are told. The steps that attach run the
composite action's own script; it has the inputs and outputs of the container.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from composite.conftest import Runner, action, tool_cache
from inputs.package.archives import IOS, MAIN, ipa, plist
from runner_environment import ROOT, Step
from test_pipeline_snippets import command_of_the_image, snippet
from workflow_player import Done, Played, Player, Use, load

from asc_linker.emulator import Emulator, ThrowawayKey, World
from asc_linker.emulator.words import Platform
from asc_linker.emulator.world import AppStoreVersion, Build

__all__ = ["action", "tool_cache"]  # fixtures

EXAMPLES = ROOT / "examples"
OTHERS = ("gitlab-ci.yml", "targets.yml")
WORKFLOWS = sorted(path for path in EXAMPLES.glob("*.yml") if path.name not in OTHERS)
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
APPS = ("com.example.notes", "com.example.tasks", "com.example.watch", "com.example.north")
WORDS = {"ios": Platform.IOS, "macos": Platform.MAC_OS, "visionos": Platform.VISION_OS}
# This run of the workflow, and so its build number.
NUMBER = "7.2"
TAG = "v1.4.2"

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell"),
]

# Notes what is uploaded: the number, the version string, the platform.
BUILD_AND_UPLOAD = '#!/bin/sh\necho "$1 1.4.2 ${2:-ios}" >>"$UPLOADS"\n'
# `archive` keeps the settings that it was given in the archive; `-exportArchive` uploads that.
XCODEBUILD = """#!/bin/bash
set -e
words=" $* "
[[ "$words" == *" -authenticationKeyPath $RUNNER_TEMP/key.p8 "* && -s "$RUNNER_TEMP/key.p8" ]]
if [ "$1" = archive ]; then
  mkdir -p build/Notes.xcarchive
  number=${words##* CURRENT_PROJECT_VERSION=} version=${words##* MARKETING_VERSION=}
  echo "${number%% *} ${version%% *} ios" >build/Notes.xcarchive/settings
else
  [[ "$1" == -exportArchive ]] && grep -q '<string>upload</string>' ExportOptions.plist
  cat build/Notes.xcarchive/settings >>"$UPLOADS"
fi
"""
# Slack's side of a webhook.
CURL = '#!/bin/sh\nprintf "%s\\n" "$*" >>"$TOLD"; cat >>"$TOLD"\n'
GH = '#!/bin/sh\nprintf "gh %s\\n" "$*" >>"$TOLD"\n'


def world() -> World:
    """Four apps with an open version each; that of the first has build 230."""
    first = {"versionString": "1.4.2", "build": "230"}
    apps: list[dict[str, Any]] = [
        {
            "bundleId": APPS[0],
            "appStoreVersions": [first],
            "builds": [{"version": "230", "preReleaseVersion": "1.4.2"}],
        }
    ]
    for bundle_id, version in zip(APPS[1:], ("1.4.2", "2.10", "1.4.2"), strict=True):
        apps.append({"bundleId": bundle_id, "appStoreVersions": [{"versionString": version}]})
    return World.from_json({"apps": apps})


def upload(emulator: Emulator, bundle_id: str, number: str, version: str, platform: str) -> None:
    (app,) = (app for app in emulator.world.apps if app.bundle_id == bundle_id)
    if not [each for each in app.builds if each.id == f"{platform}-{number}"]:
        now = datetime.now(UTC)
        app.builds.append(
            Build(
                id=f"{platform}-{number}",
                version=number,
                pre_release_version=version,
                platform=WORDS[platform],
                uploaded_date=now.isoformat(timespec="seconds"),
                expiration_date=(now + timedelta(days=90)).isoformat(timespec="seconds"),
            )
        )


def attached(emulator: Emulator, bundle_id: str = APPS[0]) -> dict[str, str]:
    """By platform, the number that the app's open version has."""
    (app,) = (app for app in emulator.world.apps if app.bundle_id == bundle_id)
    numbers = {build.id: build.version for build in app.builds}
    return {
        version.platform.value: numbers[version.build]
        for version in app.app_store_versions
        if version.build is not None
    }


@pytest.fixture
def emulator(key: ThrowawayKey) -> Iterator[Emulator]:
    with Emulator(world(), keys=[key]) as emulator:
        yield emulator


@pytest.fixture
def secrets(key: ThrowawayKey) -> dict[str, str]:
    one = {"KEY_ID": key.key_id, "ISSUER_ID": key.issuer_id or "", "PRIVATE_KEY": key.private_key}
    named = {f"{team}_{name}": value for team in ("ASC", "NORTH") for name, value in one.items()}
    return named | {"SLACK_WEBHOOK_URL": "https://hooks.example.com/services/1"}


class Stage:
    """Where an example is played: its repository, the tools on PATH, what came of it."""

    def __init__(self, folder: Path, emulator: Emulator, install: Callable[[Path], Runner]) -> None:
        self._folder = folder
        self._emulator = emulator
        self._install = install
        self._github: dict[str, Any] = {}
        self.uses: list[Use] = []
        self.repository = folder / "repository"
        self.repository.mkdir()
        for path in EXAMPLES.iterdir():
            shutil.copy(path, self.repository)
        self.put("repository/build-and-upload", BUILD_AND_UPLOAD)
        self.put("bin/xcodebuild", XCODEBUILD)
        self.put("bin/gh", GH)

    def put(self, name: str, text: str) -> None:
        path = self._folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": f"{self._folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "UPLOADS": str(self._folder / "uploads"),
            "TOLD": str(self._folder / "told"),
        }

    @property
    def told(self) -> str:
        """What was sent to Slack and to GitHub."""
        file = self._folder / "told"
        return file.read_text(encoding="utf-8") if file.exists() else ""

    def player(self, **changes: Any) -> Player:
        self._github = {
            "ref_name": TAG,
            "ref_type": "tag",
            "repository": "example/notes",
            "run_attempt": 2,
            "run_number": 7,
            "token": "token",
            **changes.pop("github", {}),
        }
        workflows = {"attach.yml": ROOT / ".github" / "workflows" / "attach.yml"}
        return Player(
            self._folder / "run",
            self._use,
            self.repository,
            self._github,
            self.environment,
            workflows=workflows,
            **changes,
        )

    def _use(self, use: Use) -> Done:
        self.uses.append(use)
        for line in self._uploads():
            number, version, platform = line.split()
            upload(self._emulator, APPS[0], number, version, platform)
        runner = self._install(self._folder / f"step-{len(self.uses)}")
        runner.workspace = use.workspace
        runner.environment = {
            "GITHUB_REF_TYPE": self._github["ref_type"],
            "GITHUB_REF_NAME": self._github["ref_name"],
            **use.environment,
        }
        if use.action == "$/summary":
            return self._summary(use, runner)
        assert use.action in ("asc-linker/asc-linker", "asc-linker/asc-linker/macos", "$/macos")
        apple = {} if use.given.get("demo") == "true" else {"api-url": self._emulator.url}
        step = runner.step(apple | use.given)
        return Done(step.outputs, step.exit_code == 0, step.stdout + step.stderr)

    def _uploads(self) -> list[str]:
        file = self._folder / "uploads"
        return file.read_text(encoding="utf-8").splitlines() if file.exists() else []

    def _summary(self, use: Use, runner: Runner) -> Done:
        """The composite that joins reports: its own script, as `action.yml` starts it."""
        document = load(ROOT / "summary" / "action.yml")
        (step,) = document["runs"]["steps"]
        assert step["env"] == {"REPORTS": "${{ inputs.reports }}"}
        for file in runner.files.values():
            file.write_text("", encoding="utf-8")
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=use.workspace,
            env={
                **{name: value for name, value in os.environ.items() if name.startswith("PIP_")},
                "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
                "HOME": str(runner.folder),
                "GITHUB_ACTIONS": "true",
                "GITHUB_ACTION_PATH": str(ROOT / "summary"),
                "RUNNER_TEMP": str(runner.temp),
                "REPORTS": use.given["reports"],
                **{f"GITHUB_{name}": str(file) for name, file in runner.files.items()},
            },
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        text = {name: file.read_text(encoding="utf-8") for name, file in runner.files.items()}
        read = Step(done.returncode, done.stdout, done.stderr, text["OUTPUT"], text["STEP_SUMMARY"])
        return Done(read.outputs, done.returncode == 0, done.stdout + done.stderr)


@pytest.fixture
def stage(tmp_path: Path, emulator: Emulator, tool_cache: Path, action: Path) -> Stage:
    return Stage(tmp_path, emulator, lambda folder: Runner(folder, tool_cache, action))


def play(stage: Stage, name: str, secrets: Mapping[str, str], **changes: Any) -> Played:
    inputs = changes.pop("inputs", {})
    document = load(EXAMPLES / name)
    played = stage.player(**changes).play(document, secrets, inputs)
    assert "failure" not in played.results.values(), played.logs
    return played


# --------------------------------------------------------------------------- the files


def test_each_example_is_tried_here_and_in_the_list() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    page = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    beside = {"ExportOptions.plist", "targets.yml", "world.json"}
    names = {path.name for path in EXAMPLES.iterdir()} - {"README.md"}

    assert names == {*re.findall(r"\[(\S+)\]\(\1\)", page)}
    assert not [name for name in names - beside if f'"{name}"' not in text]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_an_example_grants_nothing_as_a_whole_and_pins_what_it_runs(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    used = re.findall(r"(?:uses|image): (.+)$", text, re.MULTILINE)

    assert load(path)["permissions"] == {}
    for pin in used:
        ours = re.fullmatch(rf"\S*asc-linker/asc-linker\S*(@v|:){re.escape(VERSION)}", pin)
        assert ours or re.fullmatch(r"\S+@[0-9a-f]{40}  # v\d+\.\d+\.\d+", pin), pin


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_an_example_that_writes_lets_no_release_be_dropped(path: Path) -> None:
    document = load(path)
    writes = "pull_request" not in document["on"]

    assert (document.get("concurrency") == {"group": "app-store", "queue": "max"}) is writes


def lint(tool: str, *arguments: str | Path) -> None:
    command = [str(Path(sys.executable).parent / tool), *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_zizmor_finds_nothing_in_the_examples() -> None:
    config = ROOT / ".github" / "zizmor.yml"
    lint("zizmor", "--offline", "--no-progress", "--quiet", "--config", config, *WORKFLOWS)


@pytest.mark.parametrize(
    ("schema", "paths"),
    [("github-workflows", WORKFLOWS), ("gitlab-ci", [EXAMPLES / "gitlab-ci.yml"])],
    ids=["github", "gitlab"],
)
def test_a_schema_knows_the_examples(schema: str, paths: list[Path]) -> None:
    lint("check-jsonschema", "--quiet", "--builtin-schema", f"vendor.{schema}", *paths)


# ----------------------------------------------------------------------- one workflow each


def test_release(stage: Stage, secrets: dict[str, str], emulator: Emulator) -> None:
    play(stage, "release.yml", secrets)

    assert attached(emulator) == {"IOS": NUMBER}
    assert len(emulator.writes) == 1


def test_release_leaves_no_key_behind(
    stage: Stage, secrets: dict[str, str], tmp_path: Path
) -> None:
    play(stage, "release.yml", secrets)

    assert not list((tmp_path / "run").rglob("*.p8"))


def test_approved_release(stage: Stage, secrets: dict[str, str], emulator: Emulator) -> None:
    played = play(stage, "approved-release.yml", secrets)

    check, attach = stage.uses
    assert played.approvals == ["app-store"]
    assert (check.job, check.given["dry-run"]) == ("check", "true")
    assert re.fullmatch(r"[0-9a-f]{16}", attach.given["expected-plan"])
    assert attached(emulator)["IOS"] == NUMBER


def test_approved_release_writes_nothing_when_the_reviewers_say_no(
    stage: Stage, secrets: dict[str, str], emulator: Emulator
) -> None:
    document = load(EXAMPLES / "approved-release.yml")

    played = stage.player(denied=frozenset({"app-store"})).play(document, secrets)

    assert played.results["attach"] == "failure"
    assert emulator.writes == []


def test_dry_run(stage: Stage, secrets: dict[str, str], emulator: Emulator) -> None:
    (stage.repository / "Version.xcconfig").write_text("MARKETING_VERSION = 1.4.2\n")
    upload(emulator, APPS[0], "231", "1.4.2", "ios")
    head = {"repo": {"full_name": "example/notes"}}
    github = {"ref_type": "branch", "event": {"pull_request": {"head": head}}}

    played = play(stage, "dry-run.yml", secrets, github=github)

    (check,) = stage.uses
    assert check.given["version-string"] == "1.4.2"
    assert "would be attached" in played.logs["check"]
    assert emulator.writes == []


def test_dry_run_leaves_pull_requests_from_forks_alone(
    stage: Stage, secrets: dict[str, str]
) -> None:
    head = {"repo": {"full_name": "somebody/notes"}}

    played = play(stage, "dry-run.yml", {}, github={"event": {"pull_request": {"head": head}}})

    assert played.results == {"check": "skipped"}


def test_several_platforms(stage: Stage, secrets: dict[str, str], emulator: Emulator) -> None:
    for platform in (Platform.MAC_OS, Platform.VISION_OS):
        emulator.world.apps[0].app_store_versions.append(
            AppStoreVersion(id=platform, version_string="1.4.2", platform=platform)
        )

    played = play(stage, "several-platforms.yml", secrets)

    assert len(played.legs["build"]) == 3
    assert attached(emulator) == {"IOS": NUMBER, "MAC_OS": NUMBER, "VISION_OS": NUMBER}


def test_announce(stage: Stage, secrets: dict[str, str], emulator: Emulator) -> None:
    stage.put("bin/curl", CURL)
    upload(emulator, APPS[0], "231", "1.4.2", "ios")

    play(stage, "announce.yml", secrets, github={"ref_name": f"{TAG}+231"})

    assert attached(emulator)["IOS"] == "231"
    slack, draft = stage.told.split("gh release create")
    assert "https://hooks.example.com/services/1" in slack
    message = json.loads(slack.partition("\n")[2])
    assert re.fullmatch(
        r"com\.example\.notes 1\.4\.2 now has build 231 \(PREPARE_FOR_SUBMISSION\), "
        r"before it was 230: https://appstoreconnect\.apple\.com/\S+",
        message["text"],
    )
    assert draft.strip() == (
        f"{TAG}+231 --draft --generate-notes --notes App Store version 1.4.2, build 231"
    )


def test_announce_says_nothing_when_nothing_was_changed(
    stage: Stage, secrets: dict[str, str], emulator: Emulator
) -> None:
    stage.put("bin/curl", CURL)

    play(stage, "announce.yml", secrets, github={"ref_name": f"{TAG}+230"})

    assert emulator.writes == []
    assert stage.told == ""


def test_many_apps(stage: Stage, secrets: dict[str, str], emulator: Emulator) -> None:
    for bundle_id, number, version in (
        (APPS[0], "231", "1.4.2"),
        (APPS[1], "78", "1.4.2"),
        (APPS[2], "12", "2.10"),
    ):
        upload(emulator, bundle_id, number, version, "ios")

    played = play(stage, "many-apps.yml", secrets, inputs={"version-string": "1.4.2"})

    assert played.approvals == ["app-store"]
    assert [attached(emulator, bundle_id)["IOS"] for bundle_id in APPS[:3]] == ["231", "78", "12"]
    assert played.logs["tell"].splitlines() == [
        "The first app: attached",
        "com.example.notes 1.4.2: attached",
        "com.example.tasks 1.4.2: attached",
        "com.example.watch 2.10: attached",
    ]


def test_several_accounts(stage: Stage, secrets: dict[str, str], emulator: Emulator) -> None:
    upload(emulator, APPS[0], "231", "1.4.2", "ios")
    upload(emulator, APPS[3], "78", "1.4.2", "ios")

    played = play(stage, "several-accounts.yml", secrets, inputs={"version-string": "1.4.2"})

    assert attached(emulator, APPS[3]) == {"IOS": "78"}
    assert played.logs["table"].splitlines() == [
        '"com.example.notes","1.4.2","231","attached"',
        '"com.example.north","1.4.2","78","attached"',
    ]


def test_our_own_ci_finds_what_it_expects_of_the_reusable_workflow(stage: Stage) -> None:
    document = load(ROOT / ".github" / "workflows" / "ci.yml")
    document["jobs"] = {
        name: job for name, job in document["jobs"].items() if name.startswith("workflow")
    }

    played = stage.player(github={"ref_type": "branch"}).play(document)

    assert played.results == {"workflow": "success", "workflow-outputs": "success"}, played.logs


# ----------------------------------------------------------------------------- a service


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Callable[[str, str], None]]:
    """Starts the command of a service, as a runner starts it from the image."""
    started: list[subprocess.Popen[bytes]] = []

    def serve(command: str, health: str) -> None:
        script = tmp_path / "asc-linker"
        script.write_text(command_of_the_image(), encoding="utf-8")
        script.chmod(0o755)
        started.append(subprocess.Popen([str(script), *command.split()], stdout=subprocess.PIPE))
        for _ in range(100):
            try:
                urlopen(health).close()
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise AssertionError("the service is not there")

    yield serve
    for process in started:
        process.terminate()
        process.communicate()


def test_emulator(stage: Stage, served: Callable[[str, str], None]) -> None:
    document = load(EXAMPLES / "emulator.yml")
    (job,) = document["jobs"].values()
    (service,) = job["services"].values()
    port = free_port()
    assert service["ports"] == ["8089:8089"]
    assert job["env"]["EMULATOR"] == "http://127.0.0.1:8089"
    assert "--host 0.0.0.0" in service["command"]
    # The runner maps a port of the host; the tests' own is any that is free.
    job["env"]["EMULATOR"] = f"http://127.0.0.1:{port}"
    command = service["command"].replace("8089", str(port)).replace("0.0.0.0", "127.0.0.1")
    served(command, f"http://127.0.0.1:{port}/_emulator/health")

    played = stage.player(github={"ref_type": "branch"}).play(document)

    assert played.results == {"rehearse": "success"}, played.logs


# ------------------------------------------------------------------------ other systems


def test_gitlab(stage: Stage, secrets: dict[str, str], emulator: Emulator, tmp_path: Path) -> None:
    jobs = load(EXAMPLES / "gitlab-ci.yml")
    for bundle_id, number, version in (
        (APPS[0], "231", "1.4.2"),
        (APPS[1], "78", "1.4.2"),
        (APPS[2], "12", "2.10"),
    ):
        upload(emulator, bundle_id, number, version, "ios")
    stage.put("bin/asc-linker", command_of_the_image())
    variables = {f"ASC_LINKER_API_{name}": secrets[f"ASC_{name}"] for name in ("KEY_ID",)} | {
        "ASC_LINKER_ISSUER_ID": secrets["ASC_ISSUER_ID"],
        "ASC_LINKER_API_PRIVATE_KEY": secrets["ASC_PRIVATE_KEY"],
        "ASC_LINKER_API_URL": emulator.url,
        "CI_COMMIT_TAG": TAG,
        "HOME": str(tmp_path),
    }

    def run(name: str, **more: str) -> str:
        done = subprocess.run(
            ["sh", "-e", "-c", "\n".join(jobs[name]["script"])],
            cwd=stage.repository,
            env=stage.environment | jobs["variables"] | variables | more,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    assert jobs["attach"]["needs"] == ["check"]
    assert jobs["attach"]["when"] == "manual"
    run("check")
    assert emulator.writes == []
    for index in range(1, jobs["attach"]["parallel"] + 1):
        run("attach", CI_NODE_INDEX=str(index), CI_NODE_TOTAL=str(jobs["attach"]["parallel"]))
    said = run("summary")

    assert [attached(emulator, bundle_id)["IOS"] for bundle_id in APPS[:3]] == ["231", "78", "12"]
    assert all(bundle_id in said for bundle_id in APPS[:3])


@pytest.mark.parametrize(
    ("title", "schema"),
    [("GitLab CI", "gitlab-ci"), ("CircleCI", "circle-ci"), ("Azure Pipelines", "azure-pipelines")],
)
def test_a_schema_knows_the_snippet_of_another_pipeline(
    title: str, schema: str, tmp_path: Path
) -> None:
    file = tmp_path / f"{schema}.yml"
    file.write_text(snippet(title), encoding="utf-8")

    # That of Azure has patterns that only JavaScript's older regular expressions allow.
    lint(
        "check-jsonschema",
        "--regex-variant=nonunicode",
        "--quiet",
        *("--builtin-schema", f"vendor.{schema}", file),
    )


# Plays a Fastfile: fastlane's words, the lane's actions as stand-ins, ours for real.
FASTLANE = """
require 'json'
require %(stand_in)s
require %(action)s

class Terminal < FastlaneCore::Interface
  %%i(
    message success important error verbose deprecated header command command_output
  ).each do |level|
    define_method(level) { |text| puts(text) }
  end
end
FastlaneCore::UI.ui_object = Terminal.new
UI = FastlaneCore::UI
CONTEXT = Fastlane::Actions.lane_context

def default_platform(name) = name
def desc(text) = text
def platform(_name) = yield
def lane(name, &block) = (name == :release && block.call)
def app_store_connect_api_key(key_id:, issuer_id:, key_content:)
  CONTEXT[:APP_STORE_CONNECT_API_KEY] = { key_id: key_id, issuer_id: issuer_id, key: key_content }
end
def increment_build_number(build_number:) = (raise 'another number' unless build_number == '231')
def build_app(scheme:) = CONTEXT[:IPA_OUTPUT_PATH] = %(ipa)s
def upload_to_testflight(skip_waiting_for_build_processing:) = skip_waiting_for_build_processing
def asc_attach_build(**options)
  kind = Fastlane::Actions::AscAttachBuildAction
  options = { executable: %(executable)s, api_url: %(url)s }.merge(options)
  kind.run(FastlaneCore::Configuration.create(kind.available_options, options))
end

load %(fastfile)s
"""


@pytest.mark.skipif(shutil.which("ruby") is None, reason="needs ruby")
def test_fastfile(
    secrets: dict[str, str], emulator: Emulator, stage: Stage, tmp_path: Path
) -> None:
    upload(emulator, APPS[0], "231", "1.4.2", "ios")
    package = tmp_path / "Notes.ipa"
    package.write_bytes(ipa({MAIN: plist(IOS)}))
    stage.put("bin/asc-linker", command_of_the_image())
    names = {
        "stand_in": ROOT / "fastlane" / "test" / "fastlane_stand_in",
        "action": ROOT / "fastlane" / "actions" / "asc_attach_build",
        "ipa": package,
        "executable": tmp_path / "bin" / "asc-linker",
        "url": emulator.url,
        "fastfile": EXAMPLES / "Fastfile",
    }
    program = FASTLANE % {name: json.dumps(str(value)) for name, value in names.items()}

    done = subprocess.run(
        ["ruby", "-e", program],
        cwd=tmp_path,
        env=stage.environment | secrets | {"BUILD_NUMBER": "231", "HOME": str(tmp_path)},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "com.example.notes 1.4.2 has build 231" in done.stdout
    assert attached(emulator)["IOS"] == "231"
