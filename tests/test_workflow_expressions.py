"""The evaluator of GitHub's expressions, on which other tests stand, against GitHub's own words."""

from __future__ import annotations

from typing import Any

import pytest
from workflow_expressions import ExpressionError, condition, evaluated, interpolated

CONTEXTS: dict[str, Any] = {
    "inputs": {"dry-run": False, "shards": 5.0, "environment": ""},
    "needs": {"check": {"result": "success", "outputs": {"plan": "1f"}}},
    "steps": {"report": {"outputs": {"report": '[{"outcome": "attached"}]'}}},
}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("true", True),
        ("null == ''", True),
        ("'A' == 'a'", True),
        ("'it''s'", "it's"),
        ("'' || 'default'", "default"),
        ("'given' && 'then' || 'else'", "then"),
        ("0 && 'then' || 'else'", "else"),
        ("!inputs.dry-run", True),
        ("inputs.shards > 1", True),
        ("inputs.nothing.at.all", None),
        ("needs.check.result == 'success' && (true || false)", True),
        ("needs['check'].outputs.plan", "1f"),
        ("needs.*.result", ["success"]),
        ("contains(needs.*.result, 'failure')", False),
        ("format('{0}/{1}', 2, inputs.shards)", "2/5"),
        ("fromJSON('[1, 2]')[1]", 2),
        ("fromJSON('[1, 2]')[2] == null", True),
        ("fromJSON(steps.report.outputs.report)[0] == null", False),
        ("fromJSON(steps.report.outputs.report)[0].outcome", "attached"),
        ("startsWith('refs/tags/v1', 'refs/tags/')", True),
    ],
)
def test_an_expression_is_what_github_says(expression: str, value: Any) -> None:
    assert evaluated(expression, CONTEXTS) == value


def test_an_expression_alone_keeps_its_type_and_one_within_text_becomes_text() -> None:
    assert interpolated("${{ inputs.shards }}", CONTEXTS) == 5
    assert interpolated("${{ inputs.shards }} of ${{ inputs.dry-run }}", CONTEXTS) == "5 of false"


@pytest.mark.parametrize("success", [True, False])
def test_a_condition_asks_for_success_unless_it_asks_for_a_status_itself(success: bool) -> None:
    status = {"success": success, "failure": not success, "cancelled": False}

    assert condition(None, CONTEXTS, **status) is success
    assert condition("${{ inputs.shards == 5 }}", CONTEXTS, **status) is success
    assert condition("always() && inputs.shards == 5", CONTEXTS, **status) is True
    assert condition("${{ !cancelled() }}", CONTEXTS, **status) is True
    assert condition("failure()", CONTEXTS, **status) is not success


@pytest.mark.parametrize("wrong", ["inputs.a b", "secret.key", "nothing()", "'open", "1 +", ""])
def test_what_github_would_refuse_is_refused(wrong: str) -> None:
    with pytest.raises(ExpressionError):
        evaluated(wrong, CONTEXTS)
