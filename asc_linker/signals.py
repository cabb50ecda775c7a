"""SIGINT and SIGTERM, from the first moment of a process to its last.

A cancelled job gets SIGINT, 7.5 s later SIGTERM, 2.5 s later the end. A door calls `remember`
before it imports anything that takes time; the run is the only part that a signal may break off.
"""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class _State:
    """What came while no run could be ended, and whether one can be now."""

    pending: list[int]
    raises: bool

    def __init__(self) -> None:
        self.pending = []
        self.raises = False

    def on_signal(self, number: int, _frame: FrameType | None = None) -> None:
        if not self.raises:
            self.pending.append(number)
            return
        from asc_linker.errors import Interrupted

        self.raises = False
        raise Interrupted(number)


_state = _State()
# One object: each look at `_state.on_signal` would make another.
_on_signal = _state.on_signal


def remember() -> None:
    """From now on a signal waits until there is a run that it can end.

    Once the run is over, signals do nothing: what is known is being written.
    """
    for number in SIGNALS:
        signal.signal(number, _on_signal)


def restore() -> None:
    """Let signals do what they do in any Python program, for a command that is no run."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if _state.pending:
        signal.raise_signal(_state.pending.pop(0))


@contextmanager
def raising() -> Iterator[None]:
    """The first signal, also one from before, raises Interrupted here; later ones do nothing.

    Afterwards those of a door do nothing either; handlers of somebody else's are put back.
    """
    if threading.current_thread() is not threading.main_thread():
        # Python hands signals to the main thread alone, which is somebody else's then.
        yield
        return
    before = {number: signal.signal(number, _on_signal) for number in SIGNALS}
    _state.raises = True
    try:
        if _state.pending:
            _on_signal(_state.pending[0])
        yield
    finally:
        _state.raises = False
        for number, handler in before.items():
            signal.signal(number, signal.SIG_IGN if handler is _on_signal else handler)
