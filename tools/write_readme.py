"""Write the generated parts of the README and of the pages in docs/: `make readme`.

Each lies between two comments that name it, in any of the files. A test fails while one is not
current.
"""

from __future__ import annotations

import json
import re
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from asc_linker.apple.error_document import parse_errors  # noqa: E402
from asc_linker.apple.refusals import recognise  # noqa: E402
from asc_linker.errors import every_error  # noqa: E402
from asc_linker.inputs.table import INPUTS, Input  # noqa: E402

FILES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
APPLES_WORDS = ROOT / "tests" / "fixtures" / "apple_errors.json"

BY_NEED = {
    "What nearly every workflow gives": (
        "api-key-id",
        "issuer-id",
        "api-private-key",
        "bundle-id",
        "build-number",
    ),
    "Which app, version and build": (
        "version-string",
        "tag",
        "package",
        "platform",
        "app-id",
        "version-id",
        "build-id",
    ),
    "Waiting, and what to do when something is otherwise": (
        "wait-minutes",
        "if-attached",
        "if-version-missing",
        "if-version-locked",
        "release-type",
        "earliest-release-date",
        "uses-non-exempt-encryption",
    ),
    "Several apps or platforms": ("targets", "shard", "expected-plan"),
    "Checking, trying, and other operations": (
        "operation",
        "dry-run",
        "demo",
        "report-file",
        "api-url",
    ),
}
"""The inputs as a reader needs them, the most common group first."""

EXIT_CODES = {
    "0": "Done, already so, or skipped as asked.",
    "1": "A fault of asc-linker's own; it says so, and how to report it.",
    "2": "The inputs: missing, malformed or contradicting.",
    "3": "The API key: not accepted, not allowed, or an agreement is missing; or a proxy refuses.",
    "4": "The app, version or build was not found.",
    "5": "Apple would refuse, or refused, this attachment.",
    "6": "The wait ended before the build was ready.",
    "7": "App Store Connect failed, could not be reached, or its answer could not be used.",
    "130, 143": "Interrupted, by Ctrl-C or a cancelled job. What is known is reported first.",
}

_EXAMPLES = {
    "api-key-id": "${{ secrets.ASC_KEY_ID }}",
    "issuer-id": "${{ secrets.ASC_ISSUER_ID }}",
    "api-private-key": "${{ secrets.ASC_PRIVATE_KEY }}",
    "bundle-id": "com.example.notes",
    "build-number": "${{ needs.build.outputs.build-number }}",
}
_PART = re.compile(
    r"<!-- ([a-z' -]+?)(?:: ([a-z-]+))? -->\n(?:.*?\n)??<!-- end of \1 -->", re.DOTALL
)


def current(text: str) -> str:
    """`text` with every generated part as it should be."""
    return _PART.sub(_written, text)


def _written(place: re.Match[str]) -> str:
    name, which = place[1], place[2]
    part = PARTS[name](which) if which else PARTS[name]()
    head = f"<!-- {name}: {which} -->" if which else f"<!-- {name} -->"
    return f"{head}\n{part}\n<!-- end of {name} -->"


def grouped_inputs() -> str:
    """A table for each group, under a heading."""
    return "\n\n".join(f"## {title}\n\n{_inputs(group)}" for title, group in _groups().items())


def folded_inputs() -> str:
    """The first group as it is, the others folded away."""
    (first, group), *others = _groups().items()
    parts = [f"**{first}**\n\n{_inputs(group)}"]
    parts += [
        f"<details>\n<summary>{title}</summary>\n\n{_inputs(group)}\n\n</details>"
        for title, group in others
    ]
    return "\n\n".join(parts)


def _groups() -> dict[str, list[Input]]:
    rest = {entry.name: entry for entry in INPUTS}
    groups = {
        title: [rest.pop(name) for name in names if name in rest]
        for title, names in BY_NEED.items()
    }
    if rest:
        raise SystemExit(f"BY_NEED has no place for {', '.join(rest)}.")
    return {title: group for title, group in groups.items() if group}


def _inputs(group: list[Input]) -> str:
    rows = [
        (f"`{entry.name}`", entry.meaning, f"`{entry.default}`" if entry.default else "")
        for entry in group
    ]
    return _table(("input", "meaning", "default"), rows)


def inputs_as_yaml() -> str:
    """One step with every input, its meaning above it."""
    lines = ["- uses: asc-linker/asc-linker@v0", "  with:"]
    for group in _groups().values():
        for entry in group:
            comment = textwrap.wrap(entry.meaning, 96, break_on_hyphens=False)
            value = json.dumps(_EXAMPLES.get(entry.name, entry.default))
            lines += ["", *(f"    # {line}" for line in comment), f"    {entry.name}: {value}"]
    return "```yaml\n" + "\n".join(lines).replace("with:\n\n", "with:\n") + "\n```"


def outputs() -> str:
    action: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    rows = [
        (f"`{name}`", output["description"].strip()) for name, output in action["outputs"].items()
    ]
    return _table(("output", "meaning"), rows)


def exit_codes() -> str:
    return _table(("code", "meaning"), list(EXIT_CODES.items()))


def rooms() -> str:
    """The table of rooms, as CONTRIBUTING.md has it."""
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = re.search(r"^\| room \|.*?(?=\n\n)", contributing, re.DOTALL | re.MULTILINE)
    assert table is not None, "CONTRIBUTING.md has a table of rooms"
    return table[0]


def workflow() -> str:
    """The workflow to paste, as the README has it."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"```yaml\non:.*?```", readme, re.DOTALL)
    assert block is not None, "README.md has a workflow"
    return block[0]


def diagram() -> str:
    """How a run goes, as the front page of the site draws it."""
    front = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    drawn = re.search(r"```mermaid\n.*?```", front, re.DOTALL)
    assert drawn is not None, "docs/index.md has a diagram"
    return drawn[0]


def apples_words(refusal: str) -> str:
    """What Apple answers where `refusal` is what we make of it, and where that was seen."""
    rows = json.loads(APPLES_WORDS.read_text(encoding="utf-8"))["rows"]
    quotes = []
    for row in rows:
        status = row["http_status"]
        errors = parse_errors(json.dumps(row["document"]).encode())
        case = recognise(status, errors)
        if case is None or case.id != refusal:
            continue
        said = next(error for error in every_error(errors) if case.fits(status, error))
        words = " – ".join(part for part in (said.title.rstrip("."), said.detail) if part)
        code = f", `{said.code}`" if said.code else ""
        quotes.append(f"> {words}<br>\n> HTTP {status}{code} ({_seen(row['source'])})")
    if not quotes:
        raise SystemExit(f"No row of {APPLES_WORDS.name} is recognised as {refusal}.")
    return "\n>\n".join(quotes)


def _seen(source: str) -> str:
    """Where a row was seen: a link where the source is one."""
    link = re.match(r"https://\S+?(?=,|$)", source)
    return f"[seen here]({link[0]})" if link else f"seen in {source}"


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(' '.join(cell.split()) for cell in line)} |" for line in lines)


PARTS: dict[str, Callable[..., str]] = {
    "grouped inputs": grouped_inputs,
    "folded inputs": folded_inputs,
    "inputs as yaml": inputs_as_yaml,
    "outputs": outputs,
    "exit codes": exit_codes,
    "rooms": rooms,
    "workflow": workflow,
    "diagram": diagram,
    "apple's words": apples_words,
}

if __name__ == "__main__":
    for file in FILES:
        file.write_text(current(file.read_text(encoding="utf-8")), encoding="utf-8")
