"""Other people's text is data: in the log, the annotations, the summary and the outputs.

The action runs as a step would, in worlds whose every text tries something; what it left behind is
read as the runner reads it, and as a Markdown renderer draws it.
"""

from __future__ import annotations

import json
import re
import signal
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from builders import key_inputs
from markdown_it import MarkdownIt
from markdown_it.token import Token
from reporting.samples import NOW, VERSION, ended
from runner_environment import Step, find_command
from story import APP

from asc_linker.action import main
from asc_linker.apple.model import App, AppId, AttachedBuild, BuildId
from asc_linker.decision.preflight import Check, Verdict
from asc_linker.decision.report import AttachReport, Outcome, Warning
from asc_linker.decision.request import AttachRequest, Shard
from asc_linker.emulator import Emulator, ThrowawayKey, World
from asc_linker.errors import AppleError, NotAttachable
from asc_linker.reporting.annotations import run_annotations
from asc_linker.reporting.github import Runner
from asc_linker.reporting.result import beside_the_annotations, run_blocks
from asc_linker.reporting.summary import summary
from asc_linker.signals import SIGNALS

COMMANDS = (
    "\n".join(
        [
            "innocent",
            "::set-env name=PATH::/tmp/evil",
            "  ::add-path::/tmp/evil",
            "::error title=pwned::pwned",
            "::stop-commands::pwned",
            "##[add-mask]e",
            "##[set-output name=outcome;]attached",
            "x ##[error]pwned",
            "%0A::warning::pwned%0D%0A::add-mask::e",
        ]
    )
    + "\r::notice::pwned\r\n::debug::pwned\u2028::group::pwned\u0085::endgroup::\v::error::pwned"
)
MARKUP = (
    "| a | b |\n| --- | --- |\n| <img src=x onerror=alert(1)> | [x](https://evil.example/) |\n\n"
    "# heading\n- item\n> quote\n```\ncode\n```\n![p](https://evil.example/p.png) `tick` **bold** "
    "<script>alert(1)</script> &lt;b&gt; \\| https://evil.example www.evil.example @octocat "
    "</td></tr></table> ~~gone~~ [ref]: https://evil.example\n---\n<!-- comment"
)
UNSEEN = "\x1b[31mred\x1b[0m\x1b]8;;https://evil.example\x07\u202egnp.exe\u2066\u200b\ufeff\x00\x9b"
TEXTS = {"commands": COMMANDS, "markup": MARKUP, "unseen": UNSEEN}

OUTPUTS = {
    "outcome",
    "changed",
    "app-id",
    "bundle-id",
    "platform",
    "version-id",
    "version-string",
    "version-state",
    "build-id",
    "build-number",
    "previous-build-id",
    "previous-build-number",
    "uses-non-exempt-encryption",
    "url",
    "plan",
    "report",
}


@pytest.fixture(params=TEXTS)
def text(request: pytest.FixtureRequest) -> str:
    return TEXTS[str(request.param)]


Play = Callable[..., Step]


@pytest.fixture
def play(
    key: ThrowawayKey,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Iterator[Play]:
    """Runs one step in a world, in this process; `script` is done to the emulator before."""

    def run(
        world: Mapping[str, Any],
        script: Callable[[Emulator], None] | None = None,
        **changes: str,
    ) -> Step:
        with Emulator(World.from_json(world), keys=[key]) as emulator:
            if script is not None:
                script(emulator)
            inputs = {
                **key_inputs(key, emulator.url),
                "bundle-id": "com.example.notes",
                "version-string": "1.4.2",
                "build-number": "231",
                "wait-minutes": "0",
            }
            output, summary = tmp_path / "output", tmp_path / "summary"
            output.touch()
            summary.touch()
            # In colour the log has sequences of ours; test_console.py tells them apart.
            given = {f"INPUT_{name.upper()}": value for name, value in (inputs | changes).items()}
            given |= {"GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary)}
            for name, value in (given | {"RUNNER_DEBUG": "1", "NO_COLOR": "1"}).items():
                monkeypatch.setenv(name, value)
            exit_code = main()
        said = capfd.readouterr()
        files = [file.read_bytes().decode("utf-8") for file in (output, summary)]
        return Step(exit_code, said.out, said.err, *files)

    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    yield run
    for number, handler in handlers.items():
        signal.signal(number, handler)


def a_world(**app: Any) -> dict[str, Any]:
    return {"apps": [deepcopy(APP) | app]}


# ------------------------------------------------------------------- what to expect


def assert_harmless(step: Step, key: ThrowawayKey) -> None:
    """Nothing of what was read has become anything but text."""
    assert step.exit_code in (0, 2, 4, 5, 7), step.stdout + step.stderr
    assert step.stderr == ""
    assert_only_our_commands(step, key)
    assert set(step.outputs) == OUTPUTS
    assert_only_text(step.log)
    assert_only_text(step.summary)
    assert_only_our_markup(step.summary)


def assert_only_our_commands(step: Step, key: ThrowawayKey) -> None:
    names = [command.name for command in step.commands]
    assert set(names) <= {"add-mask", "group", "endgroup", "notice", "warning", "error", "debug"}
    assert len(step.annotations("error")) == (step.exit_code != 0)
    assert len(step.annotations("notice")) == (step.exit_code == 0)
    assert names.count("group") == names.count("endgroup")
    for mask in step.masks:
        assert len(mask) > 20 or mask in key.private_key
    for command in step.commands:
        if command.name != "add-mask":
            assert_only_text(command.data)
            assert all(map(is_plain, command.properties.values()))
            assert "pwned" not in command.properties.values()
    # A command is one line, whichever of the runner's line ends is looked for.
    for line in step.stdout.splitlines():
        assert not line.lstrip().startswith(("::set-", "::add-path", "::stop-"))


def is_plain(text: str) -> bool:
    """Whether nothing in it moves a cursor, turns the direction, or cannot be seen."""
    # What keeps a command from being one is a space that nobody sees.
    plain = text.replace("\u200b", "")
    return not {unicodedata.category(each) for each in plain} & {"Cc", "Cf", "Cs", "Co", "Cn"}


def assert_only_text(text: str) -> None:
    assert [line for line in text.split("\n") if not is_plain(line)] == []


def tokens(parsed: list[Token]) -> Iterator[Token]:
    for token in parsed:
        yield token
        yield from tokens(token.children or [])


OURS = re.compile(
    r"https://appstoreconnect\.apple\.com/apps/[^/]+/distribution/\w+/version/\w+"
    r"|https://asc-linker\.github\.io/asc-linker/troubleshooting/#[\w.~%-]+"
)
FOLD = re.compile(r"<details><summary>\d+ checks? passed</summary>|</details>")


def assert_only_our_markup(summary: str, headings: int = 1) -> None:
    found = list(tokens(MarkdownIt("commonmark").enable("table").parse(summary)))
    drawn = {token.type for token in found}
    assert not drawn & {"html_inline", "image", "fence", "code_block", "hr", "em_open"}
    assert not drawn & {"ordered_list_open"}
    assert sum(token.type == "heading_open" for token in found) <= headings
    for token in found:
        if token.type == "link_open":
            assert OURS.fullmatch(str(token.attrGet("href")))
        if token.type == "html_block":
            assert FOLD.fullmatch(token.content.strip())
    assert sum(token.type == "table_open" for token in found) <= 3 * headings
    # The cure, a warning, and Apple's words.
    assert sum(token.type == "blockquote_open" for token in found) <= 3 * headings
    # What links itself on GitHub's pages does not, outside of our own links and of code.
    outside = re.sub(r"`[^`]+`", "", OURS.sub("", summary))
    assert not re.search(r"https://|(?<!\\)@octocat|www\.evil", outside)


# --------------------------------------------------------------------- every source


def test_the_apps_name_is_only_a_name(play: Play, key: ThrowawayKey, text: str) -> None:
    step = play(a_world(name=text))

    assert step.outputs["outcome"] == "attached"
    assert_harmless(step, key)


def test_other_bundle_ids_are_only_listed(play: Play, key: ThrowawayKey, text: str) -> None:
    step = play(a_world(bundleId=text))

    assert step.exit_code == 4
    assert_harmless(step, key)


def test_an_apps_id_is_only_an_id(play: Play, key: ThrowawayKey, text: str) -> None:
    step = play(a_world(id=text))

    # An id that no address could hold is no answer of Apple's.
    assert step.exit_code in (0, 7)
    assert_harmless(step, key)


def test_other_versions_are_only_listed(play: Play, key: ThrowawayKey, text: str) -> None:
    step = play(a_world(appStoreVersions=[{"id": "v1", "versionString": text}]))

    assert step.exit_code == 4
    assert_harmless(step, key)


def test_an_open_version_is_only_named(play: Play, key: ThrowawayKey, text: str) -> None:
    world = a_world(appStoreVersions=[{"id": "v1", "versionString": text}])

    step = play(world, **{"if-version-missing": "create"})

    assert step.exit_code == 5
    assert_harmless(step, key)


def test_other_builds_are_only_listed(play: Play, key: ThrowawayKey, text: str) -> None:
    world = a_world()
    world["apps"][0]["builds"][2]["version"] = text

    step = play(world)

    assert step.exit_code == 4
    assert_harmless(step, key)


def test_the_attached_build_is_only_a_number(play: Play, key: ThrowawayKey, text: str) -> None:
    world = a_world()
    world["apps"][0]["builds"][1]["version"] = text

    step = play(world)

    assert step.outputs["outcome"] == "attached"
    assert step.outputs["previous-build-number"] == text
    assert_harmless(step, key)


def test_a_state_nobody_knows_is_only_a_word(play: Play, key: ThrowawayKey, text: str) -> None:
    world = a_world()
    version = world["apps"][0]["appStoreVersions"][1]

    def rename_state(emulator: Emulator) -> None:
        document = {
            "data": [
                {
                    "type": "appStoreVersions",
                    "id": version["id"],
                    "attributes": {
                        "platform": "IOS",
                        "versionString": "1.4.2",
                        "appVersionState": text,
                    },
                    "relationships": {"build": {"data": None}},
                }
            ],
            "links": {"self": "x"},
        }
        emulator.on("GET /v1/apps/*/appStoreVersions", answer=lambda _: (200, document))

    step = play(world, rename_state)

    assert step.outputs["outcome"] == "attached"
    assert step.outputs["version-state"] == text
    assert_harmless(step, key)


def test_apples_refusal_is_only_quoted(play: Play, key: ThrowawayKey, text: str) -> None:
    error = {
        "id": text,
        "status": "409",
        "code": text,
        "title": text,
        "detail": text,
        "source": {"pointer": text},
        "meta": {"associatedErrors": {text: [{"code": text, "title": text, "detail": text}]}},
    }

    def refuse(emulator: Emulator) -> None:
        match = "PATCH /v1/appStoreVersions/*/relationships/build"
        emulator.on(match, status=409, body={"errors": [error]}, times=None)

    step = play(a_world(), refuse)

    assert step.exit_code == 5
    assert_harmless(step, key)


def test_the_reasons_of_a_failed_upload_are_only_quoted(
    play: Play, key: ThrowawayKey, text: str
) -> None:
    upload = {
        "cfBundleVersion": "232",
        "cfBundleShortVersionString": "1.4.2",
        "state": {"state": "FAILED", "errors": [{"code": text, "description": text}]},
    }

    step = play(a_world(buildUploads=[upload]), **{"build-number": "232"})

    assert step.exit_code == 5
    assert_harmless(step, key)


NOT_SECRET = [
    "bundle-id",
    "version-string",
    "build-number",
    "tag",
    "platform",
    "dry-run",
    "api-url",
]


@pytest.mark.parametrize("name", NOT_SECRET)
def test_what_a_user_typed_is_only_repeated(
    play: Play, key: ThrowawayKey, text: str, name: str
) -> None:
    # The environment of a process holds no NUL.
    typed = {name: text.replace("\0", "")}
    if name == "tag":
        typed["version-string"] = ""

    step = play(a_world(), **typed)

    assert step.exit_code == 2
    assert_harmless(step, key)


def test_hostile_text_arrives_whole_in_the_outputs(play: Play, text: str) -> None:
    world = a_world(name=text)
    world["apps"][0]["builds"][1]["version"] = text

    step = play(world)

    assert step.outputs["previous-build-number"] == text
    (report,) = json.loads(step.outputs["report"])
    assert report["previous-build-number"] == text


# --------------------------------------------------------------------- every field


def poisoned(text: str, outcome: Outcome, label: str) -> AttachReport:
    """A report whose every text tries something."""
    associated = ((text, AppleError(text, text)),)
    apple = AppleError(text, text, text, text, text, associated, {"pointer": text})
    request = AttachRequest(
        bundle_id=text,
        version_string=text,
        build_number=text,
        label=label,
        sources={"platform": text},
    )
    return ended(
        outcome,
        request=request,
        app=App(AppId(text), text, text),
        version=VERSION._replace(version_string=text, state_word=text),
        attached=AttachedBuild(BuildId(text), text),
        previous=AttachedBuild(BuildId(text), text),
        checks=tuple(Check(text, text, verdict, text, text) for verdict in Verdict),
        writes=(text,),
        unknown_writes=(text,),
        reason=text,
        plan=text,
        warnings=(Warning(text, text, text),),
        error=NotAttachable(text, hint=text, id=text, apple=[apple], request_id=text)
        if outcome is Outcome.FAILED
        else None,
    )


@pytest.mark.parametrize("outcome", list(Outcome))
def test_no_field_of_a_report_is_more_than_text(
    text: str, outcome: Outcome, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    several = [poisoned(text, outcome, text), poisoned(text, Outcome.FAILED, text + "2")]
    shard = Shard(1, 2, 3, text)

    for reports in ([poisoned(text, outcome, "")], several):
        assert_only_our_markup(summary(reports, NOW, shard), headings=1 + (len(reports) > 1) * 2)
        runner = Runner()
        with runner.group(text):
            runner.show(run_blocks(reports, NOW, shard))
        for each in run_annotations(reports, NOW, shard):
            runner.annotate(each)
        runner.show(beside_the_annotations(reports))
        for line in capfd.readouterr().out.split("\n"):
            command = find_command(line)
            assert is_plain(line)
            if command is not None:
                assert command.name in {"group", "endgroup", "notice", "warning", "error"}
                assert_only_text(command.data)
                assert all(map(is_plain, command.properties.values()))
