"""What the body of each write may say, and the refusal of everything else."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from asc_linker.emulator.codec import parse
from asc_linker.emulator.problems import Problem, Refused
from asc_linker.emulator.words import Platform, ReleaseType, ReviewType

DATE = datetime
"""The kind of an attribute that is an ISO 8601 time."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A resource as a write may give it."""

    resource: str
    has_id: bool
    attributes: Mapping[str, type[Any]]
    relationships: Mapping[str, str]
    """Each with the type of resource it leads to."""
    required: frozenset[str] = frozenset()
    """Attributes and relationships that have to be there."""


@dataclass(frozen=True, slots=True)
class Entity:
    """A write's resource, read; a relationship is the id it names, or None for `data: null`."""

    attributes: Mapping[str, Any] = field(default_factory=dict)
    relationships: Mapping[str, str | None] = field(default_factory=dict)


NEW_VERSION = Shape(
    "appStoreVersions",
    has_id=False,
    attributes={
        "platform": Platform,
        "versionString": str,
        "copyright": str,
        "reviewType": ReviewType,
        "releaseType": ReleaseType,
        "earliestReleaseDate": DATE,
        "usesIdfa": bool,
    },
    relationships={"app": "apps", "build": "builds"},
    required=frozenset({"platform", "versionString", "app"}),
)
CHANGED_VERSION = Shape(
    "appStoreVersions",
    has_id=True,
    attributes={
        "versionString": str,
        "copyright": str,
        "reviewType": ReviewType,
        "releaseType": ReleaseType,
        "earliestReleaseDate": DATE,
        "usesIdfa": bool,
        "downloadable": bool,
    },
    relationships={"build": "builds"},
)
CHANGED_BUILD = Shape(
    "builds",
    has_id=True,
    attributes={"expired": bool, "usesNonExemptEncryption": bool},
    relationships={"appEncryptionDeclaration": "appEncryptionDeclarations"},
)


def read_json(body: bytes) -> Any:
    """Raises Refused: 400, the body is not JSON."""
    try:
        return parse(body)
    except ValueError as error:
        raise Refused(400, _invalid_document("The body could not be parsed as JSON.")) from error


def read_linkage(document: Any, kind: str, at: str = "data") -> str | None:
    """The id that `{"data": {"type": kind, "id": …}}` names; None for `{"data": null}`."""
    if not isinstance(document, dict) or set(document) != {"data"}:
        raise _misplaced(at)
    data = document["data"]
    if data is None:
        return None
    if not isinstance(data, dict) or set(data) != {"type", "id"} or data["type"] != kind:
        raise _misplaced(at)
    return _string(data["id"], f"{at}.id")


def read_entity(document: Any, shape: Shape, identifier: str | None = None) -> Entity:
    """The resource in `document`.

    Raises Refused: 422 when it is no such document, 409 with a problem for each attribute and
    relationship that is unknown, missing or of another kind.
    """
    data = document.get("data") if isinstance(document, dict) else None
    allowed = {"type", "attributes", "relationships"} | ({"id"} if shape.has_id else set())
    if not isinstance(data, dict) or set(document) != {"data"}:
        raise _misplaced("data")
    for name in set(data) - allowed:
        raise _misplaced(f"data.{name}")
    if data.get("type") != shape.resource:
        raise _misplaced("data.type")
    if shape.has_id and data.get("id") != identifier:
        raise _misplaced("data.id")
    attributes, relationships = (data.get(part, {}) for part in ("attributes", "relationships"))
    if not isinstance(attributes, dict) or not isinstance(relationships, dict):
        raise _misplaced("data.attributes")
    if problems := list(_faults(attributes, relationships, shape)):
        raise Refused(409, *problems)
    return Entity(
        attributes,
        {
            name: read_linkage(value, shape.relationships[name], f"data.relationships.{name}")
            for name, value in relationships.items()
        },
    )


def _faults(
    attributes: Mapping[str, Any], relationships: Mapping[str, Any], shape: Shape
) -> Iterable[Problem]:
    for part, given, known in (
        ("attribute", attributes, shape.attributes),
        ("relationship", relationships, shape.relationships),
    ):
        pointer = f"/data/{part}s/"
        code = f"ENTITY_ERROR.{part.upper()}"
        for name in sorted(set(given) - set(known)):
            yield Problem(
                f"{code}.UNKNOWN",
                f"The provided entity includes an unknown {part}",
                f"'{name}' is not {_a(part)} on the resource '{shape.resource}'",
                pointer + name,
            )
        for name in sorted(shape.required & set(known)):
            if given.get(name) is None:
                yield Problem(
                    f"{code}.REQUIRED",
                    f"The provided entity is missing a required {part}",
                    f"You must provide a value for the {part} '{name}' with this request",
                    pointer + name,
                )
    for name, value in attributes.items():
        kind = shape.attributes.get(name)
        if kind is not None and value is not None and not _is(kind, value):
            yield Problem(
                "ENTITY_ERROR.ATTRIBUTE.TYPE",
                "The provided entity includes an attribute with an unexpected type",
                f"'{value}' is not a valid value for the attribute '{name}'. {_expected(kind)}",
                f"/data/attributes/{name}",
            )


def _is(kind: type[Any], value: Any) -> bool:
    if kind is DATE:
        try:
            return datetime.fromisoformat(value).tzinfo is not None
        except (TypeError, ValueError):
            return False
    return value in list(kind) if issubclass(kind, StrEnum) else type(value) is kind


def _expected(kind: type[Any]) -> str:
    if issubclass(kind, StrEnum):
        return "Expected one of: " + ", ".join(f"'{word}'" for word in kind)
    return f"Expected a {'DATE_TIME' if kind is DATE else _KINDS[kind]}"


def _string(value: Any, at: str) -> str:
    if not isinstance(value, str):
        raise _misplaced(at)
    return value


def _a(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def _misplaced(at: str) -> Refused:
    return Refused(422, _invalid_document(f"Unexpected or invalid value at '{at}'."))


def _invalid_document(detail: str) -> Problem:
    title = "The request entity is not a valid request document object"
    return Problem("ENTITY_INVALID", title, detail)


_KINDS = {str: "STRING", bool: "BOOLEAN"}
