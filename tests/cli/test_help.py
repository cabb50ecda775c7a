"""What the command line says about itself, and how little it loads for that."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from cli.command_line import JOB, Done, Shell

from asc_linker.inputs.table import INPUTS

HEAVY = ("requests", "urllib3", "cryptography", "jwt", "rich", "asc_linker.apple.client")
LOADED = """
import json, sys
sys.argv = ["asc-linker", *sys.argv[1:]]
from asc_linker.{module} import main
try:
    main()
finally:
    with open("loaded.json", "w") as file:
        json.dump(list(sys.modules), file)
"""


def loaded(shell: Shell, *arguments: str, module: str = "cli", **changes: str | None) -> set[str]:
    """The modules that a run leaves behind, of those that take long to load."""
    command = (sys.executable, "-c", LOADED.format(module=module))
    shell.run_as(command, *arguments, **changes)
    return set(json.loads((shell.folder / "loaded.json").read_text(encoding="utf-8")))


def help_of(shell: Shell, *command: str) -> Done:
    done = shell.run(*command, "--help", COLUMNS="100")
    assert (done.exit_code, done.stderr) == (0, "")
    return done


@pytest.mark.parametrize("operation", ["attach", "detach", "show"])
def test_every_input_is_an_option(shell: Shell, operation: str) -> None:
    done = shell.run(
        operation,
        *(
            part
            for entry in INPUTS
            if entry.name not in ("operation", "demo")
            for part in (f"--{entry.name}", "§" if entry.default != "false" else "no")
        ),
    )

    assert done.exit_code == 2
    assert "No such option" not in done.stderr
    assert "`--platform` is `§`" in done.stderr


def test_the_help_of_attach_has_each_input_with_its_meaning_default_and_an_example(
    shell: Shell,
) -> None:
    shown = help_of(shell, "attach").stdout

    folded = "".join(shown.split())
    for entry in INPUTS:
        if entry.name not in ("operation", "demo"):
            assert f"--{entry.name}" in shown
            assert "".join(entry.meaning.split()) in folded
    assert "[default: 45]" in " ".join(shown.split())
    assert shown.count("asc-linker attach --") >= 3


def test_help_advises_variables_for_secrets(shell: Shell) -> None:
    assert "Better given as ASC_LINKER_API_PRIVATE_KEY" in " ".join(
        help_of(shell, "attach").stdout.split()
    )


def test_show_does_not_advertise_what_it_does_not_do(shell: Shell) -> None:
    shown = help_of(shell, "show").stdout

    assert "--bundle-id" in shown
    assert "--if-attached" not in shown
    assert "--dry-run" not in shown


@pytest.mark.parametrize("command", ["detach", "show", "doctor"])
def test_every_command_teaches_by_example(shell: Shell, command: str) -> None:
    assert f"asc-linker {command}" in help_of(shell, command).stdout.partition("Examples")[2]


def test_without_arguments_there_is_the_overview_with_exit_codes(shell: Shell) -> None:
    done = shell.run()

    assert done.exit_code == 0
    for word in ("attach", "detach", "show", "doctor", "demo", "emulator", "Exit codes"):
        assert word in done.stdout


def test_the_version_is_told_also_in_a_checkout(shell: Shell) -> None:
    done = shell.run("--version")

    assert done.exit_code == 0
    assert done.stdout.startswith("asc-linker 0.")


@pytest.mark.parametrize("shell_name", ["bash", "zsh", "fish"])
def test_there_is_completion_for_three_shells(shell: Shell, shell_name: str) -> None:
    done = shell.run("completion", shell_name)

    assert done.exit_code == 0
    assert "_ASC_LINKER_COMPLETE" in done.stdout


def test_another_shell_is_an_input_error(shell: Shell) -> None:
    assert shell.run("completion", "tcsh").exit_code == 2


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("asc-linker sh", "show"),
        ("asc-linker attach --if-v", "--if-version-missing"),
        ("asc-linker attach --if-attached k", "keep"),
    ],
)
def test_words_are_completed(shell: Shell, typed: str, expected: str) -> None:
    done = shell.run(
        _ASC_LINKER_COMPLETE="bash_complete",
        COMP_WORDS=typed,
        COMP_CWORD=str(len(typed.split()) - 1),
    )

    assert f"plain,{expected}" in done.stdout.splitlines()


@pytest.mark.parametrize("arguments", [["--help"], ["attach", "--help"], ["--version"]])
def test_help_loads_nothing_heavy(shell: Shell, arguments: list[str]) -> None:
    assert not loaded(shell, *arguments).intersection(HEAVY)


def test_inputs_that_make_no_sense_load_no_network(shell: Shell) -> None:
    modules = loaded(shell, "attach", "--platform", "watchos")

    assert not modules.intersection(
        {"requests", "urllib3", "jwt", "rich", "asc_linker.apple.client"}
    )


def test_a_pipe_does_not_load_the_terminal(shell: Shell) -> None:
    modules = loaded(shell, "show", *JOB)

    assert "requests" in modules
    assert "rich" not in modules


def test_the_action_loads_no_command_line(shell: Shell) -> None:
    modules = loaded(shell, module="action")

    assert not modules.intersection({"click", "rich", "asc_linker.cli"})


def test_demo_plays_the_whole_job(shell: Shell, tmp_path: Path) -> None:
    done = shell.run("demo", "--fresh", "--world", str(tmp_path / "world.json"))

    assert done.exit_code == 0
    assert "Build 231 is now attached to version 1.4.2" in done.stdout


def test_demo_needs_nothing_of_the_actions(shell: Shell) -> None:
    without = (
        "import importlib.util as util, sys; from asc_linker.cli import main; "
        "found = util.find_spec; "
        "util.find_spec = lambda name, *rest: name != 'actions_toolkit' and found(name, *rest) "
        "or None; sys.exit(main())"
    )

    done = shell.run_as((sys.executable, "-c", without), "demo")

    assert done.exit_code == 0
    assert "Build 231 is now attached to version 1.4.2" in done.stderr


def test_the_emulator_takes_its_own_options(shell: Shell) -> None:
    served = shell.run("emulator", "--for-seconds", "0")
    helped = shell.run("emulator", "--help")

    assert served.exit_code == 0
    assert "App Store Connect, emulated: http://127.0.0.1:" in served.stdout
    assert helped.exit_code == 0
    assert "--write-key" in helped.stdout
