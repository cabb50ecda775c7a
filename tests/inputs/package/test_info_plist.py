"""What an Info.plist has to say, and everything that can be wrong with one."""

from __future__ import annotations

import plistlib
import struct
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest
from inputs.package.archives import IOS, MAIN, NOTES, fault, ipa, plist, write

from asc_linker.apple.model import Platform
from asc_linker.inputs.package import read_package

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

DAMAGED = "has an Info.plist that is no property list, or a damaged one"
NOT_DOTTED = "but Apple takes numbers with dots, like `1.4.2`"
NOT_REPLACED = "a variable that the build should have replaced"
WATCH = (
    "is a watchOS app by itself; the App Store takes it inside an iOS app, even when that is an "
    "empty one"
)


def with_plist(folder: Path, info_plist: bytes) -> Path:
    return write(folder / "Notes.app" / "Info.plist", info_plist)


def app(folder: Path, values: object) -> Path:
    return with_plist(folder, plist(values)).parent


@pytest.mark.parametrize(
    ("said", "platform"),
    [
        ({"CFBundleSupportedPlatforms": ["iPhoneOS"]}, Platform.IOS),
        ({"CFBundleSupportedPlatforms": ["MacOSX"]}, Platform.MAC_OS),
        ({"CFBundleSupportedPlatforms": ["AppleTVOS"]}, Platform.TV_OS),
        ({"CFBundleSupportedPlatforms": ["XROS"]}, Platform.VISION_OS),
        ({"DTPlatformName": "iphoneos"}, Platform.IOS),
        ({"DTPlatformName": "macosx"}, Platform.MAC_OS),
        ({"DTPlatformName": "appletvos"}, Platform.TV_OS),
        ({"DTPlatformName": "xros"}, Platform.VISION_OS),
        ({"LSMinimumSystemVersion": "14.0"}, Platform.MAC_OS),
        ({"MinimumOSVersion": "17.0", "UIDeviceFamily": [2]}, Platform.IOS),
        ({"MinimumOSVersion": "17.0", "UIDeviceFamily": [1, 2]}, Platform.IOS),
        ({"MinimumOSVersion": "17.0", "UIDeviceFamily": [3]}, Platform.TV_OS),
        ({"MinimumOSVersion": "1.0", "UIDeviceFamily": [7]}, Platform.VISION_OS),
        ({"MinimumOSVersion": "17.0", "UIDeviceFamily": [1, 2, 7]}, Platform.IOS),
    ],
)
def test_the_platform_is_what_the_app_was_built_for(
    tmp_path: Path, said: dict[str, Any], platform: Platform
) -> None:
    assert read_package(app(tmp_path, {**NOTES, **said})).platform is platform


def test_an_ipad_app_on_the_mac_counts_as_a_mac_app(tmp_path: Path) -> None:
    catalyst = {"CFBundleSupportedPlatforms": ["MacOSX"], "UIDeviceFamily": [2, 6]}

    assert read_package(app(tmp_path, {**NOTES, **catalyst})).platform is Platform.MAC_OS


def test_the_empty_iphone_app_around_a_watch_app_is_an_iphone_app(tmp_path: Path) -> None:
    container = {"ITSWatchOnlyContainer": True, "LSApplicationLaunchProhibited": True}

    assert read_package(app(tmp_path, {**IOS, **container})).platform is Platform.IOS


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (
            {"CFBundleSupportedPlatforms": ["iPhoneSimulator"]},
            "was built for a simulator (`iPhoneSimulator`), not for the App Store",
        ),
        (
            {"DTPlatformName": "xrsimulator"},
            "was built for a simulator (`xrsimulator`), not for the App Store",
        ),
        (
            {"CFBundleSupportedPlatforms": ["WatchOS"]},
            WATCH,
        ),
        (
            {"CFBundleSupportedPlatforms": ["iPhoneOS", "AppleTVOS"]},
            "claims several platforms at once: `iPhoneOS`, `AppleTVOS`",
        ),
        (
            {"CFBundleSupportedPlatforms": ["DriverKit"]},
            "is for `DriverKit`, which is no platform of the App Store",
        ),
        ({}, "does not say which platform it is for (`CFBundleSupportedPlatforms`)"),
        (
            {"CFBundleSupportedPlatforms": [7], "DTPlatformName": {}, "MinimumOSVersion": "17.0"},
            "does not say which platform it is for (`CFBundleSupportedPlatforms`)",
        ),
        (
            {"MinimumOSVersion": "9.0", "UIDeviceFamily": [4]},
            "does not say which platform it is for (`CFBundleSupportedPlatforms`)",
        ),
    ],
)
def test_a_platform_the_app_store_does_not_have_is_named(
    tmp_path: Path, said: dict[str, Any], reason: str
) -> None:
    assert fault(app(tmp_path, {**NOTES, **said})) == reason


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        (
            "CFBundleShortVersionString",
            "$(MARKETING_VERSION)",
            "has `$(MARKETING_VERSION)` as its `CFBundleShortVersionString`, " + NOT_REPLACED,
        ),
        (
            "CFBundleIdentifier",
            "com.example.${PRODUCT_NAME:rfc1034identifier}",
            "has `com.example.${PRODUCT_NAME:rfc1034identifier}` as its `CFBundleIdentifier`, "
            + NOT_REPLACED,
        ),
        (
            "CFBundleIdentifier",
            "com.example/notes",
            "has `com.example/notes` as its `CFBundleIdentifier`, which is no bundle id",
        ),
        (
            "CFBundleShortVersionString",
            "1.4.2-beta",
            "has `1.4.2-beta` as its `CFBundleShortVersionString`, " + NOT_DOTTED,
        ),
        (
            "CFBundleVersion",
            "231 ",
            "has `231` as its `CFBundleVersion`, " + NOT_DOTTED,
        ),
        ("CFBundleVersion", 231, "has a `CFBundleVersion` that is no text"),
        ("CFBundleVersion", "", "has no `CFBundleVersion`"),
    ],
)
def test_a_value_that_cannot_be_meant_is_named(
    tmp_path: Path, key: str, value: object, reason: str
) -> None:
    assert fault(app(tmp_path, {**IOS, key: value})) == reason


@pytest.mark.parametrize(
    "key", ["CFBundleIdentifier", "CFBundleShortVersionString", "CFBundleVersion"]
)
def test_a_value_that_is_missing_is_named(tmp_path: Path, key: str) -> None:
    values = {name: value for name, value in IOS.items() if name != key}

    assert fault(app(tmp_path, values)) == f"has no `{key}`"


def test_what_a_package_says_is_repeated_on_one_short_line(tmp_path: Path) -> None:
    hostile = "1\n::error::\u202ex" + "y" * 5000

    reason = fault(app(tmp_path, {**IOS, "CFBundleVersion": hostile}))

    assert reason.isprintable()
    assert len(reason) < 300


@pytest.mark.parametrize(
    "info_plist",
    [
        b"",
        b"{ CFBundleVersion = 231; }",
        b"<plist><dict><key>CFBundleVersion</key></dict></plist>",
        b"<plist><dict><date>yesterday</date></dict></plist>",
        b"<plist><key>CFBundleVersion</key></plist>",
        b"<plist><dict>",
        b'<?xml version="1.0" encoding="klingon"?><plist><dict/></plist>',
        b'<?xml version="1.0" encoding="hex"?><plist><dict/></plist>',
        b"bplist00",
        b"bplist00" + bytes(32),
        b"bplist00" + b"\xff" * 64,
    ],
)
def test_a_damaged_property_list_is_named_so(tmp_path: Path, info_plist: bytes) -> None:
    assert fault(with_plist(tmp_path, info_plist).parent) == DAMAGED


@pytest.mark.parametrize("top", [[], "text", 7])
def test_a_property_list_without_a_dictionary_is_named_so(tmp_path: Path, top: object) -> None:
    assert fault(app(tmp_path, top)) == "has an Info.plist that holds no dictionary"


def test_an_entity_in_a_property_list_is_refused(tmp_path: Path) -> None:
    laughs = (
        '<?xml version="1.0"?><!DOCTYPE plist [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
        "<plist><dict><key>CFBundleVersion</key><string>&b;</string></dict></plist>"
    )

    assert fault(with_plist(tmp_path, laughs.encode()).parent) == DAMAGED


def test_a_property_list_that_is_too_large_is_named_so(tmp_path: Path) -> None:
    values = {**IOS, "Padding": "x" * (1 << 20)}
    reason = "has an Info.plist larger than 1 MiB"

    assert fault(app(tmp_path, values)) == reason
    assert fault(write(tmp_path / "Notes.ipa", ipa({MAIN: plist(values)}))) == reason


@pytest.mark.parametrize("fmt", [plistlib.FMT_XML, plistlib.FMT_BINARY])
def test_a_key_that_is_said_twice_is_not_guessed_at(
    tmp_path: Path, fmt: plistlib.PlistFormat
) -> None:
    once = plist({**IOS, "CFBundleVersioX": "232"}, fmt)

    path = with_plist(tmp_path, once.replace(b"CFBundleVersioX", b"CFBundleVersion", 1))

    assert fault(path.parent) == "has an Info.plist that says `CFBundleVersion` twice"


def text(value: str) -> bytes:
    return b"\x5f\x11" + struct.pack(">H", len(value)) + value.encode()


def binary(objects: Sequence[bytes], offsets: Sequence[int] = (), ref_size: int = 1) -> bytes:
    """A binary property list of `objects`, the first on top, wherever `offsets` say they are."""
    body = bytearray(b"bplist00")
    found = []
    for packed in objects:
        found.append(len(body))
        body += packed
    table = [*found, *offsets]
    start = len(body)
    body += b"".join(struct.pack(">I", offset) for offset in table)
    return bytes(body) + struct.pack(">6xBBQQQ", 4, ref_size, len(table), 0, start)


def test_a_dictionary_that_holds_itself_does_not_end_in_a_loop(tmp_path: Path) -> None:
    path = with_plist(tmp_path, binary([b"\xd1\x01\x00", text("CFBundleIdentifier")]))

    assert (
        fault(path.parent) == "does not say which platform it is for (`CFBundleSupportedPlatforms`)"
    )


def test_a_list_nested_deeper_than_python_can_follow_is_damaged(tmp_path: Path) -> None:
    nested = [b"\xa1" + struct.pack(">H", index + 1) for index in range(5000)]

    path = with_plist(tmp_path, binary([*nested, b"\x09"], ref_size=2))

    assert fault(path.parent) == DAMAGED


def test_objects_that_share_their_bytes_are_refused_in_little_memory(tmp_path: Path) -> None:
    # 30 000 texts of half a MiB each, all of them the same half MiB: 15 GiB if each were read.
    shared = b"\x5f\x12" + struct.pack(">I", 1 << 19) + b"x" * (1 << 19)
    count = 30_000
    top = b"\xaf\x11" + struct.pack(">H", count) + struct.pack(f">{count}H", *range(1, count + 1))
    offset = len(b"bplist00") + len(top)
    path = with_plist(tmp_path, binary([top, shared], [offset] * count, ref_size=2))

    tracemalloc.start()
    try:
        assert fault(path.parent) == "has an Info.plist whose parts overlap"
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 32 << 20


def test_a_variable_that_never_ends_costs_no_time(tmp_path: Path) -> None:
    values = {**IOS, "CFBundleVersion": "$(" * 250_000}

    assert "numbers with dots" in fault(app(tmp_path, values))
