"""What other people's clients send, replayed, and what they need in the answers.

The tables were recorded from the clients as they run, or read in their public source. Those that
are on a package registry also run themselves, in `tests/more`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from emulator.played import LINK, Apple, linkage

Play = Callable[..., Apple]

READS: dict[str, str] = {
    "codemagic-cli-tools 0.70.0": """
        /v1/apps?limit=100&sort=name&filter[bundleId]=com.example.notes
        /v1/apps/{app}
        /v1/apps/{app}/appStoreVersions?limit=100&filter[platform]=IOS&filter[versionString]=1.4.2
        /v1/appStoreVersions/{version}
        /v1/builds?limit=100&sort=uploadedDate&filter[app]={app}&filter[expired]=False
            &filter[processingState]=VALID&filter[version]=231
            &filter[preReleaseVersion.version]=1.4.2&filter[preReleaseVersion.platform]=IOS
        /v1/builds?limit=100&sort=uploadedDate
            &filter[betaAppReviewSubmission.betaReviewState]=APPROVED
        /v1/builds/{build}
        /v1/builds/{build}/appStoreVersion
        /v1/builds/{build}/app
        /v1/builds/{build}/preReleaseVersion
        /v1/builds/{build}/buildBetaDetail
        /v1/apps/{app}/preReleaseVersions
        /v1/appStoreVersions/{version}/appStoreVersionLocalizations
        /v1/apps/{app}/appStoreVersions?limit=200&fields[appStoreVersions]=versionString
        /v1/appStoreVersions/{version}/build?fields[builds]=version
        /v1/apps/{app}/appStoreVersions?limit=200&include=build
            &fields[appStoreVersions]=versionString,build&fields[builds]=version
        /v1/preReleaseVersions?limit=200&filter[app]={app}&filter[platform]=IOS
            &filter[version]=1.4.2&fields[preReleaseVersions]=version
        /v1/preReleaseVersions/{train}/builds?limit=200&fields[builds]=version,expired
        /v1/builds?limit=200&include=preReleaseVersion&filter[app]={app}&filter[expired]=False
            &fields[builds]=version,preReleaseVersion&fields[preReleaseVersions]=version
        /v1/builds/{build}?include=app
        /v1/apps/{app}/appStoreVersions?limit=100&filter[platform]=IOS
            &filter[appStoreState]=PREPARE_FOR_SUBMISSION,DEVELOPER_REJECTED
            ,REJECTED,METADATA_REJECTED,WAITING_FOR_REVIEW,INVALID_BINARY
        """,
    "fastlane 2.237.0": """
        /v1/apps?filter[bundleId]=com.example.notes&include=appStoreVersions
        /v1/apps/{app}/appStoreVersions?filter[appVersionState]=PREPARE_FOR_SUBMISSION,DEVELOPER_REJECTED
            ,REJECTED,METADATA_REJECTED,WAITING_FOR_REVIEW,INVALID_BINARY
            &filter[platform]=IOS&include=appStoreVersionSubmission,build
        /v1/builds?filter[app]={app}&filter[preReleaseVersion.version]=1.4.2
            &filter[processingState]=PROCESSING,FAILED,INVALID,VALID&filter[version]=231
            &include=app,buildBetaDetail,preReleaseVersion,buildBundles&limit=30
            &sort=-uploadedDate
        /v1/apps/{app}/reviewSubmissions?filter[platform]=IOS
            &filter[state]=WAITING_FOR_REVIEW,IN_REVIEW,UNRESOLVED_ISSUES
        /v1/apps/{app}/reviewSubmissions?filter[platform]=IOS&filter[state]=READY_FOR_REVIEW
            &include=items
        /v1/apps/{app}?include=appStoreVersions
        /v1/apps/{app}/appStoreVersions?filter[appVersionState]=READY_FOR_DISTRIBUTION,PROCESSING_FOR_DISTRIBUTION
            &filter[platform]=IOS&include=appStoreVersionSubmission,build
        /v1/apps/{app}/appStoreVersions?filter[platform]=IOS
        /v1/appStoreVersions/{version}?include=build
        /v1/appStoreVersions/{version}/build
        /v1/builds/{build}?include=app,buildBetaDetail,preReleaseVersion,buildBundles
        /v1/builds?filter[app]={app}
        /v1/preReleaseVersions?filter[app]={app}
        /v1/buildBetaDetails?filter[build]={build}
        /v1/appStoreVersions/{version}/appStoreVersionLocalizations
        /v1/apps/{app}/buildUploads?filter[cfBundleShortVersionString]=1.4.2&filter[platform]=IOS
            &filter[state]=PROCESSING,FAILED,COMPLETE&limit=1&sort=-uploadedDate
        """,
    "asc at 3ebcd22": """
        /v1/apps?filter[bundleId]=com.example.notes&limit=2
        /v1/apps?filter[name]=Notes
        /v1/apps/{app}/appStoreVersions?filter[platform]=IOS&filter[versionString]=1.4.2
        /v1/apps/{app}/appStoreVersions?filter[appStoreState]=PREPARE_FOR_SUBMISSION&limit=200
        /v1/preReleaseVersions?filter[app]={app}&filter[platform]=IOS&filter[version]=1.4.2
            &limit=200
        /v1/builds?filter[app]={app}&filter[preReleaseVersion]={train}&filter[version]=231
            &limit=200&sort=-uploadedDate
        /v1/builds/{build}/preReleaseVersion
        /v1/builds?filter[app]={app}&filter[expired]=false&filter[preReleaseVersion.platform]=IOS
            &filter[processingState]=VALID&limit=1&sort=-uploadedDate
        /v1/builds?filter[app]={app}&include=preReleaseVersion
        /v1/apps/{app}/buildUploads?filter[cfBundleShortVersionString]=1.4.2&filter[platform]=IOS
            &filter[state]=AWAITING_UPLOAD,PROCESSING,COMPLETE&limit=200
        /v1/appStoreVersions/{version}
        /v1/appStoreVersions/{version}/build
        /v1/appStoreVersions/{version}/appStoreVersionSubmission
        /v1/builds/{build}/relationships/app
        /v1/builds/{build}/relationships/appStoreVersion
        /v1/builds/{build}/app
        /v1/builds/{build}/buildBetaDetail
        /v1/appStoreVersions/{version}/appStoreVersionLocalizations?limit=200
        /v1/appStoreVersions/{version}/appStoreVersionPhasedRelease
        /v1/appStoreVersions/{version}/appStoreReviewDetail
        /v1/apps/{app}/appInfos
        /v1/apps/{app}/reviewSubmissions?limit=200
        /v1/buildBetaDetails?filter[build]={build},b230&limit=200
        """,
    "applaud 0.9.4": """
        /v1/apps?filter[bundleId]=com.example.notes
        /v1/apps/{app}/appStoreVersions?filter[versionString]=1.4.2
        /v1/builds?filter[expired]=false&filter[app]={app}&filter[version]=231
        /v1/appStoreVersions/{version}/relationships/build
        /v1/preReleaseVersions
        /v1/apps/{app}/preReleaseVersions
        /v1/apps/{app}/builds
        """,
    "appstoreconnect 0.10.1": """
        /v1/apps?filter[bundleId]=com.example.notes
        /v1/builds?filter[app]={app}&filter[version]=231&fields[builds]=processingState
        /v1/preReleaseVersions
        /v1/apps/{app}/betaGroups
        /v1/builds/{build}/icons
        /v1/builds/{build}/individualTesters
        """,
    "asconnect 7.1.1": """
        /v1/apps
        /v1/apps/{app}/appStoreVersions?filter[versionString]=1.4.2&filter[platform]=IOS
        /v1/builds?filter[version]=231&filter[app]={app}&filter[preReleaseVersion.version]=1.4.2
        /v1/builds/{build}/app
        /v1/appStoreVersions/{version}/build
        """,
    "PowerForge": """
        /v1/apps?filter[bundleId]=com.example.notes&filter[appStoreVersions.platform]=IOS&limit=20
        /v1/apps/{app}/appStoreVersions?limit=10&filter[versionString]=1.4.2&filter[platform]=IOS
        /v1/builds?filter[app]={app}&limit=20&filter[version]=231&include=preReleaseVersion
        /v1/appStoreVersions/{version}/relationships/build
        """,
    "ascelerate": """
        /v1/apps?limit=1
        /v1/apps/{app}/appStoreVersions?filter[appVersionState]=PREPARE_FOR_SUBMISSION,WAITING_FOR_REVIEW
        /v1/builds?filter[preReleaseVersion.version]=1.4.2&filter[app]={app}&sort=-uploadedDate
            &limit=10
        """,
    "applelink": """
        /v1/builds?filter[version]=231&filter[app]={app}&include=preReleaseVersion,buildBetaDetail
        /v1/builds?filter[app]={app}&include=preReleaseVersion,betaBuildLocalizations
        /v1/apps/{app}/appStoreVersions?filter[platform]=IOS
            &include=build,appStoreVersionPhasedRelease,appStoreVersionSubmission
        /v1/builds?sort=-version&limit=1&filter[app]={app}
        /v1/apps/{app}/reviewSubmissions?include=items,appStoreVersionForReview
        """,
}
"""Each request on a line; a line that begins with `&` or a comma goes on with the one before."""

# As keys that are there; null will do in attributes. codemagic ends on one that is missing.
NEEDED: dict[str, tuple[str, str]] = {
    "apps": (
        """bundleId name primaryLocale sku contentRightsDeclaration isOrEverWasMadeForKids""",
        """appInfos appStoreVersions betaAppLocalizations betaAppReviewDetail betaGroups
        betaLicenseAgreement builds endUserLicenseAgreement gameCenterEnabledVersions
        preReleaseVersions""",
    ),
    "appStoreVersions": (
        """platform copyright earliestReleaseDate releaseType versionString createdDate
        downloadable appVersionState""",
        """appStoreReviewDetail appStoreVersionLocalizations appStoreVersionPhasedRelease
        appStoreVersionSubmission build routingAppCoverage""",
    ),
    "builds": (
        """expired iconAssetToken minOsVersion processingState version usesNonExemptEncryption
        uploadedDate expirationDate buildAudienceType""",
        """app appEncryptionDeclaration individualTesters preReleaseVersion
        betaBuildLocalizations buildBetaDetail betaAppReviewSubmission appStoreVersion icons""",
    ),
    "preReleaseVersions": ("platform version", "app builds"),
    "buildBetaDetails": (
        """autoNotifyEnabled externalBuildState internalBuildState""",
        """build""",
    ),
    "buildUploads": ("cfBundleVersion state", "buildUploadFiles"),
}


def requests_of(text: str) -> list[str]:
    return re.sub(r"\n +([&,])", r"\1", text).split()


@pytest.mark.parametrize(
    ("client", "target"),
    [(client, each) for client, text in READS.items() for each in requests_of(text)],
)
def test_what_a_client_reads_is_answered_as_it_needs_it(
    play: Play, client: str, target: str
) -> None:
    apple = play(version={"build": "b231"})
    train = apple.ids("/v1/preReleaseVersions?filter[platform]=IOS")[0]
    path = target.format(app="6446000001", version="v142", build="b231", train=train)
    response = apple.get(path)

    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == "application/json"
    document = response.json()
    assert document["links"]["self"].startswith(apple.emulator.url)
    assert None not in document["links"].values()
    if isinstance(document["data"], list):
        assert set(document["meta"]["paging"]) <= {"total", "limit", "nextCursor"}
    for resource in resources(document):
        check(resource, narrowed=f"fields[{resource['type']}]" in target)


def resources(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    data = document["data"]
    shown = data if isinstance(data, list) else [data] if data else []
    for each in [*shown, *document.get("included", [])]:
        if set(each) != {"type", "id"}:
            yield each


def check(resource: dict[str, Any], *, narrowed: bool) -> None:
    """Everything is there that a client reads, and nothing that one would stumble over."""
    attributes, relationships = (each.split() for each in NEEDED[resource["type"]])
    assert set(resource) <= {"type", "id", "attributes", "relationships", "links"}
    assert set(resource["links"]) == {"self"}
    if not narrowed:
        assert set(attributes) <= set(resource["attributes"])
        assert set(relationships) <= set(resource["relationships"])
    for relationship in resource.get("relationships", {}).values():
        assert set(relationship) <= {"links", "data", "meta"}
        assert set(relationship.get("links", {})) <= {"self", "related"}
        assert set(relationship.get("meta", {}).get("paging", {})) <= {"total", "limit"}
        assert "links" in relationship or "data" in relationship


def test_microsofts_client_finds_strings_where_apple_has_some(apple: Apple) -> None:
    build = apple.get("/v1/builds/b231").json()["data"]["attributes"]
    version = apple.get("/v1/appStoreVersions/v142").json()["data"]["attributes"]

    strings = [build[name] for name in ("minOsVersion", "uploadedDate", "expirationDate")]
    assert all(isinstance(each, str) for each in [*strings, version["copyright"]])


@pytest.mark.parametrize(
    "attributes", [{}, {"releaseType": "MANUAL"}, {"versionString": "1.4.2", "copyright": "2026"}]
)
def test_a_build_is_attached_and_detached_with_the_version(
    apple: Apple, attributes: dict[str, Any]
) -> None:
    for build_id in ("b231", None):
        data: dict[str, Any] = {"id": "v142", "type": "appStoreVersions"}
        data |= {"relationships": {"build": linkage(build_id)}}
        data |= {"attributes": attributes} if attributes else {}
        response = apple.send("PATCH", "/v1/appStoreVersions/v142", {"data": data})

        assert response.status_code == 200
        check(response.json()["data"], narrowed=False)
        found = apple.get("/v1/appStoreVersions/v142/build").json()["data"]
        assert (found and found["id"]) == build_id


def test_a_version_is_created_and_deleted(apple: Apple) -> None:
    relationships = {"app": {"data": {"type": "apps", "id": "6446000001"}}}
    attributes = {"platform": "TV_OS", "versionString": "1.4.2"}
    data = {
        "type": "appStoreVersions",
        "attributes": attributes,
        "relationships": relationships,
    }
    created = apple.send("POST", "/v1/appStoreVersions", {"data": data}).json()["data"]
    check(created, narrowed=False)
    path = f"/v1/appStoreVersions/{created['id']}"

    assert apple.send("DELETE", path).status_code == 204
    assert apple.get(path).status_code == 404


def test_a_write_may_name_its_charset_and_wait_to_be_asked_for_its_body(apple: Apple) -> None:
    headers = {
        "Authorization": f"Bearer {apple.token()}",
        "Content-Type": "application/json; charset=utf-8",
        "Expect": "100-continue",
    }
    url = apple.emulator.url + LINK
    response = apple.session.patch(url, json=linkage("b231"), headers=headers, timeout=10)

    assert response.status_code == 204


@pytest.mark.parametrize("claims", [{"aud": ["appstoreconnect-v1"]}, {"iat": None}])
def test_tokens_are_taken_as_clients_make_them(apple: Apple, claims: dict[str, Any]) -> None:
    fraction = apple.clock.now + 1199.5

    assert apple.get("/v1/apps", token=apple.token(**claims)).status_code == 200
    assert apple.get("/v1/apps", token=apple.token(iat=None, exp=fraction)).status_code == 200


def test_every_page_repeats_what_was_asked_for(play: Play) -> None:
    builds = [{"id": f"b{n}", "version": str(n), "preReleaseVersion": "1.4.2"} for n in range(1, 5)]
    apple = play(app={"builds": builds})
    first = apple.get("/v1/builds?limit=3&sort=-version&filter[app]=6446000001&include=app").json()
    second = apple.get(first["links"]["next"]).json()

    assert [each["id"] for each in second["data"]] == ["b1"]
    assert [each["type"] for each in second["included"]] == ["apps"]
    assert "next" not in second["links"]
    assert "nextCursor" not in second["meta"]["paging"]
