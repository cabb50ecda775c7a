"""Version strings and build numbers, compared as Apple compares them.

Apple drops leading zeros (`01.02` is `1.2`) in both, and takes `1.2` and `1.2.0` for one version
string, though its filters find only the spelling that was uploaded first. A build number's
trailing `.0` means something: nobody has seen Apple take build `7` for build `7.0`.
Source: fastlane's build_watcher, which had to learn both.
"""

from __future__ import annotations

import re

_DOTTED = re.compile(r"[0-9]+(\.[0-9]+)*", re.ASCII)
# Apple's limit for CFBundleVersion, and well above any version string it accepts.
_LONGEST = 18
_PARTS_OF_A_VERSION = 3


def is_dotted(text: str) -> bool:
    """Whether `text` is numbers with dots between them, of a length Apple accepts."""
    return len(text) <= _LONGEST and _DOTTED.fullmatch(text) is not None


def same_version(one: str, other: str) -> bool:
    """Whether Apple takes both for one version string."""
    return plain_version(one) == plain_version(other)


def same_build_number(one: str, other: str) -> bool:
    """Whether Apple takes both for one build number."""
    return plain_build_number(one) == plain_build_number(other)


def version_spellings(version_string: str) -> tuple[str, ...]:
    """`version_string` first, then every other spelling Apple may have stored: `1.2`, `1.2.0`."""
    parts = plain_version(version_string).split(".")
    padded = (
        parts + ["0"] * zeros for zeros in range(max(1, 1 + _PARTS_OF_A_VERSION - len(parts)))
    )
    return tuple(dict.fromkeys([version_string, *(".".join(spelling) for spelling in padded)]))


def build_number_spellings(build_number: str) -> tuple[str, ...]:
    """`build_number` first, then without leading zeros, if that differs."""
    return tuple(dict.fromkeys([build_number, plain_build_number(build_number)]))


def distance(one: str, other: str) -> tuple[float, ...]:
    """How far apart two dotted numbers are, most significant part first: a key to sort by."""
    if not (is_dotted(one) and is_dotted(other)):
        return (float("inf"),)
    ours, theirs = ([int(part) for part in text.split(".")] for text in (one, other))
    width = max(len(ours), len(theirs))
    ours += [0] * (width - len(ours))
    theirs += [0] * (width - len(theirs))
    return tuple(float(abs(mine - yours)) for mine, yours in zip(ours, theirs, strict=True))


def plain_build_number(text: str) -> str:
    """Without leading zeros; anything that is not dotted numbers is left as it is."""
    if not _DOTTED.fullmatch(text):
        return text
    return ".".join(part.lstrip("0") or "0" for part in text.split("."))


def plain_version(text: str) -> str:
    """Without leading zeros and without trailing `.0`."""
    plain = plain_build_number(text)
    while plain.endswith(".0"):
        plain = plain.removesuffix(".0")
    return plain
