"""Where an API key may already be: the names other tools use for it, and their folders.

A key is taken whole. Its id, its issuer and its text come from one tool, because they are valid
only together: a team's issuer that some other tool left in the environment would make an individual
key useless. What a user gives us by name comes on top: an id, an issuer or a key of our own
replaces what the tool says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from asc_linker.inputs.private_key import KEY_ID
from asc_linker.inputs.reader import named, shown_path
from asc_linker.inputs.table import variable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

KEY_FILE = "api-private-key-file"
JSON_FILE = "api-key-json-file"
NAMES = ("api-key-id", "issuer-id", "api-private-key", KEY_FILE, JSON_FILE)

_FILE_NAME = re.compile(rf"AuthKey_({KEY_ID.pattern})\.p8", re.ASCII)
# A .p8 has some 260 bytes; more than this is another file, and the key's reader says so.
_LONGEST = 20_001


@dataclass(frozen=True, slots=True)
class Tool:
    """The variables in which one tool keeps a key; empty where it has none for that."""

    key_id: str = ""
    issuer_id: str = ""
    texts: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    @property
    def variables(self) -> tuple[str, ...]:
        return tuple(filter(None, (self.key_id, self.issuer_id, *self.texts, *self.files)))


# In this order. `…_IS_KEY_CONTENT_BASE64` is not read: base64 is recognised by itself.
TOOLS = (
    Tool(  # fastlane's app_store_connect_api_key
        "APP_STORE_CONNECT_API_KEY_KEY_ID",
        "APP_STORE_CONNECT_API_KEY_ISSUER_ID",
        ("APP_STORE_CONNECT_API_KEY_KEY",),
        ("APP_STORE_CONNECT_API_KEY_KEY_FILEPATH",),
    ),
    Tool(  # fastlane's spaceship
        "SPACESHIP_CONNECT_API_KEY_ID",
        "SPACESHIP_CONNECT_API_ISSUER_ID",
        ("SPACESHIP_CONNECT_API_KEY",),
        ("SPACESHIP_CONNECT_API_KEY_FILEPATH",),
    ),
    Tool(  # Codemagic
        "APP_STORE_CONNECT_KEY_IDENTIFIER",
        "APP_STORE_CONNECT_ISSUER_ID",
        ("APP_STORE_CONNECT_PRIVATE_KEY",),
    ),
    Tool(  # asc
        "ASC_KEY_ID",
        "ASC_ISSUER_ID",
        ("ASC_PRIVATE_KEY", "ASC_PRIVATE_KEY_B64"),
        ("ASC_PRIVATE_KEY_PATH",),
    ),
    # fastlane's JSON key: id, issuer and key in one file.
    Tool(files=("APP_STORE_CONNECT_API_KEY_PATH",)),
    Tool(files=("DELIVER_API_KEY_PATH",)),
)
_VARIABLES = frozenset(
    (variable(KEY_FILE), variable(JSON_FILE), *(name for tool in TOOLS for name in tool.variables))
)
# How the origin begins of an id that the file's name says.
_NAME_OF = "the name of "


@dataclass(frozen=True, slots=True)
class Found:
    """A key as it was found: inputs by name, and for a person where each came from.

    `fault` says why a file that was named cannot be read. `unused` are variables that are set and
    that nothing was taken from.
    """

    inputs: dict[str, str] = field(repr=False)
    origins: dict[str, str]
    fault: str = ""
    unused: tuple[str, ...] = ()

    @property
    def sources(self) -> dict[str, str]:
        """Where parts came from that came from no input of their own, as sentences say it."""
        return {
            name: _source(origin)
            for name, origin in self.origins.items()
            if origin not in (f"--{name}", variable(name))
        }


def _source(origin: str) -> str:
    if origin in _VARIABLES:
        return f"the variable {origin}"
    return origin if origin.startswith(("--", _NAME_OF)) else named("file", origin)


@dataclass(slots=True)
class _Set:
    """One tool's key, as far as it goes."""

    tool: Tool
    values: dict[str, str] = field(default_factory=dict, repr=False)
    origins: dict[str, str] = field(default_factory=dict)
    fault: str = ""

    def put(self, name: str, value: str, origin: str) -> None:
        self.values[name], self.origins[name] = value, origin

    @property
    def has_key(self) -> bool:
        return bool(self.values.get("api-private-key") or self.fault)

    @property
    def is_whole(self) -> bool:
        """A JSON key names its id inside."""
        is_json = self.values.get("api-private-key", "").lstrip().startswith("{")
        return self.has_key and bool(self.values.get("api-key-id") or is_json or self.fault)


def find_credentials(
    given: Mapping[str, str],
    origins: Mapping[str, str],
    environment: Mapping[str, str],
    folders: Sequence[Path],
) -> Found:
    """The API key: `given` by our own names first, else that of the first tool that has one whole.

    `origins` says where each of `given` came from. `folders` are searched for `AuthKey_<id>.p8`
    when there is an id and no key. A blank value counts as not given.
    """
    ours = _ours(given, origins)
    theirs = [_theirs(tool, environment) for tool in TOOLS]
    chosen = ours
    if not ours.has_key:
        chosen = _completed(ours, theirs, folders)
    taken = set(chosen.origins.values())
    unused = [
        name
        for tool in TOOLS
        for name in tool.variables
        if environment.get(name, "").strip() and name not in taken
    ]
    return Found(chosen.values, chosen.origins, chosen.fault, tuple(unused))


def altool_folders(environment: Mapping[str, str], home: Path) -> tuple[Path, ...]:
    """Where Apple's altool looks for `AuthKey_<id>.p8`, in its order."""
    folder = environment.get("API_PRIVATE_KEYS_DIR", "").strip()
    return (
        *([Path(folder)] if folder else []),
        Path("private_keys"),
        home / "private_keys",
        home / ".private_keys",
        home / ".appstoreconnect" / "private_keys",
    )


def _ours(given: Mapping[str, str], origins: Mapping[str, str]) -> _Set:
    found = _Set(Tool())
    for name in ("api-key-id", "issuer-id", "api-private-key"):
        if value := given.get(name, "").strip():
            found.put(name, value, origins[name])
    for name in (KEY_FILE, JSON_FILE):
        if (value := given.get(name, "").strip()) and not found.has_key:
            _read_into(found, value, f"`{name}`", origins[name])
    return found


def _theirs(tool: Tool, environment: Mapping[str, str]) -> _Set:
    found = _Set(tool)
    for name, origin in (("api-key-id", tool.key_id), ("issuer-id", tool.issuer_id)):
        if value := environment.get(origin, "").strip():
            found.put(name, value, origin)
    for origin in tool.texts:
        if (value := environment.get(origin, "").strip()) and not found.has_key:
            found.put("api-private-key", value, origin)
    for origin in tool.files:
        if (value := environment.get(origin, "").strip()) and not found.has_key:
            _read_into(found, value, origin, origin)
    return found


def _completed(ours: _Set, theirs: Sequence[_Set], folders: Sequence[Path]) -> _Set:
    """The tool's key that fits what we were given, with ours on top; ours alone if none does."""
    key_id = ours.values.get("api-key-id")
    candidates = list(theirs)
    if key_id:
        same = [each for each in theirs if each.values.get("api-key-id") == key_id]
        without = [each for each in theirs if not each.values.get("api-key-id")]
        candidates = [*same, ours, *without]
    for each in candidates:
        if not each.has_key:
            _look_in(folders, each)
    halves = [each for each in candidates if each.has_key]
    whole = [each for each in candidates if each.is_whole]
    # Half a key is better than none: what it lacks is then named.
    with_id = [each for each in candidates if each.values.get("api-key-id")]
    chosen = next(iter([*whole, *halves, *with_id]), ours)
    if chosen is not ours:
        chosen.values.update(ours.values)
        chosen.origins.update(ours.origins)
    return chosen


def _look_in(folders: Sequence[Path], found: _Set) -> None:
    key_id = found.values.get("api-key-id", "")
    if not KEY_ID.fullmatch(key_id):
        return
    for folder in folders:
        file = folder / f"AuthKey_{key_id}.p8"
        if file.is_file():
            _read_into(found, str(file), str(file), str(file))
            return


def _read_into(found: _Set, path: str, subject: str, origin: str) -> None:
    """Take the key from a file; its name says the id, where nothing else does."""
    try:
        file = Path(path).expanduser()
        with file.open("rb") as opened:
            text = opened.read(_LONGEST).decode("utf-8", "replace")
    except (OSError, RuntimeError, ValueError) as error:
        why = getattr(error, "strerror", None) or "no such path"
        found.fault = f"{subject} is {shown_path(path)}, which cannot be read: {why}."
        return
    if not text.strip():
        found.fault = f"{subject} is {shown_path(path)}, which is empty."
        return
    found.put("api-private-key", text, origin)
    by_name = _FILE_NAME.fullmatch(file.name)
    if by_name and not found.values.get("api-key-id"):
        found.put("api-key-id", by_name[1], f"{_NAME_OF}{file.name}")
