"""HTTP/1.1 on 127.0.0.1: requests in, replies out, connections that can be reset and closed."""

import logging
import socket
import struct
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from threading import Event, Lock, Thread
from typing import Any

_BODILESS = (204, 304)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    target: str
    """Path and query, as they came."""
    authorization: str | None = field(repr=False)
    body: bytes
    started: float


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: list[tuple[str, str]]
    body: bytes
    length: int
    """What Content-Length says; more than `body` has is an answer cut short."""


class Loopback:
    """Answers each request with what `reply` makes of it; None resets the connection."""

    def __init__(self, port: int, reply: Callable[[Request], Reply | None]) -> None:
        self._server = _Server(port, reply)
        self._closing = Event()
        self._thread = Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def close(self) -> None:
        if self._closing.is_set():
            return
        self._closing.set()
        # Accepting blocks without a time-out, so that an idle emulator costs nothing: wake it.
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
            self._thread.join()
        self._server.close()

    def _serve(self) -> None:
        while not self._closing.is_set():
            self._server.handle_request()


class _Server(ThreadingHTTPServer):
    request_queue_size = 128

    def __init__(self, port: int, reply: Callable[[Request], Reply | None]) -> None:
        self.reply = reply
        self._open: dict[socket.socket, Thread] = {}
        self._lock = Lock()
        super().__init__(("127.0.0.1", port), _Handler)

    def server_bind(self) -> None:
        """Bind without asking for the host's name, which takes seconds on some machines."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        thread = Thread(
            target=self.process_request_thread, args=(request, client_address), daemon=True
        )
        with self._lock:
            self._open[request] = thread
        thread.start()

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        with self._lock:
            self._open.pop(request, None)

    def handle_error(self, *_: Any) -> None:
        """A client that went away is none of our concern; anything else is a fault of ours."""
        if not isinstance(sys.exception(), OSError):
            _log.exception("a request was not answered")

    def close(self) -> None:
        with self._lock:
            waiting = list(self._open.items())
        for connection, _ in waiting:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for _, thread in waiting:
            thread.join()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def handle_one_request(self) -> None:
        # A client may drop a connection at any time, also between two requests.
        try:
            super().handle_one_request()
        except OSError:
            self.close_connection = True

    def _answer(self) -> None:
        started = time.monotonic()
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        authorization = self.headers.get("Authorization")
        request = Request(self.command, self.path, authorization, body, started)
        reply = self.server.reply(request)
        if reply is None:
            self._reset()
            return
        self.send_response_only(reply.status)
        for name, value in reply.headers:
            self.send_header(name, value)
        if reply.status not in _BODILESS:
            self.send_header("Content-Length", str(reply.length))
        self.end_headers()
        if reply.status not in _BODILESS:
            self.wfile.write(reply.body)
        self.close_connection = self.close_connection or len(reply.body) < reply.length

    def __getattr__(self, name: str) -> Any:
        """`do_GET`, `do_PATCH` and their like, by which http.server calls for an answer."""
        if name in ("do_GET", "do_POST", "do_PATCH", "do_PUT", "do_DELETE"):
            return self._answer
        raise AttributeError(name)

    def _reset(self) -> None:
        """Close without a farewell: the client sees a reset, not an end."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()
        self.connection.close()
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """The emulator keeps its own record."""
