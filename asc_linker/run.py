"""One run, whatever the door: inputs by name in, an ending out.

Here, and nowhere else, failures stop being exceptions.
"""

from __future__ import annotations

import threading
import traceback
from contextlib import ExitStack, nullcontext
from typing import TYPE_CHECKING, NamedTuple

from asc_linker import haste
from asc_linker.clock import SystemClock
from asc_linker.decision.report import AttachReport, Outcome
from asc_linker.errors import AscLinkerError, Interrupted, Stopped
from asc_linker.inputs.read_job import read_boolean, read_job
from asc_linker.signals import raising
from asc_linker.text import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from asc_linker.apple.access import Access
    from asc_linker.apple.client import AppStoreConnect
    from asc_linker.attach.ledger import Ledger
    from asc_linker.attach.progress import Progress
    from asc_linker.clock import Clock
    from asc_linker.decision.request import Shard

_A_BUG = (
    "This is a fault of asc-linker, not of yours. Please report it, with what it logs when "
    "debugging is on: that names the place, and holds no secret."
)
# What is needed once the first answers are there; it brings all that decides.
AFTER_THE_FIRST_ANSWERS = "asc_linker.attach.carry_out"
_GO_ON = "Run again to go on where this run ended."


class Ending(NamedTuple):
    """How a run ended.

    `reports` is empty where a shard has no target; `trace` is for a fault of ours alone.
    """

    reports: tuple[AttachReport, ...]
    shard: Shard | None = None
    trace: str = ""

    @property
    def exit_code(self) -> int:
        """That of the first target that failed, in their order."""
        failed = (report.error for report in self.reports if report.error is not None)
        return next((error.exit_code for error in failed), 0)


class Listeners(NamedTuple):
    """Who hears what while a run goes on.

    `on_token` gets every token before its first use, to mask it; `debug` gets a line for every
    request; `progress` gets what happens.
    """

    progress: Progress
    on_token: Callable[[str], None]
    debug: Callable[[str], None]


class _UntilTheEnd:
    """Passes on what a run says, until it is over.

    Threads that a run leaves behind must not be writing when the process ends: the lock of the
    stream would die with them, and Python would abort.
    """

    def __init__(self, listeners: Listeners) -> None:
        self._listeners = listeners
        self._lock = threading.RLock()
        self._is_over = False

    def end(self) -> None:
        """From now on nothing is passed on; what is being said is said to its end."""
        with self._lock:
            self._is_over = True

    def line(self, text: str) -> None:
        self._say(self._listeners.progress.line, text)

    def status(self, label: str, text: str) -> None:
        self._say(self._listeners.progress.status, label, text)

    def waiting(self, what: str, elapsed_s: float, left_s: float) -> None:
        self._say(self._listeners.progress.waiting, what, elapsed_s, left_s)

    def token(self, token: str) -> None:
        self._say(self._listeners.on_token, token)

    def debug(self, line: str) -> None:
        self._say(self._listeners.debug, line)

    def _say(self, say: Callable[..., None], *what: object) -> None:
        with self._lock:
            if not self._is_over:
                say(*what)


def run(
    given: Mapping[str, str],
    environment: Mapping[str, str],
    listeners: Listeners,
    clock: Clock | None = None,
    sources: Mapping[str, str] | None = None,
    *,
    afterwards: Sequence[str] = (),
) -> Ending:
    """Carry out what the inputs say. Never raises; signals end it with what is known by then.

    `environment` is where targets find their own keys, and shards their place; `sources` says for
    people where parts of the key came from. `afterwards` are modules that the caller needs once
    the run is over.
    """
    with ExitStack() as stack:
        heard = _UntilTheEnd(listeners)
        stack.callback(heard.end)
        this = _Run(heard, clock or SystemClock(), stack)
        try:
            with raising():
                return this.carry_out(given, environment, sources or {}, afterwards)
        except AscLinkerError as error:
            return this.ended_by(error)
        except Interrupted as stop:
            return this.ended_by(this.stopped(stop))
        except Exception as fault:
            trace = "".join(traceback.format_exception(fault))
            return this.ended_by(fault_of_ours(fault))._replace(trace=trace)


def fault_of_ours(fault: Exception) -> AscLinkerError:
    """What is told where an exception was not expected: its kind, and how to report it."""
    return AscLinkerError(f"asc-linker stopped on {type(fault).__name__}.", hint=_A_BUG)


class _Run:
    """What has to outlive whatever ends the run."""

    def __init__(self, heard: _UntilTheEnd, clock: Clock, stack: ExitStack) -> None:
        self._heard = heard
        self._clock = clock
        self._stack = stack
        self._shard: Shard | None = None
        self._apple: dict[str, AppStoreConnect] = {}
        self._ledger: Ledger | None = None

    def carry_out(
        self,
        given: Mapping[str, str],
        environment: Mapping[str, str],
        sources: Mapping[str, str],
        afterwards: Sequence[str],
    ) -> Ending:
        world: AbstractContextManager[Mapping[str, str]] = nullcontext(given)
        if read_boolean(given, "demo"):
            from asc_linker.stand_in import stand_in

            world = stand_in(given, environment)
        inputs = self._stack.enter_context(world)
        job, keys = read_job(inputs, environment, sources)
        self._shard = job.shard
        if not job.requests:
            return Ending((), job.shard)
        # The network stack loads only once the inputs make sense; the certificates, which take as
        # long as a handshake, are read beside that.
        from asc_linker.apple import trust

        trust.load_for(access.api_url for access in keys.values())
        from asc_linker.attach.attach import attach_all
        from asc_linker.attach.ledger import Ledger

        self._connect(keys)
        self._ledger = Ledger(self._requests_left)
        self._stack.enter_context(haste.loading(AFTER_THE_FIRST_ANSWERS, *afterwards))
        reports = attach_all(job, self._apple, self._clock, self._heard, self._ledger)
        return Ending(reports, job.shard)

    def ended_by(self, error: AscLinkerError) -> Ending:
        """The ending of a run that `error` ended: with what was written, and what is not known."""
        if self._ledger is None:
            return Ending((AttachReport(Outcome.FAILED, error=error),), self._shard)
        return Ending(self._ledger.reports(error), self._shard)

    def stopped(self, stop: Interrupted) -> Stopped:
        """What is told of a signal, once it was looked what became of the writes under way."""
        if self._ledger is None:
            return Stopped(stop.signal_number, f"{stop} Nothing was written.", hint=_GO_ON)
        if self._ledger.pending:
            from asc_linker.attach.carry_out import look_back

            look_back(self._apple, self._ledger)
        made = listed([str(write) for write in self._ledger.made])
        before = f"Before that, {made}." if made else ""
        nothing = "" if made or self._ledger.pending else "Nothing was written."
        return Stopped(stop.signal_number, f"{stop} {before}{nothing}".strip(), hint=_GO_ON)

    def _connect(self, keys: Mapping[str, Access]) -> None:
        from asc_linker.apple.client import connect

        for key_id, access in keys.items():
            self._apple[key_id] = self._stack.enter_context(
                connect(
                    access,
                    self._clock,
                    on_token=self._heard.token,
                    on_exchange=lambda exchange: self._heard.debug(str(exchange)),
                    on_retry=self._heard.line,
                )
            )

    def _requests_left(self, key_id: str) -> int | None:
        return self._apple[key_id].requests_left
