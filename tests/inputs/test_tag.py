"""A tag is read for what it names; what names no version is no tag of ours."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asc_linker.dotted import is_dotted
from asc_linker.inputs.tag import Tag, parse_tag


@pytest.mark.parametrize(
    ("text", "version_string", "build_number", "prefix"),
    [
        ("v1.4.2", "1.4.2", "", ""),
        ("1.4.2", "1.4.2", "", ""),
        ("V2", "2", "", ""),
        ("ios/1.4.2", "1.4.2", "", "ios"),
        ("macos/v1.4.2+7", "1.4.2", "7", "macos"),
        ("release/2026/1.4.2", "1.4.2", "", "release/2026"),
        ("v1.4.2+231", "1.4.2", "231", ""),
        ("v1.4.2+2026.1.31", "1.4.2", "2026.1.31", ""),
        ("1.4.2(231)", "1.4.2", "231", ""),
        ("refs/tags/v1.4.2", "1.4.2", "", ""),
        ("  v1.4.2\n", "1.4.2", "", ""),
        ("v01.04", "01.04", "", ""),
    ],
)
def test_a_tag_names_version_build_and_prefix(
    text: str, version_string: str, build_number: str, prefix: str
) -> None:
    assert parse_tag(text) == Tag(text.strip(), version_string, build_number, prefix)


@pytest.mark.parametrize(
    "text", ["v1.4.2-rc.1", "1.4.2-beta", "ios/1.4.2-rc.1+231", "v1.4.2-1", "v2-alpha(3)"]
)
def test_a_hyphen_makes_it_a_pre_release(text: str) -> None:
    tag = parse_tag(text)

    assert tag is not None
    assert tag.is_pre_release


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "main",
        "v",
        "v1.",
        "v1..2",
        ".1",
        "ios/",
        "ios",
        "/1.4.2",
        "app-1.4.2",
        "v1.4.2+",
        "v1.4.2+build",
        "v1.4.2()",
        "v1.4.2(231",
        "v1.4.2+231.",
        "v1.4.2+1(2)",
        "1.4.2 (231)",
        "v1.4.2\nv1.4.3",
        "v١.٤",
        "v１.４",
        "v1.4.2-ü",
        "v" + "1" * 40,
        "v1.4.2+" + "1" * 40,
    ],
)
def test_what_names_no_version_is_none(text: str) -> None:
    assert parse_tag(text) is None


NUMBERS = st.lists(st.integers(0, 999), min_size=1, max_size=3).map(
    lambda parts: ".".join(map(str, parts))
)
PREFIXES = st.sampled_from(["", "ios/", "release/2026/", "a b/"])


@settings(max_examples=200, deadline=None)
@given(PREFIXES, st.sampled_from(["", "v", "V"]), NUMBERS, NUMBERS, st.booleans())
def test_what_was_written_into_a_tag_is_read_out_of_it(
    prefix: str, v: str, version: str, build: str, plus: bool
) -> None:
    tag = parse_tag(f"{prefix}{v}{version}" + (f"+{build}" if plus else f"({build})"))

    assert tag is not None
    assert (tag.version_string, tag.build_number) == (version, build)
    assert tag.prefix == prefix.rstrip("/")


@settings(max_examples=400, deadline=None)
@given(st.text(max_size=40) | st.text("v0123456789.+-()/ios\n", max_size=40))
def test_any_text_is_a_tag_with_a_version_or_none(text: str) -> None:
    tag = parse_tag(text)

    assert tag is None or is_dotted(tag.version_string)
    assert tag is None or tag.build_number == "" or is_dotted(tag.build_number)
