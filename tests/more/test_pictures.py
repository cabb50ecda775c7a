"""A picture shows what a run gives today: the text beside it is that of a fresh run."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "pictures"
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="one is of a POSIX terminal")


@pytest.fixture(scope="module")
def runs() -> ModuleType:
    spec = importlib.util.spec_from_file_location("runs", ROOT / "tools" / "pictures" / "runs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def fresh(runs: ModuleType) -> dict[str, str]:
    texts: dict[str, str] = runs.run_all().texts()
    return {name: runs.timeless(text) for name, text in texts.items()}


TEXTS = sorted(path.name for path in PICTURES.iterdir() if path.suffix in (".md", ".txt", ".mmd"))


@pytest.mark.parametrize("name", TEXTS)
def test_the_text_beside_a_picture_is_what_a_run_gives_today(
    name: str, fresh: dict[str, str], runs: ModuleType
) -> None:
    beside = runs.timeless((PICTURES / name).read_text(encoding="utf-8"))

    assert beside == fresh[name], "run `make pictures`, and look at them"


def test_every_run_has_its_picture_in_both_schemes_and_small(fresh: dict[str, str]) -> None:
    assert sorted(fresh) == TEXTS
    for name in TEXTS:
        for scheme in ("light", "dark"):
            kind = "svg" if name == "terminal.txt" else "png"
            picture = PICTURES / f"{Path(name).stem}-{scheme}.{kind}"
            assert 1_000 < picture.stat().st_size < 80_000, picture.name


def test_a_picture_says_in_words_what_it_shows() -> None:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    images = [image for page in pages for image in re.findall(r"<img [^>]+>", page.read_text())]

    assert len(images) > 5
    assert [image for image in images if not re.search(r'alt="[^"]{30,}"', image)] == []
