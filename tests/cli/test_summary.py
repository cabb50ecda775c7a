"""asc-linker summary: report files in, one summary and one set of outputs out."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from cli.command_line import JOB, OTHER, ROOT, Done, Shell, variables
from reporting.samples import many, of_app

from asc_linker.decision.report import Outcome
from asc_linker.decision.request import Shard
from asc_linker.emulator import Emulator, ThrowawayKey
from asc_linker.reporting.report import report_file


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """The reports of three shards of seven targets; the last to be done comes first."""
    reports = many(7)
    reports[5] = of_app(5, Outcome.FAILED)
    parts = {3: reports[5:], 1: reports[:3], 2: reports[3:5]}
    for index, part in parts.items():
        text = report_file(part, Shard(index, 3, 7))
        (tmp_path / f"{index}.json").write_text(text, encoding="utf-8")
    return [f"{index}.json" for index in parts]


def test_shards_become_one_summary_and_the_first_failure_its_exit_code(
    shell: Shell, files: list[str]
) -> None:
    done = shell.run("summary", *files)

    assert done.exit_code == 5
    assert done.stdout.startswith("### ❌ 7 targets: 6 attached, 1 failed.\n")
    assert "Error: com.example.app005 (macos): The build cannot be attached" in done.stderr


def test_json_is_the_joined_report_in_the_order_of_the_shards(
    shell: Shell, files: list[str]
) -> None:
    done = shell.run("summary", "--json", *files)

    told = [one["bundle-id"] for one in json.loads(done.stdout)]
    assert told == [f"com.example.app{n:03}" for n in range(7)]


def test_in_a_step_of_githubs_summary_and_outputs_are_the_steps(
    shell: Shell, files: list[str], tmp_path: Path
) -> None:
    output, summary = tmp_path / "output", tmp_path / "summary.md"
    output.touch()
    summary.touch()

    done = shell.run("summary", *files, GITHUB_OUTPUT=str(output), GITHUB_STEP_SUMMARY=str(summary))

    assert (done.exit_code, done.stdout) == (5, "")
    assert summary.read_text(encoding="utf-8").startswith("### ❌ 7 targets")
    written = output.read_text(encoding="utf-8")
    for name in ("outcome", "changed", "plan", "report"):
        assert f"{name}<<" in written
    assert "\nfailed\n" in written


def test_without_the_actions_own_needs_a_step_is_told_what_to_install(
    shell: Shell, files: list[str], tmp_path: Path
) -> None:
    absent = tmp_path / "without"
    absent.mkdir()
    (absent / "actions_toolkit.py").write_text("raise ModuleNotFoundError('none')")
    (tmp_path / "output").touch()

    done = shell.run(
        "summary",
        *files,
        GITHUB_OUTPUT=str(tmp_path / "output"),
        PYTHONPATH=f"{absent}{os.pathsep}{ROOT}",
    )

    assert done.exit_code == 5
    assert "install `asc-linker[action]`" in done.stderr


def test_the_report_files_of_a_run_in_shards_make_the_run_whole(
    serve: Callable[..., Emulator], key: ThrowawayKey, tmp_path: Path
) -> None:
    apple = serve()
    apple.world.apps.extend(type(apple.world).from_json({"apps": [OTHER]}).apps)
    shell = Shell(tmp_path, variables(apple, key))
    targets = "- bundle-id: com.example.notes\n- bundle-id: com.example.other"
    job = ("attach", *JOB[2:], "--targets", targets, "--dry-run")

    whole = shell.run(*job, "--json")
    for n in (2, 1):
        done = shell.run(*job, "--shard", f"{n}/2", "--report-file", f"{n}.json")
        assert done.exit_code == 0, done.stderr
    joined = shell.run("summary", "2.json", "1.json", "--json")

    plans = [one["plan"] for one in json.loads(joined.stdout)]
    assert plans == [one["plan"] for one in json.loads(whole.stdout)]
    assert "2 targets: 2 would-attach." in joined.stderr


def missing(done: Done) -> str:
    assert done.exit_code in (2, 5)
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_shard_that_is_not_there_is_a_failure(shell: Shell, files: list[str]) -> None:
    told = missing(shell.run("summary", *files[1:]))

    assert "2 report files of 3 shards" in told
    assert "3/3" in told


def test_a_file_that_is_not_there_is_a_failure(shell: Shell, files: list[str]) -> None:
    told = missing(shell.run("summary", *files, "gone.json"))

    assert "`gone.json` cannot be read: No such file or directory." in told


def test_without_a_file_it_is_an_input_error(shell: Shell) -> None:
    assert shell.run("summary").exit_code == 2


def test_targets_that_all_went_well_are_a_success(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text(report_file(many(3)), encoding="utf-8")

    assert shell.run("summary", "report.json").exit_code == 0
