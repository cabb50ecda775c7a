"""What is read of a package, checked; and the fault that says why it cannot be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asc_linker.dotted import is_dotted
from asc_linker.text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from asc_linker.apple.model import Platform

BUNDLE_ID = "CFBundleIdentifier"
VERSION_STRING = "CFBundleShortVersionString"
BUILD_NUMBER = "CFBundleVersion"

# `$(MARKETING_VERSION)`, `${PRODUCT_NAME:rfc1034identifier}`
_VARIABLE = re.compile(r"\$[({][^${}()]*[)}]")
_IDENTIFIER = re.compile(r"[A-Za-z0-9.-]{1,255}", re.ASCII)


class PackageFault(ValueError):  # the name is the sentence
    """Why a package cannot be read. The message completes "`package` …"."""


@dataclass(frozen=True, slots=True)
class Package:
    """What a package says of the app in it."""

    bundle_id: str
    version_string: str
    build_number: str
    platform: Platform


def checked(values: Mapping[str, object], platform: Platform) -> Package:
    """A Package from `values`, which go by Info.plist's keys.

    Raises PackageFault: one of the three is missing, or can be none.
    """
    bundle_id = _text(values, BUNDLE_ID)
    if not _IDENTIFIER.fullmatch(bundle_id):
        raise PackageFault(f"has {shown(bundle_id)} as its `{BUNDLE_ID}`, which is no bundle id")
    return Package(
        bundle_id, _dotted(values, VERSION_STRING), _dotted(values, BUILD_NUMBER), platform
    )


def shown(text: str) -> str:
    """`text` on one line, short enough to repeat."""
    return f"`{one_line(text, longest=100)}`"


def _text(values: Mapping[str, object], key: str) -> str:
    value = values.get(key)
    if value is None or value == "":
        raise PackageFault(f"has no `{key}`")
    if not isinstance(value, str):
        raise PackageFault(f"has a `{key}` that is no text")
    if _VARIABLE.search(value):
        raise PackageFault(
            f"has {shown(value)} as its `{key}`, a variable that the build should have replaced"
        )
    return value


def _dotted(values: Mapping[str, object], key: str) -> str:
    text = _text(values, key)
    if not is_dotted(text):
        raise PackageFault(
            f"has {shown(text)} as its `{key}`, but Apple takes numbers with dots, like `1.4.2`"
        )
    return text
