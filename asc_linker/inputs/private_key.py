"""An App Store Connect API key, in every shape in which people paste it into a secret.

Nothing of the key is ever repeated in a message: a fault says what the text is, not what it holds.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

KEY_ID = re.compile(r"[A-Z0-9]{10}", re.ASCII)

_PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.DOTALL)
_PEM_FENCE = re.compile(r"-----(BEGIN|END) [A-Z0-9 ]+-----")
_PRIVATE_LABELS = ("PRIVATE KEY", "EC PRIVATE KEY")
# base64 of a JSON key that holds base64 of a PEM: nobody has needed a fourth layer.
_DEEPEST = 3
# A .p8 has some 260 bytes; a secret of this size is a file pasted by mistake.
_LONGEST = 20_000

# Shorter lines are braces and padding.
_SHORTEST_MASK = 8

# How base64 begins: of a P-256 private key as PKCS #8 and as SEC 1, and of any PEM.
_BEGINNINGS = re.compile(r"MIG[A-Za-z0-9]AgEAMBMG|MHcCAQEE|LS0tLS1CRUdJTi")
# A .p8 has lines of 64 characters. The alphabet for URLs is left out: paths are written in it.
_BASE64 = re.compile(r"[A-Za-z0-9+/=]{40,}")
_LONGEST_BASE64 = 80


class KeyFault(ValueError):  # the name is the sentence
    """Why a text is no App Store Connect API key. The message never repeats any of it."""


class PastedKey(NamedTuple):
    """A usable key, with the ids that stood beside it when it came as fastlane's JSON key."""

    key: EllipticCurvePrivateKey
    # Whatever stood there, which may be a secret in the wrong place.
    key_id: str = ""
    issuer_id: str = ""

    def __repr__(self) -> str:
        return "PastedKey()"


def read_private_key(text: str) -> PastedKey:
    r"""Read a P-256 private key.

    Takes PEM; PEM with literal `\\n`, with CRLF, or on one line; the base64 body alone; base64 of
    any of these; or fastlane's JSON key.

    Raises KeyFault: it is something else, and the message says what.
    """
    if len(text) > _LONGEST:
        raise KeyFault("is far too long for an API key")
    return _read(text, depth=0)


def secret_lines(text: str) -> tuple[str, ...]:
    """Every line that would give a pasted key away, in every form it may turn up in, for masking.

    Left out are lines that say nothing about the key: masking a JSON key's `{` would blank every
    brace of the log.
    """
    forms = [text]
    if len(text) > _LONGEST:
        return _worth_masking(forms)
    while len(forms) <= _DEEPEST and (inner := _inner_text(forms[-1])):
        forms.append(inner)
    for form in tuple(forms):
        unescaped = form.replace("\\n", "\n").replace("\\r", "")
        forms.append(unescaped)
        bodies = [body for _, body in _PEM.findall(unescaped)]
        for body in bodies or ([unescaped] if _base64(unescaped) else []):
            forms.extend(["".join(body.split()), *_as_in_a_file(_joined(body))])
    return _worth_masking(forms)


def looks_like_key(text: str) -> bool:
    """Whether `text` may hold a private key, or most of one, and must not be repeated.

    That is PEM, base64 of it, or more than eighty characters of base64, in lines or in one piece.
    """
    if "-----BEGIN" in text or "PRIVATE KEY" in text or _BEGINNINGS.search(text):
        return True
    pieces = _BASE64.findall(text.replace("\\n", "\n").replace("\\r", "\r"))
    return sum(map(len, pieces)) > _LONGEST_BASE64


def _worth_masking(forms: list[str]) -> tuple[str, ...]:
    lines = (line.strip() for form in forms for line in form.splitlines())
    return tuple(dict.fromkeys(line for line in lines if _gives_away(line)))


def _as_in_a_file(body: str) -> tuple[str, ...]:
    """The base64 `body` of a key as a .p8 holds it, and such a .p8 as base64."""
    lines = "\n".join(body[start : start + 64] for start in range(0, len(body), 64))
    p8 = f"-----BEGIN PRIVATE KEY-----\n{lines}\n-----END PRIVATE KEY-----"
    return body, lines, _base64_of(p8), _base64_of(p8 + "\n")


def _base64_of(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "replace")).decode("ascii")


def _gives_away(line: str) -> bool:
    return len(line) >= _SHORTEST_MASK and not _PEM_FENCE.fullmatch(line)


def _inner_text(text: str) -> str | None:
    """The text one layer inside: the JSON key's `key`, or what the base64 decodes to."""
    text = _trimmed(text)
    if text.startswith("{"):
        try:
            inner = json.loads(text, strict=False).get("key")
        except (ValueError, RecursionError):
            return None
        return inner if isinstance(inner, str) else None
    return _as_text(_base64(text) or b"")


def _as_text(decoded: bytes) -> str | None:
    """What was text before it was encoded; None for anything else, as the DER of a key is."""
    try:
        text = decoded.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    is_text = all(character.isprintable() or character in "\t\r\n" for character in text)
    return text if text and is_text else None


def _trimmed(text: str) -> str:
    return text.strip().lstrip("\ufeff").strip().strip("\"'").strip()


def _read(text: str, depth: int) -> PastedKey:
    text = _trimmed(text)
    if not text:
        raise KeyFault("is empty")
    if depth > _DEEPEST:
        raise KeyFault("is encoded more often than any tool does it")
    if text.startswith("{"):
        return _from_json(text, depth)
    if "-----BEGIN" in text:
        return PastedKey(_from_pem(text))
    decoded = _base64(text)
    if decoded is None:
        raise KeyFault(_what_else(text))
    inner = _as_text(decoded)
    return PastedKey(_from_der(decoded)) if inner is None else _read(inner, depth + 1)


def _from_json(text: str, depth: int) -> PastedKey:
    try:
        document = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        raise KeyFault("starts like a JSON key but is not valid JSON") from None
    match document:
        case {"key": str(key)}:
            inner = _read(key, depth + 1)
        case _:
            raise KeyFault("is JSON, but has no `key` as fastlane's JSON key has")
    ids = {name: document.get(name) for name in ("key_id", "issuer_id")}
    return PastedKey(
        inner.key, **{name: value for name, value in ids.items() if isinstance(value, str)}
    )


def _from_pem(text: str) -> EllipticCurvePrivateKey:
    unescaped = text.replace("\\n", "\n").replace("\\r", "")
    found = _PEM.findall(unescaped)
    if not found:
        raise KeyFault("is cut off: it begins like a .p8 but does not end like one")
    label, body = next((block for block in found if block[0] in _PRIVATE_LABELS), found[0])
    if "4,ENCRYPTED" in body:
        label = "ENCRYPTED PRIVATE KEY"
    if label not in _PRIVATE_LABELS:
        raise KeyFault(_LABELS.get(label, "is PEM, but no private key; an API key (.p8) is needed"))
    decoded = _base64(body)
    if decoded is None:
        raise KeyFault("is damaged: between its BEGIN and END lines is not base64")
    return _from_der(decoded)


_LABELS = {
    "PUBLIC KEY": "is a public key; the .p8 that Apple let you download once is needed",
    "CERTIFICATE": "is a certificate; an App Store Connect API key (.p8) is needed",
    "CERTIFICATE REQUEST": "is a certificate request; an API key (.p8) is needed",
    "ENCRYPTED PRIVATE KEY": "is encrypted with a password; the .p8 as Apple gave it has none",
    "RSA PRIVATE KEY": "is an RSA key; App Store Connect API keys are P-256 keys (.p8)",
    "OPENSSH PRIVATE KEY": "is an SSH key; an App Store Connect API key (.p8) is needed",
}


def _from_der(der: bytes) -> EllipticCurvePrivateKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import (
        load_der_private_key,
    )

    try:
        key = load_der_private_key(der, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyFault(_der_is(der)) from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise KeyFault("is not an elliptic-curve key; App Store Connect API keys are P-256 keys")
    if not isinstance(key.curve, ec.SECP256R1):
        raise KeyFault(f"is a key on the curve {key.curve.name}; App Store Connect wants P-256")
    return key


def _der_is(der: bytes) -> str:
    """What bytes that are no private key are instead."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    unreadable = (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion)
    try:
        load_der_public_key(der)
    except unreadable:
        pass
    else:
        return _LABELS["PUBLIC KEY"]
    try:
        x509.load_der_x509_certificate(der)
    except unreadable:
        return "is damaged, cut off, or no private key at all"
    return _LABELS["CERTIFICATE"]


def _what_else(text: str) -> str:
    if text.endswith(".p8"):
        return "is the name of a file; the text inside the .p8 is needed"
    if text.startswith("$"):
        return "is a variable's name that nothing has replaced"
    return "is neither a .p8 nor base64 of one"


def _base64(text: str) -> bytes | None:
    """Decoded bytes, white space, escaped line ends and missing padding forgiven, or None."""
    joined = _joined(text).rstrip("=")
    try:
        return base64.b64decode(joined + "=" * (-len(joined) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def _joined(text: str) -> str:
    """Base64 in one piece, in the usual alphabet."""
    joined = "".join(text.replace("\\n", "").replace("\\r", "").split())
    return joined.replace("-", "+").replace("_", "/")
