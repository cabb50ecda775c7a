"""A build that is ready after half an hour, waited for on a clock that is moved on by sleeping.

Prints what it took as one line of JSON: looks at the builds, requests, seconds between ready and
attached, and how many megabytes the process grew after the first five minutes.
"""

from __future__ import annotations

import json
import sys
import time
import tracemalloc
from typing import Any

from asc_linker.emulator import Emulator, ThrowawayKey, World, example_world
from asc_linker.reporting.progress import Heartbeat
from asc_linker.run import Listeners, run

READY_AFTER_S = 30 * 60.0
_SETTLED_AFTER_S = 5 * 60.0


class Clock:
    """Time passes when somebody sleeps."""

    def __init__(self) -> None:
        self.started = time.time()
        self.elapsed = 0.0
        self.bytes_before = 0

    def now(self) -> float:
        return self.started + self.elapsed

    def monotonic(self) -> float:
        return self.elapsed

    def sleep(self, seconds: float) -> None:
        self.elapsed += seconds
        if self.elapsed >= _SETTLED_AFTER_S and not self.bytes_before:
            self.bytes_before = tracemalloc.get_traced_memory()[0]


def main() -> int:
    """Returns 0 when the build was attached."""
    clock = Clock()
    document: dict[str, Any] = example_world().to_json()
    build = document["apps"][0]["builds"][-1]
    build.pop("processingState", None)
    build |= {"appearsAfterSeconds": 0, "processedAfterSeconds": READY_AFTER_S}
    document.setdefault("script", {}).pop("startedAt", None)
    key = ThrowawayKey.generate()
    tracemalloc.start()
    with Emulator(World.from_json(document), keys=[key], now=clock.now) as emulator:
        given = {
            "api-key-id": key.key_id,
            "issuer-id": key.issuer_id or "",
            "api-private-key": key.private_key,
            "api-url": emulator.url,
            "bundle-id": "com.example.notes",
            "version-string": "1.4.2",
            "build-number": "231",
            "wait-minutes": "45",
        }
        listeners = Listeners(Heartbeat(lambda _: None), lambda _: None, lambda _: None)
        ending = run(given, {}, listeners, clock)
        grown = tracemalloc.get_traced_memory()[0] - clock.bytes_before
        requests = emulator.requests
    looks = sum(each.method == "GET" and each.path == "/v1/builds" for each in requests)
    found = {
        "looks": looks,
        "requests": len(requests),
        "late_s": clock.elapsed - READY_AFTER_S,
        "grown_mb": grown / 2**20,
    }
    print(json.dumps(found))
    return ending.exit_code


if __name__ == "__main__":
    sys.exit(main())
