"""The decision by itself: a request and facts in, a plan, a reason to wait, or an error out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from asc_linker.apple.model import (
    App,
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
    UploadId,
    VersionId,
)
from asc_linker.decision.outcome import Outcome
from asc_linker.decision.plan import Facts, NotYet, Plan, settle, sight
from asc_linker.decision.request import (
    AttachRequest,
    IfAttached,
    IfVersionLocked,
    IfVersionMissing,
    Operation,
    ReleaseType,
)
from asc_linker.decision.writes import (
    AnswerEncryption,
    AttachBuild,
    CreateVersion,
    DetachBuild,
    RenameVersion,
)
from asc_linker.errors import AscLinkerError, NotAttachable, NotFound

NOTES = App(AppId("1"), "com.example.notes", "Notes")
IN_REVIEW = AppVersionState.IN_REVIEW
WANTED = AttachRequest(bundle_id="com.example.notes", version_string="1.4.2", build_number="231")


def a_version(
    version_string: str = "1.4.2",
    state: AppVersionState = AppVersionState.PREPARE_FOR_SUBMISSION,
    *,
    build: str | None = None,
    name: str = "v1",
) -> AppStoreVersion:
    attached = AttachedBuild(BuildId(f"b{build}"), build) if build else None
    return AppStoreVersion(
        VersionId(name), Platform.IOS, version_string, state, state.value, attached, NOTES
    )


def a_build(number: str = "231", **more: Any) -> Build:
    whole: dict[str, Any] = {
        "id": BuildId(f"b{number}"),
        "number": number,
        "version_string": "1.4.2",
        "platform": Platform.IOS,
        "processing_state": ProcessingState.VALID,
        "state_word": "VALID",
        "uses_non_exempt_encryption": False,
        "app_id": AppId("1"),
    }
    return Build(**whole | more)


PROCESSING: dict[str, Any] = {
    "processing_state": ProcessingState.PROCESSING,
    "state_word": "PROCESSING",
}


def decide(
    versions: list[AppStoreVersion], builds: list[Build], *uploads: BuildUpload, **changes: Any
) -> Plan | NotYet:
    request = replace(WANTED, **changes)
    facts = Facts(NOTES, tuple(versions), tuple(builds), uploads, tuple(versions))
    return settle(sight(request, facts), facts)


def planned(versions: list[AppStoreVersion], builds: list[Build], **changes: Any) -> Plan:
    plan = decide(versions, builds, **changes)
    assert isinstance(plan, Plan)
    return plan


def refused(
    kind: type[AscLinkerError],
    versions: list[AppStoreVersion],
    builds: list[Build],
    **changes: Any,
) -> str:
    with pytest.raises(kind) as caught:
        decide(versions, builds, **changes)
    return caught.value.message


# ------------------------------------------------------------------------- attach


def test_the_build_is_attached_in_one_write() -> None:
    plan = planned([a_version()], [a_build()])

    assert plan.outcome is Outcome.ATTACHED
    assert plan.writes == (AttachBuild(VersionId("v1"), BuildId("b231")),)
    assert len(plan.checks) == 10


def test_another_build_is_replaced_in_the_same_write() -> None:
    plan = planned([a_version(build="230")], [a_build()])

    assert plan.writes == (AttachBuild(VersionId("v1"), BuildId("b231")),)


@pytest.mark.parametrize("state", list(AppVersionState))
def test_already_so_is_no_write_in_every_state(state: AppVersionState) -> None:
    plan = planned([a_version(state=state, build="231")], [a_build()], if_attached=IfAttached.FAIL)

    assert (plan.outcome, plan.writes) == (Outcome.ALREADY_ATTACHED, ())


def test_compliance_is_answered_first() -> None:
    unanswered = a_build(uses_non_exempt_encryption=None)

    plan = planned([a_version()], [unanswered], uses_non_exempt_encryption=False)

    assert plan.writes == (
        AnswerEncryption(BuildId("b231"), False),
        AttachBuild(VersionId("v1"), BuildId("b231")),
    )


def test_locked_is_decided_before_if_attached_and_before_the_build() -> None:
    locked = a_version(state=IN_REVIEW, build="230")

    for builds in ([], [a_build()], [a_build(**PROCESSING)]):
        for if_attached in IfAttached:
            assert "IN_REVIEW" in refused(NotAttachable, [locked], builds, if_attached=if_attached)
            plan = planned(
                [locked], builds, if_attached=if_attached, if_version_locked=IfVersionLocked.SKIP
            )
            assert (plan.outcome, plan.writes) == (Outcome.SKIPPED, ())
            assert "IN_REVIEW" in plan.reason


def test_if_attached_is_decided_before_the_build() -> None:
    other = a_version(build="230")

    for builds in ([], [a_build()], [a_build(**PROCESSING)], [a_build(expired=True)]):
        assert planned([other], builds, if_attached=IfAttached.KEEP).outcome is Outcome.KEPT
        assert "230" in refused(NotAttachable, [other], builds, if_attached=IfAttached.FAIL)


@pytest.mark.parametrize(
    ("builds", "told"),
    [
        ([], "Apple does not list the build yet"),
        ([a_build(**PROCESSING)], "build 231 is PROCESSING"),
    ],
)
def test_a_build_that_is_not_ready_is_a_reason_to_wait(builds: list[Build], told: str) -> None:
    verdict = decide([a_version()], builds)

    assert isinstance(verdict, NotYet)
    assert str(verdict) == told


def test_a_build_in_processing_with_another_fault_is_refused_at_once() -> None:
    told = refused(NotAttachable, [a_version()], [a_build(**PROCESSING, expired=True)])

    assert "expired" in told
    assert "still processing" in told


def an_upload(platform: Platform = Platform.IOS) -> BuildUpload:
    return BuildUpload(
        UploadId("u1"),
        "231",
        "1.4.2",
        platform,
        BuildUploadState.FAILED,
        "FAILED",
        errors=(("90683", "Missing purpose string."),),
        uploaded_at=datetime(2026, 6, 15, tzinfo=UTC),
    )


def test_an_upload_that_apple_turned_down_is_no_reason_to_wait() -> None:
    with pytest.raises(NotAttachable, match=r"90683: Missing purpose string\."):
        decide([a_version()], [], an_upload())


def test_an_upload_for_another_platform_says_nothing() -> None:
    assert isinstance(decide([a_version()], [], an_upload(Platform.MAC_OS)), NotYet)


def test_a_missing_version_lists_those_there_are() -> None:
    told = refused(NotFound, [a_version("1.4.1"), a_version("1.5", name="v2")], [a_build()])

    assert "1.4.1 (iOS, PREPARE_FOR_SUBMISSION)" in told
    assert "1.5" in told


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
            AppId("1"), Platform.IOS, "1.4.2", BuildId("b231"), ReleaseType.SCHEDULED, when
        ),
    )


def test_the_open_version_is_renamed_and_keeps_its_id() -> None:
    plan = planned(
        [a_version("1.5", build="230")],
        [a_build()],
        if_version_missing=IfVersionMissing.RENAME,
    )

    assert plan.writes == (RenameVersion(VersionId("v1"), "1.4.2", BuildId("b231")),)
    assert plan.version is not None
    assert plan.version.build == AttachedBuild(BuildId("b230"), "230")


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
        assert "none to rename" in refused(NotFound, others, [a_build()], if_version_missing=mode)


def test_one_locked_version_in_the_way_is_found_among_several() -> None:
    holders = [a_version("1.5"), a_version("1.6", IN_REVIEW, name="v2")]

    for mode in (IfVersionMissing.CREATE, IfVersionMissing.RENAME):
        told = refused(NotAttachable, holders, [a_build()], if_version_missing=mode)
        assert "1.6 (IN_REVIEW)" in told


def test_no_version_is_made_for_another_apps_build() -> None:
    stranger = a_build(app_id=AppId("2"), **PROCESSING)

    for mode in (IfVersionMissing.CREATE, IfVersionMissing.RENAME):
        told = refused(
            NotAttachable,
            [],
            [stranger],
            build_id=BuildId("b231"),
            if_version_missing=mode,
            if_version_locked=IfVersionLocked.SKIP,
        )
        assert "different apps" in told


# ---------------------------------------------------------------------- detach, show


def test_detach_is_one_write_and_none_where_nothing_is_attached() -> None:
    detach: dict[str, Any] = {"operation": Operation.DETACH, "build_number": ""}

    assert planned([a_version(build="230")], [], **detach).writes == (DetachBuild(VersionId("v1")),)
    plan = planned([a_version(state=IN_REVIEW)], [], **detach)
    assert (plan.outcome, plan.writes) == (Outcome.NOTHING_ATTACHED, ())


def test_show_writes_nothing_and_judges_everything() -> None:
    plan = planned(
        [a_version(state=IN_REVIEW, build="231")],
        [a_build(expired=True)],
        operation=Operation.SHOW,
        build_number="",
    )

    assert (plan.outcome, plan.writes) == (Outcome.SHOWN, ())
    assert len(plan.checks) == 10
