"""Bad days, by script and by test."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from emulator.played import LINK, Apple, errors

from asc_linker.emulator import Emulator, World

Play = Callable[..., Apple]


def statuses(apple: Apple, count: int) -> list[int]:
    return [apple.get("/v1/apps").status_code for _ in range(count)]


def test_a_fault_strikes_as_often_and_as_late_as_it_says(apple: Apple) -> None:
    apple.emulator.on("GET /v1/apps", status=503, after=1, times=2)

    assert statuses(apple, 4) == [200, 503, 503, 200]


def test_faults_on_one_request_take_their_turns(apple: Apple) -> None:
    apple.emulator.on("GET /v1/apps", status=500)
    apple.emulator.on("* /v1/*", status=502)
    apple.emulator.on("GET /v1/apps", status=504, after=3, times=None)

    assert statuses(apple, 5) == [500, 502, 200, 504, 504]


def test_a_world_scripts_faults_too(play: Play) -> None:
    fault = {
        "match": "GET /v1/apps",
        "status": 429,
        "headers": {"Retry-After": "7"},
        "body": {"errors": []},
    }
    response = play(script={"faults": [fault]}).get("/v1/apps")

    assert (response.status_code, response.headers["Retry-After"]) == (429, "7")
    assert response.json() == {"errors": []}


@pytest.mark.parametrize(
    ("body", "content_type"),
    [("<html>", "text/html"), ("Could not process this request", "text/plain")],
)
def test_a_body_that_is_text_is_sent_as_such(apple: Apple, body: str, content_type: str) -> None:
    apple.emulator.on("GET /v1/apps", status=502, body=body)
    response = apple.get("/v1/apps")

    assert (response.text, response.headers["Content-Type"]) == (body, content_type)


def test_a_status_alone_keeps_a_write_from_happening(apple: Apple) -> None:
    apple.emulator.on("PATCH /v1/appStoreVersions/*/relationships/build", status=500)

    assert apple.attach("b231").status_code == 500
    assert apple.get(LINK).json()["data"] is None


def test_a_write_can_happen_and_fail_all_the_same(apple: Apple) -> None:
    apple.emulator.on("PATCH /v1/appStoreVersions/*/relationships/build", applied_then=500)

    assert apple.attach("b231").status_code == 500
    assert apple.get(LINK).json()["data"]["id"] == "b231"


@pytest.mark.parametrize(("fault", "applied"), [("reset", False), ("reset_after", True)])
def test_a_connection_is_reset_before_or_after_the_write(
    apple: Apple, fault: str, applied: bool
) -> None:
    apple.emulator.on("PATCH /v1/appStoreVersions/*/relationships/build", **{fault: True})
    with pytest.raises(requests.ConnectionError, match="reset"):
        apple.attach("b231")

    assert (apple.get(LINK).json()["data"] is not None) is applied
    assert apple.emulator.writes[0].status == 0


@pytest.mark.parametrize("call", ["GET /v1/apps", f"PATCH {LINK}"])
def test_an_answer_is_cut_short(apple: Apple, call: str) -> None:
    apple.emulator.on(call, truncate=True)
    method, path = call.split()

    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        apple.send(method, path, {"data": None} if method == "PATCH" else None)


def test_an_answer_is_empty_or_of_another_type(apple: Apple) -> None:
    apple.emulator.on("GET /v1/apps", empty_body=True)
    apple.emulator.on("GET /v1/apps", content_type="*/*")
    empty, typed = apple.get("/v1/apps"), apple.get("/v1/apps")

    assert (empty.status_code, empty.content) == (200, b"")
    assert typed.headers["Content-Type"] == "*/*"
    assert typed.json()["data"]


def test_a_header_comes_twice_in_place_of_ours(apple: Apple) -> None:
    twice = [["X-Rate-Limit", "user-hour-lim:1;"], ["X-Rate-Limit", "user-minute-lim:2;"]]
    apple.emulator.on("GET /v1/apps", headers=twice)

    assert apple.get("/v1/apps").headers["X-Rate-Limit"] == "user-hour-lim:1;, user-minute-lim:2;"


def test_a_redirect_is_a_status_and_a_header(apple: Apple) -> None:
    apple.emulator.on("GET /v1/apps", status=307, headers={"Location": "https://example.com/"})

    assert apple.get("/v1/apps").headers["Location"] == "https://example.com/"


def test_an_answer_can_be_late(apple: Apple) -> None:
    apple.emulator.on("GET /v1/apps", delay_seconds=0.05)
    apple.get("/v1/apps")
    [received] = apple.emulator.requests

    assert received.ended - received.started >= 0.05


def test_a_stalled_request_ends_when_the_emulator_closes(apple: Apple) -> None:
    apple.emulator.on("GET /v1/apps", stall_seconds=60)
    failed: list[Exception] = []

    def ask() -> None:
        try:
            apple.get("/v1/apps")
        except requests.ConnectionError as error:
            failed.append(error)

    waiting = threading.Thread(target=ask)
    waiting.start()
    while not apple.emulator.requests:
        time.sleep(0.001)
    apple.emulator.close()
    waiting.join(5)

    assert len(failed) == 1


def test_a_test_can_answer_for_itself_or_change_the_world_meanwhile(apple: Apple) -> None:
    def meddle(received: Any) -> None:
        apple.emulator.world.apps[0].app_store_versions[1].build = "b230"

    apple.emulator.on("GET /v1/apps", answer=lambda received: (418, {"path": received.path}))
    apple.emulator.on("GET " + LINK, answer=meddle)

    assert apple.get("/v1/apps").json() == {"path": "/v1/apps"}
    assert apple.get(LINK).json()["data"]["id"] == "b230"


def test_a_bug_in_an_answer_looks_like_one_of_apples(
    apple: Apple, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apple.emulator.world, "apps", [None])

    [(status, code, _)] = errors(apple.get("/v1/apps"))
    assert (status, code) == (500, "UNEXPECTED_ERROR")


def test_requests_are_kept_in_the_order_of_arrival_without_a_token(apple: Apple) -> None:
    apple.get("/v1/apps?limit=1")
    apple.attach("b231")
    first, second = apple.emulator.requests

    assert (first.method, first.path, first.query) == ("GET", "/v1/apps", {"limit": "1"})
    assert second.body == {"data": {"type": "builds", "id": "b231"}}
    assert apple.emulator.writes == [second]
    assert apple.token().split(".")[0] not in repr(apple.emulator.requests)


def test_one_connection_serves_many_requests(apple: Apple) -> None:
    connection = http.client.HTTPConnection(urlsplit(apple.emulator.url).netloc, timeout=10)
    headers = {"Authorization": f"Bearer {apple.token()}"}
    ports = set()
    for _ in range(3):
        connection.request("GET", "/v1/apps", headers=headers)
        assert connection.getresponse().read()
        ports.add(connection.sock.getsockname())
    connection.close()

    assert len(ports) == 1


def test_a_slow_apple_answers_side_by_side(play: Play) -> None:
    apple = play(script={"latencySeconds": 0.1})
    asking = [threading.Thread(target=apple.get, args=("/v1/apps",)) for _ in range(2)]
    for each in asking:
        each.start()
    for each in asking:
        each.join()
    first, second = apple.emulator.requests

    assert second.started < first.ended


def test_an_emulator_closes_twice_without_complaint() -> None:
    emulator = Emulator(World())
    emulator.close()
    emulator.close()
