"""What Apple sends is read for what we use, and a wrong shape is named, never guessed around."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asc_linker.apple.json_api import Document, Ref, Resource, linkage, parse_json
from asc_linker.errors import UnexpectedAnswer

BUILD = {
    "type": "builds",
    "id": "b231",
    "attributes": {"version": "231", "expired": False, "usesNonExemptEncryption": None},
    "relationships": {
        "preReleaseVersion": {"data": {"type": "preReleaseVersions", "id": "p142"}},
        "appStoreVersion": {"data": None},
        "app": {"links": {"related": "https://api.appstoreconnect.apple.com/v1/builds/b231/app"}},
    },
}
TRAIN = {"type": "preReleaseVersions", "id": "p142", "attributes": {"version": "1.4.2"}}


def test_a_resource_gives_what_it_has() -> None:
    build = Resource(BUILD)

    assert (build.type, build.id, build.text("version")) == ("builds", "b231", "231")
    assert build.flag("expired") is False


def test_null_and_absent_are_the_same() -> None:
    build = Resource(BUILD)

    assert build.flag("usesNonExemptEncryption") is None
    assert build.flag("somethingNew") is None
    assert build.optional_text("somethingNew") is None


def test_a_relationship_is_known_only_when_apple_included_it() -> None:
    build = Resource(BUILD)

    assert build.related("preReleaseVersion") == Ref("preReleaseVersions", "p142")
    assert build.related("appStoreVersion") is None
    assert build.related("app") is None
    assert build.related("somethingNew") is None


def test_a_missing_attribute_is_named_with_its_resource() -> None:
    with pytest.raises(UnexpectedAnswer, match="builds without `uploadedDate`"):
        Resource(BUILD).text("uploadedDate")


@pytest.mark.parametrize("value", [231, True, ["231"], {"a": 1}])
def test_text_that_is_no_text_is_refused(value: object) -> None:
    with pytest.raises(UnexpectedAnswer, match="`version` is not text"):
        Resource(BUILD | {"attributes": {"version": value}}).text("version")


@pytest.mark.parametrize("value", ["true", 1, 0, []])
def test_a_boolean_that_is_no_boolean_is_refused(value: object) -> None:
    with pytest.raises(UnexpectedAnswer, match="`expired` is no boolean"):
        Resource(BUILD | {"attributes": {"expired": value}}).flag("expired")


@pytest.mark.parametrize(
    "raw",
    [None, [], "builds", {}, {"type": "builds"}, {"id": "b231"}, {"type": "builds", "id": 231}],
)
def test_a_resource_without_type_and_id_is_refused(raw: object) -> None:
    with pytest.raises(UnexpectedAnswer):
        Resource(raw)


@pytest.mark.parametrize("attributes", [None, [], "none", 7])
def test_attributes_of_the_wrong_shape_count_as_absent(attributes: object) -> None:
    assert Resource(BUILD | {"attributes": attributes}).optional_text("version") is None


def test_a_document_holds_one_many_or_none() -> None:
    assert [each.id for each in Document({"data": BUILD}).data] == ["b231"]
    assert [each.id for each in Document({"data": [BUILD, TRAIN]}).data] == ["b231", "p142"]
    assert Document({"data": None}).data == Document({"data": []}).data == []


def test_included_resources_are_found_by_reference() -> None:
    document = Document({"data": [BUILD], "included": [TRAIN]})

    found = document.look_up(document.data[0].related("preReleaseVersion"))

    assert found is not None
    assert found.text("version") == "1.4.2"
    assert document.look_up(Ref("preReleaseVersions", "another")) is None
    assert document.look_up(None) is None


def test_the_next_page_is_named_by_its_link() -> None:
    url = "https://api.appstoreconnect.apple.com/v1/builds?cursor=Mg"

    assert Document({"data": [], "links": {"next": url}}).next_url == url
    assert Document({"data": [], "links": {}}).next_url is None
    assert Document({"data": [], "links": {"next": None}}).next_url is None
    assert Document({"data": []}).next_url is None


@pytest.mark.parametrize("raw", [None, [], {}, {"errors": []}, "data", {"data": "builds"}])
def test_a_document_without_data_is_refused(raw: object) -> None:
    with pytest.raises(UnexpectedAnswer):
        Document(raw)


@pytest.mark.parametrize("body", [b"", b" \r\n"])
def test_an_empty_body_is_called_empty(body: bytes) -> None:
    with pytest.raises(UnexpectedAnswer, match="an empty body"):
        parse_json(body)


@pytest.mark.parametrize(
    "body",
    [b"<html><body>secret</body></html>", b'{"data": [', b"\xff\xfe", b"[" * 100_000, b"NaNa"],
    ids=["HTML", "truncated", "no UTF-8", "too deep", "nonsense"],
)
def test_a_body_that_is_not_json_is_refused_without_being_repeated(body: bytes) -> None:
    with pytest.raises(UnexpectedAnswer, match="not JSON") as caught:
        parse_json(body)

    assert "secret" not in caught.value.message


def test_a_linkage_names_a_resource_or_nothing() -> None:
    assert linkage({"data": {"type": "builds", "id": "b231"}}) == Ref("builds", "b231")
    assert linkage({"data": None, "links": {}}) is None


@pytest.mark.parametrize("raw", [{}, [], None, {"data": []}, {"data": {"id": "b"}}])
def test_a_linkage_of_the_wrong_shape_is_refused(raw: object) -> None:
    with pytest.raises(UnexpectedAnswer):
        linkage(raw)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["data", "type", "id", "attributes", "relationships", "included", "links", "next"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(JSON)
def test_any_json_is_a_document_or_unexpected(raw: object) -> None:
    for read in (Document, linkage):
        with suppress(UnexpectedAnswer):
            read(raw)
