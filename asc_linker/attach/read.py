"""Reading: what App Store Connect has, shared between targets, side by side within a key."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from asc_linker.attach.shared_reads import SharedReads
from asc_linker.attach.side_by_side import side_by_side
from asc_linker.decision.findings import Findings
from asc_linker.errors import AppStoreConnectError, AscLinkerError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from asc_linker.apple.client import AppStoreConnect
    from asc_linker.attach.wait import Wait
    from asc_linker.decision.decision import Decision
    from asc_linker.decision.request import AttachRequest


class Reader:
    """Reads for many targets at once. `apple` has a client for each key, by the key's id.

    What a read that is needed met with becomes its findings' `failure`; nothing is raised.
    """

    def __init__(self, apple: Mapping[str, AppStoreConnect], wait: Wait) -> None:
        """No read begins after the end of a run, which `wait` knows."""
        self._apple = apple
        self._wait = wait

    def first(self, requests: Sequence[AttachRequest]) -> list[Findings]:
        """What is needed to decide about `requests`; more of them where `show` names no version."""
        findings = [Findings(request) for request in requests]
        live = [place for place, request in enumerate(requests) if request.skip is None]
        read = self._of_each_key(SharedReads.first, findings, live)
        return [each for place, one in enumerate(findings) for each in read.get(place, [one])]

    def look(
        self, findings: Sequence[Findings], decisions: Mapping[int, Decision]
    ) -> list[Findings]:
        """`findings` with what their decisions, by place, want to see."""
        read = self._of_each_key(
            lambda key, some: key.look(some, decisions), findings, list(decisions)
        )
        return _updated(findings, read)

    def again(
        self, findings: Sequence[Findings], builds: Sequence[int], uploads: Sequence[int]
    ) -> tuple[list[Findings], AppStoreConnectError | None]:
        """`findings` with their builds and their uploads as they are now, by place.

        Apple may fail for minutes while a build is waited for: a failure that may pass leaves
        `findings` as they are and is returned beside them.
        """
        read = self._of_each_key(
            lambda key, some: key.again(some, frozenset(uploads)),
            findings,
            sorted({*builds, *uploads}),
        )
        passing = [
            one.failure
            for (one,) in read.values()
            if isinstance(one.failure, AppStoreConnectError) and one.failure.may_pass
        ]
        kept = {
            place: each
            for place, each in read.items()
            if each[0].failure is None or each[0].failure not in passing
        }
        return _updated(findings, kept), passing[0] if passing else None

    def versions(self, findings: Sequence[Findings], places: Sequence[int]) -> list[Findings]:
        """`findings` with their versions as they are now."""
        return _updated(findings, self._of_each_key(SharedReads.versions_again, findings, places))

    def uploads(self, findings: Sequence[Findings], places: Sequence[int]) -> list[Findings]:
        """`findings` with their uploads as they are now."""
        return _updated(findings, self._of_each_key(SharedReads.uploads_again, findings, places))

    def _of_each_key(
        self,
        read: Callable[[SharedReads, dict[int, Findings]], dict[int, list[Findings]]],
        findings: Sequence[Findings],
        places: Sequence[int],
    ) -> dict[int, list[Findings]]:
        """`read` of the findings at `places`, key by key, side by side."""
        groups: dict[str, dict[int, Findings]] = {}
        for place in places:
            one = findings[place]
            groups.setdefault(one.request.key_id, {})[place] = one
        calls = [
            partial(read, SharedReads(self._apple[key_id], self._wait), some)
            for key_id, some in groups.items()
        ]
        result: dict[int, list[Findings]] = {}
        for outcome, some in zip(side_by_side(calls, len(calls)), groups.values(), strict=True):
            result |= (
                {place: [one._replace(failure=outcome)] for place, one in some.items()}
                if isinstance(outcome, AscLinkerError)
                else outcome
            )
        return result


def _updated(
    findings: Sequence[Findings], read: Mapping[int, Sequence[Findings]]
) -> list[Findings]:
    return [read[place][0] if place in read else one for place, one in enumerate(findings)]
