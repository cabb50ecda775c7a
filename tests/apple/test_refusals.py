"""Each of Apple's refusals, in Apple's own words, becomes a sentence with a cure.

The words and where they were seen are in fixtures/apple_errors.json.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from asc_linker.apple.error_document import parse_errors
from asc_linker.apple.refusals import CASES, recognise, refusal
from asc_linker.errors import (
    AppleError,
    AppStoreConnectError,
    AscLinkerError,
    CredentialsError,
    NotAttachable,
    NotFound,
)

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
    "there is no such resource": (NotFound, "key"),
    "a build that was just processed is not there yet": (NotFound, "key"),
    "a parameter is not allowed here": (AppStoreConnectError, "report"),
    "a parameter has an invalid value": (AppStoreConnectError, "report"),
    "build and version are of different platforms": (NotAttachable, "`platform`"),
    "the build could not be added": (NotAttachable, "internal testing"),
    "the build could not be added in this state": (NotAttachable, "cancel the submission"),
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
    return AppleError(code=code, detail=detail, where=where)


def test_every_row_is_expected_and_says_where_it_was_seen() -> None:
    assert set(ROWS) == set(EXPECTED)
    assert all(row["source"] for row in ROWS.values())


@pytest.mark.parametrize("name", ROWS)
def test_a_refusal_is_recognised_and_its_hint_says_who_must_do_what(name: str) -> None:
    kind, telling = EXPECTED[name]

    found = refused(name)

    assert type(found) is kind
    assert telling in found.hint
    assert found.message.endswith(".")
    assert recognise(ROWS[name]["http_status"], errors_of(ROWS[name])) is not None


@pytest.mark.parametrize("name", ROWS)
def test_all_of_apples_words_go_along(name: str) -> None:
    found = refused(name)

    assert found.apple == errors_of(ROWS[name])
    assert found.request_id == "REQUEST-1"


def test_each_case_of_the_catalogue_has_been_seen() -> None:
    seen = {recognise(row["http_status"], errors_of(row)) for row in ROWS.values()}

    assert {case.message for case in CASES} == {case.message for case in seen if case}


def test_the_different_403s_are_told_apart() -> None:
    rows = [name for name, row in ROWS.items() if row["http_status"] == 403]

    assert len({refused(name).message for name in rows}) == len(rows)


def test_the_most_precise_code_wins() -> None:
    coarse, fine = (
        "ENTITY_ERROR.RELATIONSHIP.INVALID",
        "ENTITY_ERROR.RELATIONSHIP.INVALID.INVALID_STATE",
    )

    for errors in ([error(coarse), error(fine)], [error(fine), error(coarse)]):
        case = recognise(409, errors)
        assert case is not None
        assert case.code == fine


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


def test_an_open_version_is_told_from_a_build_that_does_not_fit() -> None:
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


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code} {case.says} {case.where}")
def test_every_case_speaks_in_sentences(case: Any) -> None:
    assert re.fullmatch(r"[A-Z].*\.", case.message)
    assert re.fullmatch(r"[A-Z].*\.", case.hint)
