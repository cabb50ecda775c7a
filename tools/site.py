"""Build the documentation site into build/site/html: `make site`.

Pages come from docs/ and from the few files that are pages of the repository first. A link that
leaves docs/ becomes a link to the page made of that file, or to the file on GitHub; a link to
nothing ends the build, as does every warning of the generator's. A Mermaid diagram, which GitHub
draws by itself, becomes the picture that `make pictures` made of it: the theme would load Mermaid
from elsewhere.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "build" / "site" / "pages"
ON_GITHUB = "https://github.com/asc-linker/asc-linker/blob/main"

PAGES_FROM_ELSEWHERE = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "examples/README.md": "examples.md",
    "fastlane/README.md": "fastlane.md",
}
"""Files of the repository that the site shows too, and the page each becomes."""

# A link or an image in Markdown, and a picture in HTML: what comes before, then where it leads.
_LINK = re.compile(r'(\]\(|(?:src|srcset)=")(?![a-z]+:|#|/)([^)\s"#]+)')

_DIAGRAM = re.compile(r"```mermaid\n(.*?)```", re.DOTALL)
_PICTURE = """<picture>
  <source media="(prefers-color-scheme: dark)" srcset="pictures/{name}-dark.png">
  <img src="pictures/{name}-light.png" alt="{alt}">
</picture>"""


def sources() -> dict[str, Path]:
    """Every page by its place on the site, and the file it is made from."""
    own = {path.name: path for path in sorted((ROOT / "docs").glob("*.md"))}
    return own | {page: ROOT / name for name, page in PAGES_FROM_ELSEWHERE.items()}


def page(source: Path) -> str:
    """The text of `source`, with links and diagrams as the site needs them."""
    text = _DIAGRAM.sub(_picture, source.read_text(encoding="utf-8"))
    return _LINK.sub(lambda link: link[1] + _target(source, link[2]), text)


def _picture(diagram: re.Match[str]) -> str:
    """The picture that was made of a diagram."""
    for made in (ROOT / "docs" / "pictures").glob("*.mmd"):
        if made.read_text(encoding="utf-8") == diagram[1]:
            described = re.search(r"accDescr: (.+)", diagram[1])
            return _PICTURE.format(name=made.stem, alt=described[1] if described else "")
    raise SystemExit(f"Run `make pictures`: there is none of this diagram.\n{diagram[1]}")


def _target(source: Path, link: str) -> str:
    """Where `link`, relative to `source`, leads from a page of the site."""
    there = Path(os.path.normpath(source.parent / link))
    if not there.exists():
        raise SystemExit(f"{source.relative_to(ROOT)} links to {link}, which is not there.")
    name = there.relative_to(ROOT).as_posix()
    if name in PAGES_FROM_ELSEWHERE:
        return PAGES_FROM_ELSEWHERE[name]
    if name.startswith("docs/") and not there.is_dir():
        return name.removeprefix("docs/")
    return f"{ON_GITHUB}/{name}"


def write_pages() -> None:
    shutil.rmtree(PAGES.parent, ignore_errors=True)
    PAGES.mkdir(parents=True)
    for name, source in sources().items():
        (PAGES / name).write_text(page(source), encoding="utf-8")
    for pattern in ("pictures/*.png", "pictures/*.svg", "*.json"):
        for file in (ROOT / "docs").glob(pattern):
            copy = PAGES / file.relative_to(ROOT / "docs")
            copy.parent.mkdir(exist_ok=True)
            shutil.copy(file, copy)


if __name__ == "__main__":
    write_pages()
    generator = Path(sys.executable).with_name("zensical")
    done = subprocess.run([generator, "build", "--strict"], cwd=ROOT, check=False)
    sys.exit(done.returncode)
