"""One request on its way through the emulator, and its answer."""

from dataclasses import dataclass
from typing import Any

from asc_linker.emulator.documents import Writer
from asc_linker.emulator.parameters import Query
from asc_linker.emulator.resources import View
from asc_linker.emulator.world import World


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    document: Any = None
    """JSON, or None for an empty body."""
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Call:
    """A request that was let in."""

    view: View
    query: Query
    writer: Writer
    body: bytes

    @property
    def world(self) -> World:
        return self.view.world
