"""Whoever may sit at the other end of a socket: it says what a test lets it say, byte by byte."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable

    Speak = Callable[["Peer", socket.socket], None]


class Peer:
    """Listens on a free port of loopback; hands each connection to the next of `turns`.

    The last one speaks to all connections that follow. Each is closed when it has spoken. `heard`
    holds the first lines of the requests that came in full; `is_left_alone` is set once a
    connection has come to its end.
    """

    def __init__(self, *turns: Speak, tls: ssl.SSLContext | None = None) -> None:
        self.heard: list[str] = []
        self.connections = 0
        self.closing = threading.Event()
        self.is_left_alone = threading.Event()
        self._turns = list(turns)
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def url(self) -> str:
        scheme = "http" if self._tls is None else "https"
        return f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"

    def close(self) -> None:
        self.closing.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def take_request(self, connection: socket.socket) -> bytes:
        """Read one request, and note its first line."""
        data = b""
        while b"\r\n\r\n" not in data:
            if not (more := connection.recv(65536)):
                return data
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        for line in head.split(b"\r\n"):
            name, _, value = line.lower().partition(b": ")
            while name == b"content-length" and len(body) < int(value):
                body += connection.recv(65536)
        self.heard.append(head.split(b"\r\n")[0].decode().rpartition(" ")[0])
        return data

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            speak = self._turns[min(self.connections, len(self._turns) - 1)]
            self.connections += 1
            threading.Thread(target=self._speak, args=(connection, speak), daemon=True).start()

    def _speak(self, connection: socket.socket, speak: Speak) -> None:
        with suppress(OSError), connection, self._wrapped(connection) as wrapped:
            speak(self, wrapped)
            # An end, and not a reset, which would take what was said away from the reader.
            wrapped.shutdown(socket.SHUT_WR)
            while wrapped.recv(65536):
                pass
        self.is_left_alone.set()

    def _wrapped(self, connection: socket.socket) -> socket.socket:
        connection.settimeout(20)
        if self._tls is None:
            return connection
        return self._tls.wrap_socket(connection, server_side=True)


def answering(*parts: bytes) -> Speak:
    """Takes a request, and sends these bytes as the answer."""

    def speak(peer: Peer, connection: socket.socket) -> None:
        peer.take_request(connection)
        for part in parts:
            connection.sendall(part)

    return speak


def dripping(start: bytes, drops: Iterable[bytes]) -> Speak:
    """Takes a request, sends `start` at once, and then a drop every hundredth of a second."""

    def speak(peer: Peer, connection: socket.socket) -> None:
        peer.take_request(connection)
        connection.sendall(start)
        for drop in drops:
            connection.sendall(drop)
            if peer.closing.wait(0.01):
                return

    return speak


def silent(peer: Peer, connection: socket.socket) -> None:
    """Takes what comes, and says nothing."""
    peer.closing.wait(20)
