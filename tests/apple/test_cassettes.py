"""Apple's own words, played back: the examples of its page, and its refusals.

The cassettes are written from Apple's documentation and from answers of Apple's that others have
published; the head of each names where. Nothing here was recorded live, and nothing can be:
a request that no cassette holds fails.
"""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import vcr  # type: ignore[import-untyped]

from asc_linker.apple.access import APPLE
from asc_linker.apple.model import AppId, BuildId, Platform, VersionId
from asc_linker.errors import AscLinkerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from asc_linker.apple.client import AppStoreConnect

CASSETTES = Path(__file__).parent / "cassettes"
ROWS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "fixtures" / "apple_errors.json").read_text(encoding="utf-8")
)["rows"]

# The ids on Apple's page.
VERSION = VersionId("f5b10fc0-afda-4b31-b3e8-cdbcbe945622")
BUILD = BuildId("b539f38f-8af4-4fbd-b5fc-fde89aab410f")


def not_applied() -> bool:
    return False


CALLS: dict[str, Callable[[AppStoreConnect], object]] = {
    f"PATCH /v1/appStoreVersions/{VERSION}/relationships/build": lambda apple: apple.attach_build(
        VERSION, BUILD, is_applied=not_applied
    ),
    "POST /v1/appStoreVersions": lambda apple: apple.create_version(
        AppId("6446000001"), Platform.IOS, "1.4.2", BUILD, is_applied=not_applied
    ),
    f"PATCH /v1/appStoreVersions/{VERSION}": lambda apple: apple.rename_version(
        VERSION, "1.4.2", BUILD, is_applied=not_applied
    ),
    f"PATCH /v1/builds/{BUILD}": lambda apple: apple.answer_encryption(
        BUILD, answer=False, is_applied=not_applied
    ),
    "GET /v1/apps": lambda apple: apple.visible_apps(),
}
PLAYER = vcr.VCR(
    cassette_library_dir=str(CASSETTES),
    record_mode=vcr.mode.NONE,
    match_on=("method", "uri", "body"),
    filter_headers=("authorization",),
)

EXIT_CODES = {400: 7, 401: 3, 403: 3, 404: 4, 409: 5, 422: 5, 429: 7, 500: 7}


@contextmanager
def playing(name: str) -> Iterator[None]:
    """Answer from a cassette, all of which has to be used; what it does not hold fails."""
    # Apple goes on saying no, however often it is asked.
    with PLAYER.use_cassette(f"{name}.yaml", allow_playback_repeats=True) as cassette:
        yield
        unused = [each for n, each in enumerate(cassette.requests) if not cassette.play_counts[n]]
    assert unused == []


def slug(row: dict[str, Any]) -> str:
    return re.sub("[^a-z0-9]+", "-", row["name"].lower().replace("'", ""))


def tape(name: str) -> tuple[Any, Any]:
    """The one request a cassette holds, and the answer to it."""
    with PLAYER.use_cassette(f"{name}.yaml") as cassette:
        [request], [answer] = cassette.requests, cassette.responses
    return request, answer


@pytest.fixture
def apple(connect: Callable[..., AppStoreConnect]) -> AppStoreConnect:
    return connect(APPLE)


def test_apples_example_attaches_a_build(apple: AppStoreConnect) -> None:
    with playing("attach"):
        apple.attach_build(VERSION, BUILD, is_applied=not_applied)


def test_apples_example_removes_the_build(apple: AppStoreConnect) -> None:
    with playing("remove"):
        apple.detach_build(VERSION, is_applied=not_applied)


def test_another_body_than_on_the_cassette_fails(apple: AppStoreConnect) -> None:
    with pytest.raises(vcr.errors.CannotOverwriteExistingCassetteException), playing("attach"):
        apple.attach_build(VERSION, BuildId("another"), is_applied=not_applied)


def test_a_cassette_that_is_not_played_fails() -> None:
    with pytest.raises(AssertionError), playing("attach"):
        pass


def test_a_cassette_that_is_missing_fails(apple: AppStoreConnect) -> None:
    with pytest.raises(vcr.errors.CannotOverwriteExistingCassetteException), playing("missing"):
        apple.attach_build(VERSION, BUILD, is_applied=not_applied)


@pytest.mark.parametrize("row", ROWS, ids=slug)
def test_apples_refusal_arrives_in_full(apple: AppStoreConnect, row: dict[str, Any]) -> None:
    name = f"refused/{slug(row)}"
    request, _ = tape(name)

    with pytest.raises(AscLinkerError) as caught, playing(name):
        CALLS[f"{request.method} {request.path}"](apple)

    assert caught.value.exit_code == EXIT_CODES[row["http_status"]]
    assert [error.code for error in caught.value.apple] == [
        error["code"] for error in row["document"]["errors"]
    ]


@pytest.mark.parametrize("row", ROWS, ids=slug)
def test_a_cassette_says_what_its_fixture_says(row: dict[str, Any]) -> None:
    _, answer = tape(f"refused/{slug(row)}")

    assert answer["status"]["code"] == row["http_status"]
    assert json.loads(answer["body"]["string"]) == row["document"]


def test_every_cassette_is_played() -> None:
    there = {str(file.relative_to(CASSETTES)) for file in CASSETTES.rglob("*.yaml")}

    assert there == {"attach.yaml", "remove.yaml"} | {f"refused/{slug(row)}.yaml" for row in ROWS}


def test_every_cassette_says_where_its_words_come_from() -> None:
    for file in CASSETTES.rglob("*.yaml"):
        head = file.read_text(encoding="utf-8").partition("interactions:")[0]
        assert "not recorded live" in head
        assert "# Source: " in head
        assert "uthorization" not in file.read_text(encoding="utf-8").partition("response:")[0]
