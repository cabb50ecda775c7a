"""An .app, and an .xcarchive with an .app in it: folders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asc_linker.inputs.package.bounded import LARGEST_PLIST, open_regular
from asc_linker.inputs.package.facts import (
    BUILD_NUMBER,
    BUNDLE_ID,
    VERSION_STRING,
    Package,
    PackageFault,
    checked,
    shown,
)
from asc_linker.inputs.package.info_plist import platform_of, read_plist

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def read_app(folder: Path) -> Package:
    """Read an .app as iOS or as macOS lays it out. Raises PackageFault."""
    layouts = (folder / "Info.plist", folder / "Contents" / "Info.plist")
    found = [path for path in layouts if _is_there(path)]
    if not found:
        raise PackageFault("has no Info.plist")
    if len(found) > 1:
        raise PackageFault("has two: `Info.plist` as on iOS, `Contents/Info.plist` as on macOS")
    values = _read(found[0], folder)
    return checked(values, platform_of(values))


def read_xcarchive(folder: Path) -> Package:
    """Read the app of an .xcarchive, and hold it to what the archive says of it.

    Raises PackageFault: among others, they differ.
    """
    info_plist = folder / "Info.plist"
    if not _is_there(info_plist):
        raise PackageFault("has no Info.plist")
    match _read(info_plist, folder).get("ApplicationProperties"):
        case {"ApplicationPath": str(app_path), **properties}:
            package = read_app(_app_in(folder / "Products", app_path))
        case _:
            raise PackageFault("is a generic archive: its Info.plist names no app")
    read = {
        BUNDLE_ID: package.bundle_id,
        VERSION_STRING: package.version_string,
        BUILD_NUMBER: package.build_number,
    }
    for key, inside in read.items():
        outside = properties.get(key, inside)
        if outside != inside:
            other = shown(outside) if isinstance(outside, str) else "no text"
            raise PackageFault(
                f"contradicts itself: `{key}` is {shown(inside)} in the app, and {other} in the "
                "archive's own Info.plist"
            )
    return package


def _app_in(products: Path, app_path: str) -> Path:
    try:
        app = (products / app_path).resolve(strict=True)
        if not app.is_relative_to(products.resolve()):
            raise PackageFault(f"names {shown(app_path)} as its app, which leads out of it")
    except PackageFault:
        raise
    except (OSError, RuntimeError, ValueError):
        raise PackageFault(f"names {shown(app_path)} as its app, which is not in it") from None
    if app.suffix.lower() != ".app" or not app.is_dir():
        raise PackageFault(f"names {shown(app_path)} as its app, which is no .app")
    return app


def _is_there(path: Path) -> bool:
    """Whether there is anything at `path`, even a link to nowhere."""
    return path.is_symlink() or path.exists()


def _read(info_plist: Path, folder: Path) -> Mapping[str, object]:
    """Read a property list that lies in `folder`, links followed: they could lead anywhere."""
    try:
        real = info_plist.resolve(strict=True)
    except (OSError, RuntimeError):
        raise PackageFault("has an Info.plist that is a link to nowhere") from None
    if not real.is_relative_to(folder.resolve()):
        raise PackageFault("has an Info.plist that is a link out of the package")
    with open_regular(real, "has an Info.plist that ") as file:
        return read_plist(file.read(LARGEST_PLIST + 1))
