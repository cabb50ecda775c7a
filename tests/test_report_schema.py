"""The published schema of the report is what reports are like."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from builders import key_inputs
from jsonschema import Draft202012Validator
from runner_environment import run_step

from asc_linker.decision.report import Outcome
from asc_linker.emulator import Emulator, ThrowawayKey, example_world

DOCS = Path(__file__).parent.parent / "docs"
SCHEMA: dict[str, Any] = json.loads((DOCS / "report.schema.json").read_text(encoding="utf-8"))
OF_A_REPORT: dict[str, Any] = SCHEMA["items"]["properties"]
VALIDATOR = Draft202012Validator(SCHEMA)


def example() -> list[dict[str, Any]]:
    """The report on the page about outputs."""
    page = (DOCS / "outputs.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```json\n(\[.*?)```", page, re.DOTALL)
    report: list[dict[str, Any]] = json.loads(block)
    return report


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_it_knows_every_outcome() -> None:
    assert set(OF_A_REPORT["outcome"]["enum"]) == {outcome.value for outcome in Outcome}


def test_the_example_on_the_page_about_outputs_is_one_with_every_key() -> None:
    (report,) = example()

    VALIDATOR.validate([report])
    assert list(report) == SCHEMA["items"]["required"]


WRONG: dict[str, Callable[[dict[str, Any]], object]] = {
    "a key is missing": lambda report: report.pop("reason"),
    "changed as text": lambda report: report.update(changed="true"),
    "another schema": lambda report: report.update(schema=2),
    "an outcome nobody knows": lambda report: report.update(outcome="done"),
    "a failure without an error": lambda report: report.update(outcome="failed"),
    "an error without a failure": lambda report: report.update(error={}),
    "a check without id": lambda report: report["checks"][0].pop("id"),
    "a write nobody knows": lambda report: report.update(writes=["submit"]),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_no_report_is_none(wrong: str) -> None:
    reports = copy.deepcopy(example())
    WRONG[wrong](reports[0])

    assert not VALIDATOR.is_valid(reports)


def report_of(folder: Path, inputs: dict[str, str]) -> list[dict[str, Any]]:
    """The output `report` of a run against the emulator's example world."""
    key = ThrowawayKey.generate("57246542-96fe-1a63-e053-0824d011072a")
    with Emulator(example_world(), keys=[key]) as emulator:
        given = {
            **key_inputs(key, emulator.url),
            "bundle-id": "com.example.notes",
            "tag": "v1.4.2+231",
            "wait-minutes": "0",
        }
        return run_step(folder, given | inputs).report


REAL: dict[str, dict[str, str]] = {
    "attached": {},
    "would-attach": {"dry-run": "true"},
    "shown": {"operation": "show"},
    "nothing-attached": {"operation": "detach"},
    "skipped": {"tag": "v1.4.2-rc.1"},
    "failed": {"tag": "v9.9.9+231"},
}


@pytest.mark.parametrize("outcome", REAL)
def test_a_report_of_a_real_run_is_one_with_no_key_that_is_not_described(
    outcome: str, tmp_path: Path
) -> None:
    reports = report_of(tmp_path, REAL[outcome])

    VALIDATOR.validate(reports)
    assert [report["outcome"] for report in reports] == [outcome]
    assert set(reports[0]) <= set(OF_A_REPORT)


def test_a_refusal_of_the_key_has_apples_own_errors_in_its_report(tmp_path: Path) -> None:
    reports = report_of(tmp_path, {"api-key-id": "AAAAAAAAAA"})

    VALIDATOR.validate(reports)
    assert reports[0]["error"]["apple"][0]["code"] == "NOT_AUTHORIZED"
    assert set(reports[0]["error"]) == set(OF_A_REPORT["error"]["properties"])
