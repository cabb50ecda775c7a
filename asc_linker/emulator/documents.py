"""JSON:API documents: what of a resource is shown, what is included, and the pages of a list."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from zlib import crc32

from asc_linker.emulator.facts import TYPES, Relationship
from asc_linker.emulator.parameters import Query
from asc_linker.emulator.problems import Refused, invalid_parameter
from asc_linker.emulator.resources import Resource


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes documents that answer the request for `target`, which had this `query`."""

    origin: str
    """Where all links lead."""
    target: str
    query: Query

    @property
    def url(self) -> str:
        return self.origin + self.target

    def one(self, resource: Resource | None) -> dict[str, Any]:
        """A document with one resource, or with `data: null`."""
        shown = [] if resource is None else [resource]
        data = None if resource is None else self._show(resource, primary=True)
        return {"data": data, **self._included(shown), "links": {"self": self.url}}

    def page(self, resources: Sequence[Resource]) -> dict[str, Any]:
        """The page of `resources` that limit and cursor name.

        Raises Refused: the cursor is of another request, or of an item that is gone.
        """
        return self._page(resources, lambda each: self._show(each, primary=True))

    def linkage(self, holder: Resource, to: Relationship) -> dict[str, Any]:
        """What of `holder` a relationship leads to, by type and id."""
        related = holder.related(to.name)
        links = self._links(f"/v1/{holder.type}/{holder.id}", to.name)
        if not to.is_many:
            return {"data": related[0].identifier if related else None, "links": links}
        page = self._page(related, lambda each: each.identifier)
        return page | {"links": {**links, **page["links"]}}

    def _page(
        self, resources: Sequence[Resource], show: Callable[[Resource], dict[str, Any]]
    ) -> dict[str, Any]:
        request = crc32(urlencode(sorted(self._pairs())).encode())
        start, limit = self._start(resources, request), self.query.limit
        shown = resources[start : start + limit]
        links = {"self": self.url}
        paging: dict[str, Any] = {"total": len(resources), "limit": limit}
        if start + limit < len(resources):
            cursor = self._cursor_after(shown[-1], request)
            links["next"] = self._with_cursor(cursor)
            paging["nextCursor"] = cursor
        data = [show(resource) for resource in shown]
        return {"data": data, **self._included(shown), "links": links, "meta": {"paging": paging}}

    def _show(self, resource: Resource, *, primary: bool) -> dict[str, Any]:
        path = f"/v1/{resource.type}/{resource.id}"
        facts, fields = TYPES[resource.type], self.query.fields(resource.type)
        attributes = {
            name: resource.attribute(name)
            for name in facts.attributes
            if fields is None or name in fields
        }
        relationships = {
            name: entry
            for name, to in facts.relationships.items()
            if (fields is None or name in fields)
            and (entry := self._relationship(resource, to, path, primary=primary))
        }
        shown: dict[str, Any] = {**resource.identifier}
        if attributes:
            shown["attributes"] = attributes
        if relationships:
            shown["relationships"] = relationships
        return shown | {"links": {"self": self.origin + path}}

    def _relationship(
        self, resource: Resource, to: Relationship, path: str, *, primary: bool
    ) -> dict[str, Any]:
        entry: dict[str, Any] = {}
        if primary and to.name in self.query.include:
            related = resource.related(to.name)
            if to.is_many:
                limit = self.query.limit_of(to.name)
                entry["meta"] = {"paging": {"total": len(related), "limit": limit}}
                entry["data"] = [each.identifier for each in related[:limit]]
            else:
                entry["data"] = related[0].identifier if related else None
        if to.has_links:
            entry["links"] = self._links(path, to.name)
        return entry

    def _included(self, resources: Iterable[Resource]) -> dict[str, Any]:
        """Everything the request includes, each resource once."""
        if not self.query.include:
            return {}
        found: dict[tuple[str, str], Resource] = {}
        for resource in resources:
            for name in self.query.include:
                for each in resource.related(name)[: self.query.limit_of(name)]:
                    found.setdefault((each.type, each.id), each)
        return {"included": [self._show(each, primary=False) for each in found.values()]}

    def _links(self, path: str, relationship: str) -> dict[str, str]:
        return {
            "self": f"{self.origin}{path}/relationships/{relationship}",
            "related": f"{self.origin}{path}/{relationship}",
        }

    def _pairs(self) -> list[tuple[str, str]]:
        pairs = parse_qsl(urlsplit(self.target).query, keep_blank_values=True)
        return [(name, value) for name, value in pairs if name != "cursor"]

    def _with_cursor(self, cursor: str) -> str:
        query = urlencode([("cursor", cursor), *self._pairs()])
        return f"{self.origin}{urlsplit(self.target).path}?{query}"

    def _cursor_after(self, resource: Resource, request: int) -> str:
        return urlsafe_b64encode(json.dumps([resource.id, request]).encode()).decode()

    def _start(self, resources: Sequence[Resource], request: int) -> int:
        cursor = self.query.cursor
        if cursor is None:
            return 0
        for n, resource in enumerate(resources):
            if self._cursor_after(resource, request) == cursor:
                return n + 1
        detail = f"'{cursor}' is not a valid cursor for this request"
        raise Refused(400, invalid_parameter("cursor", detail))
