"""Serve the emulator: `python -m asc_linker.emulator --world world.json`."""

import argparse
import logging
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from threading import Event

from asc_linker.emulator import Emulator, ThrowawayKey, World, WorldError, example_world


def main(
    arguments: Sequence[str] | None = None, name: str = "python -m asc_linker.emulator"
) -> int:
    """0 when stopped, or when the time is over; 2 when it cannot start."""
    given = _parser(name).parse_args(arguments)
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    try:
        with tempfile.TemporaryDirectory(prefix="asc-linker-") as folder:
            _serve(given, Path(folder), stop)
    except (OSError, ValueError) as error:
        print(f"asc-linker emulator: {error}", file=sys.stderr)
        return 2
    return 0


def _serve(given: argparse.Namespace, folder: Path, stop: Event) -> None:
    world = _world(given.world)
    key, key_file = _key(given.write_key, folder)
    save_to = given.world if given.save else None
    with Emulator(world, keys=[key], port=given.port, save_to=save_to) as emulator:
        print(f"App Store Connect, emulated: {emulator.url}")
        print(f"API key id:  {key.key_id}")
        print(f"Issuer id:   {key.issuer_id}")
        print(f"Private key: {key_file}", flush=True)
        stop.wait(given.for_seconds)


def _world(file: Path | None) -> World:
    if file is None:
        return example_world()
    try:
        return World.from_json(file.read_bytes())
    except WorldError as error:
        raise WorldError(f"{file}: {error}") from error


def _key(file: Path | None, folder: Path) -> tuple[ThrowawayKey, Path]:
    """The key in `file`; where there is none yet, a new one is written."""
    if file is not None and file.exists():
        try:
            return ThrowawayKey.from_pem(file.read_text(encoding="utf-8")), file
        except (TypeError, ValueError) as error:
            raise ValueError(f"{file} is there already, and holds no P-256 key") from error
    key = ThrowawayKey.generate()
    file = file or folder / f"AuthKey_{key.key_id}.p8"
    file.touch(mode=0o600)
    file.write_text(key.private_key, encoding="utf-8")
    return key, file


def _parser(name: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=name, description="Serve App Store Connect, emulated, on loopback."
    )
    parser.add_argument("--world", type=Path, help="a world in JSON; without it, a small example")
    parser.add_argument("--port", type=int, default=0, help="any free one when left out")
    parser.add_argument("--save", action="store_true", help="write the world back after each write")
    parser.add_argument("--write-key", type=Path, help="where the private key goes; read if there")
    parser.add_argument("--for-seconds", type=float, default=3600, help="stop then (default 3600)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
