"""A git tag: which was pushed, and the version string and the build number it names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from asc_linker.dotted import is_dotted

if TYPE_CHECKING:
    from collections.abc import Mapping

_SHAPE = r"""
    (?:(?P<prefix>.+)/)?                       # ios/1.4.2, release/2026/1.4.2
    [vV]?(?P<version>[0-9]+(?:\.[0-9]+)*)      # v1.4.2
    (?P<pre_release>-[0-9A-Za-z.-]+)?          # -rc.1
    (?:\+(?P<plus>[0-9.]+)|\((?P<paren>[0-9.]+)\))?   # +231 or (231)
    """
# GitLab, Bitrise, CircleCI, Codemagic, Jenkins.
_TAGS = ("CI_COMMIT_TAG", "BITRISE_GIT_TAG", "CIRCLE_TAG", "CM_TAG", "TAG_NAME")
_AZURE = "refs/tags/"


class Tag(NamedTuple):
    """What a tag says; `build_number` and `prefix` are empty when it names none."""

    text: str
    version_string: str
    build_number: str = ""
    prefix: str = ""
    is_pre_release: bool = False


def parse_tag(text: str) -> Tag | None:
    """Read a tag like `v1.4.2`, `ios/1.4.2`, `v1.4.2+231`; None when it names no version."""
    found = re.fullmatch(_SHAPE, text.strip().removeprefix("refs/tags/"), re.VERBOSE | re.ASCII)
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


def pushed_tag(environment: Mapping[str, str]) -> str:
    """The tag that a CI says was pushed; empty when it names none.

    On GitHub only GitHub is asked: `TAG_NAME` and its like are anybody's there.
    """
    if kind := environment.get("GITHUB_REF_TYPE"):
        return environment.get("GITHUB_REF_NAME", "") if kind == "tag" else ""
    named = next(filter(None, (environment.get(name, "").strip() for name in _TAGS)), "")
    azure = environment.get("BUILD_SOURCEBRANCH", "")
    return named or (azure.removeprefix(_AZURE) if azure.startswith(_AZURE) else "")
