"""A deadline for one exchange, kept by shutting its socket from outside.

A socket's own time-out begins anew with every byte, so an answer that drips would never end. The
exchange runs in a thread of its own; the thread that waits for it shuts the socket when the time is
over, and goes on without it where even that does not wake it: while a name server is silent.
"""

from __future__ import annotations

import http.client
import io
import socket
import threading
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

# How long an exchange whose socket was shut may take to notice.
_NOTICED_S = 1.0

_Result = TypeVar("_Result")


class Watch:
    """One exchange, as far as its connection got.

    `is_sent`: the request, or a part of it, may have reached the other side. `is_over`: the time is
    up, and nothing more is sent.
    """

    def __init__(self) -> None:
        self.is_sent = False
        self.is_over = False
        self._connection: http.client.HTTPConnection | None = None
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()

    def connecting(self, connection: http.client.HTTPConnection) -> None:
        """Before `connection` connects. Raises TimeoutError: the time is over."""
        with self._lock:
            if self.is_over:
                raise TimeoutError
            self._connection = connection

    def sending(self, connection: http.client.HTTPConnection) -> None:
        """Before the request is sent over `connection`. Raises TimeoutError: the time is over."""
        with self._lock:
            if self.is_over:
                raise TimeoutError
            # Kept: a connection that the answer closes forgets it, while the answer reads on.
            self._socket = connection.sock
            self.is_sent = True

    def end(self) -> None:
        """Shut the socket: whoever reads from it meets its end, and nothing more is sent."""
        with self._lock:
            self.is_over = True
            sock = self._socket
            if sock is None and self._connection is not None:
                sock = self._connection.sock
        if sock is not None:
            # TLS inside TLS is no socket, but holds one.
            plain = getattr(sock, "socket", sock)
            # Closed already, or in the middle of a TLS handshake, which has a time-out as a whole.
            with suppress(OSError):
                # Not SSLSocket's own: that takes TLS away from the thread that is reading.
                socket.socket.shutdown(plain, socket.SHUT_RDWR)


def by_deadline(exchange: Callable[[], _Result], watch: Watch, seconds: float) -> _Result:
    """What `exchange` returns or raises, if it does so within `seconds`.

    Raises TimeoutError: it did not, and does not even notice that its socket was shut.
    """
    result: Future[_Result] = Future()

    def run() -> None:
        try:
            result.set_result(exchange())
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            result.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    try:
        return result.result(seconds)
    except TimeoutError:
        watch.end()
        return result.result(_NOTICED_S)
    except BaseException:
        # A signal, while the exchange goes on; else it is the exchange's own.
        if not result.done():
            watch.end()
        raise


class Watched(Protocol):
    """Who holds the watch of the exchange that is going on."""

    watch: Watch


class _HeadReader(io.BufferedReader):
    """Remembers whether the last line that was asked for was missing."""

    is_at_end = False

    def readline(self, size: int | None = -1, /) -> bytes:
        line = super().readline(size)
        self.is_at_end = not line
        return line


class WholeHead(http.client.HTTPResponse):
    """An answer whose head came to its end.

    http.client takes the end of the stream for the end of the headers, and reads over 100 alone of
    the interim answers.
    """

    fp: io.BufferedReader

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._head = self.fp = _HeadReader(self.fp.detach())

    def begin(self, *args: Any, **options: Any) -> None:
        super().begin(*args, **options)
        while 100 <= self.status < 200 and self.status != http.HTTPStatus.SWITCHING_PROTOCOLS:
            # Without headers it begins once more.
            self.headers = self.msg = None  # type: ignore[assignment]
            super().begin(*args, **options)
        if self._head.is_at_end:
            raise http.client.IncompleteRead(b"")


class WatchedConnection(http.client.HTTPConnection):
    """Lets the watch of its exchange see the socket. To be mixed into a connection class."""

    watched: Watched
    response_class = WholeHead

    def connect(self) -> None:
        self.watched.watch.connecting(self)
        super().connect()

    def request(self, *args: Any, **options: Any) -> None:
        if self.sock is None:
            self.connect()
        self.watched.watch.sending(self)
        super().request(*args, **options)
