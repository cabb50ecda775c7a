"""The emulator on a socket: tokens, rate limits, faults, and a record of what arrived."""

import json
import logging
import re
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from email.utils import formatdate
from pathlib import Path
from threading import Event, Lock
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

from asc_linker.emulator import problems
from asc_linker.emulator.app_store_connect import answer
from asc_linker.emulator.call import Answer
from asc_linker.emulator.codec import parse
from asc_linker.emulator.control import PREFIX, control
from asc_linker.emulator.faults import Fault, Faults
from asc_linker.emulator.keys import Gate, ThrowawayKey
from asc_linker.emulator.loopback import Loopback, Reply, Request
from asc_linker.emulator.problems import Refused
from asc_linker.emulator.resources import View
from asc_linker.emulator.world import Key, World

if TYPE_CHECKING:
    from ssl import SSLContext

_HOUR_S, _MINUTE_S = 3600, 60
_HARMLESS = Fault(match="* /")
_HOST = re.compile(r"[A-Za-z0-9._-]+(:\d+)?|\[[0-9A-Fa-f:.]+\](:\d+)?")
_URL = re.compile(r"https?://(?P<host>[^/?#]*)", re.IGNORECASE)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Received:
    """A request that arrived, and what became of it; never its token."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    """Parsed JSON, or None when there was none."""
    authorization_ok: bool
    request_id: str
    started: float
    """`time.monotonic()` when it was read; `ended` is when the answer went out."""
    ended: float
    status: int = 0
    """0 until there is an answer, and when there never was one."""


class Emulator:
    """App Store Connect on loopback, from construction until `close`."""

    def __init__(
        self,
        world: World,
        *,
        keys: Sequence[ThrowawayKey | Key] = (),
        host: str = "127.0.0.1",
        port: int = 0,
        tls: "SSLContext | None" = None,
        origin: str | None = None,
        now: Callable[[], float] = time.time,
        save_to: Path | None = None,
    ) -> None:
        """Serve `world`, which changes as requests change it.

        `keys` are valid beside those of the world and are not saved with it. With `tls` the port
        speaks https, and is a proxy that leads every CONNECT to itself. Links follow the Host
        header, or are of `origin` where that is given. Schedules, token checks and the rate limit
        follow `now`; latency, delays and stalls take real time. `save_to` is rewritten,
        atomically, after each write that was accepted.

        Raises OSError: the port is taken. WorldError: a key is no P-256 public key.
        """
        made_up = (key for key in keys if isinstance(key, ThrowawayKey) and key.is_made_up)
        self.made_up_key = next(made_up, None)
        self._keys = [key if isinstance(key, Key) else key.as_known_to_apple() for key in keys]
        self._now = now
        self._lock = Lock()
        self._closing = Event()
        self._save_to = save_to
        self._host = f"[{host}]" if ":" in host else host
        self._scheme = "https" if tls else "http"
        self.origin = origin
        self.play(world)
        self._loopback = Loopback(port, self._reply, host=host, tls=tls)

    def play(self, world: World) -> None:
        """Begin with `world` now: a new clock, no requests yet, and its own bad days only."""
        gate = Gate({key.id: key for key in [*world.keys, *self._keys]}, self._now)
        started_at = world.script.started_at
        world.begin(self._now())
        with self._lock:
            self.world = world
            self._started_at = started_at
            self._first: Any = None
            self._gate = gate
            self._faults = Faults(world.script.faults)
            self._spent: dict[str, deque[float]] = {}
            self._requests: dict[str, Received] = {}

    def reset(self) -> None:
        """Begin anew with the world as it was before the first write."""
        if self._first is None:
            self._remember()
        self.play(World.from_json(self._first))

    @property
    def url(self) -> str:
        return f"{self._scheme}://{self._host}:{self._loopback.port}"

    @property
    def requests(self) -> list[Received]:
        """Every request so far, in the order of arrival."""
        with self._lock:
            return list(self._requests.values())

    @property
    def writes(self) -> list[Received]:
        reading = ("GET", "HEAD", "OPTIONS")
        return [each for each in self.requests if each.method not in reading]

    def on(self, match: str, **fault: Any) -> None:
        """Script a fault: the fields of `Fault`, such as `status=503`, `times=2`, `reset=True`."""
        with self._lock:
            self._faults.add(Fault(match=match, **fault))

    def close(self) -> None:
        """End all connections; whatever is delayed or stalled ends as well."""
        self._closing.set()
        self._loopback.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _reply(self, request: Request) -> Reply | None:
        """The whole life of a request; None is a connection that is reset."""
        request = _as_if_asked_here(request)
        if urlsplit(request.target).path.startswith(PREFIX):
            return control(self, request)
        key = self._admit(request)
        received, fault = self._record(request, authorized=isinstance(key, Key))
        self._closing.wait(self.world.script.latency_seconds + fault.delay_seconds)
        if fault.stall_seconds:
            self._closing.wait(fault.stall_seconds)
        given = self._scripted(fault, received) or self._handle(request, key, fault)
        if fault.reset or fault.reset_after or fault.stall_seconds:
            reply, status = None, 0
        else:
            reply = _dress(given, fault, self._headers(key, received))
            status = reply.status
        ended = replace(received, status=status, ended=time.monotonic())
        with self._lock:
            if received.request_id in self._requests:
                self._requests[received.request_id] = ended
        _log.info("%s %s → %s", request.method, ascii(request.target)[1:-1], status or "reset")
        return reply

    def _admit(self, request: Request) -> Key | Refused:
        authorization = request.headers.get("authorization")
        try:
            return self._gate.admit(authorization, _method(request), request.target)
        except Refused as refused:
            return refused

    def _record(self, request: Request, *, authorized: bool) -> tuple[Received, Fault]:
        parts = urlsplit(request.target)
        received = Received(
            method=request.method,
            path=parts.path,
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            body=_json_or_none(request.body),
            authorization_ok=authorized,
            request_id=str(uuid4()).upper(),
            started=request.started,
            ended=request.started,
        )
        with self._lock:
            self._requests[received.request_id] = received
            fault = self._faults.strike(request.method, parts.path) or _HARMLESS
            return received, fault

    def _scripted(self, fault: Fault, received: Received) -> Answer | None:
        """The answer that keeps the request from being handled, if there is one."""
        if fault.answer is not None and (made := fault.answer(received)) is not None:
            return Answer(*made)
        return None if fault.is_handled_first else Answer(fault.status or 0)

    def _handle(self, request: Request, key: Key | Refused, fault: Fault) -> Answer:
        with self._lock:
            try:
                given = self._answer(request, key)
            except Refused as refused:
                given = Answer(refused.status, refused.document())
            except Exception:  # noqa: BLE001 - a fault of ours looks as one of Apple's would
                _log.exception("%s %s", request.method, request.target)
                given = Answer(500, problems.unexpected().document())
            if _method(request) != "GET" and given.status < 400:
                self._save()
        return replace(given, status=fault.applied_then or given.status)

    def _answer(self, request: Request, key: Key | Refused) -> Answer:
        if isinstance(key, Refused):
            raise key
        hour, minute = self._remaining(key)
        if hour <= 0 or (minute is not None and minute <= 0):
            raise problems.rate_limited()
        self._spent[key.id].append(self._now())
        method = _method(request)
        if method != "GET" and self._first is None:
            self._remember()
        view = View(self.world, key, self._now())
        return answer(view, method, self._origin_for(request), request.target, request.body)

    def _origin_for(self, request: Request) -> str:
        """Where the links of an answer lead."""
        host = request.headers.get("host", "")
        if self.origin is not None or not _HOST.fullmatch(host):
            return self.origin or self.url
        scheme = request.headers.get("x-forwarded-proto", "")
        if scheme not in ("http", "https"):
            scheme = "https" if request.is_secure else "http"
        return f"{scheme}://{host}"

    def _remaining(self, key: Key) -> tuple[int, int | None]:
        """What a key may ask for yet within the hour, and within the minute if that is limited."""
        script, now = self.world.script, self._now()
        if key.id not in self._spent:
            self._spent[key.id] = deque([now] * script.rate_limit_spent)
        spent = self._spent[key.id]
        while spent and spent[0] <= now - _HOUR_S:
            spent.popleft()
        left = max(0, script.rate_limit - len(spent))
        if script.minute_limit is None:
            return left, None
        lately = sum(1 for each in spent if each > now - _MINUTE_S)
        return left, max(0, script.minute_limit - lately)

    def _headers(self, key: Key | Refused, received: Received) -> list[tuple[str, str]]:
        headers = [
            ("Date", formatdate(self._now(), usegmt=True)),
            ("X-Request-ID", received.request_id),
        ]
        if isinstance(key, Key):
            script = self.world.script
            with self._lock:
                hour, minute = self._remaining(key)
            limits = f"user-hour-lim:{script.rate_limit};user-hour-rem:{hour};"
            if minute is not None:
                limits += f"user-minute-lim:{script.minute_limit};user-minute-rem:{minute};"
            headers.append(("X-Rate-Limit", limits))
        return headers

    def _remember(self) -> None:
        """Keep the world as it is now, for a reset."""
        first = self.world.to_json()
        first.setdefault("script", {})["startedAt"] = self._started_at
        self._first = first

    def _save(self) -> None:
        if self._save_to is not None:
            beside = self._save_to.with_name(self._save_to.name + ".part")
            beside.write_text(json.dumps(self.world.to_json(), indent=2) + "\n", encoding="utf-8")
            beside.replace(self._save_to)


def _as_if_asked_here(request: Request) -> Request:
    """A client that takes us for its proxy names the whole URL."""
    if (url := _URL.match(request.target)) is not None:
        headers = {**request.headers, "host": url["host"]}
        request = replace(request, target=request.target[url.end() :], headers=headers)
    return replace(request, target="/" + request.target.lstrip("/"))


def _method(request: Request) -> str:
    """HEAD is a GET whose body is not sent."""
    return "GET" if request.method == "HEAD" else request.method


def _dress(given: Answer, fault: Fault, headers: list[tuple[str, str]]) -> Reply:
    """`given`, with what the fault puts in its place, or around it."""
    document = given.document if fault.body is None else fault.body
    text = document if isinstance(document, str) else json.dumps(document)
    body = b"" if document is None or fault.empty_body else text.encode()
    if body:
        kind = given.content_type if fault.body is None else _content_type(document)
        headers = [*headers, ("Content-Type", fault.content_type or kind)]
    ours = fault.header_pairs()
    replaced = {name.lower() for name, _ in ours}
    kept = [pair for pair in headers if pair[0].lower() not in replaced]
    if not fault.truncate:
        return Reply(given.status, [*kept, *ours], body)
    # A 204 has no body to cut short, so one is announced that never comes.
    status = 200 if given.status == 204 else given.status
    return Reply(status, [*kept, *ours], body[: len(body) // 2], len(body) or 64)


def _content_type(document: Any) -> str:
    if not isinstance(document, str):
        return "application/json"
    return "text/html" if document.lstrip().startswith("<") else "text/plain"


def _json_or_none(body: bytes) -> Any:
    try:
        return parse(body)
    except ValueError:
        return None
