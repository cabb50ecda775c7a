"""Apple's error documents are read whole, also where they stray from Apple's own description."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asc_linker.apple.error_document import parse_errors
from asc_linker.errors import AppleError, every_error

NOT_FOUND = {
    "id": "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
    "status": "404",
    "code": "NOT_FOUND",
    "title": "The specified resource does not exist",
    "detail": "There is no resource of type 'builds' with id 'b231'",
    "source": {"pointer": "/data/id"},
}
MISSING = {
    "status": "409",
    "code": "ENTITY_ERROR.ATTRIBUTE.REQUIRED",
    "title": "The provided entity is missing a required attribute",
    "detail": "You must provide a value for the attribute 'whatsNew' with this request",
}


def parse(*errors: Any) -> tuple[AppleError, ...]:
    return parse_errors(json.dumps({"errors": errors}).encode())


def test_an_error_keeps_all_of_apples_words() -> None:
    assert parse(NOT_FOUND) == (
        AppleError(
            code="NOT_FOUND",
            title="The specified resource does not exist",
            detail="There is no resource of type 'builds' with id 'b231'",
            status="404",
            id="6ba7b810-9dad-11d1-80b4-00c04fd430c8",
            source={"pointer": "/data/id"},
        ),
    )


def test_a_parameter_is_where_the_error_is() -> None:
    (error,) = parse(NOT_FOUND | {"source": {"parameter": "filter[version]"}})

    assert error.where == "filter[version]"
    assert error.source == {"parameter": "filter[version]"}


def test_a_source_is_kept_as_apple_sent_it() -> None:
    both = {"pointer": "/data/id", "parameter": "sort", "header": 7}
    (error,), (silent,) = parse(NOT_FOUND | {"source": both}), parse(MISSING)

    assert error.source == {"pointer": "/data/id", "parameter": "sort"}
    assert error.where == "/data/id"
    assert silent.source is None


def test_half_a_character_becomes_a_question_mark() -> None:
    (error,) = parse(NOT_FOUND | {"detail": "a \ud83d b", "source": {"pointer": "\udc00"}})

    assert (error.detail, error.where) == ("a ? b", "?")


def test_every_error_of_the_list_is_kept_in_order() -> None:
    assert [error.code for error in parse(NOT_FOUND, MISSING, NOT_FOUND)] == [
        "NOT_FOUND",
        "ENTITY_ERROR.ATTRIBUTE.REQUIRED",
        "NOT_FOUND",
    ]


def test_associated_errors_are_kept_with_their_paths_however_deep() -> None:
    inner = NOT_FOUND | {"meta": {"associatedErrors": {"/v1/inner/2": [MISSING, MISSING]}}}
    outer = MISSING | {"meta": {"associatedErrors": {"/v1/outer/1": [inner]}, "other": 7}}

    (error,) = parse(outer)

    ((path, middle),) = error.associated
    assert path == "/v1/outer/1"
    assert [path for path, _ in middle.associated] == ["/v1/inner/2", "/v1/inner/2"]
    assert [each.code for each in every_error([error])] == [
        "ENTITY_ERROR.ATTRIBUTE.REQUIRED",
        "NOT_FOUND",
        "ENTITY_ERROR.ATTRIBUTE.REQUIRED",
        "ENTITY_ERROR.ATTRIBUTE.REQUIRED",
    ]


@pytest.mark.parametrize("levels", [50, 240, 5000])
def test_errors_however_deep_are_walked_or_left_out(levels: int) -> None:
    opened, closed = b'{"meta": {"associatedErrors": {"x": [', b"]}}}"
    body = b'{"errors": [' + opened * levels + closed * levels + b"]}"

    assert [error.code for error in every_error(parse_errors(body))] in ([], [""] * levels)


def test_a_code_is_compared_level_by_level() -> None:
    (error,) = parse(NOT_FOUND | {"code": "ENTITY_ERROR.RELATIONSHIP.INVALID.INVALID_STATE"})

    assert error.is_a("ENTITY_ERROR.RELATIONSHIP.INVALID.INVALID_STATE")
    assert error.is_a("ENTITY_ERROR.RELATIONSHIP.INVALID")
    assert error.is_a("ENTITY_ERROR")
    assert not error.is_a("ENTITY_ERROR.REL")
    assert not error.is_a("RELATIONSHIP")
    assert not error.is_a("ENTITY_ERROR.RELATIONSHIP.INVALID.INVALID_STATE.MORE")


def test_an_error_in_words_has_title_detail_and_code() -> None:
    (error,) = parse(MISSING | {"title": "Missing."})

    assert str(error).startswith("Missing: You must provide a value")
    assert str(error).endswith("(ENTITY_ERROR.ATTRIBUTE.REQUIRED)")
    assert str(AppleError(code="NEW")) == "no explanation (NEW)"


@pytest.mark.parametrize(
    "stray",
    [
        {"links": {"see": "/documentation", "about": "https://developer.apple.com"}},
        {"id": "not-a-uuid"},
        {"id": None},
        {"source": {"pointer": "data/id"}},
        {"source": "appScreenshots"},
        {"source": None},
        {"meta": None},
        {"meta": {"associatedErrors": None}},
        {"meta": {"associatedErrors": []}},
        {"meta": {"associatedErrors": {"/v1/x": None}}},
        {"meta": {"associatedErrors": {"/v1/x": ["text", 7]}}},
        {"detail": None},
        {"title": None},
        {"somethingNew": {"a": 1}},
        {"status": 404},
    ],
    ids=repr,
)
def test_an_error_that_strays_from_the_description_is_read_all_the_same(
    stray: dict[str, Any],
) -> None:
    (error,) = parse(NOT_FOUND | stray)

    assert error.code == "NOT_FOUND"
    assert error.status == "404"
    assert error.associated == ()


@pytest.mark.parametrize("code", [None, "", 7, ["NOT_FOUND"]])
def test_an_error_without_a_code_keeps_its_words(code: object) -> None:
    (error,) = parse(NOT_FOUND | {"code": code})

    assert error.code == ""
    assert str(error).endswith("There is no resource of type 'builds' with id 'b231'")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>502 Bad Gateway</body></html>",
        b"Could not process this request",
        b'{"errors": [{"code": "NOT_FOUND"',
        b'{"errors": {"code": "NOT_FOUND"}}',
        b'{"errors": null}',
        b'{"errors": ["NOT_FOUND"]}',
        b'{"data": []}',
        b"[]",
        b"null",
        b"\xff\xfe\x00",
        b"[" * 100_000,
    ],
    ids=lambda body: body[:30],
)
def test_what_is_no_error_document_holds_no_errors(body: bytes) -> None:
    assert parse_errors(body) == ()


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["errors", "code", "title", "source", "meta", "associatedErrors", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(JSON | st.binary(max_size=40))
def test_any_body_gives_errors_in_words(raw: object) -> None:
    body = raw if isinstance(raw, bytes) else json.dumps({"errors": [raw, {"meta": raw}]}).encode()

    for error in every_error(parse_errors(body)):
        assert str(error).encode()
        assert not error.is_a("NOT_FOUND") or error.code
