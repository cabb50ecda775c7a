"""The command line: arguments and the environment in, an exit code out.

Flags win over `ASC_LINKER_*`, which win over the names under which a CI has a key already. What a
command needs is imported when it runs, so that `--help` is there at once.
"""

from __future__ import annotations

import errno
import os
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from asc_linker import signals
from asc_linker.errors import InputError
from asc_linker.inputs.sources import gather
from asc_linker.options import (
    EPILOG,
    EXAMPLES,
    Command,
    doctor_options,
    input_names,
    operation_options,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from asc_linker.errors import AscLinkerError
    from asc_linker.inputs.credential_sources import Found
    from asc_linker.reporting.console import Console
    from asc_linker.run import Ending

_NAME = "asc-linker"
_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
_PASSED_ON = {"ignore_unknown_options": True, "help_option_names": []}
_NO_KEY = (
    "The key is looked for in `--api-private-key-file` and its like, ASC_LINKER_API_PRIVATE_KEY, "
    "the variables of fastlane, Codemagic and asc, and as AuthKey_<id>.p8 in altool's folders. "
    "`asc-linker doctor` shows what it finds."
)

# What is needed once a run is over.
AFTERWARDS = ("asc_linker.reporting.files", "asc_linker.reporting.result")


def main() -> int:
    """Run the command line. Returns the exit code."""
    signals.remember()
    _open_streams()
    arguments = sys.argv[1:] or ["--help"]
    try:
        return cli.main(arguments, prog_name=_NAME, standalone_mode=False) or 0
    except click.UsageError as error:
        return _refuse(error, arguments)
    except (click.Abort, KeyboardInterrupt):
        return 130
    except Exception as fault:
        from asc_linker.run import fault_of_ours

        return _end(_failed(fault_of_ours(fault)), _console(quiet=True), json="--json" in arguments)


def _open_streams() -> None:
    """Let both streams take all that Apple's people write, and nothing where they are closed."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # `>&-`
            nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - to the end
            setattr(sys, name, nowhere)
        else:
            stream.reconfigure(encoding="utf-8", errors="replace")


def _print_version(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted:
        print(_NAME, _version())
        context.exit()


@click.group(context_settings=_SETTINGS, epilog=EPILOG)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Print the version.",
)
def cli() -> None:
    """Attach an uploaded build to its App Store version, and say what happened.

    Every option can be given in the environment as well: --build-number is
    ASC_LINKER_BUILD_NUMBER. That is the place for secrets; what stands in a command line can be
    read by every process of the machine.
    """


def _operate(operation: str, *, json: bool, quiet: bool, verbose: bool, **flags: str | None) -> int:
    """Attach, detach or show."""
    from asc_linker.inputs.read_job import read_report_file

    _refuse_words()
    given, found = gather(input_names(), flags, os.environ, _home())
    inputs = {**given, **found.inputs, "operation": operation}
    console = _console(quiet=quiet, verbose=verbose)
    ending = _unreadable(found, inputs) if found.fault else _run(inputs, console, found.sources)
    for report in ending.reports:
        if isinstance(report.error, InputError) and _lacks_key(report.error):
            report.error.hint = "" if found.fault else _NO_KEY
    return _end(ending, console, json=json, quiet=quiet, report_file=read_report_file(inputs))


def _lacks_key(error: InputError) -> bool:
    """Whether one of the faults is that there is no key."""
    return any(fault.startswith("`api-private-key` is empty") for fault in error.faults)


def _run(
    inputs: Mapping[str, str], console: Console, sources: Mapping[str, str] | None = None
) -> Ending:
    from asc_linker.run import Listeners, run

    listeners = Listeners(console, on_token=lambda _token: None, debug=console.debug)
    return run(inputs, os.environ, listeners, sources=sources, afterwards=AFTERWARDS)


def _end(
    ending: Ending,
    console: Console,
    *,
    json: bool = False,
    quiet: bool = False,
    report_file: Path | None = None,
) -> int:
    """Show and write how a run ended. Returns the exit code."""
    from asc_linker.reporting.files import write_report_file
    from asc_linker.reporting.report import report_json
    from asc_linker.reporting.result import run_blocks, unwritten_blocks

    reports, shard = ending.reports, ending.shard
    console.show(run_blocks(reports, datetime.now(UTC), shard, quiet=quiet))
    for line in ending.trace.splitlines():
        console.debug(line)
    faults = write_report_file(report_file, reports, shard)
    if json:
        faults += _print(report_json(reports))
    console.show(unwritten_blocks(faults, reports))
    return ending.exit_code or bool(faults)


def _doctor(*, json: bool, quiet: bool, verbose: bool, **flags: str | None) -> int:
    from asc_linker.doctor import Diagnosis, diagnose
    from asc_linker.reporting.result import unwritten_blocks

    _refuse_words()
    given, found = gather(["bundle-id", "app-id", "api-url"], flags, os.environ, _home())
    console = _console(quiet=quiet, verbose=verbose)
    if found.fault:
        diagnosis = Diagnosis(error=InputError(found.fault))
    else:
        diagnosis = diagnose({**given, **found.inputs}, found.origins, found.unused, console)
        if not found.inputs.get("api-private-key") and diagnosis.error:
            diagnosis.error.hint = _NO_KEY
    console.show(diagnosis.blocks(quiet=quiet))
    faults = _print(diagnosis.as_json()) if json else []
    console.show(unwritten_blocks(faults))
    return diagnosis.exit_code or bool(faults)


@cli.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(), metavar="FILE...")
@click.option("--json", is_flag=True, help="Print the joined report on stdout, not the summary.")
def summary(*, files: tuple[str, ...], json: bool) -> int:
    """Join the report files of a run's shards into one summary and one set of outputs.

    In a step of GitHub's the summary and the outputs become the step's; elsewhere the summary is
    printed, as Markdown. The exit code is that of the first target that failed.
    """
    from asc_linker.reporting.files import write_step_files
    from asc_linker.reporting.join import join
    from asc_linker.reporting.report import exit_code, outputs, report_json
    from asc_linker.reporting.result import run_blocks, unwritten_blocks
    from asc_linker.reporting.summary import summary as as_markdown

    reports, now = join({name: _text_of(name) for name in files}), datetime.now(UTC)
    markdown = as_markdown(reports, now)
    is_step = any(os.environ.get(name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"))
    faults = write_step_files(outputs(reports), markdown) if is_step else []
    if json:
        faults += _print(report_json(reports))
    elif not is_step:
        faults += _print(markdown.rstrip())
    console = _console()
    console.show(run_blocks(reports, now))
    console.show(unwritten_blocks(faults, reports))
    return exit_code(reports) or bool(faults)


def _text_of(name: str) -> str | Exception:
    """The text of a file, or why it cannot be read."""
    try:
        return Path(name).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        return error


@cli.command(context_settings=_PASSED_ON)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def demo(arguments: tuple[str, ...]) -> int:
    """Play the whole job against the emulator; needs no account.

    What a workflow run would show, where the action's own needs are installed
    (`asc-linker[action]`, as in the container); else the same job as `attach` does it.
    """
    from importlib.util import find_spec

    if find_spec("actions_toolkit") is None:
        console = _console(verbose=True)
        return _end(_run({"demo": "true"}, console), console)
    signals.restore()
    from asc_linker import demo as play

    # In a checkout and in the container nothing is installed: the step is a file there.
    step = Path(__file__).parent.parent / "entrypoint.py"
    found = ("--entrypoint", str(step)) if step.exists() else ()
    return play.main((*found, *arguments), f"{_NAME} demo")


_FILE = click.Path(path_type=Path, dir_okay=False)
_BAD_DAYS = click.Choice(["hour-of-429", "409-without-cause", "slow-answers", "lost-answer"])


@cli.group(
    invoke_without_command=True,
    context_settings={"auto_envvar_prefix": "ASC_LINKER_EMULATOR"},
)
@click.option("--world", type=_FILE, help="A world in JSON; without it, a small example.")
@click.option("--save", type=_FILE, help="Write the world to this file after each write.")
@click.option("--write-key", type=_FILE, help="Where the private key goes; read if it is there.")
@click.option("--for-seconds", type=float, default=3600, help="Stop then.", show_default=True)
@click.option("--host", default="127.0.0.1", help="Where to listen.", show_default=True)
@click.option("--port", type=int, default=0, help="Any free one when left out.")
@click.option("--tls", is_flag=True, help="Speak https as well, and be a proxy to it.")
@click.option("--ca-file", type=_FILE, help="Where the certificate goes that clients trust.")
@click.option("--origin", help="Where links lead; else they follow the Host header.")
@click.option(
    "--bad-day", "bad_days", type=_BAD_DAYS, multiple=True, help="What goes wrong, by name."
)
@click.pass_context
def emulator(context: click.Context, /, **options: Any) -> int:
    """Serve App Store Connect on loopback, for your own tests."""
    signals.restore()
    from asc_linker.emulator.__main__ import end_with
    from asc_linker.emulator.serve import serve

    return 0 if context.invoked_subcommand else end_with(partial(serve, **options))


@emulator.command("init")
@click.argument("file", type=_FILE, default="world.json")
@click.option("--apps", type=click.IntRange(1, 5000), default=1, show_default=True)
def emulator_init(**options: Any) -> int:
    """Write a world to start from."""
    from asc_linker.emulator.__main__ import end_with
    from asc_linker.emulator.serve import write_example

    return end_with(partial(write_example, **options))


@cli.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> int:
    """Print what makes a shell complete asc-linker."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None, "click knows these three"
    return len(_print(kind(cli, {}, _NAME, "_ASC_LINKER_COMPLETE").source()))


for _operation, _summary in (
    ("attach", "Attach a build to an App Store version."),
    ("detach", "Take the build off an App Store version."),
    ("show", "Show which build is attached; writes nothing."),
):
    cli.add_command(
        Command(
            _operation,
            params=operation_options(_operation),
            callback=partial(_operate, _operation),
            help=_summary,
            epilog=EXAMPLES[_operation],
        )
    )
cli.add_command(
    Command(
        "doctor",
        params=doctor_options(),
        callback=_doctor,
        help="Say what is wrong with an API key; writes nothing.",
        epilog=EXAMPLES["doctor"],
    )
)


def _home() -> Path:
    """The home folder; where a container's user has none, the folder we are in."""
    try:
        return Path.home()
    except RuntimeError:
        return Path()


def _unreadable(found: Found, inputs: Mapping[str, str]) -> Ending:
    """A key's file cannot be read: one fault, beside whatever else is wrong with the inputs."""
    from asc_linker.inputs.read_job import read_job

    faults = [found.fault]
    try:
        read_job(inputs)
    except InputError as error:
        faults += [fault for fault in error.faults if not fault.startswith("`api-private-key`")]
    return _failed(InputError(*faults))


def _failed(error: AscLinkerError) -> Ending:
    from asc_linker.decision.report import AttachReport, Outcome
    from asc_linker.run import Ending

    return Ending((AttachReport(Outcome.FAILED, error=error),), None, "")


def _refuse_words() -> None:
    """Words that belong to no option, refused without repeating them: they may be a key's."""
    context = click.get_current_context()
    if context.args:
        raise click.UsageError(
            "There are words that belong to no option. A value with blanks in it needs quotes.",
            context,
        )


def _refuse(error: click.UsageError, arguments: list[str]) -> int:
    """Say what is wrong with the arguments, in the same ways as of any other ending."""
    command = next((f" {each}" for each in arguments[:1] if each in cli.commands), "")
    hint = f"`{_NAME}{command} --help` lists what there is."
    ending = _failed(InputError(error.format_message(), hint=hint))
    return _end(ending, _console(quiet=True), json="--json" in arguments, quiet=True)


def _console(*, quiet: bool = False, verbose: bool = False) -> Console:
    from asc_linker.reporting.console import Lines, wants_colour

    is_terminal = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    if is_terminal:
        try:
            from asc_linker.reporting.terminal import Terminal
        except ModuleNotFoundError:  # the container has no rich
            pass
        else:
            return Terminal(quiet=quiet, verbose=verbose, spell=_as_typed)
    colour = wants_colour(os.environ, by_default=is_terminal)
    return Lines(sys.stderr, quiet=quiet, verbose=verbose, colour=colour, spell=_as_typed)


def _as_typed(text: str) -> str:
    """`text` with inputs named as the options they are here: `--version-string`."""
    from asc_linker.text import respelt

    return respelt(text, _OPTIONS, lambda name, value: f"--{name} {value}".rstrip())


_OPTIONS = frozenset(input_names())


def _print(text: str) -> list[str]:
    """Print `text` on stdout. Returns why it is lost: a list of one, or of none."""
    from asc_linker.reporting.console import silence

    try:
        print(text, flush=True)
    except OSError as error:
        silence(sys.stdout)
        # A reader that left has seen enough; what was done is done, and the exit code tells it.
        if not isinstance(error, BrokenPipeError) and error.errno not in _NOBODY_READS:
            return [f"stdout: {error.strerror}"]
    return []


# A pipe whose reader has gone says so in three ways, on Windows and where stdout was closed.
_NOBODY_READS = (errno.EPIPE, errno.EINVAL, errno.EBADF)


def _version() -> str:
    """The installed version; in a checkout or the container, what its files say."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(_NAME)
    except PackageNotFoundError:
        return _version_of_checkout()


def _version_of_checkout() -> str:
    import tomllib

    try:
        with (Path(__file__).parent.parent / "pyproject.toml").open("rb") as file:
            return str(tomllib.load(file)["project"]["version"])
    except (OSError, KeyError, tomllib.TOMLDecodeError):
        return "of unknown version"


if __name__ == "__main__":
    sys.exit(main())
