"""The troubleshooting page has a section for each id in the code, and no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from asc_linker.apple.refusals import REFUSALS

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### (\S+)\n(.*?)(?=^#{2,3} |\Z)", PAGE, re.DOTALL | re.MULTILINE))
PARTS = ("You see", "Apple says", "Cause", "Cure", "Written")

IDS_BY_NAME = {"id", "reason_id"}
# What is made with an id as its first argument.
MADE_WITH_AN_ID = {"Check", "Refusal", "Skip", "Warning", "_Explanation", "_apple_decides", "_ok"}
MADE_WITH_AN_ID |= {"_refused"}
# Outcomes that are no failure, and have a section all the same.
OUTCOMES = {"kept"}


def ids_in_the_code() -> set[str]:
    package = ROOT / "asc_linker"
    sources = [path for path in package.rglob("*.py") if "emulator" not in path.parts]
    return {found for path in sources for found in ids_in(path)}


def ids_in(path: Path) -> Iterator[str]:
    """Every id that a file gives to a check, an error, a warning or a skip."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            yield from (text(each.value) for each in node.keywords if each.arg in IDS_BY_NAME)
            if name in MADE_WITH_AN_ID and node.args:
                yield text(node.args[0])
        elif isinstance(node, ast.ClassDef):
            for each in node.body:
                if isinstance(each, ast.Assign | ast.AnnAssign) and "id" in _targets(each):
                    yield text(each.value)


def _targets(node: ast.Assign | ast.AnnAssign) -> set[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return {getattr(target, "id", "") for target in targets}


def text(node: ast.expr | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


IDS = ids_in_the_code() - {""}


def test_the_code_has_ids_in_the_form_of_an_anchor() -> None:
    assert len(IDS) > 20
    assert {each for each in IDS if not re.fullmatch(r"[a-z]+(-[a-z]+)*", each)} == set()


@pytest.mark.parametrize("which", sorted(IDS))
def test_an_id_of_the_code_has_its_section(which: str) -> None:
    assert which in SECTIONS


@pytest.mark.parametrize("which", sorted(SECTIONS))
def test_a_section_is_about_an_id_that_the_code_has(which: str) -> None:
    assert which in IDS | OUTCOMES


@pytest.mark.parametrize("which", sorted(SECTIONS))
def test_a_section_says_what_one_sees_its_cause_its_cure_and_what_was_written(which: str) -> None:
    parts = re.findall(r"^- \*\*(.*?):\*\* ", SECTIONS[which] + " ", re.MULTILINE)
    parts += re.findall(r"^- \*\*(Apple says):\*\*$", SECTIONS[which], re.MULTILINE)

    assert sorted({*parts, "Apple says"}, key=PARTS.index) == list(PARTS)


def test_a_section_quotes_the_sentence_that_its_refusal_is_told_with() -> None:
    unsaid = [
        refusal.message
        for refusal in REFUSALS
        if refusal.message not in " ".join(SECTIONS[refusal.id].split())
    ]

    assert unsaid == []


def test_an_anchor_leads_to_one_place() -> None:
    headings = re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)
    anchors = [heading.lower().replace(" ", "-") for heading in headings]

    assert sorted(anchors) == sorted(set(anchors))
