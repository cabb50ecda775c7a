"""The snippets of docs/pipelines.md, run: what they say is what a pipeline would do.

Each system is played in small: which variables reach a script, and what runs it. `docker`, `pipx`
and `asc-linker` on PATH are stand-ins that lead to this working tree, `./build-and-upload` keeps
the number that it was given.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from runner_environment import ROOT, entrypoint

from asc_linker.emulator import Emulator, ThrowawayKey, World, example_world
from asc_linker.inputs.table import INPUTS, variable

PAGE = (ROOT / "docs" / "pipelines.md").read_text(encoding="utf-8")
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
IMAGE = f"ghcr.io/asc-linker/asc-linker:{VERSION}"
TAG = "v1.4.2"
NUMBER = "231"
ATTACHED = "Build 231 is now attached to version 1.4.2 (iOS) of Example Notes"
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")

# As pipx does: `run --spec PACKAGE NAME ARGUMENTS…`.
PIPX = """#!/bin/sh
[ "$1 $2 $3 $4" = "run --spec $PACKAGE asc-linker" ] || exit 64
shift 4
exec $ENTRYPOINT "$@"
"""
# As docker does: `run --rm [-e NAME]… IMAGE ARGUMENTS…`, with no variables but those it names.
DOCKER = """#!/bin/bash
[ "$1 $2" = "run --rm" ] || exit 64
shift 2
kept=()
while [ "$1" = -e ]; do
  [[ "$2" == *=* ]] && exit 65
  [ -n "${!2+set}" ] && kept+=("$2=${!2}")
  shift 2
done
[ "$1" = "$IMAGE" ] || exit 66
shift
exec env -i "${kept[@]}" ASC_LINKER_API_URL="$ASC_LINKER_API_URL" $ENTRYPOINT "$@"
"""
# Jenkins asks it how many commits there are.
GIT = f"#!/bin/sh\necho {NUMBER}\n"
# Codemagic's API: keeps what was sent.
CURL = """#!/bin/sh
while [ "$1" != --data ]; do shift; done
printf %s "$2" >sent
"""
BUILD = '#!/bin/sh\nprintf %s "$1" >built\n'


def command_of_the_image() -> str:
    """`asc-linker` as the Dockerfile writes it, with this Python and this checkout."""
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", "")
    (lines,) = re.findall(r"printf '%s\\n'(.*?)>/usr/local/bin/asc-linker", dockerfile)
    script = "\n".join(re.findall(r"'([^']*)'", lines)) + "\n"
    paths = {"/usr/local/bin/python3": sys.executable, "/app/": f"{ROOT}/"}
    for path, here in paths.items():
        assert path in script
        script = script.replace(path, here)
    return script


def snippet(title: str) -> str:
    """The code under a heading of the page."""
    (found,) = re.findall(rf"^## {title}\n.*?^```\w+\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    text: str = found
    return text


def parsed(title: str) -> Any:
    return YAML(typ="safe").load(snippet(title))


def texts(pairs: Mapping[str, Any]) -> dict[str, str]:
    """Variables as a CI hands them on."""
    assert all(isinstance(value, str) for value in pairs.values()), pairs
    return dict(pairs)


@dataclass(frozen=True)
class Script:
    shell: tuple[str, ...]
    text: str
    variables: dict[str, str]


@dataclass(frozen=True)
class Pipeline:
    """The two jobs of a snippet, in a pipeline that a tag has started."""

    build: Script
    attach: Callable[[dict[str, str]], Script]
    """By the variables beside its own: the key's three, or ASC_LINKER_DEMO alone."""


def gitlab() -> Pipeline:
    jobs = parsed("GitLab CI")
    own = {"CI_COMMIT_TAG": TAG, "GITLAB_CI": "true", "CI_PIPELINE_IID": NUMBER}
    variables = {
        name: value.replace("$CI_PIPELINE_IID", NUMBER)
        for name, value in texts(jobs["attach"]["variables"]).items()
    }

    assert jobs["stages"] == [jobs["build"]["stage"], jobs["attach"]["stage"]]
    assert jobs["attach"]["image"] == {"name": IMAGE, "entrypoint": [""]}
    for job in (jobs["build"], jobs["attach"]):
        assert job["rules"] == [{"if": "$CI_COMMIT_TAG"}]
    shell = ("sh", "-e")
    return Pipeline(
        Script(shell, "\n".join(jobs["build"]["script"]), own),
        lambda given: Script(shell, "\n".join(jobs["attach"]["script"]), own | variables | given),
    )


def circleci() -> Pipeline:
    config = YAML(typ="safe").load(snippet("CircleCI").replace("<< pipeline.number >>", NUMBER))
    jobs = config["jobs"]
    build, attach = config["workflows"]["release"]["jobs"]
    filters = attach["attach"]["filters"]
    own = {"CIRCLE_TAG": TAG, "CIRCLECI": "true"}
    # CircleCI's own variables are text, whatever YAML makes of them.
    variables = {name: str(value) for name, value in jobs["attach"]["environment"].items()}

    assert attach["attach"]["requires"] == ["build"]
    assert attach["attach"]["context"] == "app-store-connect"
    assert build["build"]["filters"] == filters
    assert re.match(filters["tags"]["only"].strip("/"), TAG)
    assert jobs["attach"]["docker"] == [{"image": IMAGE}]
    shell = ("bash", "-eo", "pipefail")
    (step,) = jobs["attach"]["steps"]
    return Pipeline(
        Script(shell, jobs["build"]["steps"][1]["run"], own),
        lambda given: Script(shell, step["run"]["command"], own | variables | given),
    )


def azure() -> Pipeline:
    pipeline = parsed("Azure Pipelines")
    build, attach = pipeline["jobs"]
    checkout, step = attach["steps"]
    own = {"BUILD_SOURCEBRANCH": f"refs/tags/{TAG}", "TF_BUILD": "True"}

    def attaching(given: dict[str, str]) -> Script:
        # The variable group has names of its own; a line that names what is not there is left out.
        known = {"Build.BuildId": NUMBER} | {
            name.replace("_LINKER_API", "").replace("_LINKER", ""): value
            for name, value in given.items()
        }
        environment = {}
        for name, value in texts(step["env"]).items():
            asked = re.fullmatch(r"\$\((.+)\)", value)
            if asked is None or asked[1] in known:
                environment[name] = known[asked[1]] if asked else value
        # Whatever is no secret is in the environment of its own accord.
        demo = {name: value for name, value in given.items() if name == "ASC_LINKER_DEMO"}
        return Script(shell, step["script"], own | environment | demo)

    assert pipeline["trigger"]["tags"] == {"include": ["v*"]}
    assert attach["dependsOn"] == build["job"]
    assert checkout == {"checkout": "none"}
    shell = ("bash", "--noprofile", "--norc")
    script = build["steps"][0]["script"].replace("$(Build.BuildId)", NUMBER)
    return Pipeline(Script(shell, script, own), attaching)


def codemagic() -> Pipeline:
    workflows = parsed("Codemagic")["workflows"]
    release, attach = workflows["release"], workflows["attach"]
    build, start = release["scripts"]
    own = {
        "CM_TAG": TAG,
        "CM_PROJECT_ID": "5c9c0641",
        "PROJECT_BUILD_NUMBER": NUMBER,
        "CODEMAGIC_API_TOKEN": "token",
    }

    def attaching(given: dict[str, str]) -> Script:
        started = json.loads(Path("sent").read_text(encoding="utf-8"))
        assert {**started, "environment": {}} == {
            "appId": "5c9c0641",
            "workflowId": "attach",
            "tag": TAG,
            "environment": {},
        }
        (script,) = attach["scripts"]
        variables = texts(attach["environment"]["vars"]) | started["environment"]["variables"]
        return Script(("bash", "-e"), script["script"], variables | given)

    assert release["instance_type"].startswith("mac")
    assert attach["instance_type"].startswith("linux")
    return Pipeline(
        Script(("bash", "-e"), build["script"] + "\n" + start["script"], own), attaching
    )


def bitrise() -> Pipeline:
    config = parsed("Bitrise")
    build, attach = config["workflows"]["build"], config["workflows"]["attach"]
    own = {"BITRISE_GIT_TAG": TAG, "BITRISE_BUILD_NUMBER": NUMBER}

    def expanded(pairs: Mapping[str, str]) -> dict[str, str]:
        """Bitrise expands variables in `envs` and in the inputs of steps."""
        return {
            name: re.sub(r"\$(\w+)", lambda found: own[found[1]], value)
            for name, value in texts(pairs).items()
        }

    def content(step: dict[str, Any]) -> str:
        ((name, settings),) = step.items()
        assert name == "script@1"
        text: str = settings["inputs"][0]["content"]
        return text

    assert config["trigger_map"] == [{"tag": "v*", "pipeline": "release"}]
    assert config["pipelines"]["release"]["workflows"]["attach"] == {"depends_on": ["build"]}
    _, script, share = build["steps"]
    (shared,) = share["share-pipeline-variable@1"]["inputs"]
    name, _, value = shared["variables"].partition("=")
    variables = expanded({name: value} | {k: v for pair in attach["envs"] for k, v in pair.items()})
    (step,) = attach["steps"]
    return Pipeline(
        Script(("bash",), content(script), own),
        lambda given: Script(("bash",), content(step), variables | given),
    )


def jenkins() -> Pipeline:
    text = snippet("Jenkins")
    build, attach = text.split("stage('Attach the build')")
    credentials = {
        "asc-key-id": "ASC_LINKER_API_KEY_ID",
        "asc-issuer-id": "ASC_LINKER_ISSUER_ID",
        "asc-private-key": "ASC_LINKER_API_PRIVATE_KEY",
    }
    shell = ("sh", "-xe")

    def attaching(given: dict[str, str]) -> Script:
        (script,) = re.findall(r"sh '''\n(.*?)'''", attach, re.DOTALL)
        environment = dict(re.findall(r"^ +(ASC_LINKER_\w+) = '(.*)'$", attach, re.MULTILINE))
        asked = dict(re.findall(r"^ +(\w+) = credentials\('(.+)'\)$", attach, re.MULTILINE))
        assert asked == {name: each for each, name in credentials.items()}
        # `env.NAME` of the first stage is in the environment of all that follow.
        environment |= {"ASC_LINKER_BUILD_NUMBER": NUMBER, "TAG_NAME": TAG}
        return Script(shell, script.replace("\\\n", ""), environment | given)

    assert text.count("{") == text.count("}")
    assert text.count("beforeAgent true; buildingTag()") == 2
    (name, count) = re.findall(r"env\.(\w+) = sh\(script: '(.+?)', returnStdout", build)[0]
    (script,) = re.findall(r"^ +sh '(.+)'$", build, re.MULTILINE)
    return Pipeline(Script(shell, f"{name}=$({count})\n{script}", {}), attaching)


# ------------------------------------------------------------------------- playing

SYSTEMS = [gitlab, circleci, azure, codemagic, bitrise, jenkins]


@pytest.fixture
def emulator(key: ThrowawayKey) -> Iterator[Emulator]:
    world = World.from_json(example_world().to_json())
    with Emulator(world, keys=[key]) as emulator:
        yield emulator


@pytest.fixture
def secrets(key: ThrowawayKey) -> dict[str, str]:
    """The three variables the page asks for."""
    return {
        "ASC_LINKER_API_KEY_ID": key.key_id,
        "ASC_LINKER_ISSUER_ID": key.issuer_id or "",
        "ASC_LINKER_API_PRIVATE_KEY": key.private_key,
    }


Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a script as a pipeline would; gives what it said."""
    monkeypatch.chdir(tmp_path)
    tools = tmp_path / "bin"
    tools.mkdir()
    stand_ins = {
        "bin/asc-linker": command_of_the_image(),
        "bin/curl": CURL,
        "bin/docker": DOCKER,
        "bin/git": GIT,
        "bin/pipx": PIPX,
        "build-and-upload": BUILD,
    }
    for name, text in stand_ins.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        (tmp_path / name).chmod(0o755)

    def played(script: Script, api_url: str = "") -> str:
        file = tmp_path / "script"
        file.write_text(script.text, encoding="utf-8")
        inherited = {name: value for name, value in os.environ.items() if name.startswith("COV")}
        done = subprocess.run(
            [*script.shell, str(file)],
            cwd=tmp_path,
            env={
                **inherited,
                "PATH": f"{tools}{os.pathsep}{os.defpath}",
                "HOME": str(tmp_path),
                "CI": "true",
                # What the stand-ins need to know.
                "IMAGE": IMAGE,
                "PACKAGE": f"asc-linker=={VERSION}",
                "ENTRYPOINT": " ".join(entrypoint()),
                # Where the tests' App Store Connect is; a user has no such line.
                "ASC_LINKER_API_URL": api_url,
                **script.variables,
            },
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
        said = done.stdout + done.stderr
        assert done.returncode == 0, said
        return said

    return played


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.__name__)
def test_the_number_that_was_built_is_the_one_that_is_attached(
    system: Callable[[], Pipeline],
    emulator: Emulator,
    secrets: dict[str, str],
    run: Run,
    tmp_path: Path,
) -> None:
    pipeline = system()
    run(pipeline.build)
    run(pipeline.attach(secrets), emulator.url)

    assert (tmp_path / "built").read_text(encoding="utf-8") == NUMBER
    version = next(
        version
        for version in emulator.world.apps[0].app_store_versions
        if version.version_string == "1.4.2"
    )
    build = next(build for build in emulator.world.apps[0].builds if build.id == version.build)
    assert build.version == NUMBER
    assert len(emulator.writes) == 1


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.__name__)
def test_with_the_demos_variable_it_runs_without_an_account(
    system: Callable[[], Pipeline], run: Run
) -> None:
    pipeline = system()
    run(pipeline.build)

    assert ATTACHED in run(pipeline.attach({"ASC_LINKER_DEMO": "true"}))


def test_asc_linker_alone_shows_its_help_in_the_image(run: Run) -> None:
    assert "Usage: asc-linker" in run(Script(("sh",), "asc-linker", {}))


def test_every_variable_of_the_page_is_an_input() -> None:
    known = {variable(entry.name) for entry in INPUTS}

    assert set(re.findall(r"ASC_LINKER_\w+", PAGE)) <= known


def test_every_snippet_pins_what_it_runs() -> None:
    for found in re.findall(
        r"(?:ghcr\.io/asc-linker/asc-linker|pipx run)\S*.*$", PAGE, re.MULTILINE
    ):
        assert f"asc-linker:{VERSION}" in found or f"asc-linker=={VERSION}" in found, found


def test_no_snippet_guesses_which_build_is_meant() -> None:
    assert "latest" not in "".join(re.findall(r"```\w+\n(.*?)```", PAGE, re.DOTALL))


def test_no_snippet_puts_a_secret_into_an_argument() -> None:
    for script in re.findall(r"^.*asc-linker.* attach.*$", PAGE, re.MULTILINE):
        assert not re.search(r"--api-|\$\{?\w*KEY", script)
