"""Whatever looks like a key is named and never shown, wherever it was typed."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inputs.jobs import A_KEY, ISSUER, WHOLE
from inputs.test_private_key import SHAPES, leaks

from asc_linker.emulator import ThrowawayKey
from asc_linker.errors import InputError
from asc_linker.inputs.private_key import looks_like_key
from asc_linker.inputs.read_job import read_job
from asc_linker.inputs.table import INPUTS

PEM = ThrowawayKey.generate(ISSUER).private_key
INPUT_NAMES = [entry.name for entry in INPUTS]
TARGET_NAMES = [
    *(entry.name for entry in INPUTS if entry.in_targets),
    "api-key-id-env",
    "issuer-id-env",
    "api-private-key-env",
]
SECRETS = [shape(PEM) for shape in SHAPES.values()]


def told(inputs: dict[str, str], environment: dict[str, str] | None = None) -> str:
    """All that is said about `inputs`, right or wrong, but for a key's own value."""
    try:
        job, keys = read_job(inputs, environment)
    except InputError as error:
        return error.message + error.hint
    return repr([(request.label, request.sources, request.skip) for request in job.requests]) + (
        repr(keys)
    )


def shows(text: str, secret: str) -> bool:
    """Whether a piece of the key stands in `text`, as it was pasted or as it is in its file."""
    pasted = re.findall(r"[A-Za-z0-9+/_=-]{40,}", secret)
    pieces = [line[start : start + 12] for line in pasted for start in range(0, len(line) - 12, 4)]
    return leaks(text, PEM) or any(piece in text for piece in pieces)


@pytest.mark.parametrize("name", [name for name in INPUT_NAMES if name != "api-private-key"])
def test_a_key_in_the_place_of_any_other_input_is_not_shown(name: str) -> None:
    for secret in SECRETS:
        assert not shows(told({**WHOLE, name: secret}), secret)


@pytest.mark.parametrize("name", TARGET_NAMES)
def test_a_key_in_a_target_is_not_shown(name: str) -> None:
    for secret in SECRETS:
        first = {"bundle-id": "a", "tag": "v1+1", name: secret}
        targets = json.dumps([first, {"bundle-id": "b", "tag": "v1+1"}])
        assert not shows(told(A_KEY | {"targets": targets}), secret)


@pytest.mark.parametrize("secret", SECRETS, ids=[*SHAPES])
def test_a_key_as_a_name_in_a_target_is_not_shown(secret: str) -> None:
    said = told(A_KEY | {"targets": json.dumps([{secret: "x", "bundle-id": "a"}])})

    assert "no name that a target may hold" in said
    assert not shows(said, secret)


@pytest.mark.parametrize("secret", SECRETS, ids=[*SHAPES])
def test_a_key_among_yaml_that_cannot_be_read_is_not_shown(secret: str) -> None:
    for broken in (f"- {secret}", f"- {{a: {secret}", f"- !{secret}!a b", f"- *{secret}", secret):
        assert not shows(told(A_KEY | {"targets": broken + "\n"}), secret)


def test_the_place_of_a_key_is_named() -> None:
    said = told({**WHOLE, "bundle-id": PEM})

    assert "`bundle-id` is something that looks like a key, and is not shown, but should be" in said


def test_a_package_that_holds_a_key_is_one_fault() -> None:
    with pytest.raises(InputError) as caught:
        read_job({**WHOLE, "package": PEM})

    (fault,) = caught.value.faults
    assert fault.startswith("`package`, something that looks like a key, and is not shown, ")


def test_a_long_path_is_a_path_all_the_same(tmp_path: Path) -> None:
    folder = tmp_path / ("a" * 100)
    folder.mkdir()
    (folder / "targets").write_text("- bundle-id: a\n  tag: v1+1\n", encoding="utf-8")

    job, _ = read_job(A_KEY | {"targets": str(folder / "targets")})

    assert job.requests[0].bundle_id == "a"


@pytest.mark.parametrize(
    "url",
    [
        "https://user:hunter2@proxy.example.com",
        "https://hunter2@proxy.example.com/",
        "https://proxy.example.com?token=hunter2",
        "https://proxy.example.com/#hunter2",
        "user:hunter2@proxy.example.com",
        "http://user:hunter2@127.0.0.1",
        "https://user:hunter2@[::1",
    ],
)
def test_a_password_in_the_apis_address_is_not_shown(url: str) -> None:
    with pytest.raises(InputError) as caught:
        read_job({**WHOLE, "api-url": url})

    (fault,) = caught.value.faults
    assert fault.startswith("`api-url` ")
    assert "hunter2" not in fault


@pytest.mark.parametrize("secret", SECRETS, ids=[*SHAPES])
def test_every_shape_of_a_key_looks_like_one(secret: str) -> None:
    assert looks_like_key(secret)


@pytest.mark.parametrize(
    "text",
    [
        "A" * 81,
        "\n".join(["A" * 64, "B" * 64]),
        "-----BEGIN PRIVATE KEY-----",
        base64.b64encode(b"-----BEGIN PRIVATE KEY-----").decode(),
        "MIGHAgEAMBMGByqGSM49AgEG",
        base64.b64encode(PEM.encode()).decode()[:60],
    ],
)
def test_these_look_like_keys(text: str) -> None:
    assert looks_like_key(text)
    assert looks_like_key(f"before {text} after")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A" * 80,
        "com.example.notes",
        "/home/runner/work/notes/notes/build/Build/Products/Release-iphoneos/Notes.ipa",
        ISSUER,
        "f" * 64,
        ", ".join(["0123456789abcdef"] * 100),
        "A sentence of many words is no key, however long it may be, as it has blanks in it, too.",
    ],
)
def test_these_look_like_no_keys(text: str) -> None:
    assert not looks_like_key(text)


@settings(max_examples=150)
@given(
    st.dictionaries(st.sampled_from(INPUT_NAMES), st.sampled_from(SECRETS), max_size=3),
    st.text("- :{}[]\n'\"&*!|>", max_size=6),
    st.text("- :{}[]\n'\"&*!|>", max_size=6),
)
def test_a_key_with_anything_around_it_is_not_shown(
    places: dict[str, str], before: str, after: str
) -> None:
    said = told(WHOLE | {name: before + secret + after for name, secret in places.items()})

    assert not any(shows(said, secret) for secret in places.values())
