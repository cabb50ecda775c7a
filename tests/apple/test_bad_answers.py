"""Answers that are no answers: one sentence, exit code 7, and no traceback of a library."""

from __future__ import annotations

import gzip
import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from scripted_server import ScriptedServer

from asc_linker.apple.model import BuildId, VersionId
from asc_linker.errors import AppStoreConnectError, NotFound, UnexpectedAnswer

if TYPE_CHECKING:
    from collections.abc import Callable

    from fake_clock import FakeClock

    from asc_linker.apple.client import AppStoreConnect

VERSION = VersionId("v142")
LINK = "/v1/appStoreVersions/v142/relationships/build"
CALLS: dict[str, Callable[[AppStoreConnect], object]] = {
    f"GET {LINK}": lambda apple: apple.attached_build(VERSION),
    f"PATCH {LINK}": lambda apple: apple.attach_build(
        VERSION, BuildId("b231"), is_applied=lambda: False
    ),
}


@pytest.mark.parametrize("body", ["", "<html></html>", "{", "null", "[]", "[" * 100_000, b"\xff"])
def test_what_is_no_document_is_an_unexpected_answer(
    apple: AppStoreConnect, server: ScriptedServer, body: Any
) -> None:
    server.on(f"GET {LINK}", 200, body, times=None, headers={"X-Request-ID": "ABC"})

    with pytest.raises(UnexpectedAnswer) as caught:
        apple.attached_build(VERSION)

    assert caught.value.exit_code == 7


def test_an_answer_that_is_no_json_keeps_apples_request_id(
    apple: AppStoreConnect, server: ScriptedServer
) -> None:
    server.on(f"GET {LINK}", 200, "", times=None, headers={"X-Request-ID": "ABC"})

    with pytest.raises(UnexpectedAnswer) as caught:
        apple.attached_build(VERSION)

    assert caught.value.request_id == "ABC"


@pytest.mark.parametrize("body", ["", "<html></html>", "Could not process this request", "{"])
def test_an_error_without_a_document_goes_by_its_status(
    apple: AppStoreConnect, server: ScriptedServer, body: str
) -> None:
    server.on(f"GET {LINK}", 404, body)

    with pytest.raises(NotFound) as caught:
        apple.attached_build(VERSION)

    assert caught.value.apple == ()


@pytest.mark.parametrize("type_", ["text/html", "", "*/*", "application/problem+xml"])
def test_the_content_type_decides_nothing(
    apple: AppStoreConnect, server: ScriptedServer, type_: str
) -> None:
    server.on(f"GET {LINK}", 200, '{"data": null}', headers={"Content-Type": type_})

    assert apple.attached_build(VERSION) is None


def test_headers_that_contradict_each_other_are_no_crash(
    apple: AppStoreConnect, server: ScriptedServer
) -> None:
    twice = [("Content-Length", "5"), ("Content-Length", "7")]
    server.on(f"GET {LINK}", 200, '{"data": null}', headers=twice, times=None)

    with pytest.raises(AppStoreConnectError):
        apple.attached_build(VERSION)


def test_an_answer_in_another_encoding_than_it_says_is_asked_for_again(
    apple: AppStoreConnect, server: ScriptedServer
) -> None:
    server.on(f"GET {LINK}", 200, "no gzip", headers={"Content-Encoding": "gzip"})
    server.on(f"GET {LINK}", 200, {"data": None})

    assert apple.attached_build(VERSION) is None


def _flood() -> Any:
    for _ in range(40):
        yield b" " * 2**20


ABSURD = {
    "in chunks": (_flood, {}),
    "compressed": (lambda: gzip.compress(b" " * 40 * 2**20), {"Content-Encoding": "gzip"}),
}


@pytest.mark.parametrize(("body", "headers"), ABSURD.values(), ids=ABSURD)
def test_an_absurdly_large_answer_is_not_read_to_its_end(
    apple: AppStoreConnect, server: ScriptedServer, body: Any, headers: dict[str, str]
) -> None:
    server.on(f"GET {LINK}", 200, body(), headers=headers)

    with pytest.raises(UnexpectedAnswer, match="absurdly large"):
        apple.attached_build(VERSION)

    assert len(server.arrived) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("line", CALLS)
def test_a_redirect_is_not_followed(
    connect: Callable[..., AppStoreConnect], server: ScriptedServer, status: int, line: str
) -> None:
    with ScriptedServer() as elsewhere:
        headers = {"Location": f"{elsewhere.url}{LINK}"}
        server.on(line, status, headers=headers, times=None)
        apple = connect(server.url)

        with pytest.raises(UnexpectedAnswer, match="redirect; it was not followed"):
            CALLS[line](apple)

        assert (len(server.arrived), elsewhere.arrived) == (1, [])


def test_a_3xx_that_leads_nowhere_is_no_success(
    apple: AppStoreConnect, server: ScriptedServer
) -> None:
    server.on(f"PATCH {LINK}", 302)

    with pytest.raises(UnexpectedAnswer):
        apple.attach_build(VERSION, BuildId("b231"), is_applied=lambda: False)


def test_the_next_page_on_another_origin_is_refused(
    connect: Callable[..., AppStoreConnect], server: ScriptedServer
) -> None:
    with ScriptedServer() as elsewhere:
        page = {"data": [], "links": {"next": f"{elsewhere.url}/v1/apps?cursor=2"}}
        server.on("GET /v1/apps", 200, page)

        with pytest.raises(UnexpectedAnswer, match="on another host; it was not followed"):
            connect(server.url).apps(["com.example.notes"])

        assert elsewhere.arrived == []


@pytest.mark.parametrize(
    "next_url", ["//127.0.0.2/v1/apps", "https://[", "http://user@{host}/v1/apps", "ftp://{host}/"]
)
def test_no_spelling_of_another_origin_is_followed(
    apple: AppStoreConnect, server: ScriptedServer, next_url: str
) -> None:
    host = server.url.removeprefix("http://")
    page = {"data": [], "links": {"next": next_url.format(host=host)}}
    server.on("GET /v1/apps", 200, page)

    with pytest.raises(UnexpectedAnswer, match="on another host"):
        apple.apps(["com.example.notes"])


@pytest.mark.parametrize("prefix", ["", "HTTP://{host}"])
def test_any_spelling_of_our_own_origin_is_followed_there(
    apple: AppStoreConnect, server: ScriptedServer, prefix: str
) -> None:
    origin = prefix.format(host=server.url.removeprefix("http://"))
    server.on("GET /v1/apps", 200, {"data": [], "links": {"next": f"{origin}/v1/apps?cursor=a%2B"}})
    server.on("GET /v1/apps", 200, {"data": []})

    apple.apps(["com.example.notes"])

    assert server.arrived[1].target == "/v1/apps?cursor=a%2B"


def test_a_port_where_nobody_listens_is_given_up_after_three_attempts(
    connect: Callable[..., AppStoreConnect], clock: FakeClock
) -> None:
    with ScriptedServer() as gone:
        url = gone.url

    with pytest.raises(AppStoreConnectError, match="could not be reached"):
        connect(url).attached_build(VERSION)

    assert clock.slept == [1, 2]


def test_a_connection_that_nobody_takes_up_is_given_up(
    connect: Callable[..., AppStoreConnect], clock: FakeClock
) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, ExitStack() as waiting:
        for _ in range(4):
            caller = waiting.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex(full.getsockname())
        apple = connect(f"http://127.0.0.1:{full.getsockname()[1]}", timeout_s=(0.05, 0.05))

        with pytest.raises(AppStoreConnectError, match="did not answer in time"):
            apple.attach_build(VERSION, BuildId("b231"), is_applied=lambda: False)

    assert len(clock.slept) == 5


def test_a_name_that_does_not_exist_is_tried_twice(
    connect: Callable[..., AppStoreConnect], clock: FakeClock
) -> None:
    with pytest.raises(AppStoreConnectError, match=r"asc\.invalid could not be reached: its name"):
        connect("http://asc.invalid").attached_build(VERSION)

    assert clock.slept == [1]


def test_an_address_that_is_none_is_named(connect: Callable[..., AppStoreConnect]) -> None:
    with pytest.raises(AppStoreConnectError, match="could not be asked"):
        connect("http://*.example").attached_build(VERSION)
