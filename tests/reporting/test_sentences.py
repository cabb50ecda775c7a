"""What a target came to, as a sentence."""

from __future__ import annotations

import pytest
from reporting.samples import NEW, NOTES, OLD, VERSION, ended, many, nothing_known, of_app, refused

from asc_linker.apple.model import App, AppId, AppVersionState, Platform, VersionId
from asc_linker.decision.report import Outcome, VersionChange
from asc_linker.decision.request import AttachRequest
from asc_linker.errors import AppleError, NotAttachable
from asc_linker.reporting.sentences import (
    apple_lines,
    apples_sentence,
    build_change,
    headline,
    headline_of_all,
    target_name,
    version_url,
)

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
    Outcome.FAILED: "Build 231 has expired.",
}


@pytest.mark.parametrize(("outcome", "sentence"), [*SENTENCES.items()])
def test_each_outcome_is_one_sentence(outcome: Outcome, sentence: str) -> None:
    assert headline(ended(outcome)) == sentence


def test_every_outcome_has_a_sentence_though_nothing_was_found_out() -> None:
    for outcome in Outcome:
        error = refused() if outcome is Outcome.FAILED else None
        assert headline(nothing_known(outcome, reason="The tag is a pre-release.", error=error))


def test_skipped_says_why() -> None:
    report = nothing_known(Outcome.SKIPPED, reason="The tag v1.4.2-rc.1 is a pre-release.")

    assert headline(report) == "The tag v1.4.2-rc.1 is a pre-release. Nothing was done."


def test_not_written_says_why() -> None:
    report = ended(Outcome.NOT_WRITTEN, reason="Another target cannot be done.")

    assert headline(report) == f"Nothing was written to {V}. Another target cannot be done."


def test_a_first_build_takes_nobodys_place() -> None:
    assert headline(ended(Outcome.ATTACHED, previous=None)) == f"Build 231 is now attached to {V}."


TWO = VERSION._replace(version_string="2.0")
NAME = "Version 2.0 (macOS) of Example Notes"
RENAMED = "The open version of Example Notes (macOS)"


@pytest.mark.parametrize(
    ("outcome", "change", "sentence"),
    [
        (
            Outcome.ATTACHED,
            VersionChange.CREATED,
            f"{NAME} was created, with build 231 attached.",
        ),
        (
            Outcome.ATTACHED,
            VersionChange.RENAMED,
            (
                f"{RENAMED} was renamed to 2.0, and build 231 is now attached to it, in place of "
                "build 230."
            ),
        ),
        (
            Outcome.WOULD_ATTACH,
            VersionChange.CREATED,
            f"{NAME} would be created, with build 231 attached. {DRY_RUN}",
        ),
        (
            Outcome.WOULD_ATTACH,
            VersionChange.RENAMED,
            (
                f"{RENAMED} would be renamed to 2.0, and build 231 would be attached to it, "
                f"in place of build 230. {DRY_RUN}"
            ),
        ),
    ],
)
def test_a_version_that_was_or_would_be_made_is_named_under_its_new_name(
    outcome: Outcome, change: VersionChange, sentence: str
) -> None:
    assert headline(ended(outcome, version=TWO, version_change=change)) == sentence


def test_an_answer_to_compliance_is_told_beside_already_attached() -> None:
    report = ended(Outcome.ALREADY_ATTACHED, changed=True, writes=("answer-compliance",))

    assert headline(report) == (
        f"Build 231 is attached to {V} already. Export compliance is answered now."
    )


def test_a_dry_run_tells_that_compliance_would_be_answered() -> None:
    report = ended(Outcome.ALREADY_ATTACHED, writes=("answer-compliance",))

    assert headline(report).endswith(f"Export compliance would be answered. {DRY_RUN}")


def test_an_answer_is_told_beside_an_attachment() -> None:
    report = ended(Outcome.ATTACHED, writes=("answer-compliance", "attach"))

    assert headline(report).endswith("in place of build 230. Export compliance is answered now.")


@pytest.mark.parametrize(
    ("write", "what"),
    [
        ("answer-compliance", "export compliance was answered"),
        ("create-version", "the version was created"),
        ("rename-version", "the version was renamed"),
        ("attach", "the build was attached"),
        ("detach", "the build was detached"),
    ],
)
def test_a_write_whose_fate_is_unknown_is_told_as_not_known(write: str, what: str) -> None:
    report = ended(Outcome.FAILED, changed=None, unknown_writes=(write,))

    assert headline(report) == f"Build 231 has expired. Whether {what} is not known."


def test_two_unknown_writes_are_one_sentence() -> None:
    report = ended(Outcome.FAILED, changed=None, unknown_writes=("create-version", "attach"))

    assert headline(report).endswith(
        "Whether the version was created and the build was attached is not known."
    )


def test_what_the_error_says_is_not_known_is_not_said_twice() -> None:
    error = refused("Whether the build was attached is not known.")
    report = ended(Outcome.FAILED, changed=None, unknown_writes=("attach",), error=error)

    assert headline(report).count("not known") == 1


def test_without_a_name_the_app_goes_by_its_bundle_id_or_id() -> None:
    bare = NOTES._replace(name="")
    assert "com.example.notes" in headline(ended(Outcome.SHOWN, app=bare))
    report = ended(Outcome.SHOWN, app=App(AppId("6446000001")), request=AttachRequest())
    assert "app 6446000001" in headline(report)


def test_braces_in_a_name_are_only_braces() -> None:
    odd = NOTES._replace(name="{version} {0.__class__}")

    assert "{version} {0.__class__}" in headline(ended(Outcome.SHOWN, app=odd))


def test_several_targets_are_told_by_numbers_in_the_order_of_the_outcomes() -> None:
    reports = [*many(3), of_app(3, Outcome.FAILED), of_app(4, Outcome.ALREADY_ATTACHED)]

    assert headline_of_all(reports) == "5 targets: 3 attached, 1 already-attached, 1 failed."


def test_a_run_that_wrote_nothing_because_of_one_says_so() -> None:
    reports = [of_app(0, Outcome.FAILED), of_app(1, Outcome.NOT_WRITTEN)]

    assert headline_of_all(reports) == ("2 targets: 1 not-written, 1 failed. Nothing was written.")


def test_several_targets_of_unknown_fate_are_counted() -> None:
    reports = [*many(2), of_app(2, Outcome.FAILED, changed=None)]

    assert headline_of_all(reports).endswith("Whether 1 of them changed is not known.")
    assert "Nothing was written" not in headline_of_all(reports)


def test_a_target_goes_by_its_label_else_by_what_is_known() -> None:
    assert target_name(of_app(7)) == "com.example.app007 (macos)"
    assert target_name(ended(Outcome.FAILED)) == "com.example.notes (macos)"
    asked = AttachRequest(app_id=AppId("1"), platform=Platform.IOS)
    assert target_name(nothing_known(request=asked)) == "app 1 (ios)"
    assert target_name(nothing_known()) == ""
    inferred = of_app(7)
    request = inferred.request._replace(label="com.example.app007")
    assert target_name(inferred._replace(request=request)) == "com.example.app007 (macos)"


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (Outcome.ATTACHED, "230 → 231"),
        (Outcome.WOULD_ATTACH, "230 → 231"),
        (Outcome.DETACHED, "230 → none"),
        (Outcome.WOULD_DETACH, "230 → none"),
        (Outcome.KEPT, "230"),
        (Outcome.SHOWN, "230"),
        (Outcome.ALREADY_ATTACHED, "231"),
        (Outcome.NOTHING_ATTACHED, "none"),
        (Outcome.FAILED, "230"),
        (Outcome.NOT_WRITTEN, "230"),
    ],
)
def test_the_build_is_told_as_it_was_and_as_it_is(outcome: Outcome, told: str) -> None:
    previous = None if outcome is Outcome.NOTHING_ATTACHED else ended(outcome).previous

    assert build_change(ended(outcome, previous=previous)) == told


def test_a_build_without_a_number_goes_by_its_id() -> None:
    report = ended(Outcome.ATTACHED, previous=OLD._replace(number=""), attached=NEW)

    assert build_change(report) == "b230 → 231"


@pytest.mark.parametrize(
    ("state", "page"),
    [
        (AppVersionState.PREPARE_FOR_SUBMISSION, "inflight"),
        (AppVersionState.READY_FOR_DISTRIBUTION, "deliverable"),
    ],
)
def test_the_url_is_the_versions_page(state: AppVersionState, page: str) -> None:
    report = ended(Outcome.SHOWN, version=VERSION._replace(app_version_state=state))

    start = "https://appstoreconnect.apple.com/apps/6446000001/distribution/macos/version/"
    assert version_url(report) == start + page


def test_a_version_that_is_not_there_yet_has_no_page() -> None:
    to_be_created = VERSION._replace(id=VersionId(""))

    assert version_url(ended(Outcome.WOULD_ATTACH, version=to_be_created)) == ""


def test_an_id_cannot_leave_its_place_in_the_url() -> None:
    odd = NOTES._replace(id=AppId("1) [x](https://evil.example/?"))

    url = version_url(ended(Outcome.SHOWN, app=odd))

    assert url.startswith("https://appstoreconnect.apple.com/apps/1%29%20")
    assert "evil.example/" not in url


def test_associated_errors_are_told_under_the_path_they_are_about() -> None:
    inner = AppleError(code="ENTITY_ERROR.ATTRIBUTE.REQUIRED", title="Missing", detail="whatsNew")
    outer = AppleError(code="STATE_ERROR", title="Not valid", associated=(("/v1/x", inner),))

    assert apple_lines([outer])[-2:] == ["/v1/x:", f"  Apple: {inner}"]


def test_apples_sentence_is_that_of_the_first_error_with_words() -> None:
    silent, outspoken = AppleError(code="STATE_ERROR"), AppleError(code="X", detail="Because.")

    error = NotAttachable("No.", apple=[silent, outspoken])

    assert apples_sentence(error) == "Apple: Because. (X)"
    assert apples_sentence(NotAttachable("No.", apple=[silent])).endswith("(STATE_ERROR)")
    assert apples_sentence(NotAttachable("No.")) == ""
