"""A server that says what a test told it to, once each, and 501 to everything else.

server.on("GET /v1/apps", 200, {"data": []})
server.on("GET /v1/apps", 503, headers={"Retry-After": "5"})
assert server.lines == ["GET /v1/apps"]
"""

from __future__ import annotations

import json
import socket
import struct
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Arrived:
    """One request, as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def token(self) -> str:
        return self.headers.get("authorization", "").removeprefix("Bearer ")


@dataclass(slots=True)
class _Scripted:
    line: str
    status: int
    body: bytes | Iterable[bytes]
    headers: list[tuple[str, str]]
    length: int | None
    times: int | None
    reset: bool
    stall: bool


@dataclass(slots=True)
class ScriptedServer:
    """Listens on a free port of loopback from construction until `close`."""

    tls: ssl.SSLContext | None = None
    arrived: list[Arrived] = field(default_factory=list)
    _script: list[_Scripted] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)
    _closing: Event = field(default_factory=Event)
    _http: ThreadingHTTPServer = field(init=False)
    _thread: Thread = field(init=False)

    def __post_init__(self) -> None:
        handler = type("Handler", (_Handler,), {"server_script": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._http.daemon_threads = True
        if self.tls is not None:
            self._http.socket = self.tls.wrap_socket(self._http.socket, server_side=True)
        self._http.handle_error = lambda *_: None  # type: ignore[method-assign]
        self._thread = Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    @property
    def lines(self) -> list[str]:
        """What arrived, in order: `GET /v1/apps`."""
        return [f"{each.method} {each.path}" for each in self.arrived]

    def on(
        self,
        line: str,
        status: int = 200,
        body: Any = None,
        *,
        headers: dict[str, str] | list[tuple[str, str]] | None = None,
        length: int | None = None,
        times: int | None = 1,
        reset: bool = False,
        stall: bool = False,
    ) -> None:
        """Answer the next request like `line`; `times=None` answers every one.

        Text, bytes and iterators of bytes are sent as they are (an iterator in chunks), anything
        else as JSON. `length` is announced in place of the true one; `reset` drops the connection
        once the request is read, `stall` keeps silent.
        """
        if body is None:
            sent: Any = b""
        elif isinstance(body, dict | list):
            sent = json.dumps(body).encode()
        else:
            sent = body.encode() if isinstance(body, str) else body
        pairs = list(headers.items()) if isinstance(headers, dict) else headers or []
        with self._lock:
            self._script.append(_Scripted(line, status, sent, pairs, length, times, reset, stall))

    def close(self) -> None:
        self._closing.set()
        self._http.shutdown()
        self._http.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def take(self, arrived: Arrived) -> _Scripted:
        with self._lock:
            self.arrived.append(arrived)
            line = f"{arrived.method} {arrived.path}"
            for scripted in self._script:
                if scripted.line == line and scripted.times != 0:
                    if scripted.times is not None:
                        scripted.times -= 1
                    return scripted
        said = f"nobody scripted {line}".encode()
        return _Scripted(line, 501, said, [], None, 1, reset=False, stall=False)

    def wait_for_the_end(self) -> None:
        self._closing.wait(10)


class _Handler(BaseHTTPRequestHandler):
    """Answers whatever the method; http.server looks for `do_GET` and its like."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server_script: ScriptedServer

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        scripted = self.server_script.take(Arrived(self.command, self.path, headers, body))
        if scripted.stall:
            self.server_script.wait_for_the_end()
        if scripted.reset or scripted.stall:
            self._reset()
            return
        self.send_response_only(scripted.status)
        for name, value in scripted.headers:
            self.send_header(name, value)
        if isinstance(scripted.body, bytes):
            self._send_whole(scripted.body, scripted.length)
        else:
            self._send_in_chunks(scripted.body)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def _send_whole(self, body: bytes, length: int | None) -> None:
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = self.close_connection or length is not None

    def _send_in_chunks(self, chunks: Iterable[bytes]) -> None:
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for chunk in chunks:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        self.wfile.write(b"0\r\n\r\n")

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()
        self.connection.close()
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """The server keeps its own record."""
