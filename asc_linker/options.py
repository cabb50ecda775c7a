"""The options of the command line: the inputs' table as flags, with help in sections."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from asc_linker.decision.request import IfAttached, IfVersionLocked, IfVersionMissing, ReleaseType
from asc_linker.inputs.table import INPUTS, variable

if TYPE_CHECKING:
    from asc_linker.inputs.table import Input

# What a command is called.
_NO_OPTION = ("operation",)
# A section of the help begins at each of these inputs, in the table's order.
_SECTIONS = {
    "api-key-id": "The API key",
    "bundle-id": "App, version and build",
    "wait-minutes": "What to do when",
    "targets": "Several apps",
    "report-file": "The run",
}
_OUTPUT = "What is shown"
# Accepted everywhere, so that one environment serves all commands; shown where it does something.
_FOR_ATTACH = frozenset(
    {
        "wait-minutes",
        "if-attached",
        "if-version-missing",
        "release-type",
        "earliest-release-date",
        "uses-non-exempt-encryption",
    }
)
_FOR_WRITES = frozenset(
    {"build-number", "build-id", "if-version-locked", "expected-plan", "dry-run"}
)
_FOR_DOCTOR = ("api-key-id", "issuer-id", "api-private-key", "bundle-id", "app-id", "api-url")
_BOOLEANS = ("true", "false")
_CHOICES: dict[str, tuple[str, ...]] = {
    "platform": ("ios", "macos", "tvos", "visionos"),
    "if-attached": tuple(IfAttached),
    "if-version-missing": tuple(IfVersionMissing),
    "if-version-locked": tuple(IfVersionLocked),
    "release-type": tuple(ReleaseType),
    "uses-non-exempt-encryption": _BOOLEANS,
}
# Where the last word of the name says too little.
_METAVARS = {
    "api-private-key": "TEXT",
    "issuer-id": "UUID",
    "version-string": "VERSION",
    "package": "FILE|PATTERN",
    "targets": "YAML|FILE",
    "shard": "PART/TOTAL",
    "earliest-release-date": "TIME",
}
# What the shell completes as a path.
_PATHS = frozenset({"package", "targets", "report-file"})
_FILES = {
    "api-private-key-file": "The .p8 in a file. Its name gives the id: AuthKey_<id>.p8.",
    "api-key-json-file": "fastlane's JSON key in a file, with id, issuer and key.",
}
_BETTER = " Better given as {}: a command line can be read by others."

EPILOG = """\
\b
Exit codes
  0  done, already so, or skipped as asked    4  app, version or build not found
  1  a fault of ours                          5  Apple refuses this, or would
  2  the inputs                               6  the build is not ready in time
  3  the key, its role, or an agreement       7  App Store Connect failed

\b
Try it without an account
  asc-linker demo

\b
Complete with the Tab key
  eval "$(asc-linker completion bash)"        # zsh: the same, with zsh
  asc-linker completion fish | source
"""
EXAMPLES = {
    "attach": """\
\b
  export ASC_LINKER_API_KEY_ID=2X9R4HXF34 ASC_LINKER_ISSUER_ID=57246542-96fe-…
  export ASC_LINKER_API_PRIVATE_KEY_FILE=~/keys/AuthKey_2X9R4HXF34.p8
  asc-linker attach --bundle-id com.example.notes --version-string 1.4.2 --build-number 231

\b
  # on a tag push, in any CI: version and build from the tag
  asc-linker attach --bundle-id com.example.notes --tag v1.4.2+231 --if-version-missing create

\b
  # everything from the package that was uploaded; look first, write nothing
  asc-linker attach --package 'build/*.ipa' --dry-run

\b
  # both platforms of one app, or all apps of a list, or none
  asc-linker attach --bundle-id com.example.notes --tag v1.4.2+231 --platform ios,macos
  asc-linker attach --targets targets.yml --tag v1.4.2+231
""",
    "detach": """\
\b
  asc-linker detach --bundle-id com.example.notes --version-string 1.4.2
  asc-linker detach --app-id 6446048195 --version-string 1.4.2 --platform macos --dry-run
""",
    "show": """\
\b
  asc-linker show --bundle-id com.example.notes --version-string 1.4.2
  asc-linker show --app-id 6446048195 --tag v1.4.2 --json | jq -r '.[0]["build-number"]'
""",
    "doctor": """\
\b
  asc-linker doctor
  asc-linker doctor --bundle-id com.example.notes
  asc-linker doctor --api-key-id 2X9R4HXF34 --api-private-key-file AuthKey_2X9R4HXF34.p8
""",
}


class Command(click.Command):
    """A command whose options stand in sections, and whose examples do not wrap.

    Words that belong to no option are left to the callback: click would repeat them, and they may
    be the rest of a key that was not quoted.
    """

    allow_extra_args = True

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows: dict[str, list[tuple[str, str]]] = {}
        for option in self.get_params(ctx):
            record = option.get_help_record(ctx)
            if record is not None:
                title = option.section if isinstance(option, _Option) else _OUTPUT
                rows.setdefault(title, []).append(record)
        for title, records in rows.items():
            with formatter.section(title):
                formatter.write_dl(records)

    def format_epilog(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Examples"):
            formatter.write_text(self.epilog or "")


class _Option(click.Option):
    """An option that knows its section."""

    def __init__(self, name: str, section: str, **rest: object) -> None:
        super().__init__([f"--{name}", name.replace("-", "_")], **rest)  # type: ignore[arg-type]
        self.section = section


def input_names() -> list[str]:
    """The inputs that are options."""
    return [entry.name for entry in INPUTS if entry.name not in _NO_OPTION]


def operation_options(operation: str) -> list[click.Parameter]:
    """Every input as an option; hidden are those that `operation` has no use for."""
    hidden = {"attach": frozenset[str](), "detach": _FOR_ATTACH}
    return _options(input_names(), hidden.get(operation, _FOR_ATTACH | _FOR_WRITES))


def doctor_options() -> list[click.Parameter]:
    """The key, and which app it is for."""
    return _options(list(_FOR_DOCTOR))


def _options(names: list[str], hidden: frozenset[str] = frozenset()) -> list[click.Parameter]:
    options: list[click.Parameter] = []
    section = ""
    for entry in INPUTS:
        section = _SECTIONS.get(entry.name, section)
        if entry.name in names:
            options.append(_option(entry, section, hidden=entry.name in hidden))
        if entry.name == "api-private-key":
            options.extend(
                _Option(name, section, help=text, type=click.Path(), metavar="FILE")
                for name, text in _FILES.items()
            )
    return [*options, *_output_options()]


def _option(entry: Input, section: str, *, hidden: bool) -> _Option:
    choices = _CHOICES.get(entry.name, ())
    text = entry.meaning
    if entry.default and entry.default not in _BOOLEANS:
        text += f" [default: {entry.default}]"
    if entry.secret:
        text += _BETTER.format(variable(entry.name))
    rest: dict[str, object] = {
        "help": text,
        "hidden": hidden,
        "metavar": _METAVARS.get(entry.name, "|".join(choices) or _last_word(entry.name)),
        "type": click.Path() if entry.name in _PATHS else str,
    }
    if choices:
        rest["shell_complete"] = lambda _context, _option, begun: [
            choice for choice in choices if choice.startswith(begun)
        ]
    if entry.default in _BOOLEANS:
        # `--dry-run` by itself, or with a value as the variable has it.
        rest |= {"is_flag": False, "flag_value": "true", "metavar": "[=true|false]"}
    return _Option(entry.name, section, **rest)


def _last_word(name: str) -> str:
    return name.rpartition("-")[2].upper()


def _output_options() -> list[click.Parameter]:
    """What is shown of the run; shared by every command that does something."""
    texts = {
        "json": "Print the report on stdout: an array, whatever happens.",
        "quiet": "Show only how it ended.",
        "verbose": "Show each request as well; never a token.",
    }
    return [
        click.Option([f"--{name}"], is_flag=True, envvar=variable(name), help=text)
        for name, text in texts.items()
    ]
