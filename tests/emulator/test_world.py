"""The world's file: short to write, exact about mistakes, the same after a run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from emulator.played import Apple, Clock

from asc_linker.emulator import Emulator, ThrowawayKey, World, WorldError, example_world

Play = Callable[..., Apple]


def test_a_minimal_world_is_completed_sensibly() -> None:
    world = World.from_json(
        """
        {"apps": [{"bundleId": "com.example.notes",
                   "appStoreVersions": [{"versionString": "1.4.2", "build": "231"}],
                   "builds": [{"version": "231", "preReleaseVersion": "1.4.2"}]}]}
        """
    )
    [app] = world.apps

    assert app.id.isdigit()
    assert app.name == "Notes"
    assert app.builds[0].processing_state == "VALID"
    assert app.app_store_versions[0].app_version_state == "PREPARE_FOR_SUBMISSION"
    assert app.app_store_versions[0].build == app.builds[0].id
    assert world.build(app.builds[0].id) is app.builds[0]
    assert world.app(app.id) is app


NOTES = {"bundleId": "com.example.notes"}


@pytest.mark.parametrize(
    ("world", "message"),
    [
        ("{", "the world is not JSON"),
        ("[]", "the world: [] is not an object"),
        ({"app": []}, "app: unknown key; known here are agreementMissing, apps, keys, script"),
        ({"apps": {}}, "apps: {} is not a list"),
        ({"apps": [NOTES | {"copies": 0}]}, "apps[0].copies: 0 is not from 1 to 5000"),
        ("[" * 100_000, "the world is not JSON: nested too deeply"),
        ({"apps": [{}]}, "apps[0].bundleId: required, and not given"),
        ({"apps": [{"bundleId": 1}]}, "apps[0].bundleId: 1 is not a string"),
        ({"apps": [NOTES, NOTES]}, "apps[1].id: '"),
        (
            {"apps": [NOTES | {"builds": [{"version": "1", "preReleaseVersion": "1",
                                           "platform": "iOS"}]}]},
            "apps[0].builds[0].platform: 'iOS' is none of IOS, MAC_OS, TV_OS, VISION_OS",
        ),
        (
            {"apps": [NOTES | {"builds": [{"version": "1", "preReleaseVersion": "1",
                                           "uploadedDate": "now"}]}]},
            "apps[0].builds[0]: uploadedDate: 'now' is no ISO 8601 time",
        ),
        (
            {"apps": [NOTES | {"builds": [{"version": "1", "preReleaseVersion": "1",
                                           "vanishes": [[1]]}]}]},
            "apps[0].builds[0].vanishes[0]: [1] should have 2 items",
        ),
        (
            {"apps": [NOTES | {"appStoreVersions": [{"versionString": "1", "build": "9"}]}]},
            "apps[0].appStoreVersions[0].build: no build of this version has the id or number '9'",
        ),
        ({"script": {"faults": [{"match": "apps"}]}}, "script.faults[0]: match: 'apps' is not"),
        (
            {"script": {"faults": [{"match": "GET /", "headers": "x"}]}},
            "script.faults[0]: headers: 'x' is neither an object nor a list of pairs",
        ),
    ],
)  # fmt: skip
def test_a_world_that_cannot_be_is_refused_with_its_place(world: Any, message: str) -> None:
    with pytest.raises(WorldError) as caught:
        World.from_json(world)

    assert str(caught.value).startswith(message)


def test_a_key_of_a_world_has_to_be_a_public_key() -> None:
    world = World.from_json({"keys": [{"id": "ABCDEFGHIJ", "publicKey": "-----BEGIN"}]})

    with pytest.raises(WorldError, match="key ABCDEFGHIJ: publicKey is no public key"):
        Emulator(world)


def test_a_run_is_continued_from_its_file(play: Play, key: ThrowawayKey, tmp_path: Path) -> None:
    apple = play(build={"processedAfterSeconds": 60, "vanishes": [[1, 2]]})
    apple.clock.now += 30
    apple.attach("b230")
    world = World.from_json(json.dumps(apple.emulator.world.to_json()))

    assert world == apple.emulator.world
    with Emulator(world, keys=[key], now=apple.clock) as emulator:
        again = Apple(emulator, key, apple.clock)
        with again.session:
            assert again.attach("b231").status_code == 409
            apple.clock.now += 30
            assert again.attach("b231").status_code == 204


def test_a_world_is_saved_after_each_write_that_took_place(
    key: ThrowawayKey, tmp_path: Path
) -> None:
    file, clock = tmp_path / "world.json", Clock()
    with Emulator(example_world(), keys=[key], now=clock, save_to=file) as emulator:
        app = emulator.world.apps[0]
        apple = Apple(emulator, key, clock)
        path = f"/v1/appStoreVersions/{app.app_store_versions[1].id}/relationships/build"
        with apple.session:
            apple.attach("none", path)
            assert not file.exists()
            apple.attach(app.builds[-1].id, path)

    saved = World.from_json(file.read_text(encoding="utf-8"))
    assert saved.apps[0].app_store_versions[1].build == app.builds[-1].id
    assert saved.keys == []
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    ("inputs", "numbers", "released"),
    [
        ({}, ["228", "229", "230", "231"], "1.4.1"),
        ({"build_number": "2"}, ["2.0.1", "2.0.2", "2.0.3", "2"], "1.4.1"),
        ({"build_number": "1.2.9"}, ["1.2.6", "1.2.7", "1.2.8", "1.2.9"], "1.4.1"),
        ({"version_string": "2.0"}, ["228", "229", "230", "231"], "1.9"),
        ({"version_string": "0"}, ["228", "229", "230", "231"], "0.0.1"),
    ],
)
def test_the_example_fits_the_inputs_it_is_made_for(
    inputs: dict[str, str], numbers: list[str], released: str
) -> None:
    [app] = example_world(**inputs).apps

    assert [build.version for build in app.builds] == numbers
    assert [version.version_string for version in app.app_store_versions] == [
        released,
        inputs.get("version_string", "1.4.2"),
    ]
    assert app.app_store_versions[0].build == app.builds[0].id


def test_one_app_can_be_many() -> None:
    app = {
        "bundleId": "com.example.app{n}",
        "copies": 3,
        "appStoreVersions": [{"versionString": "1.{n}", "build": "{n}"}],
        "builds": [{"version": "{n}", "preReleaseVersion": "1.{n}"}],
    }
    world = World.from_json({"apps": [app, NOTES]})

    assert [each.bundle_id for each in world.apps] == [
        "com.example.app1",
        "com.example.app2",
        "com.example.app3",
        "com.example.notes",
    ]
    assert world.apps[2].app_store_versions[0].version_string == "1.3"
    assert World.from_json(world.to_json()) == world


def test_an_upload_that_is_awaited_has_no_upload_date_yet(play: Play) -> None:
    awaited = {
        "cfBundleVersion": "232",
        "cfBundleShortVersionString": "1.4.2",
        "state": {"state": "AWAITING_UPLOAD"},
        "createdDate": "2026-09-01T10:00:00+00:00",
    }
    complete = {**awaited, "cfBundleVersion": "233", "state": {"state": "COMPLETE"}}
    apple = play(app={"buildUploads": [awaited, complete]})
    path = "/v1/apps/6446000001/buildUploads?sort=-uploadedDate&include=build"
    found = {each["attributes"]["cfBundleVersion"]: each for each in apple.get(path).json()["data"]}

    assert found["232"]["attributes"]["uploadedDate"] is None
    assert found["232"]["attributes"]["createdDate"] == "2026-09-01T10:00:00+00:00"
    assert found["233"]["attributes"]["state"]["state"] == "COMPLETE"
    assert found["233"]["relationships"]["build"]["data"] is None
