"""JSON:API documents as Apple sends them, read without trusting them.

A value of the wrong shape is an `UnexpectedAnswer` that names the place; nothing here guesses.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from asc_linker.errors import UnexpectedAnswer

# Far above anything we read; what is longer would fill the memory, times a list's ten thousand.
LONGEST_TEXT = 1000
_LONGEST_ID = 200
# A page of 200 builds has a tenth of these commas and brackets. A body that held nothing else would
# take twenty times its size.
_MOST_VALUES = 250_000


class NotJson(UnexpectedAnswer):
    """No whole JSON: what another try may cure."""


class Ref(NamedTuple):
    """A resource identifier: what a relationship's `data` holds."""

    type: str
    id: str


class Resource:
    """One resource object: `type`, `id`, and typed access to what we read of it."""

    __slots__ = ("_attributes", "_relationships", "id", "type")

    def __init__(self, raw: object) -> None:
        if not isinstance(raw, dict):
            raise UnexpectedAnswer("App Store Connect sent a resource that is not an object.")
        ref = _ref(raw, "a resource")
        self.type, self.id = ref.type, ref.id
        self._attributes = _mapping(raw, "attributes")
        self._relationships = _mapping(raw, "relationships")

    def text(self, name: str) -> str:
        """A text attribute that must be there."""
        value = self.optional_text(name)
        if value is None:
            raise UnexpectedAnswer(f"App Store Connect sent {self.type} without `{name}`.")
        return value

    def optional_text(self, name: str) -> str | None:
        """A text attribute, cut at a thousand characters; None when it is absent or null."""
        value = self._attributes.get(name)
        if value is None:
            return None
        if isinstance(value, str):
            return without_surrogates(value[:LONGEST_TEXT])
        raise UnexpectedAnswer(f"App Store Connect sent {self.type} whose `{name}` is not text.")

    def flag(self, name: str) -> bool | None:
        """A boolean attribute; None when it is absent or null, which Apple uses for unanswered."""
        value = self._attributes.get(name)
        if value is None or isinstance(value, bool):
            return value
        raise UnexpectedAnswer(f"App Store Connect sent {self.type} whose `{name}` is no boolean.")

    def value(self, name: str) -> object:
        """An attribute of whatever shape; None when it is absent."""
        return self._attributes.get(name)

    def related(self, name: str) -> Ref | None:
        """What a to-one relationship points at; None when empty or when it was not included."""
        relationship = self._relationships.get(name)
        data = relationship.get("data") if isinstance(relationship, dict) else None
        return None if data is None else _ref(data, f"{self.type}.{name}")


class Document:
    """A whole answer: the primary data as a list, `included` by reference, and the next page."""

    __slots__ = ("data", "included", "next_url")

    def __init__(self, raw: object) -> None:
        if not isinstance(raw, dict) or "data" not in raw:
            raise UnexpectedAnswer("App Store Connect sent a document without `data`.")
        data = raw["data"]
        entries = data if isinstance(data, list) else [] if data is None else [data]
        self.data = [Resource(entry) for entry in entries]
        included = raw.get("included")
        resources = [Resource(entry) for entry in included] if isinstance(included, list) else []
        self.included = {Ref(resource.type, resource.id): resource for resource in resources}
        next_url = _mapping(raw, "links").get("next")
        self.next_url = next_url if isinstance(next_url, str) else None

    @classmethod
    def parse(cls, body: bytes | bytearray) -> Document:
        """Read a JSON body. Raises UnexpectedAnswer: it is not JSON, or not JSON:API."""
        return cls(parse_json(body))

    def look_up(self, ref: Ref | None) -> Resource | None:
        """The included resource `ref` names, if Apple included it."""
        return None if ref is None else self.included.get(ref)


def parse_json(body: bytes | bytearray) -> object:
    """JSON from bytes. Raises NotJson for anything else, without repeating the body."""
    try:
        if is_absurd(body):
            raise NotJson("App Store Connect's answer holds absurdly many values.")
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        what = "something that is not JSON" if body.strip() else "an empty body"
        raise NotJson(
            f"App Store Connect answered with {what}.",
            hint="Something else may have answered in its place: check the runner's proxy "
            "settings, or run again later.",
        ) from error


def is_absurd(body: bytes | bytearray) -> bool:
    """Whether JSON holds so many values that reading it would fill the memory."""
    return sum(map(body.count, (b",", b"[", b"{"))) > _MOST_VALUES


def without_surrogates(text: str) -> str:
    """`text` with a question mark for what JSON can write and UTF-8 cannot: half of a character."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def linkage(raw: object) -> Ref | None:
    """The one reference of a to-one linkage document; None when nothing is linked.

    Apple's specification declares `data` as never null; its documentation shows null, and so do
    its answers.
    """
    if not isinstance(raw, dict) or "data" not in raw:
        raise UnexpectedAnswer("App Store Connect sent a linkage without `data`.")
    return None if raw["data"] is None else _ref(raw["data"], "a linkage")


def _ref(raw: object, place: str) -> Ref:
    match raw:
        case {"type": str(type_), "id": str(id_)} if max(len(type_), len(id_)) <= _LONGEST_ID:
            return Ref(without_surrogates(type_), without_surrogates(id_))
    raise UnexpectedAnswer(f"App Store Connect sent {place} without `type` and `id`.")


def _mapping(raw: dict[str, object], name: str) -> dict[str, object]:
    value = raw.get(name)
    return value if isinstance(value, dict) else {}
