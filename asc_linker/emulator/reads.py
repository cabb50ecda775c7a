"""The GET endpoints: which resource answers, which of a list pass the filters, in what order."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from asc_linker.emulator.call import Answer, Call
from asc_linker.emulator.resources import Resource

Read = Callable[[Call, str], Answer]


def apps(call: Call) -> Answer:
    return _page(call, [call.view.app_resource(app) for app in call.view.apps()])


def one_app(call: Call, app_id: str) -> Answer:
    return _one(call, call.view.app_resource(call.app(app_id)))


def related_to_app(relationship: str) -> Read:
    return lambda call, app_id: _page(
        call, call.view.app_resource(call.app(app_id)).related[relationship]()
    )


def builds(call: Call) -> Answer:
    return _page(call, [call.view.build_resource(app, each) for app, each in call.view.builds()])


def one_build(call: Call, build_id: str) -> Answer:
    return _one(call, call.view.build_resource(*call.build(build_id)))


def one_upload(call: Call, upload_id: str) -> Answer:
    return _one(call, call.view.upload_resource(*call.upload(upload_id)))


def one_version(call: Call, version_id: str) -> Answer:
    return _one(call, call.view.version_resource(*call.version(version_id)))


def related_to_build(relationship: str) -> Read:
    return lambda call, build_id: _one(
        call, call.view.build_resource(*call.build(build_id)).related[relationship]()
    )


def build_linkage(relationship: str) -> Read:
    return lambda call, build_id: _linkage(
        call, call.view.build_resource(*call.build(build_id)), relationship
    )


def attached_build(call: Call, version_id: str) -> Answer:
    return _one(call, call.view.version_resource(*call.version(version_id)).related["build"]())


def attached_linkage(call: Call, version_id: str) -> Answer:
    return _linkage(call, call.view.version_resource(*call.version(version_id)), "build")


def _one(call: Call, resource: Resource | None) -> Answer:
    return Answer(200, call.writer.one(resource))


def _linkage(call: Call, parent: Resource, relationship: str) -> Answer:
    target = parent.related[relationship]()
    path = f"/v1/{parent.type}/{parent.id}"
    return Answer(200, call.writer.linkage(path, relationship, target))


def _page(call: Call, resources: Sequence[Resource]) -> Answer:
    if not call.world.script.ignore_filters:
        for name, wanted in call.query.filters():
            resources = [each for each in resources if _passes(each, name, wanted)]
        # The right app among those of like bundle ids is never the first.
        bundle_ids = call.query.given.get("filter[bundleId]", ())
        resources = sorted(resources, key=lambda r: r.attributes.get("bundleId") in bundle_ids)
    for key in reversed(call.query.sort):
        name = key.removeprefix("-")
        resources = sorted(resources, key=lambda r: _rank(r, name), reverse=key != name)
    return Answer(200, call.writer.page(resources))


def _passes(resource: Resource, parameter: str, wanted: tuple[str, ...]) -> bool:
    name = parameter.partition("[")[2].removesuffix("]")
    found = _values(resource, name)
    if parameter.startswith("exists["):
        return ("true" if found else "false") in wanted
    if parameter == "filter[bundleId]":
        return any(_resemble(bundle_id, each) for bundle_id in found for each in wanted)
    return not found.isdisjoint(wanted)


def _resemble(one: str, other: str) -> bool:
    """Apple's filter on bundle ids is loose: apps that share a prefix come back as well."""
    one, other = one.lower(), other.lower()
    return one.startswith(other) or other.startswith(one)


def _values(resource: Resource, name: str) -> set[str]:
    """What a filter on `name` looks at: the id, an attribute, or the same of what is related."""
    if name == "id":
        return {resource.id}
    head, _, rest = name.partition(".")
    if head in resource.related:
        related = resource.related[head]()
        several = related if isinstance(related, list) else [related] if related else []
        return {value for each in several for value in _values(each, rest or "id")}
    value = resource.attributes[head]
    if isinstance(value, dict):
        value = value[head]
    if value is None:
        return set()
    return {str(value).lower() if isinstance(value, bool) else str(value)}


def _rank(resource: Resource, name: str) -> Any:
    if name == "preReleaseVersion":
        name = "preReleaseVersion.version"
    text = next(iter(_values(resource, name)), "")
    if name == "uploadedDate":
        return datetime.fromisoformat(text)
    return [(int(p), p) if p.isascii() and p.isdigit() else (-1, p) for p in text.split(".")]
