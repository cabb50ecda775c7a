"""What a run's page shows above everything: few, whole, and each thing once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from reporting.samples import (
    BUILD,
    NOW,
    PASSED,
    UNANSWERED,
    VERSION,
    ended,
    many,
    nothing_known,
    of_app,
    refused,
)

from asc_linker.apple.model import AppVersionState
from asc_linker.decision.report import AttachReport, Outcome, Warning
from asc_linker.decision.request import Shard
from asc_linker.errors import CredentialsError, InputError, NotFound
from asc_linker.reporting.annotations import Annotation, Level, run_annotations, warnings


def told(*reports: AttachReport, shard: Shard | None = None) -> list[Annotation]:
    return run_annotations(reports, NOW, shard)


def of_level(level: Level, *reports: AttachReport) -> list[Annotation]:
    return [each for each in told(*reports) if each.level is level]


def failing(n: int) -> AttachReport:
    return of_app(n, Outcome.FAILED, error=refused(f"Build {n} has expired.", apple=[]))


def test_a_failure_is_one_error_with_message_apples_words_and_hint() -> None:
    assert told(ended(Outcome.FAILED)) == [
        Annotation(
            Level.ERROR,
            "The build cannot be attached",
            "Build 231 has expired.\n"
            "Upload a new build.\n"
            "Apple: Refused: The specified pre-release build could not be added. "
            "(ENTITY_ERROR.RELATIONSHIP.INVALID) at /data/relationships/build",
        )
    ]


def test_without_hint_and_apples_words_there_is_one_line() -> None:
    (error,) = told(nothing_known(error=NotFound("Not\nthere.")))

    assert error.message == "Not there."


def test_faults_of_the_inputs_are_a_line_each() -> None:
    (error,) = told(nothing_known(error=InputError("`a` is missing.", "`b` is wrong.", hint="Do.")))

    assert error.message == "`a` is missing.\n`b` is wrong.\nDo."


def test_more_faults_than_an_annotation_holds_are_counted_and_the_hint_stays() -> None:
    faults = [f"`targets[{n}]` has no `bundle-id`." for n in range(500)]

    (error,) = told(nothing_known(error=InputError(*faults, hint="Look.")))

    assert len(error.message) < 4096
    lines = error.message.splitlines()
    assert lines[0] == faults[0]
    assert lines[-2] == f"And {500 - (len(lines) - 2)} more; the job summary has all."
    assert lines[-1] == "Look."


def test_an_unknown_write_is_told_in_these_words() -> None:
    report = ended(Outcome.FAILED, changed=None, unknown_writes=("attach",))

    assert "Whether the build was attached is not known." in told(report)[0].message


def test_what_was_written_before_a_failure_is_told() -> None:
    report = ended(Outcome.FAILED, changed=True, writes=("create-version",))

    assert "Written before it failed: `create-version`." in told(report)[0].message


def test_targets_of_one_cause_that_were_written_to_differently_are_told_apart() -> None:
    reports = [failing(1), failing(1)._replace(changed=True, writes=("attach",))]

    assert len(of_level(Level.ERROR, *reports)) == 2


def test_a_result_is_one_notice() -> None:
    assert told(ended(Outcome.ALREADY_ATTACHED)) == [
        Annotation(
            Level.NOTICE,
            "asc-linker: already-attached",
            "Build 231 is attached to version 1.4.2 (macOS) of Example Notes already. "
            "Nothing was written.",
        )
    ]


def test_several_targets_have_one_notice_by_numbers() -> None:
    (notice,) = told(*many(3))

    assert (notice.level, notice.message) == (Level.NOTICE, "3 targets: 3 attached.")


def test_each_of_several_errors_names_its_target() -> None:
    errors = of_level(Level.ERROR, of_app(0), failing(1), failing(2))

    assert [error.message.splitlines()[0] for error in errors] == [
        "com.example.app001 (macos): Build 1 has expired.",
        "com.example.app002 (macos): Build 2 has expired.",
    ]


def test_nine_errors_are_nine_annotations() -> None:
    errors = of_level(Level.ERROR, *many(9, failing))

    assert len(errors) == 9
    assert "Build 8 has expired." in errors[8].message


def test_of_more_than_nine_errors_the_tenth_says_how_many_more_and_names_them() -> None:
    errors = of_level(Level.ERROR, *many(12, failing))

    assert len(errors) == 10
    assert "Build 8 has expired." in errors[8].message
    assert errors[9].title == "3 more"
    for n in (9, 10, 11):
        assert f"com.example.app{n:03} (macos)" in errors[9].message


def test_of_hundreds_the_tenth_names_as_many_as_fit() -> None:
    last = of_level(Level.ERROR, *many(500, failing))[-1]

    assert len(last.message) < 4096
    assert last.title == "491 more"
    named = last.message.count("com.example.app")
    assert f"and {491 - named} more" in last.message


def test_a_cause_that_all_share_is_told_once() -> None:
    error = CredentialsError("Apple does not accept the key.", hint="Check it.")
    reports = many(50, lambda n: of_app(n, Outcome.FAILED, error=error))

    (only,) = of_level(Level.ERROR, *reports)

    assert only.message.startswith("Apple does not accept the key.\nCheck it.\n")
    assert "50 targets: com.example.app000 (macos), com.example.app001 (macos)" in only.message


def test_what_is_held_back_is_no_error_of_its_own() -> None:
    held = of_app(1, Outcome.NOT_WRITTEN, reason="Another target cannot be done.")

    assert len(of_level(Level.ERROR, failing(0), held)) == 1


# ------------------------------------------------------------------------- warnings


def titles(outcome: Outcome = Outcome.ATTACHED, **changes: Any) -> list[str]:
    return [warning.title for warning in warnings(ended(outcome, **changes), NOW)]


SOON = BUILD._replace(expires_at=NOW + timedelta(days=6))
BITES: dict[str, dict[str, Any]] = {
    "Export compliance is unanswered": {"checks": (PASSED, UNANSWERED)},
    "The build expires soon": {"build": SOON},
    "Few requests are left": {"requests_left": 199},
}


def test_what_is_well_needs_no_warning() -> None:
    assert titles(requests_left=200) == []


@pytest.mark.parametrize("title", BITES)
@pytest.mark.parametrize("outcome", list(Outcome))
def test_what_will_bite_next_is_a_warning_only_of_a_run_that_attached_or_would(
    outcome: Outcome, title: str
) -> None:
    attaches = outcome in (Outcome.ATTACHED, Outcome.WOULD_ATTACH)

    assert titles(outcome, **BITES[title]) == [title] * attaches


def test_an_expiry_is_told_in_utc() -> None:
    (warning,) = warnings(ended(Outcome.ATTACHED, build=SOON), NOW)

    assert "expires on 2026-06-21 at 12:00 UTC" in warning.message


@pytest.mark.parametrize("days", [7, -1])
def test_what_expires_later_or_has_expired_does_not_expire_soon(days: int) -> None:
    assert titles(build=BUILD._replace(expires_at=NOW + timedelta(days=days))) == []


def test_a_released_version_is_not_asked_about_its_encryption() -> None:
    released = VERSION._replace(app_version_state=AppVersionState.READY_FOR_DISTRIBUTION)

    assert titles(checks=(UNANSWERED,), version=released) == []


NEWER = Warning("newer-upload", "A newer upload", "Build 232 is there too.")


@pytest.mark.parametrize("outcome", [Outcome.KEPT, Outcome.FAILED])
def test_what_the_reading_showed_is_a_warning_of_any_run(outcome: Outcome) -> None:
    (warning,) = of_level(Level.WARNING, ended(outcome, warnings=(NEWER,)))

    assert (warning.title, warning.message) == ("A newer upload", "Build 232 is there too.")


def test_a_warning_that_all_share_is_told_once_and_others_name_their_target() -> None:
    reports = many(3, lambda n: of_app(n, requests_left=9))
    reports[1] = reports[1]._replace(warnings=(NEWER,))

    few, newer = of_level(Level.WARNING, *reports)

    assert "9 requests left" in few.message
    assert "3 targets" in few.message
    assert newer.message == "com.example.app001 (macos): Build 232 is there too."


def test_warnings_are_ten_at_most_too() -> None:
    reports = many(
        40, lambda n: of_app(n, warnings=(Warning("newer-upload", "Newer", f"Build {n}."),))
    )

    found = of_level(Level.WARNING, *reports)

    assert len(found) == 10
    assert "com.example.app039" in found[-1].message


# --------------------------------------------------------------------------- shards


def test_a_shard_nobody_asked_for_is_a_notice() -> None:
    notice = told(*many(2), shard=Shard(2, 5, 10, "CI_NODE_INDEX"))[0]

    assert notice.level is Level.NOTICE
    assert notice.message == "shard 2/5, from CI_NODE_INDEX: 2 of 10 targets"


def test_a_shard_that_was_asked_for_needs_no_notice() -> None:
    assert len(told(*many(2), shard=Shard(2, 5, 10))) == 1


def test_a_shard_without_targets_is_a_notice() -> None:
    (notice,) = told(shard=Shard(5, 5, 4))

    assert notice.level is Level.NOTICE
    assert notice.message == "shard 5/5: 0 of 4 targets. Nothing was done."
