"""Apple refused what passed all our checks: what may pass, and what is said of the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from builders import NOTES, a_build, a_request, a_version

from asc_linker.apple.model import AppVersionState, ProcessingState
from asc_linker.apple.refusals import refusal as recognised
from asc_linker.attach.refused import explained, may_pass
from asc_linker.decision.decision import Decision
from asc_linker.decision.preflight import Candidates, Check, Verdict, preflight
from asc_linker.errors import AppleError, AscLinkerError, NotAttachable, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable

UNSUITABLE = "ENTITY_ERROR.RELATIONSHIP.INVALID"
BUSY = f"{UNSUITABLE}.INVALID_STATE"
BETA_XCODE = f"{BUSY}.BUILD_SDK_NOT_ALLOWED_FOR_APP_STORE_SUBMISSION"
GENERIC = "The specified pre-release build could not be added."
TITLES = {
    BUSY: "A relationship value is not acceptable for the current resource state.",
    BETA_XCODE: "The build's SDK build is not supported yet.",
    UNSUITABLE: "The provided entity includes a relationship with an invalid value",
}
WORDS = "Apple's words below are all there is to go by"


def refusal(code: str = BUSY, detail: str = "") -> AscLinkerError:
    return recognised(409, [AppleError(code, detail=detail)], "R1")


def refusal_without_code(code: str, detail: str = "") -> AscLinkerError:
    """The same where Apple left the code out, as it has been seen to."""
    return recognised(409, [AppleError("", title=TITLES[code], detail=detail)], "R1")


def read_again(*, version: Any = None, build: Any = None, **changes: Any) -> Decision:
    """What was read after the refusal: all is well unless told otherwise."""
    version, build = version or a_version(), build or a_build()
    request = a_request()
    checks = preflight(Candidates(request, NOTES, version, build))
    return Decision(request, NOTES, version, build, checks)._replace(**changes)


ALL_IS_WELL = read_again()


@pytest.mark.parametrize(
    "error",
    [
        refusal(),
        refusal(f"{BUSY}.SOMETHING_NEW"),
        refusal_without_code(BUSY),
        NotFound("Not there."),
    ],
    ids=["busy", "busy, in detail", "busy, without a code", "not found"],
)
def test_apple_may_be_slow_where_all_checks_pass(error: AscLinkerError) -> None:
    assert may_pass(error, ALL_IS_WELL)


def test_of_several_errors_the_one_that_may_pass_counts_also_where_it_is_an_associated_one() -> (
    None
):
    inner = AppleError(BUSY)
    outer = AppleError("STATE_ERROR", associated=(("/v1/appStoreVersions/v1", inner),))

    assert may_pass(recognised(409, [AppleError("STATE_ERROR"), outer]), ALL_IS_WELL)


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (refusal(UNSUITABLE), ALL_IS_WELL),
        (refusal(BETA_XCODE), ALL_IS_WELL),
        (refusal_without_code(UNSUITABLE, GENERIC), ALL_IS_WELL),
        (refusal_without_code(BETA_XCODE), ALL_IS_WELL),
        (recognised(409, [AppleError(BUSY), AppleError(BETA_XCODE)]), ALL_IS_WELL),
        (refusal("STATE_ERROR"), ALL_IS_WELL),
        (refusal(), ALL_IS_WELL._replace(version=None)),
        (refusal(), ALL_IS_WELL._replace(build=None)),
        (refusal(), read_again(version=a_version(state=AppVersionState.READY_FOR_REVIEW))),
        (refusal(), read_again(build=a_build(state=ProcessingState.UNRECOGNISED))),
        (NotFound("Not there."), read_again(build=a_build(expired=True))),
    ],
    ids=[
        "unsuitable",
        "beta Xcode",
        "unsuitable, without a code",
        "beta Xcode, without a code",
        "beta Xcode, among others",
        "another state",
        "no version",
        "no build",
        "a version Apple judges",
        "a build in a state nobody knows",
        "a check that fails",
    ],
)
def test_what_time_does_not_cure_may_not_pass(error: AscLinkerError, again: Decision) -> None:
    assert not may_pass(error, again)


def test_what_was_refused_by_our_own_checks_meanwhile_is_told_beside_apples_words() -> None:
    locked = NotAttachable("The version is in review.", hint="Wait.", id="version-locked")

    error = explained(refusal(), ALL_IS_WELL, ALL_IS_WELL._replace(refusal=locked), 0)

    assert error.message == f"{refusal().message} The version is in review."
    assert (error.hint, error.id, error.request_id) == ("Wait.", "version-locked", "R1")
    assert error.apple == refusal().apple


def test_only_what_changed_since_the_check_is_told_as_news() -> None:
    old, new = (
        Check("build-expired", "Build", Verdict.APPLE_DECIDES, sentence)
        for sentence in ("It expires soon.", "It expires now.")
    )
    before = ALL_IS_WELL._replace(checks=(*ALL_IS_WELL.checks, old))
    again = ALL_IS_WELL._replace(checks=(*ALL_IS_WELL.checks, new))

    error = explained(refusal(), before, again, 0)

    assert error.message == f"{refusal().message} Since the check: It expires now."
    assert error.hint == refusal().hint


@pytest.mark.parametrize(
    ("waited_s", "tried"), [(0.0, ""), (1.0, " Tried for 1 s."), (300.0, " Tried for 5 min.")]
)
def test_an_apple_that_needs_time_is_told_with_how_long_was_tried(
    waited_s: float, tried: str
) -> None:
    error = explained(refusal(), ALL_IS_WELL, ALL_IS_WELL, waited_s)

    assert error.message == (
        f"Apple does not take the build yet. All our own checks pass, also after it.{tried}"
    )
    assert "Run again in a few minutes" in error.hint
    assert (error.id, error.request_id) == ("not-attachable-yet", "R1")
    assert error.apple == refusal().apple


@pytest.mark.parametrize("given", [refusal, refusal_without_code])
@pytest.mark.parametrize(("answer", "is_named"), [(None, True), (False, False), (True, False)])
def test_unanswered_compliance_is_named_where_apple_says_nothing_of_use(
    answer: bool | None, is_named: bool, given: Callable[[str, str], AscLinkerError]
) -> None:
    again = read_again(build=a_build(uses_non_exempt_encryption=answer))
    said = given(UNSUITABLE, GENERIC)

    error = explained(said, again, again, 0)

    assert error.message == f"{said.message} All our own checks pass, also after it."
    assert WORDS in error.hint
    assert ("`uses-non-exempt-encryption` answers it." in error.hint) is is_named


@pytest.mark.parametrize(
    ("code", "detail"),
    [(UNSUITABLE, "Something that says more."), ("STATE_ERROR", GENERIC)],
    ids=["other words", "another code"],
)
def test_words_that_say_more_keep_their_own_cure(code: str, detail: str) -> None:
    said = refusal(code, detail)

    error = explained(said, ALL_IS_WELL, ALL_IS_WELL, 0)

    assert error.message == f"{said.message} All our own checks pass, also after it."
    assert error.hint == said.hint
