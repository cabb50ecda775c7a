"""API keys: throw-away ones for a run, and the check of the tokens that keys have signed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from asc_linker.emulator.codec import WorldError
from asc_linker.emulator.problems import Problem, Refused
from asc_linker.emulator.words import Role
from asc_linker.emulator.world import Key

SAMPLE_ISSUER = "69a6de70-03db-47e3-e053-5b8c7c11a4d1"

_AUDIENCE = "appstoreconnect-v1"
_LONGEST_LIFE_S = 1200
# A token from a clock 34 s fast was seen to be accepted; one with no margin at all is refused.
_SKEW_S = 40
_TOKENS_KEPT = 1000


@dataclass(frozen=True, slots=True)
class ThrowawayKey:
    """A P-256 key pair with ids like Apple's; the same key always has the same `key_id`."""

    key_id: str
    issuer_id: str | None
    private_key: str = field(repr=False)
    """PEM, PKCS#8: the text of a .p8 file."""
    public_key: str
    is_made_up: bool = field(default=True, compare=False)
    """Made here, and no secret; a key that was read from somewhere may be one."""

    @classmethod
    def generate(cls, issuer_id: str | None = SAMPLE_ISSUER) -> Self:
        """A new key; with `issuer_id=None` an individual one."""
        return cls._of(ec.generate_private_key(ec.SECP256R1()), issuer_id)

    @classmethod
    def from_pem(cls, private_key: str, issuer_id: str | None = SAMPLE_ISSUER) -> Self:
        """Raises ValueError: the text is no P-256 private key in PEM."""
        loaded = load_pem_private_key(private_key.encode(), password=None)
        if not isinstance(loaded, ec.EllipticCurvePrivateKey) or loaded.curve.name != "secp256r1":
            raise ValueError("not a P-256 private key")
        return replace(cls._of(loaded, issuer_id), is_made_up=False)

    @classmethod
    def _of(cls, pair: ec.EllipticCurvePrivateKey, issuer_id: str | None) -> Self:
        private = pair.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        public = pair.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        key_id = sha256(public).hexdigest()[:10].upper()
        return cls(key_id, issuer_id, private.decode(), public.decode())

    def as_known_to_apple(self, role: Role | str = Role.ADMIN, *apps: str) -> Key:
        """The public half; `apps` are the ids of the apps it sees, all when none is named."""
        seen = apps or ("*",)
        return Key(
            id=self.key_id,
            public_key=self.public_key,
            issuer=self.issuer_id,
            role=Role(role),
            apps=seen,
        )


class Gate:
    """Lets in who carries a token that one of the keys has signed for this request."""

    def __init__(self, keys: Mapping[str, Key], now: Callable[[], float]) -> None:
        self._keys = {key_id: (key, _public_key(key)) for key_id, key in keys.items()}
        self._now = now
        self._read: dict[str, tuple[Key, dict[str, Any]]] = {}

    def admit(self, authorization: str | None, method: str, target: str) -> Key:
        """The key whose token this is.

        Raises Refused: with the one 401 that Apple has for whatever is wrong.
        """
        try:
            return self._admit(authorization or "", method, target)
        except (jwt.PyJWTError, _NotAuthorized) as error:
            raise Refused(401, _NOT_AUTHORIZED) from error

    def _admit(self, authorization: str, method: str, target: str) -> Key:
        scheme, _, token = authorization.partition(" ")
        _require(scheme == "Bearer" and token != "", "no bearer token")
        if token not in self._read:
            if len(self._read) > _TOKENS_KEPT:
                self._read.clear()
            self._read[token] = self._verify(token)
        key, claims = self._read[token]
        _require(_is_in_time(claims, self._now()), "not at this time, or for too long")
        _require(_is_in_scope(claims.get("scope"), method, target), "not in the token's scope")
        return key

    def _verify(self, token: str) -> tuple[Key, dict[str, Any]]:
        """What does not change from request to request."""
        header = jwt.get_unverified_header(token)
        _require(header.get("typ", "JWT") == "JWT", "typ is not JWT")
        if (known := self._keys.get(str(header.get("kid")))) is None:
            raise _NotAuthorized("unknown key")
        key, public_key = known
        _require(not key.revoked, "revoked key")
        claims: dict[str, Any] = jwt.decode(
            token,
            public_key,
            algorithms=["ES256"],
            audience=_AUDIENCE,
            options={"verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )
        _require(_is_issued_by(key, claims), "issuer and key do not belong together")
        return key, claims


class _NotAuthorized(Exception):
    pass


def _require(condition: bool, otherwise: str) -> None:
    if not condition:
        raise _NotAuthorized(otherwise)


def _is_issued_by(key: Key, claims: Mapping[str, Any]) -> bool:
    if key.issuer is None:
        return "iss" not in claims and claims.get("sub") == "user"
    return claims.get("iss") == key.issuer


def _is_in_time(claims: Mapping[str, Any], now: float) -> bool:
    expires, issued = claims.get("exp"), claims.get("iat", now)
    if not isinstance(expires, int | float) or not isinstance(issued, int | float):
        return False
    lives_s = max(expires - issued, expires - now)
    return issued <= now + _SKEW_S and now < expires and lives_s <= _LONGEST_LIFE_S


def _is_in_scope(scope: Any, method: str, target: str) -> bool:
    """No scope, or an entry `GET /path?query` that is this request but for order and paging."""
    if scope is None:
        return True
    entries = [str(entry).partition(" ") for entry in scope] if isinstance(scope, list) else []
    return method == "GET" and any(
        verb == "GET" and _what_counts(entry) == _what_counts(target) for verb, _, entry in entries
    )


def _what_counts(target: str) -> tuple[str, list[tuple[str, str]]]:
    parts = urlsplit(target)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    ignored = ("limit", "cursor", "sort")
    return parts.path, sorted(pair for pair in pairs if pair[0] not in ignored)


def _public_key(key: Key) -> ec.EllipticCurvePublicKey:
    try:
        loaded = load_pem_public_key(key.public_key.encode())
    except ValueError as error:
        raise WorldError(f"key {key.id}: publicKey is no public key in PEM") from error
    if not isinstance(loaded, ec.EllipticCurvePublicKey):
        raise WorldError(f"key {key.id}: publicKey is not on the curve P-256")
    return loaded


_NOT_AUTHORIZED = Problem(
    "NOT_AUTHORIZED",
    "Authentication credentials are missing or invalid.",
    "Provide a properly configured and signed bearer token, and make sure that it has not expired."
    " Learn more about Generating Tokens for API Requests"
    " https://developer.apple.com/go/?id=api-generating-tokens",
)
