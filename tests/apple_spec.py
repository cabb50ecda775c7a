"""Apple's OpenAPI spec, asked whether a request or an answer is as it says.

The file, which may be gzipped, is named by ASC_OPENAPI.
"""

import gzip
import json
import os
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import jsonschema
import pytest

# Where Apple's schema is wrong: an empty to-one is `data: null`, and detaching sends the same.
_NULLABLE_SCHEMAS = ("LinkageRequest", "LinkageResponse", "Response")


class AppleSpec:
    """What Apple allows, with the deviations that have been seen in the field allowed as well."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        _let_null_be(document)
        self._templates = {shape(template): template for template in document["paths"]}

    @classmethod
    def load(cls) -> Self:
        """The spec; the test that asks for it is skipped where there is none."""
        named = os.environ.get("ASC_OPENAPI")
        if not named:
            pytest.skip("Apple's OpenAPI spec is not here; name its file with ASC_OPENAPI")
        return cls(_read(Path(named)))

    @property
    def is_whole(self) -> bool:
        """It is not just the part about apps, versions and builds."""
        return len(self.document["paths"]) > 900

    def operations(self) -> Iterator[tuple[str, str]]:
        """Each as method and path, in which ids are `*`."""
        for path, operations in self.document["paths"].items():
            for method in ("get", "post", "patch", "delete"):
                if method in operations:
                    yield method.upper(), shape(path)

    def schema(self, name: str) -> dict[str, Any]:
        """The properties of what the document calls `name`."""
        found: dict[str, Any] = self.document["components"]["schemas"][name]["properties"]
        return found

    def knows(self, method: str, path: str) -> bool:
        return self._operation(method, path)[0] is not None

    def check_request(
        self, method: str, path: str, query: Mapping[str, str] | None = None, body: Any = None
    ) -> list[str]:
        """What of the request Apple does not allow; empty when all is well."""
        operation, faults = self._operation(method, path)
        if operation is None:
            return faults
        known = {each["name"]: each for each in self._parameters(operation)}
        for name, value in (query or {}).items():
            if name == "cursor" and "limit" in known:
                continue
            if name not in known:
                faults.append(f"{method} {path} takes no {name}")
            else:
                faults += self._check_value(name, value, known[name]["schema"])
        if (declared := operation.get("requestBody")) is not None:
            return faults + self._check("the body", body, _json_schema(declared))
        if body is not None:
            faults.append(f"{method} {path} takes no body")
        return faults

    def check_response(self, method: str, path: str, status: int, document: Any) -> list[str]:
        """What of the answer Apple's schema does not know; `document` is None for no body."""
        operation, faults = self._operation(method, path)
        if operation is None:
            return faults
        declared = operation["responses"].get(str(status))
        if declared is None:
            return [f"{method} {path} never answers {status}"]
        schema = _json_schema(self._resolve(declared))
        if schema is None:
            return [] if document is None else [f"a {status} has no body"]
        return self._check(f"the {status}", document, schema)

    def parameters(self, method: str, path: str) -> dict[str, tuple[str, ...]]:
        """Each query parameter of an endpoint with the words it may hold; none means any."""
        operation, faults = self._operation(method, path)
        assert operation is not None, faults
        found = {}
        for each in self._parameters(operation):
            schema = self._resolve(each["schema"])
            items = self._resolve(schema.get("items", schema))
            found[each["name"]] = tuple(items.get("enum", ()))
        return found

    def maximum(self, method: str, path: str, parameter: str) -> int:
        operation, _ = self._operation(method, path)
        assert operation is not None
        named = (each for each in self._parameters(operation) if each["name"] == parameter)
        return int(next(named)["schema"]["maximum"])

    def _operation(self, method: str, path: str) -> tuple[dict[str, Any] | None, list[str]]:
        template = self._templates.get(shape(urlsplit(path).path), "")
        operations = self.document["paths"].get(template, {})
        if method.lower() in operations:
            return operations[method.lower()], []
        return None, [f"Apple has no {method} {path}"]

    def _parameters(self, operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
        for each in operation.get("parameters", []):
            parameter = self._resolve(each)
            if parameter["in"] == "query":
                yield parameter

    def _check_value(self, name: str, value: str, schema: dict[str, Any]) -> list[str]:
        schema = self._resolve(schema)
        if schema["type"] == "integer":
            most = schema.get("maximum", float("inf"))
            return [] if value.isdigit() and 1 <= int(value) <= most else [f"{name}={value}"]
        if schema["type"] == "array":
            words = self._resolve(schema["items"]).get("enum")
            return [f"{name}={w}" for w in value.split(",") if words is not None and w not in words]
        return []

    def _check(self, what: str, document: Any, schema: Any) -> list[str]:
        validator = jsonschema.Draft202012Validator({**self.document, **schema})
        return [
            f"{what}, at {error.json_path}: {error.message}"
            for error in validator.iter_errors(document)
        ]

    def _resolve(self, schema: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in schema:
            found: Any = self.document
            for part in schema["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            schema = found
        return schema


def _json_schema(declared: dict[str, Any]) -> Any:
    return declared.get("content", {}).get("application/json", {}).get("schema")


def shape(path: str) -> str:
    """`path` with `*` for the id: Apple's ids are all in the same place."""
    segments = path.split("/")
    return "/".join([*segments[:3], *(["*"] if len(segments) > 3 else []), *segments[4:]])


@cache
def _read(file: Path) -> dict[str, Any]:
    packed = file.read_bytes()
    text = gzip.decompress(packed) if file.suffix == ".gz" else packed
    document: dict[str, Any] = json.loads(text)
    return document


def _let_null_be(document: dict[str, Any]) -> None:
    """Allow null where Apple sends it: attributes, and the data of a to-one relationship."""
    for name, schema in document["components"]["schemas"].items():
        properties = schema.get("properties", {})
        if name.endswith(_NULLABLE_SCHEMAS) and "data" in properties:
            _make_nullable(properties, "data")
        for attribute in properties.get("attributes", {}).get("properties", {}):
            _make_nullable(properties["attributes"]["properties"], attribute)
        data = properties.get("data", {}).get("properties", {})
        for holder in (properties, data):
            for relation in holder.get("relationships", {}).get("properties", {}).values():
                if "data" in relation.get("properties", {}):
                    _make_nullable(relation["properties"], "data")
        for attribute, inner in data.get("attributes", {}).get("properties", {}).items():
            if inner.get("nullable"):
                _make_nullable(data["attributes"]["properties"], attribute)


def _make_nullable(properties: dict[str, Any], name: str) -> None:
    schema = properties[name]
    if schema.get("type") != "array" and {"type": "null"} not in schema.get("anyOf", ()):
        properties[name] = {"anyOf": [schema, {"type": "null"}]}
