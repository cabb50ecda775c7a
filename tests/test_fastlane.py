"""The fastlane step's own tests, in Ruby, with the real command line and an emulator."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from asc_linker.emulator import Emulator, ThrowawayKey
from asc_linker.emulator.example import example_world

ROOT = Path(__file__).parent.parent


@pytest.mark.skipif(shutil.which("ruby") is None, reason="the fastlane step needs ruby")
@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell")
def test_the_fastlane_step_passes_its_own_tests_with_the_real_command_line(
    key: ThrowawayKey, tmp_path: Path
) -> None:
    command = tmp_path / "asc-linker"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m asc_linker.cli "$@"\n')
    command.chmod(0o755)
    with Emulator(example_world(), keys=[key]) as emulator:
        done = subprocess.run(
            [str(ROOT / "fastlane" / "test" / "run")],
            env=os.environ
            | {
                "PYTHONPATH": str(ROOT),
                "ASC_LINKER_TEST_EXECUTABLE": str(command),
                "ASC_LINKER_API_URL": emulator.url,
                "ASC_LINKER_API_KEY_ID": key.key_id,
                "ASC_LINKER_ISSUER_ID": key.issuer_id or "",
                "ASC_LINKER_API_PRIVATE_KEY": key.private_key,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )

    assert done.returncode == 0, done.stdout
