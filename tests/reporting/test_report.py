"""Reports as the values that a workflow reads."""

from __future__ import annotations

import json
from typing import Any

import pytest
from reporting.samples import (
    EXPIRED,
    PASSED,
    UNANSWERED,
    ended,
    many,
    nothing_known,
    of_app,
    refused,
)

from asc_linker.apple.model import AppId, Platform
from asc_linker.decision.report import Outcome
from asc_linker.decision.request import AttachRequest, Shard
from asc_linker.errors import AppleError, InputError
from asc_linker.reporting.report import as_json, exit_code, outputs, report_file

SCALARS = [
    "outcome",
    "changed",
    "app-id",
    "bundle-id",
    "platform",
    "version-id",
    "version-string",
    "version-state",
    "build-id",
    "build-number",
    "previous-build-id",
    "previous-build-number",
    "uses-non-exempt-encryption",
    "url",
]
KEYS = ["schema", *SCALARS, "reason", "plan", "writes", "unknown-writes", "checks"]


def report_of(*reports: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(outputs(reports)["report"])
    return found


def test_every_output_is_there_in_order_also_when_nothing_was_found_out() -> None:
    found = outputs([nothing_known(error=refused())])

    assert list(found) == [*SCALARS, "plan", "report"]
    assert {name for name, value in found.items() if value} == {"outcome", "changed", "report"}
    assert (found["outcome"], found["changed"]) == ("failed", "false")


def test_outputs_say_what_is_attached_now_and_what_was_before() -> None:
    found = outputs([ended(Outcome.ATTACHED)])

    assert found["changed"] == "true"
    assert found["platform"] == "macos"
    assert (found["build-id"], found["build-number"]) == ("b231", "231")
    assert (found["previous-build-id"], found["previous-build-number"]) == ("b230", "230")
    assert found["uses-non-exempt-encryption"] == "false"
    assert found["plan"] == "5d41402abc4b2a76"


def test_compliance_that_is_unanswered_is_empty() -> None:
    assert outputs([ended(Outcome.SHOWN)])["uses-non-exempt-encryption"] == ""


def test_a_write_of_unknown_fate_makes_changed_unknown() -> None:
    report = ended(Outcome.FAILED, changed=None, unknown_writes=("attach",))

    assert outputs([report])["changed"] == "unknown"
    (full,) = report_of(report)
    assert full["changed"] is None
    assert full["unknown-writes"] == ["attach"]


def test_a_shard_without_targets_is_skipped_and_has_an_empty_report() -> None:
    found = outputs([])

    assert list(found) == [*SCALARS, "plan", "report"]
    assert {name: value for name, value in found.items() if value} == {
        "outcome": "skipped",
        "changed": "false",
        "report": "[]",
    }
    assert exit_code([]) == 0


def test_with_several_targets_the_scalars_are_those_of_the_first() -> None:
    found = outputs([of_app(1, Outcome.ALREADY_ATTACHED), of_app(2)])

    assert found["bundle-id"] == "com.example.app001"
    assert found["outcome"] == "already-attached"
    assert found["changed"] == "true"
    assert found["plan"] == "5d41402abc4b2a76,5d41402abc4b2a76"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ((False, False), "false"),
        ((False, None), "unknown"),
        ((None, True), "true"),
        ((False, True), "true"),
    ],
)
def test_changed_is_true_if_any_changed_else_unknown_if_any_is(
    changes: tuple[bool | None, ...], told: str
) -> None:
    reports = [ended(Outcome.FAILED, changed=changed) for changed in changes]

    assert outputs(reports)["changed"] == told


def test_one_that_failed_makes_the_outcome_failed_and_its_exit_code_the_runs() -> None:
    broken = of_app(1, Outcome.FAILED, error=InputError("`a` is missing."))
    reports = [of_app(0), broken, of_app(2, Outcome.FAILED)]

    assert outputs(reports)["outcome"] == "failed"
    assert outputs(reports)["bundle-id"] == "com.example.app000"
    assert exit_code(reports) == 2
    assert exit_code([of_app(0)]) == 0


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_key_but_error_is_always_there_and_schema_is_the_first(outcome: Outcome) -> None:
    for report in (ended(outcome), nothing_known(outcome)):
        full = as_json(report)
        assert next(iter(full)) == "schema"
        assert full["schema"] == 1
        assert set(full) - {"error"} == set(KEYS)
        assert ("error" in full) == (report.error is not None)


def test_the_types_are_those_of_the_schema() -> None:
    full = as_json(ended(Outcome.ATTACHED, checks=(PASSED,)))
    texts = set(KEYS) - {
        "schema",
        "changed",
        "uses-non-exempt-encryption",
        "writes",
        "unknown-writes",
        "checks",
    }

    assert all(isinstance(full[name], str) for name in texts)
    assert full["changed"] is True
    assert full["uses-non-exempt-encryption"] is False
    assert full["writes"] == ["attach"]
    assert full["unknown-writes"] == []
    assert as_json(nothing_known())["uses-non-exempt-encryption"] is None


def test_the_report_repeats_the_outputs() -> None:
    found = outputs([ended(Outcome.ATTACHED)])

    (full,) = json.loads(found["report"])
    texts = {name: value for name, value in full.items() if isinstance(value, str)}
    assert {name: found[name] for name in texts if name != "reason"} == {
        name: value for name, value in texts.items() if name != "reason"
    }


def test_checks_and_error_are_whole() -> None:
    (full,) = report_of(ended(Outcome.FAILED))

    assert full["checks"][1] == {
        "id": "build-expired",
        "name": "Not expired",
        "verdict": "refused",
        "sentence": "Build 231 has expired.",
    }
    assert full["error"] == {
        "id": "build-expired",
        "title": "The build cannot be attached",
        "message": "Build 231 has expired.",
        "hint": "Upload a new build.",
        "exit-code": 5,
        "request-id": "ABC-123",
        "docs": "https://asc-linker.github.io/asc-linker/troubleshooting/#build-expired",
        "apple": [
            {
                "status": "409",
                "code": "ENTITY_ERROR.RELATIONSHIP.INVALID",
                "title": "Refused",
                "detail": "The specified pre-release build could not be added.",
                "source": {"pointer": "/data/relationships/build"},
            }
        ],
    }


def test_what_apple_left_out_is_null_and_associated_errors_are_listed() -> None:
    inner = AppleError(code="INNER", source={"parameter": "include"})
    outer = AppleError(code="OUTER", associated=(("/v1/x", inner),))

    (full,) = report_of(ended(Outcome.FAILED, error=refused(apple=[outer])))

    nothing = {"status": None, "title": None, "detail": None}
    assert full["error"]["apple"] == [
        nothing | {"code": "OUTER", "source": None},
        nothing | {"code": "INNER", "source": {"parameter": "include"}},
    ]


def test_of_several_targets_the_output_leaves_out_what_is_well_and_the_file_has_all() -> None:
    reports = many(2, lambda n: of_app(n, checks=(PASSED, UNANSWERED, EXPIRED)))

    told = report_of(*reports)
    full = json.loads(report_file(reports))

    assert [check["id"] for check in told[0]["checks"]] == ["export-compliance", "build-expired"]
    assert [check["id"] for check in full[1]["checks"]] == [
        "app-differs",
        "export-compliance",
        "build-expired",
    ]


def test_the_file_of_one_target_is_the_output() -> None:
    reports = [ended(Outcome.FAILED)]

    assert json.loads(report_file(reports)) == report_of(*reports)


def test_the_file_of_a_shard_says_which_one() -> None:
    full = json.loads(report_file(many(2), Shard(2, 5, 10)))

    assert [one["shard"] for one in full] == ["2/5", "2/5"]
    assert json.loads(report_file([], Shard(5, 5, 4))) == []


def test_a_target_of_which_nothing_was_found_keeps_the_name_it_was_asked_by() -> None:
    asked = AttachRequest(bundle_id="com.example.gone", platform=Platform.TV_OS)
    full = as_json(nothing_known(request=asked, error=refused()))

    assert (full["bundle-id"], full["platform"]) == ("com.example.gone", "tvos")
    assert as_json(nothing_known(request=AttachRequest(app_id=AppId("1"))))["app-id"] == "1"


def test_platform_is_told_by_the_build_while_there_is_no_version() -> None:
    assert as_json(ended(Outcome.WOULD_ATTACH, version=None))["platform"] == "macos"


def test_text_of_other_countries_stays_as_it_is() -> None:
    assert "備忘録" in outputs([ended(Outcome.SKIPPED, reason="備忘録")])["report"]
