"""A process of ours: the collector comes seldom, not never; the end is quick and loses nothing."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from runner_environment import ROOT

from asc_linker import action, cli
from asc_linker.run import AFTER_THE_FIRST_ANSWERS


def said_by(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_a_long_run_does_not_keep_what_it_needs_no_more() -> None:
    assert (
        said_by("""
import gc, weakref
from asc_linker import haste

class Ring:
    pass

haste.collect_seldom()
ring = Ring()
ring.itself = ring
gone = weakref.ref(ring)
del ring
rest = []
for _ in range(1_000_000):
    rest.append([])
    if gone() is None:
        break
print(gone() is None, len(rest) > 50_000)
""")
        == "True True"
    )


def test_the_end_of_a_process_does_not_look_through_all_it_has() -> None:
    assert (
        said_by("""
import atexit, gc
atexit.register(lambda: print(gc.get_freeze_count() > 1000))
from asc_linker import haste
haste.collect_seldom()
""")
        == "True"
    )


def test_the_end_loses_nothing_that_was_written_and_waits_for_nobody() -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-c"),
            """
import sys, threading, time
from asc_linker import haste
threading.Thread(target=time.sleep, args=(600,)).start()
print("told", end="")
print("warned", end="", file=sys.stderr)
haste.end(7)
""",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (7, "told", "warned")


def test_an_end_that_nobody_listens_to_is_no_traceback() -> None:
    code = "from asc_linker import haste; print('told'); haste.end(7)"
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-E", "-c", code],
        cwd=ROOT,
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writer)
    assert done.returncode == 120  # Python's own, for a stream that cannot be flushed
    assert "Traceback" not in done.stderr


LOADING = """
import sys, time
from asc_linker import haste
with haste.loading("no_such_module"), haste.loading("json", "colorsys"):
    until = time.monotonic() + {waits_s}
    while "colorsys" not in sys.modules and time.monotonic() < until:
        time.sleep(0.01)
print("colorsys" in sys.modules)
"""


@pytest.mark.parametrize(("waits_s", "is_loaded"), [(60, True), (0, False)])
def test_modules_load_where_there_is_something_to_wait_for(waits_s: int, is_loaded: bool) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADING.format(waits_s=waits_s)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout.strip(), done.stderr) == (str(is_loaded), "")


@pytest.mark.parametrize("name", [AFTER_THE_FIRST_ANSWERS, *action.AFTERWARDS, *cli.AFTERWARDS])
def test_what_can_load_later_is_there_and_does_not_load_before(name: str) -> None:
    code = f"""
import sys
import asc_linker.action, asc_linker.cli, asc_linker.apple.client
import asc_linker.attach.attach, asc_linker.attach.ledger
before = {name!r} in sys.modules
import {name}
print(before)
"""
    assert said_by(code) == "False"
