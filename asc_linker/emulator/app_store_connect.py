"""App Store Connect itself: one request in, one answer out, no sockets."""

from collections.abc import Callable, Mapping
from urllib.parse import unquote, urlsplit

from asc_linker.emulator import problems, reads, writes
from asc_linker.emulator.call import Answer, Call
from asc_linker.emulator.documents import Writer
from asc_linker.emulator.faults import matches
from asc_linker.emulator.parameters import PARAMETERS, read_query
from asc_linker.emulator.resources import View

ROUTES: Mapping[str, Callable[..., Answer]] = {
    "GET /v1/apps": reads.apps,
    "GET /v1/apps/*": reads.one_app,
    "GET /v1/apps/*/appStoreVersions": reads.related_to_app("appStoreVersions"),
    "GET /v1/apps/*/builds": reads.related_to_app("builds"),
    "GET /v1/apps/*/buildUploads": reads.related_to_app("buildUploads"),
    "GET /v1/buildUploads/*": reads.one_upload,
    "GET /v1/builds": reads.builds,
    "GET /v1/builds/*": reads.one_build,
    "PATCH /v1/builds/*": writes.change_build,
    "GET /v1/builds/*/app": reads.related_to_build("app"),
    "GET /v1/builds/*/appStoreVersion": reads.related_to_build("appStoreVersion"),
    "GET /v1/builds/*/preReleaseVersion": reads.related_to_build("preReleaseVersion"),
    "GET /v1/builds/*/relationships/app": reads.build_linkage("app"),
    "GET /v1/builds/*/relationships/appStoreVersion": reads.build_linkage("appStoreVersion"),
    "GET /v1/builds/*/relationships/preReleaseVersion": reads.build_linkage("preReleaseVersion"),
    "POST /v1/appStoreVersions": writes.create_version,
    "GET /v1/appStoreVersions/*": reads.one_version,
    "PATCH /v1/appStoreVersions/*": writes.change_version,
    "GET /v1/appStoreVersions/*/build": reads.attached_build,
    "GET /v1/appStoreVersions/*/relationships/build": reads.attached_linkage,
    "PATCH /v1/appStoreVersions/*/relationships/build": writes.link_build,
}


def answer(view: View, method: str, url: str, body: bytes) -> Answer:
    """The answer of App Store Connect to a request with the key of `view`.

    Raises Refused: with Apple's error document.
    """
    parts = urlsplit(url)
    if view.world.agreement_missing:
        raise problems.agreement_missing()
    if (method, parts.path) == ("GET", "/v1/appStoreVersions"):
        raise problems.not_allowed("appStoreVersions", "GET_COLLECTION", "CREATE, UPDATE")
    route = next((each for each in ROUTES if matches(each, method, parts.path)), None)
    if route is None:
        raise problems.unknown_path()
    if method != "GET" and not view.key.role.may_write:
        raise problems.forbidden_key()
    query = read_query(parts.query, PARAMETERS[route], view.world.script.refuse_filters)
    call = Call(view, query, Writer(url, query), body)
    segments = zip(route.split(" ")[1].split("/"), parts.path.split("/"), strict=True)
    return ROUTES[route](call, *(unquote(given) for star, given in segments if star == "*"))
