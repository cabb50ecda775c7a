"""App Store Connect over HTTP: the few requests we make, and Apple's errors turned into ours."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote

from asc_linker.apple.json_api import Document, linkage
from asc_linker.apple.model import App, AppStoreVersion, Build, BuildId, BuildUpload, VersionId
from asc_linker.apple.retry import Trouble
from asc_linker.apple.tokens import Tokens
from asc_linker.apple.transport import Request, Transport
from asc_linker.errors import AppStoreConnectError, UnexpectedAnswer, every_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from asc_linker.apple.access import Access
    from asc_linker.apple.json_api import Resource
    from asc_linker.apple.model import AppId, Platform
    from asc_linker.apple.transport import Exchange
    from asc_linker.clock import Clock

# Apple's largest page.
_PAGE = {"limit": "200"}
_MOST_PAGES = 50

_UPLOAD_FIELDS = "cfBundleVersion,cfBundleShortVersionString,platform,state,uploadedDate"
_VERSION = {
    "include": "app,build",
    "fields[appStoreVersions]": "platform,versionString,appVersionState,appStoreState,app,build",
    "fields[apps]": "bundleId,name",
    "fields[builds]": "version,processingState,usesNonExemptEncryption",
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


_UNKNOWN = " Whether Apple made the change is not known."


class MaybeApplied(AppStoreConnectError):
    """A write that is not repeated here: look whether it happened, and only then send it again.

    `wait_s` is how long to wait before that. Apple may have applied the write before it failed to
    answer; after a 429 it has not.
    """

    def __init__(self, trouble: Trouble, wait_s: float = 0.0) -> None:
        error = trouble.error
        super().__init__(
            error.message + _UNKNOWN * trouble.arrived,
            hint=error.hint,
            apple=error.apple,
            request_id=error.request_id,
        )
        self.wait_s = wait_s


@contextmanager
def connect(
    access: Access,
    clock: Clock,
    *,
    on_token: Callable[[str], None],
    on_exchange: Callable[[Exchange], None],
    on_retry: Callable[[str], None],
) -> Iterator[AppStoreConnect]:
    """App Store Connect as `access` reaches it; closed at the end.

    `on_token` receives every token before its first use, `on_exchange` every request after it,
    `on_retry` a line before each that is repeated.
    """
    tokens = Tokens(access.credentials, clock, on_token)
    transport = Transport(
        tokens, api_url=access.api_url, clock=clock, on_exchange=on_exchange, on_retry=on_retry
    )
    try:
        yield AppStoreConnect(transport)
    finally:
        transport.close()


class AppStoreConnect:
    """The API, for one key. Safe to share between threads.

    Reads and the linkage PATCH are repeated on trouble that may pass, see `Patience`; every method
    raises AscLinkerError and nothing else: CredentialsError for 401 and 403, NotFound for 404,
    NotAttachable for 409 and 422, AppStoreConnectError for the rest and for no answer, and its
    subclass MaybeApplied for a write that may have happened.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @property
    def requests_left(self) -> int | None:
        """What the key may still ask in this hour; None until Apple has said so."""
        return self._transport.requests_left

    def apps(self, bundle_id: str) -> list[App]:
        """Apps whose bundle id is `bundle_id`, or merely resembles it: Apple's filter is loose."""
        pages = self._narrowed(
            "/v1/apps", {"fields[apps]": "bundleId,name"}, {"filter[bundleId]": bundle_id}
        )
        return [App.from_resource(app) for page in pages for app in page.data]

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
        ref = linkage(self._transport.read(Request("GET", _linkage_path(version))))
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
        request = Request("POST", "/v1/appStoreVersions", body={"data": data})
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
        self._send_once(Request("PATCH", path, body={"data": data}))

    def answer_encryption(self, build: BuildId, answer: bool) -> None:
        """Answer the build's export compliance. Apple takes one answer, and never another.

        Raises MaybeApplied: no clear answer came. Look at the build before repeating.
        """
        attributes = {"usesNonExemptEncryption": answer}
        data = {"type": "builds", "id": build, "attributes": attributes}
        path = f"/v1/builds/{_segment(build)}"
        self._send_once(Request("PATCH", path, body={"data": data}))

    def _link(self, version: VersionId, build: BuildId | None) -> None:
        """PATCH the linkage until Apple takes it, or a read shows that it had."""
        data = None if build is None else {"type": "builds", "id": build}
        request = Request("PATCH", _linkage_path(version), body={"data": data})
        patience = self._transport.patience(request)
        while isinstance(outcome := self._transport.attempt(request, patience), Trouble):
            if outcome.arrived and self._was_linked(version, build, outcome):
                return
            patience.pause(outcome)

    def _was_linked(self, version: VersionId, build: BuildId | None, trouble: Trouble) -> bool:
        """Whether a write that had no good answer was applied. Raises MaybeApplied: no telling."""
        try:
            return self.attached_build(version) == build
        except AppStoreConnectError as error:
            raise MaybeApplied(trouble) from error

    def _send_once(self, request: Request) -> bytes:
        """Send a write that is repeated only when Apple did not take the token.

        Raises MaybeApplied: it met with trouble that may pass.
        """
        patience = self._transport.patience(request)
        while isinstance(outcome := self._transport.attempt(request, patience), Trouble):
            if not outcome.at_once:
                try:
                    wait_s = patience.next_pause_s(outcome)
                except AppStoreConnectError as error:
                    error.message += _UNKNOWN * outcome.arrived
                    raise
                raise MaybeApplied(outcome, wait_s) from outcome.error
            patience.pause(outcome)
        return outcome.body

    def _get(self, path: str, query: Mapping[str, str]) -> Document:
        return Document(self._transport.read(Request("GET", path, query)))

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
        self._transport.tell_retry(
            f"GET {path}: App Store Connect refused a filter. Reading without any."
        )
        return list(self._pages(path, {**query, **_PAGE}))

    def _pages(self, path: str, query: Mapping[str, str]) -> Iterator[Document]:
        """Every page. Apple's `next` link carries all parameters, and is followed unchanged."""
        page = self._get(path, query)
        yield page
        for _ in range(_MOST_PAGES):
            if page.next_url is None:
                return
            page = self._get(self._transport.path_of(page.next_url), {})
            yield page
        raise UnexpectedAnswer(f"App Store Connect's list has no end after {_MOST_PAGES} pages.")


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
