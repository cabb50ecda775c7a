"""The table of inputs is read before anything is installed, and by everything else after that."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from asc_linker.inputs.table import INPUTS, variable

ROOT = Path(__file__).parent.parent.parent


def test_the_table_needs_nothing_but_python() -> None:
    """-S leaves out every package that is installed."""
    code = "from asc_linker.inputs.table import INPUTS; print(len(INPUTS))"

    done = subprocess.run(
        [sys.executable, "-S", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert int(done.stdout) == len(INPUTS)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("tag", "ASC_LINKER_TAG"), ("api-private-key-file", "ASC_LINKER_API_PRIVATE_KEY_FILE")],
)
def test_an_option_has_one_spelling_in_the_environment(name: str, expected: str) -> None:
    assert variable(name) == expected


def test_only_the_key_is_secret_and_no_target_holds_it() -> None:
    secret = [entry for entry in INPUTS if entry.secret]

    assert [entry.name for entry in secret] == ["api-private-key"]
    assert not any(entry.in_targets for entry in secret)
