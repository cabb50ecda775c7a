"""A git tag, read for the version string and the build number it names."""

from __future__ import annotations

import re
from typing import NamedTuple

from asc_linker.dotted import is_dotted

_SHAPE = re.compile(
    r"""
    (?:(?P<prefix>.+)/)?                       # ios/1.4.2, release/2026/1.4.2
    [vV]?(?P<version>[0-9]+(?:\.[0-9]+)*)      # v1.4.2
    (?P<pre_release>-[0-9A-Za-z.-]+)?          # -rc.1
    (?:\+(?P<plus>[0-9.]+)|\((?P<paren>[0-9.]+)\))?   # +231 or (231)
    """,
    re.VERBOSE | re.ASCII,
)


class Tag(NamedTuple):
    """What a tag says; `build_number` and `prefix` are empty when it names none."""

    text: str
    version_string: str
    build_number: str = ""
    prefix: str = ""
    is_pre_release: bool = False


def parse_tag(text: str) -> Tag | None:
    """Read a tag like `v1.4.2`, `ios/1.4.2`, `v1.4.2+231`; None when it names no version."""
    found = _SHAPE.fullmatch(text.strip().removeprefix("refs/tags/"))
    if found is None:
        return None
    build_number = found["plus"] or found["paren"] or ""
    if not is_dotted(found["version"]) or (build_number and not is_dotted(build_number)):
        return None
    return Tag(
        text=text.strip(),
        version_string=found["version"],
        build_number=build_number,
        prefix=found["prefix"] or "",
        is_pre_release=found["pre_release"] is not None,
    )
