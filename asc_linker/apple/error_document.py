"""Apple's error document, read without trusting it.

Source: https://developer.apple.com/documentation/appstoreconnectapi/errorresponse
"""

from __future__ import annotations

import json

from asc_linker.apple.json_api import is_absurd, without_surrogates
from asc_linker.errors import AppleError

_MOST_ERRORS = 100


def parse_errors(body: bytes | bytearray) -> tuple[AppleError, ...]:
    """Every error in an error document; empty when `body` is not one (HTML, text, nothing)."""
    if is_absurd(body):
        return ()
    try:
        document = json.loads(body)
        return _errors(document.get("errors") if isinstance(document, dict) else None)
    except (ValueError, RecursionError):
        return ()


def is_a_page(body: bytes | bytearray) -> bool:
    """Whether somebody else than Apple wrote this: a proxy or an edge server, in HTML or text."""
    start = body.lstrip()[:1]
    return bool(start) and start not in b"{["


def _errors(entries: object) -> tuple[AppleError, ...]:
    if not isinstance(entries, list):
        return ()
    return tuple(_error(entry) for entry in entries[:_MOST_ERRORS] if isinstance(entry, dict))


def _error(entry: dict[str, object]) -> AppleError:
    source = entry.get("source")
    places = {
        name: without_surrogates(place)
        for name, place in (source.items() if isinstance(source, dict) else ())
        if name in ("pointer", "parameter") and isinstance(place, str)
    }
    meta = entry.get("meta")
    associated = meta.get("associatedErrors") if isinstance(meta, dict) else None
    return AppleError(
        code=_text(entry, "code"),
        title=_text(entry, "title"),
        detail=_text(entry, "detail"),
        # A string, says Apple's description; a number is as good.
        status=str(entry.get("status") or ""),
        id=_text(entry, "id"),
        associated=tuple(
            (without_surrogates(path), error)
            for path, errors in (associated.items() if isinstance(associated, dict) else ())
            for error in _errors(errors)
        ),
        source=places or None,
    )


def _text(entry: dict[str, object], name: str) -> str:
    value = entry.get(name)
    return without_surrogates(value) if isinstance(value, str) else ""
