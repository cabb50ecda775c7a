"""What is under `/_emulator/`, where links lead, and what becomes of requests that are none."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from emulator.played import LINK, NOTES, Apple, errors

from asc_linker.emulator import Emulator, ThrowawayKey, World
from asc_linker.emulator.facts import OPENAPI_VERSION, OTHER_ROOTS

Play = Callable[..., Apple]


def control(apple: Apple, name: str, method: str = "GET", **options: Any) -> requests.Response:
    """Without a token."""
    url = f"{apple.emulator.url}/_emulator/{name}"
    return requests.request(method, url, timeout=10, **options)


def test_health_says_that_it_is_ready_and_by_which_document(apple: Apple) -> None:
    assert control(apple, "health").json() == {
        "status": "ready",
        "openapi": OPENAPI_VERSION,
        "apps": 1,
    }
    assert control(apple, "health", "HEAD").content == b""


def test_requests_are_listed_without_those_to_the_emulator_itself(apple: Apple) -> None:
    apple.attach("b231")
    control(apple, "health")
    [listed] = control(apple, "requests").json()

    assert listed["seconds"] >= 0
    assert {name: listed[name] for name in ("method", "path", "query", "body", "status")} == {
        "method": "PATCH",
        "path": LINK,
        "query": {},
        "body": {"data": {"type": "builds", "id": "b231"}},
        "status": 204,
    }
    assert apple.token().split(".")[0] not in control(apple, "requests").text


def test_a_reset_is_a_new_start_with_the_world_as_it_was(play: Play) -> None:
    apple = play(build={"appearsAfterSeconds": 60})
    apple.emulator.on("GET /v1/apps", status=503, times=None)
    apple.clock.now += 60
    apple.attach("b231")
    assert control(apple, "reset", "POST").status_code == 200

    assert apple.emulator.requests == []
    assert apple.get("/v1/apps").status_code == 200
    assert apple.get(LINK).json()["data"] is None
    assert apple.ids("/v1/builds") == ["b230"]
    apple.attach("b230")
    control(apple, "reset", "POST")
    assert apple.get(LINK).json()["data"] is None


def test_a_world_is_read_and_replaced(apple: Apple) -> None:
    world = control(apple, "world").json()
    world["apps"].append({"bundleId": "com.example.other{n}", "copies": 2})
    assert control(apple, "world", "PUT", json=world).json()["apps"] == 3
    assert len(apple.ids("/v1/apps")) == 3

    refused = control(apple, "world", "PUT", json={"apps": [{}]})
    assert errors(refused)[0][::2] == (400, "apps[0].bundleId: required, and not given")
    assert len(apple.ids("/v1/apps")) == 3


def test_a_key_that_was_made_up_is_shown_and_no_other(key: ThrowawayKey) -> None:
    with Emulator(World(), keys=[key]) as emulator:
        url = f"{emulator.url}/_emulator/key"
        assert requests.get(url, timeout=10).text == key.private_key
        assert requests.get(url, timeout=10, headers={"Accept": "application/json"}).json() == {
            "key_id": key.key_id,
            "issuer_id": key.issuer_id,
            "key": key.private_key,
        }
    read = ThrowawayKey.from_pem(key.private_key)
    with Emulator(World(), keys=[read]) as emulator:
        assert requests.get(f"{emulator.url}/_emulator/key", timeout=10).status_code == 404


@pytest.mark.parametrize(("name", "method", "status"), [("no", "GET", 404), ("key", "PUT", 405)])
def test_what_the_emulator_itself_has_not_is_refused(
    apple: Apple, name: str, method: str, status: int
) -> None:
    assert control(apple, name, method).status_code == status


@pytest.mark.parametrize(
    ("headers", "origin"),
    [
        ({"Host": "asc.example"}, "http://asc.example"),
        ({"Host": "asc.example:8089"}, "http://asc.example:8089"),
        ({"Host": "[::1]:8089"}, "http://[::1]:8089"),
        ({"Host": "asc.example", "X-Forwarded-Proto": "https"}, "https://asc.example"),
        ({"Host": "x y/z"}, None),
    ],
)
def test_links_lead_where_the_client_came_from(
    apple: Apple, headers: dict[str, str], origin: str | None
) -> None:
    whole = {"Authorization": f"Bearer {apple.token()}", **headers}
    page = requests.get(f"{apple.emulator.url}/v1/builds?limit=1", headers=whole, timeout=10)
    links = page.json()["links"]

    assert links["self"] == f"{origin or apple.emulator.url}/v1/builds?limit=1"
    assert links["next"].startswith(f"{origin or apple.emulator.url}/v1/builds?cursor=")


def test_an_origin_wins_over_what_the_client_says(apple: Apple) -> None:
    apple.emulator.origin = "https://api.appstoreconnect.apple.com"
    document = apple.get("/v1/apps").json()

    assert document["links"]["self"] == "https://api.appstoreconnect.apple.com/v1/apps"
    assert document["data"][0]["links"]["self"].startswith(apple.emulator.origin)


@pytest.mark.parametrize("path", sorted(OTHER_ROOTS)[::40])
def test_what_apple_has_and_is_not_played_owns_up_to_it(apple: Apple, path: str) -> None:
    for method, suffix in (("GET", ""), ("GET", "/1/x"), ("POST", "")):
        [(status, code, detail)] = errors(apple.send(method, path + suffix))
        assert (status, code) == (501, "NOT_IMPLEMENTED")
        assert "The emulator plays apps, " in detail


@pytest.mark.parametrize(
    ("call", "status", "code"),
    [
        ("GET /v1/apps/6446000001/buildDeliveries", 404, "PATH_ERROR"),
        ("GET /v1/apps/6446000001/metrics/betaTesterUsages", 501, "NOT_IMPLEMENTED"),
        ("GET /v1/appStoreVersions/v142/app", 404, "PATH_ERROR"),
        ("GET /nothing", 404, "PATH_ERROR"),
        ("POST /v1/apps", 403, "FORBIDDEN_ERROR"),
        ("DELETE /v1/builds/b231", 403, "FORBIDDEN_ERROR"),
        ("PATCH /v1/apps/6446000001", 501, "NOT_IMPLEMENTED"),
        ("POST /v1/apps/6446000001/builds", 405, "METHOD_NOT_ALLOWED"),
        ("OPTIONS /v1/apps", 405, "METHOD_NOT_ALLOWED"),
        ("PUT /v1/apps", 405, "METHOD_NOT_ALLOWED"),
    ],
)
def test_each_refusal_of_a_path_or_method_is_its_own(
    apple: Apple, call: str, status: int, code: str
) -> None:
    assert errors(apple.send(*call.split()))[0][:2] == (status, code)


def raw(apple: Apple, request: bytes) -> bytes:
    """What comes back for these bytes, until the server has said all."""
    address = urlsplit(apple.emulator.url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(request.replace(b"TOKEN", apple.token().encode()))
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return answer


AUTHORIZED = b"Authorization: Bearer TOKEN\r\n"


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"HELLO\r\n\r\n", b"400"),
        (b"GET /v1/apps HTTP/9.9\r\n\r\n", b"505"),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", b"414"),
        (b"GET /v1/apps HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n", b"431"),
        (b"PATCH / HTTP/1.1\r\nContent-Length: many\r\n\r\n", b"400"),
        (b"PATCH / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"PATCH / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx", b"400"),
        (b"PATCH / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", b"413"),
        (b"PATCH / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"400"),
        (b"CONNECT api.appstoreconnect.apple.com:443 HTTP/1.1\r\n\r\n", b"501"),
        (b"GET http://[//[?a HTTP/1.1\r\n\r\n", b"401"),
        (b"GET x://[ HTTP/1.1\r\n\r\n", b"401"),
        (b"OPTIONS * HTTP/1.1\r\n\r\n", b"401"),
        (b"GET http://asc.example/v1/apps HTTP/1.1\r\n\r\n", b"401"),
        (b"GET http://asc.example/v1/apps HTTP/1.1\r\n" + AUTHORIZED + b"\r\n", b"200"),
        (b"PATCH " + LINK.encode() + b" HTTP/1.1\r\n" + AUTHORIZED
         + b"Content-Length: 100000\r\n\r\n" + b"[" * 100_000, b"400"),
        (b"PATCH " + LINK.encode() + b" HTTP/1.1\r\n" + AUTHORIZED
         + b"Transfer-Encoding: chunked\r\n\r\n"
         + b'8\r\n{"data":\r\n5\r\nnull}\r\n0\r\n\r\n', b"204"),
    ],
)  # fmt: skip
def test_what_is_hardly_http_is_answered_in_json_and_without_a_traceback(
    apple: Apple, request_: bytes, status: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    answer = raw(apple, request_)
    head, _, body = answer.partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 " + status)
    assert status == b"204" or b"Content-Type: application/json" in head
    assert status in (b"200", b"204") or body.startswith(b'{"errors": [')
    assert [each for each in caplog.records if each.exc_info] == []


def test_a_request_that_is_cut_off_is_not_carried_out(apple: Apple) -> None:
    head = b"PATCH " + LINK.encode() + b" HTTP/1.1\r\n" + AUTHORIZED
    assert raw(apple, head + b'Content-Length: 50\r\n\r\n{"data": null}') == b""

    assert apple.emulator.requests == []


def test_an_answer_to_head_has_no_body_but_its_length(apple: Apple) -> None:
    got, headed = apple.get("/v1/apps"), apple.send("HEAD", "/v1/apps")

    assert (headed.status_code, headed.content) == (200, b"")
    assert headed.headers["Content-Length"] == got.headers["Content-Length"]
    assert apple.emulator.writes == []


def test_the_worlds_hour_may_be_spent_and_comes_back(play: Play) -> None:
    apple = play(script={"rateLimit": 2, "rateLimitSpent": 1})
    first = apple.get("/v1/apps")
    assert first.headers["X-Rate-Limit"] == "user-hour-lim:2;user-hour-rem:0;"
    refused = apple.get("/v1/apps")
    assert errors(refused)[0][:2] == (429, "RATE_LIMIT_EXCEEDED")
    apple.clock.now += 3600

    assert apple.get("/v1/apps").status_code == 200


def test_a_minute_has_its_own_limit(play: Play) -> None:
    apple = play(script={"minuteLimit": 2})
    headers = [apple.get("/v1/apps").headers["X-Rate-Limit"] for _ in range(2)]
    refused = apple.get("/v1/apps").status_code
    apple.clock.now += 60

    assert headers[1] == (
        "user-hour-lim:3600;user-hour-rem:3598;user-minute-lim:2;user-minute-rem:0;"
    )
    assert refused == 429
    assert apple.get("/v1/apps").status_code == 200


def test_reads_can_fail_from_a_write_on(play: Play) -> None:
    fault = {"match": "GET /v1/**", "since": "PATCH /v1/**", "status": 503, "times": None}
    apple = play(script={"faults": [fault]})

    assert apple.get(LINK).status_code == 200
    assert apple.attach("b231").status_code == 204
    assert [apple.get(path).status_code for path in (LINK, "/v1/apps")] == [503, 503]


@pytest.mark.parametrize(
    ("day", "statuses", "attached"),
    [("hour-of-429", [429, 429], None), ("409-without-cause", [409, 409], None)],
)
def test_a_bad_day_is_chosen_by_name(
    play: Play, day: str, statuses: list[int], attached: str | None
) -> None:
    from asc_linker.emulator.bad_days import BAD_DAYS

    world = World.from_json({"apps": [NOTES]})
    BAD_DAYS[day].begin(world.script)
    apple = play()
    apple.emulator.play(world)

    assert [apple.attach("b231").status_code for _ in statuses] == statuses
    assert apple.emulator.world.apps[0].app_store_versions[1].build == attached


def test_a_lost_answer_is_lost_once_and_the_write_is_done(play: Play) -> None:
    from asc_linker.emulator.bad_days import BAD_DAYS

    world = World.from_json({"apps": [NOTES]})
    BAD_DAYS["lost-answer"].begin(world.script)
    apple = play()
    apple.emulator.play(world)
    with pytest.raises(requests.ConnectionError):
        apple.attach("b231")

    assert apple.get(LINK).json()["data"]["id"] == "b231"
    assert apple.attach("b230").status_code == 204
