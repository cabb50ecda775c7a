"""The emulator asks for no more, and answers no other, than Apple's OpenAPI spec says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from apple_spec import AppleSpec
from emulator.played import Apple

from asc_linker.emulator.app_store_connect import READS as ROUTES
from asc_linker.emulator.parameters import PARAMETERS

Play = Callable[..., Apple]


@pytest.fixture
def spec() -> AppleSpec:
    return AppleSpec.load()


def test_every_route_has_its_parameters() -> None:
    assert set(ROUTES) == set(PARAMETERS)


@pytest.mark.parametrize("route", ROUTES)
def test_the_parameters_of_each_endpoint_are_among_apples(spec: AppleSpec, route: str) -> None:
    method, path = route.split()
    _skip_unknown(spec, method, path.replace("*", "1"))
    apples = spec.parameters(method, path.replace("*", "1"))

    for name, words in PARAMETERS[route].lists.items():
        assert name in apples
        assert set(words) <= set(apples[name]) or apples[name] == ()
    for name, most in PARAMETERS[route].limits.items():
        assert spec.maximum(method, path.replace("*", "1"), name) == most


INCLUDE_ALL = "preReleaseVersion,app,buildBetaDetail,appStoreVersion,buildUpload"


@pytest.mark.parametrize(
    "path",
    [
        "/v1/apps?include=appStoreVersions,preReleaseVersions,builds&limit[builds]=1",
        "/v1/apps/6446000001?include=builds",
        "/v1/apps/6446000001/appStoreVersions?include=app,build&limit=1",
        "/v1/apps/6446000001/builds?limit=1",
        "/v1/apps/6446000001/buildUploads?include=build&sort=-uploadedDate",
        "/v1/buildUploads/u1?include=build",
        f"/v1/builds?include={INCLUDE_ALL}&filter[app]=6446000001&sort=-version",
        f"/v1/builds/b231?include={INCLUDE_ALL}",
        f"/v1/builds/b230?include={INCLUDE_ALL}",
        "/v1/builds/b231/app",
        "/v1/builds/b231/appStoreVersion?include=app",
        "/v1/builds/b230/appStoreVersion",
        "/v1/builds/b231/preReleaseVersion",
        "/v1/builds/b231/relationships/app",
        "/v1/builds/b231/relationships/appStoreVersion",
        "/v1/builds/b231/relationships/preReleaseVersion",
        "/v1/appStoreVersions/v142?include=app,build",
        "/v1/appStoreVersions/mac142?include=app,build",
        "/v1/appStoreVersions/v142/build",
        "/v1/appStoreVersions/mac142/build",
        "/v1/appStoreVersions/v142/relationships/build",
        "/v1/appStoreVersions/mac142/relationships/build",
    ],
)
def test_every_read_is_answered_in_apples_shape(spec: AppleSpec, play: Play, path: str) -> None:
    upload = {
        "id": "u1",
        "cfBundleVersion": "232",
        "cfBundleShortVersionString": "1.4.2",
        "state": {"state": "FAILED", "errors": [{"code": "90683", "description": "Why."}]},
    }
    apple = play(version={"build": "b231"}, app={"buildUploads": [upload]})
    _skip_unknown(spec, "GET", path)

    response = apple.get(path)
    received = apple.emulator.requests[0]

    assert response.status_code == 200
    assert spec.check_request("GET", path, received.query) == []
    assert spec.check_response("GET", path, 200, response.json()) == []


CREATED = {
    "data": {
        "type": "appStoreVersions",
        "attributes": {"platform": "TV_OS", "versionString": "1.0", "releaseType": "MANUAL"},
        "relationships": {"app": {"data": {"type": "apps", "id": "6446000001"}}},
    }
}
CHANGED = {
    "data": {
        "type": "appStoreVersions",
        "id": "v142",
        "attributes": {"copyright": "2026 Example", "earliestReleaseDate": None},
        "relationships": {"build": {"data": {"type": "builds", "id": "b231"}}},
    }
}
ANSWERED = {"data": {"type": "builds", "id": "b231", "attributes": {"expired": True}}}


@pytest.mark.parametrize(
    ("call", "body", "status"),
    [
        ("POST /v1/appStoreVersions", CREATED, 201),
        ("PATCH /v1/appStoreVersions/v142", CHANGED, 200),
        ("PATCH /v1/builds/b231", ANSWERED, 200),
        ("PATCH /v1/appStoreVersions/v142/relationships/build", {"data": None}, 204),
        ("PATCH /v1/appStoreVersions/v142/relationships/build", {"data": 1}, 422),
        ("PATCH /v1/appStoreVersions/v140/relationships/build", {"data": None}, 409),
        ("PATCH /v1/appStoreVersions/none/relationships/build", {"data": None}, 404),
    ],
)
def test_every_write_is_answered_in_apples_shape(
    spec: AppleSpec, play: Play, call: str, body: Any, status: int
) -> None:
    method, path = call.split()
    response = play().send(method, path, body)

    assert response.status_code == status
    document = response.json() if response.content else None
    assert spec.check_response(method, path, status, document) == []
    if status < 400:
        assert spec.check_request(method, path, {}, body) == []


def test_the_spec_finds_what_is_wrong(spec: AppleSpec) -> None:
    assert spec.check_request("GET", "/v1/apps", {"sort": "age", "filter[age]": "1"}) != []
    assert spec.check_request("GET", "/v1/apps", {"limit": "201"}) != []
    assert spec.check_request("GET", "/v1/nothing") != []
    assert spec.check_request("PATCH", "/v1/builds/1", {}, {"data": {"type": "apps"}}) != []
    assert spec.check_response("GET", "/v1/apps", 200, {"data": [{"id": 1}]}) != []
    assert spec.check_response("GET", "/v1/apps", 204, None) != []


def _skip_unknown(spec: AppleSpec, method: str, path: str) -> None:
    if not spec.knows(method, path):
        pytest.skip(f"{method} {path} is in Apple's full spec, but not in this part of it")
