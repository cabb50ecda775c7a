"""Report files, joined into the reports of one run."""

from __future__ import annotations

import json

import pytest
from reporting.samples import NOW, UNANSWERED, ended, many, nothing_known, of_app

from asc_linker.decision.report import AttachReport, Outcome, VersionChange
from asc_linker.decision.request import Shard
from asc_linker.errors import InputError
from asc_linker.reporting.join import join
from asc_linker.reporting.report import as_json, exit_code, outputs, report_file
from asc_linker.reporting.sentences import headline, target_name
from asc_linker.reporting.summary import summary


def shards(total: int, targets: int) -> dict[str, str]:
    """The report files of a run over `targets`, in parts that differ by one at most."""
    reports = many(targets)
    bounds = [round(n * targets / total) for n in range(total + 1)]
    return {
        f"{n + 1}.json": report_file(
            reports[bounds[n] : bounds[n + 1]], Shard(n + 1, total, targets)
        )
        for n in range(total)
    }


def backwards(files: dict[str, str]) -> dict[str, str | Exception]:
    return dict(reversed(files.items()))


@pytest.mark.parametrize("outcome", list(Outcome))
def test_a_report_comes_back_as_it_was_written(outcome: Outcome) -> None:
    written = [ended(outcome, checks=(UNANSWERED,)), nothing_known(outcome)]

    read = join({"report.json": report_file(written)})

    assert [as_json(report) for report in read] == [as_json(report) for report in written]
    assert outputs(read) == outputs(written)
    assert [report.version is None for report in read] == [False, True]


def test_a_version_that_was_created_is_still_told_so() -> None:
    report = ended(
        Outcome.ATTACHED, version_change=VersionChange.CREATED, writes=("create-version", "attach")
    )

    (read,) = join({"a": report_file([report])})

    assert headline(read) == (
        "Version 1.4.2 (macOS) of com.example.notes was created, with build 231 attached."
    )


def test_shards_are_joined_in_their_order_whatever_the_order_of_the_files() -> None:
    read = join(backwards(shards(5, 12)))

    assert [target_name(report) for report in read] == [
        f"com.example.app{n:03} (macos)" for n in range(12)
    ]
    assert exit_code(read) == 0
    assert outputs(read) == outputs(many(12))


def test_the_exit_code_is_that_of_the_first_target_that_failed() -> None:
    files = shards(2, 4)
    broken = of_app(1, Outcome.FAILED)
    files["1.json"] = report_file([of_app(0), broken], Shard(1, 2, 4))

    read = join(backwards(files))

    assert exit_code(read) == 5
    assert outputs(read)["outcome"] == "failed"
    assert "Upload a new build." in summary(read, NOW)


def test_shards_that_had_no_target_are_no_gap() -> None:
    files = shards(5, 3)

    assert sum(text == "[]\n" for text in files.values()) == 2
    assert exit_code(join(backwards(files))) == 0


def test_a_shard_that_ended_before_it_knew_its_targets_comes_last() -> None:
    files: dict[str, str | Exception] = {
        "x": report_file([nothing_known(error=InputError("`a` is missing."))]),
        **shards(1, 2),
    }

    assert [report.outcome for report in join(files)] == [
        Outcome.ATTACHED,
        Outcome.ATTACHED,
        Outcome.FAILED,
    ]


def faults(files: dict[str, str | Exception]) -> AttachReport:
    """The one report that stands for what is not known."""
    *_, last = join(files)
    assert last.outcome is Outcome.FAILED
    assert last.changed is None
    assert last.error is not None
    assert last.error.exit_code == 2
    return last


def test_a_missing_shard_is_a_failure_that_names_it() -> None:
    files = backwards(shards(5, 12))
    del files["4.json"]

    error = faults(files).error

    assert error is not None
    assert "4 report files of 5 shards" in error.message
    assert "4/5" in error.message
    assert outputs(join(files))["changed"] == "true"


def test_a_shard_that_is_there_twice_is_a_failure() -> None:
    files = backwards(shards(2, 4))
    files["again.json"] = files["2.json"]

    assert "Shard 2/2 is there twice: `2.json`, `again.json`." in headline(faults(files))


def test_files_of_several_runs_are_a_failure() -> None:
    files = {"1.json": shards(2, 4)["1.json"], "2.json": shards(3, 6)["2.json"]}

    assert "`1.json` (1/2), `2.json` (2/3)" in headline(faults(backwards(files)))


RUBBISH = {
    "nothing": "",
    "half": report_file([ended(Outcome.ATTACHED)])[:-200],
    "an object": json.dumps(as_json(ended(Outcome.ATTACHED))),
    "numbers": "[1]",
    "another schema": json.dumps([as_json(ended(Outcome.ATTACHED)) | {"schema": 2}]),
    "another outcome": json.dumps([as_json(ended(Outcome.ATTACHED)) | {"outcome": "passed"}]),
    "another type": json.dumps([as_json(ended(Outcome.ATTACHED)) | {"changed": "true"}]),
    "a key less": json.dumps([{"schema": 1, "outcome": "attached"}]),
    "no shard": json.dumps([as_json(ended(Outcome.ATTACHED)) | {"shard": "2/"}]),
    "two shards": json.dumps(
        [as_json(ended(Outcome.ATTACHED)) | {"shard": shard} for shard in ("1/2", "2/2")]
    ),
    "deep": "[" * 100_000,
}


@pytest.mark.parametrize("kind", RUBBISH)
def test_what_is_no_report_is_told_and_the_rest_is_joined(kind: str) -> None:
    read = join({"good": report_file([of_app(1)]), "bad": RUBBISH[kind]})

    assert read[0].outcome is Outcome.ATTACHED
    assert headline(read[-1]).startswith("`bad` is no report of asc-linker")


def test_a_file_that_cannot_be_read_is_told_with_the_reason() -> None:
    gone = FileNotFoundError(2, "No such file or directory")

    assert headline(faults({"a": gone})) == "`a` cannot be read: No such file or directory."


def test_a_label_is_made_of_what_the_file_says() -> None:
    report = of_app(7)._replace(app=None, version=None, build=None)

    (read,) = join({"a": report_file([report])})

    assert target_name(read) == "com.example.app007"
