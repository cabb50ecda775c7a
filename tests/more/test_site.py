"""The documentation site as it is built: nothing leads nowhere, nothing is fetched from others."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).parents[2]
HTML = ROOT / "build" / "site" / "html"
ADDRESS = "https://asc-linker.github.io/asc-linker/"


class Page(HTMLParser):
    """The anchors of a page, what it links to, and what it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: list[str] = []
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if "id" in given:
            self.anchors.append(given["id"])
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag in ("img", "script", "source", "iframe"):
            self.loads += [given[name] for name in ("src", "srcset") if name in given]
        elif tag == "link" and given.get("rel") in ("stylesheet", "icon", "preload"):
            self.loads.append(given["href"])


@pytest.fixture(scope="module")
def site() -> dict[Path, Page]:
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "site.py"],
        env=os.environ | {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning" not in (done.stdout + done.stderr).lower()
    return {
        path.resolve(): Page(path.read_text(encoding="utf-8"))
        for path in sorted(HTML.rglob("*.html"))
        if path.name != "404.html"
    }


def file_of(address: str, page: Path) -> Path | None:
    """The file that an address on `page` leads to; None for one that leads elsewhere."""
    if address.startswith(ADDRESS):
        address, page = address.removeprefix(ADDRESS) or ".", HTML / "index.html"
    parts = urlsplit(address)
    if parts.scheme or parts.netloc:
        return None
    there = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    return there / "index.html" if there.is_dir() else there


def test_every_link_and_every_anchor_leads_somewhere(site: dict[Path, Page]) -> None:
    nowhere = []
    for path, page in site.items():
        for link in page.links:
            there = file_of(link, path)
            anchor = unquote(urlsplit(link).fragment)
            if there is None:
                continue
            if not there.exists() or (
                anchor and there in site and anchor not in ("__consent", *site[there].anchors)
            ):
                nowhere.append(f"{path.relative_to(HTML.resolve())}: {link}")

    assert nowhere == []


def test_what_a_page_loads_is_part_of_the_site(site: dict[Path, Page]) -> None:
    missing = [
        f"{path.relative_to(HTML.resolve())}: {load}"
        for path, page in site.items()
        for load in page.loads
        if (there := file_of(load, path)) is None or not there.exists()
    ]

    assert missing == []


def test_no_anchor_stands_twice_on_a_page(site: dict[Path, Page]) -> None:
    for path, page in site.items():
        twice = {anchor for anchor in page.anchors if page.anchors.count(anchor) > 1}
        assert twice == set(), path


def test_the_anchors_of_the_troubleshooting_page_are_the_ids(site: dict[Path, Page]) -> None:
    source = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    ids = set(re.findall(r"^### (\S+)$", source, re.MULTILINE))
    anchors = set(site[(HTML / "troubleshooting" / "index.html").resolve()].anchors)

    assert len(ids) > 40
    assert ids <= anchors


def test_apples_words_and_the_symptoms_can_be_searched_for(site: dict[Path, Page]) -> None:
    index = (HTML / "search.json").read_text(encoding="utf-8")

    assert "pre-release build could not be added" in index
    assert "is not among the uploaded builds" in index
