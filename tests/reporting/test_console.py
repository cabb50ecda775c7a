"""How a run ended, in a pipe, in GitHub's log and at a terminal."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import pytest
from reporting.samples import (
    EXPIRED,
    NEW,
    NOW,
    PASSED,
    UNANSWERED,
    ended,
    many,
    nothing_known,
    of_app,
)
from rich.console import Console
from runner_environment import find_command

from asc_linker.apple.model import App, AppId
from asc_linker.decision.report import AttachReport, Outcome
from asc_linker.decision.request import Shard
from asc_linker.errors import CredentialsError, InputError, NotFound
from asc_linker.reporting.console import Grid, Line, Lines, Span, Style, line, plain, wants_colour
from asc_linker.reporting.progress import Heartbeat
from asc_linker.reporting.result import (
    beside_the_annotations,
    diagnosis_blocks,
    run_blocks,
    unwritten_blocks,
)
from asc_linker.reporting.terminal import Terminal, _Now

RESULT = (
    "Build 231 is now attached to version 1.4.2 (macOS) of Example Notes, in place of build 230."
)


def lines(*reports: AttachReport, shard: Shard | None = None, quiet: bool = False) -> list[str]:
    return list(plain(run_blocks(reports, NOW, shard, quiet=quiet), colour=False))


# -------------------------------------------------------------------------- content


def test_one_target_is_told_with_checks_facts_and_the_result() -> None:
    assert lines(ended(Outcome.ATTACHED)) == [
        "✓  App  All belong to com.example.notes.",
        "",
        "App      Example Notes, com.example.notes",
        "Version  1.4.2 (macOS), PREPARE_FOR_SUBMISSION",
        "Build    230 → 231",
        (
            "Page     https://appstoreconnect.apple.com/apps/6446000001/distribution/macos/version/"
            "inflight"
        ),
        "",
        RESULT,
    ]


def test_checks_have_columns_and_marks_and_refused_ones_come_first() -> None:
    told = lines(ended(Outcome.FAILED, checks=(PASSED, UNANSWERED, EXPIRED)))

    assert told[:3] == [
        "✗  Not expired        Build 231 has expired.",
        "?  Export compliance  Unanswered; App Store Connect asks before review.",
        "✓  App                All belong to com.example.notes.",
    ]


def test_a_failure_is_told_with_the_cure_and_all_apple_said() -> None:
    told = lines(ended(Outcome.FAILED))

    assert told[told.index("Error: The build cannot be attached") :] == [
        "Error: The build cannot be attached",
        "Build 231 has expired.",
        "Upload a new build.",
        (
            "Apple: Refused: The specified pre-release build could not be added. "
            "(ENTITY_ERROR.RELATIONSHIP.INVALID) at /data/relationships/build"
        ),
        "Apple's X-Request-ID: ABC-123",
        "More about this: https://asc-linker.github.io/asc-linker/troubleshooting/#build-expired",
    ]


def test_an_unknown_write_is_told() -> None:
    report = ended(Outcome.FAILED, changed=None, unknown_writes=("attach",))

    told = lines(report)
    assert told[told.index("Build 231 has expired.", 2) + 1] == (
        "Whether the build was attached is not known."
    )


def test_several_targets_are_a_table_refused_ones_first() -> None:
    reports = [of_app(0), of_app(1, Outcome.NOT_WRITTEN), of_app(2, Outcome.FAILED)]

    told = lines(*reports)

    assert told[:3] == [
        "✗  com.example.app002 (macos)  1.4.2  PREPARE_FOR_SUBMISSION  230        failed",
        "–  com.example.app001 (macos)  1.4.2  PREPARE_FOR_SUBMISSION  230        not-written",
        "✓  com.example.app000 (macos)  1.4.2  PREPARE_FOR_SUBMISSION  230 → 231  attached",
    ]
    assert told[4] == "Error: com.example.app002 (macos): The build cannot be attached"
    assert told[-1] == "3 targets: 1 attached, 1 not-written, 1 failed."


def test_a_skip_among_several_says_why() -> None:
    skipped = of_app(1, Outcome.SKIPPED, reason="Version 1.4.2 is IN_REVIEW.")

    assert lines(of_app(0), skipped)[1].endswith("skipped: Version 1.4.2 is IN_REVIEW.")


def test_a_cause_that_all_share_is_told_once() -> None:
    error = CredentialsError("Apple does not accept the key.", hint="Check it.")

    told = lines(*many(12, lambda n: of_app(n, Outcome.FAILED, error=error)))

    assert told.count("Apple does not accept the key.") == 1
    assert any("and 2 more: App Store Connect refused the API key" in each for each in told)


def test_quiet_tells_only_how_it_ended() -> None:
    assert lines(ended(Outcome.ATTACHED, checks=(UNANSWERED,)), quiet=True) == [RESULT]
    assert lines(*many(3), quiet=True) == ["3 targets: 3 attached."]
    assert lines(ended(Outcome.FAILED), quiet=True)[0] == "Error: The build cannot be attached"


def test_what_will_bite_next_is_told_at_the_end() -> None:
    told = lines(ended(Outcome.ATTACHED, checks=(UNANSWERED,)))

    assert told[-1].startswith("Warning: Export compliance is unanswered. App Store Connect will")


@pytest.mark.parametrize("quiet", [False, True])
def test_a_shard_without_targets_is_told_even_in_quiet(quiet: bool) -> None:
    assert lines(shard=Shard(5, 5, 4), quiet=quiet) == [
        "shard 5/5: 0 of 4 targets. Nothing was done."
    ]


def test_beside_an_annotation_the_log_has_only_what_that_left_out() -> None:
    told = list(plain(beside_the_annotations([ended(Outcome.FAILED)]), colour=False))

    assert told == [
        "Apple's X-Request-ID: ABC-123",
        "More about this: https://asc-linker.github.io/asc-linker/troubleshooting/#build-expired",
    ]


def test_what_the_tenth_annotation_only_names_is_explained_in_the_log() -> None:
    reports = many(
        12, lambda n: of_app(n, Outcome.FAILED, error=NotFound(f"There is no build {n}."))
    )

    told = list(plain(beside_the_annotations(reports), colour=False))

    assert [each for each in told if each.startswith("There is no build")] == [
        "There is no build 9.",
        "There is no build 10.",
        "There is no build 11.",
    ]
    assert len(told) == len(set(told))


def test_results_that_could_not_be_written_are_told_with_what_was_done() -> None:
    blocks = unwritten_blocks(["stdout: No space left on device"], [ended(Outcome.ATTACHED)])

    assert [each[:60] for each in plain(blocks, colour=False)] == [
        "Error: The results could not be written",
        "Not written: stdout: No space left on device.",
        "What was done: Build 231 is now attached to version 1.4.2 (ma"[:60],
    ]
    assert unwritten_blocks([], [ended(Outcome.ATTACHED)]) == []


def test_a_diagnosis_keeps_the_order_in_which_things_were_found_out() -> None:
    blocks = diagnosis_blocks((PASSED, EXPIRED), None, "All is well.")

    assert list(plain(blocks, colour=False)) == [
        "✓  App          All belong to com.example.notes.",
        "✗  Not expired  Build 231 has expired.",
        "",
        "All is well.",
    ]


# --------------------------------------------------------------------------- colour


def test_colour_stands_around_words_and_columns_stay_aligned() -> None:
    grid = Grid(((Span("✓", Style.GOOD), Span("a")), (Span("✗✗", Style.BAD), Span("b"))))

    coloured = list(plain([grid, line("end", Style.RESULT)], colour=True))

    assert coloured[0].startswith("\x1b[32m✓   ")
    assert coloured[2] == "\x1b[1;32mend\x1b[0m"
    without = [re.sub(r"\x1b\[[0-9;]*m", "", each) for each in coloured]
    assert without == list(plain([grid, line("end", Style.RESULT)], colour=False))


def test_a_result_is_green_only_where_all_went_well() -> None:
    def last(*reports: AttachReport) -> str:
        return list(plain(run_blocks(reports, NOW), colour=True))[-1]

    assert last(ended(Outcome.ATTACHED)).startswith("\x1b[1;32m")
    assert last(*many(2)).startswith("\x1b[1;32m")
    assert last(of_app(0), of_app(1, Outcome.FAILED)).startswith("\x1b[1m")


@pytest.mark.parametrize(
    ("environment", "by_default", "colour"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": ""}, False, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False),
    ],
)
def test_colour_is_as_the_variables_ask(
    environment: dict[str, str], by_default: bool, colour: bool
) -> None:
    assert wants_colour(environment, by_default=by_default) is colour


@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.parametrize(
    "hostile",
    ["::error::pwned", "x\n::set-env name=a::b", "##[add-mask]e", "\x1b[2Jgone", "\u202eevil"],
)
def test_foreign_text_stays_text_in_every_place(hostile: str, colour: bool) -> None:
    app = App(AppId("1"), hostile, hostile)
    error = InputError(hostile, hint=hostile)
    reports = [
        ended(Outcome.ATTACHED, app=app),
        nothing_known(error=error),
        ended(Outcome.SKIPPED, app=app, reason=hostile),
    ]
    blocks = [block for report in reports for block in run_blocks([report], NOW)]

    for told in plain([*blocks, *run_blocks(reports, NOW)], colour=colour):
        without = re.sub(r"\x1b\[[0-9;]*m", "", told)
        assert find_command(without) is None
        assert find_command(told) is None
        assert not set(without) & set("\x1b\n\u202e")


@pytest.mark.parametrize("colour", [False, True])
def test_two_harmless_halves_make_no_command(colour: bool) -> None:
    (told,) = plain([Line((Span(":"), Span(":error::pwned")))], colour=colour)

    assert find_command(told) is None


# ---------------------------------------------------------------------------- lines


def console(
    stream: io.StringIO,
    *,
    quiet: bool = False,
    verbose: bool = False,
    spell: Callable[[str], str] = str,
) -> Lines:
    return Lines(stream, quiet=quiet, verbose=verbose, colour=False, spell=spell)


def test_a_line_of_progress_is_a_line_and_names_its_target() -> None:
    stream = io.StringIO()

    console(stream).line("Looking.")
    console(stream).status("com.example.a (ios)", "PROCESSING")

    assert stream.getvalue() == "Looking.\ncom.example.a (ios): PROCESSING\n"


def test_quiet_tells_no_progress() -> None:
    stream = io.StringIO()
    told = console(stream, quiet=True)

    told.line("Looking.")
    told.status("a", "b")
    told.waiting("c", 0, 60)

    assert stream.getvalue() == ""


def test_requests_are_told_only_when_asked_for() -> None:
    stream = io.StringIO()

    console(stream).debug("GET /v1/apps")
    console(stream, verbose=True).debug("GET /v1/builds")

    assert stream.getvalue() == "GET /v1/builds\n"


def test_inputs_are_named_as_they_were_typed() -> None:
    stream = io.StringIO()
    told = console(stream, spell=lambda text: text.replace("`", "--"))

    told.line("`a`")
    told.show(run_blocks([nothing_known(error=InputError("`b` is missing."))], NOW))

    assert stream.getvalue().startswith("--a--\n")
    assert "--b-- is missing." in stream.getvalue()


def test_a_wait_gives_a_sign_of_life_once_a_minute_and_whenever_something_changes() -> None:
    told: list[str] = []
    heartbeat = Heartbeat(told.append)

    for elapsed in (0.0, 20.0, 59.0, 60.0, 90.0):
        heartbeat.waiting("231 is PROCESSING", elapsed, 600 - elapsed)
    heartbeat.waiting("231 is VALID", 95.0, 505.0)

    assert told == [
        "Waiting: 231 is PROCESSING; 0 s so far, 10 min left.",
        "Waiting: 231 is PROCESSING; 60 s so far, 9 min left.",
        "Waiting: 231 is VALID; 95 s so far, 8 min left.",
    ]


# ------------------------------------------------------------------------- terminal


def drawn(now: _Now, screen: Console) -> str:
    screen.print(now)
    assert isinstance(screen.file, io.StringIO)
    return screen.file.getvalue()


@pytest.fixture
def screen() -> Console:
    return Console(file=io.StringIO(), width=80, height=12, no_color=True)


def test_a_wait_shows_each_target_with_app_platform_and_state(screen: Console) -> None:
    now = _Now(screen)
    now.status("com.example.a (ios)", "build 231 is PROCESSING")
    now.status("com.example.b (macos)", "build 231 is VALID")
    now.waiting("2 builds are processing", 61.0, 600.0)

    shown = drawn(now, screen)

    assert re.search(r"App +Platform +State", shown)
    assert re.search(r"com\.example\.a +ios +build 231 is PROCESSING", shown)
    assert re.search(r"com\.example\.b +macos +build 231 is VALID", shown)
    assert re.search(r"2 builds are processing  1:\d\d so far, \d+:\d\d left", shown)


def test_where_there_is_no_room_for_all_targets_the_latest_changes_are_shown(
    screen: Console,
) -> None:
    now = _Now(screen)
    for n in range(100):
        now.status(f"com.example.a{n} (ios)", "PROCESSING")
    now.status("com.example.a5 (ios)", "VALID")

    shown = drawn(now, screen)

    assert "com.example.a5 " in shown
    assert "com.example.a50 " not in shown
    assert "and 93 more" in shown
    assert len(shown.splitlines()) <= 12


def test_the_terminal_shows_the_same_blocks(capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal(quiet=False, verbose=False, spell=str)

    terminal.line("Looking.")
    terminal.show(run_blocks([ended(Outcome.ATTACHED, attached=NEW)], NOW))

    shown = capsys.readouterr().err
    assert shown.startswith("Looking.\n")
    assert re.search(r"✓ +App +All belong to", shown)
    assert "Build 231 is now attached" in shown
