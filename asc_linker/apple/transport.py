"""The wire: a request goes out, and by its deadline an answer or a failure is there."""

from __future__ import annotations

import http.client
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

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
from asc_linker.apple.retry import MOST_ATTEMPTS, TransientFailure
from asc_linker.apple.watchdog import Watch, WatchedConnection, by_deadline
from asc_linker.errors import AppStoreConnectError, UnexpectedAnswer

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

# A page of 200 builds is far below one mebibyte.
_LARGEST_BODY = 4 * 2**20
# Of a compressed answer, a thousand times as much may come out at once.
_CHUNK = 2**14
_LONGEST_REQUEST_ID = 100

# A port that refuses is rarely cured by waiting, a name that does not exist never.
_REFUSED_ATTEMPTS = 3
_NO_NAME_ATTEMPTS = 2
_NO_TUNNEL = "Tunnel connection failed: "
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
    """The way to one origin. Safe to share between threads.

    Sessions are kept alive, as many as are in use at once.
    """

    def __init__(self, api_url: str, timeout_s: tuple[float, float]) -> None:
        """`timeout_s` to connect, and between two bytes of an answer.

        Raises InputError: a variable names certificates that are not there.
        """
        self._api_url = api_url
        self._host = urlsplit(api_url).netloc
        self._timeout_s = timeout_s
        self._idle: list[_Session] = []
        self._trust = trust.bundle() if urlsplit(api_url).scheme == "https" else None
        if self._trust is not None:
            trust.load(self._trust)

    def close(self) -> None:
        """Close every connection that is not in use."""
        while self._idle:
            self._idle.pop().close()

    def send(self, request: Request, token: str, left_s: float) -> Answer | TransientFailure:
        """Send `request` and take what comes, for `left_s` at the longest.

        Raises InputError: there is no reading the certificates that a variable names.
        """
        session, watch = self._session(), Watch()
        try:
            outcome = by_deadline(
                lambda: self._converse(session, request, token, watch, left_s), watch, left_s
            )
        except TimeoutError:
            return _late(self._host, watch)
        # A connection that was shut is of no use to the next.
        if watch.is_over:
            session.close()
        else:
            self._idle.append(session)
        return outcome

    def _converse(
        self, session: _Session, request: Request, token: str, watch: Watch, left_s: float
    ) -> Answer | TransientFailure:
        connect_s, read_s = (max(0.001, min(each, left_s)) for each in self._timeout_s)
        session.adapter.watch = watch
        try:
            answer = session.request(
                request.method,
                self._api_url + request.path,
                params=request.query,
                json=request.body,
                auth=_Bearer(token),
                timeout=(connect_s, read_s),
                allow_redirects=False,
                stream=True,
            )
        except _FAILURES as error:
            return _no_answer(error, self._host, watch)
        try:
            return self._read(answer, watch)
        finally:
            with suppress(*_FAILURES):
                answer.close()

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

    def _session(self) -> _Session:
        """A session nobody else uses at the moment, if it can be with a connection kept alive."""
        with suppress(IndexError):
            return self._idle.pop()
        session = _Session(trust.context(self._trust) if self._trust else None)
        # A proxy of the environment could not reach this machine's loopback.
        session.trust_env = not is_loopback(self._api_url)
        return session


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
    return _failure(f"{host} did not answer in time.", hint, watch, id="no-answer-in-time")


def _failure(
    message: str,
    hint: str,
    watch: Watch,
    *,
    id: str,  # noqa: A002 - the same word as in the report
    most_attempts: int = MOST_ATTEMPTS,
) -> TransientFailure:
    error = AppStoreConnectError(message, hint=hint, id=id)
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
                watch,
                id="tls-failed",
                most_attempts=1 if "CERTIFICATE_VERIFY_FAILED" in str(error) else MOST_ATTEMPTS,
            )
        case (requests.exceptions.ConnectTimeout() | requests.exceptions.ReadTimeout(), _) | (
            _,
            ReadTimeoutError(),
        ):
            return _late(host, watch)
        case requests.exceptions.ConnectionError(), NameResolutionError():
            what = f"{host} could not be reached: its name leads to no address."
            return _failure(what, network, watch, id="unreachable", most_attempts=_NO_NAME_ATTEMPTS)
        case requests.exceptions.ConnectionError(), NewConnectionError():
            what = f"{host} could not be reached."
            return _failure(what, network, watch, id="unreachable", most_attempts=_REFUSED_ATTEMPTS)
    if not watch.is_sent:
        hint = "Check `api-url` and the runner's proxy settings."
        return _failure(
            f"{host} could not be asked.", hint, watch, id="unreachable", most_attempts=1
        )
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
    return _failure(what, hint, watch, id="connection-broken")


def _no_tunnel(error: Exception, host: str, watch: Watch) -> TransientFailure:
    """A proxy that is not there, or does not let us through."""
    said = str(error).partition(_NO_TUNNEL)[2][:3]
    status = int(said) if said.isdecimal() else 0
    if status in (401, 403, 407):
        from asc_linker.apple.refusals import proxy_refusal

        refused = proxy_refusal(status)
        return TransientFailure(refused.message, refused, most_attempts=1, arrived=False)
    what = f"The proxy in front of {host} did not answer."
    if status:
        what = f"The proxy in front of {host} answered {status}."
    hint = "Check HTTPS_PROXY in the runner's environment."
    return _failure(what, hint, watch, id="proxy-failed", most_attempts=_REFUSED_ATTEMPTS)
