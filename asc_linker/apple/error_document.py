"""Apple's error document, read without trusting it.

Source: https://developer.apple.com/documentation/appstoreconnectapi/errorresponse
"""

from __future__ import annotations

import json

from asc_linker.errors import AppleError


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
