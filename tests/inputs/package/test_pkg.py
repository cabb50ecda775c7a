"""What is read of a .pkg, and why some cannot be."""

from __future__ import annotations

import tracemalloc
import zlib
from typing import TYPE_CHECKING

import pytest
from inputs.package.archives import (
    bundle,
    distribution,
    fault,
    package_info,
    write,
    xar,
    xar_header,
)

from asc_linker.apple.model import Platform
from asc_linker.inputs.package import Package, read_package

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOTES = Package("com.example.notes", "1.4.2", "231", Platform.MAC_OS)
PRODUCT = {"Distribution": distribution(), "com.example.notes.pkg/Payload": b"cpio"}


def pkg(folder: Path, content: bytes) -> Path:
    return write(folder / "Notes.pkg", content)


@pytest.mark.parametrize("checksum", ["none", "md5", "sha1", "sha256", "sha512"])
@pytest.mark.parametrize("style", ["application/x-gzip", "application/octet-stream"])
def test_a_product_archive_is_read_however_it_was_packed(
    tmp_path: Path, checksum: str, style: str
) -> None:
    assert read_package(pkg(tmp_path, xar(PRODUCT, checksum=checksum, style=style))) == NOTES


def test_a_component_package_is_read_by_its_package_info(tmp_path: Path) -> None:
    members = {"PackageInfo": package_info(), "Payload": b"cpio", "Bom": b"BOMStore"}

    assert read_package(pkg(tmp_path, xar(members))) == NOTES


def test_a_distribution_without_bundles_leads_to_the_component_inside(tmp_path: Path) -> None:
    members = {
        "Distribution": b'<installer-script><product id="com.example"/></installer-script>',
        "notes.pkg/PackageInfo": package_info(),
    }

    assert read_package(pkg(tmp_path, xar(members))) == NOTES


def test_apps_nested_in_the_app_are_not_confused_with_it(tmp_path: Path) -> None:
    inner = bundle("./Contents/Helpers/Login.app", "com.example.notes.login", "9", "9")
    bundles = (
        bundle("./Applications/Notes.app/Contents/Helpers/Login.app", "com.example.login", "9"),
        bundle("./Applications/Notes.app/Contents/Frameworks/Kit.framework", "com.example.kit"),
        bundle("./Applications/Notes.app", inside=inner),
    )

    assert read_package(pkg(tmp_path, xar({"PackageInfo": package_info(*bundles)}))) == NOTES


def test_of_several_apps_the_product_is_meant(tmp_path: Path) -> None:
    bundles = (bundle("Extra.app", "com.example.extra", "9", "9"), bundle())

    path = pkg(tmp_path, xar({"Distribution": distribution(*bundles)}))

    assert read_package(path) == NOTES


def test_several_apps_of_which_none_is_the_product_are_listed(tmp_path: Path) -> None:
    bundles = (bundle("Extra.app", "com.example.extra", "9", "90"), bundle())

    path = pkg(tmp_path, xar({"Distribution": distribution(*bundles, product="com.example.all")}))

    assert fault(path) == (
        "holds 2 apps, and should hold one: `Extra.app 9 (90)`, `Notes.app 1.4.2 (231)`"
    )


def test_more_apps_than_anyone_would_list_are_counted(tmp_path: Path) -> None:
    content = distribution(*(bundle(build_number=str(number)) for number in range(101)))

    path = pkg(tmp_path, xar({"Distribution": content}))

    assert fault(path) == "holds 101 apps, and should hold one"


def test_an_app_that_is_told_twice_alike_is_one_app(tmp_path: Path) -> None:
    content = distribution(bundle("Notes.app"), bundle("./Notes.app"))

    assert read_package(pkg(tmp_path, xar({"Distribution": content}))) == NOTES


def test_an_app_that_is_told_twice_differently_is_not_guessed_at(tmp_path: Path) -> None:
    content = distribution(bundle(), bundle(build_number="232"))

    assert fault(pkg(tmp_path, xar({"Distribution": content}))).startswith("holds 2 apps")


@pytest.mark.parametrize(
    "members",
    [
        {"Bom": b"BOMStore"},
        {"Distribution": distribution(bundle("Kit.framework"))},
        {"PackageInfo": b"<pkg-info/>"},
    ],
)
def test_a_package_without_an_app_says_so(tmp_path: Path, members: dict[str, bytes]) -> None:
    assert fault(pkg(tmp_path, xar(members))) == "is a .pkg, but names no app with its versions"


def test_a_bundle_without_its_versions_names_what_is_missing(tmp_path: Path) -> None:
    content = xar({"Distribution": distribution(bundle(build_number=None))})

    assert fault(pkg(tmp_path, content)) == "has no `CFBundleVersion`"


def test_a_package_of_many_packages_is_refused(tmp_path: Path) -> None:
    members = {f"{number}.pkg/PackageInfo": package_info() for number in range(51)}

    assert fault(pkg(tmp_path, xar(members))) == "holds 51 packages, too many for an app"


def test_a_download_that_was_cut_off_is_named_so(tmp_path: Path) -> None:
    whole = xar({"Distribution": distribution()})

    for length in range(4, len(whole), 7):
        assert fault(pkg(tmp_path, whole[:length])) == "is cut off"


@pytest.mark.parametrize(
    "header",
    [
        xar_header(10, 10, version=2),
        xar_header(10, 10, size=27),
    ],
)
def test_a_header_of_another_kind_is_named_so(tmp_path: Path, header: bytes) -> None:
    assert fault(pkg(tmp_path, xar(PRODUCT, header=header))) == (
        "is damaged: it begins like a .pkg, but has not its header"
    )


TABLE_CHANGED = "is damaged: its table of contents is not what it was when it was packed"


def swapped(old: str, new: str) -> Callable[[str], str]:
    return lambda toc: toc.replace(old, new, 1)


@pytest.mark.parametrize(
    ("was", "becomes", "reason"),
    [
        ("<offset>20<", "<offset>-20<", TABLE_CHANGED),
        ("<offset>20<", f"<offset>{2**70}<", TABLE_CHANGED),
        ("<offset>20<", "<offset>20 or so<", TABLE_CHANGED),
        ("<offset>20<", f"<offset>{2**50}<", "is cut off"),
        ("<length>", "<length>9999999", "has a `Distribution` larger than 1 MiB"),
        ("<xar>", "<xar><toc/>", "is a .pkg, but names no app with its versions"),
        ("x-gzip", "x-bzip2", "has a `Distribution` encoded as `application/x-bzip2`; use zlib or"),
        ("<data>", "<date>", "is damaged: its table of contents is no XML"),
        ("</toc>", "</toc><!-- ", "is damaged: its table of contents is no XML"),
        ("UTF-8", "klingon", "is damaged: its table of contents is no XML"),
    ],
)
def test_a_table_of_contents_that_lies_never_leads_astray(
    tmp_path: Path, was: str, becomes: str, reason: str
) -> None:
    path = pkg(tmp_path, xar(PRODUCT, change_toc=swapped(was, becomes)))

    assert fault(path).startswith(reason)


def test_a_kind_of_checksum_we_do_not_know_is_not_compared(tmp_path: Path) -> None:
    path = pkg(tmp_path, xar(PRODUCT, change_toc=swapped('style="sha1"', 'style="rot13"')))

    assert read_package(path) == NOTES


def test_a_member_without_content_is_named_so(tmp_path: Path) -> None:
    content = xar(
        {"Distribution": distribution()},
        change_toc=lambda toc: toc.replace("<data>", "<was>").replace("</data>", "</was>"),
    )

    assert fault(pkg(tmp_path, content)) == "is damaged: its `Distribution` has no content"


def test_a_member_that_is_there_twice_is_not_guessed_at(tmp_path: Path) -> None:
    members = {"Distribution": distribution(), "Other": distribution()}

    content = xar(members, change_toc=swapped("<name>Other<", "<name>Distribution<"))

    assert fault(pkg(tmp_path, content)) == "holds `Distribution` twice"


def test_a_changed_byte_is_found_by_the_checksum(tmp_path: Path) -> None:
    content = xar({"Distribution": distribution()}, style="application/octet-stream")

    assert fault(pkg(tmp_path, content.replace(b'"231"', b'"232"'))) == (
        "is damaged: its `Distribution` is not what it was when it was packed"
    )


def test_a_member_of_another_length_than_told_is_damaged(tmp_path: Path) -> None:
    told = f"<size>{len(distribution())}<"

    content = xar({"Distribution": distribution()}, change_toc=swapped(told, "<size>1<"))

    assert fault(pkg(tmp_path, content)) == (
        "is damaged: its `Distribution` is not what it was when it was packed"
    )


def test_a_changed_table_of_contents_is_found_by_its_checksum(tmp_path: Path) -> None:
    ours, other = xar(PRODUCT), xar(PRODUCT, change_toc=swapped('id="0"', 'id="7"'))
    ours_ends, other_ends = (28 + int.from_bytes(one[8:16], "big") for one in (ours, other))

    mixed = other[:other_ends] + ours[ours_ends:]

    assert fault(pkg(tmp_path, mixed)) == TABLE_CHANGED


@pytest.mark.parametrize(
    ("deflated", "inflated", "reason"),
    [
        (1 << 40, 100, "has a table of contents larger than 4 MiB"),
        (100, 1 << 63, "has a table of contents larger than 4 MiB"),
        (100, 100, "is damaged: its table of contents is cut off"),
        (0, 0, "is damaged: its table of contents is cut off"),
    ],
)
def test_lengths_that_are_wrong_are_named_so(
    tmp_path: Path, deflated: int, inflated: int, reason: str
) -> None:
    path = pkg(tmp_path, xar(PRODUCT, header=xar_header(deflated, inflated)))

    assert fault(path) == reason


def test_a_table_of_contents_of_another_length_than_told_is_damaged(tmp_path: Path) -> None:
    table = zlib.compress(b"<xar><toc/></xar>")

    assert fault(pkg(tmp_path, xar_header(len(table), 5) + table)) == TABLE_CHANGED


def test_a_table_of_contents_that_is_none_is_damaged(tmp_path: Path) -> None:
    table = zlib.compress(b"<html/>")

    assert fault(pkg(tmp_path, xar_header(len(table), 7) + table)) == TABLE_CHANGED
    assert fault(pkg(tmp_path, xar_header(9, 9) + b"not zlib.")) == (
        "is damaged: its table of contents cannot be decompressed"
    )


def laughing() -> str:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return f'<!DOCTYPE xar [<!ENTITY l0 "ha">{entities}]><xar>&l9;</xar>'


@pytest.mark.parametrize("xml", [laughing(), '<!DOCTYPE xar SYSTEM "/etc/passwd"><xar/>'])
def test_a_document_type_is_refused_wherever_it_stands(tmp_path: Path, xml: str) -> None:
    table = zlib.compress(xml.encode())

    assert fault(pkg(tmp_path, xar_header(len(table), len(xml)) + table)) == (
        "has a table of contents with a document type, which may not be there"
    )
    assert fault(pkg(tmp_path, xar({"Distribution": xml.encode()}))) == (
        "has a `Distribution` with a document type, which may not be there"
    )


@pytest.mark.parametrize(
    "xml", [b"<a>" * 200 + b"</a>" * 200, b"<a>" + b"<b/>" * 200_000 + b"</a>"]
)
def test_xml_that_is_deeper_or_longer_than_any_is_refused(tmp_path: Path, xml: bytes) -> None:
    assert fault(pkg(tmp_path, xar({"Distribution": xml}))) == (
        "has a `Distribution` with more in it than any tool writes"
    )


def test_bombs_are_refused_in_little_memory(tmp_path: Path) -> None:
    table = zlib.compress(bytes(300 << 20), 9)
    members = {"Distribution": bytes(100 << 20)}
    honest = pkg(tmp_path, xar(members))
    lying = write(
        tmp_path / "Lying.pkg",
        xar(members, change_toc=swapped(f"<size>{100 << 20}<", "<size>1000<")),
    )
    bomb = write(tmp_path / "Bomb.pkg", xar_header(len(table), 1000) + table)

    tracemalloc.start()
    try:
        assert fault(bomb) == "has a table of contents larger than 4 MiB"
        assert fault(honest) == "has a `Distribution` larger than 1 MiB"
        assert fault(lying) == "has a `Distribution` larger than 1 MiB"
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 32 << 20
