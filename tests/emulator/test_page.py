"""The emulator's page says what the emulator does."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

from asc_linker.emulator.__main__ import _parser
from asc_linker.emulator.bad_days import BAD_DAYS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "emulator.md").read_text(encoding="utf-8")


def generator() -> ModuleType:
    file = ROOT / "tools" / "write_emulator_page.py"
    spec = importlib.util.spec_from_file_location("write_emulator_page", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_its_table_of_what_is_played_is_current() -> None:
    assert generator().current(PAGE) == PAGE, "run `python tools/write_emulator_page.py`"


def test_it_names_every_option_and_every_bad_day() -> None:
    flags = {flag for action in _parser("x")._actions for flag in action.option_strings}

    assert {each for each in flags - {"-h", "--help"} if f"`{each}" not in PAGE} == set()
    for name, day in BAD_DAYS.items():
        assert f"| `{name}` | {day.meaning} |" in PAGE


def test_its_fixture_runs_as_it_is_pasted(tmp_path: Path) -> None:
    [fixture] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "test_release.py").write_text(fixture, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    ended = subprocess.run(
        command,
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert "1 passed" in ended.stdout, ended.stdout + ended.stderr
