"""What an .ipa, .pkg, .app or .xcarchive says of itself.

    .ipa        zip      Payload/<name>.app/Info.plist            ipa.py
    .pkg        xar      Distribution, or PackageInfo             pkg.py, xar.py
    .app        folder   Info.plist, on macOS Contents/Info.plist folder.py
    .xcarchive  folder   Info.plist, and the .app it names        folder.py

Packages are other people's files: all that is read of them is bounded, nothing is written, and
whatever is wrong with one is a PackageFault.
"""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from asc_linker.inputs.package.bounded import open_regular
from asc_linker.inputs.package.facts import Package, PackageFault
from asc_linker.inputs.package.find import find_package
from asc_linker.inputs.package.folder import read_app, read_xcarchive
from asc_linker.inputs.package.ipa import read_ipa
from asc_linker.inputs.package.pkg import read_pkg

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Package", "PackageFault", "find_package", "read_package"]

_FOLDERS = {".app": read_app, ".xcarchive": read_xcarchive}
# An .ipa begins with a local file header; a zip without entries begins with its end record.
_FILES = {b"PK\x03\x04": read_ipa, b"PK\x05\x06": read_ipa, b"xar!": read_pkg}


def read_package(path: Path) -> Package:
    """Read the package at `path`, whose kind a folder's name says, and a file's first bytes.

    Raises PackageFault: it is something else, or broken, or contradicts itself.
    """
    try:
        return _read(path)
    except (FileNotFoundError, NotADirectoryError):
        raise PackageFault("is not there") from None
    except OSError as error:
        raise PackageFault(f"cannot be read: {error.strerror or error}") from None


def _read(path: Path) -> Package:
    try:
        is_folder = stat.S_ISDIR(path.stat().st_mode)
    except ValueError:  # a zero byte, or half of a surrogate pair
        raise PackageFault("is no path at all") from None
    if is_folder:
        read_folder = _FOLDERS.get(path.suffix.lower())
        if read_folder is None:
            raise PackageFault("is a folder that is no .app and no .xcarchive")
        return read_folder(path)
    with open_regular(path, "") as file:
        magic = file.read(4)
        if not magic:
            raise PackageFault("is empty")
        read_file = _FILES.get(magic)
        if read_file is None:
            raise PackageFault("is no .ipa, .pkg, .xcarchive or .app")
        return read_file(file)
