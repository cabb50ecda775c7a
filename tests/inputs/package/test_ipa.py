"""What is read of an .ipa, and why some cannot be."""

from __future__ import annotations

import plistlib
import stat
import struct
import tracemalloc
import warnings
import zipfile
from typing import TYPE_CHECKING

import pytest
from inputs.package.archives import IOS, MAIN, fault, ipa, plist, write

from asc_linker.apple.model import Platform
from asc_linker.inputs.package import Package, read_package

if TYPE_CHECKING:
    from pathlib import Path

NOTES = Package("com.example.notes", "1.4.2", "231", Platform.IOS)


@pytest.mark.parametrize("fmt", [plistlib.FMT_XML, plistlib.FMT_BINARY])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_an_ipa_is_read_whether_its_plist_is_xml_or_binary_stored_or_deflated(
    tmp_path: Path, fmt: plistlib.PlistFormat, method: int
) -> None:
    content = ipa({"Payload/": b"", MAIN: plist(IOS, fmt)}, method)

    assert read_package(write(tmp_path / "Notes.ipa", content)) == NOTES


def test_a_file_is_known_by_its_content_not_by_its_name(tmp_path: Path) -> None:
    assert read_package(write(tmp_path / "artifact", ipa())) == NOTES


def test_apps_nested_in_the_main_app_are_not_confused_with_it(tmp_path: Path) -> None:
    other = plist({**IOS, "CFBundleIdentifier": "com.example.notes.other"})
    nested = (
        "Watch/Notes Watch App.app",
        "PlugIns/Share.appex",
        "AppClips/Clip.app",
        "Frameworks/Kit.framework",
        "Base.lproj/Main.storyboardc",
    )
    entries = {f"Payload/Notes.app/{inner}/Info.plist": other for inner in nested}
    entries |= {"SwiftSupport/Notes.app/Info.plist": other, MAIN: plist(IOS)}

    assert read_package(write(tmp_path / "Notes.ipa", ipa(entries))) == NOTES


def test_entries_that_begin_with_a_dot_and_a_slash_are_the_same_entries(tmp_path: Path) -> None:
    content = ipa({"./": b"", "./Payload/": b"", f"./{MAIN}": plist(IOS)})

    assert read_package(write(tmp_path / "Notes.ipa", content)) == NOTES


def test_several_main_apps_are_listed(tmp_path: Path) -> None:
    entries = {MAIN: plist(IOS), "Payload/Other.app/Info.plist": plist(IOS)}

    assert fault(write(tmp_path / "Notes.ipa", ipa(entries))) == (
        "holds 2 main apps, and should hold one: `Payload/Notes.app/Info.plist`, "
        "`Payload/Other.app/Info.plist`"
    )


def test_an_entry_that_is_there_twice_is_not_guessed_at(tmp_path: Path) -> None:
    path = tmp_path / "Notes.ipa"
    with zipfile.ZipFile(path, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile knows that this is a bad idea
        archive.writestr(MAIN, plist(IOS))
        archive.writestr(MAIN, plist({**IOS, "CFBundleVersion": "232"}))

    assert "2 main apps" in fault(path)


def test_two_spellings_that_a_mac_takes_for_one_file_are_not_guessed_at(tmp_path: Path) -> None:
    entries = {MAIN: plist(IOS), "payload/notes.app/info.plist": plist(IOS)}

    assert "2 main apps" in fault(write(tmp_path / "Notes.ipa", ipa(entries)))


@pytest.mark.parametrize(
    "name",
    [
        "../Info.plist",
        "/etc/passwd",
        "Payload/A.app/../Notes.app/Info.plist",
        "Payload//x",
        "a/./b",
    ],
)
def test_an_entry_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    content = ipa({name: plist(IOS), MAIN: plist(IOS)})

    assert fault(write(tmp_path / "Notes.ipa", content)) == (
        f"holds an entry with an unsafe path: `{name}`"
    )


@pytest.mark.parametrize(
    "name", ["Notes.app/Info.plist", "Notes.xcarchive/Info.plist", "Payload/Info.plist", "classes"]
)
def test_a_zip_of_something_else_says_what_is_missing(tmp_path: Path, name: str) -> None:
    content = ipa({name: plist(IOS)})

    assert fault(write(tmp_path / "Notes.app.zip", content)) == (
        "is a zip, but no .ipa: it has no `Payload/<name>.app/Info.plist` (an .app or .xcarchive "
        "is read as a folder, not zipped)"
    )


def test_a_zip_without_entries_is_no_ipa(tmp_path: Path) -> None:
    zipfile.ZipFile(tmp_path / "Notes.ipa", "w").close()

    assert fault(tmp_path / "Notes.ipa").startswith("is a zip, but no .ipa")


def test_an_upload_that_was_cut_off_is_named_so(tmp_path: Path) -> None:
    whole = ipa()

    for length in range(4, len(whole), 7):
        assert fault(write(tmp_path / "Notes.ipa", whole[:length])) == (
            "is a zip that is cut off or damaged"
        )


def test_a_changed_byte_is_found_by_the_checksum(tmp_path: Path) -> None:
    content = ipa(method=zipfile.ZIP_STORED)
    assert content.count(b"231") == 1

    path = write(tmp_path / "Notes.ipa", content.replace(b"231", b"232"))

    assert fault(path) == "is a zip that is cut off or damaged"


def test_an_encrypted_zip_is_named_so(tmp_path: Path) -> None:
    content = bytearray(ipa())
    content[content.index(b"PK\x01\x02") + 8] |= 1

    assert fault(write(tmp_path / "Notes.ipa", bytes(content))) == "is encrypted with a password"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_unusual_compression_is_named(tmp_path: Path, method: int) -> None:
    assert fault(write(tmp_path / "Notes.ipa", ipa(method=method))) == (
        f"has an Info.plist compressed with zip method {method}; store or deflate it"
    )


def test_a_link_in_place_of_the_plist_is_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo(MAIN)
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "Notes.ipa", "w") as archive:
        archive.writestr(link, "/etc/passwd")

    assert fault(tmp_path / "Notes.ipa") == "has an Info.plist that is a symbolic link"


def test_a_zip_bomb_is_refused_in_little_memory(tmp_path: Path) -> None:
    path = write(tmp_path / "Notes.ipa", ipa({MAIN: bytes(200 << 20)}))
    lying = bytearray(path.read_bytes())
    entry = lying.index(b"PK\x01\x02")
    lying[entry + 24 : entry + 28] = struct.pack("<I", 1 << 20)
    modest = write(tmp_path / "Modest.ipa", bytes(lying))

    tracemalloc.start()
    try:
        assert fault(path) == "has an Info.plist larger than 1 MiB"
        assert fault(modest) == "is a zip that is cut off or damaged"
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 8 << 20


def test_a_directory_of_millions_of_entries_is_refused_unread(tmp_path: Path) -> None:
    size = 400_000 * 46
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 65535, 65535, size, 4, 0)

    path = write(tmp_path / "Notes.ipa", b"PK\x03\x04" + bytes(size) + end)

    assert fault(path) == "has a table of contents larger than 16 MiB"
