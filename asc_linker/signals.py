"""Signals: remembered until the run is there, raised while it goes on, ignored while it is told."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

from asc_linker.errors import Interrupted

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def raising() -> Iterator[None]:
    """Raise Interrupted where a signal arrives; the first makes all later ones ignored."""

    def stop(number: int, _frame: object) -> None:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_IGN)
        raise Interrupted(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
