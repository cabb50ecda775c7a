"""Reads and writes side by side, on threads that hold up nobody."""

from __future__ import annotations

import threading
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, TypeVar

from asc_linker.errors import AscLinkerError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_Result = TypeVar("_Result")


def side_by_side(
    calls: Sequence[Callable[[], _Result]], at_most: int
) -> list[_Result | AscLinkerError]:
    """Every result in the order of `calls`; an AscLinkerError is the result of who raised it.

    Any other exception is raised here, once the first is known. The threads are daemons: a run that
    is interrupted does not wait for an answer nobody will read.
    """
    if len(calls) == 1:
        return [_outcome(calls[0])]
    todo: SimpleQueue[int] = SimpleQueue()
    done: SimpleQueue[tuple[int, _Result | BaseException]] = SimpleQueue()
    for place in range(len(calls)):
        todo.put(place)

    def work() -> None:
        while True:
            try:
                place = todo.get_nowait()
            except Empty:
                return
            try:
                done.put((place, calls[place]()))
            except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to who waits
                done.put((place, error))

    for _ in range(min(at_most, len(calls))):
        threading.Thread(target=work, daemon=True).start()
    results: dict[int, _Result | AscLinkerError] = {}
    while len(results) < len(calls):
        place, result = done.get()
        if isinstance(result, BaseException) and not isinstance(result, AscLinkerError):
            raise result
        results[place] = result
    return [results[place] for place in range(len(calls))]


def _outcome(call: Callable[[], _Result]) -> _Result | AscLinkerError:
    try:
        return call()
    except AscLinkerError as error:
        return error
