"""Write the README's tables from what they describe: `make readme`.

Each lies between two comments that name it. A test fails while they are not current.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from asc_linker.apple.error_document import parse_errors  # noqa: E402
from asc_linker.apple.refusals import REFUSALS, recognise  # noqa: E402
from asc_linker.errors import every_error  # noqa: E402
from asc_linker.inputs.table import INPUTS  # noqa: E402

README = ROOT / "README.md"
APPLES_WORDS = ROOT / "tests" / "fixtures" / "apple_errors.json"


def current(readme: str) -> str:
    """`readme` with every generated part as it should be."""
    for name, text in PARTS.items():
        part = f"<!-- {name} -->\n{text()}\n<!-- end of {name} -->"
        pattern = re.compile(f"<!-- {name} -->.*<!-- end of {name} -->", re.DOTALL)
        readme, found = pattern.subn(lambda _, part=part: part, readme)
        if found != 1:
            raise SystemExit(f"README.md has {found} places for {name}, but should have one.")
    return readme


def inputs() -> str:
    rows = [
        (f"`{entry.name}`", entry.meaning, f"`{entry.default}`" if entry.default else "")
        for entry in INPUTS
    ]
    return _table(("input", "meaning", "default"), rows)


def outputs() -> str:
    action: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    rows = [
        (f"`{name}`", output["description"].strip()) for name, output in action["outputs"].items()
    ]
    return _table(("output", "meaning"), rows)


def troubleshooting() -> str:
    """One entry for each refusal in the catalogue, under the words Apple uses for it."""
    rows = json.loads(APPLES_WORDS.read_text(encoding="utf-8"))["rows"]
    words: dict[int, str] = {}
    for row in rows:
        errors = parse_errors(json.dumps(row["document"]).encode())
        case = recognise(row["http_status"], errors)
        if case is not None:
            told = next(each for each in every_error(errors) if case.fits(row["http_status"], each))
            words.setdefault(REFUSALS.index(case), told.detail or told.title)
    entries = []
    for number, case in enumerate(REFUSALS):
        code = f"HTTP {case.status}, `{case.code}`"
        said = " ".join(words[number].split()).split(". ")[0]
        entries.append(f"**{said}**<br>\n{code}<br>\n{case.message} {case.hint}\n")
    return "\n".join(entries).rstrip()


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(' '.join(cell.split()) for cell in line)} |" for line in lines)


PARTS = {"inputs": inputs, "outputs": outputs, "troubleshooting": troubleshooting}

if __name__ == "__main__":
    README.write_text(current(README.read_text(encoding="utf-8")), encoding="utf-8")
