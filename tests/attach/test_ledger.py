"""What a report says of a target, whatever ended it."""

from __future__ import annotations

from typing import Any

import pytest
from builders import NOON, NOTES, a_build, a_request, a_version

from asc_linker.attach.ledger import Ledger
from asc_linker.decision.decide import decide
from asc_linker.decision.decision import Decision
from asc_linker.decision.findings import Findings
from asc_linker.decision.report import AttachReport, Outcome, VersionChange
from asc_linker.decision.request import IfAttached, IfVersionMissing, Skip
from asc_linker.errors import AppStoreConnectError

OUTAGE = AppStoreConnectError("Apple failed.", hint="Run again later.")
CREATE = {"if_version_missing": IfVersionMissing.CREATE}


def decided(version: Any = None, build: Any = None, **changes: Any) -> Decision:
    """Build 231 over 230 on version 1.4.2, unless told otherwise."""
    versions = (version or a_version(build="230"),)
    return _decided(versions, build or a_build(), **changes)


def created(**changes: Any) -> Decision:
    return _decided((), a_build(uses_non_exempt_encryption=None), **CREATE, **changes)


def _decided(versions: tuple[Any, ...], build: Any, **changes: Any) -> Decision:
    request = a_request(**changes)
    return decide(Findings(request, NOTES, versions, (build,), (), versions, (build,), True), NOON)


def ledger_of(*decisions: Decision, left: int | None = None) -> Ledger:
    ledger = Ledger(lambda _: left)
    ledger.begin_with([decision.request for decision in decisions])
    ledger.note(decisions)
    return ledger


def begun(ledger: Ledger, place: int = 0, *, done: int = 0) -> None:
    """Begin the writes of a target's plan up to the first that is not `done`."""
    plan = ledger.decisions[place].plan
    assert plan is not None
    for n, write in enumerate(plan.writes[: done + 1]):
        ledger.begin(place, write)
        if n < done:
            ledger.done(place)


def numbers(report: AttachReport) -> tuple[str, str]:
    """What was attached before, and is afterwards."""
    before, after = report.previous, report.attached
    return (before.number if before else "", after.number if after else "")


# ------------------------------------------------------------------------ one target


def test_a_target_that_was_attached_says_what_was_there_before() -> None:
    ledger = ledger_of(decided(), left=42)
    begun(ledger, done=1)

    report = ledger.report(0, Outcome.ATTACHED)

    assert numbers(report) == ("230", "231")
    assert (report.changed, report.writes, report.unknown_writes) == (True, ("attach",), ())
    assert report.requests_left == 42
    assert report.plan == decided().fingerprint
    assert (report.reason, report.reason_id) == ("", "")


def test_a_dry_run_says_what_it_would_write_and_changes_nothing() -> None:
    decision = created(uses_non_exempt_encryption=True)

    report = ledger_of(decision).report(0, Outcome.WOULD_ATTACH)

    assert report.plan == decision.fingerprint
    assert report.writes == ("answer-compliance", "create-version", "attach")
    assert (report.changed, report.unknown_writes) == (False, ())
    assert report.version_change is VersionChange.CREATED
    assert report.version is not None
    assert (report.version.id, report.version.version_string) == ("", "1.4.2")
    assert numbers(report) == ("", "231")


@pytest.mark.parametrize(
    ("outcome", "changes", "after"),
    [
        (Outcome.KEPT, {"if_attached": IfAttached.KEEP}, "230"),
        (Outcome.SHOWN, {}, "230"),
        (Outcome.DETACHED, {}, ""),
        (Outcome.WOULD_DETACH, {}, ""),
        (Outcome.NOTHING_ATTACHED, {}, ""),
        (Outcome.FAILED, {}, "231"),
        (Outcome.NOT_WRITTEN, {}, "231"),
        (Outcome.ALREADY_ATTACHED, {}, "231"),
    ],
)
def test_each_outcome_says_what_is_attached_afterwards(
    outcome: Outcome, changes: dict[str, Any], after: str
) -> None:
    assert numbers(ledger_of(decided(**changes)).report(0, outcome)) == ("230", after)


def test_a_target_that_was_not_written_and_whose_build_is_not_known_names_none() -> None:
    decision = decided()._replace(build=None, plan=None)

    report = ledger_of(decision).report(0, Outcome.NOT_WRITTEN, reason="Held back.", reason_id="h")

    assert numbers(report) == ("230", "")
    assert (report.reason, report.reason_id) == ("Held back.", "h")
    assert numbers(ledger_of(decision).report(0, Outcome.FAILED)) == ("230", "230")


def test_a_skip_is_told_with_its_reason_unless_there_is_another() -> None:
    skip = Skip("pre-release", "It is a pre-release.")
    ledger = ledger_of(decide(Findings(a_request(skip=skip)), NOON))

    report = ledger.report(0, Outcome.SKIPPED)
    assert (report.reason_id, report.reason) == ("pre-release", "It is a pre-release.")
    other = ledger.report(0, Outcome.NOT_WRITTEN, reason="Held back.", reason_id="held-back")
    assert (other.reason_id, other.reason) == ("held-back", "Held back.")


def test_an_answer_that_was_read_back_is_the_one_that_is_told() -> None:
    open_build = a_build(uses_non_exempt_encryption=None)
    ledger = ledger_of(decided(build=open_build, uses_non_exempt_encryption=False))
    begun(ledger, done=2)
    ledger.read_back(0, build=a_build(uses_non_exempt_encryption=False))

    report = ledger.report(0, Outcome.ATTACHED)

    assert report.build is not None
    assert report.build.uses_non_exempt_encryption is False
    assert report.writes == ("answer-compliance", "attach")
    assert report.version_change is VersionChange.NONE


def test_a_version_that_was_created_is_told_as_it_was_read_back() -> None:
    ledger = ledger_of(created())
    begun(ledger, done=1)
    made = a_version(name="v9", build="231")
    ledger.read_back(0, version=made)

    report = ledger.report(0, Outcome.ATTACHED)

    assert (report.version, report.version_change) == (made, VersionChange.CREATED)


def test_a_version_that_may_have_been_created_is_not_told_as_created() -> None:
    ledger = ledger_of(created())
    begun(ledger)

    report = ledger.report(0, Outcome.FAILED, error=OUTAGE)

    assert (report.version, report.version_change) == (None, VersionChange.NONE)
    assert (report.changed, report.writes) == (None, ())
    assert report.unknown_writes == ("create-version", "attach")


# --------------------------------------------------------------------- the fate of writes


def test_a_write_whose_fate_is_not_known_is_told_with_what_to_look_at() -> None:
    ledger = ledger_of(decided())
    begun(ledger)

    report = ledger.report(0, Outcome.FAILED, error=OUTAGE)

    assert report.error is not None
    assert report.error.message == (
        "Apple failed. Whether build 231 was attached to version 1.4.2 is not known."
    )
    assert report.error.hint == (
        "Look at the version on App Store Connect, or run again: that reads before it writes. "
        "Run again later."
    )
    assert report.changed is None
    assert report.plan == decided().fingerprint


def test_of_two_writes_the_one_that_was_made_and_the_one_that_is_not_known_are_told_apart() -> None:
    decision = decided(
        build=a_build(uses_non_exempt_encryption=None), uses_non_exempt_encryption=True
    )
    ledger = ledger_of(decision)
    begun(ledger, done=1)

    report = ledger.report(0, Outcome.FAILED, error=OUTAGE)

    assert (report.writes, report.unknown_writes) == (("answer-compliance",), ("attach",))
    assert report.changed is True
    assert [write.names for write in ledger.made] == [("answer-compliance",)]
    assert [(place, write.names) for place, write in ledger.pending] == [(0, ("attach",))]


def test_a_write_that_apple_did_not_make_leaves_no_trace() -> None:
    ledger = ledger_of(decided())
    begun(ledger)
    ledger.not_made(0)

    report = ledger.report(0, Outcome.FAILED, error=OUTAGE)

    assert (report.changed, report.unknown_writes, report.error) == (False, (), OUTAGE)
    assert (ledger.pending, ledger.made) == ([], [])
    assert report.plan == "0" * 16


def test_what_was_there_before_the_first_write_is_told_also_when_all_was_read_again() -> None:
    ledger = ledger_of(decided())
    begun(ledger)
    again = decided(a_version(build="231"))
    ledger.note_again(0, again)

    assert numbers(ledger.report(0, Outcome.FAILED, error=OUTAGE)) == ("230", "231")
    assert ledger.decisions == (again,)


# ------------------------------------------------------------------ what ends a whole run


def test_where_nothing_was_begun_all_fail_with_what_ended_the_run() -> None:
    reports = ledger_of(decided(), decided()).reports(OUTAGE)

    assert [report.outcome for report in reports] == [Outcome.FAILED, Outcome.FAILED]
    assert {report.error for report in reports} == {OUTAGE}


def test_the_end_of_a_run_leaves_what_was_finished_and_begins_nothing() -> None:
    ledger = ledger_of(decided(), decided(), decided())
    begun(ledger, 0, done=1)
    finished = ledger.finish(0, ledger.report(0, Outcome.ATTACHED))
    begun(ledger, 1)

    reports = ledger.reports(OUTAGE)

    assert reports[0] is finished
    assert [report.outcome for report in reports] == [
        Outcome.ATTACHED,
        Outcome.FAILED,
        Outcome.NOT_WRITTEN,
    ]
    assert [report.changed for report in reports] == [True, None, False]
    assert (reports[2].reason, reports[2].reason_id) == ("Apple failed.", "run-stopped")
    assert reports[2].error is None


def test_a_target_that_is_finished_without_a_write_is_enough_to_have_begun() -> None:
    ledger = ledger_of(decided(), decided())
    ledger.finish(0, ledger.report(0, Outcome.ALREADY_ATTACHED))

    outcomes = [report.outcome for report in ledger.reports(OUTAGE)]

    assert outcomes == [Outcome.ALREADY_ATTACHED, Outcome.NOT_WRITTEN]
