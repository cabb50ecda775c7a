"""xar, the archive format of .pkg files: as much of it as it takes to read a small member.

A header, a table of contents (XML, compressed with zlib), and the heap, where members lie at
offsets that the table names.
Source: https://github.com/apple-oss-distributions/xar/blob/main/xar/include/xar.h.in
"""

from __future__ import annotations

import hashlib
import re
import struct
from typing import TYPE_CHECKING, Self
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers.expat import ExpatError, ParserCreate

from asc_linker.inputs.package.bounded import inflate
from asc_linker.inputs.package.facts import PackageFault, shown

if TYPE_CHECKING:
    from typing import NoReturn

    from asc_linker.inputs.package.bounded import BoundedFile

# A product archive lists a dozen files in some KiB.
LARGEST_TABLE = 4 << 20
LARGEST_MEMBER = 1 << 20

# magic, size of the header, version, lengths of the table (deflated, inflated), its checksum's kind
_HEADER = struct.Struct(">4sHHQQI")
_NUMBER = re.compile(r"\s*([0-9]{1,18})\s*", re.ASCII)
_TABLE = "table of contents"
_MOST_ELEMENTS = 100_000
_DEEPEST = 100
# `x-gzip` is what xar calls zlib.
_ENCODINGS = {"application/octet-stream", "application/x-gzip"}
_CHECKSUMS = {"md5", "sha1", "sha256", "sha512"}


class Xar:
    """The members of an archive, by path, as far as two levels deep."""

    def __init__(self, file: BoundedFile, heap: int, table: Element) -> None:
        self._file = file
        self._heap = heap
        self._members: dict[str, Element] = {}
        for member in table.iterfind("file"):
            name = self._add(member, "")
            for inner in member.iterfind("file"):
                self._add(inner, f"{name}/")

    @classmethod
    def open(cls, file: BoundedFile) -> Self:
        """Read the table of contents. Raises PackageFault: it is damaged, or too large."""
        magic, header_size, version, deflated_size, inflated_size, _ = _HEADER.unpack(
            file.read_at(0, _HEADER.size)
        )
        if magic != b"xar!" or version != 1 or header_size < _HEADER.size:
            raise PackageFault("is damaged: it begins like a .pkg, but has not its header")
        if deflated_size > LARGEST_TABLE or inflated_size > LARGEST_TABLE:
            raise PackageFault(f"has a {_TABLE} larger than {LARGEST_TABLE >> 20} MiB")
        deflated = file.read_at(header_size, deflated_size)
        inflated = inflate(deflated, LARGEST_TABLE, _TABLE)
        if len(inflated) != inflated_size:
            raise _damaged(_TABLE)
        heap = header_size + deflated_size
        root = parse_xml(inflated, _TABLE)
        table = root.find("toc")
        if root.tag != "xar" or table is None:
            raise _damaged(_TABLE)
        checksum = table.find("checksum")
        if checksum is not None and checksum.get("style") in _CHECKSUMS:
            expected = file.read_at(heap + _number(checksum, "offset"), _digest_size(checksum))
            _compare(checksum, expected.hex(), deflated, _TABLE)
        return cls(file, heap, table)

    def __contains__(self, path: str) -> bool:
        return path in self._members

    @property
    def paths(self) -> list[str]:
        return list(self._members)

    def read(self, path: str) -> bytes:
        """One member's content. Raises PackageFault: it is damaged, or too large."""
        data = self._members[path].find("data")
        if data is None:
            raise PackageFault(f"is damaged: its {shown(path)} has no content")
        length, size = _number(data, "length"), _number(data, "size")
        if max(length, size) > LARGEST_MEMBER:
            raise PackageFault(f"has a {shown(path)} larger than {LARGEST_MEMBER >> 20} MiB")
        encoding = data.find("encoding")
        style = "application/octet-stream" if encoding is None else encoding.get("style", "")
        if style not in _ENCODINGS:
            raise PackageFault(f"has a {shown(path)} encoded as {shown(style)}; use zlib or none")
        content = self._file.read_at(self._heap + _number(data, "offset"), length)
        if style == "application/x-gzip":
            content = inflate(content, LARGEST_MEMBER, shown(path))
        if len(content) != size:
            raise _damaged(shown(path))
        checksum = data.find("extracted-checksum")
        if checksum is not None and checksum.get("style") in _CHECKSUMS:
            _compare(checksum, (checksum.text or "").strip().lower(), content, shown(path))
        return content

    def _add(self, member: Element, folder: str) -> str:
        path = folder + (member.findtext("name") or "").strip()
        if path in self._members:
            raise PackageFault(f"holds {shown(path)} twice")
        self._members[path] = member
        return path


def parse_xml(document: bytes, part: str) -> Element:
    """Parse XML that declares nothing: neither TOC nor Distribution have a document type.

    Raises PackageFault: it has one (entities could make it grow without end), or is no XML.
    """
    builder = TreeBuilder()
    elements = depth = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal elements, depth
        elements += 1
        depth += 1
        if elements > _MOST_ELEMENTS or depth > _DEEPEST:
            raise PackageFault(f"has a {part} with more in it than any tool writes")
        builder.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag)

    def refuse(*_: object) -> NoReturn:
        raise PackageFault(f"has a {part} with a document type, which may not be there")

    parser = ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(document, True)
    except PackageFault:
        raise
    except (ExpatError, LookupError, ValueError):
        raise PackageFault(f"is damaged: its {part} is no XML") from None
    return builder.close()


def _number(parent: Element, tag: str) -> int:
    found = _NUMBER.fullmatch(parent.findtext(tag) or "")
    if found is None:
        raise _damaged(_TABLE)
    return int(found[1])


def _digest_size(checksum: Element) -> int:
    return hashlib.new(checksum.get("style", ""), usedforsecurity=False).digest_size


def _compare(checksum: Element, expected: str, content: bytes, part: str) -> None:
    if (
        hashlib.new(checksum.get("style", ""), content, usedforsecurity=False).hexdigest()
        != expected
    ):
        raise _damaged(part)


def _damaged(part: str) -> PackageFault:
    return PackageFault(f"is damaged: its {part} is not what it was when it was packed")
