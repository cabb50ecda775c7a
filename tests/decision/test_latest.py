"""What `latest` stands for: the newest upload, and never an older one in its place."""

from __future__ import annotations

from typing import Any

import pytest
from builders import IOS, MACOS, NOON, NOTES, a_build, a_request, a_version, an_upload

from asc_linker.apple.model import (
    Build,
    BuildAudienceType,
    BuildUpload,
    BuildUploadState,
    ProcessingState,
)
from asc_linker.decision.decide import decide
from asc_linker.decision.decision import Decision, Look
from asc_linker.decision.findings import Findings
from asc_linker.decision.latest import Latest, find_latest
from asc_linker.errors import InputError, NotAttachable

AN_HOUR = NOON + 3600
INTERNAL = BuildAudienceType.INTERNAL_ONLY
OLD = a_build("8", minute=8)


def found(
    builds: list[Build], *uploads: BuildUpload, now: float = AN_HOUR, **changes: Any
) -> Latest | None:
    request = a_request(build_number="", latest=True, **changes)
    return find_latest(request, builds, uploads, now)


def number(builds: list[Build], *uploads: BuildUpload, now: float = AN_HOUR) -> str | None:
    latest = found(builds, *uploads, now=now)
    return latest.number if latest else None


def decided(builds: list[Build], *uploads: BuildUpload) -> Decision:
    request = a_request(build_number="", latest=True)
    findings = Findings(request, NOTES, (a_version(),), tuple(builds), uploads, (), (), True)
    return decide(findings, AN_HOUR)


def test_it_is_the_newest_upload_and_not_the_highest_number() -> None:
    builds = [a_build("9", minute=1), a_build("3", minute=3), a_build("7", minute=2)]

    assert number(builds) == "3"


def test_another_version_string_is_none_of_it() -> None:
    assert number([OLD, a_build("9", version_string="1.4.1", minute=9)]) == "8"
    assert number([OLD], an_upload("9", minute=9, version_string="1.4.1")) == "8"


@pytest.mark.parametrize(
    "newer",
    [
        a_build("9", ProcessingState.FAILED, minute=9),
        a_build("9", ProcessingState.INVALID, minute=9),
        a_build("9", minute=9, expired=True),
    ],
    ids=["failed", "invalid", "expired"],
)
def test_a_newest_build_that_cannot_be_attached_is_refused_with_the_one_that_could(
    newer: Build,
) -> None:
    decision = decided([a_build("7", minute=7), OLD, newer])

    assert isinstance(decision.refusal, NotAttachable)
    assert decision.refusal.message.startswith("Build 9 is the latest upload of version 1.4.2.")
    assert "`build-number: 8`" in decision.refusal.hint


def test_a_newest_upload_that_failed_is_refused_in_apples_words() -> None:
    failed = an_upload(
        "9", BuildUploadState.FAILED, minute=9, errors=(("90683", "Missing purpose string."),)
    )

    decision = decided([OLD], failed)

    assert decision.refusal is not None
    assert decision.refusal.id == "upload-failed"
    assert "90683: Missing purpose string." in decision.refusal.message
    assert "`build-number: 8`" in decision.refusal.hint


def test_where_nothing_could_be_attached_that_is_said() -> None:
    decision = decided([a_build("9", expired=True)])

    assert decision.refusal is not None
    assert "No other build" in decision.refusal.hint


@pytest.mark.parametrize(
    "upload",
    [
        an_upload("9", minute=9),
        an_upload("9", BuildUploadState.COMPLETE, minute=9),
        an_upload("9", BuildUploadState.COMPLETE, minute=9, build="listed a moment later"),
        an_upload("9", BuildUploadState.AWAITING_UPLOAD, minute=9),
    ],
    ids=["processing", "no build yet", "a build since the builds were read", "awaiting"],
)
def test_an_upload_under_way_is_waited_for(upload: BuildUpload) -> None:
    decision = decided([OLD], upload)

    assert decision.look is Look.BUILD
    assert decision.request.build_number == "9"


def test_a_newest_build_in_processing_is_waited_for() -> None:
    decision = decided([OLD, a_build("9", ProcessingState.PROCESSING, minute=9)])

    assert decision.look is Look.BUILD
    assert decision.pending == "build 9 is PROCESSING"


@pytest.mark.parametrize(("minute", "wanted"), [(1, "9"), (0, "8"), (None, "8")])
def test_an_upload_that_was_awaited_for_an_hour_is_abandoned(
    minute: int | None, wanted: str
) -> None:
    awaited = an_upload("9", BuildUploadState.AWAITING_UPLOAD, minute=minute)

    latest = found([a_build("8", minute=-5)], awaited)

    assert latest is not None
    assert latest.number == wanted
    assert [each.id for each in latest.warnings] == (["latest-abandoned"] if minute == 0 else [])


def test_internal_builds_are_passed_over_with_a_warning_that_names_the_newest() -> None:
    internal = [a_build(str(n), minute=n, audience=INTERNAL) for n in (9, 11, 10)]

    latest = found([OLD, *internal], an_upload("11", BuildUploadState.COMPLETE, build="b11"))

    assert latest is not None
    assert latest.number == "8"
    (warning,) = latest.warnings
    assert "Build 11 is newer" in warning.message


def test_an_older_internal_build_is_no_news() -> None:
    latest = found([OLD, a_build("7", minute=7, audience=INTERNAL)])

    assert latest == Latest("8", IOS, "8")


def test_where_all_are_passed_over_there_is_nothing_and_the_reason_is_told() -> None:
    decision = decided([a_build("9", audience=INTERNAL)])

    assert decision.look is Look.BUILD
    assert [warning.id for warning in decision.warnings] == ["latest-internal"]


def test_an_upload_and_its_build_count_once() -> None:
    build = a_build("9", minute=9)

    for upload in (
        an_upload("9", BuildUploadState.COMPLETE, minute=10, build="b9"),
        an_upload("9", BuildUploadState.COMPLETE, minute=10),
    ):
        assert found([build], upload) == Latest("9", IOS, "9")


def test_an_upload_that_names_no_build_is_that_of_the_same_number_version_and_platform() -> None:
    upload = an_upload("231", BuildUploadState.COMPLETE, minute=5)

    assert number([a_build("231"), a_build("232", minute=3)], upload) == "232"
    with pytest.raises(InputError):
        found([a_build("231")], an_upload("231", minute=5, platform=MACOS))


def test_a_failed_upload_of_the_same_number_is_one_of_its_own() -> None:
    """A number that failed may be used again."""
    failed = an_upload("9", BuildUploadState.FAILED, minute=5)

    assert number([OLD, a_build("9", minute=9)], failed) == "9"
    assert decided([OLD, a_build("9", minute=9)], failed).plan is not None


def test_an_unreadable_date_is_the_oldest() -> None:
    assert number([a_build("9", minute=None), OLD]) == "8"


def test_of_nothing_it_is_nothing() -> None:
    assert found([]) is None


def test_on_several_platforms_it_asks_for_one() -> None:
    with pytest.raises(InputError, match=r"`ios` and `macos`"):
        found([OLD, a_build("9", platform=MACOS, minute=9)])


def test_it_keeps_to_the_platform_that_is_given() -> None:
    builds = [OLD, a_build("9", platform=MACOS, minute=9)]

    latest = found(builds, an_upload("9", minute=9), platform=IOS)

    assert latest == Latest("9", IOS, "8")


def test_of_two_uploads_in_one_moment_none_is_the_latest() -> None:
    with pytest.raises(NotAttachable, match=r"8, 9") as caught:
        found([a_build("7", minute=1), OLD, a_build("9", minute=8)])

    assert "`build-number`" in caught.value.hint


def test_what_is_passed_over_is_not_told_as_a_failed_upload() -> None:
    internal = a_build("9", ProcessingState.FAILED, audience=INTERNAL)
    failed = an_upload("9", BuildUploadState.FAILED, build="b9")

    decision = decided([internal], failed)

    assert decision.refusal is None
    assert [warning.id for warning in decision.warnings] == ["latest-internal"]
