"""App Store Connect over HTTP: the few requests we make, and Apple's errors turned into ours."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urljoin, urlsplit

import requests
from requests.auth import AuthBase

from asc_linker.apple_error import parse_errors
from asc_linker.auth import Tokens
from asc_linker.catalogue import refusal
from asc_linker.errors import AppStoreConnectError, UnexpectedAnswer
from asc_linker.json_api import Document, linkage
from asc_linker.model import App, AppStoreVersion, Build, BuildId
from asc_linker.request import is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from asc_linker.clock import Clock
    from asc_linker.model import AppId, Platform, VersionId
    from asc_linker.request import Job

# Seconds to connect, and between two bytes of an answer.
_TIMEOUT_S = (10.0, 30.0)
# Apple's largest page.
_PAGE = "200"
_MOST_PAGES = 50

_VERSIONS = {
    "include": "app,build",
    "fields[appStoreVersions]": "platform,versionString,appVersionState,appStoreState,app,build",
    "fields[apps]": "bundleId,name",
    "fields[builds]": "version,processingState",
    "limit": _PAGE,
}
_BUILDS = {
    "include": "preReleaseVersion,appStoreVersion",
    "fields[builds]": "version,uploadedDate,processingState,expired,expirationDate,"
    "buildAudienceType,usesNonExemptEncryption,preReleaseVersion,appStoreVersion",
    "fields[preReleaseVersions]": "version,platform",
    "fields[appStoreVersions]": "versionString,platform,appVersionState",
    "limit": _PAGE,
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


@contextmanager
def connect(
    job: Job,
    clock: Clock,
    *,
    on_token: Callable[[str], None],
    on_exchange: Callable[[Exchange], None],
) -> Iterator[AppStoreConnect]:
    """App Store Connect as `job` reaches it; closed at the end.

    `on_token` receives every token before its first use, `on_exchange` every request after it.
    """
    tokens = Tokens(job.credentials, clock, on_token)
    apple = AppStoreConnect(tokens, api_url=job.api_url, clock=clock, on_exchange=on_exchange)
    try:
        yield apple
    finally:
        apple.close()


class AppStoreConnect:
    """The API, for one key. Safe to share between threads: each gets a kept-alive session.

    Every method raises AscLinkerError and nothing else: CredentialsError for 401 and 403, NotFound
    for 404, NotAttachable for 409 and 422, AppStoreConnectError for the rest and for no answer.
    """

    def __init__(
        self,
        tokens: Tokens,
        *,
        api_url: str,
        clock: Clock,
        on_exchange: Callable[[Exchange], None],
    ) -> None:
        self._auth = _Bearer(tokens)
        self._api_url = api_url
        self._clock = clock
        self._on_exchange = on_exchange
        self._local = threading.local()
        self._sessions: list[requests.Session] = []
        self.requests_left: int | None = None

    def close(self) -> None:
        """Close every connection."""
        for session in self._sessions:
            session.close()

    def apps(self, bundle_id: str) -> list[App]:
        """Apps whose bundle id is `bundle_id`, or merely resembles it: Apple's filter is loose."""
        query = {"filter[bundleId]": bundle_id, "fields[apps]": "bundleId,name", "limit": _PAGE}
        return [
            App.from_resource(app) for page in self._pages("/v1/apps", query) for app in page.data
        ]

    def visible_apps(self) -> list[App]:
        """The first 200 apps this key may see."""
        query = {"fields[apps]": "bundleId,name", "sort": "bundleId", "limit": _PAGE}
        return [App.from_resource(app) for app in self._get("/v1/apps", query).data]

    def versions(
        self, app: AppId, *, version_strings: Sequence[str] = (), platform: Platform | None = None
    ) -> list[AppStoreVersion]:
        """The app's App Store versions, each with its app and the build attached to it.

        An empty argument does not narrow. Apple orders them as it likes.
        """
        query = _VERSIONS | _filters(
            {"filter[versionString]": version_strings, "filter[platform]": platform}
        )
        return [
            AppStoreVersion.from_resource(version, page)
            for page in self._pages(f"/v1/apps/{_segment(app)}/appStoreVersions", query)
            for version in page.data
        ]

    def builds(
        self,
        app: AppId,
        *,
        numbers: Sequence[str] = (),
        version_strings: Sequence[str] = (),
        platform: Platform | None = None,
    ) -> list[Build]:
        """The app's uploaded builds; an empty argument does not narrow.

        With `numbers` every match is read, without them only the first 200, newest upload first.
        """
        query = _BUILDS | _filters(
            {
                "filter[app]": app,
                "filter[version]": numbers,
                "filter[preReleaseVersion.version]": version_strings,
                "filter[preReleaseVersion.platform]": platform,
            }
        )
        if numbers:
            pages = self._pages("/v1/builds", query)
        else:
            pages = iter([self._get("/v1/builds", query | {"sort": "-uploadedDate"})])
        return [Build.from_resource(build, page) for page in pages for build in page.data]

    def attached_build(self, version: VersionId) -> BuildId | None:
        """The id of the build attached to `version` now; None when there is none."""
        ref = linkage(self._send("GET", _linkage_path(version)).content)
        return None if ref is None else BuildId(ref.id)

    def attach_build(self, version: VersionId, build: BuildId) -> None:
        """Attach `build` to `version`, in place of whatever is attached now.

        Apple's page shows a body in the answer, its OpenAPI promises 204 without one: we read none.
        The call names the whole new value, so sending it twice is sending it once: safe to retry.

        Source: https://developer.apple.com/documentation/appstoreconnectapi/patch-v1-appstoreversions-_id_-relationships-build
        """
        self._send("PATCH", _linkage_path(version), body={"data": {"type": "builds", "id": build}})

    def _get(self, path: str, query: Mapping[str, str]) -> Document:
        return Document.parse(self._send("GET", path, query=query).content)

    def _pages(self, path: str, query: Mapping[str, str]) -> Iterator[Document]:
        """Every page. Apple's `next` link carries all parameters, and is followed unchanged."""
        page = self._get(path, query)
        yield page
        for _ in range(_MOST_PAGES):
            if page.next_url is None:
                return
            url = urljoin(self._api_url, page.next_url)
            if urlsplit(url)[:2] != urlsplit(self._api_url)[:2]:
                raise UnexpectedAnswer(
                    "App Store Connect's next page is on another host; it was not followed.",
                    hint="The token is for one origin only. Check `api-url` and any proxy.",
                )
            page = self._get(url.removeprefix(self._api_url), {})
            yield page
        raise UnexpectedAnswer(f"App Store Connect's list has no end after {_MOST_PAGES} pages.")

    def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
    ) -> requests.Response:
        """One exchange; any 2xx is returned, everything else is raised."""
        started = self._clock.monotonic()
        status, request_id = 0, ""
        try:
            answer = self._session().request(
                method,
                self._api_url + path,
                params=query,
                json=body,
                timeout=_TIMEOUT_S,
                allow_redirects=False,
            )
            status, request_id = answer.status_code, answer.headers.get("X-Request-ID", "")
        except requests.RequestException as error:
            raise _no_answer(error, urlsplit(self._api_url).netloc) from error
        finally:
            seconds = self._clock.monotonic() - started
            plain_path = path.partition("?")[0]
            self._on_exchange(Exchange(method, plain_path, status, seconds, request_id))
        self._note_rate_limit(answer.headers.get("X-Rate-Limit", ""))
        if answer.ok and not answer.is_redirect:
            return answer
        if answer.is_redirect:
            raise UnexpectedAnswer(
                "App Store Connect answered with a redirect; it was not followed.",
                hint="The token is for one origin only. Check `api-url` and any proxy.",
                request_id=request_id,
            )
        raise refusal(status, parse_errors(answer.content), request_id)

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = requests.Session()
            session.auth = self._auth
            session.headers.update({"Accept": "application/json", "User-Agent": "asc-linker"})
            # A proxy of the environment could not reach this machine's loopback.
            session.trust_env = not is_loopback(self._api_url)
            self._local.session = session
            self._sessions.append(session)
        return session

    def _note_rate_limit(self, header: str) -> None:
        for pair in header.replace(",", ";").split(";"):
            name, _, value = pair.strip().partition(":")
            if name == "user-hour-rem" and value.isdecimal():
                self.requests_left = int(value)


class _Bearer(AuthBase):
    """Puts the current token on each request; as `auth`, it also keeps a .netrc from doing so."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._tokens.current()}"
        return request


def _no_answer(error: requests.RequestException, host: str) -> AppStoreConnectError:
    """No usable answer, in a sentence. The library's own text stays in the chain, unshown."""
    match error:
        case requests.exceptions.SSLError():
            what = f"The TLS connection to {host} failed."
            hint = "A proxy that opens TLS, or old root certificates, are the usual causes."
        case requests.exceptions.ProxyError():
            what = f"The proxy in front of {host} did not answer."
            hint = "Check HTTPS_PROXY in the runner's environment."
        case requests.exceptions.ConnectTimeout() | requests.exceptions.ReadTimeout():
            what = f"{host} did not answer in time."
            hint = "Run again later; developer.apple.com/system-status tells of outages."
        case (
            requests.exceptions.ChunkedEncodingError() | requests.exceptions.ContentDecodingError()
        ):
            what = f"The answer of {host} was cut off."
            hint = "Run again."
        case _:
            what = f"{host} could not be reached."
            hint = "Check the runner's network, DNS and proxy settings."
    return AppStoreConnectError(what, hint=hint)


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
