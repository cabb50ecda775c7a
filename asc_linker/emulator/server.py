"""The emulator on a socket: tokens, rate limits, faults, and a record of what arrived."""

import json
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from email.utils import formatdate
from pathlib import Path
from threading import Event, Lock
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

from asc_linker.emulator import problems
from asc_linker.emulator.app_store_connect import answer
from asc_linker.emulator.call import Answer
from asc_linker.emulator.faults import Fault, Faults
from asc_linker.emulator.keys import Gate, ThrowawayKey
from asc_linker.emulator.loopback import Loopback, Reply, Request
from asc_linker.emulator.problems import Refused
from asc_linker.emulator.resources import View
from asc_linker.emulator.world import Key, World

_HOUR_S = 3600
_HARMLESS = Fault(match="* /")

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
        port: int = 0,
        now: Callable[[], float] = time.time,
        save_to: Path | None = None,
    ) -> None:
        """Serve `world`, which changes as requests change it.

        `keys` are valid beside those of the world and are not saved with it. Schedules, token
        checks and the rate limit follow `now`; latency, delays and stalls take real time.
        `save_to` is rewritten, atomically, after each write that was accepted.

        Raises OSError: the port is taken. WorldError: a key is no P-256 public key.
        """
        known = [key if isinstance(key, Key) else key.as_known_to_apple() for key in keys]
        self.world = world
        self._now = now
        self._gate = Gate({key.id: key for key in [*world.keys, *known]}, now)
        self._faults = Faults(world.script.faults)
        self._spent: dict[str, deque[float]] = {}
        self._requests: list[Received] = []
        self._lock = Lock()
        self._closing = Event()
        self._save_to = save_to
        world.begin(now())
        self._loopback = Loopback(port, self._reply)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._loopback.port}"

    @property
    def requests(self) -> list[Received]:
        """Every request so far, in the order of arrival."""
        with self._lock:
            return list(self._requests)

    @property
    def writes(self) -> list[Received]:
        return [each for each in self.requests if each.method != "GET"]

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
        key = self._admit(request)
        number, received, fault = self._record(request, authorized=isinstance(key, Key))
        self._closing.wait(self.world.script.latency_seconds + fault.delay_seconds)
        if fault.stall_seconds:
            self._closing.wait(fault.stall_seconds)
        given = self._scripted(fault, received) or self._handle(request, key, fault)
        if fault.reset or fault.reset_after or fault.stall_seconds:
            reply, status = None, 0
        else:
            reply = _dress(given, fault, self._headers(key, received))
            status = reply.status
        with self._lock:
            ended = replace(received, status=status, ended=time.monotonic())
            self._requests[number] = ended
        _log.info("%s %s → %s", request.method, request.target, status or "reset")
        return reply

    def _admit(self, request: Request) -> Key | Refused:
        try:
            return self._gate.admit(request.authorization, request.method, request.target)
        except Refused as refused:
            return refused

    def _record(self, request: Request, *, authorized: bool) -> tuple[int, Received, Fault]:
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
            self._requests.append(received)
            fault = self._faults.strike(request.method, parts.path) or _HARMLESS
            return len(self._requests) - 1, received, fault

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
            if request.method != "GET" and given.status < 400:
                self._save()
        return replace(given, status=fault.applied_then or given.status)

    def _answer(self, request: Request, key: Key | Refused) -> Answer:
        if isinstance(key, Refused):
            raise key
        if self._remaining(key) <= 0:
            raise problems.rate_limited()
        self._spent[key.id].append(self._now())
        view = View(self.world, key, self._now())
        return answer(view, request.method, self.url + request.target, request.body)

    def _remaining(self, key: Key) -> int:
        spent = self._spent.setdefault(key.id, deque())
        while spent and spent[0] <= self._now() - _HOUR_S:
            spent.popleft()
        return self.world.script.rate_limit - len(spent)

    def _headers(self, key: Key | Refused, received: Received) -> list[tuple[str, str]]:
        headers = [
            ("Date", formatdate(self._now(), usegmt=True)),
            ("X-Request-ID", received.request_id),
        ]
        if isinstance(key, Key):
            with self._lock:
                left = self._remaining(key)
            limit = self.world.script.rate_limit
            headers.append(("X-Rate-Limit", f"user-hour-lim:{limit};user-hour-rem:{left};"))
        return headers

    def _save(self) -> None:
        if self._save_to is not None:
            beside = self._save_to.with_name(self._save_to.name + ".part")
            beside.write_text(json.dumps(self.world.to_json(), indent=2) + "\n", encoding="utf-8")
            beside.replace(self._save_to)


def _dress(given: Answer, fault: Fault, headers: list[tuple[str, str]]) -> Reply:
    """`given`, with what the fault puts in its place, or around it."""
    document = given.document if fault.body is None else fault.body
    text = document if isinstance(document, str) else json.dumps(document)
    body = b"" if document is None or fault.empty_body else text.encode()
    if body:
        headers = [*headers, ("Content-Type", fault.content_type or _content_type(document))]
    ours = fault.header_pairs()
    replaced = {name.lower() for name, _ in ours}
    kept = [pair for pair in headers if pair[0].lower() not in replaced]
    if not fault.truncate:
        return Reply(given.status, [*kept, *ours], body, len(body))
    # A 204 has no body to cut short, so one is announced that never comes.
    status = 200 if given.status == 204 else given.status
    return Reply(status, [*kept, *ours], body[: len(body) // 2], len(body) or 64)


def _content_type(document: Any) -> str:
    if not isinstance(document, str):
        return "application/json"
    return "text/html" if document.lstrip().startswith("<") else "text/plain"


def _json_or_none(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
