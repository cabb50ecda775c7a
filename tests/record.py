"""Record App Store Connect's answers to your own key, without what is yours. For `make record`.

Reads the key and the app from ASC_LINKER_API_KEY_ID, ASC_LINKER_ISSUER_ID,
ASC_LINKER_API_PRIVATE_KEY and ASC_LINKER_BUNDLE_ID or ASC_LINKER_APP_ID. It only reads, and makes
one cassette of each call. Ids, bundle ids, names and cursors are replaced; tokens, cookies, rate
limits and every header but the content type are left out.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import vcr  # type: ignore[import-untyped]
from vcr.serializers import yamlserializer  # type: ignore[import-untyped]

from asc_linker.apple.client import connect
from asc_linker.clock import SystemClock
from asc_linker.errors import AscLinkerError, InputError
from asc_linker.inputs.read_job import read_job

if TYPE_CHECKING:
    from collections.abc import Callable

    from asc_linker.apple.client import AppStoreConnect
    from asc_linker.decision.request import AttachRequest

_FOLDER = Path("build/cassettes")
_INPUTS = ("api-key-id", "issuer-id", "api-private-key", "bundle-id", "app-id", "api-url")
_KEPT_HEADERS = frozenset({"accept", "content-type"})
_NAMES = frozenset({"name", "sku", "copyright", "description"})
_CURSOR = re.compile(r"(?<=cursor=)[^&\"\s]+")


def main() -> int:
    """Record into the folder that is named. Returns 0, or an exit code of asc-linker's."""
    parser = argparse.ArgumentParser(prog="make record", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=_FOLDER, help=f"else {_FOLDER}")
    parser.add_argument("--keep-ids", action="store_true", help="leave ids and bundle ids as is")
    options = parser.parse_args()
    try:
        made = record(options.folder, keep_ids=options.keep_ids)
    except InputError as error:
        for fault in error.faults:
            print(fault, file=sys.stderr)
        print("Set them as ASC_LINKER_API_KEY_ID and so on.", file=sys.stderr)
        return error.exit_code
    except AscLinkerError as error:
        print(error.message, error.hint, sep="\n", file=sys.stderr)
        return error.exit_code
    print(f"{made} cassettes are in {options.folder}. Read them before you share them.")
    return 0


def record(folder: Path, *, keep_ids: bool) -> int:
    """Make the cassettes. Returns how many. Raises AscLinkerError."""
    given = {name: os.environ.get(f"ASC_LINKER_{_variable(name)}", "") for name in _INPUTS}
    # Any version will do: all of them are read.
    job, keys = read_job(given | {"operation": "show", "version-string": "1.0"})
    (request,), (access,) = job.requests, keys.values()
    recorder = vcr.VCR(
        cassette_library_dir=str(folder),
        record_mode=vcr.mode.ALL,
        decode_compressed_response=True,
        filter_headers=("authorization",),
    )
    recorder.register_serializer("scrubbed", Scrubber(request.bundle_id, keep_ids=keep_ids))
    with connect(
        access, SystemClock(), on_token=lambda _: None, on_exchange=lambda _: None, on_retry=print
    ) as apple:
        tape = Recording(apple, lambda name: _cassette(recorder, folder, name))
        tape.record(request)
        return tape.made


class Recording:
    """The read-only calls, each on a cassette of its own."""

    def __init__(self, apple: AppStoreConnect, cassette: Callable[[str], Any]) -> None:
        self._apple = apple
        self._cassette = cassette
        self.made = 0

    def record(self, request: AttachRequest) -> None:
        apple, app = self._apple, request.app_id
        if app is None:
            apps = self._play("apps", apple.apps, [request.bundle_id])
            same = [each.id for each in apps if each.bundle_id == request.bundle_id]
            if not same:
                raise InputError(f"This key sees no app with the bundle id {request.bundle_id}.")
            app = same[0]
        versions = self._play("versions", apple.versions, app)
        builds = self._play("builds", apple.builds, [app])
        self._play("uploads", apple.uploads, app)
        for version in versions[:1]:
            self._play("version", apple.version, version.id)
            self._play("attached-build", apple.attached_build, version.id)
        for build in builds[:1]:
            self._play("build", apple.build, build.id)

    def _play(self, name: str, call: Callable[[Any], Any], what: object) -> Any:
        with self._cassette(name):
            result = call(what)
        self.made += 1
        return result


class Scrubber:
    """A serializer of vcrpy's that leaves out what is the user's, alike on every cassette."""

    def __init__(self, bundle_id: str, *, keep_ids: bool) -> None:
        """`bundle_id` is asked for, and so in an address even when no answer holds it."""
        self._keep_ids = keep_ids
        self._stand_ins: dict[str, str] = {}
        self._scrub({"bundleId": bundle_id or None})

    def serialize(self, cassette: dict[str, Any]) -> str:
        for exchange in cassette["interactions"]:
            for half in (exchange["request"], exchange["response"]):
                half["headers"] = {
                    name: value
                    for name, value in half["headers"].items()
                    if name.lower() in _KEPT_HEADERS
                }
            body = exchange["response"]["body"]
            body["string"] = self._scrubbed(body["string"])
        text: str = yamlserializer.serialize(cassette)
        text = _CURSOR.sub(lambda found: self._stand_in(found[0], "cursor-{}"), text)
        # The longest first: one bundle id may begin another.
        for own in sorted(self._stand_ins, key=len, reverse=True):
            text = text.replace(own, self._stand_ins[own])
        return text

    def deserialize(self, text: str) -> Any:
        return yamlserializer.deserialize(text)

    def _scrubbed(self, body: bytes | str) -> str:
        try:
            document = json.loads(body)
        except ValueError:
            return "not JSON"
        self._scrub(document)
        return json.dumps(document, indent=2)

    def _scrub(self, node: Any) -> None:
        """Replace names below `node`, and note the ids: those stand in addresses as well."""
        if isinstance(node, list):
            for each in node:
                self._scrub(each)
        if not isinstance(node, dict):
            return
        for key, value in node.items():
            if key in _NAMES and isinstance(value, str):
                node[key] = "Example"
            elif key == "id" and isinstance(value, str) and not self._keep_ids:
                self._stand_in(value, "{:010}" if value.isdecimal() else "id-{}")
            elif key == "bundleId" and isinstance(value, str) and not self._keep_ids:
                self._stand_in(value, "com.example.app{}")
            else:
                self._scrub(value)

    def _stand_in(self, own: str, shape: str) -> str:
        return self._stand_ins.setdefault(own, shape.format(len(self._stand_ins) + 1))


def _cassette(recorder: Any, folder: Path, name: str) -> Any:
    (folder / f"{name}.yaml").unlink(missing_ok=True)
    return recorder.use_cassette(f"{name}.yaml", serializer="scrubbed")


def _variable(name: str) -> str:
    return name.upper().replace("-", "_")


if __name__ == "__main__":
    sys.exit(main())
