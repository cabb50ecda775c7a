"""A .pkg: what an installer package, product archive or component, says of the app in it.

The app itself lies in a compressed cpio archive; its versions are repeated outside of it.
Source: https://developer.apple.com/library/archive/documentation/DeveloperTools/Reference/DistributionDefinitionRef/Chapters/Distribution_XML_Ref.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asc_linker.apple.model import Platform
from asc_linker.inputs.package.facts import (
    BUILD_NUMBER,
    BUNDLE_ID,
    VERSION_STRING,
    Package,
    PackageFault,
    checked,
    shown,
)
from asc_linker.inputs.package.xar import Xar, parse_xml

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from asc_linker.inputs.package.bounded import BoundedFile

_MOST_COMPONENTS = 50
_MOST_APPS = 100

# Of each app its bundle id, version string and build number, and where it is.
_Apps = dict[tuple[str | None, str | None, str | None], str]


def read_pkg(file: BoundedFile) -> Package:
    """Read the app from `Distribution` or, where that names none, from `PackageInfo`.

    Raises PackageFault: there is no app, or there are several and the product is none of them.
    """
    archive = Xar.open(file)
    product = ""
    apps: _Apps = {}
    if "Distribution" in archive:
        distribution = parse_xml(archive.read("Distribution"), "`Distribution`")
        product = next((found.get("id", "") for found in distribution.iter("product")), "")
        apps = _apps(distribution)
    if not apps:
        for path in _package_infos(archive):
            apps |= _apps(parse_xml(archive.read(path), shown(path)))
    return _main_app(apps, product)


def _package_infos(archive: Xar) -> list[str]:
    """The component package's own `PackageInfo`, and those of packages inside the archive."""
    paths = [path for path in archive.paths if path.rpartition("/")[2] == "PackageInfo"]
    if len(paths) > _MOST_COMPONENTS:
        raise PackageFault(f"holds {len(paths)} packages, too many for an app")
    return paths


def _apps(root: Element) -> _Apps:
    """Every app that is listed with its path, except those inside of other bundles."""
    nested = {id(inner) for outer in root.iter("bundle") for inner in outer.iterfind("bundle")}
    apps: _Apps = {
        (found.get("id"), found.get(VERSION_STRING), found.get(BUILD_NUMBER)): found.get("path", "")
        for found in root.iter("bundle")
        if id(found) not in nested and _is_outermost_app(found.get("path", ""))
    }
    if len(apps) > _MOST_APPS:
        raise PackageFault(f"holds {len(apps)} apps, and should hold one")
    return apps


def _is_outermost_app(path: str) -> bool:
    *folders, name = path.rstrip("/").lower().split("/")
    nested = any(folder == "contents" or folder.endswith(".app") for folder in folders)
    return name.endswith(".app") and not nested


def _main_app(apps: _Apps, product: str) -> Package:
    if not apps:
        raise PackageFault("is a .pkg, but names no app with its versions")
    if len(apps) > 1:
        apps = {facts: path for facts, path in apps.items() if facts[0] == product} or apps
    if len(apps) > 1:
        listed = ", ".join(
            shown(f"{path} {version_string} ({build_number})")
            for (_, version_string, build_number), path in list(apps.items())[:5]
        )
        raise PackageFault(f"holds {len(apps)} apps, and should hold one: {listed}")
    ((bundle_id, version_string, build_number),) = apps
    return checked(
        {BUNDLE_ID: bundle_id, VERSION_STRING: version_string, BUILD_NUMBER: build_number},
        Platform.MAC_OS,
    )
