"""`make record`: a user's own answers, without what is theirs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from asc_linker.emulator import Emulator

if TYPE_CHECKING:
    from asc_linker.emulator import ThrowawayKey, World

SCRIPT = Path(__file__).parents[1] / "record.py"


def run(folder: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("ASC_LINKER_")}
    return subprocess.run(
        [sys.executable, str(SCRIPT), str(folder), *options],
        env=own | environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.fixture
def apple(world: World, key: ThrowawayKey) -> Emulator:
    """An emulator on the real clock, which is what a subprocess lives by."""
    return Emulator(world, keys=[key])


def access(key: ThrowawayKey, apple: Emulator) -> dict[str, str]:
    return {
        "ASC_LINKER_API_KEY_ID": key.key_id,
        "ASC_LINKER_ISSUER_ID": key.issuer_id or "",
        "ASC_LINKER_API_PRIVATE_KEY": key.private_key,
        "ASC_LINKER_BUNDLE_ID": "com.example.notes",
        "ASC_LINKER_API_URL": apple.url,
    }


def test_recording_only_reads_and_leaves_out_what_is_the_users(
    apple: Emulator, key: ThrowawayKey, world: World, tmp_path: Path
) -> None:
    with apple:
        done = run(tmp_path, **access(key, apple))

        assert (done.returncode, done.stderr) == (0, "")
        assert apple.writes == []
    recorded = {file.name: file.read_text(encoding="utf-8") for file in tmp_path.iterdir()}
    assert sorted(recorded) == [
        "apps.yaml",
        "attached-build.yaml",
        "build.yaml",
        "builds.yaml",
        "uploads.yaml",
        "version.yaml",
        "versions.yaml",
    ]
    app = world.apps[0]
    ids = [app.id, *(each.id for each in app.builds), *(each.id for each in app.app_store_versions)]
    for secret in (*ids, "com.example.notes", "Example Notes", "eyJ", "uthorization", "Rate-Limit"):
        assert not any(secret in text for text in recorded.values()), secret


def test_ids_stay_when_that_is_asked_for(
    apple: Emulator, key: ThrowawayKey, world: World, tmp_path: Path
) -> None:
    with apple:
        run(tmp_path, "--keep-ids", **access(key, apple))

    assert world.apps[0].builds[3].id in (tmp_path / "builds.yaml").read_text(encoding="utf-8")


def test_without_a_key_a_line_says_what_is_missing(tmp_path: Path) -> None:
    done = run(tmp_path / "cassettes")

    assert done.returncode == 2
    assert "`api-key-id` is missing." in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "cassettes").exists()


def test_an_app_the_key_does_not_see_is_named(
    apple: Emulator, key: ThrowawayKey, tmp_path: Path
) -> None:
    with apple:
        done = run(tmp_path, **access(key, apple) | {"ASC_LINKER_BUNDLE_ID": "com.example.none"})

    assert done.returncode == 2
    assert "com.example.none" in done.stderr


def test_a_key_apple_refuses_is_reported_without_a_traceback(
    apple: Emulator, key: ThrowawayKey, tmp_path: Path
) -> None:
    with apple:
        done = run(tmp_path, **access(key, apple) | {"ASC_LINKER_API_KEY_ID": "ABCDEFGHIJ"})

    assert done.returncode == 3
    assert "Traceback" not in done.stderr
