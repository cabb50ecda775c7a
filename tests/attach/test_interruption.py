"""A job that is cancelled: the real entrypoint, real signals, an Apple that does not answer."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from builders import key_inputs
from fake_clock import FakeClock
from faults_under_test import OPERATIONS
from runner_environment import Step, run_step
from story import APP, Log, app_with

from asc_linker.clock import SystemClock
from asc_linker.decision.report import AttachReport
from asc_linker.emulator import Emulator, ThrowawayKey, World
from asc_linker.errors import Interrupted
from asc_linker.run import Listeners, run

LINK = "/v1/appStoreVersions/v142/relationships/build"
WRITE, READ_BACK = f"PATCH {LINK}", f"GET {LINK}"
NOT_KNOWN = "Whether build 231 was attached to version 1.4.2 is not known."
EXIT_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
# Longer than anything here takes; only what hangs waits for so long.
HANGS_S = 30

Process = subprocess.Popen[bytes]


class Held:
    """A request that App Store Connect does not answer before it is let go."""

    def __init__(self, first: Callable[[], None] = lambda: None) -> None:
        """`first` happens when it has arrived."""
        self._first = first
        self._arrived, self._let_go = Event(), Event()

    def __call__(self, _received: Any) -> None:
        self._first()
        self._arrived.set()
        self._let_go.wait(timeout=HANGS_S)

    def wait(self) -> None:
        assert self._arrived.wait(timeout=HANGS_S)

    def let_go(self) -> None:
        self._let_go.set()


class Stage:
    """An App Store Connect, and a step that attaches build 231 and would wait for ten minutes."""

    def __init__(self, emulator: Emulator, key: ThrowawayKey, folder: Path) -> None:
        self.emulator = emulator
        self._folder = folder
        self._held: list[Held] = []
        self.inputs = {
            **key_inputs(key, emulator.url),
            "bundle-id": "com.example.notes",
            "version-string": "1.4.2",
            "build-number": "231",
            "wait-minutes": "10",
        }

    def hold(self, line: str, first: Callable[[], None] = lambda: None) -> Held:
        held = Held(first)
        self._held.append(held)
        self.emulator.on(line, answer=held, times=None)
        return held

    def step(self, disturb: Callable[[Process], None]) -> Step:
        try:
            return run_step(self._folder, self.inputs, meanwhile=disturb)
        finally:
            for held in self._held:
                held.let_go()

    def attach(self) -> None:
        """What Apple does with the write, before it would answer it."""
        version = self.emulator.world.version("v142")
        assert version is not None
        version.build = "b231"


@pytest.fixture
def play(key: ThrowawayKey, tmp_path: Path) -> Iterator[Callable[..., Stage]]:
    emulators = []

    def start(app: dict[str, Any] = APP) -> Stage:
        emulators.append(Emulator(World.from_json({"apps": [app]}), keys=[key]))
        return Stage(emulators[-1], key, tmp_path)

    yield start
    for emulator in emulators:
        emulator.close()


def until_it_waits(process: Process) -> None:
    """Read the log up to the first sign of life; nothing follows it for a minute."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(b"Waiting: "):
            return
    raise AssertionError("it did not wait")


def assert_told(step: Step, number: signal.Signals, what: str) -> None:
    """One annotation that says `what`, outputs, a summary, and nothing of Python's."""
    assert step.exit_code == EXIT_CODES[number], step.stdout + step.stderr
    assert step.error.properties["title"] == "The run was stopped"
    assert step.error.data.startswith(f"Stopped by {number.name}. {what}")
    assert step.outputs["outcome"] == "failed"
    assert step.report[0]["error"]["exit-code"] == EXIT_CODES[number]  # type: ignore[index]
    assert f"Stopped by {number.name}" in step.summary
    assert "Traceback" not in step.stdout + step.stderr


# ------------------------------------------------------------------------ while it waits


@pytest.mark.parametrize("number", EXIT_CODES)
def test_a_cancelled_wait_ends_at_once_and_tells_what_is_known(
    play: Callable[..., Stage], number: signal.Signals
) -> None:
    stage = play(app_with(processedAfterSeconds=10**6))

    def cancel(process: Process) -> None:
        until_it_waits(process)
        process.send_signal(number)

    step = stage.step(cancel)

    assert_told(step, number, "Nothing was written.")
    assert (step.outputs["version-id"], step.outputs["previous-build-number"]) == ("v142", "230")
    assert step.outputs["changed"] == "false"
    assert stage.emulator.writes == []


def test_a_parent_that_ignores_signals_does_not_keep_a_step_from_hearing_them(
    play: Callable[..., Stage],
) -> None:
    stage = play(app_with(processedAfterSeconds=10**6))
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)

    def cancel(process: Process) -> None:
        until_it_waits(process)
        process.send_signal(signal.SIGINT)

    try:
        step = stage.step(cancel)
    finally:
        signal.signal(signal.SIGINT, before)

    assert_told(step, signal.SIGINT, "Nothing was written.")


@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs Linux")
@pytest.mark.parametrize("number", EXIT_CODES)
def test_as_the_first_process_of_a_container_it_hears_signals_too(
    play: Callable[..., Stage], tmp_path: Path, number: signal.Signals
) -> None:
    alone = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child"]
    if subprocess.run([*alone, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine makes no namespaces")
    stage = play(app_with(processedAfterSeconds=10**6))
    output = tmp_path / "output"
    output.touch()
    given = {f"INPUT_{name.upper()}": value for name, value in stage.inputs.items()}
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [*alone, sys.executable, "-B", str(root / "entrypoint.py")],
        env={"PATH": os.environ["PATH"], "GITHUB_OUTPUT": str(output), **given},
        stdout=subprocess.PIPE,
    ) as process:
        until_it_waits(process)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        os.kill(int(children.read_text(encoding="ascii")), number)
        process.communicate(timeout=HANGS_S)

    assert process.returncode == EXIT_CODES[number]
    assert "failed" in output.read_text(encoding="utf-8")


def test_two_reads_side_by_side_do_not_hold_up_the_end(play: Callable[..., Stage]) -> None:
    stage = play()
    builds = stage.hold("GET /v1/builds")
    apps = stage.hold("GET /v1/apps")

    def cancel(process: Process) -> None:
        builds.wait()
        apps.wait()
        process.send_signal(signal.SIGTERM)

    assert_told(stage.step(cancel), signal.SIGTERM, "Nothing was written.")


# ------------------------------------------------------------------- while a write is out


@pytest.mark.parametrize("number", EXIT_CODES)
def test_a_write_that_took_effect_is_found_out_and_told(
    play: Callable[..., Stage], number: signal.Signals
) -> None:
    stage = play()
    write = stage.hold(WRITE, first=stage.attach)

    def cancel(process: Process) -> None:
        write.wait()
        process.send_signal(number)

    step = stage.step(cancel)

    told = "Before that, build 231 was attached to version 1.4.2."
    assert_told(step, number, told)
    assert step.outputs["changed"] == "true"


def test_a_write_that_is_not_seen_yet_may_still_be_on_its_way(play: Callable[..., Stage]) -> None:
    stage = play()
    write = stage.hold(WRITE)

    def cancel(process: Process) -> None:
        write.wait()
        process.send_signal(signal.SIGINT)

    step = stage.step(cancel)

    assert_told(step, signal.SIGINT, NOT_KNOWN)
    assert step.outputs["changed"] == "unknown"


def test_an_apple_that_keeps_silent_about_the_write_does_not_hold_up_the_end(
    play: Callable[..., Stage],
) -> None:
    stage = play()
    write, look = stage.hold(WRITE), stage.hold(READ_BACK)

    def cancel(process: Process) -> None:
        write.wait()
        process.send_signal(signal.SIGINT)
        look.wait()

    step = stage.step(cancel)

    assert_told(step, signal.SIGINT, NOT_KNOWN)


def test_a_second_signal_loses_nothing_of_what_is_known(play: Callable[..., Stage]) -> None:
    stage = play()
    write, look = stage.hold(WRITE), stage.hold(READ_BACK)

    def cancel(process: Process) -> None:
        write.wait()
        process.send_signal(signal.SIGINT)
        look.wait()
        process.send_signal(signal.SIGTERM)

    step = stage.step(cancel)

    assert_told(step, signal.SIGINT, NOT_KNOWN)
    assert step.outputs["changed"] == "unknown"


def interrupted_at(
    operation: str, line: str, key: ThrowawayKey, faults: dict[str, Any] | None = None
) -> AttachReport:
    """What is told after an interruption in the moment that `line` was answered, or in a pause."""
    asked, clock = OPERATIONS[operation], FakeClock()

    def interrupt(exchange: str) -> None:
        if exchange.startswith(f"{line} "):
            raise Interrupted(signal.SIGINT)

    def interrupt_pause(_seconds: float) -> None:
        raise Interrupted(signal.SIGINT)

    clock.on_sleep.append(interrupt_pause)
    world = World.from_json({"apps": [dict(asked.app)]})
    with Emulator(world, keys=[key], now=clock.now) as emulator:
        for match, fault in (faults or {}).items():
            emulator.on(match, **fault)
        given = {
            **key_inputs(key, emulator.url),
            "wait-minutes": "0",
            **asked.inputs,
        }
        ending = run(given, {}, Listeners(Log(), lambda _: None, interrupt), clock)
    assert ending.exit_code == 130
    (report,) = ending.reports
    return report


@pytest.mark.parametrize(
    ("operation", "write", "names"),
    [
        ("attach", WRITE, ("attach",)),
        ("detach", WRITE, ("detach",)),
        ("attach, encryption", "PATCH /v1/builds/b231", ("answer-compliance",)),
        ("create", "POST /v1/appStoreVersions", ("create-version", "attach")),
        ("rename", "PATCH /v1/appStoreVersions/v150", ("rename-version", "attach")),
    ],
)
def test_whatever_was_being_written_it_is_found_out(
    operation: str, write: str, names: tuple[str, ...], key: ThrowawayKey
) -> None:
    report = interrupted_at(operation, write, key)

    assert report.changed is True
    assert report.writes == names
    assert report.unknown_writes == ()


def test_a_last_look_that_fails_leaves_the_write_in_doubt(key: ThrowawayKey) -> None:
    faults = {READ_BACK: {"status": 403, "times": None}}

    report = interrupted_at("attach", WRITE, key, faults)

    assert report.changed is None
    assert report.unknown_writes == ("attach",)
    assert report.error is not None
    assert "Whether build 231 was attached to version 1.4.2 is not known." in report.error.message


def test_a_write_whose_answer_was_lost_is_looked_for_after_an_interruption_too(
    key: ThrowawayKey,
) -> None:
    write = "POST /v1/appStoreVersions"
    done = interrupted_at("create", write, key, faults={write: {"applied_then": 500}})
    not_done = interrupted_at("create", write, key, faults={write: {"status": 500}})

    assert (done.changed, done.unknown_writes) == (True, ())
    # It may still be on its way.
    assert (not_done.changed, not_done.unknown_writes) == (None, ("create-version", "attach"))


# ---------------------------------------------------------------------------- its clock


@pytest.mark.parametrize(
    ("apples_is", "told"),
    [(7290, "This machine's clock is 2 h 1 min behind"), (-330, "is 5 min ahead of Apple's.")],
)
def test_a_clock_that_is_off_is_named_with_size_and_direction(
    key: ThrowawayKey, tmp_path: Path, apples_is: float, told: str
) -> None:
    clock = SystemClock()
    world = World.from_json({"apps": [APP]})
    with Emulator(world, keys=[key], now=lambda: clock.now() + apples_is) as emulator:
        step = Stage(emulator, key, tmp_path).step(lambda process: None)

    assert step.exit_code == 3
    assert told in step.error.data
    assert "Set this machine's clock" in step.error.data
