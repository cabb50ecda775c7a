"""Every request we make, and every answer to it, is as Apple's OpenAPI spec has it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import vcr  # type: ignore[import-untyped]
from apple_spec import AppleSpec, shape

from asc_linker.apple.access import Credentials
from asc_linker.apple.client import AppStoreConnect
from asc_linker.apple.model import AppId, BuildId, Platform, VersionId
from asc_linker.apple.requester import Requester
from asc_linker.apple.tokens import Tokens
from asc_linker.clock import SystemClock
from asc_linker.emulator import Emulator, ThrowawayKey, World
from asc_linker.inputs.private_key import read_private_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Of Apple's document 4.4.1: what our requests need of it, by operation.
FACTS = Path(__file__).parents[1] / "fixtures" / "apple_requests.json"
APP, VERSION, BUILD = AppId("6446000001"), VersionId("v142"), BuildId("b231")
FAILED_UPLOAD = {
    "cfBundleVersion": "232",
    "cfBundleShortVersionString": "1.4.2",
    "state": {"state": "FAILED", "errors": [{"code": "90683", "description": "Why."}]},
}
WORLD = {
    "apps": [
        {
            "id": APP,
            "bundleId": "com.example.notes",
            "appStoreVersions": [
                {"id": "v141", "versionString": "1.4.1", "build": "b230"}
                | {"appVersionState": "READY_FOR_DISTRIBUTION"},
                {"id": VERSION, "versionString": "1.4.2"},
            ],
            "builds": [
                {"id": "b230", "version": "230", "preReleaseVersion": "1.4.1"},
                {"id": BUILD, "version": "231", "preReleaseVersion": "1.4.2"},
                {"id": "b300", "version": "300", "preReleaseVersion": "1.5"},
                {"id": "tv", "version": "1", "preReleaseVersion": "1.0", "platform": "TV_OS"},
            ],
            "buildUploads": [FAILED_UPLOAD],
        }
    ]
}

CALLS: dict[str, Callable[[AppStoreConnect], object]] = {
    "apps": lambda apple: apple.apps(["com.example.notes"]),
    "visible_apps": lambda apple: apple.visible_apps(),
    "versions": lambda apple: apple.versions(
        APP, version_strings=["1.4.2", "1.4"], platform=Platform.IOS
    ),
    "every version": lambda apple: apple.versions(APP),
    "version": lambda apple: apple.version(VERSION),
    "builds": lambda apple: apple.builds(
        [APP], numbers=["231", "0231"], version_strings=["1.4.2"], platform=Platform.IOS
    ),
    "builds of a version": lambda apple: apple.builds([APP], version_strings=["1.4.2"]),
    "builds of several apps": lambda apple: apple.builds([APP, AppId("2")], numbers=["231"]),
    "builds_of_any_app": lambda apple: apple.builds_of_any_app(
        numbers=["231"], version_strings=["1.4.2"], platform=Platform.IOS
    ),
    "newest_builds": lambda apple: apple.newest_builds(APP),
    "build": lambda apple: apple.build(BUILD),
    "uploads": lambda apple: apple.uploads(
        APP, numbers=["232"], version_strings=["1.4.2"], platform=Platform.IOS
    ),
    "every upload": lambda apple: apple.uploads(APP),
    "attached_build": lambda apple: apple.attached_build(VersionId("v141")),
    "attached_build, none": lambda apple: apple.attached_build(VERSION),
    "attach_build": lambda apple: apple.attach_build(VERSION, BUILD, is_applied=_never),
    "detach_build": lambda apple: apple.detach_build(VERSION, is_applied=_never),
    "create_version": lambda apple: apple.create_version(
        APP,
        Platform.TV_OS,
        "1.0",
        BuildId("tv"),
        release_type="SCHEDULED",
        earliest_release_date="2027-01-01T00:00:00Z",
        is_applied=_never,
    ),
    "rename_version": lambda apple: apple.rename_version(
        VERSION, "1.5", BuildId("b300"), is_applied=_never
    ),
    "answer_encryption": lambda apple: apple.answer_encryption(
        BUILD, answer=False, is_applied=_never
    ),
}
NO_REQUESTS = {"close"}


def _never() -> bool:
    """No answer is lost here."""
    raise AssertionError


@pytest.fixture
def emulator(key: ThrowawayKey) -> Iterator[Emulator]:
    with Emulator(World.from_json(json.dumps(WORLD)), keys=[key]) as emulator:
        yield emulator


@pytest.fixture
def apple(key: ThrowawayKey, emulator: Emulator) -> Iterator[AppStoreConnect]:
    clock = SystemClock()
    credentials = Credentials(key.key_id, key.issuer_id, read_private_key(key.private_key).key)
    requester = Requester(
        Tokens(credentials, clock, lambda _: None),
        api_url=emulator.url,
        clock=clock,
        on_exchange=lambda _: None,
        on_retry=lambda _: None,
    )
    yield AppStoreConnect(requester)
    requester.close()


def test_no_call_of_the_client_is_left_out() -> None:
    methods = {
        name
        for name, what in vars(AppStoreConnect).items()
        if callable(what) and not name.startswith("_")
    }

    assert methods - NO_REQUESTS == {name.partition(",")[0] for name in CALLS} & methods


def facts_of(request: Any) -> dict[str, Any]:
    """A request in the form of the fixture: parameters with the words they hold, and members."""
    words = {
        name: sorted(value.split(",")) if _holds_words(name) else []
        for name, value in request.query.items()
    }
    return {"status": request.status, "query": words, "body": sorted(_members(request.body))}


def _holds_words(name: str) -> bool:
    """Whether the parameter holds words of Apple's, not values of a user's."""
    of_a_user = ("filter[app]", "filter[bundleId]", "ersion]", "String]", "filter[version")
    return not name.startswith(of_a_user) and not name.endswith(of_a_user)


def _members(value: Any, pointer: str = "") -> Iterator[str]:
    """The pointer of each member of a body, however deep, with the kind of what it holds."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _members(inner, f"{pointer}/{name}")
    elif value is not None or pointer:
        yield f"{pointer} {type(value).__name__}"


def _operation(request: Any) -> str:
    return f"{request.method} {shape(request.path)}"


@pytest.mark.parametrize("name", CALLS)
def test_what_is_sent_is_among_what_apple_is_known_to_take(
    apple: AppStoreConnect, emulator: Emulator, name: str
) -> None:
    facts = json.loads(FACTS.read_text(encoding="utf-8"))

    CALLS[name](apple)

    assert emulator.requests
    for request in emulator.requests:
        known, sent = facts[_operation(request)], facts_of(request)
        assert sent["status"] == known["status"]
        assert set(sent["body"]) <= set(known["body"])
        assert set(sent["query"]) <= set(known["query"])
        for parameter, words in sent["query"].items():
            assert set(words) <= set(known["query"][parameter])


def test_what_apple_is_known_to_take_is_in_its_document() -> None:
    spec = AppleSpec.load()

    for operation, known in json.loads(FACTS.read_text(encoding="utf-8")).items():
        method, path = operation.split()
        allowed = spec.parameters(method, path)
        assert set(known["query"]) <= set(allowed), operation
        for parameter, words in known["query"].items():
            if allowed[parameter]:
                assert set(words) <= set(allowed[parameter]), (operation, parameter)


@pytest.mark.parametrize("name", CALLS)
def test_what_is_sent_and_answered_is_as_apples_document_says(
    apple: AppStoreConnect, emulator: Emulator, name: str, tmp_path: Path
) -> None:
    spec = AppleSpec.load()

    with vcr.use_cassette(str(tmp_path / "tape.yaml"), record_mode=vcr.mode.ALL) as tape:
        CALLS[name](apple)
        answers = [_document(answer) for answer in tape.responses]

    assert len(answers) == len(emulator.requests) > 0
    for request, answer in zip(emulator.requests, answers, strict=True):
        sent = (request.method, request.path)
        assert spec.check_request(*sent, request.query, request.body) == []
        assert spec.check_response(*sent, request.status, answer) == []


def _document(answer: Any) -> Any:
    body = answer["body"]["string"]
    return json.loads(body) if body else None
