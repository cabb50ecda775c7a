"""Random worlds and random requests, judged by an oracle that knows only the world.

Either exactly the right build is attached, or nothing is written and the error tells a true reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from fake_clock import NOON, FakeClock
from hypothesis import event, given, note, settings
from hypothesis import strategies as st
from oracle import NEW_STATE, TAKES_A_BUILD, Truth, dotted, truth
from story import End, Story

from asc_linker.emulator import Emulator, ThrowawayKey, World
from asc_linker.emulator.words import AppVersionState

BUNDLE_IDS = ("com.acme.notes", "com.acme.notes.pro", "com.acme", "com.acme.Notes")
PLATFORMS = ("IOS", "IOS", "IOS", "IOS", "MAC_OS", "MAC_OS", "TV_OS", "VISION_OS")
# As stored: the first three are one version to Apple, and so are the next two.
STORED_VERSIONS = ("1.2", "1.2", "1.2", "1.2.0", "1.2.0", "1.3", "1.20", "2")
TYPED_VERSIONS = ("1.2", "1.2.0", "01.2", "1.3", "1.3.0", "1.20", "2.0")
STORED_NUMBERS = ("7", "8", "9", "7.0", "70", "700", "71", "17")
TYPED_NUMBERS = ("7", "007", "7.0", "8", "latest")
STATES = (
    *(["PREPARE_FOR_SUBMISSION"] * 10),
    *(sorted(TAKES_A_BUILD) * 2),
    *(str(state) for state in AppVersionState),
    NEW_STATE,
)
PROCESSING_STATES = (*(["VALID"] * 9), "PROCESSING", "FAILED", "INVALID")


class NewState(str):
    """A state the emulator's list lacks: what it does not know, nobody can have learnt."""

    is_editable = False
    is_terminal = False
    app_store_state = NEW_STATE


class NewStateThatTakesBuilds(NewState):
    is_editable = True


@st.composite
def builds(draw: st.DrawFn, app: int) -> list[dict[str, Any]]:
    count = draw(st.sampled_from([2, 3, 4, 5, 1, 0]))
    ages = draw(st.permutations(range(count)))
    made = [draw(a_build(f"b{app}{n}", n, age)) for n, age in enumerate(ages)]
    return made if draw(rarely) else without_twins(made, "preReleaseVersion", "version")


@st.composite
def a_build(draw: st.DrawFn, name: str, n: int, age: int) -> dict[str, Any]:
    """A build; one that is not listed yet has a number of its own."""
    is_hidden = draw(rarely)
    uploaded = datetime.fromtimestamp(NOON, UTC) - timedelta(hours=1 + age)
    lapsed = draw(rarely)
    return {
        "id": name,
        "version": f"9{n}" if is_hidden else draw(st.sampled_from(STORED_NUMBERS)),
        "preReleaseVersion": draw(st.sampled_from(STORED_VERSIONS)),
        "platform": draw(st.sampled_from(PLATFORMS)),
        "processingState": draw(st.sampled_from(PROCESSING_STATES)),
        "buildAudienceType": "INTERNAL_ONLY" if draw(rarely) else "APP_STORE_ELIGIBLE",
        "expired": draw(rarely),
        "uploadedDate": uploaded.isoformat(),
        "expirationDate": (uploaded + timedelta(minutes=5 if lapsed else 99999)).isoformat(),
        "usesNonExemptEncryption": draw(st.sampled_from([None, None, True, False])),
        "appearsAfterSeconds": 1e9 if is_hidden else 0.0,
    }


@st.composite
def versions(draw: st.DrawFn, app: int, uploaded: list[dict[str, Any]]) -> list[dict[str, Any]]:
    made = []
    for n in range(draw(st.sampled_from([2, 1, 3, 4, 0]))):
        platform = draw(st.sampled_from(PLATFORMS))
        name = draw(st.sampled_from(STORED_VERSIONS))
        if uploaded and not draw(rarely):
            build = draw(st.sampled_from(uploaded))
            platform, name = build["platform"], build["preReleaseVersion"]
        on_it = [
            each["id"]
            for each in uploaded
            if each["platform"] == platform and not each["appearsAfterSeconds"]
        ]
        made.append(
            {
                "id": f"v{app}{n}",
                "versionString": name,
                "platform": platform,
                "appVersionState": draw(st.sampled_from(STATES)),
                "build": draw(st.sampled_from([None, None, *on_it])),
            }
        )
    return made if draw(rarely) else without_twins(made, "versionString")


def without_twins(things: list[dict[str, Any]], *names: str) -> list[dict[str, Any]]:
    """Those that differ to Apple in platform or `names`, of each only the first."""
    by_name = {
        (each["platform"], *(tuple(dotted(each[name])) for name in names)): each
        for each in reversed(things)
    }
    return [*reversed(by_name.values())]


@st.composite
def worlds(draw: st.DrawFn) -> dict[str, Any]:
    apps = []
    for n, bundle_id in enumerate(draw(st.permutations(BUNDLE_IDS))[: draw(st.integers(1, 3))]):
        uploaded = draw(builds(n))
        apps.append(
            {
                "id": f"644600000{n}",
                "bundleId": bundle_id,
                "builds": uploaded,
                "appStoreVersions": draw(versions(n, uploaded)),
            }
        )
    return {
        "apps": apps,
        "newStateTakesBuilds": draw(st.booleans()),
        "script": {
            "ignoreFilters": draw(st.booleans()),
            "refuseUnansweredCompliance": draw(rarely),
        },
    }


@st.composite
def requests(draw: st.DrawFn, world: Mapping[str, Any]) -> dict[str, str]:
    """Inputs by name; those of an app, a version and a build that are there, mostly."""
    app = draw(st.sampled_from(world["apps"]))
    in_stores = {(each["platform"], each["versionString"]) for each in app["appStoreVersions"]}
    fitting = [b for b in app["builds"] if (b["platform"], b["preReleaseVersion"]) in in_stores]
    build = draw(st.sampled_from((draw(mostly) and fitting) or app["builds"] or [None]))
    if build is None or draw(rarely):
        version, number = (
            draw(st.sampled_from(TYPED_VERSIONS)),
            draw(st.sampled_from(TYPED_NUMBERS)),
        )
    else:
        spelling = draw(st.sampled_from(["{}", "{}", "0{}", "{}.0"]))
        version = spelling.format(build["preReleaseVersion"])
        number = draw(st.sampled_from(["{}", "{}", "0{}", "latest"])).format(build["version"])
    inputs: dict[str, str | None] = {
        "operation": draw(st.sampled_from([None] * 15 + ["attach", "detach", "show"])),
        "platform": draw(st.sampled_from([None, None, "ios", "macos"])),
        "version-string": version,
        "build-number": number,
        "wait-minutes": "0",
        "if-attached": draw(st.sampled_from([None, "replace", "replace", "keep", "fail"])),
        "if-version-missing": draw(st.sampled_from([None, "fail", "create", "rename"])),
        "if-version-locked": draw(st.sampled_from([None, "fail", "skip"])),
        "uses-non-exempt-encryption": draw(st.sampled_from([None, None, "true", "false"])),
        "dry-run": draw(st.sampled_from([None] * 7 + ["true"])),
    }
    if inputs["operation"] in ("detach", "show"):
        del inputs["build-number"]
    match draw(st.integers(0, 15)):
        case 15:
            inputs["bundle-id"] = draw(st.sampled_from(BUNDLE_IDS))
        case 14:
            inputs["bundle-id"] = draw(st.sampled_from(BUNDLE_IDS))
            inputs["app-id"] = app["id"]
        case 10 | 11 | 12 | 13:
            inputs["app-id"] = app["id"]
        case _:
            inputs["bundle-id"] = app["bundleId"]
    return {name: value for name, value in inputs.items() if value is not None}


mostly = st.sampled_from([True, True, True, False])
rarely = st.sampled_from([False] * 15 + [True])


def played(world: Mapping[str, Any]) -> World:
    """The world for the emulator, which is taught the new state by hand."""
    plain = deepcopy({name: each for name, each in world.items() if name != "newStateTakesBuilds"})
    new = []
    for app in plain["apps"]:
        for version in app["appStoreVersions"]:
            if version["appVersionState"] == NEW_STATE:
                version["appVersionState"] = "ACCEPTED"
                new.append(version["id"])
    made = World.from_json(plain)
    kind = NewStateThatTakesBuilds if world["newStateTakesBuilds"] else NewState
    for name in new:
        version = made.version(name)
        assert version is not None
        version.app_version_state = cast("AppVersionState", kind(NEW_STATE))
    return made


Versions = dict[str, tuple[str, str, str | None]]


def all_versions(world: World) -> Versions:
    """Platform, version string and build of every version of every app, by id."""
    return {
        version.id: (str(version.platform), version.version_string, version.build)
        for app in world.apps
        for version in app.app_store_versions
    }


def all_answers(world: World) -> dict[str, bool | None]:
    return {
        build.id: build.uses_non_exempt_encryption for app in world.apps for build in app.builds
    }


@settings(max_examples=8 * settings().max_examples)
@given(st.data())
def test_exactly_what_was_asked_for_is_attached_or_nothing_and_a_true_reason_told(
    key: ThrowawayKey, data: st.DataObject
) -> None:
    world = data.draw(worlds(), label="world")
    request = data.draw(requests(world), label="request")
    expected = truth(world, request, NOON)
    event(expected.outcome or f"exit code {expected.reasons[0].exit_code}")
    clock = FakeClock()

    with Emulator(played(world), keys=[key], now=clock.now) as emulator:
        before, unanswered = all_versions(emulator.world), all_answers(emulator.world)
        end = Story(emulator, key, clock).run_with(request)

        note(f"{end.outcome}: {end.message} {end.hint}")
        assert_it_ended_as(expected, end)
        assert bool(emulator.writes) == bool(
            expected.attached or expected.answers or expected.is_tried
        )
        assert_only_that_changed(expected, before, all_versions(emulator.world), request)
        answers = {
            build: answer
            for build, answer in all_answers(emulator.world).items()
            if answer is not unanswered[build]
        }
        wanted = {expected.answers: request.get("uses-non-exempt-encryption") == "true"}
        harmless = {expected.may_answer: request.get("uses-non-exempt-encryption") == "true"}
        assert answers in ([wanted] if expected.answers else [{}, harmless])
        assert end.report.changed == (bool(answers) or before != all_versions(emulator.world))


def assert_it_ended_as(expected: Truth, end: End) -> None:
    if expected.outcome:
        assert (end.outcome, end.message) == (expected.outcome, "")
        return
    told = f"{end.message} {end.hint}"
    assert any(reason.is_given_by(end.exit_code, told) for reason in expected.reasons), expected


def assert_only_that_changed(
    expected: Truth, before: Versions, after: Versions, request: Mapping[str, str]
) -> None:
    if expected.attached is None:
        assert after == before
        return
    version, name, build = expected.attached
    if not version:
        (version,) = after.keys() - before.keys()
        assert request.get("platform", "ios") == "ios" or after[version][0] != "IOS"
    touched = {each for each in after if after[each] != before.get(each)}
    assert touched == {version}
    assert after[version][1:] == (name, build)
