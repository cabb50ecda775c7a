"""Serve the emulator for a user: the two doors, click's and argparse's, give plain values."""

import errno
import json
import re
import signal
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event
from urllib.parse import urlsplit

from asc_linker.emulator.bad_days import BAD_DAYS
from asc_linker.emulator.codec import WorldError
from asc_linker.emulator.example import example_world
from asc_linker.emulator.keys import ThrowawayKey
from asc_linker.emulator.server import Emulator
from asc_linker.emulator.world import World

_CERTIFICATE = "-----BEGIN CERTIFICATE-----"


def serve(
    say: Callable[[str], None],
    *,
    world: Path | None = None,
    save: Path | None = None,
    write_key: Path | None = None,
    for_seconds: float = 3600,
    host: str = "127.0.0.1",
    port: int = 0,
    tls: bool = False,
    ca_file: Path | None = None,
    origin: str | None = None,
    bad_days: Sequence[str] = (),
) -> None:
    """Serve until the time is over or a signal comes; `say` gets each line to print.

    Raises OSError, ValueError: it cannot start; the message says what to do.
    """
    played = _world(world, bad_days)
    named = urlsplit(_origin(origin)).hostname if origin else None
    if ca_file is not None and not tls:
        raise ValueError("--ca-file is where the certificate of --tls goes: give both")
    with tempfile.TemporaryDirectory(prefix="asc-linker-") as folder:
        key, key_file = _key(write_key, Path(folder))
        context = None
        if tls:
            from asc_linker.emulator.certificate import Certificate

            certificate = Certificate.generate([host, *([named] if named else [])])
            context = certificate.context()
            ca_file = _write_certificate(certificate.pem, ca_file or Path(folder, "ca.pem"))
        try:
            emulator = Emulator(
                played, keys=[key], host=host, port=port, tls=context, origin=origin, save_to=save
            )
        except OSError as error:
            raise _unreachable(error, host, port) from error
        stop = Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        with emulator:
            say(f"App Store Connect, emulated: {emulator.url}")
            if origin is not None and origin != emulator.url:
                say(f"origin of links: {origin}")
            say(f"key id: {key.key_id}")
            say(f"issuer id: {key.issuer_id}")
            say(f"private key: {key_file.absolute()}")
            if ca_file is not None:
                say(f"CA file: {ca_file.absolute()}")
                say(f"proxy for Apple's own address: {emulator.url.replace('https', 'http', 1)}")
            say(f"world: {_description(played, world)}")
            for each in bad_days:
                say(f"bad day: {each}, {BAD_DAYS[each].meaning}")
            stop.wait(for_seconds)


def write_example(say: Callable[[str], None], *, file: Path, apps: int = 1) -> None:
    """Write a world to start from, of one app or of many.

    Raises OSError: it cannot be written. ValueError: there is a file already.
    """
    if file.exists():
        raise ValueError(f"{file} is there already, and is left as it is")
    world = example_world(bundle_id="com.example.notes" + ("{n}" if apps > 1 else "")).to_json()
    if apps > 1:
        [app] = world["apps"]
        app |= {"id": "6446{n}", "name": "Example Notes {n}", "sku": "EXAMPLE{n}", "copies": apps}
        for each in (*app["appStoreVersions"], *app["builds"]):
            del each["id"]
        app["appStoreVersions"][0]["build"] = app["builds"][0]["version"]
        World.from_json(world)
    file.write_text(json.dumps(world, indent=2) + "\n", encoding="utf-8")
    say(f"Wrote {file}. Serve it: asc-linker emulator --world {file}")


def _world(file: Path | None, bad_days: Sequence[str]) -> World:
    if unknown := [each for each in bad_days if each not in BAD_DAYS]:
        raise ValueError(f"no bad day is called {unknown[0]!r}; there are {', '.join(BAD_DAYS)}")
    try:
        world = World.from_json(file.read_bytes()) if file is not None else example_world()
    except WorldError as error:
        raise WorldError(f"{file}: {error}") from error
    for each in bad_days:
        BAD_DAYS[each].begin(world.script)
    return world


def _origin(origin: str) -> str:
    if not re.fullmatch(r"https?://[^/?#\s]+", origin):
        raise ValueError(f"--origin {origin} is not like https://api.appstoreconnect.apple.com")
    return origin


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


def _write_certificate(pem: str, file: Path) -> Path:
    if file.exists() and not file.read_bytes().startswith(_CERTIFICATE.encode()):
        raise ValueError(f"{file} is there already, and holds no certificate")
    file.write_text(pem, encoding="utf-8")
    return file


def _unreachable(error: OSError, host: str, port: int) -> OSError:
    if error.errno == errno.EADDRINUSE:
        return OSError(
            f"port {port} of {host} is in use: stop what listens there, name another with --port,"
            " or leave --port out for one that is free"
        )
    return OSError(f"cannot listen on {host}, port {port}: {error.strerror or error}")


def _description(world: World, file: Path | None) -> str:
    def counted(number: int, noun: str) -> str:
        return f"{number} {noun}" + ("" if number == 1 else "s")

    shown = [app.bundle_id for app in world.apps[:3]]
    more = len(world.apps) - len(shown)
    return "; ".join(
        (
            str(file) if file is not None else "the built-in example",
            counted(len(world.apps), "app")
            + (f" ({', '.join(shown)}{f' and {more} more' if more else ''})" if shown else ""),
            counted(sum(len(app.app_store_versions) for app in world.apps), "version"),
            counted(sum(len(app.builds) for app in world.apps), "build"),
        )
    )
