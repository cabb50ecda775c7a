"""action-types.yml: the types of the action's inputs and outputs, in typesafegithub's form.

The form is that of github-actions-typing 2.2, from its README: six types, and the keys of each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from ruamel.yaml import YAML
from runner_environment import ROOT

from asc_linker.decision.request import IfAttached, IfVersionLocked, IfVersionMissing, ReleaseType
from asc_linker.inputs.table import INPUTS

NEEDED = {
    "string": set[str](),
    "boolean": set[str](),
    "integer": set[str](),
    "float": set[str](),
    "enum": {"allowed-values"},
    "list": {"separator", "list-item"},
}


def load(name: str) -> dict[str, Any]:
    document: dict[str, Any] = YAML(typ="safe").load(ROOT / name)
    return document


TYPES = load("action-types.yml")
ACTION = load("action.yml")


def faults(typed: Any, *, within_list: bool = False) -> Iterator[str]:
    kind = typed.get("type")
    if kind not in NEEDED or (kind == "list" and within_list):
        yield f"no such type: {kind}"
        return
    if {*typed} - {"type"} != NEEDED[kind]:
        yield f"{kind} takes {sorted(NEEDED[kind])}, and not {sorted(typed)}"
    values = typed.get("allowed-values", ["x"])
    if not values or not all(isinstance(value, str) and value for value in values):
        yield f"allowed values are text: {values}"
    if kind == "list":
        if not typed.get("separator"):
            yield "a list has a separator"
        yield from faults(typed.get("list-item", {}), within_list=True)


@pytest.mark.parametrize("kind", ["inputs", "outputs"])
def test_every_type_has_the_form_of_the_specification(kind: str) -> None:
    found = {name: list(faults(typed)) for name, typed in TYPES[kind].items()}

    assert {*TYPES} == {"inputs", "outputs"}
    assert not {name: wrong for name, wrong in found.items() if wrong}
    assert all(re.fullmatch(r"[a-z-]+", name) for name in found)


@pytest.mark.parametrize("kind", ["inputs", "outputs"])
def test_each_input_and_output_has_a_type_and_nothing_else_has(kind: str) -> None:
    assert {*TYPES[kind]} == {*ACTION[kind]}


def test_a_choice_has_the_values_that_the_code_knows() -> None:
    choices = {
        "if-attached": IfAttached,
        "if-version-locked": IfVersionLocked,
        "if-version-missing": IfVersionMissing,
        "release-type": ReleaseType,
    }

    for name, values in choices.items():
        assert {*TYPES["inputs"][name]["allowed-values"]} == {*values}


def test_the_outcomes_are_those_that_the_action_describes() -> None:
    described = re.findall(r"`([a-z-]+)`", ACTION["outputs"]["outcome"]["description"])

    # Of several targets one may be `not-written`, in the report; the run has `failed` then.
    assert {*TYPES["outputs"]["outcome"]["allowed-values"]} == {*described} - {"not-written"}


def test_a_default_is_of_its_inputs_type() -> None:
    for entry in INPUTS:
        typed = TYPES["inputs"][entry.name]
        if entry.default and typed["type"] == "enum":
            assert entry.default in typed["allowed-values"]
        if entry.default and typed["type"] == "boolean":
            assert entry.default in ("true", "false")
        if entry.default and typed["type"] == "float":
            float(entry.default)
