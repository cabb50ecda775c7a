"""One run, whatever the edge: inputs by name in, an ending out.

Here, and nowhere else, failures stop being exceptions.
"""

from __future__ import annotations

import signal
import traceback
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from asc_linker.clock import SystemClock
from asc_linker.decision.outcome import Known, Outcome
from asc_linker.errors import AscLinkerError, Interrupted
from asc_linker.inputs.read_job import read_boolean, read_job

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from types import FrameType

    from asc_linker.attach.progress import Tell
    from asc_linker.decision.outcome import AttachReport

_A_BUG = (
    "This is a fault of asc-linker, not of yours. Please report it, with what it logs when "
    "debugging is on: that names the place, and holds no secret."
)
_GO_ON = "Run again to go on where this run ended."
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class _Interruption(AscLinkerError):
    """Interrupted, as the error that is told."""

    exit_code = 128 + signal.SIGINT
    title = "The run was stopped"


class _Termination(_Interruption):
    exit_code = 128 + signal.SIGTERM


_STOPPED = {kind.exit_code: kind for kind in (_Interruption, _Termination)}


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended. `error` is None when all is well; `trace` is for a fault of ours alone."""

    report: AttachReport
    error: AscLinkerError | None = None
    exit_code: int = 0
    trace: str = ""


@dataclass(frozen=True, slots=True)
class Listeners:
    """Who hears what while a run goes on.

    `on_token` gets every token before its first use, to mask it; `debug` gets a line for every
    request; `tell` gets the progress.
    """

    tell: Tell
    on_token: Callable[[str], None]
    debug: Callable[[str], None]


def run(given: Mapping[str, str], listeners: Listeners) -> Ending:
    """Carry out what the inputs say. Never raises; signals end it with what is known by then."""
    known = Known()
    try:
        with _stopped_by_signals():
            return Ending(_carry_out(given, listeners, known))
    except AscLinkerError as error:
        return Ending(known.report(Outcome.FAILED), error, error.exit_code)
    except Interrupted as stop:
        stopped = _STOPPED[128 + stop.signal_number](
            f"{stop} {_what_was_written(known)}", hint=_GO_ON
        )
        return Ending(known.report(Outcome.FAILED), stopped, stopped.exit_code)
    except Exception as fault:
        told = fault_of_ours(fault)
        trace = "".join(traceback.format_exception(fault))
        return Ending(known.report(Outcome.FAILED), told, told.exit_code, trace)


def fault_of_ours(fault: Exception) -> AscLinkerError:
    """What is told where an exception was not meant: its kind, and how to report it."""
    return AscLinkerError(f"asc-linker stopped on {type(fault).__name__}.", hint=_A_BUG)


def _what_was_written(known: Known) -> str:
    if known.pending is not None:
        return "A write was under way; whether Apple made the change is not known."
    return "The write was done." if known.changed else "Nothing was written."


def _carry_out(given: Mapping[str, str], listeners: Listeners, known: Known) -> AttachReport:
    world: AbstractContextManager[Mapping[str, str]] = nullcontext(given)
    if read_boolean(given, "demo"):
        from asc_linker.demo import stand_in

        world = stand_in(given)
    with world as inputs:
        job, keys = read_job(inputs)
        (access,) = keys.values()
        # The network stack loads only once the inputs make sense.
        from asc_linker.apple.client import connect
        from asc_linker.attach.attach import attach

        clock = SystemClock()
        with connect(
            access,
            clock,
            on_token=listeners.on_token,
            on_exchange=lambda exchange: listeners.debug(str(exchange)),
            on_retry=listeners.tell.line,
        ) as apple:
            report = attach(job, apple, clock, listeners.tell, known)
            return replace(report, requests_left=apple.requests_left)


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """Turn SIGINT and SIGTERM into Interrupted; afterwards they no longer disturb the telling.

    A cancelled job gets SIGINT, 7.5 s later SIGTERM, 2.5 s later the end.
    """

    def stop(number: int, _frame: FrameType | None) -> None:
        raise Interrupted(number)

    for number in _SIGNALS:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)
