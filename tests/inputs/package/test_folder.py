"""What is read of an .app and an .xcarchive, and of folders and files that are neither."""

from __future__ import annotations

import os
import plistlib
import socket
from pathlib import Path
from typing import Any

import pytest
from inputs.package.archives import IOS, MAC, fault, plist, write, xcarchive

from asc_linker.apple.model import Platform
from asc_linker.inputs.package import Package, read_package

IOS_NOTES = Package("com.example.notes", "1.4.2", "231", Platform.IOS)
MAC_NOTES = Package("com.example.notes", "1.4.2", "231", Platform.MAC_OS)


@pytest.mark.parametrize("fmt", [plistlib.FMT_XML, plistlib.FMT_BINARY])
@pytest.mark.parametrize(
    ("at", "values", "package"),
    [("Info.plist", IOS, IOS_NOTES), ("Contents/Info.plist", MAC, MAC_NOTES)],
)
def test_an_app_is_read_as_ios_and_as_macos_lay_it_out(
    tmp_path: Path, at: str, values: dict[str, Any], package: Package, fmt: plistlib.PlistFormat
) -> None:
    write(tmp_path / "Notes.app" / at, plist(values, fmt))

    assert read_package(tmp_path / "Notes.app") == package


def test_an_app_with_both_layouts_is_not_guessed_at(tmp_path: Path) -> None:
    write(tmp_path / "Notes.app" / "Info.plist", plist(IOS))
    write(tmp_path / "Notes.app" / "Contents" / "Info.plist", plist(MAC))

    assert fault(tmp_path / "Notes.app").startswith("has two: `Info.plist` as on iOS")


def test_an_archive_is_read_with_the_platform_its_app_names(tmp_path: Path) -> None:
    assert read_package(xcarchive(tmp_path / "ios")) == IOS_NOTES
    assert read_package(xcarchive(tmp_path / "mac", MAC, at="Contents/Info.plist")) == MAC_NOTES


def test_an_archive_whose_own_words_differ_from_its_app_is_refused(tmp_path: Path) -> None:
    assert fault(xcarchive(tmp_path, CFBundleVersion="230")) == (
        "contradicts itself: `CFBundleVersion` is `231` in the app, and `230` in the archive's own "
        "Info.plist"
    )
    assert "and no text in" in fault(xcarchive(tmp_path, CFBundleVersion=["231"]))


def test_an_archive_of_several_products_is_generic_and_names_no_app(tmp_path: Path) -> None:
    archive = xcarchive(tmp_path)
    write(archive / "Info.plist", plist({"ArchiveVersion": 2}))

    assert fault(archive) == "is a generic archive: its Info.plist names no app"


@pytest.mark.parametrize(
    ("app_path", "reason"),
    [
        ("Applications/Other.app", "names `Applications/Other.app` as its app, which is not in it"),
        ("Applications", "names `Applications` as its app, which is no .app"),
        ("../../Outside.app", "names `../../Outside.app` as its app, which leads out of it"),
        ("/usr", "names `/usr` as its app, which leads out of it"),
        ("Applications/\0.app", "names `Applications/ .app` as its app, which is not in it"),
    ],
)
def test_an_archive_that_names_no_app_of_its_own_is_refused(
    tmp_path: Path, app_path: str, reason: str
) -> None:
    write(tmp_path / "Outside.app" / "Info.plist", plist(IOS))

    assert fault(xcarchive(tmp_path, ApplicationPath=app_path)) == reason


def test_an_app_in_an_archive_that_is_a_link_out_of_it_is_refused(tmp_path: Path) -> None:
    outside = write(tmp_path / "Outside.app" / "Info.plist", plist(IOS)).parent
    archive = xcarchive(tmp_path)
    (archive / "Products" / "Applications" / "Linked.app").symlink_to(outside)
    linked = xcarchive(tmp_path, ApplicationPath="Applications/Linked.app")

    assert fault(linked).endswith("which leads out of it")


@pytest.mark.parametrize("name", ["Notes.app", "Notes.xcarchive"])
def test_a_folder_without_its_plist_says_so(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()

    assert fault(tmp_path / name) == "has no Info.plist"


@pytest.mark.parametrize("name", ["Notes.app", "Notes.xcarchive"])
def test_a_plist_that_is_a_link_out_of_the_package_is_refused(tmp_path: Path, name: str) -> None:
    outside = write(tmp_path / "secret.plist", plist(IOS))
    (tmp_path / name).mkdir()
    (tmp_path / name / "Info.plist").symlink_to(outside)

    assert fault(tmp_path / name) == "has an Info.plist that is a link out of the package"


def test_a_folder_of_the_app_that_is_a_link_out_of_it_is_refused(tmp_path: Path) -> None:
    outside = write(tmp_path / "elsewhere" / "Info.plist", plist(MAC)).parent
    (tmp_path / "Notes.app").mkdir()
    (tmp_path / "Notes.app" / "Contents").symlink_to(outside)

    assert fault(tmp_path / "Notes.app") == "has an Info.plist that is a link out of the package"


def test_a_link_within_the_app_is_followed(tmp_path: Path) -> None:
    write(tmp_path / "Notes.app" / "Versions" / "A" / "Info.plist", plist(IOS))
    (tmp_path / "Notes.app" / "Info.plist").symlink_to("Versions/A/Info.plist")
    (tmp_path / "Latest.app").symlink_to("Notes.app")

    assert read_package(tmp_path / "Latest.app") == IOS_NOTES


@pytest.mark.parametrize("target", ["Info.plist", "nowhere"])
def test_a_link_to_itself_or_to_nowhere_is_refused(tmp_path: Path, target: str) -> None:
    (tmp_path / "Notes.app").mkdir()
    (tmp_path / "Notes.app" / "Info.plist").symlink_to(target)

    assert fault(tmp_path / "Notes.app") == "has an Info.plist that is a link to nowhere"


def test_a_pipe_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "Notes.ipa")
    (tmp_path / "Notes.app").mkdir()
    os.mkfifo(tmp_path / "Notes.app" / "Info.plist")

    assert fault(tmp_path / "Notes.ipa") == "is no regular file"
    assert fault(tmp_path / "Notes.app") == "has an Info.plist that is no regular file"


def test_devices_and_sockets_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path has room for some 100 characters
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("Notes.ipa")
        assert fault(Path("Notes.ipa")) == "is no regular file"
    assert fault(Path("/dev/zero")) == "is no regular file"


def test_a_folder_in_place_of_the_plist_is_refused(tmp_path: Path) -> None:
    (tmp_path / "Notes.app" / "Info.plist").mkdir(parents=True)

    assert fault(tmp_path / "Notes.app") == "has an Info.plist that is no regular file"


@pytest.mark.parametrize("name", ["build", "Notes.pkg", "Notes.ipa"])
def test_any_other_folder_is_named_so(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()

    assert fault(tmp_path / name) == "is a folder that is no .app and no .xcarchive"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"PK", "is no .ipa, .pkg, .xcarchive or .app"),
        (b"koly" * 100, "is no .ipa, .pkg, .xcarchive or .app"),
        (b"version https://git-lfs.github.com/spec/v1\n", "is no .ipa, .pkg, .xcarchive or .app"),
    ],
)
def test_any_other_file_is_named_so(tmp_path: Path, content: bytes, reason: str) -> None:
    assert fault(write(tmp_path / "Notes.ipa", content)) == reason


def test_a_path_that_leads_nowhere_is_not_there(tmp_path: Path) -> None:
    write(tmp_path / "file", b"")

    assert fault(Path("build/Notes.ipa")) == "is not there"
    assert fault(tmp_path / "file" / "Notes.ipa") == "is not there"


@pytest.mark.parametrize("path", ["Notes\0.ipa", "Notes\ud800.ipa"])
def test_a_path_that_no_file_can_have_is_refused(path: str) -> None:
    assert fault(Path(path)) == "is no path at all"


def test_a_path_the_system_refuses_is_told_in_its_words(tmp_path: Path) -> None:
    (tmp_path / "Loop.app").symlink_to("Loop.app")

    assert fault(Path("x" * 5000)) == "cannot be read: File name too long"
    assert fault(tmp_path / "Loop.app").startswith("cannot be read: ")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_told_in_the_systems_words(tmp_path: Path) -> None:
    write(tmp_path / "Notes.ipa", b"PK").chmod(0)

    assert fault(tmp_path / "Notes.ipa") == "cannot be read: Permission denied"
