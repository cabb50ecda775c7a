"""An API key is understood in every shape it is pasted in, and nothing else is taken for one."""

from __future__ import annotations

import base64
import datetime
import json
import textwrap
from collections.abc import Callable
from functools import cache

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from asc_linker.emulator import ThrowawayKey
from asc_linker.inputs.private_key import KeyFault, PastedKey, read_private_key, secret_lines

BYTE_ORDER_MARK = "\ufeff"


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def wrapped(text: str) -> str:
    """As the `base64` command prints it."""
    return "\n".join(textwrap.wrap(text, 76)) + "\n"


def body(pem: str) -> str:
    return "".join(line for line in pem.splitlines() if not line.startswith("-"))


def json_key(pem: str, **more: object) -> str:
    return json.dumps({"key_id": "2X9R4HXF34", "issuer_id": "an-issuer", "key": pem} | more)


def sec1(pem: str) -> str:
    return private(
        load_pem_private_key(pem.encode(), None), format_=PrivateFormat.TraditionalOpenSSL
    )


SHAPES: dict[str, Callable[[str], str]] = {
    "the file as it is": str,
    "without its last line end": str.strip,
    "literal \\n": lambda pem: pem.replace("\n", "\\n"),
    "literal \\r\\n": lambda pem: pem.replace("\n", "\\r\\n"),
    "one line, blanks between": lambda pem: pem.replace("\n", " "),
    "one line, nothing between": lambda pem: pem.replace("\n", ""),
    "CRLF": lambda pem: pem.replace("\n", "\r\n"),
    "lone CR": lambda pem: pem.replace("\n", "\r"),
    "indented": lambda pem: textwrap.indent(pem, "      "),
    "blank lines between": lambda pem: pem.replace("\n", "\n\n"),
    "the body alone": body,
    "the body alone, in lines": lambda pem: "\n".join(pem.splitlines()[1:-1]),
    "the body alone, literal \\n": lambda pem: "\\n".join(pem.splitlines()[1:-1]),
    "the body without its padding": lambda pem: body(pem).rstrip("="),
    "base64": b64,
    "base64 in lines": lambda pem: wrapped(b64(pem)),
    "base64 without padding": lambda pem: b64(pem).rstrip("="),
    "base64 of literal \\n": lambda pem: b64(pem.replace("\n", "\\n")),
    "base64 of one line": lambda pem: b64(pem.replace("\n", " ")),
    "base64 of CRLF": lambda pem: b64(pem.replace("\n", "\r\n")),
    "base64 of the body": lambda pem: b64(body(pem)),
    "base64 of the body in lines": lambda pem: b64("\n".join(pem.splitlines()[1:-1])),
    "base64 of base64": lambda pem: b64(b64(pem)),
    "base64 after a byte order mark": lambda pem: b64(BYTE_ORDER_MARK + pem),
    "base64 for URLs": lambda pem: b64(pem).replace("+", "-").replace("/", "_"),
    "the body, for URLs": lambda pem: body(pem).replace("+", "-").replace("/", "_"),
    "a byte order mark": lambda pem: BYTE_ORDER_MARK + pem,
    "in double quotes": lambda pem: f'"{pem}"',
    "in single quotes": lambda pem: f"'{pem.strip()}'",
    "literal \\n in quotes": lambda pem: '"' + pem.replace("\n", "\\n") + '"',
    "blanks around": lambda pem: f"\n  \t{pem}  \n\n",
    "after the parameters OpenSSL writes": lambda pem: (
        "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + pem
    ),
    "as OpenSSL writes EC keys": sec1,
    "fastlane's JSON": json_key,
    "fastlane's JSON, indented": lambda pem: json.dumps(json.loads(json_key(pem)), indent=2),
    "fastlane's JSON, key in base64": lambda pem: json_key(b64(pem), is_key_content_base64=True),
    "fastlane's JSON, key is the body": lambda pem: json_key(body(pem)),
    "fastlane's JSON, real line ends": lambda pem: json_key(pem).replace("\\n", "\n"),
    "fastlane's JSON, after a byte order mark": lambda pem: BYTE_ORDER_MARK + json_key(pem),
    "fastlane's JSON in base64": lambda pem: b64(json_key(pem)),
    "fastlane's JSON in base64, key in base64": lambda pem: b64(json_key(b64(pem))),
}


def test_a_key_in_any_shape_is_the_same_key(key: ThrowawayKey, shape: str) -> None:
    pasted = read_private_key(SHAPES[shape](key.private_key))

    assert public(pasted.key) == key.public_key


def test_every_form_of_a_key_is_masked_however_it_was_pasted(key: ThrowawayKey, shape: str) -> None:
    text = SHAPES[shape](key.private_key)
    masked = secret_lines(text)

    assert hidden(text, masked)
    if shape != "as OpenSSL writes EC keys":
        assert hidden(key.private_key, masked)
        assert hidden(body(key.private_key), masked)
        assert hidden(b64(key.private_key), masked)


def test_masks_hide_nothing_but_the_key(key: ThrowawayKey, shape: str) -> None:
    for line in secret_lines(SHAPES[shape](key.private_key)):
        assert len(line) >= 8
        assert line.strip("{}[]\", '") != ""
        assert line not in ("-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----")
        assert line == line.strip()
        assert "\n" not in line
        assert "\r" not in line


def test_a_word_that_is_no_key_is_masked_all_the_same() -> None:
    assert secret_lines("correct horse\nbattery staple") == ("correct horse", "battery staple")
    assert secret_lines("") == ()
    assert secret_lines("{\n}") == ()


def test_fastlanes_json_key_brings_its_ids(key: ThrowawayKey) -> None:
    pasted = read_private_key(json_key(key.private_key, duration=1200, in_house=False))

    assert (pasted.key_id, pasted.issuer_id) == ("2X9R4HXF34", "an-issuer")


@pytest.mark.parametrize("without", [{"issuer_id": None}, {"issuer_id": ""}, {"issuer_id": 7}])
def test_the_json_of_an_individual_key_has_no_issuer(
    key: ThrowawayKey, without: dict[str, object]
) -> None:
    assert read_private_key(json_key(key.private_key, **without)).issuer_id == ""


def test_a_key_outside_of_json_brings_no_ids(key: ThrowawayKey) -> None:
    pasted = read_private_key(key.private_key)

    assert (pasted.key_id, pasted.issuer_id) == ("", "")


def test_a_key_does_not_show_itself(key: ThrowawayKey) -> None:
    pasted = read_private_key(json_key(key.private_key))

    assert not leaks(repr(pasted) + str(pasted), key.private_key)


def private(
    key: object,
    format_: PrivateFormat = PrivateFormat.PKCS8,
    *,
    password: bytes | None = None,
) -> str:
    assert isinstance(
        key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
    )
    how = NoEncryption() if password is None else BestAvailableEncryption(password)
    return key.private_bytes(Encoding.PEM, format_, how).decode()


def public(key: ec.EllipticCurvePrivateKey) -> str:
    whole = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return whole.decode()


def leaks(said: str, pem: str) -> bool:
    """Whether eight characters in a row of the key's base64 stand in `said`."""
    secret = body(pem)
    return any(secret[n : n + 8] in said for n in range(len(secret) - 7))


def hidden(text: str, masked: tuple[str, ...]) -> bool:
    """Whether nothing that tells of a key is left of `text` once the runner has masked it."""
    for mask in sorted(masked, key=len, reverse=True):
        text = text.replace(mask, "***")
    left = [line.strip() for line in text.splitlines()]
    return all(
        len(line) < 8 or line.startswith(("***", "-----BEGIN ", "-----END ", BYTE_ORDER_MARK))
        for line in left
    )


@cache
def curve_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@cache
def certificate() -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Example")])
    day = datetime.datetime(2027, 1, 1, tzinfo=datetime.UTC)
    builder = x509.CertificateBuilder(name, name, curve_key().public_key(), 1, day, day)
    return builder.sign(curve_key(), hashes.SHA256())


def request() -> str:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Example")])
    signed = x509.CertificateSigningRequestBuilder(name).sign(curve_key(), hashes.SHA256())
    return signed.public_bytes(Encoding.PEM).decode()


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def whole() -> str:
    return private(curve_key())


WRONG: dict[str, tuple[Callable[[], str], str]] = {
    "a public key": (lambda: public(curve_key()), "public key"),
    "the body of a public key": (lambda: body(public(curve_key())), "public key"),
    "base64 of a public key": (lambda: b64(public(curve_key())), "public key"),
    "a certificate": (
        lambda: certificate().public_bytes(Encoding.PEM).decode(),
        "certificate",
    ),
    "the body of a certificate": (
        lambda: body(certificate().public_bytes(Encoding.PEM).decode()),
        "certificate",
    ),
    "a certificate request": (request, "certificate request"),
    "an RSA key": (lambda: private(rsa_key()), "elliptic-curve"),
    "an RSA key as OpenSSL writes it": (
        lambda: private(rsa_key(), PrivateFormat.TraditionalOpenSSL),
        "RSA",
    ),
    "an Ed25519 key": (
        lambda: private(ed25519.Ed25519PrivateKey.generate()),
        "P-256",
    ),
    "a P-384 key": (lambda: private(ec.generate_private_key(ec.SECP384R1())), "secp384r1"),
    "a P-521 key": (lambda: private(ec.generate_private_key(ec.SECP521R1())), "secp521r1"),
    "a key with a password": (lambda: private(curve_key(), password=b"pass"), "encrypted"),
    "a key with a password, as OpenSSL writes it": (
        lambda: private(curve_key(), PrivateFormat.TraditionalOpenSSL, password=b"pass"),
        "encrypted",
    ),
    "an SSH key": (lambda: private(curve_key(), PrivateFormat.OpenSSH), "SSH"),
    "PEM of another kind": (
        lambda: "-----BEGIN PKCS7-----\nMIIB\n-----END PKCS7-----",
        "no private key",
    ),
    "a file cut off": (lambda: whole()[:120], "cut off"),
    "base64 cut off": (lambda: b64(whole())[:120], "cut off"),
    "a body cut off": (lambda: body(whole())[:100], "cut off"),
    "a body cut off between its fences": (
        lambda: f"-----BEGIN PRIVATE KEY-----\n{body(whole())[:80]}\n-----END PRIVATE KEY-----",
        "cut off",
    ),
    "fences alone": (
        lambda: "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----",
        "damaged",
    ),
    "no base64 between the fences": (
        lambda: "-----BEGIN PRIVATE KEY-----\n!!!\n-----END PRIVATE KEY-----",
        "damaged",
    ),
    "a file's name": (lambda: "AuthKey_2X9R4HXF34.p8", "name of a file"),
    "a file's path": (lambda: "./private_keys/AuthKey_2X9R4HXF34.p8", "name of a file"),
    "a shell variable": (lambda: "$ASC_PRIVATE_KEY", "variable"),
    "a shell variable in braces": (lambda: "${ASC_PRIVATE_KEY}", "variable"),
    "an expression nobody evaluated": (lambda: "${{ secrets.ASC_PRIVATE_KEY }}", "variable"),
    "nothing": (lambda: "", "empty"),
    "blanks": (lambda: " \n\t ", "empty"),
    "a pair of quotes": (lambda: '""', "empty"),
    "a web page": (lambda: "<!DOCTYPE html><html><body>Sign in</body></html>", "neither"),
    "a sentence": (lambda: "Please ask the Account Holder!", "neither"),
    "asterisks": (lambda: "***", "neither"),
    "a huge text": (lambda: "A" * 100_000, "too long"),
    "JSON without a key": (lambda: '{"key_id": "2X9R4HXF34"}', "`key`"),
    "JSON whose key is no text": (lambda: '{"key": 7}', "`key`"),
    "broken JSON": (lambda: '{"key": ', "JSON"),
    "JSON too deep to read": (lambda: '{"key":' * 2_800, "JSON"),
    "JSON around a public key": (lambda: json_key(public(curve_key())), "public key"),
    "a key in too many layers": (lambda: b64(b64(b64(b64(b64(whole()))))), "encoded more often"),
}


def test_what_is_no_api_key_is_named_for_what_it_is(thing: str) -> None:
    make, telling = WRONG[thing]
    text = make()

    with pytest.raises(KeyFault) as caught:
        read_private_key(text)

    assert telling in str(caught.value)
    assert caught.value.__cause__ is None
    assert not leaks(str(caught.value), text)


def test_masking_takes_any_text_whatever_it_is(thing: str) -> None:
    make, _ = WRONG[thing]

    assert all(len(line) >= 8 for line in secret_lines(make()))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "shape" in metafunc.fixturenames:
        metafunc.parametrize("shape", SHAPES)
    if "thing" in metafunc.fixturenames:
        metafunc.parametrize("thing", WRONG)


PEM = ThrowawayKey.generate().private_key


@st.composite
def damaged_keys(draw: st.DrawFn) -> str:
    """A key in some shape, with a part taken out, put in, or put in the place of another."""
    text = SHAPES[draw(st.sampled_from([*SHAPES]))](PEM)
    start = draw(st.integers(0, len(text)))
    end = draw(st.integers(start, len(text)))
    other = draw(st.sampled_from([text[:9], "-----BEGIN ", " KEY-----", "\\n", "{", '"', ".p8"]))
    between = draw(st.just("") | st.just(other) | st.text(max_size=20) | st.just(body(PEM)))
    return text[:start] + between + text[end:]


def read(text: str) -> PastedKey | str:
    """The key, or why it is none."""
    try:
        return read_private_key(text)
    except KeyFault as fault:
        return str(fault)


@settings(max_examples=400, deadline=None)
@given(damaged_keys())
def test_no_fault_repeats_any_of_the_key(text: str) -> None:
    found = read(text)

    assert not leaks(str(found), PEM)
    assert body(PEM)[:8].lower() not in str(found).lower()


def test_a_key_in_the_place_of_a_label_is_not_repeated() -> None:
    secret = "MIGHAGEAMBMGBYQGSM49"

    assert secret.lower() not in str(read(f"-----BEGIN {secret}-----a-----END {secret}-----"))


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: b64(raw.decode("latin-1"))))
def test_any_text_is_a_key_or_a_fault(text: str) -> None:
    assert isinstance(read(text), PastedKey | str)
    assert all(len(line) >= 8 for line in secret_lines(text))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200).map(lambda raw: base64.b64encode(raw).decode()))
def test_any_bytes_are_a_key_or_a_fault(text: str) -> None:
    assert isinstance(read(text), PastedKey | str)


def test_bytes_of_the_environment_that_are_no_utf_8_are_a_fault(key: ThrowawayKey) -> None:
    text = b"\xff\xfe".decode("utf-8", "surrogateescape") + key.private_key

    assert isinstance(read(text), PastedKey | str)
    assert secret_lines(text)
