"""The version, wherever it is written: `python tools/release/version.py 0.3.1 2027-01-31` sets it.

pyproject.toml, the changelog's newest section, and every snippet that names a version of ours:
`asc-linker/asc-linker@v0.3.1`, `ghcr.io/asc-linker/asc-linker:0.3.1`, `asc-linker==0.3.1`.
Without arguments it changes nothing, and ends with 1 where a snippet names another version.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# What is under version control and shows snippets. The changelog speaks of the past.
PAGES = ("*.md", "docs/**/*.md", "fastlane/**/*.md", "examples/**/*", "fastlane/**/*.rb")
PAST = ("CHANGELOG.md",)
OURS = re.compile(
    r"""(?P<before>
          asc-linker/asc-linker(?:/[\w./-]+)?@v    # the action, the composite, the workflow
        | ghcr\.io/asc-linker/asc-linker:          # the image
        | (?<![\w./-])asc-linker(?:\[\w+\])?==     # the command
        | fastlane-plugin-asc_linker["'],\ ["']  # the gem
        | asc-linker["'],\ version:\ ["']v?      # import_from_git
        | ^\ *VERSION\ =\ ["']                     # the gem's own
        )
        (?P<version>\d+\.\d+\.\d+)\b""",
    re.VERBOSE | re.MULTILINE,
)
PROJECT = re.compile(r"(?P<before>^version = \")(?P<version>[^\"]+)", re.MULTILINE)
UNRELEASED = "## [Unreleased]\n"


def pages(root: Path) -> Iterator[Path]:
    for pattern in PAGES:
        for path in sorted(root.glob(pattern)):
            if path.is_file() and path.name not in PAST:
                yield path


def stale(root: Path, version: str) -> list[str]:
    """Where a snippet names another version than `version`, as `file:line: snippet`."""
    found = []
    for path in pages(root):
        text = path.read_text(encoding="utf-8")
        for match in OURS.finditer(text):
            if match["version"] != version:
                line = text.count("\n", 0, match.start()) + 1
                found.append(f"{path.relative_to(root)}:{line}: {match[0]}")
    return found


def set_version(root: Path, version: str, date: str) -> None:
    for path in (root / "pyproject.toml", *pages(root)):
        pattern = PROJECT if path.name == "pyproject.toml" else OURS
        before = path.read_text(encoding="utf-8")
        after = pattern.sub(rf"\g<before>{version}", before)
        if after != before:
            path.write_text(after, encoding="utf-8", newline="\n")
    changelog = root / "CHANGELOG.md"
    text = changelog.read_text(encoding="utf-8")
    if f"## [{version}]" not in text:
        text = text.replace(UNRELEASED, f"{UNRELEASED}\n## [{version}] - {date}\n", 1)
        changelog.write_text(text, encoding="utf-8", newline="\n")


def main(*arguments: str, root: Path = ROOT) -> int:
    if arguments:
        version, date = arguments
        if not re.fullmatch(r"\d+\.\d+\.\d+", version):
            print(f"version.py: {version} is no version: those are like 0.3.1.", file=sys.stderr)
            return 1
        set_version(root, version, date)
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wrong = stale(root, project["version"])
    for snippet in wrong:
        print(f"{snippet}, but pyproject.toml says {project['version']}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
