"""Plays a workflow without GitHub: jobs in order, conditions, matrices, scripts and artifacts.

`run:` is really run. What a step `uses` is played by a function of the test's, except for the
artifacts and the checkout, which are played here. What a workflow needs beyond that is an error.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from workflow_expressions import condition, interpolated, text_of

Contexts = dict[str, Any]


@dataclass(frozen=True)
class Use:
    """A step that uses an action."""

    action: str
    """Without its `@ref`."""
    given: dict[str, str]
    environment: dict[str, str]
    workspace: Path
    job: str
    matrix: dict[str, Any]


@dataclass(frozen=True)
class Done:
    """How a step ended."""

    outputs: dict[str, str] = field(default_factory=dict)
    succeeded: bool = True
    log: str = ""


Action = Callable[[Use], Done]


@dataclass
class Played:
    """A workflow, after its last job."""

    results: dict[str, str] = field(default_factory=dict)
    """By job: `success`, `failure` or `skipped`."""
    outputs: dict[str, str] = field(default_factory=dict)
    """Those of a workflow that is called."""
    legs: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """By job: what of its matrix each leg was."""
    logs: dict[str, str] = field(default_factory=dict)
    """By job, what its scripts said."""
    approvals: list[str] = field(default_factory=list)
    """The environments that were asked for, in order."""


def load(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = YAML(typ="safe").load(path)
    return document


@dataclass
class Player:
    """One run of GitHub's, with everything that its jobs share."""

    folder: Path
    action: Action
    repository: Path | None = None
    """What a checkout finds; None: nothing is there."""
    github: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    """What is in the environment of every script, as PATH with a test's own tools."""
    denied: frozenset[str] = frozenset()
    """Environments whose reviewers say no."""
    workflows: dict[str, Path] = field(default_factory=dict)
    """Where workflows that are called are, by the end of their name."""

    def __post_init__(self) -> None:
        self._artifacts = self.folder / "artifacts"
        self._artifacts.mkdir(parents=True, exist_ok=True)
        self._count = 0

    def call(
        self, path: Path, inputs: Mapping[str, Any], secrets: Mapping[str, str] | None = None
    ) -> Played:
        """Play a workflow that others call: its inputs' defaults and types, its outputs."""
        document = load(path)
        wanted = document["on"]["workflow_call"]
        unknown = {*inputs} - {*wanted["inputs"]} | {*(secrets or {})} - {*wanted["secrets"]}
        assert not unknown, f"{path.name} takes no {sorted(unknown)}"
        empty = {"boolean": False, "number": 0, "string": ""}
        given = {
            name: inputs.get(name, each.get("default", empty[each["type"]]))
            for name, each in wanted["inputs"].items()
        }
        played, jobs = self._jobs(document, {"inputs": given, "secrets": dict(secrets or {})})
        played.outputs = {
            name: text_of(interpolated(each["value"], {"jobs": jobs}))
            for name, each in wanted["outputs"].items()
        }
        return played

    def play(
        self,
        document: dict[str, Any],
        secrets: Mapping[str, str] | None = None,
        inputs: Mapping[str, Any] | None = None,
    ) -> Played:
        contexts = {"inputs": dict(inputs or {}), "secrets": dict(secrets or {})}
        return self._jobs(document, contexts)[0]

    # ------------------------------------------------------------------------ jobs

    def _jobs(self, document: dict[str, Any], contexts: Contexts) -> tuple[Played, Contexts]:
        played = Played()
        jobs: Contexts = {}
        contexts = {"github": self.github, "vars": {}, **contexts}
        contexts["env"] = _texts(document.get("env", {}), contexts)
        for name in _in_order(document["jobs"]):
            job = document["jobs"][name]
            needs = {each: jobs[each] for each in _list(job.get("needs"))}
            results = [each["result"] for each in needs.values()]
            known = contexts | {"needs": needs}
            status = {
                "success": all(result == "success" for result in results),
                "failure": "failure" in results,
                "cancelled": False,
            }
            if condition(job.get("if"), known, **status):
                jobs[name] = self._job(name, job, known, played)
            else:
                jobs[name] = {"result": "skipped", "outputs": {}}
            played.results[name] = jobs[name]["result"]
        return played, jobs

    def _job(self, name: str, job: dict[str, Any], contexts: Contexts, played: Played) -> Contexts:
        environment = interpolated(_name_of(job.get("environment")), contexts)
        if environment:
            played.approvals.append(environment)
        if environment in self.denied:
            return {"result": "failure", "outputs": {}}
        if "uses" in job:
            return self._called(name, job, contexts, played)
        result: Contexts = {"result": "success", "outputs": {}}
        legs = list(_legs(job.get("strategy", {}).get("matrix", {}), contexts))
        played.legs[name] = legs
        for matrix in legs:
            ended = self._leg(name, job, contexts | {"matrix": matrix}, played)
            result["outputs"] |= {key: value for key, value in ended["outputs"].items() if value}
            if ended["result"] != "success":
                result["result"] = ended["result"]
        return result

    def _called(
        self, name: str, job: dict[str, Any], contexts: Contexts, played: Played
    ) -> Contexts:
        workflow = job["uses"].partition("@")[0].rpartition("/")[2]
        given = {key: interpolated(value, contexts) for key, value in job.get("with", {}).items()}
        secrets = _texts(job.get("secrets", {}), contexts)
        inner = self.call(self.workflows[workflow], given, secrets)
        played.approvals += inner.approvals
        played.logs |= {f"{name} / {job}": log for job, log in inner.logs.items()}
        failed = "failure" in inner.results.values()
        return {"result": "failure" if failed else "success", "outputs": inner.outputs}

    def _leg(self, name: str, job: dict[str, Any], contexts: Contexts, played: Played) -> Contexts:
        self._count += 1
        folder = self.folder / f"{self._count}-{name}"
        for made in ("workspace", "temp"):
            (folder / made).mkdir(parents=True)
        contexts = {
            **contexts,
            "runner": {"temp": str(folder / "temp"), "os": "Linux"},
            "github": {**self.github, "workspace": str(folder / "workspace"), "job": name},
            "steps": {},
            "job": {"status": "success"},
        }
        contexts["env"] = contexts["env"] | _texts(job.get("env", {}), contexts)
        leg = _Leg(self, name, folder, contexts, job.get("defaults", {}).get("run", {}))
        for step in job["steps"]:
            leg.step(step)
        played.logs[name] = played.logs.get(name, "") + leg.log
        outputs = {
            key: text_of(interpolated(value, contexts, **leg.status))
            for key, value in job.get("outputs", {}).items()
        }
        return {"result": "failure" if leg.failed else "success", "outputs": outputs}

    # ------------------------------------------------------------------- artifacts

    def upload(self, given: Mapping[str, str], workspace: Path) -> Done:
        target = self._artifacts / given["name"]
        if target.exists():
            if given.get("overwrite") != "true":
                return Done(succeeded=False, log=f"Conflict: {given['name']} exists already")
            shutil.rmtree(target)
        found = [file for line in given["path"].split("\n") if line for file in _found(
            workspace / line.strip()
        )]  # fmt: skip
        if not found:
            return Done(succeeded=given.get("if-no-files-found") != "error")
        target.mkdir()
        for file in found:
            shutil.copy(file, target)
        return Done()

    def download(self, given: Mapping[str, str], workspace: Path) -> Done:
        target = workspace / given.get("path", "")
        pattern = given.get("name") or given.get("pattern") or "*"
        for artifact in sorted(self._artifacts.glob(pattern)):
            apart = "name" not in given and given.get("merge-multiple") != "true"
            into = target / artifact.name if apart else target
            shutil.copytree(artifact, into, dirs_exist_ok=True)
        found = (self._artifacts / given["name"]).exists() if "name" in given else True
        return Done(succeeded=found)

    def check_out(self, given: Mapping[str, str], workspace: Path) -> Done:
        patterns = given.get("sparse-checkout", "*").split()
        for file in sorted(self.repository.rglob("*")) if self.repository else ():
            path = file.relative_to(self.repository or file)
            if file.is_file() and any(path.match(pattern) for pattern in patterns):
                (workspace / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, workspace / path)
        return Done()


class _Leg:
    """One machine, and its steps one after the other."""

    def __init__(
        self, player: Player, name: str, folder: Path, contexts: Contexts, defaults: dict[str, str]
    ) -> None:
        self._player = player
        self._name = name
        self._folder = folder
        self._contexts = contexts
        self._defaults = defaults
        self.failed = False
        self.log = ""

    @property
    def status(self) -> dict[str, bool]:
        return {"success": not self.failed, "failure": self.failed, "cancelled": False}

    def step(self, step: dict[str, Any]) -> None:
        done = None
        if condition(step.get("if"), self._contexts, **self.status):
            environment = self._contexts["env"] | _texts(step.get("env", {}), self._contexts)
            done = self._uses(step, environment) if "uses" in step else self._run(step, environment)
            self.log += done.log
        outcome = "skipped" if done is None else "success" if done.succeeded else "failure"
        if outcome == "failure" and not step.get("continue-on-error"):
            self.failed = True
        if "id" in step:
            outputs = done.outputs if done else {}
            self._contexts["steps"][step["id"]] = {"outcome": outcome, "outputs": outputs}

    def _uses(self, step: dict[str, Any], environment: dict[str, str]) -> Done:
        action = step["uses"].partition("@")[0]
        given = _texts(step.get("with", {}), self._contexts, **self.status)
        workspace = self._folder / "workspace"
        played = {
            "actions/checkout": self._player.check_out,
            "actions/upload-artifact": self._player.upload,
            "actions/download-artifact": self._player.download,
        }
        if action in played:
            return played[action](given, workspace)
        matrix = self._contexts["matrix"]
        return self._player.action(Use(action, given, environment, workspace, self._name, matrix))

    def _run(self, step: dict[str, Any], environment: dict[str, str]) -> Done:
        assert "${{" not in step["run"], "values reach a script through env"
        script, output = self._folder / "script", self._folder / "output"
        script.write_text(step["run"], encoding="utf-8")
        output.write_text("", encoding="utf-8")
        shell = step.get("shell") or self._defaults.get("shell")
        options = ["--noprofile", "--norc", "-eo", "pipefail"] if shell == "bash" else ["-e"]
        done = subprocess.run(
            ["bash", *options, str(script)],
            cwd=self._folder / "workspace",
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self._folder),
                "RUNNER_TEMP": str(self._folder / "temp"),
                "GITHUB_OUTPUT": str(output),
                "GITHUB_STEP_SUMMARY": str(self._folder / "summary"),
                **{
                    f"GITHUB_{name.upper()}": text_of(value)
                    for name, value in self._player.github.items()
                    if not isinstance(value, dict)
                },
                **self._player.environment,
                **environment,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        lines = output.read_text(encoding="utf-8").splitlines()
        outputs = dict(line.split("=", 1) for line in lines)
        return Done(outputs, done.returncode == 0, done.stdout)


def _in_order(jobs: dict[str, Any]) -> list[str]:
    order: list[str] = []
    while len(order) < len(jobs):
        ready = [
            name
            for name, job in jobs.items()
            if name not in order and {*_list(job.get("needs"))} <= {*order}
        ]
        assert ready, "jobs need each other in a circle, or one that is not there"
        order += ready
    return order


def _legs(matrix: dict[str, Any], contexts: Contexts) -> Iterator[dict[str, Any]]:
    given = {name: interpolated(values, contexts) for name, values in matrix.items()}
    include = given.pop("include", [])
    if given or not include:
        for values in product(*given.values()):
            yield dict(zip(given, values, strict=True))
    yield from include


def _found(path: Path) -> list[Path]:
    if path.is_dir():
        return [each for each in sorted(path.rglob("*")) if each.is_file()]
    return sorted(path.parent.glob(path.name))


def _texts(given: Mapping[str, Any], contexts: Contexts, **status: bool) -> dict[str, str]:
    return {name: text_of(interpolated(value, contexts, **status)) for name, value in given.items()}


def _list(given: Any) -> list[str]:
    return [given] if isinstance(given, str) else list(given or [])


def _name_of(environment: Any) -> Any:
    return environment["name"] if isinstance(environment, dict) else environment
