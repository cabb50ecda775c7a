"""The README says what the code says."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from asc_linker.emulator import World

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("write_readme", ROOT / "tools/write_readme.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_its_tables_and_its_troubleshooting_are_current() -> None:
    assert generator().current(README) == README, "run `make readme`"


WORLDS = re.findall(
    r"```json\n(.*?)```", (ROOT / "docs" / "emulator.md").read_text(encoding="utf-8"), re.DOTALL
)


@pytest.mark.parametrize("text", WORLDS)
def test_the_worlds_in_the_emulators_page_can_be_served(text: str) -> None:
    assert World.from_json(text).to_json()["apps"]


def test_the_emulators_page_names_every_key_of_a_world() -> None:
    page = (ROOT / "docs" / "emulator.md").read_text(encoding="utf-8")
    source = (ROOT / "asc_linker" / "emulator" / "world.py").read_text(encoding="utf-8")
    fields = set(re.findall(r"^    ([a-z_]+): [^=\n]+(?: = .*)?$", source, re.MULTILINE))

    def in_json(name: str) -> str:
        head, *rest = name.split("_")
        return head + "".join(word.capitalize() for word in rest)

    assert len(fields) > 40
    assert {name for name in fields if in_json(name) not in page} == set()
