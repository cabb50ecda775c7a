"""A signal is never lost and never leaves a run without results, whenever it comes."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from runner_environment import ROOT, Step, run_step

from asc_linker import signals
from asc_linker.errors import Interrupted

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals as Unix has them")

ENDINGS = [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
DOORS = {
    "the action": ["entrypoint.py"],
    "the container's command line": ["entrypoint.py", "show"],
    "the module": ["-m", "asc_linker", "show"],
    "the installed command": ["-c", "import sys; from asc_linker.__main__ import main; main()"],
}
# Written into a process: a line for each import says whether signals are handled by then.
WATCH = """
import json, signal, sys
seen = open(sys.argv.pop(), "w")
class Watch:
    def find_spec(self, name, path=None, target=None):
        handler = signal.getsignal(signal.SIGTERM) if "signal" in sys.modules else None
        print(json.dumps([name, callable(handler)]), file=seen, flush=True)
sys.meta_path.insert(0, Watch())
"""


@pytest.fixture(autouse=True)
def put_back() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in signals.SIGNALS}
    yield
    signals._state.pending.clear()
    for number, handler in before.items():
        signal.signal(number, handler)


# ------------------------------------------------------------------- in this process


@pytest.mark.parametrize("number", signals.SIGNALS)
def test_a_signal_ends_the_run(number: signal.Signals) -> None:
    with pytest.raises(Interrupted) as caught, signals.raising():
        signal.raise_signal(number)

    assert caught.value.signal_number == number


def test_a_signal_from_before_the_run_ends_it_at_once() -> None:
    signals.remember()
    signal.raise_signal(signal.SIGTERM)
    signal.raise_signal(signal.SIGINT)
    began = False

    with pytest.raises(Interrupted) as caught, signals.raising():
        began = True

    assert caught.value.signal_number == signal.SIGTERM
    assert not began


def test_while_the_first_signal_is_answered_later_ones_do_nothing() -> None:
    answered = []
    with signals.raising():
        try:
            signal.raise_signal(signal.SIGINT)
        except Interrupted:
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGINT)
            answered.append("all that is known")

    assert answered == ["all that is known"]


def test_after_the_run_of_a_door_signals_do_nothing() -> None:
    signals.remember()
    with signals.raising():
        pass

    signal.raise_signal(signal.SIGTERM)
    signal.raise_signal(signal.SIGINT)


def test_the_handlers_of_somebody_else_are_put_back() -> None:
    before = [signal.getsignal(number) for number in signals.SIGNALS]

    with signals.raising():
        assert [signal.getsignal(number) for number in signals.SIGNALS] != before

    assert [signal.getsignal(number) for number in signals.SIGNALS] == before


def test_a_command_that_is_no_run_gets_pythons_own_signals_and_the_one_from_before() -> None:
    signals.remember()
    signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        signals.restore()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


# ------------------------------------------------------------------------- processes


@pytest.mark.parametrize("door", DOORS)
def test_signals_are_handled_before_anything_that_takes_long_is_imported(
    tmp_path: Path, door: str
) -> None:
    seen = tmp_path / "seen.json"
    start = {"-m": "runpy.run_module('asc_linker', run_name='__main__')"}.get(
        DOORS[door][0], "runpy.run_path('entrypoint.py')"
    )
    code = DOORS[door][1] if DOORS[door][0] == "-c" else f"import runpy; {start}"
    subprocess.run(
        [sys.executable, "-c", WATCH + code, *DOORS[door][1:2], str(seen)],
        cwd=ROOT,
        capture_output=True,
        check=False,
        timeout=60,
    )

    lines = seen.read_text(encoding="utf-8").splitlines()
    imported = dict(json.loads(line) for line in reversed(lines))
    heavy = {
        "click",
        "dataclasses",
        "json",
        "asc_linker.run",
        "asc_linker.cli",
        "asc_linker.action",
    }
    assert len(heavy & set(imported)) >= 2
    assert [name for name in heavy & set(imported) if not imported[name]] == []


def wait_until_signals_are_handled(process: subprocess.Popen[bytes]) -> None:
    """Python itself handles SIGINT from the start, and SIGTERM only once it is told to."""
    status = Path(f"/proc/{process.pid}/status")
    bit = 1 << (signal.SIGTERM - 1)
    while process.poll() is None:
        (caught,) = [
            line for line in status.read_text(encoding="ascii").splitlines() if "SigCgt" in line
        ]
        if int(caught.split()[1], 16) & bit:
            return
        time.sleep(0.001)


linux = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks Linux' /proc")


@linux
@pytest.mark.parametrize(("number", "exit_code"), ENDINGS)
def test_a_signal_in_the_first_quarter_of_a_second_leaves_outputs_and_no_traceback(
    tmp_path: Path, number: signal.Signals, exit_code: int
) -> None:
    chance = random.Random(number)
    delays = [0.0, *(chance.uniform(0, 0.25) for _ in range(5))]

    for delay in delays:

        def disturb(process: subprocess.Popen[bytes], delay: float = delay) -> None:
            wait_until_signals_are_handled(process)
            time.sleep(delay)
            process.send_signal(number)

        step = run_step(tmp_path, {"demo": "true"}, meanwhile=disturb)

        assert_told(step, exit_code, f"{number.name} after {delay:.3f} s")


def assert_told(step: Step, exit_code: int, when: str) -> None:
    """Either the signal ended the run, or the run was over by then."""
    assert "Traceback" not in step.stdout + step.stderr, when
    assert step.stderr == "", when
    assert step.outputs["report"], when
    assert step.summary, when
    if step.exit_code:
        assert step.exit_code == exit_code, when
        assert step.outputs["outcome"] == "failed", when
    else:
        assert step.outputs["outcome"] == "attached", when


@linux
@pytest.mark.parametrize(("number", "exit_code"), ENDINGS)
def test_a_second_signal_does_not_take_the_results_away(
    tmp_path: Path, number: signal.Signals, exit_code: int
) -> None:
    def disturb(process: subprocess.Popen[bytes]) -> None:
        wait_until_signals_are_handled(process)
        process.send_signal(number)
        while process.poll() is None:
            process.send_signal(random.Random(0).choice(signals.SIGNALS))
            time.sleep(0.005)

    step = run_step(tmp_path, {"demo": "true"}, meanwhile=disturb)

    assert step.exit_code in (130, 143)
    assert_told(step, step.exit_code, number.name)


@linux
@pytest.mark.parametrize(("number", "exit_code"), ENDINGS)
def test_the_command_line_reports_what_a_signal_found_it_doing(
    tmp_path: Path, number: signal.Signals, exit_code: int
) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "asc_linker", "show", "--bundle-id", "a.b", "--json"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        wait_until_signals_are_handled(process)
        process.send_signal(number)
        stdout, stderr = process.communicate(timeout=60)

    (report,) = json.loads(stdout)
    assert process.returncode == exit_code
    assert report["error"]["exit-code"] == exit_code
    assert b"Traceback" not in stderr
