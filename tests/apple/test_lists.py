"""Long lists: asked for in few requests of a safe length, read page by page, with an end."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from apple.peers import Peer, answering

from asc_linker.apple.model import App, AppId, Platform
from asc_linker.errors import AppStoreConnectError, CredentialsError, UnexpectedAnswer

if TYPE_CHECKING:
    from apple.conftest import Observed
    from fake_clock import FakeClock
    from scripted_server import Arrived, ScriptedServer

    from asc_linker.apple.client import AppStoreConnect
    from asc_linker.emulator import Emulator, ThrowawayKey, World

TRAIN = {
    "type": "preReleaseVersions",
    "id": "t",
    "attributes": {"version": "1.4.2", "platform": "IOS"},
}


def build(id_: str, uploaded: str | None = None) -> dict[str, Any]:
    return {
        "type": "builds",
        "id": id_,
        "attributes": {"version": "231", "processingState": "VALID", "uploadedDate": uploaded},
        "relationships": {
            "preReleaseVersion": {"data": {"type": "preReleaseVersions", "id": "t"}},
            "app": {"data": {"type": "apps", "id": "1"}},
        },
    }


def page(*data: dict[str, Any], **links: str) -> dict[str, Any]:
    return {"data": list(data), "included": [TRAIN], "links": links}


def asked_for(arrived: list[Arrived], parameter: str) -> list[str]:
    """The values of one parameter in all requests."""
    return [value for each in arrived for value in each.query[parameter].split(",")]


# ------------------------------------------------------------------------------- few requests


@pytest.mark.parametrize(("count", "requests"), [(1, 1), (50, 1), (51, 2), (120, 3), (500, 10)])
def test_up_to_fifty_apps_are_asked_for_at_once(
    apple: AppStoreConnect, server: ScriptedServer, count: int, requests: int
) -> None:
    server.on("GET /v1/apps", 200, {"data": []}, times=None)
    bundle_ids = [f"com.example.app{number}" for number in range(count)]

    apple.apps(bundle_ids)

    assert len(server.arrived) == requests
    assert asked_for(server.arrived, "filter[bundleId]") == bundle_ids


def test_an_app_has_its_bundle_id_and_its_name_if_apple_says_it(
    apple: AppStoreConnect, server: ScriptedServer
) -> None:
    named = {"type": "apps", "id": "1", "attributes": {"bundleId": "com.a", "name": "A"}}
    nameless = {"type": "apps", "id": "2", "attributes": {"bundleId": "com.b", "name": None}}
    server.on("GET /v1/apps", 200, {"data": [named, nameless]})

    assert apple.apps(["com.a", "com.b"]) == [
        App(AppId("1"), "com.a", "A"),
        App(AppId("2"), "com.b", ""),
    ]


def test_no_url_is_longer_than_two_thousand_letters(
    apple: AppStoreConnect, server: ScriptedServer
) -> None:
    server.on("GET /v1/apps", 200, {"data": []}, times=None)
    bundle_ids = [f"com.example.{'long' * 20}.app{number}" for number in range(50)]

    apple.apps(bundle_ids)

    assert asked_for(server.arrived, "filter[bundleId]") == bundle_ids
    lengths = [len(server.url + each.target) for each in server.arrived]
    assert max(lengths) <= 2000
    assert len(lengths) == 3


def test_a_name_that_is_too_long_by_itself_is_asked_for_all_the_same(
    apple: AppStoreConnect, server: ScriptedServer
) -> None:
    server.on("GET /v1/apps", 200, {"data": []}, times=None)

    apple.apps(["x" * 3000, "y"])

    asked = [each.query["filter[bundleId]"] for each in server.arrived]
    assert asked == ["x" * 3000, "y"]


def test_builds_of_many_apps_come_with_their_apps(
    apple: AppStoreConnect, server: ScriptedServer
) -> None:
    server.on("GET /v1/builds", 200, page(build("b1"), build("b2")))

    builds = apple.builds([AppId("1"), AppId("2")], numbers=["231", "232"])

    query = server.arrived[0].query
    assert query["filter[app]"] == "1,2"
    assert query["filter[version]"] == "231,232"
    assert "app" in query["include"].split(",")
    assert "app" in query["fields[builds]"].split(",")
    assert [each.app_id for each in builds] == ["1", "1"]


def test_every_number_is_asked_for_of_every_app_however_many_there_are(
    apple: AppStoreConnect, server: ScriptedServer
) -> None:
    server.on("GET /v1/builds", 200, page(), times=None)
    apps = [AppId(f"64460000{number:02}") for number in range(60)]
    numbers = [f"2026.10.{number}" for number in range(200)]

    apple.builds(apps, numbers=numbers, version_strings=["1.4", "1.4.0"], platform=Platform.IOS)

    pairs = {
        (app, number)
        for each in server.arrived
        for app in each.query["filter[app]"].split(",")
        for number in each.query["filter[version]"].split(",")
    }
    assert len(pairs) == len(apps) * len(numbers)
    assert max(len(server.url + each.target) for each in server.arrived) <= 2000
    assert all(
        each.query["filter[preReleaseVersion.version]"] == "1.4,1.4.0"
        and each.query["filter[preReleaseVersion.platform]"] == "IOS"
        for each in server.arrived
    )


def test_a_refused_filter_never_takes_the_apps_away(
    emulated: AppStoreConnect, emulator: Emulator, world: World
) -> None:
    world.script.refuse_filters = ("filter[version]",)

    emulated.builds([AppId(world.apps[0].id)], numbers=["231"])

    assert [each.query.get("filter[app]") for each in emulator.requests] == [world.apps[0].id] * 2


def test_the_newest_builds_are_ordered_here_as_well(
    apple: AppStoreConnect, server: ScriptedServer
) -> None:
    unordered = page(
        build("silent"),
        build("old", "2026-10-01T08:00:00Z"),
        build("new", "2026-10-02T08:00:00+02:00"),
        build("odd", "0001-01-01T00:00:00+14:00"),
    )
    server.on("GET /v1/builds", 200, unordered)

    assert [each.id for each in apple.newest_builds(AppId("1"))] == ["new", "old", "silent", "odd"]
    assert server.arrived[0].query["sort"] == "-uploadedDate"


def test_the_newest_builds_are_read_unsorted_where_apple_does_not_sort(
    apple: AppStoreConnect, server: ScriptedServer
) -> None:
    refused = {"status": "400", "code": "PARAMETER_ERROR.ILLEGAL", "title": "No"}
    server.on("GET /v1/builds", 400, {"errors": [refused]})
    server.on("GET /v1/builds", 200, page(build("b1")))

    assert len(apple.newest_builds(AppId("1"))) == 1
    assert "sort" not in server.arrived[1].query


# ------------------------------------------------------------------------- before the app is known


def any_app(apple: AppStoreConnect, *numbers: str) -> object:
    return apple.builds_of_any_app(
        numbers=numbers or ["231"], version_strings=["1.4.2"], platform=Platform.IOS
    )


def test_builds_of_any_app_are_asked_for_without_one(
    apple: AppStoreConnect, server: ScriptedServer
) -> None:
    server.on("GET /v1/builds", 200, page(build("b1")))

    found = apple.builds_of_any_app(
        numbers=["231"], version_strings=["1.4.2"], platform=Platform.IOS
    )

    assert found is not None
    assert [(each.id, each.app_id) for each in found] == [("b1", "1")]
    assert {name: value for name, value in server.arrived[0].query.items() if "filter" in name} == {
        "filter[version]": "231",
        "filter[preReleaseVersion.version]": "1.4.2",
        "filter[preReleaseVersion.platform]": "IOS",
    }


def test_no_builds_of_any_app_are_an_answer_too(
    apple: AppStoreConnect, server: ScriptedServer
) -> None:
    server.on("GET /v1/builds", 200, page())

    assert any_app(apple) == []


UNCLEAN: dict[str, dict[str, Any]] = {
    "more than a page": {"status": 200, "body": page(build("b1"), next="/v1/builds?cursor=2")},
    "a refused filter": {"status": 400, "body": {"errors": [{"code": "PARAMETER_ERROR.INVALID"}]}},
    "401": {"status": 401},
    "403": {"status": 403},
    "404": {"status": 404},
    "429": {"status": 429, "headers": {"Retry-After": "1"}},
    "500": {"status": 500},
    "503, much later": {"status": 503, "headers": {"Retry-After": "9000"}},
    "a redirect": {"status": 302},
    "a reset": {"reset": True},
    "half": {"status": 200, "body": '{"data"', "length": 99},
    "no JSON": {"status": 200, "body": "<html>"},
    "a build without a version": {"status": 200, "body": {"data": [build("b1")]}},
}


@pytest.mark.parametrize("answer", UNCLEAN.values(), ids=UNCLEAN)
def test_anything_but_a_clean_answer_leaves_the_builds_to_be_asked_for_by_app(
    apple: AppStoreConnect, server: ScriptedServer, clock: FakeClock, answer: dict[str, Any]
) -> None:
    server.on("GET /v1/builds", **answer, times=None)

    assert any_app(apple) is None
    assert (len(server.arrived), clock.slept) == (1, [])


def test_numbers_too_many_for_one_url_are_left_to_be_asked_for_by_app(
    apple: AppStoreConnect, server: ScriptedServer
) -> None:
    assert any_app(apple, *(f"2026.10.{number}" for number in range(200))) is None
    assert server.arrived == []


def test_a_token_that_was_refused_there_is_replaced_for_the_others(
    apple: AppStoreConnect, server: ScriptedServer, observed: Observed
) -> None:
    server.on("GET /v1/builds", 401, times=None)
    server.on("GET /v1/apps", 401)

    any_app(apple)
    with pytest.raises((CredentialsError, AppStoreConnectError)):
        apple.apps(["com.example.notes"])

    assert server.arrived[1].token == observed.tokens[1] != server.arrived[0].token


# --------------------------------------------------------------------------------- an end


def test_fifty_pages_are_read_and_no_more(apple: AppStoreConnect, server: ScriptedServer) -> None:
    for _ in range(49):
        server.on("GET /v1/apps", 200, {"data": [], "links": {"next": "/v1/apps?cursor=again"}})
    server.on("GET /v1/apps", 200, {"data": []})
    apple.apps(["com.example.notes"])

    server.on(
        "GET /v1/apps",
        200,
        {"data": [], "links": {"next": "/v1/apps?cursor=again"}},
        times=None,
    )
    with pytest.raises(UnexpectedAnswer, match="has no end after 50 pages"):
        apple.apps(["com.example.notes"])

    assert len(server.arrived) == 50 + 50


def test_a_page_that_is_larger_than_was_asked_for_is_refused(
    apple: AppStoreConnect, server: ScriptedServer
) -> None:
    apps = [
        {"type": "apps", "id": str(number), "attributes": {"bundleId": "a"}}
        for number in range(201)
    ]
    server.on("GET /v1/apps", 200, {"data": apps})

    with pytest.raises(UnexpectedAnswer, match="holds 201 resources"):
        apple.apps(["a"])


def test_an_answer_of_nothing_but_brackets_is_refused_before_it_is_read(
    apple: AppStoreConnect, server: ScriptedServer
) -> None:
    server.on("GET /v1/apps", 200, "[" + "[]," * 2**20 + "[]]", times=None)

    with pytest.raises(UnexpectedAnswer, match="absurdly many values"):
        apple.apps(["a"])


# -------------------------------------------------------------------------------- the memory

# Reads fifty pages, and prints how many builds they held and how much memory that took.
READER = r"""
import re, sys
from pathlib import Path

from asc_linker.apple.access import Access, Credentials
from asc_linker.apple.client import connect
from asc_linker.clock import SystemClock
from asc_linker.inputs.private_key import read_private_key

key = read_private_key(sys.stdin.read()).key
access = Access(Credentials("ABCDEFGHIJ", None, key), sys.argv[1])
silent = lambda _: None
with connect(access, SystemClock(), on_token=silent, on_exchange=silent, on_retry=silent) as apple:
    builds = apple.builds(["1"], numbers=["231"])
peak_kib = re.search(r"VmHWM:\s+([0-9]+)", Path("/proc/self/status").read_text())[1]
print(len(builds), int(peak_kib) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux says how much memory was used")
def test_fifty_fat_pages_stay_within_two_hundred_megabytes(key: ThrowawayKey) -> None:
    # As much in what we keep as in what we do not read.
    kept = unread = b"x" * 10_000
    one = (
        b'{"type": "builds", "id": "%d", "attributes": {"version": "231%s", '
        b'"processingState": "VALID", "other": "%s"}, "relationships": {"preReleaseVersion": '
        b'{"data": {"type": "preReleaseVersions", "id": "t"}}}}'
    )
    data = b",".join(one % (number, kept, unread) for number in range(200))
    train = (
        b'{"type": "preReleaseVersions", "id": "t", '
        b'"attributes": {"version": "1.4.2", "platform": "IOS"}}'
    )
    body = b'{"data": [%s], "included": [%s], "links": {"next": "/v1/builds?cursor=2"}}'

    more = body % (data, train)
    last = more.replace(b'"next"', b'"last"')
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(more)
    with Peer(*[answering(head, more)] * 49, answering(head, last)) as peer:
        done = subprocess.run(
            [sys.executable, "-c", READER, peer.url],
            input=key.private_key,
            capture_output=True,
            encoding="utf-8",
            check=True,
        )

    count, megabytes = map(int, done.stdout.split())
    assert count == 50 * 200
    assert megabytes < 200
