"""What a person at a terminal sees."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cli.command_line import APP, JOB, OTHER, ROOT, Shell, variables

from asc_linker.emulator import Emulator, ThrowawayKey

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")


def test_the_result_comes_with_a_summary_and_the_checks(shell: Shell) -> None:
    done = shell.at_a_terminal("attach", *JOB)

    assert done.exit_code == 0
    for words in (
        "Example Notes, com.example.notes",
        "1.4.2 (iOS), PREPARE_FOR_SUBMISSION",
        "230 → 231",
        "✓  Processed",
        "Build 231 is now attached to version 1.4.2 (iOS) of Example Notes",
    ):
        assert words in done.without_colour
    assert "\x1b[" in done.stderr


def test_json_on_stdout_is_the_same_as_in_a_pipe(shell: Shell) -> None:
    done = shell.at_a_terminal("show", *JOB, "--json")

    assert done.report["outcome"] == "shown"
    assert "none → " not in done.without_colour
    assert "Build 230 is attached" in done.without_colour


def test_no_color_means_no_colour(shell: Shell) -> None:
    done = shell.at_a_terminal("attach", *JOB, NO_COLOR="1")

    assert "Build 231 is now attached" in done.stderr
    assert "\x1b[32m" not in done.stderr
    assert "\x1b[1;32m" not in done.stderr


def test_a_dumb_terminal_gets_plain_lines(shell: Shell) -> None:
    done = shell.at_a_terminal("attach", *JOB, TERM="dumb")

    assert "Build 231 is now attached" in done.stderr
    assert "\x1b" not in done.stderr


def test_without_rich_there_are_plain_lines_in_colour(shell: Shell, tmp_path: Path) -> None:
    absent = tmp_path / "without"
    absent.mkdir()
    (absent / "rich.py").write_text("raise ModuleNotFoundError('no rich', name='rich')")

    done = shell.at_a_terminal("attach", *JOB, PYTHONPATH=f"{absent}{os.pathsep}{ROOT}")

    assert done.exit_code == 0
    assert "\x1b[32m✓" in done.stderr
    assert "Build 231 is now attached" in done.without_colour
    assert "Traceback" not in done.stderr


def test_a_failure_is_told_with_its_hint(shell: Shell) -> None:
    done = shell.at_a_terminal("show", "--platform", "watchos")

    assert done.exit_code == 2
    assert "Error: Check the inputs" in done.without_colour
    assert "`--platform` is `watchos`" in done.without_colour


def test_quiet_shows_one_line(shell: Shell) -> None:
    done = shell.at_a_terminal("attach", *JOB, "--quiet")

    assert len(done.without_colour.splitlines()) == 1


def test_verbose_shows_requests_and_warnings_are_shown(
    serve: Callable[..., Emulator], key: ThrowawayKey, tmp_path: Path
) -> None:
    shell = Shell(tmp_path, variables(serve(build={"usesNonExemptEncryption": None}), key))

    done = shell.at_a_terminal("attach", *JOB, "--verbose")

    assert "GET /v1/apps → 200" in done.without_colour
    assert "Warning: Export compliance is unanswered" in done.without_colour


def test_a_wait_shows_what_is_so_and_for_how_long_until_it_is_stopped(
    serve: Callable[..., Emulator], key: ThrowawayKey, tmp_path: Path
) -> None:
    apple = serve(build={"processedAfterSeconds": 3600})
    shell = Shell(tmp_path, variables(apple, key))

    done = shell.at_a_terminal(
        *("attach", *JOB, "--wait-minutes", "90"),
        until=lambda shown: "PROCESSING" in shown and "0:01 so far, 1:29:5" in shown,
    )

    assert done.exit_code == 143
    assert "Stopped by SIGTERM. Nothing was written." in done.without_colour


def test_several_targets_are_one_live_table_and_end_as_one(
    serve: Callable[..., Emulator], key: ThrowawayKey, tmp_path: Path
) -> None:
    apple = serve(build={"processedAfterSeconds": 3600})
    apple.world.apps.extend(type(apple.world).from_json({"apps": [OTHER]}).apps)
    targets = "- bundle-id: com.example.notes\n- bundle-id: com.example.other"
    job = (*JOB[2:], "--targets", targets, "--wait-minutes", "9")

    done = Shell(tmp_path, variables(apple, key)).at_a_terminal(
        "attach", *job, until=lambda shown: "so far" in shown and "Platform" in shown
    )

    shown = done.without_colour
    assert done.exit_code == 143
    assert re.search(r"App +Platform +State", shown)
    assert re.search(r"[–✗] +com\.example\.notes \(ios\) +1\.4\.2", shown)
    assert "2 targets: " in shown


def test_a_quiet_wait_shows_nothing_until_the_end(
    serve: Callable[..., Emulator], key: ThrowawayKey, tmp_path: Path
) -> None:
    apple = serve(build={"processedAfterSeconds": 3600})
    shell = Shell(tmp_path, variables(apple, key))

    done = shell.at_a_terminal("attach", *JOB, "--wait-minutes", "0.01", "--quiet")

    assert done.exit_code == 6
    assert done.without_colour.startswith("Error: ")


def test_foreign_text_neither_colours_nor_moves_the_cursor(
    serve: Callable[..., Emulator], key: ThrowawayKey, tmp_path: Path
) -> None:
    name = "[bold red]loud[/] \x1b[2J\x1b]0;title\x07 :smile: \u202eevil"
    shell = Shell(tmp_path, variables(serve(app={**APP, "name": name}), key))

    done = shell.at_a_terminal("show", *JOB)

    assert "[bold red]loud[/]" in done.without_colour
    assert ":smile:" in done.without_colour
    for sequence in ("\x1b[2J", "\x1b]0;", "\x07", "\u202e"):
        assert sequence not in done.stderr


def test_doctor_fits_on_a_screen(shell: Shell) -> None:
    done = shell.at_a_terminal("doctor", "--bundle-id", "com.example.notes")

    assert done.exit_code == 0
    assert "✓  Accepted" in done.without_colour
    assert "?  Role" in done.without_colour
    assert len(done.lines) < 24
