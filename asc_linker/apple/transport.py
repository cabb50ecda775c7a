"""HTTP with Apple: an exchange at a time, each ending in an answer, in trouble, or in our error."""

from __future__ import annotations

import random
import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import requests
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError, ReadTimeoutError

from asc_linker.apple.access import is_loopback
from asc_linker.apple.error_document import parse_errors
from asc_linker.apple.json_api import parse_json
from asc_linker.apple.refusals import refusal
from asc_linker.apple.retry import MOST_ATTEMPTS, Patience, Trouble, clock_fault, retry_after_s
from asc_linker.errors import AppStoreConnectError, CredentialsError, UnexpectedAnswer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from asc_linker.apple.tokens import Tokens
    from asc_linker.clock import Clock
    from asc_linker.errors import AscLinkerError

# Seconds to connect, and between two bytes of an answer.
_TIMEOUT_S = (10.0, 30.0)
# A page of 200 builds is far below one mebibyte.
_LARGEST_BODY = 32 * 2**20
_CHUNK = 2**16
_COUNT = re.compile(r"[0-9]{1,9}", re.ASCII)

# HTTP statuses that may pass by themselves.
_PASSING = frozenset({429, 500, 502, 503, 504})
# A name that does not resolve and a port that refuses are rarely cured by patience.
_UNREACHABLE_ATTEMPTS = 3
# Lists of uploads answer 404 now and then, and the next try succeeds.
# Source: the tests of rorkai/App-Store-Connect-CLI, which tries as often.
_STRAY_404_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what came of it: no token, no body. `status` 0: no answer.

    `date` is the answer's header of that name: what time it was by Apple's clock.
    """

    method: str
    path: str
    status: int
    seconds: float
    request_id: str
    date: str = ""

    def __str__(self) -> str:
        answer = str(self.status) if self.status else "no answer"
        return f"{self.method} {self.path} → {answer}, {self.seconds * 1000:.0f} ms" + (
            f", X-Request-ID {self.request_id}" if self.request_id else ""
        )


@dataclass(slots=True)
class Request:
    """What is sent, again and again if need be, and whether that got a new token once."""

    method: str
    path: str
    query: Mapping[str, str] | None = None
    body: object = None
    token_renewed: bool = False

    @property
    def plain_path(self) -> str:
        return self.path.partition("?")[0]

    @property
    def is_write(self) -> bool:
        return self.method != "GET"

    @property
    def is_for_uploads(self) -> bool:
        return self.plain_path.endswith("/buildUploads")

    def __str__(self) -> str:
        return f"{self.method} {self.plain_path}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `cut` says why `body` is not whole."""

    status: int
    headers: Mapping[str, str]
    request_id: str
    body: bytes
    cut: Trouble | None

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def is_redirect(self) -> bool:
        return 300 <= self.status < 400

    def header(self, name: str) -> str:
        return self.headers.get(name, "")


class Transport:
    """The way to one origin, for one key. Safe to share between threads.

    Sessions are kept alive, as many as are in use at once. `requests_left` is what Apple last said
    of the hourly limit, None until it did.
    """

    def __init__(
        self,
        tokens: Tokens,
        *,
        api_url: str,
        clock: Clock,
        on_exchange: Callable[[Exchange], None],
        on_retry: Callable[[str], None],
        timeout_s: tuple[float, float] = _TIMEOUT_S,
        random: Callable[[], float] = random.random,
    ) -> None:
        """`timeout_s` to connect, and between two bytes; `random` spreads the pauses."""
        self._tokens = tokens
        self._api_url = api_url
        self._clock = clock
        self._on_exchange = on_exchange
        self.tell_retry = on_retry
        self._timeout_s = timeout_s
        self._random = random
        self._idle: list[requests.Session] = []
        self.requests_left: int | None = None

    def close(self) -> None:
        """Close every connection that is not in use."""
        while self._idle:
            self._idle.pop().close()

    def read(self, request: Request) -> object:
        """GET until there is whole JSON. Raises what the last attempt met with."""
        patience = self.patience(request)
        while True:
            outcome = self.attempt(request, patience)
            if isinstance(outcome, Answer):
                try:
                    return parse_json(outcome.body)
                except UnexpectedAnswer as error:
                    error.request_id = outcome.request_id
                    outcome = Trouble("the answer is no JSON, or only a part", error)
            patience.pause(outcome)

    def patience(self, request: Request) -> Patience:
        return Patience(str(request), self._clock, self._random, self.tell_retry)

    def path_of(self, next_url: str) -> str:
        """Path and query of a `next` link. Raises UnexpectedAnswer: it leads to another origin."""
        try:
            url = urlsplit(urljoin(self._api_url, next_url))
            if url[:2] == urlsplit(self._api_url)[:2]:
                return f"{url.path}?{url.query}"
        except ValueError:
            pass  # no URL at all, so not on our origin either
        raise UnexpectedAnswer(
            "App Store Connect's next page is on another host; it was not followed.",
            hint="The token is for one origin only. Check `api-url` and any proxy.",
        )

    def attempt(self, request: Request, patience: Patience) -> Answer | Trouble:
        """One exchange: a 2xx is returned, what may pass is Trouble, everything else is raised."""
        token = self._tokens.current()
        answer = self._exchange(request, token, patience.left_s)
        if isinstance(answer, Trouble):
            return answer
        self._note_rate_limit(answer.header("X-Rate-Limit"))
        if answer.is_success:
            # Of a write's answer nothing is needed that a read would not show as well.
            return answer if answer.cut is None or request.is_write else answer.cut
        if answer.is_redirect:
            raise UnexpectedAnswer(
                "App Store Connect answered with a redirect; it was not followed.",
                hint="The token is for one origin only. Check `api-url` and any proxy.",
                request_id=answer.request_id,
            )
        if answer.cut is not None:
            return answer.cut
        error = refusal(answer.status, parse_errors(answer.body), answer.request_id)
        what = f"App Store Connect answered {answer.status}"
        now = self._clock.now()
        if answer.status == 401:
            error = _blaming_the_clock(error, clock_fault(answer.header("Date"), now))
            if request.token_renewed:
                raise error
            request.token_renewed = True
            self._tokens.renew(token)
            return Trouble(f"{what} and gets a new token", error, arrived=False, at_once=True)
        if answer.status in _PASSING:
            wait_s = retry_after_s(answer.header("Retry-After"), answer.header("Date"), now)
            return Trouble(what, error, wait_s, arrived=answer.status != 429)
        if answer.status == 404 and request.is_for_uploads:
            return Trouble(what, error, most_attempts=_STRAY_404_ATTEMPTS)
        raise error

    def _exchange(self, request: Request, token: str, left_s: float) -> Answer | Trouble:
        """Send `request` and take what comes, for `left_s` at the longest."""
        started = self._clock.monotonic()
        # An attempt that begins in the last moment still gets one second.
        longest_s = max(left_s, 1.0)
        connect_s, read_s = (min(each, longest_s) for each in self._timeout_s)
        status, request_id, date = 0, "", ""
        try:
            with (
                self._session() as session,
                session.request(
                    request.method,
                    self._api_url + request.path,
                    params=request.query,
                    json=request.body,
                    auth=_Bearer(token),
                    timeout=(connect_s, read_s),
                    allow_redirects=False,
                    stream=True,
                ) as answer,
            ):
                status, request_id = answer.status_code, answer.headers.get("X-Request-ID", "")
                date = answer.headers.get("Date", "")
                body, cut = self._body(answer, started + longest_s)
                return Answer(status, answer.headers, request_id, body, cut)
        except (requests.RequestException, HTTPError) as error:
            return _no_answer(error, self._host)
        finally:
            seconds = self._clock.monotonic() - started
            self._on_exchange(
                Exchange(request.method, request.plain_path, status, seconds, request_id, date)
            )

    def _body(self, answer: requests.Response, deadline: float) -> tuple[bytes, Trouble | None]:
        """The body, as far as it came, and why it is not whole."""
        body = bytearray()
        try:
            for chunk in answer.iter_content(_CHUNK):
                body += chunk
                if len(body) > _LARGEST_BODY:
                    error = UnexpectedAnswer(f"The answer of {self._host} is absurdly large.")
                    return b"", Trouble("the answer is absurdly large", error, most_attempts=1)
                if self._clock.monotonic() > deadline:
                    raise requests.ReadTimeout
        except (requests.RequestException, HTTPError) as error:
            return bytes(body), _no_answer(error, self._host)
        return bytes(body), None

    @property
    def _host(self) -> str:
        return urlsplit(self._api_url).netloc

    @contextmanager
    def _session(self) -> Iterator[requests.Session]:
        """A session nobody else uses at the moment; afterwards it is kept alive for the next."""
        try:
            session = self._idle.pop()
        except IndexError:
            session = self._new_session()
        try:
            yield session
        finally:
            self._idle.append(session)

    def _new_session(self) -> requests.Session:
        session = requests.Session()
        session.headers.update({"Accept": "application/json", "User-Agent": "asc-linker"})
        # A proxy of the environment could not reach this machine's loopback.
        session.trust_env = not is_loopback(self._api_url)
        return session

    def _note_rate_limit(self, header: str) -> None:
        for pair in header.replace(",", ";").split(";"):
            name, _, value = pair.strip().partition(":")
            if name == "user-hour-rem" and _COUNT.fullmatch(value):
                self.requests_left = int(value)


class _Bearer(AuthBase):
    """Puts a token on a request; as `auth`, it also keeps a .netrc from putting its own there."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _no_answer(error: requests.RequestException | HTTPError, host: str) -> Trouble:
    """No usable answer, in a sentence. The library's own text stays in the chain, unshown."""
    cause = error.args[0] if error.args else None
    if isinstance(cause, MaxRetryError):
        cause = cause.reason
    attempts, arrived = MOST_ATTEMPTS, True
    match error, cause:
        case requests.exceptions.SSLError(), _:
            what = f"The TLS connection to {host} failed."
            hint = "A proxy that opens TLS, or old root certificates, are the usual causes."
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                attempts, arrived = 1, False
        case requests.exceptions.ProxyError(), _:
            what = f"The proxy in front of {host} did not answer."
            hint = "Check HTTPS_PROXY in the runner's environment."
            attempts, arrived = _UNREACHABLE_ATTEMPTS, False
        case requests.exceptions.ConnectTimeout(), _:
            what = f"{host} did not answer in time."
            hint = "Check the runner's network; developer.apple.com/system-status tells of outages."
            arrived = False
        case (requests.exceptions.ReadTimeout(), _) | (_, ReadTimeoutError()):
            what = f"{host} did not answer in time."
            hint = "Run again later; developer.apple.com/system-status tells of outages."
        case requests.exceptions.ConnectionError(), NewConnectionError():
            what = f"{host} could not be reached."
            hint = "Check the runner's network, DNS and proxy settings."
            attempts, arrived = _UNREACHABLE_ATTEMPTS, False
        case (
            requests.exceptions.ChunkedEncodingError() | requests.exceptions.ContentDecodingError(),
            _,
        ):
            what = f"The answer of {host} was cut off."
            hint = "Run again."
        case (requests.exceptions.ConnectionError() | HTTPError(), _):
            what = f"The connection to {host} broke."
            hint = "Run again; if it stays so, check the runner's network and proxy settings."
        case _:
            what = f"{host} could not be asked."
            hint = "Check `api-url` and the runner's proxy settings."
            attempts, arrived = 1, False
    said = AppStoreConnectError(what, hint=hint)
    said.__cause__ = error
    return Trouble(what.rstrip("."), said, most_attempts=attempts, arrived=arrived)


def _blaming_the_clock(error: AscLinkerError, fault: str) -> AscLinkerError:
    """`error`, or the same refusal explained by `fault`, which then is its likely cause."""
    if not fault:
        return error
    return CredentialsError(
        f"{error.message} {fault}",
        hint=f"Set this machine's clock: Apple refuses a token from another time. {error.hint}",
        apple=error.apple,
        request_id=error.request_id,
    )
