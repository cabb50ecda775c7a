"""The emulator takes what Apple's OpenAPI spec allows, and answers as it says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from apple_spec import AppleSpec
from emulator.played import NOTES, Apple
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asc_linker.emulator import ThrowawayKey, World
from asc_linker.emulator.app_store_connect import READS, WRITES, answer
from asc_linker.emulator.call import Answer
from asc_linker.emulator.facts import NOT_PLAYED, OTHER_ROOTS, TYPES
from asc_linker.emulator.facts import parameters as taken
from asc_linker.emulator.problems import Refused
from asc_linker.emulator.resources import View

Play = Callable[..., Apple]

SCHEMAS = {
    "apps": "App",
    "appStoreVersions": "AppStoreVersion",
    "builds": "Build",
    "preReleaseVersions": "PrereleaseVersion",
    "buildUploads": "BuildUpload",
    "buildBetaDetails": "BuildBetaDetail",
}
# Links that Apple's resources have, to paths that Apple's document has not, or not as a GET.
UNDOCUMENTED = {
    "GET /v1/apps/*/betaTesters",
    "GET /v1/apps/*/relationships/betaTesters",
    "GET /v1/apps/*/relationships/perfPowerMetrics",
    "GET /v1/apps/*/relationships/customerReviewSummarizations",
    "GET /v1/builds/*/betaGroups",
    "GET /v1/builds/*/relationships/betaGroups",
    "GET /v1/builds/*/relationships/perfPowerMetrics",
}
READABLE = [route for route in READS if route not in UNDOCUMENTED]
WORLD: dict[str, Any] = {
    "apps": [
        NOTES
        | {
            "appStoreVersions": [
                {"id": "v140", "versionString": "1.4.0", "appVersionState": "READY_FOR_REVIEW"},
                {"id": "v142", "versionString": "1.4.2", "build": "b231"},
                {"id": "mac142", "versionString": "1.4.2", "platform": "MAC_OS"},
            ],
            "buildUploads": [
                {
                    "id": "u1",
                    "cfBundleVersion": "232",
                    "cfBundleShortVersionString": "1.4.2",
                    "state": {"state": "FAILED", "errors": [{"code": "9", "description": "Why."}]},
                },
                {
                    "id": "u2",
                    "cfBundleVersion": "233",
                    "cfBundleShortVersionString": "1.4.2",
                    "state": {"state": "AWAITING_UPLOAD"},
                },
            ],
        }
    ]
}


@pytest.fixture(scope="module")
def spec() -> AppleSpec:
    return AppleSpec.load()


@pytest.fixture(scope="module")
def whole(spec: AppleSpec) -> AppleSpec:
    if not spec.is_whole:
        pytest.skip("this part of Apple's document has not all types and paths")
    return spec


@pytest.fixture(scope="module")
def view(key: ThrowawayKey) -> View:
    world = World.from_json(json.loads(json.dumps(WORLD)))
    world.begin(1_790_000_000.0)
    return View(world, key.as_known_to_apple(), 1_790_000_000.0)


def ask(view: View, target: str, method: str = "GET", body: bytes = b"") -> Answer:
    try:
        return answer(view, method, "https://api.appstoreconnect.apple.com", target, body)
    except Refused as refused:
        return Answer(refused.status, refused.document())


def with_ids(view: View, route: str) -> Iterator[str]:
    """The path of `route` for each resource that it can be asked of."""
    path = route.removeprefix("GET ")
    if "*" not in path:
        yield path
        return
    for each in view.all(path.split("/")[2]):
        yield path.replace("*", each.id)


def test_types_have_apples_attributes_and_relationships(whole: AppleSpec) -> None:
    for kind, facts in TYPES.items():
        apples = whole.schema(SCHEMAS[kind])
        relationships = apples["relationships"]["properties"]
        assert facts.attributes == tuple(apples["attributes"]["properties"]), kind
        assert tuple(facts.relationships) == tuple(relationships), kind
        for name, to in facts.relationships.items():
            declared = relationships[name]["properties"]
            assert to.has_data is ("data" in declared), f"{kind}.{name}"
            assert to.has_links is ("links" in declared), f"{kind}.{name}"


def test_every_operation_of_apples_is_played_or_owned_up_to(whole: AppleSpec) -> None:
    ours = set(READABLE) | set(WRITES) | NOT_PLAYED
    theirs = set(whole.operations())
    of_played = {f"{method} {path}" for method, path in theirs if path.split("/")[2] in TYPES}

    assert ours == of_played
    roots = {"/".join(path.split("/")[:3]) for _, path in theirs}
    assert roots - OTHER_ROOTS == {f"/v1/{kind}" for kind in TYPES}
    assert roots >= OTHER_ROOTS


@pytest.mark.parametrize("route", READABLE)
def test_an_endpoint_takes_the_parameters_that_apples_takes(whole: AppleSpec, route: str) -> None:
    method, path = route.split()
    apples, ours = whole.parameters(method, path), taken(READS[route])
    named = {n for n in apples if n != "limit" and not n.startswith("limit[")}

    if ours.takes_any:
        assert ours.lists == {}
    else:
        assert set(ours.lists) == named
        for name, words in ours.lists.items():
            assert set(words) - {"true", "false"} <= set(apples[name]), name
        assert set(ours.limits) == set(apples) - named
    for name, most in ours.limits.items():
        assert whole.maximum(method, path, name) == most


@pytest.mark.parametrize("route", READABLE)
def test_nothing_that_apple_allows_is_refused(spec: AppleSpec, view: View, route: str) -> None:
    method, path = route.split()
    _skip_unknown(spec, method, path)
    target = next(with_ids(view, route))

    for name, words in spec.parameters(method, path).items():
        allowed = words or ("x",)
        if name == "limit" or name.startswith("limit["):
            allowed = ("1", str(spec.maximum(method, path, name)))
        elif name.startswith("exists["):
            allowed = ("true", "false")
        for word in allowed:
            assert ask(view, f"{target}?{name}={word}").status == 200, (name, word)


@pytest.mark.parametrize("route", READABLE)
def test_every_read_is_answered_in_apples_shape(spec: AppleSpec, view: View, route: str) -> None:
    method, path = route.split()
    _skip_unknown(spec, method, path)
    include = ",".join(spec.parameters(method, path).get("include", ()))

    for target in with_ids(view, route):
        for query in ("", f"?include={include}" if include else "?"):
            given = ask(view, target + query)
            assert given.status == 200
            if given.content_type == "application/json":
                assert spec.check_response("GET", path, 200, given.document) == []


def test_no_link_leads_nowhere(view: View) -> None:
    origin = "https://api.appstoreconnect.apple.com"
    seen: set[str] = set()
    waiting = ["/v1/apps?include=appStoreVersions,builds,preReleaseVersions&limit=1"]
    while waiting:
        target = waiting.pop()
        if target in seen:
            continue
        seen.add(target)
        given = ask(view, target)
        assert given.status == 200, target
        found = set(_links(given.document))
        assert all(link.startswith(f"{origin}/v1/") for link in found)
        waiting += [link.removeprefix(origin) for link in found]

    assert {each.partition("?")[0].split("/")[2] for each in seen} == set(TYPES)


def _links(document: Any) -> Iterator[str]:
    if isinstance(document, list):
        for each in document:
            yield from _links(each)
    elif isinstance(document, dict):
        yield from (document.get("links") or {}).values()
        for each in document.values():
            yield from _links(each)


@st.composite
def queries(draw: st.DrawFn, spec: AppleSpec) -> tuple[str, str]:
    """A played path and a query that Apple's document allows, or that is close to it."""
    route = draw(st.sampled_from([r for r in READABLE if spec.knows("GET", r.split()[1])]))
    path = route.split()[1]
    pairs = []
    for name, words in spec.parameters("GET", path).items():
        if not draw(st.booleans()):
            continue
        word = st.sampled_from(words) if words else st.sampled_from(["1", "true", "231", "IOS"])
        odd = st.text("abcXYZ0159-._,[]{}%éあ", max_size=8)
        pairs.append(f"{name}={','.join(draw(st.lists(word | odd, min_size=1, max_size=3)))}")
    return path, "&".join(pairs)


@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(data=st.data())
def test_whatever_is_asked_of_a_played_path_is_answered_in_apples_shape(
    spec: AppleSpec, view: View, data: st.DataObject
) -> None:
    path, query = data.draw(queries(spec))
    identifiers = ["none", *(each.id for each in view.all(path.split("/")[2]))]
    target = path.replace("*", data.draw(st.sampled_from(identifiers)))
    given = ask(view, f"{target}?{query}")

    assert given.status in (200, 400, 404)
    json.dumps(given.document)
    if given.content_type == "application/json":
        assert spec.check_response("GET", path, given.status, given.document) == []


WORDS = st.sampled_from(
    (
        "data",
        "type",
        "id",
        "attributes",
        "relationships",
        "app",
        "build",
        "apps",
        "builds",
        "v142",
        "appStoreVersions",
        "b231",
        "6446000001",
        "platform",
        "IOS",
        "TV_OS",
        "1.4.2",
        "2.0",
        "MANUAL",
        "versionString",
        "copyright",
        "releaseType",
        "expired",
        "usesNonExemptEncryption",
        "earliestReleaseDate",
        "2026-01-01T00:00:00Z",
    )
)
BODIES = st.recursive(
    WORDS | st.text(max_size=5) | st.none() | st.booleans() | st.floats() | st.integers(),
    lambda inner: st.dictionaries(WORDS, inner, max_size=4) | st.lists(inner, max_size=2),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(
    call=st.sampled_from(sorted(WRITES)),
    identifier=st.sampled_from(["v142", "b231", "mac142", "none"]),
    data=BODIES,
    attributes=BODIES,
    relationships=BODIES,
    whole=st.booleans(),
)
def test_whatever_is_written_is_taken_or_refused(
    key: ThrowawayKey,
    call: str,
    identifier: str,
    data: Any,
    attributes: Any,
    relationships: Any,
    whole: bool,
) -> None:
    world = World.from_json(json.loads(json.dumps(WORLD)))
    world.begin(1_790_000_000.0)
    view = View(world, key.as_known_to_apple(), 1_790_000_000.0)
    method, path = call.split()
    kind = path.split("/")[2]
    entity = {"type": kind, "attributes": attributes, "relationships": relationships}
    entity |= {"id": identifier} if method == "PATCH" else {}
    body = json.dumps({"data": entity if whole else data}).encode()
    given = ask(view, path.replace("*", identifier), method, body)

    assert given.status in (200, 201, 204, 400, 403, 404, 409, 422)
    assert World.from_json(world.to_json()) == world


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
        ("DELETE /v1/appStoreVersions/v142", None, 204),
        ("DELETE /v1/appStoreVersions/v140", None, 403),
        ("DELETE /v1/appStoreVersions/none", None, 404),
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
    _skip_unknown(spec, method, path)
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
