"""YAML as it is typed: lists, mappings and texts, where `1.10` stays `1.10` and `no` is a word.

What YAML has besides is refused: aliases, which can make a small text a huge one, and tags. PyYAML
is imported only here, and only when there is YAML to read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from asc_linker.inputs.reader import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from yaml import Event

LARGEST = 1 << 20
"""Characters that are read at most."""
_DEEPEST = 20


class YamlFault(ValueError):  # the name is the sentence
    """Why a text is not read as YAML. The message completes "`targets` …"."""


class PlainMapping(NamedTuple):
    """A mapping; `twice` are names that stand in it more than once."""

    values: dict[str, PlainYaml]
    twice: tuple[str, ...] = ()


PlainYaml: TypeAlias = "str | list[PlainYaml] | PlainMapping"


def read_plain_yaml(text: str) -> PlainYaml:
    """The one document in `text`; an empty text is an empty one.

    Raises YamlFault: it is no YAML, or more of YAML than is read here.
    """
    import yaml

    if len(text) > LARGEST:
        raise YamlFault(f"is larger than {LARGEST >> 20} MiB")
    # libyaml's, which every wheel brings, is twenty times as fast.
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        return _document(yaml.parse(text.lstrip("\ufeff"), Loader=loader))
    except yaml.MarkedYAMLError as error:
        raise YamlFault(f"is no YAML: {_problem(error)}") from None
    except (yaml.YAMLError, UnicodeError):
        raise YamlFault("is no YAML: it holds a character that may not be there") from None


def _problem(error: object) -> str:
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    # A name out of the text may stand in it.
    return f"{place}{shown(problem or 'it cannot be read').strip('`')}"


def _document(events: Iterator[Event]) -> PlainYaml:
    import yaml

    document: PlainYaml | None = None
    for event in events:
        if isinstance(event, yaml.StreamStartEvent | yaml.StreamEndEvent | yaml.DocumentEndEvent):
            continue
        if isinstance(event, yaml.DocumentStartEvent):
            if document is not None:
                raise YamlFault("holds more than one document")
            document = _value(next(events), events, depth=1)
    return "" if document is None else document


def _value(event: Event, events: Iterator[Event], depth: int) -> PlainYaml:
    import yaml

    assert event.start_mark is not None, "events of a text know their place"
    line = f"on line {event.start_mark.line + 1}"
    if depth > _DEEPEST:
        raise YamlFault(f"is nested too deep {line}")
    if isinstance(event, yaml.AliasEvent):
        raise YamlFault(
            f"has an alias (`*…`) {line}, which is not read: write out what it stands for"
        )
    if getattr(event, "tag", None) is not None:
        raise YamlFault(f"has a tag (`!…`) {line}, which is not read: every value is a text")
    if isinstance(event, yaml.SequenceStartEvent):
        return list(_until(yaml.SequenceEndEvent, events, depth))
    if isinstance(event, yaml.MappingStartEvent):
        return _mapping(_until(yaml.MappingEndEvent, events, depth), line)
    assert isinstance(event, yaml.ScalarEvent), "nothing else begins a value"
    return str(event.value)


def _until(end: type[Event], events: Iterator[Event], depth: int) -> Iterator[PlainYaml]:
    for event in events:
        if isinstance(event, end):
            return
        yield _value(event, events, depth + 1)


def _mapping(parts: Iterator[PlainYaml], line: str) -> PlainMapping:
    values: dict[str, PlainYaml] = {}
    twice: list[str] = []
    for name in parts:
        if not isinstance(name, str):
            raise YamlFault(f"has a mapping {line} with a name that is no text")
        if name in values:
            twice.append(name)
        values[name] = next(parts)
    return PlainMapping(values, tuple(dict.fromkeys(twice)))
