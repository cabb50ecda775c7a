"""JSON to dataclasses and back, by type hints: `bundle_id: str` is `"bundleId": "…"`.

Whatever does not fit is a WorldError that names its place, as `apps[0].builds[1].platform`.
"""

import dataclasses
import json
import types
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

_DEEPEST = 50


class WorldError(ValueError):
    """A world that cannot be: the message names the place in the JSON and what is wrong there."""


def parse(text: str | bytes) -> Any:
    """What the JSON in `text` says.

    Raises ValueError: it is no JSON; it has NaN, Infinity or half a character; or it is nested so
    deeply that nobody could mean it.
    """
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
        json.dumps(value, ensure_ascii=False).encode()
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            child
            for each in level
            if isinstance(each, dict | list)
            for child in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return value
    raise ValueError("nested too deeply")


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def decode(kind: Any, value: Any, place: str = "") -> Any:
    """`value`, parsed JSON, as a `kind`: a dataclass, StrEnum, list, tuple, plain type or union."""
    if kind is Any:
        return value
    if get_origin(kind) in (types.UnionType, Union):
        kinds = get_args(kind)
        if value is None and type(None) in kinds:
            return None
        return decode(next(k for k in kinds if k is not type(None)), value, place)
    if get_origin(kind) in (list, tuple):
        return _sequence(kind, value, place)
    if dataclasses.is_dataclass(kind):
        return _record(kind, value, place)
    if get_origin(kind) is Literal:
        return _one_of(get_args(kind), value, place)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return kind(_one_of(tuple(kind), value, place))
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise WorldError(f"{place}: {value!r} is not {_NAMES[kind]}")
    return value


def encode(value: Any) -> Any:
    """The JSON that `decode` reads as `value`; fields that equal their default are left out."""
    if dataclasses.is_dataclass(value):
        return {
            spell(field.name): encode(getattr(value, field.name))
            for field in _fields(type(value))
            if getattr(value, field.name) != _default(field)
        }
    if isinstance(value, (list, tuple)):
        return [encode(item) for item in value]
    return str(value) if isinstance(value, StrEnum) else value


def spell(name: str) -> str:
    """`cf_bundle_version` as JSON spells it: `cfBundleVersion`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _one_of(words: tuple[str, ...], value: Any, place: str) -> str:
    if value not in words:
        raise WorldError(f"{place}: {value!r} is none of {', '.join(words)}")
    return str(value)


def _sequence(kind: Any, value: Any, place: str) -> Any:
    origin, items = get_origin(kind), get_args(kind)
    if not isinstance(value, list):
        raise WorldError(f"{place}: {value!r} is not a list")
    if origin is list or items[-1] is Ellipsis:
        return origin(decode(items[0], item, f"{place}[{n}]") for n, item in enumerate(value))
    if len(value) != len(items):
        raise WorldError(f"{place}: {value!r} should have {len(items)} items")
    pairs = enumerate(zip(items, value, strict=True))
    return tuple(decode(each, item, f"{place}[{n}]") for n, (each, item) in pairs)


def _record(kind: Any, value: Any, place: str) -> Any:
    if not isinstance(value, Mapping):
        raise WorldError(f"{place or 'the world'}: {value!r} is not an object")
    dot = f"{place}." if place else ""
    known = {spell(name): name for name in _hints(kind)}
    if unknown := [name for name in value if name not in known]:
        raise WorldError(
            f"{dot}{unknown[0]}: unknown key; known here are {', '.join(sorted(known))}"
        )
    found = {
        known[name]: decode(_hints(kind)[known[name]], item, dot + name)
        for name, item in value.items()
    }
    missing = [spell(name) for name in _required(kind) if name not in found]
    if missing:
        raise WorldError(f"{dot}{missing[0]}: required, and not given")
    try:
        return kind(**found)
    except WorldError:
        raise
    except ValueError as error:
        raise WorldError(f"{place}: {error}") from error


@cache
def _hints(kind: Any) -> Mapping[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in _fields(kind)}


def _required(kind: Any) -> Iterable[str]:
    nothing = dataclasses.MISSING
    for field in _fields(kind):
        if field.default is nothing and field.default_factory is nothing:
            yield field.name


def _fields(kind: Any) -> Iterable[Any]:
    """Those that JSON may give."""
    return (each for each in dataclasses.fields(kind) if each.metadata.get("json", True))


def _default(field: Any) -> Any:
    made = field.default_factory
    return field.default if made is dataclasses.MISSING else made()


_NAMES = {str: "a string", bool: "true or false", int: "a whole number", float: "a number"}
