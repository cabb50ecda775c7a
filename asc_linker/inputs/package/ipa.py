"""An .ipa: a zip with one app in its folder `Payload`."""

from __future__ import annotations

import re
import stat
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING

from asc_linker.inputs.package.bounded import LARGEST_PLIST
from asc_linker.inputs.package.facts import Package, PackageFault, checked, shown
from asc_linker.inputs.package.info_plist import platform_of, read_plist, too_large

if TYPE_CHECKING:
    from asc_linker.inputs.package.bounded import BoundedFile

# Just the app itself: what is nested in it (Watch, PlugIns, AppClips, Frameworks) lies deeper.
# In any case, because a Mac that unpacks it makes one file of `Info.plist` and `info.plist`.
_MAIN_APP = re.compile(r"Payload/[^/]+\.app/Info\.plist", re.IGNORECASE)
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    IndexError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)


def read_ipa(file: BoundedFile) -> Package:
    """Read the main app's Info.plist. Raises PackageFault."""
    try:
        with zipfile.ZipFile(file) as archive:
            info_plist = _read(archive, _main_app(archive))
    except PackageFault:
        raise
    except _UNREADABLE:
        raise PackageFault("is a zip that is cut off or damaged") from None
    values = read_plist(info_plist)
    return checked(values, platform_of(values))


def _main_app(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    found = []
    for entry in archive.infolist():
        name = entry.filename.removeprefix("./")
        parts = name.removesuffix("/").split("/")
        if name and any(part in ("", ".", "..") for part in parts):
            raise PackageFault(f"holds an entry with an unsafe path: {shown(entry.filename)}")
        if _MAIN_APP.fullmatch(name):
            found.append(entry)
    if not found:
        raise PackageFault(
            "is a zip, but no .ipa: it has no `Payload/<name>.app/Info.plist` (an .app or "
            ".xcarchive is read as a folder, not zipped)"
        )
    if len(found) > 1:
        listed = ", ".join(shown(entry.filename) for entry in found[:5])
        raise PackageFault(f"holds {len(found)} main apps, and should hold one: {listed}")
    return found[0]


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    if entry.flag_bits & _ENCRYPTED:
        raise PackageFault("is encrypted with a password")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise PackageFault("has an Info.plist that is a symbolic link")
    if entry.compress_type not in _METHODS:
        raise PackageFault(
            f"has an Info.plist compressed with zip method {entry.compress_type}; store or "
            "deflate it"
        )
    if entry.file_size > LARGEST_PLIST:
        raise too_large()
    with archive.open(entry) as stream:
        return stream.read(LARGEST_PLIST + 1)  # to the end, so that the checksum is compared
