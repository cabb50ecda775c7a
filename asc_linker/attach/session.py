"""What a run works with."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from asc_linker.apple.client import AppStoreConnect
    from asc_linker.attach.progress import Progress
    from asc_linker.attach.wait import Wait
    from asc_linker.clock import Clock
    from asc_linker.decision.request import Job


class Session(NamedTuple):
    """The job, and the means to do it. `apple` has a client for each key, by the key's id."""

    job: Job
    apple: Mapping[str, AppStoreConnect]
    clock: Clock
    wait: Wait
    progress: Progress
