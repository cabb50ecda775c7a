"""The GET endpoints: which resource answers, which of a list pass the filters, in what order."""

from collections.abc import Sequence
from typing import Any

from asc_linker.emulator.call import Answer, Call
from asc_linker.emulator.facts import TYPES, Endpoint
from asc_linker.emulator.resources import Resource
from asc_linker.emulator.world import epoch

_METRICS = "application/vnd.apple.xcode-metrics+json"


def read(endpoint: Endpoint, call: Call, identifier: str = "") -> Answer:
    """What `endpoint` answers for the resource that its path names."""
    if endpoint.relationship is None:
        if endpoint.is_many:
            return _page(call, list(call.view.all(endpoint.type)))
        return one(call, endpoint.type, identifier)
    holder = call.view.find(endpoint.holder, identifier)
    if endpoint.is_linkage:
        return Answer(200, call.writer.linkage(holder, endpoint.relationship))
    if endpoint.type == "xcodeMetrics":
        return Answer(200, {"productData": []}, _METRICS)
    related = holder.related(endpoint.relationship.name)
    if endpoint.is_many:
        return _page(call, related)
    return Answer(200, call.writer.one(related[0] if related else None))


def one(call: Call, kind: str, identifier: str) -> Answer:
    return Answer(200, call.writer.one(call.view.find(kind, identifier)))


def _page(call: Call, resources: Sequence[Resource]) -> Answer:
    if not call.world.script.ignore_filters:
        for name, wanted in call.query.filters():
            resources = [each for each in resources if _passes(each, name, wanted)]
        # The right app among those of like bundle ids is never the first.
        if bundle_ids := call.query.given.get("filter[bundleId]"):
            resources = sorted(resources, key=lambda r: r.attribute("bundleId") in bundle_ids)
    for key in reversed(call.query.sort):
        name = key.removeprefix("-")
        resources = sorted(resources, key=lambda r: _rank(r, name), reverse=key != name)
    return Answer(200, call.writer.page(resources))


def _passes(resource: Resource, parameter: str, wanted: tuple[str, ...]) -> bool:
    name = parameter.partition("[")[2].removesuffix("]")
    found = _values(resource, name)
    if parameter.startswith("exists["):
        return ("true" if found else "false") in (each.lower() for each in wanted)
    if parameter == "filter[bundleId]":
        return any(_resemble(bundle_id, each) for bundle_id in found for each in wanted)
    return not found.isdisjoint(wanted) or any(
        value in ("true", "false") and each.lower() == value for value in found for each in wanted
    )


def _resemble(one: str, other: str) -> bool:
    """Apple's filter on bundle ids is loose: apps that share a prefix come back as well."""
    one, other = one.lower(), other.lower()
    return one.startswith(other) or other.startswith(one)


def _values(resource: Resource, name: str) -> set[str]:
    """What a filter on `name` looks at: the id, an attribute, or the same of what is related."""
    if name == "id":
        return {resource.id}
    head, _, rest = name.partition(".")
    if head in TYPES[resource.type].relationships:
        return {value for each in resource.related(head) for value in _values(each, rest or "id")}
    value = resource.attribute(head)
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
        return epoch(text) if text else 0.0
    return [(int(p), p) if p.isascii() and p.isdigit() else (-1, p) for p in text.split(".")]
