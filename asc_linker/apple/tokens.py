"""The signed token every request carries.

Source: https://developer.apple.com/documentation/appstoreconnectapi/generating-tokens-for-api-requests
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import jwt

if TYPE_CHECKING:
    from collections.abc import Callable

    from asc_linker.apple.access import Credentials
    from asc_linker.clock import Clock

# Apple refuses more than twenty minutes between `iat` and `exp`.
_LIFETIME_S = 600
# A runner's clock may be ahead of Apple's, and a token from the future is refused.
_BACKDATED_S = 60
# A token is replaced while it still has this long to live, so that none expires on its way.
_SPARE_S = 60


class Tokens:
    """One token, reused until nearly over; safe to share between threads.

    `on_new` receives each token before its first use, so that a log can mask it.
    """

    def __init__(
        self, credentials: Credentials, clock: Clock, on_new: Callable[[str], None]
    ) -> None:
        self._credentials = credentials
        self._clock = clock
        self._on_new = on_new
        self._lock = threading.Lock()
        self._token = ""
        self._expires_at = 0.0

    def current(self) -> str:
        """A token that is good for at least another minute."""
        with self._lock:
            if self._clock.now() > self._expires_at - _SPARE_S:
                self._sign()
            return self._token

    def renew(self, refused: str) -> None:
        """Sign anew, unless `refused` has been replaced already: by now, or by another thread."""
        with self._lock:
            if self._token == refused:
                self._sign()

    def _sign(self) -> None:
        issued_at = int(self._clock.now()) - _BACKDATED_S
        claims: dict[str, str | int] = {
            "iat": issued_at,
            "exp": issued_at + _LIFETIME_S,
            "aud": "appstoreconnect-v1",
        }
        if self._credentials.issuer_id is None:
            claims["sub"] = "user"
        else:
            claims["iss"] = self._credentials.issuer_id
        token = jwt.encode(
            claims,
            self._credentials.private_key,
            algorithm="ES256",
            headers={"kid": self._credentials.key_id},
        )
        self._on_new(token)
        self._token = token
        self._expires_at = issued_at + _LIFETIME_S
