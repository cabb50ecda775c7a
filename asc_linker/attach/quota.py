"""The hour's quota of a key: what a run needs of it, and whether that is left."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from asc_linker.errors import AppStoreConnectError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asc_linker.apple.client import AppStoreConnect
    from asc_linker.decision.decision import Decision

# Apple's usual limit, where the key's own is not known.
_USUAL_HOUR = 3600
# Each write is proved by a read.
_REQUESTS_OF_A_WRITE = 2


def requests_of(decisions: Sequence[Decision]) -> int:
    """How many requests the writes of these plans take."""
    return sum(
        _REQUESTS_OF_A_WRITE * len(decision.plan.writes)
        for decision in decisions
        if decision.plan is not None
    )


def require_quota(apple: AppStoreConnect, needed: int) -> AppStoreConnectError | None:
    """The error for a run that needs more requests than its key has left in this hour."""
    left = apple.requests_left
    if left is None or needed <= left:
        return None
    limit = max(apple.requests_an_hour or _USUAL_HOUR, 1)
    hours = ceil(needed / limit)
    beside = f"{hours} keys, or {hours} hours" if hours > 1 else "another key, or another hour"
    error = AppStoreConnectError(
        f"The run still needs {needed} requests, and the API key has {left} left in this hour. "
        "Nothing was written.",
        hint=f"It takes {beside}: give part of the targets a key of their own, or run again when "
        "the hour is over. Shards share their key's limit.",
        id="quota",
    )
    error.title = "Too few requests are left"
    return error
