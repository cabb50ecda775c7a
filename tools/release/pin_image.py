"""Name the image by digest: `python tools/release/pin_image.py sha256:… <action.yml >pinned.yml`.

Only that one line changes. A file that names this very image already comes out as it went in.
"""

from __future__ import annotations

import re
import sys

IMAGE = "ghcr.io/asc-linker/asc-linker"
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
LINE = re.compile(r"^  image: (\S+)$", re.MULTILINE)


def pinned(action: str, digest: str) -> str:
    """`action` with the image of `digest` in place of its Dockerfile.

    Raises ValueError: `digest` is none, or `action` names something else than the Dockerfile.
    """
    if not DIGEST.fullmatch(digest):
        raise ValueError(f"{digest!r} is no digest: those are sha256: and 64 digits.")
    image = f"docker://{IMAGE}@{digest}"
    if LINE.findall(action) not in (["Dockerfile"], [image]):
        raise ValueError("action.yml has no line `  image: Dockerfile`, or names another image.")
    return LINE.sub(f"  image: {image}", action)


def main(digest: str) -> int:
    try:
        sys.stdout.write(pinned(sys.stdin.read(), digest))
    except ValueError as error:
        print(f"pin_image.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
