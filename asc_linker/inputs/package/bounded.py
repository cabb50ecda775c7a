"""Files of unknown origin, read without ever holding more of them than is planned."""

from __future__ import annotations

import io
import os
import stat
import zlib
from typing import TYPE_CHECKING

from asc_linker.inputs.package.facts import PackageFault

if TYPE_CHECKING:
    from pathlib import Path

# An Info.plist has a few KiB.
LARGEST_PLIST = 1 << 20
# The table of contents of an .ipa is read at once; one of 16 MiB lists more than 100 000 files.
LARGEST_READ = 16 << 20


class BoundedFile(io.BufferedReader):
    """A file of which no piece larger than LARGEST_READ can be read."""

    def read(self, size: int | None = -1, /) -> bytes:
        left = max(0, self.size - self.tell())
        wanted = left if size is None or size < 0 else min(size, left)
        if wanted > LARGEST_READ:
            raise PackageFault(f"has a table of contents larger than {LARGEST_READ >> 20} MiB")
        return super().read(wanted)

    @property
    def size(self) -> int:
        return os.fstat(self.fileno()).st_size

    def read_at(self, offset: int, length: int) -> bytes:
        """Exactly `length` bytes from `offset`. Raises PackageFault: the file ends before."""
        if offset + length > self.size:
            raise PackageFault("is cut off")
        self.seek(offset)
        return self.read(length)


def open_regular(path: Path, part: str) -> BoundedFile:
    """Open `path`, which is the package itself or, when `part` names it, a part of it.

    A pipe would block and a device may never end, so they are not even opened.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise PackageFault(f"{part}is no regular file")
    return BoundedFile(io.FileIO(path))


def inflate(deflated: bytes, limit: int, part: str) -> bytes:
    """Decompress a whole zlib stream, up to `limit` bytes.

    Raises PackageFault: it is larger, damaged or cut off.
    """
    inflater = zlib.decompressobj()
    try:
        inflated = inflater.decompress(deflated, limit + 1)
    except zlib.error:
        raise PackageFault(f"is damaged: its {part} cannot be decompressed") from None
    if len(inflated) > limit:
        raise PackageFault(f"has a {part} larger than {limit >> 20} MiB")
    if not inflater.eof:
        raise PackageFault(f"is damaged: its {part} is cut off")
    return inflated
