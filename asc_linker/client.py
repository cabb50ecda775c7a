"""App Store Connect over HTTP: the few requests we make, and Apple's errors turned into ours."""

from __future__ import annotations

import random
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urljoin, urlsplit

import requests
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError, ReadTimeoutError

from asc_linker.apple_error import every_error, parse_errors
from asc_linker.auth import Tokens
from asc_linker.catalogue import refusal
from asc_linker.errors import AppStoreConnectError, CredentialsError, UnexpectedAnswer
from asc_linker.json_api import Document, linkage, parse_json
from asc_linker.model import App, AppStoreVersion, Build, BuildId, BuildUpload, VersionId
from asc_linker.request import is_loopback
from asc_linker.retry import MOST_ATTEMPTS, Patience, Trouble, clock_fault, retry_after_s

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from asc_linker.clock import Clock
    from asc_linker.errors import AscLinkerError
    from asc_linker.json_api import Resource
    from asc_linker.model import AppId, Platform
    from asc_linker.request import Job

# Seconds to connect, and between two bytes of an answer.
_TIMEOUT_S = (10.0, 30.0)
# Apple's largest page.
_PAGE = {"limit": "200"}
_MOST_PAGES = 50
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

_UPLOAD_FIELDS = "cfBundleVersion,cfBundleShortVersionString,platform,state,uploadedDate"
_VERSION = {
    "include": "app,build",
    "fields[appStoreVersions]": "platform,versionString,appVersionState,appStoreState,app,build",
    "fields[apps]": "bundleId,name",
    "fields[builds]": "version,processingState",
}
_BUILD = {
    "include": "app,preReleaseVersion,appStoreVersion,buildUpload",
    "fields[builds]": "version,uploadedDate,processingState,expired,expirationDate,"
    "buildAudienceType,usesNonExemptEncryption,app,preReleaseVersion,appStoreVersion,buildUpload",
    "fields[apps]": "bundleId,name",
    "fields[preReleaseVersions]": "version,platform",
    "fields[appStoreVersions]": "versionString,platform,appVersionState",
    "fields[buildUploads]": _UPLOAD_FIELDS,
}
_UPLOAD = {
    "include": "build",
    "fields[buildUploads]": f"{_UPLOAD_FIELDS},build",
    "fields[builds]": "version",
}


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what came of it, for a log: no header, no body. `status` 0: no answer."""

    method: str
    path: str
    status: int
    seconds: float
    request_id: str

    def __str__(self) -> str:
        answer = str(self.status) if self.status else "no answer"
        return f"{self.method} {self.path} → {answer}, {self.seconds * 1000:.0f} ms" + (
            f", X-Request-ID {self.request_id}" if self.request_id else ""
        )


class MaybeApplied(AppStoreConnectError):
    """A write that is not repeated here: look whether it happened, and only then send it again.

    `wait_s` is how long to wait before that. Apple may have applied the write before it failed to
    answer; after a 429 it has not.
    """

    def __init__(self, trouble: Trouble, wait_s: float = 0.0) -> None:
        error = trouble.error
        super().__init__(
            error.message + (" Whether Apple made the change is not known." * trouble.arrived),
            hint=error.hint,
            apple=error.apple,
            request_id=error.request_id,
        )
        self.wait_s = wait_s


def _unheard(_line: str) -> None:
    """Where lines go that nobody asked for."""


@contextmanager
def connect(
    job: Job,
    clock: Clock,
    *,
    on_token: Callable[[str], None],
    on_exchange: Callable[[Exchange], None],
    on_retry: Callable[[str], None] = _unheard,
) -> Iterator[AppStoreConnect]:
    """App Store Connect as `job` reaches it; closed at the end.

    `on_token` receives every token before its first use, `on_exchange` every request after it,
    `on_retry` a line before each that is repeated.
    """
    tokens = Tokens(job.credentials, clock, on_token)
    apple = AppStoreConnect(
        tokens, api_url=job.api_url, clock=clock, on_exchange=on_exchange, on_retry=on_retry
    )
    try:
        yield apple
    finally:
        apple.close()


class AppStoreConnect:
    """The API, for one key. Safe to share between threads: each gets a kept-alive session.

    Reads and the linkage PATCH are repeated on trouble that may pass, see `Patience`; every method
    raises AscLinkerError and nothing else: CredentialsError for 401 and 403, NotFound for 404,
    NotAttachable for 409 and 422, AppStoreConnectError for the rest and for no answer, and its
    subclass MaybeApplied for a write that may have happened.
    """

    def __init__(
        self,
        tokens: Tokens,
        *,
        api_url: str,
        clock: Clock,
        on_exchange: Callable[[Exchange], None],
        on_retry: Callable[[str], None] = _unheard,
        timeout_s: tuple[float, float] = _TIMEOUT_S,
        random: Callable[[], float] = random.random,
    ) -> None:
        """`timeout_s` to connect, and between two bytes; `random` spreads the pauses."""
        self._tokens = tokens
        self._api_url = api_url
        self._clock = clock
        self._on_exchange = on_exchange
        self._on_retry = on_retry
        self._timeout_s = timeout_s
        self._random = random
        self._local = threading.local()
        self._sessions: list[requests.Session] = []
        self.requests_left: int | None = None

    def close(self) -> None:
        """Close every connection."""
        for session in self._sessions:
            session.close()

    def apps(self, bundle_id: str) -> list[App]:
        """Apps whose bundle id is `bundle_id`, or merely resembles it: Apple's filter is loose."""
        query = {"filter[bundleId]": bundle_id, "fields[apps]": "bundleId,name"} | _PAGE
        return [
            App.from_resource(app) for page in self._pages("/v1/apps", query) for app in page.data
        ]

    def visible_apps(self) -> list[App]:
        """The first 200 apps this key may see."""
        query = {"fields[apps]": "bundleId,name", "sort": "bundleId"} | _PAGE
        return [App.from_resource(app) for app in self._get("/v1/apps", query).data]

    def versions(
        self, app: AppId, *, version_strings: Sequence[str] = (), platform: Platform | None = None
    ) -> list[AppStoreVersion]:
        """The app's App Store versions, each with its app and the build attached to it.

        An empty argument does not narrow, nor does one that Apple refuses to filter by. Apple
        orders them as it likes.
        """
        filters = _filters({"filter[versionString]": version_strings, "filter[platform]": platform})
        pages = self._narrowed(f"/v1/apps/{_segment(app)}/appStoreVersions", _VERSION, filters)
        return [AppStoreVersion.from_resource(each, page) for page in pages for each in page.data]

    def version(self, version: VersionId) -> AppStoreVersion:
        """One App Store version, with its app and the build attached to it."""
        page = self._get(f"/v1/appStoreVersions/{_segment(version)}", _VERSION)
        return AppStoreVersion.from_resource(_only(page), page)

    def builds(
        self,
        app: AppId,
        *,
        numbers: Sequence[str] = (),
        version_strings: Sequence[str] = (),
        platform: Platform | None = None,
    ) -> list[Build]:
        """The app's uploaded builds, each with its app, its App Store version and its upload.

        An empty argument does not narrow, nor does one that Apple refuses to filter by. With
        `numbers` or `version_strings` every match is read, in Apple's order; without both only the
        first 200, newest upload first.
        """
        filters = _filters(
            {
                "filter[version]": numbers,
                "filter[preReleaseVersion.version]": version_strings,
                "filter[preReleaseVersion.platform]": platform,
            }
        )
        query = _BUILD | {"filter[app]": app}
        if numbers or version_strings:
            pages = self._narrowed("/v1/builds", query, filters)
        else:
            newest_first = {"sort": "-uploadedDate"}
            pages = [self._get("/v1/builds", query | filters | newest_first | _PAGE)]
        return [Build.from_resource(build, page) for page in pages for build in page.data]

    def build(self, build: BuildId) -> Build:
        """One build, with its app, its App Store version and its upload."""
        page = self._get(f"/v1/builds/{_segment(build)}", _BUILD)
        return Build.from_resource(_only(page), page)

    def uploads(
        self,
        app: AppId,
        *,
        numbers: Sequence[str] = (),
        version_strings: Sequence[str] = (),
        platform: Platform | None = None,
    ) -> list[BuildUpload]:
        """What was uploaded for the app, also what is no build yet or never will be.

        An empty argument does not narrow, nor does one that Apple refuses to filter by.
        """
        filters = _filters(
            {
                "filter[cfBundleVersion]": numbers,
                "filter[cfBundleShortVersionString]": version_strings,
                "filter[platform]": platform,
            }
        )
        path = f"/v1/apps/{_segment(app)}/buildUploads"
        pages = self._narrowed(path, _UPLOAD, filters)
        return [BuildUpload.from_resource(upload) for page in pages for upload in page.data]

    def attached_build(self, version: VersionId) -> BuildId | None:
        """The id of the build attached to `version` now; None when there is none."""
        ref = linkage(self._read(_Request("GET", _linkage_path(version))))
        return None if ref is None else BuildId(ref.id)

    def attach_build(self, version: VersionId, build: BuildId) -> None:
        """Attach `build` to `version`, in place of whatever is attached now.

        Apple's page shows a body in the answer, its OpenAPI promises 204 without one: we read none.
        The call names the whole new value, so sending it twice is sending it once: safe to retry,
        once a read has shown that the first did not take effect.

        Source: https://developer.apple.com/documentation/appstoreconnectapi/patch-v1-appstoreversions-_id_-relationships-build
        """
        self._link(version, build)

    def detach_build(self, version: VersionId) -> None:
        """Attach no build to `version`. Retried as `attach_build` is.

        Apple's page has an example with `data: null`, which its OpenAPI does not allow.
        """
        self._link(version, None)

    def create_version(
        self,
        app: AppId,
        platform: Platform,
        version_string: str,
        build: BuildId,
        *,
        release_type: str | None = None,
        earliest_release_date: str | None = None,
    ) -> VersionId:
        """Create an App Store version with `build` attached, in one write. Returns its id.

        `release_type` is Apple's word, `earliest_release_date` an ISO 8601 time; Apple chooses
        where they are None.

        Raises MaybeApplied: no clear answer came. Look for the version before repeating.
        """
        attributes = {
            "platform": platform,
            "versionString": version_string,
            "releaseType": release_type,
            "earliestReleaseDate": earliest_release_date,
        }
        data = {
            "type": "appStoreVersions",
            "attributes": {name: each for name, each in attributes.items() if each is not None},
            "relationships": {
                "app": {"data": {"type": "apps", "id": app}},
                "build": {"data": {"type": "builds", "id": build}},
            },
        }
        request = _Request("POST", "/v1/appStoreVersions", body={"data": data})
        body = self._send_once(request)
        try:
            return VersionId(_only(Document.parse(body)).id)
        except UnexpectedAnswer as error:
            raise MaybeApplied(Trouble("the answer is no version", error)) from error

    def rename_version(self, version: VersionId, version_string: str, build: BuildId) -> None:
        """Give `version` another version string and the build that goes with it, in one write.

        Raises MaybeApplied: no clear answer came. Look at the version before repeating.
        """
        data = {
            "type": "appStoreVersions",
            "id": version,
            "attributes": {"versionString": version_string},
            "relationships": {"build": {"data": {"type": "builds", "id": build}}},
        }
        path = f"/v1/appStoreVersions/{_segment(version)}"
        self._send_once(_Request("PATCH", path, body={"data": data}))

    def answer_encryption(self, build: BuildId, answer: bool) -> None:
        """Answer the build's export compliance. Apple takes one answer, and never another.

        Raises MaybeApplied: no clear answer came. Look at the build before repeating.
        """
        attributes = {"usesNonExemptEncryption": answer}
        data = {"type": "builds", "id": build, "attributes": attributes}
        path = f"/v1/builds/{_segment(build)}"
        self._send_once(_Request("PATCH", path, body={"data": data}))

    def _link(self, version: VersionId, build: BuildId | None) -> None:
        """PATCH the linkage until Apple takes it, or a read shows that it had."""
        data = None if build is None else {"type": "builds", "id": build}
        request = _Request("PATCH", _linkage_path(version), body={"data": data})
        patience = self._patience(request)
        while isinstance(outcome := self._attempt(request, patience), Trouble):
            if outcome.arrived and self._was_linked(version, build, outcome):
                return
            patience.pause(outcome)

    def _was_linked(self, version: VersionId, build: BuildId | None, trouble: Trouble) -> bool:
        """Whether a write that had no good answer was applied. Raises MaybeApplied: no telling."""
        try:
            return self.attached_build(version) == build
        except AppStoreConnectError as error:
            raise MaybeApplied(trouble) from error

    def _send_once(self, request: _Request) -> bytes:
        """Send a write that is repeated only when Apple did not take the token.

        Raises MaybeApplied: it met with trouble that may pass.
        """
        patience = self._patience(request)
        while isinstance(outcome := self._attempt(request, patience), Trouble):
            if not outcome.at_once:
                wait_s = patience.next_pause_s(outcome)
                raise MaybeApplied(outcome, wait_s) from outcome.error
            patience.pause(outcome)
        return outcome.body

    def _read(self, request: _Request) -> bytes:
        """GET until there is whole JSON. Raises what the last attempt met with."""
        patience = self._patience(request)
        while True:
            outcome = self._attempt(request, patience)
            if isinstance(outcome, _Answer):
                try:
                    parse_json(outcome.body)
                except UnexpectedAnswer as error:
                    error.request_id = outcome.request_id
                    outcome = Trouble("the answer is no JSON, or only a part", error)
                else:
                    return outcome.body
            patience.pause(outcome)

    def _get(self, path: str, query: Mapping[str, str]) -> Document:
        return Document.parse(self._read(_Request("GET", path, query)))

    def _narrowed(
        self, path: str, query: Mapping[str, str], filters: Mapping[str, str]
    ) -> list[Document]:
        """Every page of what `filters` leave; of everything, where Apple refuses to filter.

        Callers compare what they get with what they asked for, so more of it is no danger.
        """
        try:
            return list(self._pages(path, {**query, **filters, **_PAGE}))
        except AppStoreConnectError as error:
            if not filters or not _is_about_a_parameter(error):
                raise
        self._on_retry(f"GET {path}: App Store Connect refused a filter. Reading without any.")
        return list(self._pages(path, {**query, **_PAGE}))

    def _pages(self, path: str, query: Mapping[str, str]) -> Iterator[Document]:
        """Every page. Apple's `next` link carries all parameters, and is followed unchanged."""
        page = self._get(path, query)
        yield page
        for _ in range(_MOST_PAGES):
            if page.next_url is None:
                return
            page = self._get(self._path_of(page.next_url), {})
            yield page
        raise UnexpectedAnswer(f"App Store Connect's list has no end after {_MOST_PAGES} pages.")

    def _path_of(self, next_url: str) -> str:
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

    def _patience(self, request: _Request) -> Patience:
        return Patience(str(request), self._clock, self._random, self._on_retry)

    def _attempt(self, request: _Request, patience: Patience) -> _Answer | Trouble:
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

    def _exchange(self, request: _Request, token: str, left_s: float) -> _Answer | Trouble:
        """Send `request` and take what comes, for `left_s` at the longest."""
        started = self._clock.monotonic()
        # An attempt that begins in the last moment still gets one second.
        longest_s = max(left_s, 1.0)
        connect_s, read_s = (min(each, longest_s) for each in self._timeout_s)
        status, request_id = 0, ""
        try:
            with self._session().request(
                request.method,
                self._api_url + request.path,
                params=request.query,
                json=request.body,
                auth=_Bearer(token),
                timeout=(connect_s, read_s),
                allow_redirects=False,
                stream=True,
            ) as answer:
                status, request_id = answer.status_code, answer.headers.get("X-Request-ID", "")
                body, cut = self._body(answer, started + longest_s)
                return _Answer(status, answer.headers, request_id, body, cut)
        except (requests.RequestException, HTTPError) as error:
            return _no_answer(error, self._host)
        finally:
            seconds = self._clock.monotonic() - started
            self._on_exchange(
                Exchange(request.method, request.plain_path, status, seconds, request_id)
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

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = requests.Session()
            session.headers.update({"Accept": "application/json", "User-Agent": "asc-linker"})
            # A proxy of the environment could not reach this machine's loopback.
            session.trust_env = not is_loopback(self._api_url)
            self._local.session = session
            self._sessions.append(session)
        return session

    def _note_rate_limit(self, header: str) -> None:
        for pair in header.replace(",", ";").split(";"):
            name, _, value = pair.strip().partition(":")
            if name == "user-hour-rem" and _COUNT.fullmatch(value):
                self.requests_left = int(value)


@dataclass(slots=True)
class _Request:
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
class _Answer:
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


def _is_about_a_parameter(error: AppStoreConnectError) -> bool:
    return any(each.is_a("PARAMETER_ERROR") for each in every_error(error.apple))


def _only(document: Document) -> Resource:
    """The resource of a document that must hold exactly one."""
    if len(document.data) != 1:
        raise UnexpectedAnswer(f"App Store Connect sent {len(document.data)} resources, not one.")
    return document.data[0]


def _filters(values: Mapping[str, str | Sequence[str] | None]) -> dict[str, str]:
    """Parameters for what is given; several values of one filter are alternatives."""
    return {
        name: value if isinstance(value, str) else ",".join(value)
        for name, value in values.items()
        if value
    }


def _linkage_path(version: VersionId) -> str:
    return f"/v1/appStoreVersions/{_segment(version)}/relationships/build"


def _segment(text: str) -> str:
    return quote(text, safe="")
