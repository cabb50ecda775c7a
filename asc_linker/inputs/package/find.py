"""Which file `package` means: a path, or a pattern that one file matches."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from asc_linker.inputs.package.facts import PackageFault
from asc_linker.inputs.reader import shown_path
from asc_linker.text import listed

_WILD = frozenset("*?[")
_MOST_LISTED = 10
_MOST_COUNTED = 1000


def find_package(typed: str) -> Path:
    """The file at the path `typed`, or the one that matches it as a pattern, `build/*.ipa`.

    `**` goes into folders, but not through links; hidden files match no pattern.

    Raises PackageFault: no file matches, or several, which it lists.
    """
    path = Path(typed)
    try:
        if not _WILD.intersection(typed) or path.exists():
            return path
        pattern = str(path.relative_to(path.anchor))
        matches = islice(Path(path.anchor).glob(pattern), _MOST_COUNTED)
        found = sorted(match.as_posix() for match in matches if not _is_hidden(match, path))
    except (OSError, ValueError, NotImplementedError):
        raise PackageFault(f"is {shown_path(typed)}, which is no path and no pattern") from None
    if len(found) == 1:
        return Path(found[0])
    if not found:
        raise PackageFault(f"is {shown_path(typed)}, which no file matches")
    names = listed([shown_path(name) for name in found], _MOST_LISTED)
    raise PackageFault(f"is {shown_path(typed)}, which {len(found)} files match: {names}")


def _is_hidden(match: Path, pattern: Path) -> bool:
    """Whether some part begins with a dot that the pattern does not ask for."""
    hidden = {part for part in match.parts if part.startswith(".") and part != ".."}
    return any(part not in pattern.parts for part in hidden)
