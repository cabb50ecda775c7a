"""How a process that lives for a second saves time, where Python by itself would spend it.

Like the signals' handlers, this is for the doors to call before they import what takes long.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
import threading
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator

# Imports make 57,000 objects, which all stay. By default the collector looks through them again and
# again while they come, and finds nothing. It still comes by where a run of many targets, or a long
# wait, has left as much behind as this: some 20 MB.
_OBJECTS = 200_000
# By then the first requests have been sent. Python runs one thread at a time: whatever loads before
# holds them up.
_SENT_S = 0.04


def collect_seldom() -> None:
    """From now on collect seldom, and not at all at the end."""
    gc.set_threshold(_OBJECTS)
    # Python ends with a last look through everything, for memory that the system frees anyway.
    atexit.register(gc.freeze)


@contextmanager
def loading(*modules: str) -> Iterator[None]:
    """Load `modules`, for later, while what happens inside waits for its first answers.

    Where it does not have to wait, it loads them itself, as it comes to them.
    """
    timer = threading.Timer(_SENT_S, _load, modules)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _load(*modules: str) -> None:
    # Whoever needs a module that does not load meets with the same, and says so.
    with suppress(Exception):
        for module in modules:
            import_module(module)


def end(exit_code: int) -> NoReturn:
    """End this process now: what is written, is written; nothing waits for threads or handlers.

    Python by itself would take every module and object apart first, for the same end.
    """
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        # Nobody reads what was written: Python has an ending for that, and a message.
        sys.exit(exit_code)
    os._exit(exit_code)
