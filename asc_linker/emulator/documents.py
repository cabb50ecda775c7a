"""JSON:API documents: what of a resource is shown, what is included, and the pages of a list."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from zlib import crc32

from asc_linker.emulator.parameters import Query
from asc_linker.emulator.problems import Refused, invalid_parameter
from asc_linker.emulator.resources import Resource


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes documents that answer the request for `url`, which had this `query`."""

    url: str
    query: Query

    def one(self, resource: Resource | None) -> dict[str, Any]:
        """A document with one resource, or with `data: null`."""
        shown = [] if resource is None else [resource]
        data = None if resource is None else self._show(resource, primary=True)
        return {"data": data, **self._included(shown), "links": {"self": self.url}}

    def linkage(self, parent: str, relationship: str, target: Resource | None) -> dict[str, Any]:
        """`parent` is the path of the resource that holds the relationship."""
        return {
            "data": target and target.identifier,
            "links": {
                "self": self._link(f"{parent}/relationships/{relationship}"),
                "related": self._link(f"{parent}/{relationship}"),
            },
        }

    def page(self, resources: Sequence[Resource]) -> dict[str, Any]:
        """The page of `resources` that limit and cursor name.

        Raises Refused: the cursor is of another request, or of an item that is gone.
        """
        start, limit = self._start(resources), self.query.limit
        shown = resources[start : start + limit]
        links = {"self": self.url}
        paging: dict[str, Any] = {"total": len(resources), "limit": limit}
        if start + limit < len(resources):
            cursor = self._cursor_after(shown[-1])
            links["next"] = self._with_cursor(cursor)
            paging["nextCursor"] = cursor
        data = [self._show(resource, primary=True) for resource in shown]
        return {"data": data, **self._included(shown), "links": links, "meta": {"paging": paging}}

    def _show(self, resource: Resource, *, primary: bool) -> dict[str, Any]:
        path = f"/v1/{resource.type}/{resource.id}"
        fields = self.query.fields(resource.type)
        wanted = resource.attributes if fields is None else fields
        attributes = {n: value for n, value in resource.attributes.items() if n in wanted}
        relationships = {
            name: entry
            for name in resource.related
            if (fields is None or name in fields)
            and (entry := self._relationship(resource, name, path, primary=primary))
        }
        shown: dict[str, Any] = {**resource.identifier}
        if attributes:
            shown["attributes"] = attributes
        if relationships:
            shown["relationships"] = relationships
        return shown | {"links": {"self": self._link(path)}}

    def _relationship(
        self, resource: Resource, name: str, path: str, *, primary: bool
    ) -> dict[str, Any]:
        entry: dict[str, Any] = {}
        if primary and name in self.query.include:
            related = resource.related[name]()
            if isinstance(related, list):
                limit = self.query.limit_of(name)
                entry["meta"] = {"paging": {"total": len(related), "limit": limit}}
                entry["data"] = [each.identifier for each in related[:limit]]
            else:
                entry["data"] = related and related.identifier
        if name not in resource.unlinked:
            entry["links"] = {
                "self": self._link(f"{path}/relationships/{name}"),
                "related": self._link(f"{path}/{name}"),
            }
        return entry

    def _included(self, resources: Iterable[Resource]) -> dict[str, Any]:
        """Everything the request includes, each resource once."""
        if not self.query.include:
            return {}
        found: dict[tuple[str, str], Resource] = {}
        for resource in resources:
            for name in self.query.include:
                related = resource.related[name]()
                several = related if isinstance(related, list) else [related] if related else []
                for each in several[: self.query.limit_of(name)]:
                    found.setdefault((each.type, each.id), each)
        return {"included": [self._show(each, primary=False) for each in found.values()]}

    def _link(self, path: str) -> str:
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}{path}"

    def _pairs(self) -> list[tuple[str, str]]:
        pairs = parse_qsl(urlsplit(self.url).query, keep_blank_values=True)
        return [(name, value) for name, value in pairs if name != "cursor"]

    def _with_cursor(self, cursor: str) -> str:
        parts = urlsplit(self.url)
        return urlunsplit(parts._replace(query=urlencode([("cursor", cursor), *self._pairs()])))

    def _cursor_after(self, resource: Resource) -> str:
        request = crc32(urlencode(sorted(self._pairs())).encode())
        return urlsafe_b64encode(json.dumps([resource.id, request]).encode()).decode()

    def _start(self, resources: Sequence[Resource]) -> int:
        cursor = self.query.cursor
        if cursor is None:
            return 0
        for n, resource in enumerate(resources):
            if self._cursor_after(resource) == cursor:
                return n + 1
        detail = f"'{cursor}' is not a valid cursor for this request"
        raise Refused(400, invalid_parameter("cursor", detail))
