"""What a test or a job does to the emulator itself, under `/_emulator/` and without a token."""

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from asc_linker.emulator.facts import OPENAPI_VERSION
from asc_linker.emulator.loopback import Reply, Request
from asc_linker.emulator.problems import Problem, Refused, method_not_allowed, unknown_path
from asc_linker.emulator.world import World

if TYPE_CHECKING:
    from asc_linker.emulator.server import Emulator

PREFIX = "/_emulator/"

_Control = Callable[["Emulator", Request], Any]


def control(emulator: "Emulator", request: Request) -> Reply:
    path = urlsplit(request.target).path
    method = "GET" if request.method == "HEAD" else request.method
    try:
        done = _control(method, path)(emulator, request)
    except Refused as refused:
        return _reply(refused.status, refused.document())
    return _reply(200, done)


def _control(method: str, path: str) -> _Control:
    found = _CONTROLS.get(path.removeprefix(PREFIX))
    if found is None:
        raise unknown_path()
    if method not in found:
        raise method_not_allowed()
    return found[method]


def _health(emulator: "Emulator", _: Request) -> dict[str, Any]:
    return {"status": "ready", "openapi": OPENAPI_VERSION, "apps": len(emulator.world.apps)}


def _reset(emulator: "Emulator", request: Request) -> dict[str, Any]:
    emulator.reset()
    return _health(emulator, request)


def _world(emulator: "Emulator", _: Request) -> dict[str, Any]:
    return emulator.world.to_json()


def _play(emulator: "Emulator", request: Request) -> dict[str, Any]:
    try:
        emulator.play(World.from_json(request.body))
    except ValueError as error:
        title = "This world cannot be"
        raise Refused(400, Problem("WORLD_ERROR", title, str(error))) from error
    return _health(emulator, request)


def _requests(emulator: "Emulator", _: Request) -> list[dict[str, Any]]:
    return [
        {
            "method": each.method,
            "path": each.path,
            "query": each.query,
            "body": each.body,
            "status": each.status,
            "requestId": each.request_id,
            "authorizationOk": each.authorization_ok,
            "seconds": round(each.ended - each.started, 3),
        }
        for each in emulator.requests
    ]


def _key(emulator: "Emulator", request: Request) -> Any:
    """The .p8 as it is; with `Accept: application/json` it is fastlane's JSON key."""
    key = emulator.made_up_key
    if key is None:
        detail = "The key was not made up here but read from a file, so it is not shown."
        raise Refused(404, Problem("NOT_FOUND", "There is no key to show", detail))
    if "json" not in request.headers.get("accept", ""):
        return key.private_key
    return {"key_id": key.key_id, "issuer_id": key.issuer_id, "key": key.private_key}


_CONTROLS: Mapping[str, Mapping[str, _Control]] = {
    "health": {"GET": _health},
    "reset": {"POST": _reset},
    "world": {"GET": _world, "PUT": _play},
    "requests": {"GET": _requests},
    "key": {"GET": _key},
}


def _reply(status: int, document: Any) -> Reply:
    is_text = isinstance(document, str)
    body = document if is_text else json.dumps(document, indent=2) + "\n"
    kind = "text/plain; charset=utf-8" if is_text else "application/json"
    return Reply(status, [("Content-Type", kind)], body.encode())
