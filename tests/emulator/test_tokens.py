"""Who is let in, and what the rest is told."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from emulator.played import Apple, Clock, errors

from asc_linker.emulator import Emulator, ThrowawayKey, World

Play = Callable[..., Apple]


def is_refused(apple: Apple, token: str, path: str = "/v1/apps") -> bool:
    response = apple.get(path, token=token)
    if response.status_code == 401:
        assert [code for _, code, _ in errors(response)] == ["NOT_AUTHORIZED"]
        assert apple.emulator.requests[-1].authorization_ok is False
    return response.status_code == 401


def test_a_token_signed_as_apple_asks_is_let_in(apple: Apple) -> None:
    assert apple.get("/v1/apps").status_code == 200
    assert apple.emulator.requests[0].authorization_ok is True


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "appstoreconnect-v2"},
        {"aud": None},
        {"iss": "00000000-0000-0000-0000-000000000000"},
        {"iss": None, "sub": "user"},
        {"exp": None},
        {"exp": "soon"},
        {"scope": ["GET /v1/builds"]},
        {"scope": "GET /v1/apps"},
    ],
)
def test_a_token_with_a_wrong_claim_is_refused(apple: Apple, claims: dict[str, Any]) -> None:
    assert is_refused(apple, apple.token(**claims))


@pytest.mark.parametrize(
    ("issued_s", "expires_s", "refused"),
    [
        (-60, 600, False),
        (None, 1200, False),
        (0, 1200, False),
        (-60, 1141, True),
        (34, 34 + 1140, False),
        (34, 34 + 1200, True),
        (60, 600, True),
        (-600, 0, True),
    ],
)
def test_a_token_is_good_for_twenty_minutes_from_a_clock_that_is_right(
    apple: Apple, issued_s: int | None, expires_s: int, refused: bool
) -> None:
    now = int(apple.clock.now)
    issued = None if issued_s is None else now + issued_s

    assert is_refused(apple, apple.token(iat=issued, exp=now + expires_s)) is refused


def test_a_token_runs_out_when_the_clock_says_so(apple: Apple) -> None:
    token = apple.token()
    assert not is_refused(apple, token)
    apple.clock.now += 600
    assert is_refused(apple, token)


def test_a_scoped_token_reads_what_it_names_and_writes_nothing(apple: Apple) -> None:
    token = apple.token(scope=["GET /v1/apps?filter[sku]=A&filter[name]=B"])

    assert not is_refused(apple, token, "/v1/apps?filter[name]=B&filter[sku]=A&limit=3")
    assert is_refused(apple, token, "/v1/apps?filter[name]=B")
    assert apple.send("PATCH", "/v1/builds/b231", {}, token=token).status_code == 401


def test_a_signature_in_der_is_refused(apple: Apple) -> None:
    signed, _, signature = apple.token().rpartition(".")
    raw = urlsafe_b64decode(signature + "==")
    halves = (int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    der = urlsafe_b64encode(encode_dss_signature(*halves)).decode().rstrip("=")

    assert is_refused(apple, f"{signed}.{der}")


@pytest.mark.parametrize("token", ["x.y.z", "nonsense"])
def test_what_is_no_token_is_refused(apple: Apple, token: str) -> None:
    assert is_refused(apple, token)


def test_a_key_that_apple_does_not_know_is_refused(apple: Apple) -> None:
    assert is_refused(apple, apple.token(ThrowawayKey.generate()))


def test_another_key_under_a_known_key_id_is_refused(apple: Apple) -> None:
    other = ThrowawayKey.generate().private_key
    claims = jwt.decode(apple.token(), options={"verify_signature": False})
    forged = jwt.encode(claims, other, algorithm="ES256", headers={"kid": apple.key.key_id})

    assert is_refused(apple, forged)


def test_an_individual_key_says_user_and_names_no_issuer() -> None:
    key, clock = ThrowawayKey.generate(issuer_id=None), Clock()
    with Emulator(World(), keys=[key], now=clock) as emulator:
        apple = Apple(emulator, key, clock)
        with apple.session:
            assert not is_refused(apple, apple.token())
            assert is_refused(apple, apple.token(sub=None))
            assert is_refused(apple, apple.token(iss="69a6de70-03db-47e3-e053-5b8c7c11a4d1"))


def test_a_revoked_key_is_refused(play: Play) -> None:
    key = ThrowawayKey.generate()
    known = {"id": key.key_id, "issuer": key.issuer_id, "publicKey": key.public_key}
    apple = play(keys=[known | {"revoked": True}])

    assert is_refused(apple, apple.token(key))


def test_a_developer_reads_but_does_not_write(play: Play) -> None:
    key = ThrowawayKey.generate()
    known = {"id": key.key_id, "issuer": key.issuer_id, "publicKey": key.public_key}
    apple = play(keys=[known | {"role": "DEVELOPER"}])
    token = apple.token(key)

    assert apple.get("/v1/apps", token=token).status_code == 200
    assert errors(apple.send("PATCH", "/v1/builds/b231", {}, token=token)) == [
        (403, "FORBIDDEN_ERROR", "The API key in use does not allow this request")
    ]


def test_a_key_for_other_apps_does_not_see_this_one(play: Play) -> None:
    key = ThrowawayKey.generate()
    known = {"id": key.key_id, "issuer": key.issuer_id, "publicKey": key.public_key}
    apple = play(keys=[known | {"apps": ["1"]}])
    token = apple.token(key)

    assert apple.get("/v1/apps", token=token).json()["data"] == []
    assert apple.get("/v1/apps/6446000001", token=token).status_code == 404
    assert apple.get("/v1/builds/b231", token=token).status_code == 404


def test_a_missing_agreement_forbids_everything(play: Play) -> None:
    apple = play(agreementMissing=True)

    [(status, code, _)] = errors(apple.get("/v1/apps"))
    assert (status, code) == (403, "FORBIDDEN.REQUIRED_AGREEMENTS_MISSING_OR_EXPIRED")


def test_a_throwaway_key_keeps_its_secret_and_its_id() -> None:
    key = ThrowawayKey.generate()

    assert "PRIVATE" not in repr(key)
    assert ThrowawayKey.from_pem(key.private_key) == key


def test_the_rate_limit_counts_down_by_the_hour(play: Play) -> None:
    apple = play(script={"rateLimit": 2})

    left = [apple.get("/v1/apps").headers["X-Rate-Limit"] for _ in range(2)]
    assert left == ["user-hour-lim:2;user-hour-rem:1;", "user-hour-lim:2;user-hour-rem:0;"]
    [(status, code, _)] = errors(apple.get("/v1/apps"))
    assert (status, code) == (429, "RATE_LIMIT_EXCEEDED")
    apple.clock.now += 3600
    assert apple.get("/v1/apps").status_code == 200


def test_every_answer_has_a_date_by_the_clock_and_an_id_of_its_own(apple: Apple) -> None:
    first, second = (apple.get("/v1/apps").headers for _ in range(2))

    assert first["Date"] == "Mon, 21 Sep 2026 14:13:20 GMT"
    assert first["X-Request-ID"] == apple.emulator.requests[0].request_id
    assert first["X-Request-ID"] != second["X-Request-ID"]
