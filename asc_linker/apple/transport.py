"""HTTP with Apple: an exchange at a time, each ending in an answer, a failure, or our error."""

from __future__ import annotations

import http.client
import random
import re
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.exceptions import (
    HTTPError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ReadTimeoutError,
)

from asc_linker.apple import trust
from asc_linker.apple.access import is_loopback
from asc_linker.apple.error_document import is_a_page, parse_errors
from asc_linker.apple.json_api import NOT_JSON, parse_json
from asc_linker.apple.quota import LEFT_IN_HOUR, Quota, rate_limits
from asc_linker.apple.refusals import proxy_refusal, refusal
from asc_linker.apple.retry import (
    LONGEST_S,
    MOST_ATTEMPTS,
    RetryBudget,
    TransientFailure,
    clock_fault,
    retry_after_s,
)
from asc_linker.apple.watchdog import Watch, WatchedConnection, by_deadline
from asc_linker.errors import AppStoreConnectError, CredentialsError, UnexpectedAnswer

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping

    from asc_linker.apple.tokens import Tokens
    from asc_linker.clock import Clock
    from asc_linker.errors import AscLinkerError

_Value = TypeVar("_Value")

# Seconds to connect, and between two bytes of an answer.
_TIMEOUT_S = (10.0, 30.0)
# A page of 200 builds is far below one mebibyte.
_LARGEST_BODY = 4 * 2**20
# Of a compressed answer, a thousand times as much may come out at once.
_CHUNK = 2**14
_LONGEST_REQUEST_ID = 100

# Below 500, what may pass by itself, and was not looked at: too slow, another connection, too
# early, too many requests.
_NOT_NOW = frozenset({408, 421, 425, 429})
# From 500 on, what does not pass by itself: the server cannot do this at all.
_NEVER = frozenset({501, 505})
# A port that refuses is rarely cured by waiting, a name that does not exist never.
_REFUSED_ATTEMPTS = 3
_NO_NAME_ATTEMPTS = 2
# Lists of uploads answer 404 now and then, and the next try succeeds.
# Source: the tests of rorkai/App-Store-Connect-CLI, which tries as often.
_STRAY_404_ATTEMPTS = 3
_TUNNEL = re.compile(r"Tunnel connection failed: (\d{3})", re.ASCII)
# What the libraries raise over an answer that they do not understand, beside their own exceptions:
# a chunk of negative size is a ValueError, an odd name a UnicodeError.
_FAILURES = (
    requests.RequestException,
    HTTPError,
    http.client.HTTPException,
    OSError,
    ValueError,
    OverflowError,
    RecursionError,
)


class Exchange(NamedTuple):
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


class Request(NamedTuple):
    """What is sent, again and again if need be."""

    method: str
    path: str
    query: Mapping[str, str] | None = None
    body: object = None

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


class Answer(NamedTuple):
    """What came back; `cut` says why `body` is not whole."""

    status: int
    headers: Mapping[str, str]
    body: bytearray
    cut: TransientFailure | None = None

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def request_id(self) -> str:
        return self.header("X-Request-ID")[:_LONGEST_REQUEST_ID]

    def header(self, name: str) -> str:
        return self.headers.get(name, "")


class Transport:
    """The way to one origin, for one key. Safe to share between threads.

    Sessions are kept alive, as many as are in use at once.
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
        longest_s: float = LONGEST_S,
        random: Callable[[], float] = random.random,
    ) -> None:
        """`timeout_s` to connect, and between two bytes; `longest_s` for a request and its repeats.

        `random` spreads the pauses. Raises InputError: a variable names certificates that are not
        there.
        """
        self.api_url = api_url
        self.log_retry = on_retry
        self.quota = Quota(clock)
        self._tokens = tokens
        self._clock = clock
        self._on_exchange = on_exchange
        self._timeout_s = timeout_s
        self._longest_s = longest_s
        self._random = random
        # However many threads read, one document at a time fills the memory.
        self.one_document = threading.Lock()
        self._idle: list[_Session] = []
        self._trust = trust.bundle() if urlsplit(api_url).scheme == "https" else None
        if self._trust is not None:
            trust.load(self._trust)

    def close(self) -> None:
        """Close every connection that is not in use."""
        while self._idle:
            self._idle.pop().close()

    def read(
        self,
        request: Request,
        convert: Callable[[object], _Value],
        *,
        most_attempts: int = MOST_ATTEMPTS,
    ) -> _Value:
        """GET until there is whole JSON, and make a value of it.

        Raises what the last attempt met with, or what `convert` does.
        """
        budget = self.budget(request)
        while True:
            outcome = self.attempt(request, budget)
            if isinstance(outcome, Answer):
                try:
                    with self.one_document:
                        return convert(parse_json(outcome.body))
                except UnexpectedAnswer as error:
                    error.request_id = outcome.request_id
                    if error.id != NOT_JSON:
                        raise
                    outcome = TransientFailure("the answer is no JSON, or only a part", error)
            fewer = min(most_attempts, outcome.most_attempts)
            self.pause(outcome._replace(most_attempts=fewer), budget)

    def budget(self, request: Request) -> RetryBudget:
        """What `request` and its repeats may cost."""
        return RetryBudget(str(request), self._clock, self._random, self.log_retry, self._longest_s)

    def pause(self, failure: TransientFailure, budget: RetryBudget) -> None:
        """Wait until the next attempt. Raises the failure's error: there will be none."""
        pause_s = budget.spend(failure)
        if failure.slows_all:
            self.quota.hold(pause_s)
        if pause_s:
            self._clock.sleep(pause_s)

    def path_of(self, next_url: str) -> str:
        """Path and query of a `next` link. Raises UnexpectedAnswer: it leads to another origin."""
        with suppress(ValueError):  # no URL at all, so not on our origin either
            url = urlsplit(urljoin(self.api_url, next_url))
            if url[:2] == urlsplit(self.api_url)[:2]:
                return f"{url.path}?{url.query}"
        raise UnexpectedAnswer(
            "App Store Connect's next page is on another host; it was not followed.",
            hint="The token is for one origin only. Check `api-url` and any proxy.",
        )

    def attempt(self, request: Request, budget: RetryBudget) -> Answer | TransientFailure:
        """One exchange: a 2xx is returned, and what may pass; everything else is raised."""
        with self.quota.turn() as waited_s:
            budget.extend(waited_s)
            token = self._tokens.current()
            outcome = self._exchange(request, token, budget.left_s)
            if isinstance(outcome, Answer):
                self.quota.note(outcome.header("X-Rate-Limit"))
                outcome = self._judge(outcome, request, token, budget)
            return outcome

    def _judge(
        self, answer: Answer, request: Request, token: str, budget: RetryBudget
    ) -> Answer | TransientFailure:
        if answer.is_success:
            # Of a write's answer nothing is needed that a read would not show as well.
            return answer if answer.cut is None or request.is_write else answer.cut
        if answer.status < 400:
            what = "a redirect; it was not followed" if answer.status >= 300 else "no HTTP status"
            raise UnexpectedAnswer(
                f"App Store Connect answered with {what}.",
                hint="The token is for one origin only. Check `api-url` and any proxy.",
                request_id=answer.request_id,
            )
        if answer.cut is not None:
            return answer.cut
        error = _refusal(answer)
        what = f"App Store Connect answered {answer.status}"
        now = self._clock.now()
        if answer.status == 401:
            error = _blaming_the_clock(error, clock_fault(answer.header("Date"), now))
            if budget.has_new_token:
                raise error
            budget.has_new_token = True
            self._tokens.renew(token)
            return TransientFailure(what, error, arrived=False, new_token=True)
        is_failing = answer.status >= 500 and answer.status not in _NEVER
        if is_failing or answer.status in _NOT_NOW:
            wait_s = retry_after_s(answer.header("Retry-After"), answer.header("Date"), now)
            return TransientFailure(
                what, error, wait_s, arrived=is_failing, slows_all=answer.status == 429
            )
        if answer.status == 404 and request.is_for_uploads:
            return TransientFailure(what, error, most_attempts=_STRAY_404_ATTEMPTS)
        raise error

    def _exchange(self, request: Request, token: str, left_s: float) -> Answer | TransientFailure:
        """Send `request` and take what comes, for `left_s` at the longest."""
        started = self._clock.monotonic()
        session, watch = self._session(), Watch()
        outcome: Answer | TransientFailure | None = None
        try:
            outcome = by_deadline(
                lambda: self._converse(session, request, token, watch, left_s), watch, left_s
            )
        except TimeoutError:
            outcome = _late(self._host, watch)
        else:
            if not watch.is_over:
                self._idle.append(session)
        finally:
            seconds = self._clock.monotonic() - started
            status, request_id, date = 0, "", ""
            if isinstance(outcome, Answer):
                status, request_id = outcome.status, outcome.request_id
                date = outcome.header("Date")
            self._on_exchange(
                Exchange(request.method, request.plain_path, status, seconds, request_id, date)
            )
        return outcome

    def _converse(
        self, session: _Session, request: Request, token: str, watch: Watch, left_s: float
    ) -> Answer | TransientFailure:
        connect_s, read_s = (max(0.001, min(each, left_s)) for each in self._timeout_s)
        session.adapter.watch = watch
        try:
            with session.request(
                request.method,
                self.api_url + request.path,
                params=request.query,
                json=request.body,
                auth=_Bearer(token),
                timeout=(connect_s, read_s),
                allow_redirects=False,
                stream=True,
            ) as answer:
                return self._read(answer, watch)
        except _FAILURES as error:
            return _no_answer(error, self._host, watch)

    def _read(self, answer: requests.Response, watch: Watch) -> Answer:
        """The answer with its body, as far as that comes."""
        whole = Answer(answer.status_code, answer.headers, bytearray())
        try:
            for chunk in answer.iter_content(_CHUNK):
                whole.body.extend(chunk)
                if len(whole.body) > _LARGEST_BODY:
                    error = UnexpectedAnswer(f"The answer of {self._host} is absurdly large.")
                    whole.body.clear()
                    cut = TransientFailure("the answer is absurdly large", error, most_attempts=1)
                    return whole._replace(cut=cut)
        except _FAILURES as error:
            return whole._replace(cut=_no_answer(error, self._host, watch))
        # The end of a body without a length may be that of the time.
        return whole._replace(cut=_late(self._host, watch)) if watch.is_over else whole

    @property
    def _host(self) -> str:
        return urlsplit(self.api_url).netloc

    def _session(self) -> _Session:
        """A session nobody else uses at the moment, with a connection kept alive if there is one.

        Raises InputError: there is no reading the certificates that a variable names.
        """
        with suppress(IndexError):
            return self._idle.pop()
        session = _Session(trust.context(self._trust) if self._trust else None)
        # A proxy of the environment could not reach this machine's loopback.
        session.trust_env = not is_loopback(self.api_url)
        return session


def _refusal(answer: Answer) -> AscLinkerError:
    return refusal(
        answer.status,
        parse_errors(answer.body),
        answer.request_id,
        is_a_page=is_a_page(answer.body),
        requests_left=rate_limits(answer.header("X-Rate-Limit")).get(LEFT_IN_HOUR),
    )


class _Session(requests.Session):
    """Connections for one exchange at a time."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        super().__init__()
        self.headers.update({"Accept": "application/json", "User-Agent": "asc-linker"})
        self.adapter = _Adapter(context)
        self.mount("https://", self.adapter)
        self.mount("http://", self.adapter)


class _Adapter(HTTPAdapter):
    """Connects with the trust of the whole process, under the eyes of an exchange's watch."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        super().__init__()
        self.watch = Watch()
        self._context = context
        self._watched: dict[type, type] = {}

    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **options)
        plain = type(pool).ConnectionCls
        if plain not in self._watched:
            bases = (WatchedConnection, plain)
            self._watched[plain] = type("WatchedConnection", bases, {"watched": self})
        pool.ConnectionCls = self._watched[plain]
        return pool

    def build_connection_pool_key_attributes(self, *args: Any, **options: Any) -> Any:
        host, tls = super().build_connection_pool_key_attributes(*args, **options)
        if self._context is None:
            return host, tls
        # `verify` is a file that each connection would read again; the context has read it.
        return host, {"cert_reqs": "CERT_REQUIRED", "ssl_context": self._context}

    def cert_verify(self, *_: Any, **__: Any) -> None:
        """Leave it to the context, which does."""

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        if self._context is not None and proxy.lower().startswith("https:"):
            options["proxy_ssl_context"] = self._context
        return super().proxy_manager_for(proxy, **options)


class _Bearer(AuthBase):
    """Puts a token on a request; as `auth`, it also keeps a .netrc from putting its own there."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _late(host: str, watch: Watch) -> TransientFailure:
    hint = "Run again later; developer.apple.com/system-status shows outages."
    return _failure(f"{host} did not answer in time.", hint, "no-answer-in-time", watch)


def _failure(
    message: str, hint: str, id_: str, watch: Watch, most_attempts: int = MOST_ATTEMPTS
) -> TransientFailure:
    error = AppStoreConnectError(message, hint=hint, id=id_)
    return TransientFailure(
        message.rstrip("."), error, most_attempts=most_attempts, arrived=watch.is_sent
    )


def _no_answer(error: Exception, host: str, watch: Watch) -> TransientFailure:
    """No usable answer, in a sentence. The library's own text stays in the chain, unshown."""
    failure = _late(host, watch) if watch.is_over else _in_words(error, host, watch)
    failure.error.__cause__ = error
    return failure


def _in_words(error: Exception, host: str, watch: Watch) -> TransientFailure:
    cause = error.args[0] if error.args else None
    if isinstance(cause, MaxRetryError):
        cause = cause.reason
    network = "Check the runner's network, DNS and proxy settings."
    match error, cause:
        case requests.exceptions.ProxyError(), _:
            return _no_tunnel(error, host, watch)
        case requests.exceptions.SSLError(), _:
            return _failure(
                f"The TLS connection to {host} failed.",
                "Where a proxy opens TLS, let REQUESTS_CA_BUNDLE or SSL_CERT_FILE name its "
                "certificates.",
                "tls-failed",
                watch,
                1 if "CERTIFICATE_VERIFY_FAILED" in str(error) else MOST_ATTEMPTS,
            )
        case (requests.exceptions.ConnectTimeout() | requests.exceptions.ReadTimeout(), _) | (
            _,
            ReadTimeoutError(),
        ):
            return _late(host, watch)
        case requests.exceptions.ConnectionError(), NameResolutionError():
            what = f"{host} could not be reached: its name leads to no address."
            return _failure(what, network, "unreachable", watch, _NO_NAME_ATTEMPTS)
        case requests.exceptions.ConnectionError(), NewConnectionError():
            what = f"{host} could not be reached."
            return _failure(what, network, "unreachable", watch, _REFUSED_ATTEMPTS)
    if not watch.is_sent:
        hint = "Check `api-url` and the runner's proxy settings."
        return _failure(f"{host} could not be asked.", hint, "unreachable", watch, 1)
    match error:
        case (
            requests.exceptions.ChunkedEncodingError() | requests.exceptions.ContentDecodingError()
        ):
            what = f"The answer of {host} was cut off."
        case requests.RequestException() | HTTPError() | OSError():
            what = f"The connection to {host} broke."
        case _:
            what = f"The answer of {host} is no HTTP."
    hint = "Run again; if it stays so, check the runner's network and proxy settings."
    return _failure(what, hint, "connection-broken", watch)


def _no_tunnel(error: Exception, host: str, watch: Watch) -> TransientFailure:
    """A proxy that is not there, or does not let us through."""
    found = _TUNNEL.search(str(error))
    status = int(found[1]) if found else 0
    if status in (401, 403, 407):
        refused = proxy_refusal(status)
        return TransientFailure(refused.message, refused, most_attempts=1, arrived=False)
    what = f"The proxy in front of {host} did not answer."
    if status:
        what = f"The proxy in front of {host} answered {status}."
    hint = "Check HTTPS_PROXY in the runner's environment."
    return _failure(what, hint, "proxy-failed", watch, _REFUSED_ATTEMPTS)


def _blaming_the_clock(error: AscLinkerError, fault: str) -> AscLinkerError:
    """`error`, or the same refusal explained by `fault`, which then is its likely cause."""
    if not fault:
        return error
    return CredentialsError(
        f"{error.message} {fault}",
        hint=f"Set this machine's clock: Apple refuses a token from another time. {error.hint}",
        id="clock-wrong",
        apple=error.apple,
        request_id=error.request_id,
    )
