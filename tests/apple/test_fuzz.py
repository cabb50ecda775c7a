"""Whatever comes over the wire: an answer, or one of our errors with the exit code that fits."""

from __future__ import annotations

import gzip
import json
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from apple.peers import Peer
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from asc_linker.apple.json_api import Document, Resource
from asc_linker.apple.model import (
    App,
    AppId,
    AppStoreVersion,
    Build,
    BuildId,
    BuildUpload,
    Platform,
    VersionId,
)
from asc_linker.apple.retry import clock_fault, epoch, retry_after_s
from asc_linker.errors import AscLinkerError, UnexpectedAnswer

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

    from asc_linker.apple.client import AppStoreConnect

GOOD = json.dumps({"data": {"type": "builds", "id": "b231"}}).encode()
CALLS: dict[str, Callable[[AppStoreConnect], object]] = {
    "GET": lambda apple: apple.attached_build(VersionId("v")),
    "a list": lambda apple: apple.builds([AppId("1")], numbers=["231"]),
    "PATCH": lambda apple: apple.attach_build(
        VersionId("v"), BuildId("b"), is_applied=lambda: True
    ),
    "POST": lambda apple: apple.create_version(
        AppId("1"), Platform.IOS, "1.4", BuildId("b"), is_applied=lambda: False
    ),
}


class Said:
    """What the peer says to every request, until something else is to be said."""

    def __init__(self) -> None:
        self.answer = b""

    def __call__(self, peer: Peer, connection: socket.socket) -> None:
        peer.take_request(connection)
        connection.sendall(self.answer)


@pytest.fixture
def said() -> Said:
    return Said()


@pytest.fixture
def apple(connect: Callable[..., AppStoreConnect], said: Said) -> Iterator[AppStoreConnect]:
    with Peer(said) as peer:
        yield connect(peer.url)


def ends_well(call: str, apple: AppStoreConnect) -> None:
    ended = None
    try:
        CALLS[call](apple)
    except AscLinkerError as error:
        ended = error
    assert ended is None or ended.exit_code in (3, 4, 5, 7)
    assert ended is None or (ended.message + ended.hint).encode()


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=12)
NUMBERS = st.sampled_from(["0", "-1", "5", "99", "0x10", "9" * 30, "9" * 5000, "", "٣", "+7"])
STATUS = st.one_of(
    st.integers(0, 1100).map(lambda status: f"HTTP/1.1 {status} Reason"),
    st.sampled_from(
        ["HTTP/1.0 200 OK", "HTTP/2 200", "HTTP/1.1 200", "HTTP/1.1", "ICY 200 OK", ""]
    ),
    TEXT,
)
HEADER = st.one_of(
    st.tuples(st.sampled_from(["Content-Length", "Retry-After", "X-Rate-Limit"]), NUMBERS),
    st.tuples(
        st.just("Transfer-Encoding"),
        st.sampled_from(["chunked", "Chunked", "gzip", "chunked, gzip"]),
    ),
    st.tuples(
        st.just("Content-Encoding"), st.sampled_from(["gzip", "deflate", "br", "gzip, gzip", "zip"])
    ),
    st.tuples(st.sampled_from(["Date", "Retry-After"]), TEXT),
    st.tuples(st.just("Set-Cookie"), TEXT),
    st.tuples(st.just("Location"), TEXT),
    st.tuples(TEXT, TEXT),
).map(": ".join)
BODY = st.one_of(
    st.sampled_from(
        [
            GOOD,
            gzip.compress(GOOD),
            gzip.compress(GOOD)[:-9],
            b"%x\r\n%s\r\n0\r\n\r\n" % (len(GOOD), GOOD),
            b"-5\r\n" + GOOD,
            b"-0\r\n\r\n",
            b"ffffffffffffffffffff\r\n" + GOOD,
            b"5;x=y\r\n" + GOOD,
            b"\r\n\r\n",
            b'{"data": {"type": "builds", "id": "\\ud800"}}',
            b'{"data": ' + b"9" * 5000 + b"}",
            b'{"data": 1e999}',
            b'{"errors": [{"code": 7, "title": "\\udfff"}]}',
            b"[" * 3000,
        ]
    ),
    st.binary(max_size=40),
)


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    head = [draw(STATUS), *draw(st.lists(HEADER, max_size=4))]
    end = draw(st.sampled_from(["\r\n\r\n", "\n\n", "\r\n", ""]))
    return "\r\n".join(head).encode() + end.encode() + draw(BODY)


@pytest.mark.parametrize("call", CALLS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answer=answers())
@example(answer=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nabc")
@example(answer=b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
@example(answer=b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n")
@example(answer=b"HTTP/1.1 200 OK\r\nA: " + b"b" * 70_000 + b"\r\n\r\n")
@example(answer=b"HTTP/1.1 " + b"2" * 70_000)
@example(answer=b"\x16\x03\x01\x00\xff")
@example(answer=b"HTTP/1.1 302 Found\r\nLocation: http://[\r\n\r\n")
@example(answer=b"HTTP/1.1 429 No\r\nRetry-After: Mon, 99 Jan 99999 99:99:99 GMT\r\n\r\n")
@example(answer=b"HTTP/1.1 401 No\r\nDate: Mon, 01 Jan 0001 00:00:00 +9999\r\n\r\n")
def test_bytes_of_any_kind_end_in_an_answer_or_an_error_of_ours(
    apple: AppStoreConnect, said: Said, call: str, answer: bytes
) -> None:
    said.answer = answer

    ends_well(call, apple)


WORDS = st.sampled_from(
    [
        "data",
        "included",
        "links",
        "next",
        "type",
        "id",
        "attributes",
        "relationships",
        "build",
        "version",
        "state",
        "errors",
        "uploadedDate",
        "builds",
        "IOS",
        "VALID",
        "/v1/builds?cursor=2",
        "http://[",
        "\ud800",
    ]
)
DOCUMENT = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS | st.floats(allow_nan=True),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=5),
    max_leaves=15,
)


@pytest.mark.parametrize("call", CALLS)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(document=DOCUMENT, status=st.sampled_from([200, 201, 400, 404, 409, 422, 503]))
def test_json_of_any_shape_ends_in_an_answer_or_an_error_of_ours(
    apple: AppStoreConnect, said: Said, call: str, document: object, status: int
) -> None:
    body = json.dumps(document).encode()
    said.answer = b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)

    ends_well(call, apple)


DATES = st.one_of(
    st.datetimes().map(str),
    st.builds(
        "{:04}-{:02}-{:02}T{:02}:{:02}:00{}".format,
        st.sampled_from([0, 1, 2, 1970, 2026, 9998, 9999]),
        st.sampled_from([1, 12, 13]),
        st.sampled_from([1, 31, 32]),
        st.sampled_from([0, 23, 24]),
        st.sampled_from([0, 59]),
        st.sampled_from(["", "Z", "+14:00", "-23:59", "+99:99"]),
    ),
    TEXT,
)
VALUES = st.none() | st.booleans() | st.integers() | WORDS | DATES | st.lists(WORDS, max_size=2)
NAMES = st.sampled_from(
    [
        "version",
        "versionString",
        "platform",
        "processingState",
        "appVersionState",
        "appStoreState",
        "uploadedDate",
        "createdDate",
        "expirationDate",
        "expired",
        "bundleId",
        "name",
        "buildAudienceType",
        "usesNonExemptEncryption",
        "cfBundleVersion",
        "state",
    ]
)


@given(
    attributes=st.dictionaries(
        NAMES, VALUES | st.fixed_dictionaries({"state": VALUES, "errors": DOCUMENT}), max_size=16
    )
)
@example(
    attributes={
        "version": "1",
        "processingState": "VALID",
        "uploadedDate": "9999-12-31T23:59:59-07:00",
        "expirationDate": "0001-01-01T00:00:00+14:00",
    }
)
def test_a_resource_of_any_kind_is_read_or_is_unexpected(attributes: dict[str, object]) -> None:
    ref = {"type": "preReleaseVersions", "id": "t"}
    raw = {"type": "builds", "id": "1", "relationships": {"preReleaseVersion": {"data": ref}}}
    train = ref | {"attributes": {"version": "1.4", "platform": "IOS"}}
    document = Document({"data": raw | {"attributes": attributes}, "included": [train]})
    resource: Resource = document.data[0]

    for read in (
        lambda: App.from_resource(resource),
        lambda: AppStoreVersion.from_resource(resource, document),
        lambda: Build.from_resource(resource, document),
        lambda: BuildUpload.from_resource(resource),
    ):
        with suppress(UnexpectedAnswer):
            str(read()).encode()


@given(header=DATES | TEXT | NUMBERS, date=DATES | TEXT)
@example(header="Mon, 01 Jan 0001 00:00:00 +2359", date="")
@example(header="Fri, 31 Dec 9999 23:59:59 -2359", date="Fri, 31 Dec 9999 23:59:59 -2359")
def test_no_date_in_a_header_is_a_crash(header: str, date: str) -> None:
    assert retry_after_s(header, date, now=1_000_000.0) >= 0
    assert isinstance(clock_fault(header, now=1_000_000.0), str)
    assert epoch(date) is None or isinstance(epoch(date), float)
