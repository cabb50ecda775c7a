"""Serve the emulator: `python -m asc_linker.emulator --world world.json`."""

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from asc_linker.emulator.bad_days import BAD_DAYS
from asc_linker.emulator.serve import serve, write_example


def main(
    arguments: Sequence[str] | None = None, name: str = "python -m asc_linker.emulator"
) -> int:
    """0 when stopped, or when the time is over; 2 when it cannot start."""
    given = vars(_parser(name).parse_args(arguments))
    if given.pop("command") == "init":
        return end_with(partial(write_example, file=given["file"], apps=given["apps"]))
    return end_with(partial(serve, **given))


def end_with(act: Callable[[Callable[[str], None]], None]) -> int:
    """The exit code of `act`, which gets what prints a line."""
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    try:
        act(partial(print, flush=True))
    except (OSError, ValueError) as error:
        print(f"asc-linker emulator: {error}", file=sys.stderr)
        return 2
    return 0


def _parser(name: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=name, description="Serve App Store Connect, emulated, on loopback."
    )
    add = parser.add_argument
    add("--world", type=Path, help="a world in JSON; without it, a small example")
    add("--save", type=Path, help="write the world to this file after each write")
    add("--write-key", type=Path, help="where the private key goes; read if there")
    add("--for-seconds", type=float, default=3600, help="stop then (default 3600)")
    add("--host", default="127.0.0.1", help="the address to listen on (default 127.0.0.1)")
    add("--port", type=int, default=0, help="any free one when left out")
    add("--tls", action="store_true", help="speak https as well, and be a proxy to it")
    add("--ca-file", type=Path, help="where the certificate goes that clients shall trust")
    add("--origin", help="where links lead; without it they follow the Host header")
    days = "; ".join(f"{day}: {each.meaning}" for day, each in BAD_DAYS.items())
    add("--bad-day", action="append", default=[], choices=BAD_DAYS, dest="bad_days", help=days)
    commands = parser.add_subparsers(dest="command", metavar="init")
    init = commands.add_parser("init", help="write a world to start from")
    init.add_argument("file", type=Path, nargs="?", default=Path("world.json"))
    init.add_argument("--apps", type=int, default=1, help="how many apps (default 1)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
