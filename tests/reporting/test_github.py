"""What the runner is told, as far as no step needs to run for that."""

from __future__ import annotations

from pathlib import Path

import pytest
from runner_environment import find_command

from asc_linker.reporting.annotations import Annotation, Level
from asc_linker.reporting.github import Runner


@pytest.fixture
def summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "summary.md"
    file.touch()
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(file))
    return file


def test_a_summary_is_cut_at_a_million_bytes_and_between_two_letters(summary: Path) -> None:
    Runner().summary("a" + "ü" * 600_000)

    written = summary.read_bytes().rstrip(b"\n")
    assert len(written) == 999_999
    assert written.decode("utf-8") == "a" + "ü" * 499_999


def test_halves_of_surrogate_pairs_do_not_keep_a_summary_from_being_written(summary: Path) -> None:
    Runner().summary("before \ud800 after")

    assert summary.read_text(encoding="utf-8").rstrip() == "before ? after"


def annotated(capfd: pytest.CaptureFixture[str], title: str, message: str) -> tuple[str, str]:
    Runner().annotate(Annotation(Level.NOTICE, title, message))
    command = find_command(capfd.readouterr().out.rstrip("\n"))
    assert command is not None
    return command.properties["title"], command.data


def test_an_annotation_is_cut_where_the_runner_and_the_page_would_cut_it(
    capfd: pytest.CaptureFixture[str],
) -> None:
    title, message = annotated(capfd, "t" * 999, "m" * 9999)

    assert len(title) == 255
    assert len(message) == 4096


def test_an_annotations_lines_stay_lines_and_hold_no_controls(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert annotated(capfd, "a\nb", "one\x1b[2J\ntwo\r\n::error::x") == (
        "a b",
        "one [2J\ntwo\n::error::x",
    )


def test_a_group_without_a_line_is_none(capfd: pytest.CaptureFixture[str]) -> None:
    runner = Runner()
    with runner.group("empty"):
        runner.mask("secret")
    with runner.group("full"):
        runner.log("a line")

    assert capfd.readouterr().out.splitlines() == [
        "::add-mask::secret",
        "::group::full",
        "a line",
        "::endgroup::",
    ]
