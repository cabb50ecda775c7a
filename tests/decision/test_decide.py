"""The decision by itself: findings in; a plan, a look that is still needed, or a refusal out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from builders import IOS, MACOS, NOON, NOTES, a_build, a_request, a_version, an_upload

from asc_linker.apple.model import (
    AppId,
    AppStoreVersion,
    AppVersionState,
    AttachedBuild,
    Build,
    BuildId,
    BuildUpload,
    BuildUploadState,
    Platform,
    ProcessingState,
    VersionId,
)
from asc_linker.decision.decide import decide
from asc_linker.decision.decision import Decision, Look
from asc_linker.decision.findings import Findings
from asc_linker.decision.plan import Plan
from asc_linker.decision.preflight import refusals
from asc_linker.decision.report import Outcome, VersionChange
from asc_linker.decision.request import (
    IfAttached,
    IfVersionLocked,
    IfVersionMissing,
    Operation,
    ReleaseType,
    Skip,
)
from asc_linker.decision.writes import (
    AnswerCompliance,
    AttachBuild,
    CreateVersion,
    DetachBuild,
    RenameVersion,
)
from asc_linker.errors import AscLinkerError, InputError, NotAttachable, NotFound

IN_REVIEW = AppVersionState.IN_REVIEW
PROCESSING = ProcessingState.PROCESSING
ATTACH_231 = AttachBuild(VersionId("v1"), "1.4.2", BuildId("b231"), "231")


def decided(
    versions: list[AppStoreVersion],
    builds: list[Build],
    *uploads: BuildUpload,
    newest: list[Build] | None = None,
    is_expected: bool = False,
    **changes: Any,
) -> Decision:
    findings = Findings(
        a_request(**changes),
        NOTES,
        tuple(versions),
        tuple(builds),
        uploads,
        tuple(versions),
        tuple(builds if newest is None else newest),
        has_looked_elsewhere=True,
    )
    return decide(findings, NOON + 3600, is_expected=is_expected)


def planned(versions: list[AppStoreVersion], builds: list[Build], **changes: Any) -> Plan:
    decision = decided(versions, builds, **changes)
    assert decision.plan is not None, decision.refusal
    return decision.plan


def refused(
    kind: type[AscLinkerError],
    versions: list[AppStoreVersion],
    builds: list[Build],
    *uploads: BuildUpload,
    **changes: Any,
) -> AscLinkerError:
    refusal = decided(versions, builds, *uploads, **changes).refusal
    assert type(refusal) is kind, refusal
    return refusal


# ------------------------------------------------------------------------- attach


def test_the_build_is_attached_in_one_write() -> None:
    decision = decided([a_version()], [a_build()])

    assert decision.plan is not None
    assert decision.plan.outcome is Outcome.ATTACHED
    assert decision.plan.writes == (ATTACH_231,)
    assert len(decision.checks) == 10


def test_another_build_is_replaced_in_the_same_write() -> None:
    assert planned([a_version(build="230")], [a_build()]).writes == (ATTACH_231,)


@pytest.mark.parametrize("state", list(AppVersionState))
def test_already_so_is_no_write_and_no_refused_row_in_every_state(state: AppVersionState) -> None:
    decision = decided(
        [a_version(state=state, build="231")], [a_build()], if_attached=IfAttached.FAIL
    )

    assert decision.plan is not None
    assert (decision.plan.outcome, decision.plan.writes) == (Outcome.ALREADY_ATTACHED, ())
    assert {check.verdict.value for check in decision.checks} <= {"ok", "Apple decides"}


def test_compliance_is_answered_first() -> None:
    unanswered = a_build(uses_non_exempt_encryption=None)

    plan = planned([a_version()], [unanswered], uses_non_exempt_encryption=False)

    assert plan.writes == (AnswerCompliance(BuildId("b231"), "231", False), ATTACH_231)


@pytest.mark.parametrize("state", list(AppVersionState))
def test_compliance_is_answered_in_any_state_once_the_build_is_attached(
    state: AppVersionState,
) -> None:
    unanswered = a_build(uses_non_exempt_encryption=None)

    plan = planned(
        [a_version(state=state, build="231")], [unanswered], uses_non_exempt_encryption=True
    )

    assert plan.outcome is Outcome.ALREADY_ATTACHED
    assert plan.writes == (AnswerCompliance(BuildId("b231"), "231", True),)


def test_another_answer_than_apples_is_refused_also_where_the_build_is_attached() -> None:
    for version in (a_version(), a_version(build="231"), a_version(state=IN_REVIEW, build="231")):
        told = refused(NotAttachable, [version], [a_build()], uses_non_exempt_encryption=True)
        assert told.id == "export-compliance"
        assert "IN_REVIEW" not in told.message


def test_locked_is_decided_before_if_attached_and_before_the_build() -> None:
    locked = a_version(state=IN_REVIEW, build="230")

    for builds in ([], [a_build()], [a_build(state=PROCESSING)]):
        for if_attached in IfAttached:
            told = refused(NotAttachable, [locked], builds, if_attached=if_attached)
            assert "IN_REVIEW" in told.message
            plan = planned(
                [locked], builds, if_attached=if_attached, if_version_locked=IfVersionLocked.SKIP
            )
            assert (plan.outcome, plan.writes) == (Outcome.SKIPPED, ())
            assert plan.skip == Skip("version-locked", "Version 1.4.2 is IN_REVIEW.")


def test_if_attached_is_decided_before_the_build() -> None:
    other = a_version(build="230")

    for builds in ([], [a_build()], [a_build(state=PROCESSING)], [a_build(expired=True)]):
        assert planned([other], builds, if_attached=IfAttached.KEEP).outcome is Outcome.KEPT
        told = refused(NotAttachable, [other], builds, if_attached=IfAttached.FAIL)
        assert told.message == "Build 230 is attached to version 1.4.2 already."


@pytest.mark.parametrize(
    ("builds", "pending"),
    [
        ([], "Apple does not list the build yet"),
        ([a_build(state=PROCESSING)], "build 231 is PROCESSING"),
    ],
)
def test_a_build_that_is_not_ready_is_a_reason_to_wait(builds: list[Build], pending: str) -> None:
    decision = decided([a_version()], builds)

    assert decision.look is Look.BUILD
    assert decision.pending == pending
    assert decision.is_absent is (not builds)


def test_a_build_in_processing_with_another_fault_is_refused_at_once() -> None:
    told = refused(NotAttachable, [a_version()], [a_build(state=PROCESSING, expired=True)])

    assert "expired" in told.message
    assert "still processing" in told.message


def a_failed_upload(**more: Any) -> BuildUpload:
    errors = (("90683", "Missing purpose string."),)
    return an_upload(state=BuildUploadState.FAILED, errors=errors, **more)


def test_an_upload_that_apple_turned_down_is_no_reason_to_wait() -> None:
    told = refused(NotAttachable, [a_version()], [], a_failed_upload())

    assert told.message.endswith("90683: Missing purpose string.")
    assert told.id == "upload-failed"


def test_of_two_uploads_of_a_number_the_newest_decides() -> None:
    newer = an_upload(minute=5, name="u2")

    assert decided([a_version()], [], a_failed_upload(), newer).look is Look.BUILD
    refused(NotAttachable, [a_version()], [], a_failed_upload(minute=9), newer)


def test_an_upload_for_another_platform_says_nothing() -> None:
    assert decided([a_version()], [], a_failed_upload(platform=MACOS)).look is Look.BUILD


# ------------------------------------------------------------------ a missing version


def test_a_missing_version_lists_those_there_are() -> None:
    told = refused(NotFound, [a_version("1.4.1"), a_version("1.5", name="v2")], [a_build()])

    assert "1.4.1 (iOS, PREPARE_FOR_SUBMISSION)" in told.message
    assert "1.5" in told.message


@pytest.mark.parametrize(
    ("state", "cure"),
    [
        (None, "create"),
        (AppVersionState.READY_FOR_DISTRIBUTION, "create"),
        (AppVersionState.PREPARE_FOR_SUBMISSION, "rename"),
        (AppVersionState.REJECTED, ""),
        (AppVersionState.IN_REVIEW, ""),
    ],
)
def test_a_missing_version_is_told_with_the_input_that_would_help(
    state: AppVersionState | None, cure: str
) -> None:
    there = [a_version("1.4.1", state)] if state else []

    hint = refused(NotFound, there, [a_build()]).hint

    assert ("`if-version-missing: create`" in hint) is (cure == "create")
    assert ("`if-version-missing: rename`" in hint) is (cure == "rename")


@pytest.mark.parametrize("operation", [Operation.DETACH, Operation.SHOW])
def test_neither_helps_who_only_reads_or_detaches(operation: Operation) -> None:
    hint = refused(NotFound, [a_version("1.5")], [], operation=operation, build_number="").hint

    assert "if-version-missing" not in hint


# ------------------------------------------------------------------ create and rename


def test_a_missing_version_is_created_with_all_that_was_asked_for_it() -> None:
    when = datetime(2027, 1, 31, 9, tzinfo=UTC)

    plan = planned(
        [],
        [a_build()],
        if_version_missing=IfVersionMissing.CREATE,
        release_type=ReleaseType.SCHEDULED,
        earliest_release_date=when,
    )

    assert plan.outcome is Outcome.ATTACHED
    assert plan.writes == (
        CreateVersion(
            AppId("1"), IOS, "1.4.2", BuildId("b231"), "231", ReleaseType.SCHEDULED, when
        ),
    )
    assert plan.version_change is VersionChange.CREATED
    assert plan.after is not None
    assert plan.after.version_string == "1.4.2"


def test_the_open_version_is_renamed_and_keeps_its_id() -> None:
    plan = planned(
        [a_version("1.5", build="230")],
        [a_build()],
        if_version_missing=IfVersionMissing.RENAME,
    )

    assert plan.writes == (RenameVersion(VersionId("v1"), "1.5", "1.4.2", BuildId("b231"), "231"),)
    assert plan.version_change is VersionChange.RENAMED
    assert plan.version is not None
    assert plan.version.build == AttachedBuild(BuildId("b230"), "230")
    assert plan.after is not None
    assert (plan.after.id, plan.after.version_string) == ("v1", "1.4.2")


@pytest.mark.parametrize("mode", [IfVersionMissing.CREATE, IfVersionMissing.RENAME])
def test_released_versions_and_unknown_states_do_not_hold_the_place(
    mode: IfVersionMissing,
) -> None:
    others = [
        a_version("1.4.0", AppVersionState.REPLACED_WITH_NEW_VERSION, name="v0"),
        a_version("1.4.1", AppVersionState.READY_FOR_DISTRIBUTION, name="v1"),
        a_version("1.5", AppVersionState.UNRECOGNISED, name="v2"),
    ]

    if mode is IfVersionMissing.CREATE:
        assert planned(others, [a_build()], if_version_missing=mode).writes
    else:
        told = refused(NotFound, others, [a_build()], if_version_missing=mode)
        assert "none to rename" in told.message


def test_one_locked_version_in_the_way_is_found_among_several() -> None:
    holders = [a_version("1.5"), a_version("1.6", IN_REVIEW, name="v2")]

    for mode in (IfVersionMissing.CREATE, IfVersionMissing.RENAME):
        told = refused(NotAttachable, holders, [a_build()], if_version_missing=mode)
        assert "1.6 (IN_REVIEW)" in told.message
        skipped = planned(
            holders,
            [a_build()],
            if_version_missing=mode,
            if_version_locked=IfVersionLocked.SKIP,
        )
        assert skipped.outcome is Outcome.SKIPPED


@pytest.mark.parametrize(
    ("state", "is_told_to_rename"),
    [(AppVersionState.PREPARE_FOR_SUBMISSION, True), (AppVersionState.REJECTED, False)],
)
def test_an_open_version_is_in_the_way_of_a_new_one(
    state: AppVersionState, is_told_to_rename: bool
) -> None:
    told = refused(
        NotAttachable,
        [a_version("1.5", state)],
        [a_build()],
        if_version_missing=IfVersionMissing.CREATE,
    )

    assert told.id == "slot-taken"
    assert ("rename" in told.hint) is is_told_to_rename


def test_only_a_version_that_is_being_prepared_is_renamed() -> None:
    told = refused(
        NotAttachable,
        [a_version("1.5", AppVersionState.REJECTED)],
        [a_build()],
        if_version_missing=IfVersionMissing.RENAME,
    )

    assert told.id == "not-renamable"


def test_several_open_versions_are_listed() -> None:
    told = refused(
        NotAttachable,
        [a_version("1.5"), a_version("1.6", name="v2")],
        [a_build()],
        if_version_missing=IfVersionMissing.RENAME,
    )

    assert "1.5 on iOS" in told.message
    assert "1.6 on iOS" in told.message


def test_no_version_is_made_for_another_apps_build() -> None:
    stranger = a_build(app_id=AppId("2"), state=PROCESSING)

    for mode in (IfVersionMissing.CREATE, IfVersionMissing.RENAME):
        told = refused(
            NotAttachable,
            [],
            [stranger],
            build_id=BuildId("b231"),
            if_version_missing=mode,
            if_version_locked=IfVersionLocked.SKIP,
        )
        assert "different apps" in told.message


# --------------------------------------------------------------------- which platform


def test_the_platform_that_has_both_is_meant() -> None:
    versions = [a_version(), a_version(platform=MACOS, name="v2")]

    decision = decided(versions, [a_build(platform=MACOS)])

    assert decision.version == versions[1]
    assert decision.plan is not None


def test_a_platform_without_the_version_does_not_count() -> None:
    builds = [a_build(), a_build(platform=MACOS, name="mac")]

    decision = decided([a_version(platform=MACOS)], builds)

    assert decision.build == builds[1]


def test_more_than_one_pair_asks_for_the_platform() -> None:
    versions = [a_version(), a_version(platform=MACOS, name="v2")]
    builds = [a_build(), a_build(platform=MACOS, name="mac")]

    told = refused(InputError, versions, builds)

    assert "`ios` and `macos`" in told.message
    assert "`platform`" in told.hint


def test_a_version_on_two_platforms_with_the_build_on_neither_is_waited_for() -> None:
    versions = [a_version(), a_version(platform=MACOS, name="v2")]

    decision = decided(versions, [])

    assert decision.look is Look.BUILD
    assert "Version 1.4.2 is there for iOS and macOS." in decision.absence


def test_a_build_on_a_platform_that_has_no_such_version_is_told_as_elsewhere() -> None:
    versions = [a_version(), a_version(platform=MACOS, name="v2")]
    on_tv = an_upload(platform=Platform.TV_OS)

    decision = decided(versions, [], on_tv)

    assert "Build 231 was uploaded for tvOS" in decision.absence
    assert "no upload" not in decision.absence


def test_a_version_that_is_to_be_made_goes_where_the_build_is() -> None:
    builds = [a_build(), a_build(platform=MACOS, name="mac")]

    told = refused(InputError, [], builds, if_version_missing=IfVersionMissing.CREATE)
    plan = planned([], builds[1:], if_version_missing=IfVersionMissing.CREATE)

    assert told.id == "platform-ambiguous"
    assert isinstance(plan.writes[0], CreateVersion)
    assert plan.writes[0].platform is MACOS


@pytest.mark.parametrize("operation", [Operation.DETACH, Operation.SHOW])
def test_detach_and_show_take_the_platform_of_the_version(operation: Operation) -> None:
    versions = [a_version(), a_version(platform=MACOS, name="v2")]

    told = refused(InputError, versions, [], operation=operation, build_number="")

    assert "`ios` and `macos`" in told.message


# ---------------------------------------------------------------- a build that is elsewhere


def test_a_number_under_another_version_string_is_told_at_once() -> None:
    elsewhere = a_build(version_string="1.4.1")

    decision = decided([a_version()], [], newest=[elsewhere], platform=IOS)

    assert decision.absence.endswith("Build 231 was uploaded as version 1.4.1, not as 1.4.2.")
    assert [warning.id for warning in decision.warnings] == ["build-elsewhere"]
    assert decision.ends_wait is not None


def test_a_number_on_another_platform_is_told_with_what_differs() -> None:
    decision = decided([], [], newest=[a_build(platform=MACOS)], platform=IOS)
    assert decision.refusal is not None

    decision = decided([a_version()], [], newest=[a_build(platform=MACOS)], platform=IOS)

    assert "Build 231 was uploaded for macOS, not for iOS." in decision.absence


def test_leading_zeros_are_not_told_as_a_difference() -> None:
    decision = decided(
        [a_version()], [], newest=[a_build("0231", name="same")], build_number="00231", platform=IOS
    )

    assert "not for iOS" not in decision.absence
    assert decision.ends_wait is None


def test_what_is_not_the_newest_upload_ends_no_wait() -> None:
    newest = [a_build("300", minute=9), a_build(version_string="1.4.1", minute=1)]

    decision = decided([a_version()], [], newest=newest)

    assert "Build 231 was uploaded as version 1.4.1" in decision.absence
    assert decision.ends_wait is None
    assert decision.warnings == ()


def test_an_upload_of_what_is_wanted_is_waited_for_wherever_the_number_is_as_well() -> None:
    decision = decided(
        [a_version()], [], an_upload(minute=3), newest=[a_build(version_string="1.4.1", minute=5)]
    )

    assert decision.ends_wait is None
    assert "Apple has received the upload" in decision.absence


def test_platforms_of_one_app_are_uploaded_one_after_the_other() -> None:
    on_the_mac = [a_build(platform=MACOS, minute=9)]

    there = decided([a_version()], [], newest=on_the_mac, platform=IOS)
    expected = decided(
        [],
        [],
        newest=on_the_mac,
        platform=IOS,
        is_expected=True,
        if_version_missing=IfVersionMissing.CREATE,
    )
    neither = decided(
        [], [], newest=on_the_mac, platform=IOS, if_version_missing=IfVersionMissing.CREATE
    )

    assert there.ends_wait is None
    assert expected.ends_wait is None
    assert neither.ends_wait is not None
    for decision in (there, expected, neither):
        assert "Build 231 was uploaded for macOS, not for iOS." in decision.absence


def test_a_mistyped_number_is_answered_with_what_is_there() -> None:
    decision = decided([a_version()], [], newest=[a_build("231")], build_number="999")

    assert "Build 999 of 1.4.2" in decision.absence
    assert "231 (1.4.2, iOS, VALID)" in decision.absence


def test_a_value_from_elsewhere_is_told_with_its_source() -> None:
    sources = {"build-number": "the tag v1.4.2+999", "version-string": "the tag v1.4.2+999"}

    absent = decided([a_version()], [], build_number="999", sources=sources)
    missing = refused(NotFound, [a_version("1.5")], [a_build()], sources=sources)

    assert "(from the tag v1.4.2+999)" in absent.absence
    assert "from the tag v1.4.2+999" in missing.message
    assert "Check the tag v1.4.2+999" in missing.hint
    assert "`version-string`" not in missing.hint


# ---------------------------------------------------------------------- what is needed


def test_what_is_needed_is_asked_for_one_after_the_other() -> None:
    findings = Findings(a_request(), NOTES)
    assert decide(findings, NOON).look is Look.ALL_VERSIONS

    findings = Findings(a_request(), NOTES, (a_version(),))
    assert decide(findings, NOON).look is Look.ELSEWHERE

    findings = Findings(a_request(build_number="", latest=True), NOTES, (a_version(),))
    assert decide(findings, NOON).look is Look.UPLOADS

    show = a_request(operation=Operation.SHOW, build_number="")
    findings = Findings(show, NOTES, (a_version(build="230"),))
    assert decide(findings, NOON).look is Look.ATTACHED


def test_what_could_not_be_read_is_the_refusal() -> None:
    failure = NotFound("No app.")

    assert decide(Findings(a_request(), failure=failure), NOON).refusal is failure


def test_a_skip_needs_no_look_at_all() -> None:
    skip = Skip("pre-release", "The tag v1.4.2-rc.1 is a pre-release.")

    decision = decide(Findings(a_request(skip=skip)), NOON)

    assert decision.plan is not None
    assert (decision.plan.outcome, decision.plan.skip) == (Outcome.SKIPPED, skip)


# ---------------------------------------------------------------------- detach, show


def test_detach_is_one_write_and_none_where_nothing_is_attached() -> None:
    detach: dict[str, Any] = {"operation": Operation.DETACH, "build_number": ""}

    assert planned([a_version(build="230")], [], **detach).writes == (
        DetachBuild(VersionId("v1"), "1.4.2", "230"),
    )
    plan = planned([a_version(state=IN_REVIEW)], [], **detach)
    assert (plan.outcome, plan.writes) == (Outcome.NOTHING_ATTACHED, ())


def test_detach_of_a_number_refuses_another() -> None:
    told = refused(NotAttachable, [a_version(build="230")], [], operation=Operation.DETACH)

    assert told.message == "Build 230 is attached to 1.4.2, not 231. Nothing was detached."


@pytest.mark.parametrize(
    ("builds", "attached", "outcome"),
    [
        ([a_build()], "231", Outcome.DETACHED),
        ([a_build()], "230", None),
        ([], "230", None),
    ],
    ids=["it is attached", "another is attached", "there is none"],
)
def test_detach_of_the_latest_leaves_any_other_build(
    builds: list[Build], attached: str, outcome: Outcome | None
) -> None:
    decision = decided(
        [a_version(build=attached)],
        builds,
        operation=Operation.DETACH,
        latest=True,
        build_number="",
    )

    assert (decision.plan.outcome if decision.plan else None) is outcome
    if outcome is None:
        assert decision.refusal is not None
        assert decision.refusal.id == "other-build-attached"


def test_show_writes_nothing_and_judges_the_build() -> None:
    findings = Findings(
        a_request(operation=Operation.SHOW, build_number=""),
        NOTES,
        (a_version(state=IN_REVIEW, build="231"),),
        attached=a_build(expired=True),
    )

    decision = decide(findings, NOON)

    assert decision.plan is not None
    assert (decision.plan.outcome, decision.plan.writes) == (Outcome.SHOWN, ())
    assert len(decision.checks) == 8
    assert refusals(decision.checks) == []


def test_a_plan_is_the_same_as_long_as_it_writes_the_same_over_the_same() -> None:
    def plan(build: str | None = "230", **changes: Any) -> str:
        return decided([a_version(build=build)], [a_build()], **changes).fingerprint

    assert plan() == plan()
    assert len(plan()) == 16
    assert plan()[:8] == plan(None)[:8] == plan("231")[:8]
    assert plan()[8:] != plan(None)[8:]
    answered = decided(
        [a_version(build="230")],
        [a_build(uses_non_exempt_encryption=None)],
        uses_non_exempt_encryption=False,
    )
    assert answered.fingerprint[:8] != plan()[:8]
    assert plan(if_attached=IfAttached.KEEP)[:8] != plan()[:8]
    assert decided([a_version()], [a_build(expired=True)]).fingerprint == "0" * 16


@pytest.mark.parametrize("platform", [IOS, MACOS, Platform.TV_OS])
def test_a_created_version_counts_by_its_string(platform: Platform) -> None:
    created = decided([], [a_build(platform=platform)], if_version_missing=IfVersionMissing.CREATE)
    there = decided([a_version(platform=platform)], [a_build(platform=platform)])

    assert created.fingerprint == there.fingerprint


def test_a_refusal_keeps_what_was_seen() -> None:
    decision = decided([a_version()], [a_build(expired=True)])

    assert decision.refusal is not None
    assert decision.build == a_build(expired=True)
    assert decision.version == a_version()
    assert len(decision.checks) == 10
    assert decision._replace(refusal=None).plan is None
