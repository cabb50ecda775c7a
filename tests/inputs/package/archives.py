"""Small packages of every kind, made from what they are to say."""

from __future__ import annotations

import hashlib
import io
import plistlib
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import quoteattr

from asc_linker.inputs.package import PackageFault, read_package

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

NOTES: dict[str, Any] = {
    "CFBundleIdentifier": "com.example.notes",
    "CFBundleShortVersionString": "1.4.2",
    "CFBundleVersion": "231",
    "CFBundlePackageType": "APPL",
}
IOS = {**NOTES, "CFBundleSupportedPlatforms": ["iPhoneOS"], "DTPlatformName": "iphoneos"}
MAC = {**NOTES, "CFBundleSupportedPlatforms": ["MacOSX"], "LSMinimumSystemVersion": "14.0"}
MAIN = "Payload/Notes.app/Info.plist"

# As Xcode exports it for the Mac App Store, in fastlane's fixture MacAppOnly.pkg.
DISTRIBUTION = """<?xml version="1.0" encoding="utf-8" standalone="no"?>
<installer-gui-script minSpecVersion="2">
    <pkg-ref id="com.example.notes">
        <bundle-version>{bundles}</bundle-version>
    </pkg-ref>
    <product id="{product}" version="1.4.2"/>
    <title>Notes</title>
    <options customize="never" require-scripts="false" hostArchitectures="x86_64,arm64"/>
    <pkg-ref id="com.example.notes" version="1.4.2">#com.example.notes.pkg</pkg-ref>
</installer-gui-script>
"""
# As pkgbuild writes it; it names the bundles once more for the Installer, without versions.
PACKAGE_INFO = """<?xml version="1.0" encoding="utf-8"?>
<pkg-info identifier="com.example.notes" version="0" install-location="/Applications">
    <payload numberOfFiles="7" installKBytes="12"/>
    {bundles}
    <bundle-version><bundle id="com.example.notes"/></bundle-version>
    <strict-identifier><bundle id="com.example.notes"/></strict-identifier>
</pkg-info>
"""


def bundle(
    path: str = "Notes.app",
    bundle_id: str = "com.example.notes",
    version_string: str | None = "1.4.2",
    build_number: str | None = "231",
    inside: str = "",
) -> str:
    attributes = {
        "id": bundle_id,
        "path": path,
        "CFBundleShortVersionString": version_string,
        "CFBundleVersion": build_number,
    }
    told = (f"{name}={quoteattr(value)}" for name, value in attributes.items() if value is not None)
    return f"<bundle {' '.join(told)}>{inside}</bundle>"


def distribution(*bundles: str, product: str = "com.example.notes") -> bytes:
    return DISTRIBUTION.format(bundles="".join(bundles or [bundle()]), product=product).encode()


def package_info(*bundles: str) -> bytes:
    return PACKAGE_INFO.format(bundles="".join(bundles or [bundle("./Notes.app")])).encode()


def plist(values: Any, fmt: plistlib.PlistFormat = plistlib.FMT_BINARY) -> bytes:
    return plistlib.dumps(values, fmt=fmt)


def ipa(
    entries: Mapping[str, bytes] | None = None, method: int = zipfile.ZIP_DEFLATED, **more: Any
) -> bytes:
    """A zip of `entries`, or of an app whose Info.plist says what `more` adds to IOS."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, content in (entries or {MAIN: plist({**IOS, **more})}).items():
            archive.writestr(zipfile.ZipInfo(name), content, compress_type=method)
    return packed.getvalue()


def xar(
    members: Mapping[str, bytes],
    *,
    checksum: str = "sha1",
    style: str = "application/x-gzip",
    header: bytes | None = None,
    change_toc: Callable[[str], str] = lambda toc: toc,
) -> bytes:
    """An archive of `members`, of which those with a `/` in the name lie in folders."""
    digest_size = 0 if checksum == "none" else hashlib.new(checksum).digest_size
    heap = bytearray(digest_size)
    tree: dict[str, list[str]] = {}
    for number, (path, content) in enumerate(members.items()):
        folder, _, name = path.rpartition("/")
        packed = zlib.compress(content) if style == "application/x-gzip" else content
        told = "" if checksum == "none" else hashlib.new(checksum, content).hexdigest()
        tree.setdefault(folder, []).append(
            f'<file id="{number}"><data><length>{len(packed)}</length><offset>{len(heap)}</offset>'
            f'<size>{len(content)}</size><encoding style="{style}"/>'
            f'<extracted-checksum style="{checksum}">{told}</extracted-checksum></data>'
            f"<type>file</type><name>{name}</name></file>"
        )
        heap += packed
    files = "".join(tree.pop("", [])) + "".join(
        f'<file id="{folder}"><type>directory</type><name>{folder}</name>{"".join(inner)}</file>'
        for folder, inner in tree.items()
    )
    toc = change_toc(
        '<?xml version="1.0" encoding="UTF-8"?>\n<xar><toc>'
        f'<checksum style="{checksum}"><offset>0</offset><size>{digest_size}</size></checksum>'
        f"{files}</toc></xar>"
    ).encode()
    deflated = zlib.compress(toc)
    if checksum != "none":
        heap[:digest_size] = hashlib.new(checksum, deflated).digest()
    usual = xar_header(len(deflated), len(toc))
    return (usual if header is None else header) + deflated + bytes(heap)


def xar_header(deflated: int, inflated: int, *, size: int = 28, version: int = 1) -> bytes:
    return struct.pack(">4sHHQQI", b"xar!", size, version, deflated, inflated, 1)


def xcarchive(
    folder: Path, app: Mapping[str, Any] = IOS, *, at: str = "Info.plist", **said: Any
) -> Path:
    """An .xcarchive of an app; `said` changes the archive's own ApplicationProperties."""
    archive = folder / "Notes.xcarchive"
    write(archive / "Products" / "Applications" / "Notes.app" / at, plist(app))
    properties = {
        "ApplicationPath": "Applications/Notes.app",
        **{key: app[key] for key in NOTES if key in app},
        **said,
    }
    write(archive / "Info.plist", plist({"ArchiveVersion": 2, "ApplicationProperties": properties}))
    return archive


def write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def fault(path: Path) -> str:
    """Why the package at `path` cannot be read."""
    try:
        package = read_package(path)
    except PackageFault as found:
        return str(found)
    raise AssertionError(f"{path.name} was read as {package}")
