"""Other people's text stays text, in a log that executes commands and in Markdown alike."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from runner_environment import find_command, lines_as_the_runner_splits_them

from asc_linker.text import aligned, code, log_line, markdown, one_line, prose, respelt

HOSTILE = [
    "::set-env name=PATH::/tmp",
    "  ::error::fabricated",
    "\u3000\u2003::add-mask::e",
    "Build failed\n::stop-commands::x",
    "Build failed\r::set-output name=outcome::attached",
    "Build failed\r\n::add-path::/tmp",
    "fine\u2028::error::x\u2029::error::y",
    "fine\x85::error::x\x0b::error::y\x0c::error::z",
    "##[add-mask]e",
    "in the middle ##[error]of a line",
    "###[error]with one more",
    "####[error]with two more",
    "##\u200b[error]made visible again",
    ":\u200b:error::made visible again",
    "\ufeff::error::after a byte order mark",
    "::::error::::",
    ":::error:::",
    "%0A::error::decoded too late",
    "\x1b[31mred\x1b[0m \x1b]8;;https://example.com\x07link\x1b]8;;\x07",
    "1.4\u202e2.4.1",
    "\u2066invisible\u2069 \u200bzero\u200dwidth\u00adsoft",
    "a\x00b\x07c\x7fd",
    "half a \ud800 pair",
    "| a | b |\n| --- | --- |",
    "[a link](https://example.com) ![an image](https://example.com/x.png)",
    "<script>alert(1)</script> <img src=x onerror=alert(1)> <!-- gone",
    "https://example.com and www.example.com and WWW.example.com",
    "<https://example.com> a@example.com @someone #1 $x^2$",
    "# a heading",
    "- a list",
    "+ a list",
    "1. a list",
    "2) a list",
    "===",
    "---",
    "***bold*** __bold__ ~~gone~~ `code`",
    "> a quote",
    "    code",
    "```\nfence",
    "a \\| b \\\\| c \\",
    "&lt;b&gt; &#x41; &amp;amp;",
    "[x]: https://example.com",
    "\\",
]
ANY_TEXT = st.lists(st.sampled_from(HOSTILE) | st.text(max_size=30), max_size=4).map("".join)
WORDS = st.text("ab1 .:-+=#[]()!*_`~|<>&@$\\/\n\r\twW%;", max_size=40)


def render(source: str) -> str:
    """Markdown as HTML, by a renderer that is not ours."""
    return str(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(source))


def drawn(rendered: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", rendered)).strip()


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_text_is_one_line_without_a_command(text: str) -> None:
    said = log_line(text)

    assert len(lines_as_the_runner_splits_them(said)) == 1
    assert len(said.splitlines()) <= 1
    assert find_command(said) is None


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_text_is_drawn_and_nothing_else(text: str) -> None:
    assert drawn(render(markdown(text))) == one_line(text)
    assert set(re.findall(r"<(\w+)", render(markdown(text)))) <= {"p"}


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_text_stays_in_its_cell_and_in_its_list_entry(text: str) -> None:
    table = render(f"| a | b |\n| --- | --- |\n| {markdown(text)} | end |\n")
    entry = render(f"- {markdown(text)}\n")

    assert [drawn(cell) for cell in re.findall(r"<td>(.*?)</td>", table)] == [one_line(text), "end"]
    assert drawn(entry) == one_line(text)
    assert set(re.findall(r"<(\w+)", entry)) == {"ul", "li"}


@pytest.mark.parametrize("address", ["http://a.example", "https://a.example", "www.a.example"])
def test_an_address_does_not_link_itself(address: str) -> None:
    assert address not in markdown(address)
    assert address not in markdown(f"see {address.upper()} or {address}")


def test_what_people_write_is_left_as_it_is() -> None:
    plain = "Version 1.4.2 (iOS) of Ünïcödé “Notes” – 笔记 is ready: 100 % done"

    assert one_line(plain) == log_line(plain) == markdown(plain) == plain


def test_long_text_is_cut_and_says_so() -> None:
    assert one_line("x" * 2000) == "x" * 999 + "…"
    assert one_line("x" * 1000) == "x" * 1000
    assert one_line("abc", longest=2) == "a…"
    assert len(log_line(":" * 9000)) < 9000


@settings(max_examples=300, deadline=None)
@given(ANY_TEXT | WORDS)
def test_nothing_starts_a_command_whatever_the_text(text: str) -> None:
    assert find_command(log_line(text)) is None
    assert find_command(f"Apple: {log_line(text)}") is None


@settings(max_examples=300, deadline=None)
@given(ANY_TEXT)
def test_nothing_unseen_is_left(text: str) -> None:
    unseen = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}

    assert not {unicodedata.category(character) for character in one_line(text)} & unseen
    assert one_line(one_line(text)) == one_line(text)
    assert one_line(text).encode("utf-8").decode("utf-8") == one_line(text)


@settings(max_examples=300, deadline=None)
@given(ANY_TEXT | WORDS)
def test_markdown_draws_exactly_the_text(text: str) -> None:
    table = render(f"| a | b |\n| --- | --- |\n| {markdown(text)} | end |\n")

    assert drawn(render(markdown(text))) == one_line(text)
    assert [drawn(cell) for cell in re.findall(r"<td>(.*?)</td>", table)] == [one_line(text), "end"]


def letters(text: str) -> str:
    """`text` without what becomes code's own look: backticks, and blanks at its ends."""
    return "".join(text.replace("`", "").split())


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
@pytest.mark.parametrize("write", [prose, code])
def test_hostile_text_in_our_sentences_draws_code_at_the_most(
    text: str, write: Callable[[str], str]
) -> None:
    for said in (text, f"`{text}`", f"`input` is `{text}`, {text}"):
        rendered = render(write(said))
        assert set(re.findall(r"<(\w+)", rendered)) <= {"p", "code"}
        assert letters(drawn(rendered)) == letters(one_line(said))


@settings(max_examples=300, deadline=None)
@given(ANY_TEXT | WORDS)
def test_prose_and_code_draw_exactly_the_text_also_in_a_cell(text: str) -> None:
    for write in (prose, code):
        written = write(text)
        table = render(f"| a | b |\n| --- | --- |\n| {written} | end |\n")
        cells = [drawn(cell) for cell in re.findall(r"<td>(.*?)</td>", table)]
        assert [letters(cell) for cell in cells] == [letters(one_line(text)), "end"]
        assert set(re.findall(r"<(\w+)", render(written))) <= {"p", "code"}


def test_what_stands_in_backticks_becomes_code() -> None:
    assert prose("`a-b` is `NOT_X`, see *y*") == "`a-b` is `NOT_X`, see \\*y\\*"
    assert code("NOT_AUTHORIZED") == "`NOT_AUTHORIZED`"
    assert code("") == ""


@pytest.mark.parametrize("text", ["one ` alone", "``two`` in a row", "`a``b`"])
def test_backticks_that_make_no_pairs_stay_what_they_are(text: str) -> None:
    assert drawn(render(prose(text))) == text


@pytest.mark.parametrize("text", ["a|b", "a\\", "$x$", "a`b"])
def test_what_a_code_span_in_a_table_cannot_hold_is_plain_text(text: str) -> None:
    assert not code(text).startswith("`")


def test_columns_are_as_wide_as_their_widest_cell_and_the_last_is_not_filled() -> None:
    assert aligned([["a", "bb", "c"], ["aaa", "b", "cc"]]) == [
        ["a  ", "bb", "c"],
        ["aaa", "b ", "cc"],
    ]


def test_inputs_are_spelt_as_they_were_typed_and_nothing_else_is() -> None:
    def spell(name: str, value: str) -> str:
        return f"--{name} {value}".rstrip()

    text = "`if-attached: keep`, `if-attached` and `tag` but `other`, `1.4.2`, if-attached"

    assert respelt(text, {"if-attached", "tag"}, spell) == (
        "`--if-attached keep`, `--if-attached` and `--tag` but `other`, `1.4.2`, if-attached"
    )


def test_what_is_said_of_a_target_by_its_place_keeps_the_names_of_its_yaml() -> None:
    text = "targets[2] (com.example.app): `platform` is `watchos`."

    assert respelt(text, {"platform"}, lambda name, value: f"--{name} {value}") == text
