"""attach, detach and show: what they do, what they print, and how they end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cli.command_line import APP, CLI, JOB, PATIENCE_S, Shell, variables

from asc_linker.emulator import Emulator, ThrowawayKey

WAIT = ["attach", *JOB, "--wait-minutes", "5", "--json"]
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals as Unix has them")


def attached(apple: Emulator) -> str | None:
    version = apple.world.version("v142")
    assert version is not None
    return version.build


def test_attach_attaches_the_build_and_puts_the_report_on_stdout(
    shell: Shell, apple: Emulator
) -> None:
    done = shell.run("attach", *JOB, "--json")

    assert done.exit_code == 0
    assert attached(apple) == "b231"
    assert done.report["outcome"] == "attached"
    assert done.report["build-number"] == "231"
    assert "Build 231 is now attached to version 1.4.2 (iOS) of Example Notes" in done.stderr


def test_without_json_nothing_is_on_stdout(shell: Shell) -> None:
    done = shell.run("show", *JOB)

    assert (done.exit_code, done.stdout) == (0, "")
    assert "Build 230 is attached to version 1.4.2" in done.stderr


def test_detach_takes_the_build_off(shell: Shell, apple: Emulator) -> None:
    done = shell.run("detach", *JOB[:4], "--json")

    assert (done.exit_code, done.report["outcome"]) == (0, "detached")
    assert attached(apple) is None


@pytest.mark.parametrize("flag", [["--dry-run"], ["--dry-run=yes"], ["--dry-run", "1"]])
def test_a_dry_run_writes_nothing(shell: Shell, apple: Emulator, flag: list[str]) -> None:
    done = shell.run("attach", *JOB, *flag, "--json")

    assert (done.exit_code, done.report["outcome"]) == (0, "would-attach")
    assert not apple.writes


def test_every_option_is_a_variable_as_well_and_flags_win(shell: Shell) -> None:
    done = shell.run(
        "show",
        "--version-string",
        "1.4.2",
        ASC_LINKER_BUNDLE_ID="com.example.notes",
        ASC_LINKER_VERSION_STRING="9.9",
        ASC_LINKER_JSON="1",
    )

    assert (done.exit_code, done.report["version-string"]) == (0, "1.4.2")


def test_an_empty_flag_is_not_given(shell: Shell) -> None:
    done = shell.run("show", *JOB, "--version-string", "", ASC_LINKER_VERSION_STRING="1.4.2")

    assert done.exit_code == 0


def test_what_only_attach_needs_does_not_disturb_show(shell: Shell) -> None:
    done = shell.run("show", *JOB, "--if-attached", "keep", "--dry-run")

    assert done.exit_code == 0


@pytest.mark.parametrize(
    "ci",
    [
        {"GITHUB_REF_TYPE": "tag", "GITHUB_REF_NAME": "v1.4.2+231"},
        {"CI_COMMIT_TAG": "v1.4.2+231"},
        {"BITRISE_GIT_TAG": "v1.4.2+231"},
        {"CIRCLE_TAG": "v1.4.2+231"},
        {"CM_TAG": "v1.4.2+231"},
        {"TAG_NAME": "v1.4.2+231"},
        {"BUILD_SOURCEBRANCH": "refs/tags/v1.4.2+231"},
    ],
    ids=lambda ci: next(iter(ci)),
)
def test_version_and_build_come_from_the_tag_that_was_pushed(
    shell: Shell, ci: dict[str, str]
) -> None:
    done = shell.run("attach", "--bundle-id", "com.example.notes", "--dry-run", "--json", **ci)

    assert (done.report["version-string"], done.report["build-number"]) == ("1.4.2", "231")


@pytest.mark.parametrize(
    "ci",
    [
        {"GITHUB_REF_TYPE": "branch", "GITHUB_REF_NAME": "v1.4.2", "CI_COMMIT_TAG": ""},
        {"BUILD_SOURCEBRANCH": "refs/heads/v1.4.2"},
    ],
)
def test_a_branch_is_no_tag(shell: Shell, ci: dict[str, str]) -> None:
    done = shell.run("attach", "--bundle-id", "com.example.notes", "--build-number", "231", **ci)

    assert done.exit_code == 2
    assert "`--version-string` is missing" in done.stderr


def test_a_failure_is_told_and_reported_with_its_exit_code(shell: Shell) -> None:
    done = shell.run("show", *JOB[:2], "--version-string", "7.0", "--json")

    assert done.exit_code == 4
    assert (done.report["outcome"], done.report["error"]["exit-code"]) == ("failed", 4)
    assert done.report["app-id"] == "6446000001"
    assert done.report["error"]["message"] in done.stderr


def test_faults_of_the_inputs_are_all_told_at_once_and_reported(shell: Shell) -> None:
    done = shell.run("attach", "--platform", "watchos", "--wait-minutes", "soon", "--json")

    assert done.exit_code == 2
    assert done.report["outcome"] == "failed"
    for name in ("bundle-id", "platform", "wait-minutes", "version-string", "build-number"):
        assert f"`{name}`" in done.report["error"]["message"]
        assert f"`--{name}`" in done.stderr
        assert f"`{name}`" not in done.stderr


def test_an_unknown_option_is_an_input_error_that_suggests_the_right_one(shell: Shell) -> None:
    done = shell.run("attach", "--bundel-id", "com.example.notes", "--json")

    assert (done.exit_code, done.report["error"]["exit-code"]) == (2, 2)
    assert "--bundle-id" in done.report["error"]["message"]
    assert "Check the inputs" in done.stderr
    assert "asc-linker attach --help" in done.stderr


def test_an_unknown_command_is_an_input_error(shell: Shell) -> None:
    done = shell.run("atach", "--json")

    assert done.exit_code == 2
    assert "atach" in done.report["error"]["message"]
    assert "`asc-linker --help`" in done.report["error"]["hint"]


def test_an_option_without_its_value_is_an_input_error(shell: Shell) -> None:
    done = shell.run("attach", "--json", "--platform")

    assert (done.exit_code, done.report["error"]["exit-code"]) == (2, 2)
    assert "--platform" in done.stderr


def test_a_key_that_was_not_quoted_is_not_repeated(shell: Shell, key: ThrowawayKey) -> None:
    done = shell.run("attach", "--tag", "v1", "--bundle-id", *key.private_key.split(), "--json")

    assert done.exit_code == 2
    body = key.private_key.splitlines()[1]
    assert body not in done.stdout + done.stderr


def test_neither_the_key_nor_a_token_is_ever_shown(shell: Shell, key: ThrowawayKey) -> None:
    done = shell.run(
        "attach",
        *JOB,
        "--api-private-key",
        key.private_key,
        "--verbose",
        "--json",
        ASC_LINKER_API_PRIVATE_KEY=None,
    )

    assert done.exit_code == 0
    assert not any(line in done.stdout + done.stderr for line in key.private_key.splitlines())
    assert "eyJ" not in done.stdout + done.stderr  # how every token begins


def test_verbose_tells_each_request(shell: Shell, apple: Emulator) -> None:
    done = shell.run("attach", *JOB, "--verbose")

    told = [line for line in done.lines if "X-Request-ID" in line]
    assert len(told) == len(apple.requests)
    assert any(line.startswith("PATCH /v1/appStoreVersions/v142/") for line in told)


def test_quiet_tells_the_result_and_nothing_else(shell: Shell) -> None:
    done = shell.run("attach", *JOB, "--quiet")

    assert len(done.lines) == 1
    assert done.lines[0].startswith("Build 231 is now attached")


def test_quiet_still_tells_a_failure(shell: Shell) -> None:
    done = shell.run("show", *JOB[:2], "--version-string", "7.0", "--quiet")

    assert done.lines[0] == "Error: Not found on App Store Connect"
    assert "7.0" in done.lines[1]


def test_what_will_bite_next_is_a_warning(
    serve: Callable[..., Emulator], key: ThrowawayKey, tmp_path: Path
) -> None:
    apple = serve(build={"usesNonExemptEncryption": None})

    done = Shell(tmp_path, variables(apple, key)).run("attach", *JOB)

    assert done.exit_code == 0
    assert any(line.startswith("Warning: Export compliance is unanswered") for line in done.lines)


def test_foreign_text_starts_no_workflow_command_and_moves_no_cursor(
    serve: Callable[..., Emulator], key: ThrowawayKey, tmp_path: Path
) -> None:
    name = "x\n::error::owned\x1b[2J\r::set-output name=a::b"
    shell = Shell(tmp_path, variables(serve(app={**APP, "name": name}), key))

    done = shell.run("show", *JOB, GITHUB_ACTIONS="true")

    assert done.exit_code == 0
    assert "owned" in done.stderr
    assert "\x1b" not in done.stderr
    assert not any(line.lstrip().startswith("::") for line in done.lines)


def test_the_words_of_other_countries_arrive_as_utf_8(
    serve: Callable[..., Emulator], key: ThrowawayKey, tmp_path: Path
) -> None:
    shell = Shell(tmp_path, variables(serve(app={**APP, "name": "備忘録 é"}), key))

    done = shell.run("show", *JOB, PYTHONIOENCODING="cp1252", LC_ALL="C", PYTHONUTF8="0")

    assert "備忘録 é" in done.stderr


@posix
@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_wait_with_what_is_known(
    serve: Callable[..., Emulator],
    key: ThrowawayKey,
    tmp_path: Path,
    number: signal.Signals,
    exit_code: int,
) -> None:
    apple = serve(build={"processedAfterSeconds": 3600})
    shell = Shell(tmp_path, variables(apple, key))

    with shell.start(WAIT, {}, subprocess.PIPE) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if b"PROCESSING" in line:
                process.send_signal(number)
                break
        stdout, stderr = process.communicate(timeout=PATIENCE_S)

    assert process.returncode == exit_code
    assert b'"version-id": "v142"' in stdout
    assert b"Nothing was written." in stderr
    assert not apple.writes


@posix
def test_a_reader_that_leaves_does_not_stop_the_work(shell: Shell, apple: Emulator) -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    with shell.start(["attach", *JOB, "--json"], {}, theirs) as process:
        os.close(theirs)
        assert process.stdout is not None
        process.stdout.close()
        process.wait(timeout=PATIENCE_S)

    assert process.returncode == 0
    assert attached(apple) == "b231"


FULL = Path("/dev/full")
full_disk = pytest.mark.skipif(not FULL.exists(), reason="a full disk of Linux'")


@full_disk
@pytest.mark.parametrize("command", ["attach", "doctor"])
def test_a_report_on_a_full_disk_is_no_success(shell: Shell, apple: Emulator, command: str) -> None:
    with FULL.open("wb") as full:
        done = subprocess.run(
            [*CLI, command, *(JOB if command == "attach" else ()), "--json"],
            env=shell.environment({}),
            cwd=shell.folder,
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=PATIENCE_S,
            check=False,
        )

    assert done.returncode == 1
    assert b"Not written: stdout: No space left on device." in done.stderr
    assert b"Traceback" not in done.stderr
    if command == "attach":
        assert b"What was done: Build 231 is now attached" in done.stderr
        assert attached(apple) == "b231"


@posix
def test_a_closed_stdout_is_no_failure(shell: Shell, apple: Emulator) -> None:
    done = shell.run_as(("sh", "-c", 'exec "$@" >&-', "sh", *CLI), "attach", *JOB, "--json")

    assert done.exit_code == 0
    assert "Traceback" not in done.stderr
    assert attached(apple) == "b231"


def test_a_report_file_has_the_report_and_one_that_cannot_be_written_is_a_failure(
    shell: Shell, tmp_path: Path
) -> None:
    file = tmp_path / "report.json"

    done = shell.run("show", *JOB, "--report-file", str(file), "--json")
    lost = shell.run("show", *JOB, "--report-file", str(tmp_path / "no" / "folder.json"))

    assert json.loads(file.read_text(encoding="utf-8")) == [done.report]
    assert lost.exit_code == 1
    assert "`--report-file`" in lost.stderr
    assert "What was done: Build 230 is attached" in lost.stderr


@pytest.mark.parametrize(
    ("variables", "colour"),
    [({}, False), ({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False)],
)
def test_in_a_pipe_there_is_colour_only_where_it_is_asked_for(
    shell: Shell, variables: dict[str, str], colour: bool
) -> None:
    assert ("\x1b[" in shell.run("show", *JOB, **variables).stderr) is colour


def test_the_containers_entrypoint_is_the_command_line_when_it_has_arguments(
    shell: Shell, apple: Emulator
) -> None:
    entrypoint = (sys.executable, str(Path(__file__).parent.parent.parent / "entrypoint.py"))

    done = shell.run_as(entrypoint, "show", *JOB, "--json", PYTHONPATH=None)

    assert (done.exit_code, done.report["outcome"]) == (0, "shown")


def test_an_installed_command_and_the_module_are_one(shell: Shell) -> None:
    for module in ("cli", "__main__"):
        code = f"import sys; from asc_linker.{module} import main; sys.exit(main())"
        assert shell.run_as((sys.executable, "-c", code), "show", *JOB).exit_code == 0
