"""README and pages say what the code says."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ruamel.yaml import YAML

from asc_linker.emulator import World
from asc_linker.inputs.table import INPUTS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = ROOT / "docs"


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("write_readme", ROOT / "tools/write_readme.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATOR = generator()


@pytest.mark.parametrize("page", GENERATOR.FILES, ids=lambda page: page.name)
def test_what_is_generated_is_current(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    assert GENERATOR.current(text) == text, "run `make readme`"


def test_every_input_has_its_place_among_the_groups() -> None:
    placed = [name for names in GENERATOR.BY_NEED.values() for name in names]

    assert len(placed) == len(set(placed))
    assert {entry.name for entry in INPUTS} <= set(placed)


def test_the_yaml_to_copy_is_a_step_with_every_input() -> None:
    page = (DOCS / "inputs.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```yaml\n(- uses:.*?)```", page, re.DOTALL)
    (step,) = YAML(typ="safe").load(block)

    assert set(step["with"]) == {entry.name for entry in INPUTS}
    for entry in INPUTS:
        if entry.default:
            assert step["with"][entry.name] == entry.default


def workflow() -> dict[str, Any]:
    block = re.search(r"```yaml\n(on:.*?)```", README, re.DOTALL)
    assert block is not None
    document: dict[str, Any] = YAML(typ="safe").load(block[1])
    return document


def test_the_readmes_workflow_hands_the_number_that_was_built_to_the_job_that_attaches() -> None:
    jobs = workflow()["jobs"]

    assert jobs["build"]["outputs"] == {"build-number": "${{ steps.number.outputs.build-number }}"}
    assert jobs["attach"]["needs"] == "build"
    assert "build-number: ${{ needs.build.outputs.build-number }}" in README


def test_the_readmes_workflow_gives_a_run_all_the_time_that_it_may_take() -> None:
    waits = next(float(entry.default) for entry in INPUTS if entry.name == "wait-minutes")

    assert int(str(workflow()["jobs"]["attach"]["timeout-minutes"])) >= waits + 10


def test_the_readmes_workflow_cancels_no_release_that_waits() -> None:
    assert workflow()["concurrency"] == {"group": "app-store", "queue": "max"}


def snippets() -> list[tuple[str, str]]:
    """Every piece of YAML in the README and the pages, with the page it is on."""
    return [
        (page.name, block)
        for page in GENERATOR.FILES
        for block in re.findall(
            r"^```yaml\n(.*?)^```$", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
        )
    ]


def steps(document: Any) -> Iterator[dict[str, Any]]:
    """Every mapping that uses something, wherever it stands."""
    if isinstance(document, dict):
        if "uses" in document:
            yield document
        document = list(document.values())
    if isinstance(document, list):
        for each in document:
            yield from steps(each)


def test_every_step_in_a_snippet_gives_inputs_that_exist() -> None:
    known = {entry.name for entry in INPUTS}
    wrong = [
        (page, name)
        for page, block in snippets()
        for step in steps(YAML(typ="safe").load(block))
        if str(step["uses"]).startswith("asc-linker/asc-linker@")
        for name in step.get("with", {})
        if name not in known
    ]

    assert wrong == []


def test_every_whole_workflow_in_a_snippet_is_one(tmp_path: Path) -> None:
    files: list[Path] = []
    for page, block in snippets():
        if re.search(r"^on:", block, re.MULTILINE):
            files.append(tmp_path / f"{page}-{len(files)}.yml")
            files[-1].write_text(block, encoding="utf-8")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "check_jsonschema"),
            *("--builtin-schema", "vendor.github-workflows"),
            *map(str, files),
        ],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )

    assert len(files) > 1
    assert done.returncode == 0, done.stdout


def test_the_readme_has_no_link_that_leads_nowhere_on_pypi_and_the_marketplace() -> None:
    links = re.findall(r"\]\(([^)]+)\)|(?:src|srcset)=\"([^\"]+)\"", README)

    assert links
    for link in ("".join(pair) for pair in links):
        assert link.startswith(("https://", "#")), link


IN_THIS_REPOSITORY = re.compile(
    r"https://(?:raw\.githubusercontent\.com/asc-linker/asc-linker/main|"
    r"github\.com/asc-linker/asc-linker/blob/main)/([^)\s\"#]+)"
)
ON_THE_SITE = re.compile(r"https://asc-linker\.github\.io/asc-linker/([a-z]+)/(?:#([a-z0-9-]+))?")


def test_what_the_readme_links_to_in_this_repository_is_there() -> None:
    files = set(IN_THIS_REPOSITORY.findall(README))

    assert files
    assert {name for name in files if not (ROOT / name).exists()} == set()


def test_what_the_readme_links_to_on_the_site_is_there() -> None:
    links = set(ON_THE_SITE.findall(README))

    assert links
    for name, anchor in links:
        elsewhere = ROOT / name / "README.md"
        source = elsewhere if elsewhere.exists() else DOCS / f"{name}.md"
        assert source.exists(), name
        assert anchor in {"", *anchors(source)}, f"{name}#{anchor}"


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub and the site make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {
        re.sub(r"\s+", "-", re.sub(r"[^\w\s-]", "", heading.lower())).strip("-")
        for heading in headings
    }


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.name)
def test_a_pages_links_to_other_pages_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for link in re.findall(r"\]\((?![a-z]+:)([^)\s]+)\)|(?:src|srcset)=\"([^\"]+)\"", text):
        name, _, anchor = "".join(link).partition("#")
        there = page.parent / name if name else page
        assert there.exists(), name
        if anchor:
            assert anchor in anchors(there), f"{name}#{anchor}"


def test_every_page_is_in_the_sites_navigation_and_nothing_else_is() -> None:
    navigation = YAML(typ="safe").load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
    listed = re.findall(r"'([a-z-]+\.md)'", str(navigation))

    assert sorted(listed) == sorted(
        {page.name for page in DOCS.glob("*.md")}
        | {"changelog.md", "contributing.md", "examples.md", "fastlane.md"}
    )


WORLDS = re.findall(
    r"```json\n(.*?)```", (DOCS / "emulator.md").read_text(encoding="utf-8"), re.DOTALL
)


@pytest.mark.parametrize("text", WORLDS)
def test_the_worlds_in_the_emulators_page_can_be_served(text: str) -> None:
    assert World.from_json(text).to_json()["apps"]


def test_the_emulators_page_names_every_key_of_a_world() -> None:
    page = (DOCS / "emulator.md").read_text(encoding="utf-8")
    source = (ROOT / "asc_linker" / "emulator" / "world.py").read_text(encoding="utf-8")
    fields = set(re.findall(r"^    ([a-z_]+): [^=\n]+(?: = .*)?$", source, re.MULTILINE))

    def in_json(name: str) -> str:
        head, *rest = name.split("_")
        return head + "".join(word.capitalize() for word in rest)

    assert len(fields) > 40
    assert {name for name in fields if in_json(name) not in page} == set()
