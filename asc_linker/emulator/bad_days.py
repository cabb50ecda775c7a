"""Bad days to choose from by name, each a world's script that somebody has lived through."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from asc_linker.emulator.faults import Fault
from asc_linker.emulator.problems import unsuitable_build
from asc_linker.emulator.world import Script

_WRITES = ("PATCH /v1/appStoreVersions/**", "POST /v1/appStoreVersions")


class BadDay(NamedTuple):
    meaning: str
    begin: Callable[[Script], None]


def _spend_the_hour(script: Script) -> None:
    script.rate_limit_spent = script.rate_limit


def _refuse_without_cause(script: Script) -> None:
    body = unsuitable_build().document()
    script.faults += tuple(Fault(match=each, times=None, status=409, body=body) for each in _WRITES)


def _slow_down(script: Script) -> None:
    script.latency_seconds = 5.0


def _lose_an_answer(script: Script) -> None:
    script.faults += tuple(Fault(match=each, reset_after=True) for each in _WRITES)


BAD_DAYS: Mapping[str, BadDay] = {
    "hour-of-429": BadDay("the key's hour is spent: 429 until it is over", _spend_the_hour),
    "409-without-cause": BadDay("Apple refuses what nothing speaks against", _refuse_without_cause),
    "slow-answers": BadDay("every answer takes five seconds", _slow_down),
    "lost-answer": BadDay("the first write is done, and its answer lost", _lose_an_answer),
}
