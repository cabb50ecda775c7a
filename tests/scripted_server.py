"""A server that says what a test told it to, once each, and 501 to everything else.

server.on("GET /v1/apps", 200, {"data": []})
server.on("GET /v1/apps", 503, headers={"Retry-After": "5"})
assert server.lines == ["GET /v1/apps"]
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl, urlsplit

from asc_linker.emulator.loopback import Loopback, Reply, Request

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
    _loopback: Loopback = field(init=False)

    def __post_init__(self) -> None:
        self._loopback = Loopback(0, self._reply, tls=self.tls)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._loopback.port}"

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
        self._loopback.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _reply(self, request: Request) -> Reply | None:
        scripted = self._take(
            Arrived(request.method, request.target, request.headers, request.body)
        )
        if scripted.stall:
            self._closing.wait(10)
        if scripted.reset or scripted.stall:
            return None
        return Reply(scripted.status, scripted.headers, scripted.body, scripted.length)

    def _take(self, arrived: Arrived) -> _Scripted:
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
