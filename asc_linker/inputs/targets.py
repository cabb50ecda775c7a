"""`targets`: a list of mappings, each with what one target has of its own over the inputs.

inputs:   version-string: 1.4.2    if-attached: keep
targets:  - bundle-id: com.example.one
          - bundle-id: com.example.two
            tag: v2.0                             # not 1.4.2
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from asc_linker.inputs.plain_yaml import LARGEST, PlainMapping, YamlFault, read_plain_yaml
from asc_linker.inputs.private_key import looks_like_key
from asc_linker.inputs.reader import Faults, InputReader, shown, shown_path
from asc_linker.inputs.table import INPUTS
from asc_linker.inputs.tag import parse_tag
from asc_linker.text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from asc_linker.inputs.plain_yaml import PlainYaml

MOST_TARGETS = 1000
KEY_PARTS = ("api-key-id", "issuer-id", "api-private-key")
KEY_VARIABLES = {f"{part}-env": part for part in KEY_PARTS}
"""By the names under which a target gives the variables of its own key: what is in them."""

APP = frozenset({"bundle-id", "app-id"})
VERSION = frozenset({"version-string", "version-id", "tag"})
BUILD = frozenset({"build-number", "build-id"})

_OF_A_TARGET = tuple(entry.name for entry in INPUTS if entry.in_targets)
_LONGEST_NAME = 160
# How a list and a mapping may begin; anything else on one line is a file's path.
_INLINE = ("[", "{", "- ")


class Target(NamedTuple):
    """One target as typed.

    `values` has what it gives itself and, for the names in `shared`, what the inputs beside it say.
    In `overruled` are facts of a shared tag or package that it names itself: `build-number`.
    `place` is empty where there is no list.
    """

    place: str
    values: Mapping[str, str]
    shared: frozenset[str] = frozenset()
    overruled: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        return f"Target({self.place!r})"

    @property
    def key_variables(self) -> dict[str, str]:
        """The variables of its own key, by what is in them; empty for the key of the inputs."""
        return {
            part: variable
            for name, part in KEY_VARIABLES.items()
            if (variable := self.values.get(name, ""))
        }


def read_targets(given: Mapping[str, str], faults: Faults) -> list[Target]:
    """The targets in their order; without `targets` the one that the inputs name."""
    inputs = InputReader(given, faults)
    defaults = {name: value for name in _OF_A_TARGET if (value := inputs.text(name))}
    if not inputs.gives("targets"):
        return [Target("", defaults)]
    try:
        document = read_plain_yaml(_text_of(given["targets"]))
    except YamlFault as fault:
        inputs.fault(f"`targets` {fault}.")
        return []
    if not isinstance(document, list):
        inputs.fault("`targets` is no list: write each target as `- bundle-id: com.example.app`.")
        return []
    if not document:
        inputs.fault("`targets` is an empty list.")
    if len(document) > MOST_TARGETS:
        inputs.fault(too_many(len(document)))
        return []
    read = [_target(number, entry, defaults, faults) for number, entry in enumerate(document)]
    return [target for target in read if target is not None]


def too_many(count: int) -> str:
    return f"`targets` holds {count} targets, but {MOST_TARGETS} are the most that one run takes."


def _text_of(typed: str) -> str:
    """The YAML itself, out of a file where that is what was typed. Raises YamlFault."""
    path = typed.strip()
    if "\n" in path or path.startswith(_INLINE):
        return typed
    try:
        with Path(path).open("rb") as file:
            content = file.read(4 * LARGEST)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "no such path"
        raise YamlFault(
            f"is {shown_path(path)}, neither a list nor a file to read: {why}"
        ) from None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise YamlFault(f"is {shown_path(path)}, a file that is no UTF-8 text") from None


def _target(
    number: int, entry: PlainYaml, defaults: Mapping[str, str], faults: Faults
) -> Target | None:
    own = _own_values(entry)
    place = f"targets[{number}]{_name_in_brackets(own)}"
    inputs = InputReader({}, faults, place=place)
    if not isinstance(entry, PlainMapping):
        inputs.fault("A target is a mapping, like `bundle-id: com.example.app`.")
        return None
    for name in entry.twice:
        inputs.fault(f"{shown(name)} stands there twice.")
    for name, value in entry.values.items():
        if name not in _OF_A_TARGET and name not in KEY_VARIABLES:
            inputs.fault(f"{shown(name)} is no name that a target may hold.{_why_not(name)}")
        elif not isinstance(value, str):
            example = ", as `ios, macos`" if name == "platform" else ""
            inputs.fault(f"`{name}` should be one text{example}, but is a list or a mapping.")
    return _over_defaults(place, own, defaults)


def _own_values(entry: PlainYaml) -> dict[str, str]:
    if not isinstance(entry, PlainMapping):
        return {}
    return {
        name: value.strip()
        for name, value in entry.values.items()
        if isinstance(value, str) and value.strip()
    }


def _name_in_brackets(own: Mapping[str, str]) -> str:
    name = target_name(own)
    return f" ({name})" if name else ""


def target_name(values: Mapping[str, str]) -> str:
    """What a target is called, as typed; empty where it says nothing that may be repeated."""
    name = next(filter(None, map(values.get, ("bundle-id", "app-id", "version-id"))), "")
    return "" if looks_like_key(name) else one_line(name, _LONGEST_NAME)


def _why_not(name: str) -> str:
    if name in {entry.name for entry in INPUTS}:
        return " It is an input of the whole run."
    return ""


def _over_defaults(place: str, own: Mapping[str, str], defaults: Mapping[str, str]) -> Target:
    """Naming an app, a version or a build drops whatever a default says about the same thing."""
    tag = None if own.keys() & {"version-string", "version-id"} else parse_tag(own.get("tag", ""))
    has_build = "build-number" if tag and tag.build_number else ""
    dropped: frozenset[str] = frozenset()
    for thing in (APP, VERSION, BUILD):
        if own.keys() & thing or "package" in own or has_build in thing:
            dropped |= thing
    # A package is of one app: it says nothing about another.
    if own.keys() & APP:
        dropped |= {"package"}
    # When a version goes live is said in one piece.
    if own.get("release-type", "scheduled").lower() != "scheduled":
        dropped |= {"earliest-release-date"}
    shared = {
        name: value for name, value in defaults.items() if name not in own and name not in dropped
    }
    return Target(place, {**shared, **own}, frozenset(shared), dropped)
