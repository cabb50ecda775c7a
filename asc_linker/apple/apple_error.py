"""Apple's error document, read without trusting it.

Source: https://developer.apple.com/documentation/appstoreconnectapi/errorresponse
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True, slots=True)
class AppleError:
    """One entry of Apple's `errors`. Text is Apple's, unescaped; what Apple left out is empty.

    `code` is dotted and may gain levels: compare by prefix. `where` is the JSON pointer or the
    parameter that `source` names. `associated` keeps `meta.associatedErrors` with their paths.
    """

    code: str
    title: str = ""
    detail: str = ""
    status: str = ""
    where: str = ""
    id: str = ""
    associated: tuple[tuple[str, AppleError], ...] = ()

    def is_a(self, code: str) -> bool:
        """Whether this is `code`, or one of the more precise codes below it."""
        return self.code == code or self.code.startswith(f"{code}.")

    def walk(self) -> Iterator[AppleError]:
        """This error, then every error associated with it, depth first."""
        yield self
        for _, error in self.associated:
            yield from error.walk()

    def __str__(self) -> str:
        said = ": ".join(part for part in (self.title.rstrip("."), self.detail) if part)
        return f"{said or 'no explanation'} ({self.code})"


def every_error(errors: Sequence[AppleError]) -> Iterator[AppleError]:
    """All errors of an answer, associated ones included: the telling one is not always first."""
    for error in errors:
        yield from error.walk()


def parse_errors(body: bytes) -> tuple[AppleError, ...]:
    """Every error in an error document; empty when `body` is not one (HTML, text, nothing)."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return ()
    return _errors(document.get("errors") if isinstance(document, dict) else None)


def _errors(entries: object) -> tuple[AppleError, ...]:
    if not isinstance(entries, list):
        return ()
    return tuple(_error(entry) for entry in entries if isinstance(entry, dict))


def _error(entry: dict[str, object]) -> AppleError:
    source = entry.get("source")
    where = source if isinstance(source, dict) else {}
    meta = entry.get("meta")
    associated = meta.get("associatedErrors") if isinstance(meta, dict) else None
    return AppleError(
        code=_text(entry, "code") or "UNKNOWN",
        title=_text(entry, "title"),
        detail=_text(entry, "detail"),
        status=_text(entry, "status"),
        where=_text(where, "pointer") or _text(where, "parameter"),
        id=_text(entry, "id"),
        associated=tuple(
            (str(path), error)
            for path, errors in (associated.items() if isinstance(associated, dict) else ())
            for error in _errors(errors)
        ),
    )


def _text(entry: dict[str, object], name: str) -> str:
    value = entry.get(name)
    return value if isinstance(value, str) else ""
