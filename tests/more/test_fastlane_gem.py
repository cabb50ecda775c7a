"""The fastlane step in Ruby: its own tests, the gem as RubyGems builds and installs it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from test_fastlane import FASTLANE, listed_files, version_of_the_gem

from asc_linker.emulator import Emulator, ThrowawayKey
from asc_linker.emulator.example import example_world

ROOT = Path(__file__).parent.parent.parent
GEM = "fastlane-plugin-asc_linker"
# As fastlane loads a plugin, and finds out which actions it has.
LOAD = f"""
require '{FASTLANE / "test" / "fastlane_stand_in"}'
gem '{GEM}', '{version_of_the_gem()}'
require 'fastlane/plugin/asc_linker'
files = Fastlane::AscLinker.all_classes.select {{ |file| File.dirname(file).include?('/actions') }}
puts(files, Fastlane::Actions::AscAttachBuildAction.available_options.size)
"""


def ruby_runs(*arguments: str) -> bool:
    return (
        shutil.which("ruby") is not None
        and subprocess.run(["ruby", *arguments], capture_output=True, check=False).returncode == 0
    )


pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="needs a shell"),
    pytest.mark.skipif(
        not ruby_runs("-e", "require 'minitest'; exit RUBY_VERSION >= '3.0'"),
        reason="needs ruby 3.0 or newer with minitest (Debian: ruby and ruby-minitest)",
    ),
]


def run(*command: str | Path, folder: Path, **variables: str) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def gem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The gem, built where there is nothing but fastlane/, so without git."""
    folder = tmp_path_factory.mktemp("gem")
    shutil.copytree(FASTLANE, folder / "fastlane")
    (folder / "fastlane" / "lib" / "lies_around.rb").touch()
    built = folder / f"{GEM}.gem"
    run("gem", "build", "--strict", f"{GEM}.gemspec", "-o", built, folder=folder / "fastlane")
    return built


def test_the_gem_holds_the_files_listed_and_no_others(gem: Path, tmp_path: Path) -> None:
    run("gem", "unpack", gem, folder=tmp_path)
    (unpacked,) = tmp_path.iterdir()
    held = {
        path.relative_to(unpacked).as_posix(): path.read_bytes()
        for path in unpacked.rglob("*")
        if path.is_file()
    }

    assert held == {name: (FASTLANE / name).read_bytes() for name in listed_files()}


def test_fastlane_finds_the_action_in_the_installed_gem(gem: Path, tmp_path: Path) -> None:
    home = tmp_path / "gems"
    run("gem", "install", "--local", "--no-document", "--install-dir", home, gem, folder=tmp_path)
    where = {"GEM_HOME": str(home), "GEM_PATH": str(home)}
    found, options = run("ruby", "-w", "-e", LOAD, folder=tmp_path, **where).splitlines()

    assert found.startswith(str(home.resolve()))
    assert found.endswith("/actions/asc_attach_build.rb")
    assert int(options) > 0


def test_the_fastlane_step_passes_its_own_tests(tmp_path: Path) -> None:
    run(FASTLANE / "test" / "run", folder=tmp_path)


def test_a_lane_attaches_with_the_real_command_line(key: ThrowawayKey, tmp_path: Path) -> None:
    command = tmp_path / "asc-linker"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m asc_linker.cli "$@"\n')
    command.chmod(0o755)
    with Emulator(example_world(), keys=[key]) as emulator:
        run(
            "ruby",
            "-w",
            FASTLANE / "test" / "real_cli_test.rb",
            folder=tmp_path,
            PYTHONPATH=str(ROOT),
            ASC_LINKER_TEST_EXECUTABLE=str(command),
            ASC_LINKER_API_URL=emulator.url,
            ASC_LINKER_API_KEY_ID=key.key_id,
            ASC_LINKER_ISSUER_ID=key.issuer_id or "",
            ASC_LINKER_API_PRIVATE_KEY=key.private_key,
        )
