"""App Store Connect as far away as asked: the emulator over TLS, in a process of its own.

Prints where it is as one line of JSON. Each line on stdin begins a new world, and is answered by
how many requests the one before has seen; the end of stdin is the end.
"""

from __future__ import annotations

import argparse
import json
import socket
import sys
from pathlib import Path

import certifi

from asc_linker.emulator import Emulator, ThrowawayKey, World, example_world
from asc_linker.emulator.certificate import Certificate
from benchmarks.wire import Wire


def world(apps: int, latency_s: float) -> dict[str, object]:
    """`apps` apps, com.example.notes and com.example.notes1 and so on; build 231 is to attach."""
    document: dict[str, object] = {"script": {"latencySeconds": latency_s}}
    template = example_world().to_json()["apps"][0]
    for each in (*template["appStoreVersions"], *template["builds"]):
        del each["id"]
    template["appStoreVersions"][0]["build"] = template["builds"][0]["version"]
    if apps > 1:
        template |= {
            "id": "6446{n}",
            "bundleId": "com.example.notes{n}",
            "name": "Example Notes {n}",
            "sku": "EXAMPLE{n}",
            "copies": apps,
        }
    document["apps"] = [template]
    return document


def own_name() -> tuple[str, str]:
    """A name of this machine and where it leads; loopback's own where it has none."""
    name = socket.gethostname()
    try:
        return name, str(socket.getaddrinfo(name, 0, socket.AF_INET)[0][4][0])
    except OSError:
        return "127.0.0.1", "127.0.0.1"


def main() -> None:
    """Serve until stdin ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the certificate goes")
    parser.add_argument("--apps", type=int, default=1)
    parser.add_argument("--latency-s", type=float, default=0.0, help="of the server, per request")
    parser.add_argument("--rtt-s", type=float, default=0.0, help="of the wire, per round trip")
    parser.add_argument("--plain", action="store_true", help="http, on loopback")
    given = parser.parse_args()
    name, address = ("127.0.0.1", "127.0.0.1") if given.plain else own_name()
    certificate = Certificate.generate([name])
    key = ThrowawayKey.generate()
    document = world(given.apps, given.latency_s)
    # As long as the bundle that a client reads when nobody gives it another.
    bundle = given.folder / "ca.pem"
    bundle.write_text(Path(certifi.where()).read_text(encoding="utf-8") + certificate.pem)
    key_file = given.folder / f"AuthKey_{key.key_id}.p8"
    key_file.write_text(key.private_key)
    tls = None if given.plain else certificate.context()
    with Emulator(World.from_json(document), keys=[key], host=address, tls=tls) as emulator:
        port = int(emulator.url.rpartition(":")[2])
        if given.rtt_s:
            port = Wire(address, port, given.rtt_s).port
        place = {
            "url": f"{'http' if given.plain else 'https'}://{name}:{port}",
            "key_id": key.key_id,
            "issuer_id": key.issuer_id,
            "private_key": key.private_key,
            "private_key_file": str(key_file),
            "ca_file": str(bundle),
        }
        print(json.dumps(place), flush=True)
        for _ in sys.stdin:
            seen = [f"{each.method} {each.path}" for each in emulator.requests]
            emulator.play(World.from_json(document))
            print(json.dumps(seen), flush=True)


if __name__ == "__main__":
    main()
