"""Waiting for Apple: hours in milliseconds, on a clock that App Store Connect in memory goes by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from builders import key_inputs
from fake_clock import NOON, FakeClock
from story import APP, APP_ID, app_with, without_version

from asc_linker.decision.report import AttachReport
from asc_linker.emulator import Emulator, ThrowawayKey, World
from asc_linker.errors import AscLinkerError
from asc_linker.reporting.annotations import errors
from asc_linker.reporting.progress import Heartbeat
from asc_linker.run import Listeners, run

LINK = "/v1/appStoreVersions/v142/relationships/build"
BUILDS, UPLOADS = "GET /v1/builds", f"GET /v1/apps/{APP_ID}/buildUploads"
VERSIONS = f"GET /v1/apps/{APP_ID}/appStoreVersions"
WRITE = f"PATCH {LINK}"


@dataclass(frozen=True)
class Waited:
    """How a run ended, with every request and every line of the log, and the second they came."""

    report: AttachReport
    error: AscLinkerError | None
    requests: list[tuple[float, str]]
    log: list[tuple[float, str]]
    ended_s: float
    world: World

    @property
    def exit_code(self) -> int:
        return self.error.exit_code if self.error else 0

    @property
    def message(self) -> str:
        assert self.error is not None
        return self.error.message

    def times(self, *lines: str) -> list[float]:
        """The seconds at which one of these requests was made."""
        return [second for second, line in self.requests if line in lines]

    @property
    def heartbeats(self) -> list[tuple[float, str]]:
        return [(second, line) for second, line in self.log if line.startswith("Waiting: ")]

    @property
    def attached(self) -> str | None:
        version = self.world.version("v142")
        assert version is not None
        return version.build


Wait = Callable[..., Waited]


@pytest.fixture
def wait(key: ThrowawayKey, clock: FakeClock) -> Iterator[Wait]:
    """Waits for build 231 of `app`; `script` is the emulator's, `faults` strike it."""
    with ExitStack() as stack:

        def start(
            app: Mapping[str, Any] = APP,
            *,
            script: Mapping[str, Any] | None = None,
            faults: Mapping[str, Any] | None = None,
            **inputs: str,
        ) -> Waited:
            world = World.from_json({"apps": [deepcopy(dict(app))], "script": dict(script or {})})
            emulator = stack.enter_context(Emulator(world, keys=[key], now=clock.now))
            for match, fault in (faults or {}).items():
                emulator.on(match, **fault)
            given = {
                **key_inputs(key, emulator.url),
                "bundle-id": "com.example.notes",
                "version-string": "1.4.2",
                "build-number": "231",
                "wait-minutes": "60",
            }
            requests: list[tuple[float, str]] = []
            log: list[tuple[float, str]] = []

            def note(line: str) -> None:
                log.append((clock.elapsed, line))

            def request(line: str) -> None:
                requests.append((clock.elapsed, " ".join(line.split()[:2])))

            ending = run(
                given | {name.replace("_", "-"): value for name, value in inputs.items()},
                {},
                Listeners(Heartbeat(note), lambda _: None, request),
                clock,
            )
            assert not ending.trace, ending.trace
            (report,) = ending.reports
            return Waited(report, report.error, requests, log, clock.elapsed, world)

        yield start


def without_build(**changes: Any) -> dict[str, Any]:
    """The app before build 231 was uploaded."""
    app = deepcopy(APP) | changes
    app["builds"] = app["builds"][:2]
    return app


def upload(**changes: Any) -> dict[str, Any]:
    """What was uploaded as build 231."""
    return {"cfBundleVersion": "231", "cfBundleShortVersionString": "1.4.2"} | changes


def stamped(seconds: float) -> str:
    return datetime.fromtimestamp(NOON + seconds, UTC).isoformat()


NEVER = app_with(processedAfterSeconds=10**6)
REASONS = {
    "errors": [
        {"code": "90683", "description": "Missing purpose string in Info.plist."},
        {"code": "90713", "description": "Missing Info.plist value."},
    ]
}


# ------------------------------------------------------------- until the build is ready


@pytest.mark.parametrize(
    ("appears", "processed"),
    [(0, 30), (7, 7), (31, 61), (59, 600), (123, 456), (598, 602), (0, 1789), (2000, 2011)],
)
def test_a_build_that_becomes_valid_is_attached_within_one_poll_interval(
    wait: Wait, appears: int, processed: int
) -> None:
    waited = wait(app_with(appearsAfterSeconds=appears, processedAfterSeconds=processed))
    interval = 15 if processed < 120 else 30 if processed < 600 else 45

    assert waited.attached == "b231"
    assert processed <= waited.times(WRITE)[0] <= processed + interval


def test_a_build_that_flickers_is_waited_for_all_the_same(wait: Wait) -> None:
    spans = [[20, 40], [60, 300], [301, 310]]
    waited = wait(app_with(appearsAfterSeconds=10, processedAfterSeconds=305, vanishes=spans))

    assert waited.attached == "b231"
    assert [line for _, line in waited.log if "does not list" in line]


def test_an_outage_of_minutes_is_outlived(wait: Wait) -> None:
    # Six attempts a look, and no look succeeds for about three minutes.
    down = {"status": 503, "after": 2, "times": 24}
    waited = wait(app_with(processedAfterSeconds=600), faults={BUILDS: down})

    assert waited.attached == "b231"
    assert [line for _, line in waited.log if line.endswith("The wait goes on.")]


def test_an_outage_that_lasts_to_the_deadline_ends_the_wait_with_apples_failure(
    wait: Wait,
) -> None:
    down = {"status": 503, "after": 2, "times": None}
    waited = wait(app_with(processedAfterSeconds=600), faults={BUILDS: down}, wait_minutes="20")

    assert waited.exit_code == 7
    assert 20 * 60 <= waited.ended_s <= 21 * 60 + 5


def test_nothing_is_written_on_the_strength_of_a_version_that_could_not_be_read_again(
    wait: Wait,
) -> None:
    down = {"status": 503, "after": 1, "times": None}
    waited = wait(app_with(processedAfterSeconds=600), faults={VERSIONS: down})

    assert waited.exit_code == 7
    assert waited.times(WRITE) == []


def test_being_told_to_come_back_much_later_ends_the_wait(wait: Wait) -> None:
    later = {"status": 429, "headers": {"Retry-After": "1800"}, "after": 2, "times": None}
    waited = wait(app_with(processedAfterSeconds=600), faults={BUILDS: later})

    assert waited.exit_code == 7
    assert "asks to come back in 30 min" in waited.message
    assert waited.ended_s < 60


def test_a_version_that_is_to_be_created_is_created_once_its_build_is_ready(wait: Wait) -> None:
    app = without_version(builds=app_with(processedAfterSeconds=1000)["builds"])
    waited = wait(app, if_version_missing="create")

    assert [v.build for v in waited.world.apps[0].app_store_versions] == ["b229", "b231"]
    assert waited.times("POST /v1/appStoreVersions") == [1005]
    # Those of the version string, then all; all again now and then, and before the write.
    assert waited.times(VERSIONS) == [0, 0, 180, 480, 870, 1005]


def test_the_latest_build_is_waited_for_from_the_moment_it_is_uploaded(wait: Wait) -> None:
    app = app_with(appearsAfterSeconds=300, processedAfterSeconds=600)
    waited = wait(app, build_number="latest")

    assert waited.attached == "b231"


def test_each_look_is_one_request_and_now_and_then_one_more(wait: Wait) -> None:
    waited = wait(NEVER)
    looks = Counter(second for second, _ in waited.requests if 0 < second < waited.ended_s)

    assert sum(looks.values()) == len(looks) + len(looks) // 10


def test_uploads_are_looked_at_every_fourth_time_while_the_build_is_absent(wait: Wait) -> None:
    waited = wait(without_build(), script={"rateLimit": 10_000})
    looks = [second for second in waited.times(BUILDS) if 0 < second < waited.ended_s]

    assert [second for second in waited.times(UPLOADS) if 0 < second < waited.ended_s] == looks[::4]


def test_a_wait_for_the_latest_build_makes_few_requests_as_well(wait: Wait) -> None:
    app = deepcopy(APP) | {"builds": APP["builds"][:1]}
    app["appStoreVersions"] = [APP["appStoreVersions"][0], {"id": "v142", "versionString": "1.4.2"}]
    waited = wait(app, build_number="latest")
    looks = Counter(second for second, _ in waited.requests if 0 < second < waited.ended_s)

    assert sum(looks.values()) <= 1.4 * len(looks)


def test_half_an_hour_is_at_most_sixty_looks(wait: Wait) -> None:
    assert len(wait(NEVER, wait_minutes="30").times(BUILDS)) <= 60


def test_polls_are_quick_at_first_and_calmer_later(wait: Wait) -> None:
    looks = wait(NEVER, script={"rateLimit": 10_000}).times(BUILDS)
    gaps = {before: after - before for before, after in pairwise(looks)}

    assert {gap for at, gap in gaps.items() if at < 120} == {15}
    assert {gap for at, gap in gaps.items() if 120 <= at < 600} == {30}
    # The last one is at the deadline.
    assert {gap for at, gap in gaps.items() if 600 <= at < 3500} == {45}


# ------------------------------------------------------------------- the shared limit


@pytest.mark.parametrize("limit", [3600, 2000, 1000, 400, 200, 100, 50])
@pytest.mark.parametrize("app", [NEVER, without_build()], ids=["processing", "absent"])
def test_an_hour_of_waiting_takes_at_most_a_tenth_of_what_is_left(
    wait: Wait, app: dict[str, Any], limit: int
) -> None:
    waited = wait(app, script={"rateLimit": limit})
    polls = [line for second, line in waited.requests if 0 < second < waited.ended_s]

    assert waited.exit_code == 6
    assert len(polls) <= limit / 10


def test_few_requests_left_are_told_once(wait: Wait) -> None:
    waited = wait(NEVER, script={"rateLimit": 400})
    (told,) = [line for _, line in waited.log if "requests left" in line]

    assert told.startswith("The API key has 397 requests left in this hour: asking every 51 s,")


def test_plenty_of_requests_are_not_worth_a_word(wait: Wait) -> None:
    assert not [line for _, line in wait(NEVER).log if "requests" in line]


# ------------------------------------------------------------------- signs of life


@pytest.mark.parametrize("limit", [3600, 200])
def test_the_log_shows_a_sign_of_life_every_minute_and_not_every_poll(
    wait: Wait, limit: int
) -> None:
    beats = wait(NEVER, script={"rateLimit": limit}).heartbeats

    assert [second for second, _ in beats] == [60 * minute for minute in range(60)]


def test_a_sign_of_life_tells_the_state_what_has_passed_and_what_is_left(wait: Wait) -> None:
    beats = [line for _, line in wait(NEVER, wait_minutes="45").heartbeats]

    assert beats[0] == "Waiting: build 231 is PROCESSING; 0 s so far, 45 min left."
    assert beats[5] == "Waiting: build 231 is PROCESSING; 5 min so far, 40 min left."


def test_news_are_told_at_once(wait: Wait) -> None:
    beats = wait(app_with(appearsAfterSeconds=10, processedAfterSeconds=30)).heartbeats

    assert [(second, line.partition(";")[0]) for second, line in beats] == [
        (0, "Waiting: Apple does not list the build yet"),
        (15, "Waiting: build 231 is PROCESSING"),
    ]


# ------------------------------------------------------------------------- the deadline


def test_without_time_to_wait_apple_is_asked_once(wait: Wait) -> None:
    absent, processing = wait(without_build(), wait_minutes="0"), wait(NEVER, wait_minutes="0")

    assert (absent.exit_code, processing.exit_code) == (4, 6)
    assert (absent.ended_s, processing.ended_s) == (0, 0)
    assert processing.times(BUILDS) == [0]


@pytest.mark.parametrize("minutes", ["0.02", "0.5", "1.3", "10", "17.77", "60"])
@pytest.mark.parametrize("app", [NEVER, without_build()], ids=["processing", "absent"])
def test_the_last_poll_is_at_the_deadline_and_none_comes_after_it(
    wait: Wait, app: dict[str, Any], minutes: str
) -> None:
    waited = wait(app, wait_minutes=minutes)
    deadline = pytest.approx(float(minutes) * 60)

    assert waited.exit_code == 6
    assert waited.ended_s == deadline
    assert waited.times(BUILDS)[-1] == deadline


@pytest.mark.parametrize("minutes", [1, 2, 5, 10, 20, 30, 45])
def test_a_build_that_is_ready_at_the_deadline_is_attached(wait: Wait, minutes: int) -> None:
    for app in (
        app_with(processedAfterSeconds=minutes * 60 - 1),
        app_with(appearsAfterSeconds=minutes * 60 - 1),
    ):
        assert wait(app, wait_minutes=str(minutes)).attached == "b231"


# --------------------------------------------------------------------- bad news, early


@pytest.mark.parametrize("state", ["FAILED", "INVALID"])
def test_a_build_apple_cannot_process_ends_the_wait_with_apples_reasons(
    wait: Wait, state: str
) -> None:
    app = app_with(processedAfterSeconds=90, processingState=state)
    waited = wait(app | {"buildUploads": [upload(state=REASONS)]})

    assert waited.exit_code == 5
    assert waited.ended_s <= 100
    assert state in waited.message
    assert waited.error is not None
    assert "90683: Missing purpose string in Info.plist." in errors([waited.report])[0].message
    assert "90713: Missing Info.plist value." in errors([waited.report])[0].message


@pytest.mark.parametrize("fails_after", [0, 3, 33, 100, 555, 1000, 3001])
def test_a_rejected_upload_ends_the_wait_within_four_looks_with_apples_reasons(
    wait: Wait, fails_after: int
) -> None:
    rejected = upload(failsAfterSeconds=fails_after, state=REASONS)
    waited = wait(without_build(buildUploads=[rejected]))

    assert waited.exit_code == 5
    assert fails_after <= waited.ended_s <= fails_after + 4 * 45
    assert waited.error is not None
    assert errors([waited.report])[0].message.startswith(
        "Apple turned down the upload of build 231. 90683: Missing purpose string in Info.plist. "
        "90713: Missing Info.plist value.\n"
        "Mend what Apple names, and upload a build with a new number."
    )


def test_a_rejected_upload_is_told_also_when_there_is_no_time_to_wait(wait: Wait) -> None:
    rejected = upload(failsAfterSeconds=0, state=REASONS)
    waited = wait(without_build(buildUploads=[rejected]), wait_minutes="0")

    assert waited.exit_code == 5
    assert "90683" in waited.message


def test_an_upload_that_fails_after_its_build_is_listed_ends_the_wait(wait: Wait) -> None:
    rejected = upload(failsAfterSeconds=200, state=REASONS, build="b231")
    app = app_with(appearsAfterSeconds=30, processedAfterSeconds=10**6)
    waited = wait(app | {"buildUploads": [rejected]})

    assert waited.exit_code == 5
    assert waited.ended_s == 210
    assert "90683" in waited.message


def test_an_earlier_upload_that_failed_does_not_end_the_wait_for_the_newest(wait: Wait) -> None:
    earlier = upload(failsAfterSeconds=0, state=REASONS, uploadedDate=stamped(-900))
    newest = upload(uploadedDate=stamped(-30), build="b231")
    app = app_with(appearsAfterSeconds=120, processedAfterSeconds=240)
    waited = wait(app | {"buildUploads": [newest, earlier]})

    assert waited.attached == "b231"


@pytest.mark.parametrize(
    "other",
    [{"cfBundleVersion": "232"}, {"cfBundleShortVersionString": "1.5"}, {"platform": "MAC_OS"}],
)
def test_the_rejection_of_another_upload_is_none_of_our_business(
    wait: Wait, other: dict[str, str]
) -> None:
    rejected = upload(failsAfterSeconds=0, state=REASONS, **other)
    app = app_with(appearsAfterSeconds=120) | {"buildUploads": [rejected]}

    assert wait(app, platform="ios").attached == "b231"


def test_a_version_that_gets_locked_meanwhile_ends_the_wait(wait: Wait) -> None:
    version = {"lockedAfterSeconds": 400, "lockedAs": "WAITING_FOR_REVIEW"}
    waited = wait(app_with(version=version, processedAfterSeconds=10**6))

    assert waited.exit_code == 5
    assert 400 <= waited.ended_s <= 720
    assert "WAITING_FOR_REVIEW" in waited.message


def test_a_version_that_got_locked_just_before_the_build_is_ready_is_not_written_to(
    wait: Wait,
) -> None:
    version = {"lockedAfterSeconds": 280, "lockedAs": "IN_REVIEW"}
    waited = wait(app_with(version=version, processedAfterSeconds=285))

    assert waited.exit_code == 5
    assert "IN_REVIEW" in waited.message
    assert waited.times(WRITE) == []


@pytest.mark.parametrize(
    "change",
    [{"buildAudienceType": "INTERNAL_ONLY"}, {"expired": True}],
    ids=["internal", "expired"],
)
def test_a_build_that_can_never_be_attached_is_not_waited_for(
    wait: Wait, change: dict[str, Any]
) -> None:
    waited = wait(app_with(processedAfterSeconds=10**6, **change))

    assert (waited.exit_code, waited.ended_s) == (5, 0)


# ------------------------------------------------------------------ what was seen last


@pytest.mark.parametrize(
    ("app", "told"),
    [
        (without_build(), "is not among the uploaded builds: 230 (1.4.2, iOS, VALID), 229 (1.4.1,"),
        (without_build(), "Apple knows of no upload with this number."),
        (
            without_build(buildUploads=[upload(uploadedDate=stamped(-300))]),
            "Apple has received the upload at 11:55 UTC, and says PROCESSING.",
        ),
        (
            without_build(buildUploads=[upload(state={"state": "AWAITING_UPLOAD"})]),
            "Apple has been told of its upload, but has not received all of it.",
        ),
        (
            app_with(platform="MAC_OS"),
            "Build 231 was uploaded for macOS, not for iOS.",
        ),
        (
            without_build(buildUploads=[upload(platform="TV_OS")]),
            "Build 231 was uploaded for tvOS, not for iOS.",
        ),
        (
            app_with(preReleaseVersion="1.4.3"),
            "Build 231 was uploaded as version 1.4.3, not as 1.4.2.",
        ),
    ],
    ids=[
        "others",
        "never",
        "processing",
        "not all of it",
        "platform",
        "upload's platform",
        "version",
    ],
)
@pytest.mark.parametrize("minutes", ["0", "30"])
def test_what_was_seen_last_is_told_when_the_build_did_not_appear(
    wait: Wait, app: dict[str, Any], told: str, minutes: str
) -> None:
    waited = wait(app, wait_minutes=minutes, platform="ios")

    assert told in waited.message
    # A number that is elsewhere, and not under way, is waited for no longer than ten minutes.
    is_elsewhere = "uploaded as" in told
    waited_for = "10 min" if is_elsewhere else "30 min"
    assert (f"Waited {waited_for}." in waited.message) is (minutes == "30")
    assert waited.error is not None
    assert waited.error.hint


def test_a_build_in_processing_is_told_by_its_number(wait: Wait) -> None:
    assert wait(NEVER).message == "Apple is still processing build 231. Waited 60 min."


def test_an_apple_that_fails_while_it_is_explained_changes_nothing_about_the_end(
    wait: Wait,
) -> None:
    down = {"status": 500, "times": None}
    waited = wait(
        without_build(), wait_minutes="0", faults={BUILDS: down | {"after": 2}, UPLOADS: down}
    )

    assert waited.exit_code == 4
    assert waited.message == "Build 231 of 1.4.2 on iOS is not among the uploaded builds."


# ------------------------------------------------------------------------- after VALID


@pytest.mark.parametrize("answer", ["INVALID_STATE", "NOT_FOUND"])
def test_apple_gets_time_after_processing_in_steps_of_15_seconds(wait: Wait, answer: str) -> None:
    app = app_with(processedAfterSeconds=20, attachableAfterSeconds=100, notAttachableAnswer=answer)
    waited = wait(app)

    assert waited.attached == "b231"
    assert waited.times(WRITE) == [30, 45, 60, 75, 90, 105]


@pytest.mark.parametrize("answer", ["INVALID_STATE", "NOT_FOUND"])
def test_apple_gets_five_minutes_and_no_more(wait: Wait, answer: str) -> None:
    app = app_with(
        processedAfterSeconds=20, attachableAfterSeconds=10**6, notAttachableAnswer=answer
    )
    waited = wait(app)

    assert waited.exit_code == 5
    assert waited.times(WRITE)[-1] == waited.ended_s == 330
    assert "All our own checks pass" in waited.message
    assert "Tried for 5 min." in waited.message
    assert waited.error is not None
    assert "Run again in a few minutes" in waited.error.hint


def test_apple_gets_no_more_time_than_the_wait_has_left(wait: Wait) -> None:
    waited = wait(app_with(attachableAfterSeconds=10**6), wait_minutes="1.1")

    assert waited.times(WRITE) == pytest.approx([0, 15, 30, 45, 60, 66])


def test_without_time_to_wait_a_refusal_is_explained_at_once(wait: Wait) -> None:
    waited = wait(app_with(attachableAfterSeconds=10**6), wait_minutes="0")

    assert waited.exit_code == 5
    assert waited.times(WRITE) == [0]


def test_a_refusal_of_a_beta_xcode_is_explained_at_once(wait: Wait) -> None:
    code = (
        "ENTITY_ERROR.RELATIONSHIP.INVALID.INVALID_STATE."
        "BUILD_SDK_NOT_ALLOWED_FOR_APP_STORE_SUBMISSION"
    )
    error = {"status": "409", "code": code, "title": "The build's SDK build is not supported yet."}
    waited = wait(faults={WRITE: {"status": 409, "body": {"errors": [error]}, "times": None}})

    assert waited.exit_code == 5
    assert waited.times(WRITE) == [0]
    assert "Xcode" in waited.message


def test_a_version_that_got_locked_before_the_write_is_told_at_once(wait: Wait) -> None:
    version = {"lockedAfterSeconds": 10, "lockedAs": "IN_REVIEW"}
    waited = wait(app_with(version=version, processedAfterSeconds=15))

    assert waited.exit_code == 5
    assert waited.times(WRITE) == [15]
    assert waited.ended_s == 15
    assert "IN_REVIEW" in waited.message


def test_a_build_that_was_gone_for_a_moment_when_it_was_to_be_attached_is_attached(
    wait: Wait,
) -> None:
    error = {
        "status": "409",
        "code": "ENTITY_ERROR.RELATIONSHIP.INVALID",
        "title": "The provided entity includes a relationship with an invalid value",
        "detail": "'b231' is not a valid ID for this relationship",
    }
    gone = {"data": [], "links": {"self": "/v1/builds"}}
    waited = wait(
        faults={
            WRITE: {"status": 409, "body": {"errors": [error]}},
            BUILDS: {"status": 200, "body": gone, "after": 1, "times": 2},
        }
    )

    assert waited.attached == "b231"
    assert len(waited.times(WRITE)) == 2
