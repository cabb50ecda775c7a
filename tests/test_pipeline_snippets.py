"""The snippets of docs/pipelines.md, run: what they say is what a pipeline would do.

Each test plays its system in small: which variables reach the script, and what runs it. `pipx` and
`docker` on PATH are stand-ins that lead to this working tree.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from runner_environment import ROOT, entrypoint

from asc_linker.emulator import Emulator, ThrowawayKey, World, example_world
from asc_linker.inputs.table import INPUTS, variable

PAGE = (ROOT / "docs" / "pipelines.md").read_text(encoding="utf-8")
IMAGE = "ghcr.io/asc-linker/asc-linker:0"
TAG = "v1.4.2"
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")

# As pipx does: `run NAME ARGUMENTS…`.
PIPX = """#!/bin/sh
[ "$1 $2" = "run asc-linker" ] || exit 64
shift 2
exec "$PYTHON" -P -m asc_linker.cli "$@"
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
exec env -i "${kept[@]}" $ENTRYPOINT "$@"
"""
PYTHON3 = """#!/bin/sh
[ "$1 $2" = "-BEs /app/entrypoint.py" ] || exit 64
shift 2
exec $ENTRYPOINT "$@"
"""


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


Script = Callable[..., None]


@pytest.fixture
def attaches(emulator: Emulator, tmp_path: Path) -> Script:
    """Runs a script as a pipeline would, and finds the build attached."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name, text in {"pipx": PIPX, "docker": DOCKER, "python3": PYTHON3}.items():
        (tools / name).write_text(text, encoding="utf-8")
        (tools / name).chmod(0o755)

    def run(shell: list[str], script: str, variables: Mapping[str, str]) -> None:
        file = tmp_path / "script"
        file.write_text(script, encoding="utf-8")
        inherited = {name: value for name, value in os.environ.items() if name.startswith("COV")}
        done = subprocess.run(
            [*shell, str(file)],
            cwd=tmp_path,
            env={
                **inherited,
                "PATH": f"{tools}{os.pathsep}{os.defpath}",
                "HOME": str(tmp_path),
                "CI": "true",
                # What the stand-ins need to know.
                "PYTHON": sys.executable,
                "PYTHONPATH": str(ROOT),
                "IMAGE": IMAGE,
                "ENTRYPOINT": " ".join(entrypoint()),
                # Where the tests' App Store Connect is; a user has no such line.
                "ASC_LINKER_API_URL": emulator.url,
                **variables,
            },
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        version = next(
            version
            for version in emulator.world.apps[0].app_store_versions
            if version.version_string == "1.4.2"
        )
        build = next(build for build in emulator.world.apps[0].builds if build.id == version.build)
        assert build.version == "231"
        assert len(emulator.writes) == 1

    return run


def test_gitlab(attaches: Script, secrets: dict[str, str]) -> None:
    job = parsed("GitLab CI")["attach"]

    assert job["image"] == {"name": IMAGE, "entrypoint": [""]}
    assert job["rules"] == [{"if": "$CI_COMMIT_TAG"}]
    variables = texts(job["variables"]) | secrets | {"CI_COMMIT_TAG": TAG, "GITLAB_CI": "true"}
    attaches(["sh", "-e"], "\n".join(job["script"]), variables)


def test_circleci(attaches: Script, secrets: dict[str, str]) -> None:
    config = parsed("CircleCI")
    job = config["jobs"]["attach"]
    ((name, use),) = config["workflows"]["release"]["jobs"][0].items()

    assert name == "attach"
    assert use["context"] == "app-store-connect"
    assert re.match(use["filters"]["tags"]["only"].strip("/"), TAG)
    assert job["docker"] == [{"image": IMAGE}]
    (step,) = job["steps"]
    variables = texts(job["environment"]) | secrets | {"CIRCLE_TAG": TAG, "CIRCLECI": "true"}
    attaches(["bash", "-eo", "pipefail"], step["run"], variables)


def test_azure_pipelines(attaches: Script, secrets: dict[str, str]) -> None:
    pipeline = parsed("Azure Pipelines")
    group = {name.replace("_LINKER_API", "").replace("_LINKER", ""): value
             for name, value in secrets.items()}  # fmt: skip

    assert pipeline["trigger"]["tags"] == {"include": ["v*"]}
    _, step = pipeline["steps"]
    environment = {
        name: re.sub(r"\$\((\w+)\)", lambda found: group[found[1]], value)
        for name, value in texts(step["env"]).items()
    }
    attaches(
        ["bash", "--noprofile", "--norc"],
        step["script"],
        environment | {"BUILD_SOURCEBRANCH": f"refs/tags/{TAG}", "TF_BUILD": "True"},
    )


def test_codemagic(attaches: Script, secrets: dict[str, str]) -> None:
    workflow = parsed("Codemagic")["workflows"]["attach"]
    # What its App Store Connect integration sets.
    integration = {
        "APP_STORE_CONNECT_KEY_IDENTIFIER": secrets["ASC_LINKER_API_KEY_ID"],
        "APP_STORE_CONNECT_ISSUER_ID": secrets["ASC_LINKER_ISSUER_ID"],
        "APP_STORE_CONNECT_PRIVATE_KEY": secrets["ASC_LINKER_API_PRIVATE_KEY"],
    }

    assert workflow["integrations"]["app_store_connect"]
    (script,) = workflow["scripts"]
    variables = texts(workflow["environment"]["vars"]) | integration
    attaches(["bash", "-e"], script["script"], variables | {"CM_TAG": TAG})


def test_bitrise(attaches: Script, secrets: dict[str, str]) -> None:
    config = parsed("Bitrise")
    workflow = config["workflows"]["attach"]

    assert config["trigger_map"] == [{"tag": "v*", "workflow": "attach"}]
    (step,) = workflow["steps"]
    ((name, settings),) = step.items()
    assert name == "script@1"
    (given,) = settings["inputs"]
    variables = {name: value for pair in workflow["envs"] for name, value in texts(pair).items()}
    attaches(["bash"], given["content"], variables | secrets | {"BITRISE_GIT_TAG": TAG})


def test_jenkins(attaches: Script, secrets: dict[str, str]) -> None:
    text = snippet("Jenkins")
    credentials = {
        "asc-key-id": secrets["ASC_LINKER_API_KEY_ID"],
        "asc-issuer-id": secrets["ASC_LINKER_ISSUER_ID"],
        "asc-private-key": secrets["ASC_LINKER_API_PRIVATE_KEY"],
    }

    assert text.count("{") == text.count("}")
    assert "when { buildingTag() }" in text
    (script,) = re.findall(r"sh '''\n(.*?)'''", text, re.DOTALL)
    environment = dict(re.findall(r"^ +(ASC_LINKER_\w+) = '(.*)'$", text, re.MULTILINE))
    for name, which in re.findall(r"^ +(\w+) = credentials\('(.+)'\)$", text, re.MULTILINE):
        environment[name] = credentials.pop(which)
    assert credentials == {}
    # The tests' own address has to get in as well.
    script = script.replace("-e TAG_NAME", "-e TAG_NAME -e ASC_LINKER_API_URL -e JENKINS_URL")
    jenkins = {"TAG_NAME": TAG, "JENKINS_URL": "http://127.0.0.1/"}
    attaches(["sh", "-xe"], script.replace("\\\n", ""), environment | jenkins)


def test_every_variable_of_the_page_is_an_input() -> None:
    known = {variable(entry.name) for entry in INPUTS}

    assert set(re.findall(r"ASC_LINKER_\w+", PAGE)) <= known


def test_no_snippet_puts_a_secret_into_an_argument() -> None:
    for script in re.findall(r"^.*asc-linker.* attach.*$", PAGE, re.MULTILINE):
        assert not re.search(r"--api-|\$\{?\w*KEY", script)
