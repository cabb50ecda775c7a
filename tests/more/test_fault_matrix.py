"""Every request of every operation, on every kind of bad day."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from faults_under_test import (
    FOR_GOOD,
    MATRIX,
    OPERATIONS,
    WAITING,
    Bench,
    Cell,
    Misfortune,
    Position,
    misfortunes,
)
from scripted_server import ScriptedServer

from asc_linker.emulator import ThrowawayKey

# Far more than any cell takes: only what hangs runs into it.
HANGS_S = 60


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[ScriptedServer]:
    """Another origin, which no token of ours may ever see."""
    with ScriptedServer() as server:
        yield server


@pytest.fixture(scope="module")
def bench(key: ThrowawayKey, elsewhere: ScriptedServer) -> Bench:
    return Bench(key, elsewhere.url)


def expected_code(
    operation: str,
    position: Position,
    misfortune: Misfortune,
    *,
    for_good: bool,
    is_read_back: bool,
) -> int | None:
    """The exit code a run must end with; None where such a request cannot meet such a fault."""
    if misfortune.only_lists and not position.is_list:
        return None
    if position.is_write and misfortune.sign == "page":
        # A 2xx is believed until the read that follows. Only a new version has to come with it.
        return 0 if position.method == "POST" else 7
    if position.is_write and misfortune.applied:
        return 0
    if operation == WAITING and position.is_for_uploads and misfortune.code == 7:
        # While the build is waited for, news of its upload is welcome, and not needed.
        return 0 if misfortune.passes or position.nth == 0 else 7
    if is_read_back and (for_good or not misfortune.passes):
        # Apple took the write, and only its proof is missing.
        return 7
    is_early = position.path == "/v1/builds" and "bundle-id" in OPERATIONS[operation].inputs
    if is_early and position.nth == 0 and operation != "attach, latest" and not for_good:
        # The builds of any app are asked for beside the app; what fails there is asked again.
        return 0
    if operation == WAITING and position.path == "/v1/builds" and position.nth == 2:
        # What the app has instead of a build that is not listed is news, and not needed.
        is_outlived = misfortune.code == 7 or misfortune.passes
        return 0 if is_outlived and not for_good else misfortune.code
    return misfortune.code if for_good or not misfortune.passes else 0


def explained(cell: Cell, position: Position, misfortune: Misfortune) -> bool:
    """Whether a run that failed says truly what happened, and what it wrote."""
    error = cell.error
    assert error is not None
    words = "but shows" if position.is_write and misfortune.sign == "page" else misfortune.words
    may_have = "not known" in error.message or words == "but shows"
    says_what_it_wrote = may_have or cell.report.changed is (cell.took_effect > 0)
    return words in error.message and says_what_it_wrote


@pytest.mark.parametrize(
    ("misfortune", "for_good"),
    [(name, False) for name in misfortunes("")] + [(name, True) for name in FOR_GOOD],
)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_run_lives_through_a_bad_day_or_says_truly_why_not(
    operation: str,
    misfortune: str,
    for_good: bool,
    bench: Bench,
    elsewhere: ScriptedServer,
    request: pytest.FixtureRequest,
) -> None:
    asked, fault = OPERATIONS[operation], bench.misfortunes[misfortune]
    positions = bench.positions(asked)
    table = request.config.stash.setdefault(MATRIX, {}).setdefault(for_good, {})
    writes = sum(position.is_write for position in positions)

    def play(position: Position) -> Cell:
        return bench.play(asked, position, fault, for_good=for_good)

    first_write = next((n for n, each in enumerate(positions) if each.is_write), len(positions))
    codes = {
        position: expected_code(
            operation,
            position,
            fault,
            for_good=for_good,
            is_read_back=at > first_write and not position.is_write,
        )
        for at, position in enumerate(positions)
    }
    possible = [position for position, code in codes.items() if code is not None]
    with ThreadPoolExecutor(len(positions)) as pool:
        cells = dict(zip(possible, pool.map(play, possible, timeout=HANGS_S), strict=True))

    for at, position in enumerate(positions):
        row = table.setdefault((operation, position), {})
        row[fault.sign] = "-"
        if position not in cells:
            continue
        cell = cells[position]
        row[fault.sign] = "?"
        code = codes[position]
        where = f"{position}: {cell.error} {cell.error and cell.error.message}"
        assert (cell.error.exit_code if cell.error else 0) == code, where
        if cell.error is None:
            assert cell.report.outcome == asked.outcome, where
            assert cell.took_effect == writes, where
            assert (cell.attached, cell.versions) == (asked.attached, 2), where
        else:
            assert explained(cell, position, fault), where
            before = sum(earlier.is_write for earlier in positions[:at])
            assert cell.took_effect == before, where
        row[fault.sign] = cell.sign
    assert elsewhere.arrived == []
