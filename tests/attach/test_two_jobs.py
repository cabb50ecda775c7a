"""Two jobs that attach different builds to one version at once: each ends knowing the truth."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from threading import Barrier
from typing import Any

import pytest
from fake_clock import FakeClock
from story import APP, End, Story

from asc_linker.emulator import Emulator, ThrowawayKey

LINK = "/v1/appStoreVersions/v142/relationships/build"
# Only what hangs waits for so long.
HANGS_S = 30

Begin = Callable[..., Story]


@pytest.fixture
def two_jobs(begin: Begin, key: ThrowawayKey) -> Callable[..., tuple[Story, End, End]]:
    """Attaches builds 231 and 232, both at once; they meet at each of the requests `met_at`."""

    def run(*met_at: str, **inputs: str) -> tuple[Story, End, End]:
        app = deepcopy(APP)
        app["builds"].append({"id": "b232", "version": "232", "preReleaseVersion": "1.4.2"})
        if "if_version_missing" in inputs:
            del app["appStoreVersions"][1]
        story = begin(app)
        for line in met_at:
            meet(story.emulator, line)

        def job(build_number: str) -> End:
            own = Story(story.emulator, key, FakeClock())
            return own.run(build_number=build_number, **inputs)

        with ThreadPoolExecutor(2) as pool:
            first, second = pool.map(job, ["231", "232"], timeout=HANGS_S)
        return story, first, second

    return run


def meet(emulator: Emulator, line: str) -> None:
    """Let the first two requests like `line` be answered when both have arrived."""
    both = Barrier(2)

    def wait(_received: Any) -> None:
        both.wait(timeout=HANGS_S)

    emulator.on(line, times=2, answer=wait)


def test_the_one_whose_build_was_replaced_says_so_and_the_other_has_attached(
    two_jobs: Callable[..., tuple[Story, End, End]],
) -> None:
    story, *ends = two_jobs(f"PATCH {LINK}", f"GET {LINK}")
    by_build = dict(zip(["b231", "b232"], ends, strict=True))
    winner = by_build.pop(str(story.attached()))
    (loser,) = by_build.values()

    assert (winner.exit_code, winner.outcome) == (0, "attached")
    assert (loser.exit_code, loser.outcome) == (7, "failed")
    assert f"shows another build (id {story.attached()}) now" in loser.message
    assert "`concurrency`" in loser.hint
    assert loser.report.changed


def test_whichever_way_they_meet_the_version_has_the_build_of_one_that_says_so(
    two_jobs: Callable[..., tuple[Story, End, End]],
) -> None:
    for met_at in (["GET /v1/apps"], ["GET /v1/builds"], [f"PATCH {LINK}"], [f"GET {LINK}"]):
        story, *ends = two_jobs(*met_at)
        attached = {end.outputs["build-id"] for end in ends if end.exit_code == 0}

        assert story.attached() in attached
        assert {end.exit_code for end in ends} <= {0, 7}


def test_two_jobs_that_create_one_version_leave_one_version(
    two_jobs: Callable[..., tuple[Story, End, End]],
) -> None:
    story, *ends = two_jobs("POST /v1/appStoreVersions", if_version_missing="create")
    made = [build for _, name, _, build in story.versions() if name == "1.4.2"]
    attached = {end.outputs["build-id"] for end in ends if end.exit_code == 0}

    assert len(made) == 1
    assert made[0] in attached
    assert {end.exit_code for end in ends} <= {0, 7}


@pytest.mark.parametrize("policy", ["keep", "fail"])
def test_neither_of_two_jobs_that_may_not_replace_a_build_does(
    two_jobs: Callable[..., tuple[Story, End, End]], policy: str
) -> None:
    story, *ends = two_jobs("GET /v1/apps", if_attached=policy)

    assert story.attached() == "b230"
    assert {end.outcome for end in ends} == ({"kept"} if policy == "keep" else {"failed"})
