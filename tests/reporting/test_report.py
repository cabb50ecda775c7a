"""A report or an error as words and values: plain values in, plain text out."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asc_linker.decision.outcome import AttachReport, Known, Outcome

from asc_linker.apple.model import (
    App,
    AppId,
    AppStoreVersion,
    AppVersionState,
    AttachedBuild,
    Build,
    BuildId,
    Platform,
    ProcessingState,
    VersionId,
)
from asc_linker.decision.preflight import Case, Check, Verdict, preflight
from asc_linker.decision.request import AttachRequest
from asc_linker.errors import AppleError, InputError, NotAttachable, NotFound
from asc_linker.reporting.report import (
    annotation,
    as_json,
    error_lines,
    headline,
    outputs,
    summary,
    table,
    version_url,
    warnings,
)

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
NOTES = App(AppId("6446000001"), "com.example.notes", "Example Notes")
VERSION = AppStoreVersion(
    VersionId("v142"),
    Platform.MAC_OS,
    "1.4.2",
    AppVersionState.PREPARE_FOR_SUBMISSION,
    "PREPARE_FOR_SUBMISSION",
    AttachedBuild(BuildId("b230"), "230", None),
    NOTES,
)
BUILD = Build(
    BuildId("b231"),
    "231",
    "1.4.2",
    Platform.MAC_OS,
    ProcessingState.VALID,
    "VALID",
    uses_non_exempt_encryption=False,
    expires_at=NOW + timedelta(days=60),
)
CHECKS = (
    Check("app-differs", "App", Verdict.OK, "All belong to com.example.notes."),
    Check(
        "build-expired",
        "Not expired",
        Verdict.REFUSED,
        "Build 231 has expired.",
        "Upload a new build.",
    ),
)
REFUSED = NotAttachable(
    "Build 231 has expired.",
    hint="Upload a new build.",
    apple=[
        AppleError(
            code="ENTITY_ERROR.RELATIONSHIP.INVALID",
            title="Refused",
            detail="The specified pre-release build could not be added.",
            where="/data/relationships/build",
        )
    ],
    request_id="ABC-123",
)


def known(**changes: Any) -> Known:
    return replace(Known(NOTES, VERSION, BUILD, checks=CHECKS), **changes)


# ------------------------------------------------------------------------- headline


V = "version 1.4.2 (macOS) of Example Notes"
DRY_RUN = "This was a dry run: nothing was written."
SENTENCES = {
    Outcome.ATTACHED: f"Build 231 is now attached to {V}, in place of build 230.",
    Outcome.ALREADY_ATTACHED: f"Build 231 is attached to {V} already. Nothing was written.",
    Outcome.KEPT: f"Build 230 stays attached to {V}, as `if-attached: keep` asks.",
    Outcome.DETACHED: f"Build 230 is no longer attached to {V}.",
    Outcome.NOTHING_ATTACHED: f"No build is attached to {V}. Nothing was written.",
    Outcome.SHOWN: f"Build 230 is attached to {V}, which is PREPARE_FOR_SUBMISSION.",
    Outcome.WOULD_ATTACH: f"Build 231 would be attached to {V}, in place of build 230. {DRY_RUN}",
    Outcome.WOULD_DETACH: f"Build 230 would be detached from {V}. {DRY_RUN}",
    Outcome.FAILED: f"Nothing could be done about {V}.",
}


@pytest.mark.parametrize(("outcome", "told"), [*SENTENCES.items()])
def test_each_outcome_is_one_sentence(outcome: Outcome, told: str) -> None:
    assert headline(known().report(outcome)) == told


def test_every_outcome_has_a_sentence_though_nothing_was_found_out() -> None:
    for outcome in Outcome:
        assert headline(Known().report(outcome, reason="The tag v1-rc.1 is a pre-release."))


def test_skipped_says_why() -> None:
    report = Known().report(Outcome.SKIPPED, reason="The tag v1.4.2-rc.1 is a pre-release.")

    assert headline(report) == "The tag v1.4.2-rc.1 is a pre-release. Nothing was done."


def test_an_answer_to_compliance_is_told_beside_already_attached() -> None:
    report = known(changed=True).report(Outcome.ALREADY_ATTACHED)

    assert "export compliance is answered now" in headline(report)
    assert "Nothing was written" not in headline(report)


def test_without_a_name_the_app_goes_by_its_bundle_id_or_id() -> None:
    bare = replace(NOTES, name="")
    assert "com.example.notes" in headline(known(app=bare).report(Outcome.SHOWN))
    barer = App(AppId("6446000001"))
    assert "app 6446000001" in headline(known(app=barer).report(Outcome.SHOWN))


def test_braces_in_a_name_are_only_braces() -> None:
    odd = replace(NOTES, name="{version} {0.__class__}")

    assert "{version} {0.__class__}" in headline(known(app=odd).report(Outcome.SHOWN))


# -------------------------------------------------------------------------- outputs

SCALARS = [
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
]


def test_every_output_is_there_also_when_nothing_was_found_out() -> None:
    found = outputs(Known().report(Outcome.FAILED), REFUSED)

    assert list(found) == [*SCALARS, "report"]
    assert {name for name, value in found.items() if value} == {"outcome", "changed", "report"}
    assert (found["outcome"], found["changed"]) == ("failed", "false")


def test_outputs_say_what_is_attached_now_and_what_was_before() -> None:
    found = outputs(known(changed=True).report(Outcome.ATTACHED))

    assert found["changed"] == "true"
    assert found["platform"] == "macos"
    assert (found["build-id"], found["build-number"]) == ("b231", "231")
    assert (found["previous-build-id"], found["previous-build-number"]) == ("b230", "230")
    assert found["uses-non-exempt-encryption"] == "false"


@pytest.mark.parametrize(
    ("outcome", "build"),
    [
        (Outcome.ATTACHED, "b231"),
        (Outcome.ALREADY_ATTACHED, "b231"),
        (Outcome.WOULD_ATTACH, "b231"),
        (Outcome.KEPT, "b230"),
        (Outcome.SHOWN, "b230"),
        (Outcome.SKIPPED, "b230"),
        (Outcome.DETACHED, ""),
        (Outcome.WOULD_DETACH, ""),
        (Outcome.NOTHING_ATTACHED, ""),
    ],
)
def test_the_build_of_the_outputs_is_the_one_that_is_attached_afterwards(
    outcome: Outcome, build: str
) -> None:
    assert outputs(known().report(outcome))["build-id"] == build


def test_the_report_repeats_the_outputs_and_adds_checks_and_error() -> None:
    found = outputs(known().report(Outcome.FAILED), REFUSED)

    (report,) = json.loads(found["report"])
    assert {name: report[name] for name in SCALARS} == {name: found[name] for name in SCALARS}
    assert report["checks"][1] == {
        "name": "Not expired",
        "verdict": "refused",
        "sentence": "Build 231 has expired.",
    }
    assert report["error"]["exit-code"] == 5
    assert report["error"]["message"] == "Build 231 has expired."


def test_a_run_that_went_well_has_no_error_in_its_report() -> None:
    assert "error" not in as_json(known().report(Outcome.ATTACHED))


def test_platform_is_told_by_the_build_while_there_is_no_version() -> None:
    assert as_json(known(version=None).report(Outcome.WOULD_ATTACH))["platform"] == "macos"


@pytest.mark.parametrize(
    ("state", "page"),
    [
        (AppVersionState.PREPARE_FOR_SUBMISSION, "inflight"),
        (AppVersionState.READY_FOR_DISTRIBUTION, "deliverable"),
    ],
)
def test_the_url_is_the_versions_page(state: AppVersionState, page: str) -> None:
    report = known(version=replace(VERSION, app_version_state=state)).report(Outcome.SHOWN)

    start = "https://appstoreconnect.apple.com/apps/6446000001/distribution/macos/version/"
    assert version_url(report) == start + page


def test_an_id_cannot_leave_its_place_in_the_url() -> None:
    odd = replace(NOTES, id=AppId("1) [x](https://evil.example/?"))

    url = version_url(known(app=odd).report(Outcome.SHOWN))

    assert url.startswith("https://appstoreconnect.apple.com/apps/1%29%20")
    assert "evil.example/" not in url


# ------------------------------------------------------------------------- warnings


def titles(requests_left: int | None = None, **build: Any) -> list[str]:
    return [warning.title for warning in warnings(warned(requests_left, **build), NOW)]


def warned(requests_left: int | None = None, **build: Any) -> AttachReport:
    state = known(build=replace(BUILD, **build))
    assert state.app is not None
    state.checks = preflight(Case(AttachRequest(), state.app, state.version, state.build))
    return replace(state.report(Outcome.ATTACHED), requests_left=requests_left)


def test_what_is_well_needs_no_warning() -> None:
    assert titles(requests_left=3000) == []


def test_what_will_bite_next_is_a_warning() -> None:
    assert titles(uses_non_exempt_encryption=None) == ["Export compliance is unanswered"]
    assert titles(expires_at=NOW + timedelta(days=6)) == ["The build expires soon"]
    assert titles(requests_left=100) == ["Few requests are left"]


def test_a_released_version_is_not_asked_about_its_encryption() -> None:
    report = warned(uses_non_exempt_encryption=None)
    assert report.version is not None
    version = replace(report.version, app_version_state=AppVersionState.READY_FOR_DISTRIBUTION)

    assert warnings(replace(report, version=version), NOW) == []


def test_what_has_expired_already_does_not_expire_soon() -> None:
    assert titles(expires_at=NOW - timedelta(days=1)) == []


# --------------------------------------------------------------------------- errors


def test_an_error_is_told_with_its_hint_and_all_apple_said() -> None:
    lines = error_lines(REFUSED)

    assert lines[:2] == ["Build 231 has expired.", "Upload a new build."]
    apple = lines[2]
    for words in ("ENTITY_ERROR.RELATIONSHIP.INVALID", "could not be added", "/data/relationships"):
        assert words in apple
    assert "ABC-123" in lines[3]


def test_associated_errors_are_told_under_the_path_they_are_about() -> None:
    inner = AppleError(code="ENTITY_ERROR.ATTRIBUTE.REQUIRED", title="Missing", detail="whatsNew")
    outer = AppleError(
        code="STATE_ERROR", title="Not valid", detail="See below", associated=(("/v1/x", inner),)
    )

    lines = error_lines(NotAttachable("No.", apple=[outer]))

    assert lines[-2:] == ["/v1/x:", f"  Apple: {inner}"]


def test_faults_of_the_inputs_are_a_line_each() -> None:
    error = InputError("`a` is missing.", "`b` is wrong.", hint="Look.")

    assert error_lines(error) == ["`a` is missing.", "`b` is wrong.", "Look."]
    assert annotation(error) == "`a` is missing.\n`b` is wrong.\nLook."


def test_an_annotation_has_a_line_for_the_message_and_one_for_the_hint() -> None:
    assert annotation(NotFound("Not\nthere.", hint="Look.")) == "Not there.\nLook."
    assert annotation(NotFound("Not there.")) == "Not there."


# ------------------------------------------------------------------ table and summary


def test_the_table_of_checks_has_columns() -> None:
    assert table(known().report(Outcome.SHOWN)) == [
        "ok       App          All belong to com.example.notes.",
        "refused  Not expired  Build 231 has expired.",
    ]
    assert table(Known().report(Outcome.FAILED)) == []


def test_the_summary_has_one_row_with_everything() -> None:
    text = summary(known(changed=True).report(Outcome.ATTACHED))

    assert "| App | Platform | Version | State | Build | Outcome |" in text
    assert "| Example Notes | macOS | [1\\.4.2](https://" in text
    assert "| 230 → 231 | attached |" in text
    assert "**refused**" in text


@pytest.mark.parametrize(
    ("outcome", "cell"),
    [
        (Outcome.WOULD_ATTACH, "230 → 231"),
        (Outcome.DETACHED, "230 → none"),
        (Outcome.WOULD_DETACH, "230 → none"),
        (Outcome.KEPT, "| 230 |"),
        (Outcome.ALREADY_ATTACHED, "| 230 |"),
    ],
)
def test_the_summary_shows_the_build_before_and_after(outcome: Outcome, cell: str) -> None:
    assert cell in summary(known().report(outcome))


def test_the_summary_of_a_first_build_starts_from_none() -> None:
    empty = replace(VERSION, build=None)

    assert "none → 231" in summary(known(version=empty).report(Outcome.ATTACHED))


def test_the_summary_of_a_failure_explains_it_in_full() -> None:
    text = summary(known().report(Outcome.FAILED), REFUSED)

    assert "### asc-linker: failed" in text
    for words in ("The build cannot be attached", "Upload a new build", "ABC-123"):
        assert words in text


def test_a_failure_before_anything_was_found_has_no_table() -> None:
    text = summary(Known().report(Outcome.FAILED), InputError("`a` is missing."))

    assert "|" not in text
    assert "\\`a\\` is missing" in text
