"""Two things that fail in a row: a write's answer is lost, and what is read after it fails too.

Whatever comes of it, nobody is told "not changed" of a write that took effect, nor "changed" of one
that did not, and where nobody can know that is said.
"""

from __future__ import annotations

from typing import Any

import pytest
from builders import key_inputs
from fake_clock import FakeClock
from faults_under_test import OPERATIONS
from story import Log

from asc_linker.emulator import Emulator, ThrowawayKey, World
from asc_linker.run import Listeners, run

WRITES = {
    "attach": "PATCH /v1/appStoreVersions/v142/relationships/build",
    "attach, encryption": "PATCH /v1/builds/b231",
    "create": "POST /v1/appStoreVersions",
    "rename": "PATCH /v1/appStoreVersions/v150",
    "detach": "PATCH /v1/appStoreVersions/v142/relationships/build",
}
# How the write's answer is lost, and whether the write takes effect.
LOST: dict[str, tuple[dict[str, Any], bool]] = {
    "500, though it was applied": ({"applied_then": 500}, True),
    "503, though it was applied": ({"applied_then": 503}, True),
    "a reset after it": ({"reset_after": True}, True),
    "half an answer": ({"truncate": True}, True),
    "500": ({"status": 500}, False),
    "502 in plain text": ({"status": 502, "body": "Could not process this request"}, False),
    "a reset before it": ({"reset": True}, False),
    "429": ({"status": 429}, False),
    "429, for an hour": ({"status": 429, "headers": {"Retry-After": "3600"}}, False),
}
READS = (
    "GET /v1/apps",
    "GET /v1/apps/*/appStoreVersions",
    "GET /v1/apps/*/buildUploads",
    "GET /v1/builds",
    "GET /v1/builds/*",
    "GET /v1/appStoreVersions/*",
    "GET /v1/appStoreVersions/*/relationships/build",
)
# What the reads after the write do, how many of them.
AFTER: dict[str, tuple[int, int | None]] = {
    "answer": (200, 0),
    "fail once": (500, 1),
    "fail for good": (500, None),
    "are forbidden": (403, None),
    "are refused the key": (401, None),
    "find nothing": (404, None),
    "find nothing once": (404, 1),
}


class Play:
    """One operation, with its write struck once or for good, and the reads after it."""

    def __init__(self, operation: str, key: ThrowawayKey) -> None:
        self.asked = OPERATIONS[operation]
        self.write = WRITES[operation]
        self.clock = FakeClock()
        self.emulator = Emulator(
            World.from_json({"apps": [dict(self.asked.app)]}), keys=[key], now=self.clock.now
        )
        self._key = key
        self._left: int | None = 0
        self._status = 200

    def strike(self, lost: str, after: str, *, for_good: bool) -> None:
        fault, _ = LOST[lost]
        self._status, self._left = AFTER[after]
        self.emulator.on(self.write, times=None if for_good else 1, **fault)
        for read in READS:
            self.emulator.on(read, times=None, answer=self._answer)

    def _answer(self, _received: object) -> tuple[int, Any] | None:
        if not any(f"{each.method} {each.path}" == self.write for each in self.emulator.writes):
            return None
        if self._left == 0:
            return None
        if self._left is not None:
            self._left -= 1
        return self._status, {"errors": [{"status": str(self._status), "code": "X", "title": "X"}]}

    def run(self) -> Any:
        given = {
            **key_inputs(self._key, self.emulator.url),
            "wait-minutes": "0",
            **self.asked.inputs,
        }
        with self.emulator:
            ending = run(given, {}, Listeners(Log(), lambda _: None, lambda _: None), self.clock)
        assert not ending.trace, ending.trace
        (report,) = ending.reports
        return report

    @property
    def took_effect(self) -> bool:
        """Whether the write that was struck is in the world now."""
        app = self.emulator.world.apps[0]
        found = [each for each in app.app_store_versions if each.version_string == "1.4.2"]
        if self.write.startswith("PATCH /v1/builds"):
            return app.builds[2].uses_non_exempt_encryption is False
        if self.asked.outcome == "detached":
            return found[0].build is None
        return bool(found) and found[0].build == "b231"


@pytest.mark.parametrize("for_good", [False, True], ids=["once", "for good"])
@pytest.mark.parametrize("after", AFTER)
@pytest.mark.parametrize("lost", LOST)
@pytest.mark.parametrize("operation", WRITES)
def test_the_truth_about_a_write_is_told_whatever_fails_in_a_row(
    operation: str, lost: str, after: str, for_good: bool, key: ThrowawayKey
) -> None:
    play = Play(operation, key)
    play.strike(lost, after, for_good=for_good)

    report = play.run()

    took_effect = play.took_effect
    told = report.error.message if report.error else ""
    if report.changed is True:
        assert took_effect, told
        assert report.writes
    elif report.changed is False:
        assert not took_effect, told
        assert report.writes == report.unknown_writes == ()
        assert "not known" not in told
    else:
        assert report.unknown_writes
        assert "Whether " in told
        assert " is not known." in told
        assert report.error is not None
        assert report.error.exit_code in (3, 7)
        assert "Look at the version" in report.error.hint
    if report.error is None:
        assert took_effect


@pytest.mark.parametrize("operation", WRITES)
def test_a_write_that_nobody_could_ask_after_is_listed_as_not_known(
    operation: str, key: ThrowawayKey
) -> None:
    play = Play(operation, key)
    play.strike("500, though it was applied", "fail for good", for_good=True)

    report = play.run()

    assert report.changed is None
    assert report.outcome == "failed"
    assert report.writes == ()
    assert report.unknown_writes
    assert report.error.exit_code == 7


@pytest.mark.parametrize("operation", WRITES)
def test_a_lost_answer_is_made_up_for_by_the_read_after_it(
    operation: str, key: ThrowawayKey
) -> None:
    play = Play(operation, key)
    play.strike("a reset after it", "answer", for_good=False)

    report = play.run()

    assert report.error is None
    assert report.outcome == play.asked.outcome
    assert report.changed is True
    strikes = [each for each in play.emulator.writes if f"{each.method} {each.path}" == play.write]
    assert len(strikes) == 1
