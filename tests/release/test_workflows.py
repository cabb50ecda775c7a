"""The workflows of this repository: whose code they run, with which rights, and where."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from runner_environment import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ACTIONS = [ROOT / "action.yml", ROOT / "macos" / "action.yml"]
OURS = ("./", "$/")

workflows = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)


def load(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = YAML(typ="safe").load(path)
    return document


def steps(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for job in document.get("jobs", {}).values():
        yield from job.get("steps", ())
    yield from document.get("runs", {}).get("steps", ())


def used(path: Path) -> list[tuple[str, str, str]]:
    """Other people's actions in a file: name, what it is pinned by, the comment behind it."""
    lines = re.findall(r"uses: *(\S+?)(?:@(\S+))?(?:  # (.*))?$", path.read_text(), re.MULTILINE)
    return [line for line in lines if not line[0].startswith(OURS)]


def test_every_action_is_pinned_by_commit_and_says_which_version_that_is() -> None:
    pins = [pin for path in WORKFLOWS + ACTIONS for pin in used(path)]
    versions = {(name, commit): version for name, commit, version in pins}

    assert len(pins) > 10
    assert not [pin for pin in pins if not re.fullmatch(r"[0-9a-f]{40}", pin[1])]
    assert not [pin for pin in pins if not re.fullmatch(r"v\d+\.\d+\.\d+", pin[2])]
    assert len(versions) == len({name for name, _ in versions}), "one version of each, everywhere"


@workflows
def test_a_workflow_grants_nothing_as_a_whole(path: Path) -> None:
    assert load(path)["permissions"] == {}


@workflows
def test_a_job_keeps_no_token_and_puts_no_value_into_its_script(path: Path) -> None:
    for step in steps(load(path)):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
        assert "${{" not in step.get("run", "")


def test_only_the_jobs_that_cut_a_release_may_write_to_the_repository() -> None:
    writing = {
        (path.name, name)
        for path in WORKFLOWS
        for name, job in load(path)["jobs"].items()
        if job["permissions"].get("contents") == "write"
    }

    assert writing == {("release.yml", "release")}


def test_only_the_job_with_its_environment_can_publish_the_package() -> None:
    jobs = load(ROOT / ".github" / "workflows" / "release.yml")["jobs"]
    publishing = {name: job for name, job in jobs.items() if "uv publish" in str(job)}

    assert list(publishing) == ["publish"]
    assert publishing["publish"]["environment"] == "pypi"
    assert publishing["publish"]["permissions"] == {"contents": "read", "id-token": "write"}


def test_a_release_waits_for_the_one_before_it_rather_than_being_dropped() -> None:
    concurrency = load(ROOT / ".github" / "workflows" / "release.yml")["concurrency"]

    assert concurrency == {"group": "release", "queue": "max"}


def test_the_tests_run_on_every_system_and_python_that_is_promised() -> None:
    jobs = load(ROOT / ".github" / "workflows" / "ci.yml")["jobs"]
    versions = re.findall(r"Python :: (3\.\d+)", (ROOT / "pyproject.toml").read_text())
    systems = ["ubuntu-24.04", "ubuntu-26.04", "macos-26", "windows-2025"]

    assert jobs["test"]["strategy"]["matrix"] == {"os": systems[:-1], "python": versions}
    assert jobs["windows"]["strategy"]["matrix"] == {"python": versions}
    assert jobs["composite"]["strategy"]["matrix"] == {"os": systems}
