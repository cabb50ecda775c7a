"""App Store Connect itself: one request in, one answer out, no sockets."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from asc_linker.emulator import problems, writes
from asc_linker.emulator.call import Answer, Call
from asc_linker.emulator.documents import Writer
from asc_linker.emulator.facts import (
    NOT_PLAYED,
    OTHER_ROOTS,
    TYPES,
    Endpoint,
    Parameters,
    endpoints,
    parameters,
)
from asc_linker.emulator.parameters import read_query
from asc_linker.emulator.reads import read
from asc_linker.emulator.resources import View

READS: Mapping[str, Endpoint] = {f"GET {each.path}": each for each in endpoints()}
WRITES: Mapping[str, Callable[..., Answer]] = {
    "PATCH /v1/builds/*": writes.change_build,
    "POST /v1/appStoreVersions": writes.create_version,
    "PATCH /v1/appStoreVersions/*": writes.change_version,
    "DELETE /v1/appStoreVersions/*": writes.delete_version,
    "PATCH /v1/appStoreVersions/*/relationships/build": writes.link_build,
}
_OPERATIONS = {
    "GET": ("GET_COLLECTION", "GET_INSTANCE"),
    "POST": ("CREATE", "CREATE"),
    "PATCH": ("UPDATE", "UPDATE"),
    "DELETE": ("DELETE", "DELETE"),
}
"""Apple's words for a method on a type's own path, and on that of one resource."""


class Route(NamedTuple):
    answer: Callable[..., Answer]
    """Takes the call, and the id in the path where there is one."""
    parameters: Parameters


def answer(view: View, method: str, origin: str, target: str, body: bytes) -> Answer:
    """The answer of App Store Connect to a request with the key of `view`; links are of `origin`.

    Raises Refused: with Apple's error document.
    """
    parts = urlsplit(target)
    if view.world.agreement_missing:
        raise problems.agreement_missing()
    route = _route(method, parts.path)
    if method != "GET" and not view.key.role.may_write:
        raise problems.forbidden_key()
    query = read_query(parts.query, route.parameters, view.world.script.refuse_filters)
    call = Call(view, query, Writer(origin, target, query), body)
    return route.answer(call, *(unquote(each) for each in parts.path.split("/")[3:4]))


def _route(method: str, path: str) -> Route:
    """Raises Refused: Apple has no such path, or not for this method, or it is not played."""
    segments = path.split("/")
    root, kind = "/".join(segments[:3]), "".join(segments[2:3])
    template = "/".join([*segments[:3], *(["*", *segments[4:]] if len(segments) > 3 else [])])
    wanted = f"{method} {template}"
    if (endpoint := READS.get(wanted)) is not None:
        return Route(partial(read, endpoint), parameters(endpoint))
    if (write := WRITES.get(wanted)) is not None:
        return Route(write, Parameters())
    if wanted in NOT_PLAYED or root in OTHER_ROOTS:
        raise problems.not_played(method, path, TYPES)
    if not _methods(template):
        raise problems.unknown_path()
    if method not in _OPERATIONS or len(segments) > 4:
        raise problems.method_not_allowed()
    allowed = {_OPERATIONS[each][0] for each in _methods(root)}
    allowed |= {_OPERATIONS[each][1] for each in _methods(f"{root}/*")}
    operation = _OPERATIONS[method][len(segments) > 3]
    raise problems.not_allowed(kind, operation, ", ".join(sorted(allowed)))


def _methods(template: str) -> list[str]:
    """Those that Apple has for a path."""
    known = (*READS, *WRITES, *NOT_PLAYED)
    return [method for method in _OPERATIONS if f"{method} {template}" in known]
