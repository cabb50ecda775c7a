"""Each of Apple's refusals, in Apple's own words, becomes a sentence with a cure.

The words and where they were seen are in fixtures/apple_errors.json.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from asc_linker.apple.error_document import is_a_page, parse_errors
from asc_linker.apple.refusals import REFUSALS, Refusal, recognise, refusal
from asc_linker.errors import (
    AppleError,
    AppStoreConnectError,
    AscLinkerError,
    CredentialsError,
    NotAttachable,
    NotFound,
    every_error,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

FIXTURES = Path(__file__).parents[1] / "fixtures" / "apple_errors.json"
ROWS: dict[str, dict[str, Any]] = {
    row["name"]: row for row in json.loads(FIXTURES.read_text(encoding="utf-8"))["rows"]
}
# What each row becomes, and what its hint has to name: an input to change, or who must act.
EXPECTED: dict[str, tuple[type[AscLinkerError], str]] = {
    "the token is not accepted": (CredentialsError, "`issuer-id`"),
    "an agreement is missing or has expired": (CredentialsError, "Account Holder"),
    "the license agreement was not accepted, older form": (CredentialsError, "Account Holder"),
    "the key's role is too low": (CredentialsError, "App Manager"),
    "the membership has lapsed": (CredentialsError, "renew the membership"),
    "the endpoint has no such operation": (CredentialsError, "report"),
    "there is no such resource": (NotFound, "App Store Connect"),
    "a build that was just processed is not there yet": (NotFound, "App Store Connect"),
    "a parameter is not allowed here": (AppStoreConnectError, "report"),
    "a parameter has an invalid value": (AppStoreConnectError, "report"),
    "build and version are of different platforms": (NotAttachable, "`platform`"),
    "the build could not be added": (NotAttachable, "which builds the version offers"),
    "the build could not be added in this state": (NotAttachable, "Running again is safe"),
    "the build was made with a beta of Xcode": (NotAttachable, "release version of Xcode"),
    "an id is not valid for the relationship": (NotAttachable, "team"),
    "the app's id is not known to this team": (NotAttachable, "`app-id`"),
    "the app cannot be found": (NotAttachable, "`app-id`"),
    "another version is open": (NotAttachable, "open version"),
    "the version number was used before": (NotAttachable, "`version-string`"),
    "the version string can no longer be changed": (NotAttachable, "submission"),
    "export compliance was answered before": (NotAttachable, "new build"),
    "an attribute is missing": (NotAttachable, "App Store Connect"),
    "the version cannot be reviewed": (NotAttachable, "App Store Connect"),
    "the submission cannot be cancelled": (NotAttachable, "App Store Connect"),
    "the submission has errors": (NotAttachable, "submissions"),
    "the version is part of another submission": (NotAttachable, "submission"),
    "the submission exists already": (NotAttachable, "submissions"),
    "the build is not in a valid processing state": (NotAttachable, "Wait"),
    "another build is in review": (NotAttachable, "Wait"),
    "too many requests": (AppStoreConnectError, "key of its own"),
    "Apple's side failed": (AppStoreConnectError, "later"),
}


def errors_of(row: dict[str, Any]) -> tuple[AppleError, ...]:
    return parse_errors(json.dumps(row["document"]).encode())


def refused(name: str) -> AscLinkerError:
    row = ROWS[name]
    return refusal(row["http_status"], errors_of(row), "REQUEST-1")


def error(code: str, detail: str = "", where: str = "") -> AppleError:
    return AppleError(code=code, detail=detail, source={"pointer": where} if where else None)


def test_every_row_is_expected_and_says_where_it_was_seen() -> None:
    assert set(ROWS) == set(EXPECTED)
    assert all(row["source"] for row in ROWS.values())


@pytest.mark.parametrize("name", ROWS)
def test_a_refusal_is_recognised_and_its_hint_says_who_must_do_what(name: str) -> None:
    kind, words = EXPECTED[name]

    found = refused(name)

    assert type(found) is kind
    assert words in found.hint
    assert found.message.endswith(".")
    assert recognise(ROWS[name]["http_status"], errors_of(ROWS[name])) is not None


@pytest.mark.parametrize("name", ROWS)
def test_all_of_apples_words_go_along(name: str) -> None:
    found = refused(name)

    assert found.apple == errors_of(ROWS[name])
    assert found.request_id == "REQUEST-1"


@pytest.mark.parametrize("name", ROWS)
def test_a_refusal_without_codes_is_recognised_by_its_words(name: str) -> None:
    row = json.loads(json.dumps(ROWS[name]))
    for each in every_document(row["document"]):
        del each["code"]

    found = refusal(row["http_status"], errors_of(row))

    assert (found.id, found.message) == (refused(name).id, refused(name).message)
    assert all(error.code == "" for error in every_error(found.apple))


def every_document(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every error of a document, as Apple sends it, associated ones included."""
    for each in document["errors"]:
        yield each
        for associated in each.get("meta", {}).get("associatedErrors", {}).values():
            yield from every_document({"errors": associated})


def test_each_refusal_of_the_catalogue_has_been_seen() -> None:
    seen = {recognise(row["http_status"], errors_of(row)) for row in ROWS.values()}

    assert {each.id for each in REFUSALS} == {each.id for each in seen if each}


def test_the_different_403s_are_told_apart() -> None:
    rows = [name for name, row in ROWS.items() if row["http_status"] == 403]

    assert len({refused(name).message for name in rows}) == len(rows)


@pytest.mark.parametrize("detail", ["The attribute 'whatsNew' is not valid.", ""])
def test_words_that_say_something_else_are_not_taken_for_a_refusal_we_know(detail: str) -> None:
    compliance = "ENTITY_ERROR.ATTRIBUTE.INVALID"

    assert recognise(409, [error(compliance, detail)]) is None
    assert recognise(409, [error("", detail)]) is None


def test_a_refusal_of_another_status_is_another_refusal() -> None:
    assert recognise(400, errors_of(ROWS["the token is not accepted"])) is None


def test_the_most_precise_code_wins() -> None:
    coarse, fine = (
        "ENTITY_ERROR.RELATIONSHIP.INVALID",
        "ENTITY_ERROR.RELATIONSHIP.INVALID.INVALID_STATE",
    )

    for errors in ([error(coarse), error(fine)], [error(fine), error(coarse)]):
        known = recognise(409, errors)
        assert known is not None
        assert known.code == fine


def test_what_an_input_can_cure_comes_first() -> None:
    finer = error("ENTITY_ERROR.RELATIONSHIP.INVALID.INVALID_STATE")
    curable = error("ENTITY_ERROR.RELATIONSHIP.INVALID", "a different platform than the version")

    for errors in ([finer, curable], [curable, finer]):
        known = recognise(409, errors)
        assert known is not None
        assert "`platform`" in known.hint


def test_a_place_is_compared_level_by_level() -> None:
    at_app = error("ENTITY_ERROR.RELATIONSHIP.INVALID", where="/data/relationships/app/data/id")
    at_apple = error("ENTITY_ERROR.RELATIONSHIP.INVALID", where="/data/relationships/apple")

    assert refusal(409, [at_app]).id == "app-not-known"
    assert refusal(409, [at_apple]).id == "build-unsuitable"


def test_the_telling_error_is_found_behind_others() -> None:
    duplicate = error("ENTITY_ERROR.ATTRIBUTE.INVALID.DUPLICATE", where="/data/attributes/x")
    noise = [error("SOMETHING_NEW"), error("ENTITY_ERROR")]

    assert recognise(409, [*noise, duplicate]) == recognise(409, [duplicate])


def test_the_telling_error_is_found_among_associated_ones() -> None:
    inner = error("ENTITY_ERROR.RELATIONSHIP.INVALID.INVALID_STATE")
    middle = AppleError(code="NEW.INNER", associated=(("/v1/x", inner),))
    outer = AppleError(code="NEW.OUTER", associated=(("/v1/y", middle),))

    assert recognise(409, [outer]) == recognise(409, [inner])


def test_a_code_that_gains_a_level_is_still_recognised() -> None:
    before = recognise(401, [error("NOT_AUTHORIZED")])

    assert recognise(401, [error("NOT_AUTHORIZED.TOKEN.EXPIRED")]) == before
    assert recognise(401, [error("NOT_AUTHORIZEDLY")]) is None


def test_an_open_version_is_not_taken_for_a_build_that_does_not_fit() -> None:
    assert (
        refused("another version is open").message
        != refused("the build could not be added").message
    )


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, AppStoreConnectError),
        (401, CredentialsError),
        (403, CredentialsError),
        (404, NotFound),
        (405, AppStoreConnectError),
        (409, NotAttachable),
        (415, AppStoreConnectError),
        (422, NotAttachable),
        (429, AppStoreConnectError),
        (500, AppStoreConnectError),
        (502, AppStoreConnectError),
        (503, AppStoreConnectError),
        (504, AppStoreConnectError),
    ],
)
@pytest.mark.parametrize(
    "errors", [(), (error("BRAND_NEW", "Apple's words"),)], ids=["none", "new"]
)
def test_a_code_nobody_knows_keeps_apples_words_and_the_right_exit_code(
    status: int, kind: type[AscLinkerError], errors: tuple[AppleError, ...]
) -> None:
    found = refusal(status, errors)

    assert type(found) is kind
    assert found.apple == errors
    assert found.message
    assert found.hint


LIMIT = "App Store Connect takes no more requests with this API key"
PROXY = "A proxy refused the request"
ON_THE_WAY = "A server on the way to App Store Connect answered with HTTP"


@pytest.mark.parametrize(
    ("status", "is_a_page", "kind", "words"),
    [
        (401, True, CredentialsError, PROXY),
        (401, False, CredentialsError, "Apple does not accept the API key"),
        (403, True, CredentialsError, PROXY),
        (403, False, CredentialsError, "Apple forbids this request"),
        (407, True, CredentialsError, PROXY),
        (407, False, CredentialsError, PROXY),
        (429, True, AppStoreConnectError, LIMIT),
        (429, False, AppStoreConnectError, LIMIT),
        (404, True, NotFound, ON_THE_WAY),
        (404, False, NotFound, "App Store Connect has no such resource"),
        *((status, True, AppStoreConnectError, ON_THE_WAY) for status in (400, 405, 415, 418)),
        *(
            (status, page, AppStoreConnectError, ON_THE_WAY)
            for status in (408, 413, 414, 421, 425, 431, 451)
            for page in (True, False)
        ),
        (400, False, AppStoreConnectError, "App Store Connect does not take the request"),
        (405, False, AppStoreConnectError, "App Store Connect does not take the request"),
        (415, False, AppStoreConnectError, "App Store Connect does not take the request"),
        (409, False, NotAttachable, "Apple refuses this."),
        (422, False, NotAttachable, "Apple refuses this."),
        (500, False, AppStoreConnectError, "App Store Connect answered with HTTP 500"),
        (503, True, AppStoreConnectError, "App Store Connect answered with HTTP 503"),
    ],
)
def test_an_answer_without_apples_words_is_not_blamed_on_whom_it_is_not_of(
    status: int, is_a_page: bool, kind: type[AscLinkerError], words: str
) -> None:
    found = refusal(status, (), is_a_page=is_a_page)

    assert type(found) is kind
    assert found.message.startswith(words)
    assert ("report" in found.hint) is (status in (400, 405, 415) and not is_a_page)
    assert not any("asc-linker" in text for text in (found.message, found.hint) if is_a_page)


@pytest.mark.parametrize("status", [400, 405, 415])
def test_a_request_that_apple_does_not_understand_says_how_to_report_it(status: int) -> None:
    found = refusal(status, [error("BRAND_NEW")])

    assert (found.exit_code, found.id) == (7, "request-refused")
    assert "Please report it" in found.hint
    assert "X-Request-ID" in found.hint


@pytest.mark.parametrize("errors", [(), (error("RATE_LIMIT_EXCEEDED"),)], ids=["page", "Apple's"])
@pytest.mark.parametrize(
    ("left", "is_a_burst"), [(None, False), (0, False), (1, True), (3000, True)]
)
def test_429_while_the_hour_is_not_used_up_is_called_a_burst(
    errors: tuple[AppleError, ...], left: int | None, is_a_burst: bool
) -> None:
    found = refusal(429, errors, requests_left=left)

    assert ("the hour's limit is not reached" in found.message) is is_a_burst
    assert found.id == "rate-limit"


def test_words_of_a_page_that_look_like_apples_change_nothing() -> None:
    assert refusal(403, parse_errors(b"FORBIDDEN_ERROR"), is_a_page=True).id == "proxy-refused"


@pytest.mark.parametrize(
    ("body", "is_one"),
    [
        (b"<html>", True),
        (b" \r\n<!DOCTYPE html>", True),
        (b"Could not process this request", True),
        (b"", False),
        (b" \n", False),
        (b' {"errors": []}', False),
        (b"[", False),
        (b'{"errors": [', False),
    ],
)
def test_a_page_is_what_neither_is_empty_nor_begins_like_json(body: bytes, is_one: bool) -> None:
    assert is_a_page(body) is is_one


@pytest.mark.parametrize(
    "known", REFUSALS, ids=lambda known: f"{known.id} {known.code}{known.where}"
)
def test_every_refusal_speaks_in_sentences_under_a_kebab_case_id(known: Refusal) -> None:
    assert re.fullmatch(r"[A-Z].*\.", known.message)
    assert re.fullmatch(r"[A-Z].*\.", known.hint)
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", known.id)


@pytest.mark.parametrize(
    "name", ["the build could not be added", "the build could not be added in this state"]
)
def test_a_hint_for_a_general_refusal_guesses_at_no_cause(name: str) -> None:
    hint = refused(name).hint

    for cause in ("cancel", "review", "internal", "expired", "compliance", "raise the version"):
        assert cause not in hint
