"""Where an input comes from: a flag, else its variable; the tag also from the CI that pushed it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asc_linker.inputs.credential_sources import (
    JSON_FILE,
    KEY_FILE,
    NAMES,
    altool_folders,
    find_credentials,
)
from asc_linker.inputs.table import variable
from asc_linker.inputs.tag import pushed_tag

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from asc_linker.inputs.credential_sources import Found

# Any of these brings a key.
_KEYS = ("api-private-key", KEY_FILE, JSON_FILE)


def gather(
    names: Sequence[str],
    flags: Mapping[str, str | None],
    environment: Mapping[str, str],
    home: Path,
) -> tuple[dict[str, str], Found]:
    """The inputs `names` but for the API key, by name; and the key. Blank counts as not given.

    `flags` are spelt as Python spells them: `bundle_id`.
    """
    typed = {name.replace("_", "-"): value for name, value in flags.items() if value}
    given, origins = {}, {}
    for name in dict.fromkeys((*names, *NAMES)):
        # A flag that brings a key outdoes every variable that brings one.
        is_outdone = name in _KEYS and any(typed.get(key) for key in _KEYS)
        by_variable = "" if is_outdone else environment.get(variable(name), "")
        for value, origin in ((typed.get(name, ""), f"--{name}"), (by_variable, variable(name))):
            if value.strip() and name not in given:
                given[name], origins[name] = value, origin
    found = find_credentials(given, origins, environment, altool_folders(environment, home))
    inputs = {name: value for name, value in given.items() if name not in NAMES}
    if "tag" in names and "tag" not in inputs:
        inputs["tag"] = pushed_tag(environment)
    return inputs, found
