"""The files around the code say what the code says."""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from runner_environment import ROOT, entrypoint

from asc_linker import errors
from asc_linker.decision.report import AttachReport, Outcome
from asc_linker.emulator import example_world
from asc_linker.errors import AscLinkerError
from asc_linker.inputs.table import INPUTS
from asc_linker.reporting import report

ACTIONS = [path for path in (ROOT / "action.yml", ROOT / "macos" / "action.yml") if path.exists()]
EXIT_CODES = (0, 1, 2, 3, 4, 5, 6, 7, 130, 143)
OUTPUTS = {*report.outputs((AttachReport(Outcome.FAILED),))}


def text(path: Path | str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def action(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = YAML(typ="safe").load(text(path))
    return document


def words(markdown: str) -> str:
    return " ".join(markdown.split())


@pytest.fixture(params=ACTIONS, ids=lambda path: str(path.relative_to(ROOT)))
def an_action(request: pytest.FixtureRequest) -> dict[str, Any]:
    return action(request.param)


def test_an_action_has_the_inputs_of_the_code_in_their_order(an_action: dict[str, Any]) -> None:
    assert list(an_action["inputs"]) == [entry.name for entry in INPUTS]


def test_an_action_says_of_each_input_what_the_code_says(an_action: dict[str, Any]) -> None:
    said = {name: words(given["description"]) for name, given in an_action["inputs"].items()}

    assert said == {entry.name: words(entry.meaning) for entry in INPUTS}


def test_an_actions_defaults_are_those_of_the_code_as_text(an_action: dict[str, Any]) -> None:
    defaults = {name: given.get("default", "") for name, given in an_action["inputs"].items()}

    assert defaults == {entry.name: entry.default for entry in INPUTS}


def test_an_action_has_every_output_the_code_sets(an_action: dict[str, Any]) -> None:
    assert set(an_action["outputs"]) == OUTPUTS
    assert all(given["description"] for given in an_action["outputs"].values())


def test_every_outcome_is_described(an_action: dict[str, Any]) -> None:
    described = an_action["outputs"]["outcome"]["description"]

    assert set(re.findall(r"`([a-z-]+)`", described)) == {outcome.value for outcome in Outcome}


def test_both_actions_describe_their_outputs_alike() -> None:
    described = [
        {name: words(given["description"]) for name, given in action(path)["outputs"].items()}
        for path in ACTIONS
    ]

    assert all(each == described[0] for each in described)


def test_no_description_holds_an_expression_which_the_runner_would_evaluate(
    an_action: dict[str, Any],
) -> None:
    described = [an_action["description"]]
    for kind in ("inputs", "outputs"):
        described += [given["description"] for given in an_action[kind].values()]

    assert not [each for each in described if "${{" in each]


def test_no_input_is_required_which_the_runner_would_not_enforce(
    an_action: dict[str, Any],
) -> None:
    assert not [name for name, given in an_action["inputs"].items() if given.get("required")]


def test_the_container_action_hands_nothing_to_a_shell() -> None:
    assert action(ROOT / "action.yml")["runs"] == {"using": "docker", "image": "Dockerfile"}


def test_the_marketplace_has_a_name_an_icon_and_a_colour_to_show() -> None:
    document = action(ROOT / "action.yml")

    assert "App Store" in document["name"]
    assert len(document["description"]) <= 125  # what the Marketplace shows of it
    assert document["branding"] == {"icon": "link", "color": "blue"}


def test_the_composite_action_maps_every_input_by_its_environment() -> None:
    steps = [step for path in ACTIONS for step in action(path)["runs"].get("steps", ())]

    assert not [step for step in steps if "${{" in step.get("run", "")]


# ------------------------------------------------------------------------ README


@pytest.mark.parametrize("name", [entry.name for entry in INPUTS])
def test_the_readme_names_each_input(name: str) -> None:
    assert f"`{name}`" in text("README.md")


@pytest.mark.parametrize("name", sorted(OUTPUTS))
def test_the_readme_names_each_output(name: str) -> None:
    assert f"`{name}`" in text("README.md")


@pytest.mark.parametrize("outcome", Outcome)
def test_the_readme_names_each_outcome(outcome: Outcome) -> None:
    assert f"`{outcome}`" in text("README.md")


@pytest.mark.parametrize("code", EXIT_CODES)
def test_the_readme_names_each_exit_code(code: int) -> None:
    rows = re.findall(r"^\|([^|]*\d[^|]*)\|", text("README.md"), re.MULTILINE)

    assert str(code) in re.findall(r"\d+", " ".join(rows))


def test_every_error_has_an_exit_code_of_the_contract() -> None:
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, AscLinkerError)
    ]

    assert {kind.exit_code for kind in kinds} == set(range(1, 8))
    assert all(kind.title for kind in kinds)


def test_the_readmes_workflow_uses_inputs_that_exist() -> None:
    known = {entry.name for entry in INPUTS}
    for block in re.findall(r"```yaml\n(.*?)```", text("README.md"), re.DOTALL):
        for step in _steps(YAML(typ="safe").load(block)):
            if "asc-linker" in str(step.get("uses")):
                assert set(step.get("with", {})) <= known


def _steps(document: Any) -> list[dict[str, Any]]:
    """Every mapping in a workflow that uses something, wherever it stands."""
    if isinstance(document, dict):
        inside = [step for value in document.values() for step in _steps(value)]
        return [document, *inside] if "uses" in document else inside
    if isinstance(document, list):
        return [step for value in document for step in _steps(value)]
    return []


# -------------------------------------------------------------------- Dockerfile


def test_the_image_holds_what_the_entrypoint_needs_and_the_context_lets_it_in() -> None:
    lines = re.findall(r"^COPY (?!--from)(.+) \S+$", text("Dockerfile"), re.MULTILINE)
    copied = [path for line in lines for path in line.split()]
    admitted = {line[1:] for line in text(".dockerignore").splitlines() if line.startswith("!")}

    assert set(copied) == admitted
    assert {"entrypoint.py", "asc_linker", "requirements/image.txt"} <= admitted
    assert all((ROOT / path).exists() for path in copied)


def test_the_container_starts_python_by_path_apart_from_what_a_workflow_brings() -> None:
    _, flags, script = entrypoint()

    assert "E" in flags
    assert "s" in flags
    assert "I" not in flags
    assert Path(script) == ROOT / "entrypoint.py"


def test_the_image_has_no_user_no_directory_and_no_shell_of_its_own() -> None:
    lines = re.findall(r"^(USER|WORKDIR|CMD|ENV)\b(.*)$", text("Dockerfile"), re.MULTILINE)

    # The emulator listens for whoever reaches the container; the action reads none of this.
    assert lines == [("ENV", " ASC_LINKER_EMULATOR_HOST=0.0.0.0 ASC_LINKER_EMULATOR_PORT=8089")]
    assert text("Dockerfile").count("ENTRYPOINT [") == 1


def test_requirements_are_locked_with_hashes() -> None:
    for path in sorted((ROOT / "requirements").glob("*.txt")):
        for line in text(path).splitlines():
            if line and not line.startswith((" ", "#")):
                assert re.match(r"[a-z0-9.-]+(\[[a-z,]+\])?==\S+ .*\\$", line), (
                    f"{path.name}: {line}"
                )
        assert "pygithub" not in text(path).lower()


# ----------------------------------------------------------------------- project


def test_one_version_is_told_everywhere() -> None:
    version = tomllib.loads(text("pyproject.toml"))["project"]["version"]

    assert f"## [{version}]" in text("CHANGELOG.md") or "## [Unreleased]" in text("CHANGELOG.md")


def test_the_example_world_is_one() -> None:
    world = example_world()

    world.begin(datetime.now(UTC).timestamp())
    assert world.apps[0].bundle_id in text("README.md")
