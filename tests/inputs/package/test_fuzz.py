"""Whatever a package is, reading it ends in a Package or a PackageFault, and soon."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from inputs.package.archives import (
    IOS,
    MAIN,
    bundle,
    distribution,
    ipa,
    package_info,
    plist,
    write,
    xar,
)

from asc_linker.inputs.package import Package, PackageFault, read_package

if TYPE_CHECKING:
    from pathlib import Path

MODEST = settings(
    max_examples=150,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
VALID = (
    ipa(),
    ipa(method=zipfile.ZIP_STORED),
    xar({"Distribution": distribution()}),
    xar({"PackageInfo": package_info()}, checksum="none", style="application/octet-stream"),
)
BINARY = plist(
    {
        **IOS,
        "Nested": {"a": [1, 2.5, b"data", datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)]},
    }
)

texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30)
values = st.recursive(
    st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | texts | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=8,
)


@st.composite
def mutated(draw: st.DrawFn, originals: st.SearchStrategy[bytes]) -> bytes:
    """One of `originals`, with some bytes changed, and perhaps cut, doubled or shifted."""
    content = bytearray(draw(originals))
    places = st.integers(0, len(content) - 1)
    for place, byte in draw(st.lists(st.tuples(places, st.integers(0, 255)), max_size=6)):
        content[place] = byte
    start, end = sorted((draw(places), draw(places)))
    match draw(st.sampled_from(["whole", "whole", "whole", "without", "doubled", "cut"])):
        case "without":
            del content[start:end]
        case "doubled":
            content[end:end] = content[start:end]
        case "cut":
            del content[end:]
    return bytes(content)


def read(path: Path) -> Package | None:
    try:
        package = read_package(path)
    except PackageFault as fault:
        reason = str(fault)
    else:
        assert all((package.bundle_id, package.version_string, package.build_number))
        return package
    assert reason.isprintable()
    assert len(reason) < 1000
    return None


@MODEST
@given(content=st.binary(max_size=2000), magic=st.sampled_from([b"", b"PK\x03\x04", b"xar!\0\x1c"]))
def test_any_bytes(tmp_path: Path, content: bytes, magic: bytes) -> None:
    assert read(write(tmp_path / "Notes.ipa", magic + content)) is None


@MODEST
@given(content=mutated(st.sampled_from(VALID)))
def test_any_damage_to_an_archive(tmp_path: Path, content: bytes) -> None:
    read(write(tmp_path / "Notes.ipa", content))


@MODEST
@given(content=mutated(st.just(BINARY)))
def test_any_damage_to_a_binary_property_list(tmp_path: Path, content: bytes) -> None:
    read(write(tmp_path / "Notes.app" / "Info.plist", content).parent)


@MODEST
@given(said=st.dictionaries(st.sampled_from([*IOS, "UIDeviceFamily"]), values), rest=values)
def test_any_property_list(tmp_path: Path, said: dict[str, Any], rest: object) -> None:
    try:
        content = plist({**IOS, **said, "Rest": rest})
    except OverflowError:
        return
    read(write(tmp_path / "Notes.ipa", ipa({MAIN: content})))


@MODEST
@given(attributes=st.tuples(texts, texts, texts, texts), product=st.sampled_from(["", "a", "b.c"]))
def test_any_bundle_in_a_distribution(
    tmp_path: Path, attributes: tuple[str, str, str, str], product: str
) -> None:
    content = distribution(bundle(*attributes), bundle(), product=product)

    read(write(tmp_path / "Notes.pkg", xar({"Distribution": content})))
