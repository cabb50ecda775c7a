"""How long to wait, and how often to look meanwhile."""

from __future__ import annotations

import pytest
from fake_clock import FakeClock

from asc_linker.attach.wait import Grace, Wait
from asc_linker.errors import AppStoreConnectError


@pytest.mark.parametrize(
    ("elapsed_s", "pace_s"),
    [(0, 15), (119, 15), (120, 30), (599, 30), (600, 45), (10_000, 45)],
)
def test_looks_become_rarer_with_time(clock: FakeClock, elapsed_s: float, pace_s: float) -> None:
    wait = Wait(20_000, clock)
    clock.sleep(elapsed_s)

    assert wait.pace_s(None) == pace_s


@pytest.mark.parametrize(
    ("left", "pace_s"),
    [(None, 15), (3600, 15), (1350, 15), (675, 30), (135, 150), (10, 15 * 135), (0, 15 * 135)],
)
def test_looks_take_a_tenth_of_what_the_key_has_left(
    clock: FakeClock, left: int | None, pace_s: float
) -> None:
    assert Wait(20_000, clock).pace_s(left) == pytest.approx(pace_s)


def test_no_two_looks_are_more_than_an_hour_apart(clock: FakeClock) -> None:
    wait = Wait(20_000, clock)
    clock.sleep(700)

    assert wait.pace_s(1) == 3600


def test_slow_looks_are_told_each_time_they_begin(clock: FakeClock) -> None:
    wait = Wait(20_000, clock)

    told = [bool(wait.slowed_by(left)) for left in (901, 900, 10, 3600, 10)]

    assert told == [False, True, False, False, True]
    wait.slowed_by(None)
    assert wait.slowed_by(675) == (
        "The API key has 675 requests left in this hour: asking every 30 s, to leave most of them "
        "to other jobs."
    )


def test_a_pause_ends_with_the_wait_and_is_heard_at_each_full_minute(clock: FakeClock) -> None:
    wait = Wait(100, clock)
    beats: list[float] = []

    for _ in range(8):
        wait.pause(None, lambda: beats.append(clock.elapsed))

    assert beats == [0, 15, 30, 45, 60, 75, 90]
    assert clock.elapsed == 100
    assert (wait.is_over, wait.left_s, wait.elapsed_s) == (True, 0, 100)


def test_a_long_pause_is_heard_at_each_full_minute(clock: FakeClock) -> None:
    beats: list[float] = []

    Wait(150, clock).pause(10, lambda: beats.append(clock.elapsed))

    assert beats == [0, 60, 120]
    assert clock.elapsed == 150


def test_apple_is_given_the_time_it_asks_for_if_the_wait_has_that(clock: FakeClock) -> None:
    wait = Wait(100, clock)

    assert wait.pause_for(60)
    assert not wait.pause_for(41)
    assert clock.elapsed == 60
    assert wait.pause_for(40)
    assert clock.elapsed == 100


@pytest.mark.parametrize(("wait_s", "is_given"), [(0, False), (0.5, True)])
def test_a_wait_of_nothing_is_over_at_once(clock: FakeClock, wait_s: float, is_given: bool) -> None:
    wait = Wait(wait_s, clock)

    assert (wait.is_given, wait.is_over) == (is_given, not is_given)


def test_a_run_ends_ten_minutes_after_its_wait(clock: FakeClock) -> None:
    wait = Wait(100, clock)
    clock.sleep(699)
    wait.require_time()
    clock.sleep(1)

    with pytest.raises(AppStoreConnectError) as caught:
        wait.require_time()

    assert caught.value.id == "run-too-long"


@pytest.mark.parametrize(
    ("wait_s", "slept"),
    [(10_000, [15] * 20), (40, [15, 15, 10]), (0, [])],
)
def test_apple_gets_five_minutes_once_within_the_wait(
    clock: FakeClock, wait_s: float, slept: list[float]
) -> None:
    grace = Grace(Wait(wait_s, clock), clock)
    assert grace.used_s == 0

    while grace.step():
        assert clock.elapsed <= 300, "it has no end"

    assert clock.slept == slept
    assert grace.used_s == sum(slept)
