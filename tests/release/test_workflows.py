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
ACTIONS = [ROOT / folder / "action.yml" for folder in (".", "macos", "summary")]
EXAMPLES = sorted((ROOT / "examples").glob("*.yml"))
# An example names a version of ours, which never moves.
OURS = ("./", "$/", "asc-linker/asc-linker")

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
    pins = [pin for path in [*WORKFLOWS, *ACTIONS, *EXAMPLES] for pin in used(path)]
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

    assert writing == {("prepare.yml", "commit"), ("release.yml", "release")}


def publishing(command: str) -> dict[str, Any]:
    """The one job that gives a registry something."""
    jobs = [(path.name, *job) for path in WORKFLOWS for job in load(path)["jobs"].items()]
    ((name, _, job),) = [each for each in jobs if command in str(each[2])]
    assert name == "release.yml"
    found: dict[str, Any] = job
    return found


def test_the_job_that_publishes_to_pypi_installs_what_it_needs_and_runs_nothing_of_ours() -> None:
    job = publishing(" publish --trusted-publishing always")
    checkout, download, install, publish = job["steps"]
    locked = (ROOT / "requirements" / "lock.txt").read_text(encoding="utf-8")

    assert job["environment"] == "pypi"
    assert job["permissions"] == {"contents": "read", "id-token": "write"}
    assert checkout["with"]["sparse-checkout"] == "requirements/lock.txt"
    assert checkout["with"]["sparse-checkout-cone-mode"] is False
    assert download["with"] == {"name": "dist", "path": "dist"}
    assert "--require-hashes --only-binary :all: -r requirements/lock.txt" in " ".join(
        install["run"].replace("\\", "").split()
    )
    assert re.findall(r"^([a-z-]+)==", locked, re.MULTILINE) == ["uv"]
    assert "uses" not in publish


def test_the_job_that_publishes_the_gem_holds_nothing_but_the_gem() -> None:
    job = publishing("gem push")

    assert job["environment"] == "rubygems"
    assert job["permissions"] == {"id-token": "write"}
    assert not [step for step in job["steps"] if "checkout" in step.get("uses", "")]


def test_nothing_is_published_before_the_tag_has_been_found_to_be_the_prepared_one() -> None:
    jobs = load(ROOT / ".github" / "workflows" / "release.yml")["jobs"]
    (first,) = (name for name, job in jobs.items() if "needs" not in job)

    assert first == "check"
    assert "tagged.sh" in str(jobs["check"])
    assert "gh attestation verify" in str(jobs["check"])


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


def test_the_marketplace_can_show_the_action() -> None:
    action = load(ROOT / "action.yml")
    colours = "white black yellow blue green orange red purple gray-dark"

    # What its documentation asks for: one line each, an icon of Feather's and one of nine colours.
    assert action["name"].strip() == action["name"] != ""
    assert 0 < len(action["description"]) <= 125
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", action["branding"]["icon"])
    assert action["branding"]["color"] in colours.split()


def test_who_reports_a_fault_is_asked_for_the_debug_log_and_told_to_keep_the_key() -> None:
    form = load(ROOT / ".github" / "ISSUE_TEMPLATE" / "bug.yml")["body"]
    (log,) = (each for each in form if each.get("id") == "log")

    assert log["validations"] == {"required": True}
    assert "debug logging" in log["attributes"]["description"]
    assert "Never paste a key" in form[0]["attributes"]["value"]
