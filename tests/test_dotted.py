"""Version strings and build numbers are compared as Apple compares them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asc_linker.dotted import (
    build_number_spellings,
    distance,
    is_dotted,
    same_build_number,
    same_version,
    version_spellings,
)

PARTS = st.lists(st.integers(0, 999).map(str) | st.sampled_from(["00", "01", "007"]), min_size=1)
DOTTED = PARTS.map(lambda parts: ".".join(parts[:4]))


@pytest.mark.parametrize(
    ("one", "other"),
    [("1.2", "1.2.0"), ("1", "1.0.0"), ("01.02", "1.2"), ("1.02.0", "01.2"), ("0", "0.0")],
)
def test_these_are_one_version_string_to_apple(one: str, other: str) -> None:
    assert same_version(one, other)
    assert same_version(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [("1.2", "1.20"), ("1.2", "1.2.1"), ("1.0.2", "1.2"), ("10", "1"), ("", "0"), ("1.2", "1.2.x")],
)
def test_these_are_two_version_strings(one: str, other: str) -> None:
    assert not same_version(one, other)


@pytest.mark.parametrize(("one", "other"), [("01", "1"), ("1.02.3", "1.2.03"), ("000", "0")])
def test_leading_zeros_of_a_build_number_do_not_count(one: str, other: str) -> None:
    assert same_build_number(one, other)


@pytest.mark.parametrize(("one", "other"), [("7", "7.0"), ("7", "70"), ("1.2", "1.2.0")])
def test_trailing_zeros_of_a_build_number_do(one: str, other: str) -> None:
    assert not same_build_number(one, other)


@pytest.mark.parametrize("text", ["1", "1.2", "1.2.3.4", "0", "20271231.235959"])
def test_numbers_with_dots_between_are_dotted(text: str) -> None:
    assert is_dotted(text)


@pytest.mark.parametrize(
    "text", ["", ".", "1.", ".1", "1..2", "1.2a", "v1", "-1", "1 2", "1\n", "١.٢", "1" * 19]
)
def test_anything_else_is_not_dotted(text: str) -> None:
    assert not is_dotted(text)


@settings(max_examples=200, deadline=None)
@given(DOTTED)
def test_what_was_typed_is_asked_for_first_and_every_spelling_means_the_same(text: str) -> None:
    versions = version_spellings(text)
    numbers = build_number_spellings(text)

    assert versions[0] == numbers[0] == text
    assert all(same_version(text, spelling) for spelling in versions)
    assert all(same_build_number(text, spelling) for spelling in numbers)
    assert len(set(versions)) == len(versions)
    assert len(set(numbers)) == len(numbers)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 99), min_size=1, max_size=3), st.integers(0, 2), st.integers(0, 2))
def test_a_version_is_found_under_whichever_plain_spelling_was_uploaded_first(
    parts: list[int], ours: int, theirs: int
) -> None:
    typed = ".".join(map(str, (parts + [0] * ours)[:3]))
    uploaded = ".".join(map(str, (parts + [0] * theirs)[:3]))

    assert uploaded in version_spellings(typed)


@settings(max_examples=200, deadline=None)
@given(DOTTED, DOTTED, DOTTED)
def test_being_the_same_is_an_equivalence(one: str, two: str, three: str) -> None:
    for same in (same_version, same_build_number):
        assert same(one, one)
        assert same(one, two) == same(two, one)
        assert not (same(one, two) and same(two, three)) or same(one, three)
    assert same_version(one, two) or not same_build_number(one, two)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=12), st.text(max_size=12))
def test_text_that_is_no_number_equals_itself_alone(one: str, other: str) -> None:
    if not (is_dotted(one) and is_dotted(other)):
        assert same_build_number(one, other) == (one == other)
    assert version_spellings(one)[0] == build_number_spellings(one)[0] == one
    assert sorted([distance(one, other), distance(other, one)])


def test_the_nearest_number_comes_first() -> None:
    there = ["1.10", "9.0", "1.4.2", "1.4.1", "nightly", "1.5"]

    ordered = sorted(there, key=lambda text: distance(text, "1.4.3"))

    assert ordered == ["1.4.2", "1.4.1", "1.5", "1.10", "9.0", "nightly"]
