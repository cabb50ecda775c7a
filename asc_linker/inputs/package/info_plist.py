"""Info.plist, XML or binary: an app's own words about itself."""

from __future__ import annotations

import io
import plistlib
from typing import TYPE_CHECKING, Any
from xml.parsers.expat import ExpatError

from asc_linker.apple.model import Platform
from asc_linker.inputs.package.bounded import LARGEST_PLIST
from asc_linker.inputs.package.facts import (
    BUILD_NUMBER,
    BUNDLE_ID,
    VERSION_STRING,
    PackageFault,
    shown,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLATFORMS = {
    "iphoneos": Platform.IOS,
    "macosx": Platform.MAC_OS,
    "appletvos": Platform.TV_OS,
    "xros": Platform.VISION_OS,
}
# UIDeviceFamily. An app for iPad and Vision counts as an iPad app, so the first one found decides.
_FAMILIES = {
    1: Platform.IOS,
    2: Platform.IOS,
    3: Platform.TV_OS,
    7: Platform.VISION_OS,
}
# plistlib lets these through, besides its own, when a property list breaks its expectations.
_UNREADABLE = (
    ValueError,
    ExpatError,
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
)


def read_plist(data: bytes) -> Mapping[str, object]:
    """The top dictionary of a property list.

    Raises PackageFault: it is too large, no property list, or says one of our keys twice.
    """
    if len(data) > LARGEST_PLIST:
        raise too_large()
    try:
        top: object = plistlib.load(_ReadOnce(data), dict_type=_Unambiguous)
    except _Refused as refused:
        raise PackageFault(f"has an Info.plist {refused}") from None
    except _UNREADABLE:
        raise PackageFault("has an Info.plist that is no property list, or a damaged one") from None
    if not isinstance(top, _Unambiguous):
        raise PackageFault("has an Info.plist that holds no dictionary")
    return top


def too_large() -> PackageFault:
    return PackageFault(f"has an Info.plist larger than {LARGEST_PLIST >> 20} MiB")


def platform_of(values: Mapping[str, object]) -> Platform:
    """The platform an app was built for; Mac Catalyst is built for macOS.

    Raises PackageFault: that is none of the App Store's, or several, or not said.
    """
    names = _names(values.get("CFBundleSupportedPlatforms")) or _names(values.get("DTPlatformName"))
    if not names:
        return _platform_from_hints(values)
    found = {_PLATFORMS[name.lower()] for name in names if name.lower() in _PLATFORMS}
    if len(found) == 1:
        return found.pop()
    listed = ", ".join(shown(name) for name in names[:5])
    if found:
        raise PackageFault(f"claims several platforms at once: {listed}")
    if any("simulator" in name.lower() for name in names):
        raise PackageFault(f"was built for a simulator ({listed}), not for the App Store")
    if any(name.lower() == "watchos" for name in names):
        raise PackageFault(
            "is a watchOS app by itself; the App Store takes it inside an iOS app, even when "
            "that is an empty one"
        )
    raise PackageFault(f"is for {listed}, which is no platform of the App Store")


def _platform_from_hints(values: Mapping[str, object]) -> Platform:
    if "LSMinimumSystemVersion" in values:
        return Platform.MAC_OS
    families = values.get("UIDeviceFamily")
    if "MinimumOSVersion" in values and isinstance(families, list):
        listed = {family for family in families if isinstance(family, int)}
        for family, platform in _FAMILIES.items():
            if family in listed:
                return platform
    raise PackageFault("does not say which platform it is for (`CFBundleSupportedPlatforms`)")


def _names(value: object) -> list[str]:
    """The texts of a text or a list of them, whichever an Info.plist holds."""
    candidates = value if isinstance(value, list) else [value]
    return [name for name in candidates if isinstance(name, str) and name]


class _Refused(Exception):  # no ValueError: plistlib would take it for one of its own
    """Why we stop plistlib; the message completes "an Info.plist …"."""


class _ReadOnce(io.BytesIO):
    """A property list that may be read about once.

    plistlib reads an object of a binary property list where its offset table says, however many
    entries of that table say the same place: one MiB could become a hundred GiB.
    """

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._left = 2 * len(data) + 1024

    def read(self, size: int | None = -1, /) -> bytes:
        chunk = super().read(size)
        self._left -= len(chunk)
        if self._left < 0:
            raise _Refused("whose parts overlap")
        return chunk


class _Unambiguous(dict[str, Any]):
    """A dictionary in which what we look for is said once: readers differ in which one counts."""

    def __setitem__(self, key: str, value: object) -> None:
        if key in self and key in (BUNDLE_ID, VERSION_STRING, BUILD_NUMBER):
            raise _Refused(f"that says `{key}` twice")
        super().__setitem__(key, value)
