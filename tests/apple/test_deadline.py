"""An answer that never comes to its end is given up when the time of its request is over.

What drips here would go on for twenty seconds, and then be a good answer: a deadline that is not
kept shows as one.
"""

from __future__ import annotations

import gzip
import json
import threading
from http.client import HTTPConnection
from typing import TYPE_CHECKING

import pytest
from apple.looks import Looks
from apple.peers import Peer, answering, dripping, silent

from asc_linker.apple.model import BuildId, VersionId
from asc_linker.apple.watchdog import Watch, by_deadline
from asc_linker.clock import SystemClock
from asc_linker.errors import AppStoreConnectError, MaybeApplied

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from apple.conftest import Observed
    from apple.peers import Speak

    from asc_linker.apple.client import AppStoreConnect

VERSION = VersionId("v142")
BUILD = BuildId("b231")
LINK = "/v1/appStoreVersions/v142/relationships/build"
ATTACHED = json.dumps({"data": {"type": "builds", "id": BUILD}}).encode()
OK = b"HTTP/1.1 200 OK\r\n"
GOOD = OK + b"Content-Length: %d\r\n\r\n" % len(ATTACHED) + ATTACHED
SOME = 2000


def bytes_of(text: bytes) -> list[bytes]:
    return [bytes([each]) for each in text]


def compressed() -> list[bytes]:
    whole = gzip.compress(b" " * 2**20 + ATTACHED, compresslevel=0)
    return [whole[start : start + 600] for start in range(0, len(whole), 600)]


DRIPS: dict[str, Speak] = {
    "the status line": dripping(b"HTTP/1.1 200 ", [b"o"] * SOME + [b"\r\n" + GOOD[len(OK) :]]),
    "one header": dripping(OK + b"X-Long: ", [b"o"] * SOME + [b"\r\n" + GOOD[len(OK) :]]),
    "the body": dripping(
        OK + b"Content-Length: %d\r\n\r\n" % (SOME + len(ATTACHED)), [b" "] * SOME + [ATTACHED]
    ),
    "a body without a length": dripping(OK + b"\r\n", [b" "] * SOME + [ATTACHED]),
    "a chunk's size": dripping(
        OK + b"Transfer-Encoding: chunked\r\n\r\n",
        [b"0"] * SOME + [b"%x\r\n%s\r\n0\r\n\r\n" % (len(ATTACHED), ATTACHED)],
    ),
    "many chunks": dripping(
        OK + b"Transfer-Encoding: chunked\r\n\r\n",
        [b"1\r\n \r\n"] * SOME + [b"%x\r\n%s\r\n0\r\n\r\n" % (len(ATTACHED), ATTACHED)],
    ),
    "what is compressed": dripping(
        OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(b"".join(compressed())),
        compressed(),
    ),
    "100 Continue": dripping(b"", [b"HTTP/1.1 100 Continue\r\n\r\n"] * SOME + [GOOD]),
    "102 Processing": dripping(b"", [b"HTTP/1.1 102 Processing\r\n\r\n"] * SOME + [GOOD]),
    "the headers of 100 Continue": dripping(
        b"", [b"HTTP/1.1 100 C\r\n", b"A: b\r\n", b"\r\n"] * SOME + [GOOD]
    ),
    "nothing": silent,
}


@pytest.fixture
def hasty(connect: Callable[..., AppStoreConnect]) -> Callable[[str], AppStoreConnect]:
    """Makes a client that gives up after 0.3 s for all attempts, not between two bytes."""
    return lambda url: connect(url, longest_s=0.3, clock=SystemClock())


@pytest.mark.parametrize("speak", DRIPS.values(), ids=DRIPS)
def test_a_read_ends_however_slowly_the_answer_comes(
    hasty: Callable[[str], AppStoreConnect], speak: Speak
) -> None:
    with Peer(speak) as peer, pytest.raises(AppStoreConnectError, match="did not answer in time"):
        hasty(peer.url).attached_build(VERSION)

    assert peer.connections == 1


WITHOUT_STATUS = [name for name in DRIPS if name not in ("the body", "what is compressed")]
WITHOUT_STATUS = [
    each for each in WITHOUT_STATUS if not each.endswith(("length", "size", "chunks"))
]


@pytest.mark.parametrize("name", WITHOUT_STATUS)
def test_a_write_ends_however_slowly_the_answer_comes_and_is_asked_after(
    hasty: Callable[[str], AppStoreConnect], name: str
) -> None:
    looks = Looks(True)
    with Peer(DRIPS[name]) as peer:
        hasty(peer.url).attach_build(VERSION, BUILD, is_applied=looks)

    assert (peer.connections, looks.asked) == (1, 1)


@pytest.mark.parametrize("name", sorted(set(DRIPS) - set(WITHOUT_STATUS)))
def test_a_write_that_was_promised_is_done_however_slowly_the_rest_comes(
    hasty: Callable[[str], AppStoreConnect], name: str
) -> None:
    looks = Looks()
    with Peer(DRIPS[name]) as peer:
        hasty(peer.url).attach_build(VERSION, BUILD, is_applied=looks)

    assert (peer.connections, looks.asked) == (1, 0)


def test_a_write_that_is_late_and_that_nobody_can_tell_about_is_unknown(
    hasty: Callable[[str], AppStoreConnect],
) -> None:
    with Peer(silent) as peer:
        apple = hasty(peer.url)

        with pytest.raises(MaybeApplied, match="did not answer in time"):
            apple.attach_build(
                VERSION, BUILD, is_applied=lambda: apple.attached_build(VERSION) == BUILD
            )


def test_the_time_is_for_all_attempts_together(
    hasty: Callable[[str], AppStoreConnect], observed: Observed
) -> None:
    unfinished = dripping(b"HTTP/1.1 200 ", [b"o"] * SOME)
    soon = b"HTTP/1.1 503 Down\r\nContent-Length: 0\r\nRetry-After: 0\r\n\r\n"
    with Peer(answering(soon), unfinished) as peer:
        apple = hasty(peer.url)

        with pytest.raises(AppStoreConnectError, match="503"):
            apple.attached_build(VERSION)

    assert peer.connections == 1


def test_tls_that_falls_silent_in_its_handshake_is_given_up(
    hasty: Callable[[str], AppStoreConnect],
) -> None:
    with Peer(silent) as peer, pytest.raises(AppStoreConnectError, match="did not answer in time"):
        hasty(peer.url.replace("http:", "https:")).attached_build(VERSION)


def test_a_tls_handshake_that_drips_is_given_up(hasty: Callable[[str], AppStoreConnect]) -> None:
    record = b"\x16\x03\x03\x3f\xff\x02\x00\x3f\xfb"

    def speak(peer: Peer, connection: socket.socket) -> None:
        for drop in bytes_of(record + b"o" * SOME):
            connection.sendall(drop)
            if peer.closing.wait(0.01):
                return

    with Peer(speak) as peer, pytest.raises(AppStoreConnectError, match="did not answer in time"):
        hasty(peer.url.replace("http:", "https:")).attached_build(VERSION)


def test_a_proxy_that_drips_is_given_up(
    hasty: Callable[[str], AppStoreConnect], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Peer(dripping(b"HTTP/1.1 200 ", [b"o"] * SOME)) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", "")

        with pytest.raises(AppStoreConnectError, match="did not answer in time"):
            hasty("https://asc.example").attached_build(VERSION)

        # It was not just left to drip on.
        assert proxy.is_left_alone.wait(10)

    assert proxy.heard == ["CONNECT asc.example:443"]


def test_a_write_that_never_got_through_is_asked_after_by_nobody(
    hasty: Callable[[str], AppStoreConnect],
) -> None:
    looks = Looks()
    with Peer(silent) as peer:
        apple = hasty(peer.url.replace("http:", "https:"))
        with pytest.raises(AppStoreConnectError) as caught:
            apple.attach_build(VERSION, BUILD, is_applied=looks)

    assert not isinstance(caught.value, MaybeApplied)
    assert looks.asked == 0


def test_a_connection_is_kept_alive_for_the_next_request(
    connect: Callable[..., AppStoreConnect],
) -> None:
    def speak(peer: Peer, connection: socket.socket) -> None:
        while peer.take_request(connection):
            connection.sendall(GOOD)

    with Peer(speak) as peer:
        apple = connect(peer.url)
        for _ in range(3):
            apple.attached_build(VERSION)

    assert (peer.connections, len(peer.heard)) == (1, 3)


# ------------------------------------------------------------------- while nothing can be shut


def test_an_exchange_that_nothing_wakes_is_left_behind() -> None:
    woken = threading.Event()
    watch = Watch()

    with pytest.raises(TimeoutError):
        by_deadline(woken.wait, watch, 0.05)

    woken.set()
    assert watch.is_over


def test_what_was_left_behind_sends_nothing_more() -> None:
    watch, connection = Watch(), HTTPConnection("asc.invalid")
    watch.end()

    with pytest.raises(TimeoutError):
        watch.connecting(connection)
    with pytest.raises(TimeoutError):
        watch.sending(connection)
    assert not watch.is_sent


def test_an_exchange_in_time_gives_what_it_returns_or_raises() -> None:
    watch = Watch()

    assert by_deadline(lambda: 7, watch, 5) == 7
    with pytest.raises(ZeroDivisionError):
        by_deadline(lambda: 1 // 0, watch, 5)
    assert not watch.is_over


# --------------------------------------------------------------------------------- the head


@pytest.mark.parametrize(
    "before",
    [
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 102 Processing\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n",
        b"HTTP/1.1 102 Processing\r\nConnection: close\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n",
    ],
    ids=["100", "102", "103", "102 and 103"],
)
def test_interim_answers_are_read_over(
    connect: Callable[..., AppStoreConnect], before: bytes
) -> None:
    with Peer(answering(before + GOOD)) as peer:
        assert connect(peer.url).attached_build(VERSION) == BUILD

    assert peer.connections == 1


CUT_HEADS = {
    "in the status line": b"HTTP/1.1 20",
    "after the status line": OK,
    "in a header": OK + b"Content-Le",
    "after a header": OK + b"Content-Length: 0\r\n",
    "after an interim answer": b"HTTP/1.1 102 Processing\r\n\r\n",
    "in an interim answer": b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n",
}


@pytest.mark.parametrize("head", CUT_HEADS.values(), ids=CUT_HEADS)
def test_a_head_that_is_cut_off_is_no_promise(
    connect: Callable[..., AppStoreConnect], head: bytes
) -> None:
    looks = Looks(True)
    with Peer(answering(head)) as peer:
        connect(peer.url).attach_build(VERSION, BUILD, is_applied=looks)

    assert (peer.heard, looks.asked) == ([f"PATCH {LINK}"], 1)


@pytest.mark.parametrize("head", CUT_HEADS.values(), ids=CUT_HEADS)
def test_a_read_whose_head_is_cut_off_is_asked_again(
    connect: Callable[..., AppStoreConnect], head: bytes
) -> None:
    with Peer(answering(head), answering(GOOD)) as peer:
        assert connect(peer.url).attached_build(VERSION) == BUILD

    assert peer.connections == 2


def test_a_head_that_is_whole_is_a_promise_even_without_a_body(
    connect: Callable[..., AppStoreConnect],
) -> None:
    with Peer(answering(OK + b"Content-Length: 99\r\n\r\n")) as peer:
        connect(peer.url).attach_build(VERSION, BUILD, is_applied=lambda: False)

    assert peer.heard == [f"PATCH {LINK}"]
