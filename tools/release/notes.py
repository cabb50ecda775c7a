"""What a release says of itself: `python tools/release/notes.py v0.3.1` prints its changelog.

Ends with 1 when the tag, pyproject.toml and CHANGELOG.md do not name the same version.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

TAG = re.compile(r"v(\d+\.\d+\.\d+)")
# A section of Keep a Changelog: up to the next one, or to the links at the file's end.
SECTION = r"^## \[{}\] - \d{{4}}-\d\d-\d\d\n(.*?)(?=^## |^\[[^\]]+\]: |\Z)"


class NotReady(Exception):
    """The release cannot be made. The text says what to change."""


def notes(tag: str, project: str, changelog: str) -> str:
    """The section of `changelog` for the version that `tag` and `project` agree on.

    Raises NotReady: they do not agree, or the section is missing or empty.
    """
    named = TAG.fullmatch(tag)
    if not named:
        raise NotReady(f"{tag} is no tag of a release: those are like v0.3.1.")
    version = tomllib.loads(project)["project"]["version"]
    if version != named[1]:
        raise NotReady(f"The tag is {tag}, and pyproject.toml says {version}: change one of them.")
    sections = re.findall(SECTION.format(re.escape(version)), changelog, re.DOTALL | re.MULTILINE)
    if len(sections) != 1:
        found = f"{len(sections)} sections" if sections else "no section"
        raise NotReady(f"CHANGELOG.md has {found} like `## [{version}] - 2027-01-31`.")
    if not (text := sections[0].strip()):
        raise NotReady(f"CHANGELOG.md says nothing about {version}.")
    return f"{text}\n"


def main(tag: str, root: Path = Path()) -> int:
    project, changelog = (
        (root / name).read_text(encoding="utf-8") for name in ("pyproject.toml", "CHANGELOG.md")
    )
    try:
        print(notes(tag, project, changelog), end="")
    except NotReady as error:
        print(f"{Path(__file__).name}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
