"""Write into the emulator's page what it plays, from the register that it answers by."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from asc_linker.emulator.app_store_connect import WRITES  # noqa: E402
from asc_linker.emulator.facts import (  # noqa: E402
    COLLECTIONS,
    NOT_PLAYED,
    OPENAPI_VERSION,
    TYPES,
)
from asc_linker.emulator.resources import RELATED  # noqa: E402

PAGE = ROOT / "docs" / "emulator.md"
_PART = re.compile(r"(<!-- played: begin -->\n).*(<!-- played: end -->)", re.DOTALL)


def current(page: str) -> str:
    """`page` with the table as it should be."""
    return _PART.sub(lambda part: part[1] + played() + "\n" + part[2], page)


def played() -> str:
    rows = "\n".join(
        f"| `{kind}` | {_reads(kind)} | {_names(RELATED[kind])} | {_writes(kind)} |"
        for kind in TYPES
    )
    elsewhere = ", ".join(f"`{each.replace('*', '{id}')}`" for each in sorted(NOT_PLAYED))
    return f"""\
By version {OPENAPI_VERSION} of Apple's document:

| type | read | leads to what the world holds | written |
|---|---|---|---|
{rows}

Every other relationship of these types is there too, empty, with its links and both of its paths.
Of these types Apple also has, and the emulator answers 501 to: {elsewhere}."""


def _reads(kind: str) -> str:
    listed = f"`/v1/{kind}`, " if kind in COLLECTIONS else ""
    return f"{listed}`/v1/{kind}/{{id}}`"


def _writes(kind: str) -> str:
    calls = (each.replace(f"/v1/{kind}", "").replace("*", "{id}") for each in WRITES)
    of_kind = (call for call, each in zip(calls, WRITES, strict=True) if f"/v1/{kind}" in each)
    return ", ".join(f"`{call.strip()}`" for call in of_kind) or "–"


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{each}`" for each in names)


if __name__ == "__main__":
    PAGE.write_text(current(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
