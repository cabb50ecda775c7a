"""The collector in a process of ours: seldom, not never, and not at the end."""

from __future__ import annotations

import subprocess
import sys

from runner_environment import ROOT


def said_by(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_a_long_run_does_not_keep_what_it_needs_no_more() -> None:
    assert (
        said_by("""
import gc, weakref
from asc_linker import garbage

class Ring:
    pass

garbage.collect_seldom()
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
from asc_linker import garbage
garbage.collect_seldom()
""")
        == "True"
    )
