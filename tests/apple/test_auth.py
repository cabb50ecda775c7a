"""The token is what Apple asks for, is used as long as it is good, and is never seen unmasked."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable

import jwt
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from asc_linker.apple.access import Credentials
from asc_linker.apple.tokens import Tokens
from asc_linker.emulator import ThrowawayKey
from asc_linker.inputs.private_key import read_private_key

NOW = 1_790_000_000.75


class Clock:
    """A clock that moves when a test moves it."""

    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def seen() -> list[str]:
    return []


def credentials(key: ThrowawayKey, issuer_id: str | None = "an-issuer") -> Credentials:
    return Credentials(key.key_id, issuer_id, read_private_key(key.private_key).key)


@pytest.fixture
def tokens(key: ThrowawayKey, clock: Clock, seen: list[str]) -> Tokens:
    return Tokens(credentials(key), clock, seen.append)


def part(token: str, number: int) -> bytes:
    text = token.split(".")[number]
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_the_header_names_algorithm_key_and_type(tokens: Tokens, key: ThrowawayKey) -> None:
    header = json.loads(part(tokens.current(), 0))

    assert header == {"alg": "ES256", "kid": key.key_id, "typ": "JWT"}


def test_a_team_key_names_its_issuer_and_asks_for_no_scope(tokens: Tokens) -> None:
    claims = json.loads(part(tokens.current(), 1))

    assert claims == {
        "iss": "an-issuer",
        "iat": int(NOW) - 60,
        "exp": int(NOW) + 540,
        "aud": "appstoreconnect-v1",
    }


def test_an_individual_key_has_a_user_and_no_issuer(key: ThrowawayKey, clock: Clock) -> None:
    tokens = Tokens(credentials(key, issuer_id=None), clock, lambda _: None)

    claims = json.loads(part(tokens.current(), 1))

    assert claims["sub"] == "user"
    assert "iss" not in claims


def test_a_token_lives_ten_minutes_from_a_minute_back(tokens: Tokens) -> None:
    claims = json.loads(part(tokens.current(), 1))

    assert claims["exp"] - claims["iat"] == 600
    assert claims["iat"] == int(NOW) - 60


def test_the_signature_is_raw_and_verifies(tokens: Tokens, key: ThrowawayKey) -> None:
    token = tokens.current()
    signature = part(token, 2)

    assert len(signature) == 64
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    public_key = read_private_key(key.private_key).key.public_key()
    signed = token.rpartition(".")[0].encode()
    public_key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
    jwt.decode(
        token, key.public_key, ["ES256"], {"verify_exp": False}, audience="appstoreconnect-v1"
    )


def test_a_token_is_used_until_it_is_nearly_over(
    tokens: Tokens, clock: Clock, seen: list[str]
) -> None:
    first = tokens.current()
    clock.time = NOW + 470

    assert tokens.current() == first
    assert seen == [first]


@pytest.mark.parametrize("later_s", [485, 3600, 86_400])
def test_a_token_is_renewed_while_it_is_still_good(
    tokens: Tokens, clock: Clock, seen: list[str], later_s: int
) -> None:
    first = tokens.current()
    clock.sleep(later_s)

    second = tokens.current()

    assert seen == [first, second]
    assert json.loads(part(second, 1))["exp"] == int(NOW) + later_s + 540


def test_whatever_the_hour_a_token_is_good_for_another_minute(tokens: Tokens, clock: Clock) -> None:
    for _ in range(2000):
        assert json.loads(part(tokens.current(), 1))["exp"] - clock.now() >= 60
        clock.sleep(7.3)


def test_a_token_is_announced_before_anyone_has_it(key: ThrowawayKey, clock: Clock) -> None:
    order: list[str] = []
    tokens = Tokens(credentials(key), clock, lambda token: order.append(f"masked {token}"))

    token = tokens.current()
    order.append(f"used {token}")

    assert order == [f"masked {token}", f"used {token}"]


def test_a_token_that_could_not_be_announced_is_not_used(key: ThrowawayKey, clock: Clock) -> None:
    announced: list[str] = []

    def announce(token: str) -> None:
        announced.append(token)
        if len(announced) == 1:
            raise OSError("the log is gone")

    tokens = Tokens(credentials(key), clock, announce)
    with pytest.raises(OSError, match="gone"):
        tokens.current()

    assert tokens.current() == announced[1]


def test_a_refused_token_is_replaced_once(tokens: Tokens, seen: list[str]) -> None:
    refused = tokens.current()

    tokens.renew(refused)
    tokens.renew(refused)

    assert tokens.current() == seen[1] != refused
    assert len(seen) == 2


def test_many_threads_share_one_token(tokens: Tokens, seen: list[str]) -> None:
    together = threading.Barrier(16)
    found: list[str] = []

    def ask() -> None:
        together.wait()
        found.append(tokens.current())

    run_all([ask] * 16)

    assert len(seen) == 1
    assert found == seen * 16


def run_all(jobs: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
