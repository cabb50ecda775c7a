"""Several targets in one run: all of them or none, side by side, each told for itself."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from builders import key_inputs
from fake_clock import FakeClock
from story import End, Log, Story

from asc_linker.emulator import Emulator, ThrowawayKey, World
from asc_linker.run import Listeners, run

LINK = "PATCH /v1/appStoreVersions/*/relationships/build"
ISSUER_ID = "57246542-96fe-1a63-e053-0824d011072a"


def an_app(n: int, *platforms: str, **changes: Any) -> dict[str, Any]:
    """App number `n`: version 1.4.2 with build 230 attached, and build 231 beside it."""
    versions, builds = [], []
    for platform in platforms or ("IOS",):
        name = f"{n}-{platform.lower()}"
        of = {"platform": platform, "preReleaseVersion": "1.4.2"}
        versions.append(
            {"id": f"v{name}", "versionString": "1.4.2", "platform": platform, "build": f"o{name}"}
        )
        builds += [
            {"id": f"o{name}", "version": "230", "usesNonExemptEncryption": False, **of},
            {"id": f"b{name}", "version": "231", "usesNonExemptEncryption": False, **of} | changes,
        ]
    return {
        "id": str(6446000000 + n),
        "bundleId": f"com.example.app{n}",
        "appStoreVersions": versions,
        "builds": builds,
    }


class Agency:
    """Many apps, and runs over all of them."""

    def __init__(self, apps: list[dict[str, Any]], keys: list[ThrowawayKey], **world: Any) -> None:
        self.clock = FakeClock()
        self.emulator = Emulator(
            World.from_json({"apps": apps, **world}), keys=keys, now=self.clock.now
        )
        self._keys = keys

    def run(self, targets: Any, environment: dict[str, str] | None = None, **inputs: str) -> End:
        log = Log()
        key = self._keys[0]
        given = {
            **key_inputs(key, self.emulator.url),
            "wait-minutes": "0",
            "version-string": "1.4.2",
            "build-number": "231",
            "targets": json.dumps(targets),
            **{name.replace("_", "-"): value for name, value in inputs.items()},
        }
        listeners = Listeners(log, lambda _: None, lambda _: None)
        ending = run(given, environment or {}, listeners, self.clock)
        assert not ending.trace, ending.trace
        return End(ending, log)

    @property
    def attached(self) -> Counter[str]:
        """How often each build number is attached."""
        numbers = {build.id: build.version for app in self.apps for build in app.builds}
        return Counter(
            numbers[version.build]
            for app in self.apps
            for version in app.app_store_versions
            if version.build
        )

    @property
    def apps(self) -> Any:
        return self.emulator.world.apps

    def requests(self) -> Counter[str]:
        return Counter(each.method for each in self.emulator.requests)


@pytest.fixture
def agency(key: ThrowawayKey) -> Iterator[Any]:
    with ExitStack() as stack:

        def start(
            count: int = 0,
            *apps: dict[str, Any],
            keys: list[ThrowawayKey] | None = None,
            **world: Any,
        ) -> Agency:
            whole = [*apps] or [an_app(n) for n in range(count)]
            made = Agency(whole, keys or [key], **world)
            stack.callback(made.emulator.close)
            return made

        yield start


def targets(count: int) -> list[dict[str, str]]:
    return [{"bundle-id": f"com.example.app{n}"} for n in range(count)]


# ------------------------------------------------------------------------- all or none


def test_both_platforms_of_a_universal_app_are_attached_in_one_run(agency: Any) -> None:
    place = agency(0, an_app(1, "IOS", "MAC_OS"))

    end = place.run([{"bundle-id": "com.example.app1", "platform": "ios, macos"}])

    assert end.outcomes == ["attached", "attached"]
    assert [report.request.label for report in end.reports] == [
        "com.example.app1 (ios)",
        "com.example.app1 (macos)",
    ]
    assert place.attached == {"231": 2}


def test_each_target_uses_its_own_key(agency: Any, key: ThrowawayKey) -> None:
    other = ThrowawayKey.generate(ISSUER_ID)
    place = agency(3, keys=[key, other])
    environment = {
        "CLIENT_KEY_ID": other.key_id,
        "CLIENT_ISSUER": other.issuer_id or "",
        "CLIENT_KEY": other.private_key,
    }
    own = {
        "bundle-id": "com.example.app1",
        "api-key-id-env": "CLIENT_KEY_ID",
        "issuer-id-env": "CLIENT_ISSUER",
        "api-private-key-env": "CLIENT_KEY",
    }

    end = place.run([targets(3)[0], own, targets(3)[2]], environment)

    assert end.outcomes == ["attached"] * 3
    assert end.reports[1].request.key_id == other.key_id
    assert end.reports[0].request.key_id == end.reports[2].request.key_id == key.key_id


def test_a_target_that_cannot_be_done_leaves_all_unwritten(agency: Any) -> None:
    apps = [an_app(n) for n in range(50)]
    apps[17]["builds"][1]["expired"] = True
    place = agency(0, *apps)

    end = place.run(targets(50))

    assert end.exit_code == 5
    assert Counter(end.outcomes) == {"not-written": 49, "failed": 1}
    assert end.outcomes[17] == "failed"
    assert "expired" in end.reports[17].error.message
    assert {report.reason_id for report in end.reports if report.reason} == {"held-back"}
    assert not place.emulator.writes
    assert place.attached == {"230": 50}


def test_skipped_kept_and_already_attached_hold_nobody_back(agency: Any) -> None:
    apps = [an_app(n) for n in range(4)]
    apps[0]["appStoreVersions"][0]["build"] = "b0-ios"
    apps[1]["appStoreVersions"][0]["appVersionState"] = "IN_REVIEW"
    place = agency(0, *apps)

    end = place.run(
        [
            targets(1)[0],
            {"bundle-id": "com.example.app1", "if-version-locked": "skip"},
            {"bundle-id": "com.example.app2", "if-attached": "keep"},
            {"bundle-id": "com.example.app3"},
        ]
    )

    assert end.exit_code == 0
    assert end.outcomes == ["already-attached", "skipped", "kept", "attached"]


def test_a_write_that_apple_refuses_half_way_does_not_stop_the_others(agency: Any) -> None:
    place = agency(50)
    refusal = {
        "errors": [
            {
                "status": "409",
                "code": "ENTITY_ERROR.RELATIONSHIP.INVALID",
                "title": "The provided entity includes a relationship with an invalid value",
                "detail": "The specified pre-release build could not be added.",
            }
        ]
    }
    place.emulator.on(LINK, after=19, status=409, body=refusal)

    end = place.run(targets(50))

    assert end.exit_code == 5
    assert Counter(end.outcomes) == {"attached": 49, "failed": 1}
    (failed,) = (report for report in end.reports if report.error)
    assert failed.changed is False
    assert failed.writes == failed.unknown_writes == ()
    assert place.attached == {"231": 49, "230": 1}

    again = place.run(targets(50))

    assert Counter(again.outcomes) == {"already-attached": 49, "attached": 1}
    assert place.attached == {"231": 50}


def test_once_apple_fails_for_good_no_further_write_begins(agency: Any) -> None:
    place = agency(50)
    place.emulator.on(LINK, after=19, times=None, status=503)

    end = place.run(targets(50))

    assert end.exit_code == 7
    outcomes = Counter(end.outcomes)
    assert outcomes["attached"] == 19
    assert outcomes["failed"] <= 8
    assert outcomes["not-written"] == 50 - 19 - outcomes["failed"]
    assert {report.changed for report in end.reports if report.error} == {False}
    assert place.attached == {"231": 19, "230": 31}

    place.emulator.on(LINK, times=0, status=503)
    again = agency(0, *[an_app(n) for n in range(50)])
    assert again.run(targets(50)).exit_code == 0


def test_a_first_refusal_for_good_ends_the_wait_of_all(agency: Any) -> None:
    apps = [an_app(n) for n in range(3)]
    apps[0]["builds"][1]["processedAfterSeconds"] = 1200
    apps[2]["builds"][1] |= {"processedAfterSeconds": 60, "processingState": "INVALID"}
    place = agency(0, *apps)

    end = place.run(targets(3), wait_minutes="30")

    assert end.exit_code == 5
    assert end.outcomes == ["not-written", "not-written", "failed"]
    assert place.clock.elapsed < 300


def universal(agency: Any, *others: dict[str, Any], ios_after_s: float) -> Agency:
    """A universal app without version 1.4.2, whose macOS build is there at once.

    The iOS build is uploaded so many seconds later; until then Apple knows nothing of it.
    """
    app = an_app(1, "IOS", "MAC_OS")
    app["appStoreVersions"] = []
    app["builds"] = [build for build in app["builds"] if build["version"] == "231"]
    app["builds"].append(
        {
            "id": "b1-old",
            "version": "231",
            "platform": "MAC_OS",
            "preReleaseVersion": "1.4.1",
            "uploadedDate": "2026-06-01T12:00:00Z",
            "processedAfterSeconds": 3600,
        }
    )
    place: Agency = agency(0, app, *others)
    late = place.apps[0].builds.pop(0)

    def upload(_: float) -> None:
        if place.clock.elapsed >= ios_after_s and late not in place.apps[0].builds:
            place.apps[0].builds.append(late)

    place.clock.on_sleep.append(upload)
    return place


def test_platforms_of_one_app_that_come_one_after_the_other_are_waited_for(agency: Any) -> None:
    place = universal(agency, ios_after_s=15 * 60)

    end = place.run(
        [{"bundle-id": "com.example.app1", "platform": "ios, macos"}],
        wait_minutes="30",
        if_version_missing="create",
    )

    assert end.outcomes == ["attached", "attached"]
    assert [report.warnings for report in end.reports] == [(), ()]
    assert 15 * 60 <= place.clock.elapsed < 16 * 60
    assert place.attached == {"231": 2}
    said = [text for label, text in end.log.statuses if label == "com.example.app1 (ios)"]
    assert "Build 231 was uploaded for macOS, not for iOS." in said[0]


@pytest.mark.parametrize(
    "others",
    [
        [],
        [{"bundle-id": "com.example.app2", "platform": "macos"}],
        [{"bundle-id": "com.example.app1", "platform": "macos", "version-string": "1.4.1"}],
    ],
    ids=["alone", "another app", "another version string"],
)
def test_a_number_on_a_platform_that_no_target_wants_ends_the_wait_after_ten_minutes(
    agency: Any, others: list[dict[str, str]]
) -> None:
    other = an_app(2, "MAC_OS", processedAfterSeconds=3600)
    place = universal(agency, other, ios_after_s=15 * 60)

    end = place.run(
        [{"bundle-id": "com.example.app1", "platform": "ios"}, *others],
        wait_minutes="30",
        if_version_missing="create",
    )

    assert end.exit_code == 6
    assert end.outcomes == ["failed", *("not-written" for _ in others)]
    assert end.message.endswith("Build 231 was uploaded for macOS, not for iOS. Waited 10 min.")
    assert "`platform`" in end.hint
    assert [warning.id for warning in end.report.warnings] == ["build-elsewhere"]
    assert 10 * 60 <= place.clock.elapsed < 10 * 60 + 45
    assert not place.emulator.writes


def test_a_build_that_appears_in_the_ninth_minute_is_attached_without_a_warning(
    agency: Any,
) -> None:
    place = universal(agency, ios_after_s=9 * 60)

    end = place.run(
        [{"bundle-id": "com.example.app1", "platform": "ios"}],
        wait_minutes="30",
        if_version_missing="create",
    )

    assert end.outcomes == ["attached"]
    assert end.report.warnings == ()
    assert 9 * 60 <= place.clock.elapsed < 10 * 60
    assert place.attached == {"231": 1}


# --------------------------------------------------------------------------- conflicts


def test_a_version_that_reading_shows_to_be_named_twice_is_a_fault(agency: Any) -> None:
    place = agency(2)

    end = place.run([{"bundle-id": "com.example.app1"}, {"version-id": "v1-ios"}])

    assert end.exit_code == 2
    assert end.reports[1].error.id == "same-version-twice"
    assert not place.emulator.writes


def test_two_targets_that_create_on_one_platform_are_refused(agency: Any) -> None:
    app = an_app(1)
    app["appStoreVersions"] = []
    app["builds"].append({"id": "b240", "version": "240", "preReleaseVersion": "1.5.0"})
    place = agency(0, app)

    end = place.run(
        [
            {"bundle-id": "com.example.app1"},
            {"bundle-id": "com.example.app1", "version-string": "1.5.0", "build-number": "240"},
        ],
        if_version_missing="create",
    )

    assert end.exit_code == 5
    assert end.reports[1].error.id == "slot-taken"
    assert not place.emulator.writes


# ------------------------------------------------------------------------ the approved plan


def test_what_was_approved_is_carried_out_and_nothing_else(agency: Any) -> None:
    place = agency(5)
    plan = ",".join(report.plan for report in place.run(targets(5), dry_run="true").reports)
    place.apps[2].app_store_versions[0].build = None

    refused = place.run(targets(5), expected_plan=plan)

    assert refused.exit_code == 5
    assert refused.reports[2].error.id == "plan-differs"
    assert refused.outcomes.count("not-written") == 4
    assert not place.emulator.writes

    place.apps[2].app_store_versions[0].build = "o2-ios"
    assert place.run(targets(5), expected_plan=plan).outcomes == ["attached"] * 5


def test_what_has_become_so_since_the_approval_passes(agency: Any) -> None:
    place = agency(3)
    plan = ",".join(report.plan for report in place.run(targets(3), dry_run="true").reports)
    place.apps[1].app_store_versions[0].build = "b1-ios"

    end = place.run(targets(3), expected_plan=plan)

    assert end.outcomes == ["attached", "already-attached", "attached"]


def test_five_shards_cover_each_target_once(agency: Any) -> None:
    place = agency(23)
    plan = ",".join(report.plan for report in place.run(targets(23), dry_run="true").reports)

    ends = [place.run(targets(23), shard=f"{index}/5", expected_plan=plan) for index in range(1, 6)]

    assert [end.exit_code for end in ends] == [0] * 5
    assert {len(end.reports) for end in ends} == {4, 5}
    assert len(place.emulator.writes) == 23
    assert place.attached == {"231": 23}


# ------------------------------------------------------------------- what it costs


@pytest.mark.parametrize("count", [60, 120])
def test_many_targets_share_their_reads(agency: Any, count: int) -> None:
    place = agency(count)

    end = place.run(targets(count))

    assert end.exit_code == 0
    assert place.requests().total() <= 3.3 * count
    assert place.requests()["PATCH"] == count


def test_long_numbers_are_read_in_few_requests_of_addresses_that_servers_take(agency: Any) -> None:
    place = agency(49)
    numbers = [str(10**11 + n) for n in range(49)]
    wanted = [
        one | {"version-string": f"{number}.2", "build-number": number}
        for one, number in zip(targets(49), numbers, strict=True)
    ]

    place.run(wanted)

    asked = [each.query for each in place.emulator.requests if each.path == "/v1/builds"]
    assert {number for query in asked for number in query["filter[version]"].split(",")} >= {
        *numbers
    }
    assert max(sum(map(len, query.values())) for query in asked) <= 2000
    assert len(asked) == 3


def test_waiting_is_one_look_at_the_builds_of_all(agency: Any) -> None:
    apps = [an_app(n, processedAfterSeconds=600) for n in range(30)]
    place = agency(0, *apps)

    end = place.run(targets(30), wait_minutes="30")

    assert end.exit_code == 0
    looks = sum(each.path == "/v1/builds" for each in place.emulator.requests)
    assert looks <= 30
    # Those that were read before the wait, and once more before the write.
    versions = sum(each.path.endswith("/appStoreVersions") for each in place.emulator.requests)
    assert versions == 2 * 30


def test_a_run_that_the_keys_hour_does_not_cover_writes_nothing(agency: Any) -> None:
    place = agency(40, script={"rateLimit": 100})

    end = place.run(targets(40))

    assert end.exit_code == 7
    assert {report.error.id for report in end.reports if report.error} == {"quota"}
    assert "another hour" in end.reports[0].error.hint
    assert not place.emulator.writes


def test_what_needs_no_write_is_not_held_back_by_the_keys_hour(agency: Any) -> None:
    apps = [an_app(n) for n in range(40)]
    apps[3]["appStoreVersions"][0]["build"] = "b3-ios"
    place = agency(0, *apps, script={"rateLimit": 100})

    end = place.run(targets(40))

    assert end.outcomes == ["failed"] * 3 + ["already-attached"] + ["failed"] * 36


def test_once_writes_have_begun_apple_gets_the_time_it_asks_for(agency: Any) -> None:
    place = agency(12)
    place.emulator.on(LINK, after=4, status=429, headers={"Retry-After": "300"})

    end = place.run(targets(12), wait_minutes="30")

    assert end.exit_code == 0
    assert place.attached == {"231": 12}
    assert place.clock.elapsed >= 300


def test_a_run_has_an_end_after_which_no_write_begins(agency: Any) -> None:
    place = agency(3)
    place.emulator.on("GET /v1/apps", answer=lambda _: place.clock.sleep(601))

    end = place.run(targets(3))

    assert end.exit_code == 7
    assert "run-too-long" in {report.error.id for report in end.reports if report.error}
    assert not place.emulator.writes


def test_status_is_told_per_target_and_only_when_it_changes(agency: Any) -> None:
    apps = [an_app(n, processedAfterSeconds=300) for n in range(2)]
    place = agency(0, *apps)

    end = place.run(targets(2), wait_minutes="30")

    statuses = [text for label, text in end.log.statuses if label == "com.example.app0"]
    assert statuses[0] == "build 231 is PROCESSING."
    assert statuses.count("build 231 is PROCESSING.") == 1


def test_what_is_ready_and_what_is_refused_is_told_for_each_target(agency: Any) -> None:
    apps = [an_app(n) for n in range(3)]
    apps[1]["builds"][1]["expired"] = True
    apps[2]["appStoreVersions"][0]["build"] = "b2-ios"
    place = agency(0, *apps)

    end = place.run(targets(3))

    assert end.log.statuses == [
        ("com.example.app0", "ready."),
        ("com.example.app1", end.reports[1].error.message),
        ("com.example.app2", "already-attached."),
    ]


def test_one_target_is_a_list_of_one(agency: Any, key: ThrowawayKey) -> None:
    place = agency(1)

    end = place.run(targets(1))

    assert end.outcomes == ["attached"]
    assert end.report.request.label == ""
    assert Story(place.emulator, key, place.clock).writes == [
        ("PATCH", "/v1/appStoreVersions/v0-ios/relationships/build")
    ]


def test_what_the_key_sees_is_read_once_for_all_apps_that_are_not_there(agency: Any) -> None:
    place = agency(2)

    end = place.run([{"bundle-id": f"com.example.gone{n}"} for n in range(9)])

    assert {report.error.id for report in end.reports} == {"app-not-found"}
    assert place.requests().total() == 2
