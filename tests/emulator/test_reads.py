"""What the GET endpoints answer, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from emulator.played import Apple, errors

Play = Callable[..., Apple]
VERSIONS = "/v1/apps/6446000001/appStoreVersions"
UPLOADS = "/v1/apps/6446000001/buildUploads"


def builds(*numbers: str) -> dict[str, Any]:
    return {"builds": [{"id": n, "version": n, "preReleaseVersion": "1.4.2"} for n in numbers]}


def test_apps_of_like_bundle_ids_come_back_as_well_and_the_right_one_last(apple: Apple) -> None:
    for bundle_id in ("com.example", "com.example.notes.widget", "com.example.other"):
        apple.emulator.world.apps.append(type(apple.emulator.world.apps[0])(bundle_id=bundle_id))
    found = apple.get("/v1/apps?filter[bundleId]=com.example.notes").json()["data"]

    assert [each["attributes"]["bundleId"] for each in found] == [
        "com.example",
        "com.example.notes.widget",
        "com.example.notes",
    ]


def test_builds_are_filtered_by_number_version_and_platform_as_they_were_uploaded(
    apple: Apple,
) -> None:
    assert apple.ids("/v1/builds?filter[version]=231") == ["b231"]
    assert apple.ids("/v1/builds?filter[version]=230,231") == ["b230", "b231"]
    assert apple.ids("/v1/builds?filter[preReleaseVersion.version]=1.4.2.0") == []
    assert apple.ids("/v1/builds?filter[preReleaseVersion.platform]=MAC_OS") == []
    assert apple.ids("/v1/builds?filter[app]=6446000001&filter[id]=b230") == ["b230"]
    assert apple.ids("/v1/builds?exists[usesNonExemptEncryption]=true") == []
    assert apple.ids("/v1/builds?filter[expired]=false&sort=-version") == ["b231", "b230"]


def test_versions_are_filtered_by_platform_string_and_state(apple: Apple) -> None:
    assert apple.ids(f"{VERSIONS}?filter[platform]=IOS") == ["v140", "v142"]
    assert apple.ids(f"{VERSIONS}?filter[versionString]=1.4.2") == ["v142", "mac142"]
    assert apple.ids(f"{VERSIONS}?filter[appStoreState]=READY_FOR_SALE") == ["v140"]


@pytest.mark.parametrize(
    ("query", "has_data"),
    [
        ("", False),
        ("include=build", True),
        ("include=build&fields[appStoreVersions]=build", True),
        ("fields[appStoreVersions]=build", False),
    ],
)
def test_a_relationship_has_data_only_when_it_is_included(
    play: Play, query: str, has_data: bool
) -> None:
    document = play(version={"build": "231"}).get(f"/v1/appStoreVersions/v142?{query}").json()

    assert ("data" in document["data"]["relationships"]["build"]) is has_data
    assert ("included" in document) is ("include" in query)


def test_a_relationship_that_fields_leaves_out_is_included_all_the_same(play: Play) -> None:
    path = "/v1/appStoreVersions/v142?include=build&fields[appStoreVersions]=versionString"
    document = play(version={"build": "b231"}).get(path).json()

    assert document["data"]["attributes"] == {"versionString": "1.4.2"}
    assert "relationships" not in document["data"]
    assert [each["id"] for each in document["included"]] == ["b231"]


def test_a_version_without_build_answers_null(apple: Apple) -> None:
    assert apple.get("/v1/appStoreVersions/v142/build").json()["data"] is None
    assert apple.get("/v1/appStoreVersions/v142/relationships/build").json()["data"] is None


def test_pages_follow_one_another_without_a_gap(play: Play) -> None:
    apple = play(app=builds("1", "2", "3", "4", "5"))
    seen, path = [], "/v1/builds?limit=2&filter[app]=6446000001"
    while path:
        page = apple.get(path).json()
        assert page["meta"]["paging"]["total"] == 5
        seen += [each["id"] for each in page["data"]]
        path = page["links"].get("next")

    assert seen == ["1", "2", "3", "4", "5"]


def test_a_cursor_whose_item_is_gone_is_refused(play: Play) -> None:
    apple = play(app=builds("1", "2", "3"))
    following = apple.get("/v1/builds?limit=1").json()["links"]["next"]
    apple.emulator.world.apps[0].builds.pop(0)

    [(status, code, detail)] = errors(apple.get(following))
    assert (status, code) == (400, "PARAMETER_ERROR.INVALID")
    assert detail.endswith("is not a valid cursor for this request")


@pytest.mark.parametrize(
    ("path", "code", "detail"),
    [
        (f"{VERSIONS}?sort=createdDate", "ILLEGAL", "The parameter 'sort' can not be used"),
        ("/v1/builds?cursr=1", "ILLEGAL", "The parameter 'cursr' can not be used"),
        ("/v1/apps/6446000001/builds?include=app", "ILLEGAL", "The parameter 'include'"),
        ("/v1/builds?filter[number]=231", "INVALID", "'number' is not a valid filter type"),
        ("/v1/builds?filter[processingState]=DONE", "INVALID", "'DONE' is not a valid filter"),
        ("/v1/builds?filter[version]=", "INVALID", "'' is not a valid filter value"),
        ("/v1/builds?include=app.builds", "INVALID", "'app.builds' is not a valid relationship"),
        ("/v1/builds?fields[builds]=number", "INVALID", "'number' is not a valid field name"),
        ("/v1/builds?limit=201", "INVALID", "'201' is not a valid limit"),
        ("/v1/builds?limit=1&limit=1", "INVALID", "The parameter 'limit' is given twice"),
        ("/v1/builds?limit=1&cursor=x", "INVALID", "'x' is not a valid cursor"),
    ],
)
def test_a_parameter_that_apple_does_not_take_is_refused_by_name(
    apple: Apple, path: str, code: str, detail: str
) -> None:
    [(status, found, said)] = errors(apple.get(path))

    assert (status, found) == (400, f"PARAMETER_ERROR.{code}")
    assert said.startswith(detail)


def test_what_does_not_exist_is_told_by_type_and_id(apple: Apple) -> None:
    assert errors(apple.get("/v1/builds/none")) == [
        (404, "NOT_FOUND", "There is no resource of type 'builds' with id 'none'")
    ]
    assert errors(apple.get("/v1/nowhere"))[0][:2] == (404, "PATH_ERROR")


def test_versions_cannot_be_listed_without_their_app(apple: Apple) -> None:
    [(status, code, detail)] = errors(apple.get("/v1/appStoreVersions"))

    assert (status, code) == (403, "FORBIDDEN_ERROR")
    assert "does not allow 'GET_COLLECTION'" in detail


def test_filters_can_be_ignored_or_refused(play: Play) -> None:
    assert len(play(script={"ignoreFilters": True}).ids("/v1/builds?filter[version]=9")) == 2
    refusing = play(script={"refuseFilters": ["filter[version]"]})
    assert refusing.get("/v1/builds?filter[version]=231").status_code == 400


def test_a_build_appears_is_processed_and_flickers_in_its_time(play: Play) -> None:
    apple = play(
        build={
            "appearsAfterSeconds": 60,
            "processedAfterSeconds": 120,
            "vanishes": [[90, 100]],
        }
    )
    seen = []
    for _ in range(5):
        found = apple.get("/v1/builds?filter[version]=231").json()["data"]
        seen.append(found[0]["attributes"]["processingState"] if found else None)
        apple.clock.now += 31

    assert seen == [None, None, "PROCESSING", None, "VALID"]


def test_an_upload_follows_its_build(play: Play) -> None:
    apple = play(build={"appearsAfterSeconds": 60, "processedAfterSeconds": 120})
    path = f"{UPLOADS}?filter[cfBundleVersion]=231&include=build"
    seen = []
    for _ in range(3):
        [upload] = apple.get(path).json()["data"]
        built = upload["relationships"]["build"]["data"]
        seen.append((upload["attributes"]["state"]["state"], built and built["id"]))
        apple.clock.now += 60

    assert seen == [("PROCESSING", None), ("PROCESSING", "b231"), ("COMPLETE", "b231")]


def test_a_rejected_upload_tells_why_and_never_becomes_a_build(play: Play) -> None:
    why = {"code": "90683", "description": "Missing purpose string."}
    rejected = {
        "id": "u232",
        "cfBundleVersion": "232",
        "cfBundleShortVersionString": "1.4.2",
        "failsAfterSeconds": 60,
        "state": {"errors": [why]},
    }
    apple = play(app={"buildUploads": [rejected]})
    before = apple.get("/v1/buildUploads/u232").json()["data"]["attributes"]["state"]
    apple.clock.now += 60
    after = apple.get("/v1/buildUploads/u232").json()["data"]["attributes"]["state"]

    assert (before["state"], before["errors"]) == ("PROCESSING", [])
    assert (after["state"], after["errors"]) == ("FAILED", [why])
    assert apple.ids(f"{UPLOADS}?filter[state]=FAILED") == ["u232"]
