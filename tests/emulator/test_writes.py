"""What the POST and PATCH endpoints change, and what they refuse to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from emulator.played import LINK, Apple, errors

Play = Callable[..., Apple]

UNSUITABLE = [
    (
        409,
        "ENTITY_ERROR.RELATIONSHIP.INVALID",
        "The specified pre-release build could not be added.",
    )
]
INVALID_STATE = [
    (
        409,
        "ENTITY_ERROR.RELATIONSHIP.INVALID.INVALID_STATE",
        "The specified pre-release build could not be added.",
    )
]


def attached(apple: Apple) -> str | None:
    data = apple.get(LINK).json()["data"]
    return data and str(data["id"])


def new(version_string: str, platform: str = "IOS", **more: Any) -> dict[str, Any]:
    relationships = {"app": {"data": {"type": "apps", "id": "6446000001"}}} | more
    attributes = {"platform": platform, "versionString": version_string}
    return {
        "data": {
            "type": "appStoreVersions",
            "attributes": attributes,
            "relationships": relationships,
        }
    }


def changed(kind: str, identifier: str, build: Any = ..., **attributes: Any) -> dict[str, Any]:
    data: dict[str, Any] = {"type": kind, "id": identifier, "attributes": attributes}
    if build is not ...:
        linked = build and {"type": "builds", "id": build}
        data["relationships"] = {"build": {"data": linked}}
    return {"data": data}


def test_a_build_is_attached_replaced_and_detached(apple: Apple) -> None:
    for build_id in ("b230", "b231", "b231", None):
        response = apple.attach(build_id)
        assert (response.status_code, response.content) == (204, b"")
        assert attached(apple) == build_id


def test_attaching_can_answer_with_a_body_as_on_apples_page(play: Play) -> None:
    response = play(script={"linkageAnswersWithBody": True}).attach("b231")

    assert response.status_code == 200
    assert response.json()["data"] == {"type": "builds", "id": "b231"}


@pytest.mark.parametrize(
    "build",
    [
        {"preReleaseVersion": "1.4.3"},
        {"processedAfterSeconds": 60},
        {"processingState": "INVALID"},
        {"expired": True},
        {"expirationDate": "2026-01-01T00:00:00Z"},
        {"buildAudienceType": "INTERNAL_ONLY"},
    ],
)
def test_an_unsuitable_build_is_refused_in_one_text_for_all_causes(
    play: Play, build: dict[str, Any]
) -> None:
    apple = play(build=build)

    assert errors(apple.attach("b231")) == UNSUITABLE
    assert attached(apple) is None


@pytest.mark.parametrize("spelling", ["1.4.2.0", "01.4.2"])
def test_versions_that_apple_takes_for_one_go_together(play: Play, spelling: str) -> None:
    assert play(build={"preReleaseVersion": spelling}).attach("b231").status_code == 204


def test_a_build_of_another_platform_is_refused_by_that_name(play: Play) -> None:
    detail = "The specified build has a different platform than the version"

    assert errors(play(build={"platform": "TV_OS"}).attach("b231")) == [
        (409, "ENTITY_ERROR.RELATIONSHIP.INVALID", detail)
    ]


def test_a_build_that_another_version_holds_is_refused(play: Play) -> None:
    apple = play(version={"build": "b231"})
    apple.emulator.world.apps[0].app_store_versions[0].build = "b230"

    assert errors(apple.attach("b230")) == UNSUITABLE


def test_ids_that_lead_nowhere_are_refused_each_in_its_way(apple: Apple) -> None:
    assert errors(apple.attach("b999")) == [
        (
            409,
            "ENTITY_ERROR.RELATIONSHIP.INVALID",
            "'b999' is not a valid ID for this relationship",
        )
    ]
    nowhere = "/v1/appStoreVersions/v999/relationships/build"
    assert errors(apple.attach("b231", nowhere))[0][:2] == (404, "NOT_FOUND")


@pytest.mark.parametrize("state", ["WAITING_FOR_REVIEW", "READY_FOR_DISTRIBUTION"])
@pytest.mark.parametrize("build_id", ["b231", None])
def test_a_locked_version_takes_no_change(play: Play, state: str, build_id: str | None) -> None:
    assert errors(play(version={"appVersionState": state}).attach(build_id)) == INVALID_STATE


def test_a_version_not_yet_submitted_takes_a_build(play: Play) -> None:
    apple = play(version={"appVersionState": "READY_FOR_REVIEW"})

    assert apple.attach("b231").status_code == 204


def test_a_version_locks_in_its_time(play: Play) -> None:
    apple = play(version={"lockedAfterSeconds": 60, "lockedAs": "IN_REVIEW"})
    assert apple.attach("b230").status_code == 204
    apple.clock.now += 60

    assert errors(apple.attach("b231")) == INVALID_STATE
    attributes = apple.get("/v1/appStoreVersions/v142").json()["data"]["attributes"]
    assert attributes["appVersionState"] == "IN_REVIEW"


def test_a_build_just_become_valid_may_not_be_attachable_yet(play: Play) -> None:
    late = {"attachableAfterSeconds": 60}
    assert errors(play(build=late).attach("b231")) == INVALID_STATE

    apple = play(build=late | {"notAttachableAnswer": "NOT_FOUND"})
    assert errors(apple.attach("b231")) == [
        (404, "NOT_FOUND", "There is no resource of type 'builds' with id 'b231'")
    ]
    apple.clock.now += 60
    assert apple.attach("b231").status_code == 204


def test_unanswered_compliance_can_be_made_to_matter(play: Play) -> None:
    apple = play(script={"refuseUnansweredCompliance": True})
    assert errors(apple.attach("b231")) == UNSUITABLE
    body = changed("builds", "b231", usesNonExemptEncryption=False)
    assert apple.send("PATCH", "/v1/builds/b231", body).status_code == 200

    assert apple.attach("b231").status_code == 204


def test_compliance_is_answered_once(apple: Apple) -> None:
    body = changed("builds", "b231", usesNonExemptEncryption=True)
    answer = apple.send("PATCH", "/v1/builds/b231", body).json()
    assert answer["data"]["attributes"]["usesNonExemptEncryption"] is True

    assert errors(apple.send("PATCH", "/v1/builds/b231", body)) == [
        (
            409,
            "ENTITY_ERROR.ATTRIBUTE.INVALID",
            "You cannot update when the value is already set.",
        )
    ]


def test_a_version_is_created_with_its_build_in_one_write(play: Play) -> None:
    apple = play(version={"appVersionState": "READY_FOR_DISTRIBUTION", "versionString": "1.4.1"})
    build = {"data": {"type": "builds", "id": "b231"}}
    response = apple.send("POST", "/v1/appStoreVersions", new("1.4.2", build=build))

    assert response.status_code == 201
    created = response.json()["data"]
    assert created["attributes"]["appVersionState"] == "PREPARE_FOR_SUBMISSION"
    linked = apple.get(f"/v1/appStoreVersions/{created['id']}/relationships/build").json()
    assert linked["data"]["id"] == "b231"


def test_a_version_is_not_created_when_its_build_is_refused(play: Play) -> None:
    apple = play(version={"appVersionState": "READY_FOR_DISTRIBUTION", "versionString": "1.4.1"})
    build = {"data": {"type": "builds", "id": "b231"}}
    response = apple.send("POST", "/v1/appStoreVersions", new("2.0", build=build))

    assert errors(response) == UNSUITABLE
    assert len(apple.emulator.world.apps[0].app_store_versions) == 3


def test_one_version_is_open_per_platform(apple: Apple) -> None:
    taken = "ENTITY_ERROR.RELATIONSHIP.INVALID"
    used = "ENTITY_ERROR.ATTRIBUTE.INVALID.DUPLICATE"
    path = "/v1/appStoreVersions"

    assert [e[1] for e in errors(apple.send("POST", path, new("2.0")))] == [taken]
    assert [e[1] for e in errors(apple.send("POST", path, new("1.4.0")))] == [taken, used]
    assert apple.send("POST", path, new("1.4.0", "TV_OS")).status_code == 201


def test_an_open_version_is_renamed_and_linked_at_once_or_not_at_all(apple: Apple) -> None:
    path = "/v1/appStoreVersions/v142"
    wrong = changed("appStoreVersions", "v142", build="b231", versionString="1.5")
    assert errors(apple.send("PATCH", path, wrong)) == UNSUITABLE
    assert apple.emulator.world.apps[0].app_store_versions[1].version_string == "1.4.2"

    right = changed("appStoreVersions", "v142", build="b231", versionString="1.4.2.0")
    assert apple.send("PATCH", path, right).status_code == 200
    assert attached(apple) == "b231"
    used = changed("appStoreVersions", "v142", versionString="1.4")
    assert errors(apple.send("PATCH", path, used))[0][1].endswith(".DUPLICATE")


def test_a_locked_version_keeps_its_name(play: Play) -> None:
    apple = play(version={"appVersionState": "IN_REVIEW"})
    body = changed("appStoreVersions", "v142", versionString="1.5")

    assert errors(apple.send("PATCH", "/v1/appStoreVersions/v142", body)) == [
        (
            409,
            "ENTITY_ERROR.ATTRIBUTE.INVALID.INVALID_STATE",
            "The attribute 'versionString' can not be modified.",
        )
    ]


@pytest.mark.parametrize(
    ("attributes", "code"),
    [
        ({"name": "x", "versionString": "1", "platform": "TV_OS"}, "ATTRIBUTE.UNKNOWN"),
        ({"versionString": "1"}, "ATTRIBUTE.REQUIRED"),
        ({"versionString": 1, "platform": "TV_OS"}, "ATTRIBUTE.TYPE"),
        ({"versionString": "1", "platform": "tvos"}, "ATTRIBUTE.TYPE"),
        (
            {"versionString": "1", "platform": "TV_OS", "earliestReleaseDate": "today"},
            "ATTRIBUTE.TYPE",
        ),
    ],
)
def test_each_attribute_that_apple_does_not_take_is_named(
    apple: Apple, attributes: dict[str, Any], code: str
) -> None:
    body = new("1.0")
    body["data"]["attributes"] = attributes
    [(status, found, _)] = errors(apple.send("POST", "/v1/appStoreVersions", body))

    assert (status, found) == (409, f"ENTITY_ERROR.{code}")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"data": {"type": "apps", "id": "b231"}},
        {"data": {"type": "builds"}},
        {"data": {"type": "builds", "id": 231}},
        {"data": None, "meta": {}},
        ["data"],
    ],
)
def test_a_body_of_another_shape_is_unprocessable(apple: Apple, body: Any) -> None:
    assert errors(apple.send("PATCH", LINK, body))[0][0] == 422
    assert errors(apple.send("PATCH", "/v1/appStoreVersions/v142", body))[0][0] == 422


def test_a_body_that_is_no_json_is_a_bad_request(apple: Apple) -> None:
    headers = {"Authorization": f"Bearer {apple.token()}"}
    response = apple.session.patch(
        apple.emulator.url + LINK, data=b"{", headers=headers, timeout=10
    )

    assert response.status_code == 400
    assert apple.emulator.writes[0].body is None
