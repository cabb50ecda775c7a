"""HTTP/1.1 on a socket: requests in, replies out, connections that can be reset and closed."""

import logging
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from json import dumps
from socketserver import TCPServer
from threading import Event, Lock, Thread, current_thread
from typing import TYPE_CHECKING, Any

from asc_linker.emulator.problems import Refused, unreadable

if TYPE_CHECKING:
    from ssl import SSLContext

_BODILESS = (204, 304)
_LONGEST_BODY = 16 * 1024 * 1024
_TLS_HANDSHAKE = b"\x16"
_REACHED_AT = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}  # noqa: S104 - as a key

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    target: str
    """Path and query, or the whole URL, as they came."""
    headers: dict[str, str] = field(repr=False)
    """By name in lower case."""
    body: bytes
    started: float
    is_secure: bool


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: list[tuple[str, str]]
    body: bytes | Iterable[bytes]
    """An iterable is sent in chunks."""
    length: int | None = None
    """What Content-Length says, where that is not the truth; more than there is cuts it short."""


class Loopback:
    """Answers each request with what `reply` makes of it; None resets the connection."""

    def __init__(
        self,
        port: int,
        reply: Callable[[Request], Reply | None],
        *,
        host: str = "127.0.0.1",
        tls: "SSLContext | None" = None,
    ) -> None:
        """With `tls`, TLS is spoken to whoever begins with it, also behind a CONNECT."""
        self._server = _Server(host, port, reply, tls)
        self._host = host
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
        address = _REACHED_AT.get(self._host, self._host), self.port
        with suppress(OSError), socket.create_connection(address):
            self._thread.join()
        self._server.close()

    def _serve(self) -> None:
        while not self._closing.is_set():
            self._server.handle_request()


class _Server(ThreadingHTTPServer):
    request_queue_size = 128

    def __init__(
        self,
        host: str,
        port: int,
        reply: Callable[[Request], Reply | None],
        tls: "SSLContext | None",
    ) -> None:
        self.reply = reply
        self.tls = tls
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._open: dict[Thread, socket.socket] = {}
        self._lock = Lock()
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        """Bind without asking for the host's name, which takes seconds on some machines."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        thread = Thread(
            target=self.process_request_thread, args=(request, client_address), daemon=True
        )
        with self._lock:
            self._open[thread] = request
        thread.start()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        super().process_request_thread(request, client_address)
        with self._lock:
            connection = self._open.pop(current_thread())
        connection.close()

    def secure(self, connection: socket.socket) -> socket.socket:
        """TLS on `connection`, whose thread this is."""
        assert self.tls is not None, "nobody asks for TLS where there is none"
        secured = self.tls.wrap_socket(connection, server_side=True)
        with self._lock:
            self._open[current_thread()] = secured
        return secured

    def handle_error(self, *_: Any) -> None:
        """A client that went away is none of our concern; anything else is a fault of ours."""
        if not isinstance(sys.exception(), OSError):
            _log.exception("a request was not answered")

    def close(self) -> None:
        with self._lock:
            waiting = list(self._open.items())
        for _, connection in waiting:
            with suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
        for thread, _ in waiting:
            thread.join()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server
    request: socket.socket
    is_secure = False

    def setup(self) -> None:
        if self.server.tls and self.request.recv(1, socket.MSG_PEEK) == _TLS_HANDSHAKE:
            self.request, self.is_secure = self.server.secure(self.request), True
        super().setup()

    def handle_one_request(self) -> None:
        # A client may drop a connection at any time, also between two requests.
        try:
            super().handle_one_request()
        except OSError:
            self.close_connection = True

    def handle_expect_100(self) -> bool:
        super().handle_expect_100()
        self.wfile.flush()
        return True

    def do_CONNECT(self) -> None:
        """A client that takes us for its proxy: whatever host it asks for, it gets us."""
        if self.server.tls is None or self.is_secure:
            self.send_error(501, "Without TLS the emulator is no proxy for https.")
            return
        self.send_response_only(200)
        self.end_headers()
        self.wfile.flush()
        self.request, self.is_secure = self.server.secure(self.request), True
        super().setup()
        self.close_connection = False

    def _answer(self) -> None:
        started = time.monotonic()
        try:
            request = self._read(started)
        except Refused as refused:
            self.send_error(refused.status, refused.problems[0].detail)
            return
        reply = self.server.reply(request)
        if reply is None:
            self._reset()
            return
        self.send_response_only(reply.status)
        for name, value in reply.headers:
            self.send_header(name, value)
        if isinstance(reply.body, bytes):
            self._send_whole(reply, reply.body)
        else:
            self._send_in_chunks(reply.body)

    def __getattr__(self, name: str) -> Any:
        """`do_GET`, `do_PATCH` and their like, by which http.server calls for an answer."""
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def _read(self, started: float) -> Request:
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self._read_body()
        return Request(self.command, self.path, headers, body, started, self.is_secure)

    def _read_body(self) -> bytes:
        lengths = set(self.headers.get_all("Content-Length") or ["0"])
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return self._read_chunks()
        length = lengths.pop()
        if lengths or not (length.isascii() and length.isdigit()):
            raise unreadable(400, "Content-Length is not a number.")
        return self._read_bytes(length, 10)

    def _read_chunks(self) -> bytes:
        body = b""
        while chunk := self._read_bytes(self._read_line().partition(";")[0], 16):
            body += chunk
            self._read_line()
            if len(body) > _LONGEST_BODY:
                raise unreadable(413, "The body is too long.")
        while self._read_line().strip():
            pass
        return body

    def _read_line(self) -> str:
        return self.rfile.readline(1000).decode("latin-1")

    def _read_bytes(self, length: str, base: int) -> bytes:
        try:
            count = int(length, base)
        except ValueError as error:
            raise unreadable(400, "The length of the body is not a number.") from error
        if not 0 <= count <= _LONGEST_BODY:
            raise unreadable(413, "The body is too long.")
        if len(body := self.rfile.read(count)) < count:
            raise ConnectionError("the client went away in the middle of its request")
        return body

    def _send_whole(self, reply: Reply, body: bytes) -> None:
        if reply.status not in _BODILESS:
            length = len(body) if reply.length is None else reply.length
            self.send_header("Content-Length", str(length))
            self.close_connection = self.close_connection or len(body) < length
        self.end_headers()
        if reply.status not in _BODILESS and self.command != "HEAD":
            self.wfile.write(body)

    def _send_in_chunks(self, chunks: Iterable[bytes]) -> None:
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for chunk in chunks:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def send_error(self, code: int, message: str | None = None, _: str | None = None) -> None:
        """What is no HTTP is refused in Apple's shape as well, and ends the connection."""
        body = dumps(unreadable(code, message or HTTPStatus(code).phrase).document()).encode()
        self.request_version = self.protocol_version
        self.close_connection = True
        self.send_response_only(code)
        self.send_header("Connection", "close")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _reset(self) -> None:
        """Close without a farewell: the client sees a reset, not an end."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()
        self.connection.close()
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """The emulator keeps its own record."""
