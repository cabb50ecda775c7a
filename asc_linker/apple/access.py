"""The way in: a key and an origin. Needs neither requests nor jwt."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

APPLE = "https://api.appstoreconnect.apple.com"

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Credentials(NamedTuple):
    """An API key that can sign. `issuer_id` is None for an individual key."""

    key_id: str
    issuer_id: str | None
    private_key: EllipticCurvePrivateKey

    def __repr__(self) -> str:
        return f"Credentials(key_id={self.key_id!r}, issuer_id={self.issuer_id!r})"


class Access(NamedTuple):
    """A key, and the origin its tokens are for."""

    credentials: Credentials
    api_url: str = APPLE


def is_loopback(api_url: str) -> bool:
    """Whether `api_url` points at this machine."""
    return urlsplit(api_url).hostname in _LOOPBACK
