"""App Store Connect over HTTP: the few requests we make, and Apple's errors turned into ours."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from math import ceil
from typing import TYPE_CHECKING, TypeAlias, TypeVar
from urllib.parse import quote, urlencode

from asc_linker.apple.json_api import Document, linkage
from asc_linker.apple.model import App, AppStoreVersion, Build, BuildId, BuildUpload, VersionId
from asc_linker.apple.requester import Requester
from asc_linker.apple.retry import MOST_ATTEMPTS, TransientFailure
from asc_linker.apple.tokens import Tokens
from asc_linker.apple.transport import Request
from asc_linker.errors import (
    AppStoreConnectError,
    AscLinkerError,
    MaybeApplied,
    UnexpectedAnswer,
    every_error,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from asc_linker.apple.access import Access
    from asc_linker.apple.json_api import Resource
    from asc_linker.apple.model import AppId, Platform
    from asc_linker.apple.requester import Exchange
    from asc_linker.clock import Clock

    _Filters = Mapping[str, tuple[str, ...]]

_Value = TypeVar("_Value")
_Convert: TypeAlias = "Callable[[Resource, Document], _Value]"

# Apple's largest page.
_PAGE_SIZE = 200
_PAGE = {"limit": str(_PAGE_SIZE)}
_MOST_PAGES = 50
# How many apps one request may name. Apple's longest URL is not documented.
_APPS = ("filter[app]", "filter[bundleId]")
_MOST_APPS = 50
_LONGEST_URL = 2000
_LONG_AGO = datetime.min.replace(tzinfo=UTC)

_UPLOAD_FIELDS = (
    "cfBundleVersion,cfBundleShortVersionString,platform,state,uploadedDate,createdDate"
)
_APP = {"fields[apps]": "bundleId,name"}
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

    Raises InputError: the environment names certificates that are not there.
    """
    tokens = Tokens(access.credentials, clock, on_token)
    requester = Requester(
        tokens, api_url=access.api_url, clock=clock, on_exchange=on_exchange, on_retry=on_retry
    )
    try:
        yield AppStoreConnect(requester)
    finally:
        requester.close()


class AppStoreConnect:
    """The API, for one key. Safe to share between threads.

    Requests are repeated after a failure that may pass, see `RetryBudget`. Every method raises
    AscLinkerError and nothing else: CredentialsError for 401, 403 and 407, NotFound for 404,
    NotAttachable for 409 and 422, AppStoreConnectError for the rest and for no answer.

    A write asks its `is_applied` after every attempt that may have reached Apple without a clear
    answer, before it sends anything again. It raises MaybeApplied where that does not know either,
    that is raises itself: whether Apple made the change is not known. After any other error of a
    write Apple has not made it.
    """

    def __init__(self, requester: Requester) -> None:
        self._requester = requester

    @property
    def requests_left(self) -> int | None:
        """What the key may still ask in this hour; None until Apple has said so."""
        return self._requester.quota.left

    @property
    def requests_an_hour(self) -> int | None:
        """What the key may ask in any hour; None until Apple has said so."""
        return self._requester.quota.hourly

    def apps(self, bundle_ids: Sequence[str]) -> list[App]:
        """Apps of these bundle ids, and some that merely resemble them: Apple's filter is loose."""
        return self._list("/v1/apps", _APP, {"filter[bundleId]": tuple(bundle_ids)}, _app)

    def visible_apps(self) -> list[App]:
        """The first 200 apps this key may see."""
        return self._first_page("/v1/apps", _APP | {"sort": "bundleId"}, _app)

    def versions(
        self, app: AppId, *, version_strings: Sequence[str] = (), platform: Platform | None = None
    ) -> list[AppStoreVersion]:
        """The app's App Store versions, each with its app and the build attached to it.

        An empty argument does not narrow, nor does one that Apple refuses to filter by. Apple
        orders them as it likes.
        """
        filters = {
            "filter[versionString]": tuple(version_strings),
            "filter[platform]": _one(platform),
        }
        path = f"/v1/apps/{_segment(app)}/appStoreVersions"
        return self._list(path, _VERSION, filters, AppStoreVersion.from_resource)

    def version(self, version: VersionId) -> AppStoreVersion:
        """One App Store version, with its app and the build attached to it."""
        path = f"/v1/appStoreVersions/{_segment(version)}"
        return self._get(path, _VERSION, _one_of(AppStoreVersion.from_resource))

    def builds(
        self,
        apps: Sequence[AppId],
        *,
        numbers: Sequence[str] = (),
        version_strings: Sequence[str] = (),
        platform: Platform | None = None,
    ) -> list[Build]:
        """The apps' uploaded builds, each with its app, its App Store version and its upload.

        Every match is read: any of the numbers with any of the version strings, of any of the apps.
        An empty argument does not narrow, nor does one that Apple refuses to filter by.
        """
        filters = _build_filters(numbers, version_strings, platform)
        return self._list(
            "/v1/builds", _BUILD, filters, Build.from_resource, {"filter[app]": tuple(apps)}
        )

    def newest_builds(self, app: AppId) -> list[Build]:
        """The app's builds that were uploaded last, 200 at the most, the newest first."""
        query = _BUILD | {"filter[app]": app}
        try:
            builds = self._first_page(
                "/v1/builds", query | {"sort": "-uploadedDate"}, Build.from_resource
            )
        except AppStoreConnectError as error:
            if not _is_about_a_parameter(error):
                raise
            builds = self._first_page("/v1/builds", query, Build.from_resource)
        return sorted(builds, key=lambda build: build.uploaded_at or _LONG_AGO, reverse=True)

    def builds_of_any_app(
        self,
        *,
        numbers: Sequence[str],
        version_strings: Sequence[str],
        platform: Platform | None,
    ) -> list[Build] | None:
        """Every build the key sees of these numbers and version strings, whatever its app.

        For the time when the app's id is not known yet. None where `builds` has to be asked, which
        can name the app: there are more than fit on one page, or there was no clean answer at once.
        """
        filters = _build_filters(numbers, version_strings, platform)
        query = _BUILD | {name: ",".join(values) for name, values in filters.items() if values}
        if self._url_length("/v1/builds", query | _PAGE) > _LONGEST_URL:
            return None
        try:
            builds, next_url = self._get(
                "/v1/builds", query | _PAGE, _all_of(Build.from_resource), most_attempts=1
            )
        except AscLinkerError:
            return None
        return builds if next_url is None else None

    def build(self, build: BuildId) -> Build:
        """One build, with its app, its App Store version and its upload."""
        path = f"/v1/builds/{_segment(build)}"
        return self._get(path, _BUILD, _one_of(Build.from_resource))

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
        filters = {
            "filter[cfBundleVersion]": tuple(numbers),
            "filter[cfBundleShortVersionString]": tuple(version_strings),
            "filter[platform]": _one(platform),
        }
        path = f"/v1/apps/{_segment(app)}/buildUploads"
        return self._list(path, _UPLOAD, filters, _upload)

    def attached_build(self, version: VersionId) -> BuildId | None:
        """The id of the build attached to `version` now; None when there is none."""
        ref = self._requester.read(Request("GET", _linkage_path(version)), linkage)
        if ref is None:
            return None
        if ref.type != "builds":
            raise UnexpectedAnswer("App Store Connect shows something attached that is no build.")
        return BuildId(ref.id)

    def attach_build(
        self, version: VersionId, build: BuildId, *, is_applied: Callable[[], bool]
    ) -> None:
        """Attach `build` to `version`, in place of whatever is attached now.

        Apple's page shows a body in the answer, its OpenAPI promises 204 without one: we read none.

        Source: https://developer.apple.com/documentation/appstoreconnectapi/patch-v1-appstoreversions-_id_-relationships-build
        """
        body = {"data": {"type": "builds", "id": build}}
        self._write(Request("PATCH", _linkage_path(version), body=body), is_applied, _anything)

    def detach_build(self, version: VersionId, *, is_applied: Callable[[], bool]) -> None:
        """Attach no build to `version`.

        Apple's page has an example with `data: null`, which its OpenAPI does not allow.
        """
        body = {"data": None}
        self._write(Request("PATCH", _linkage_path(version), body=body), is_applied, _anything)

    def create_version(
        self,
        app: AppId,
        platform: Platform,
        version_string: str,
        build: BuildId,
        *,
        release_type: str | None = None,
        earliest_release_date: str | None = None,
        is_applied: Callable[[], bool],
    ) -> VersionId | None:
        """Create an App Store version with `build` attached, in one write.

        `release_type` is Apple's word, `earliest_release_date` an ISO 8601 time; Apple chooses
        where they are None. Returns the version's id; None: the answer with it was lost, and
        `is_applied` has seen the version.
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
        return self._write(request, is_applied, _created_version)

    def rename_version(
        self,
        version: VersionId,
        version_string: str,
        build: BuildId,
        *,
        is_applied: Callable[[], bool],
    ) -> None:
        """Give `version` another version string and the build that goes with it, in one write."""
        data = {
            "type": "appStoreVersions",
            "id": version,
            "attributes": {"versionString": version_string},
            "relationships": {"build": {"data": {"type": "builds", "id": build}}},
        }
        path = f"/v1/appStoreVersions/{_segment(version)}"
        self._write(Request("PATCH", path, body={"data": data}), is_applied, _anything)

    def answer_encryption(
        self, build: BuildId, answer: bool, *, is_applied: Callable[[], bool]
    ) -> None:
        """Answer the build's export compliance. Apple takes one answer, and never another."""
        attributes = {"usesNonExemptEncryption": answer}
        data = {"type": "builds", "id": build, "attributes": attributes}
        path = f"/v1/builds/{_segment(build)}"
        self._write(Request("PATCH", path, body={"data": data}), is_applied, _anything)

    def _write(
        self,
        request: Request,
        is_applied: Callable[[], bool],
        read: Callable[[bytes | bytearray], _Value],
    ) -> _Value | None:
        """Send `request` until Apple takes it, or it is seen that Apple had taken it.

        Returns what `read` makes of the answer's body; None where there was no clear answer. An
        UnexpectedAnswer of `read` counts as none.
        """
        requester = self._requester
        budget = requester.budget(request)
        while True:
            outcome = requester.attempt(request, budget)
            if not isinstance(outcome, TransientFailure):
                try:
                    with requester.one_document:
                        return read(outcome.body)
                except UnexpectedAnswer as error:
                    error.request_id = outcome.request_id
                    outcome = TransientFailure("the answer cannot be read", error)
            if outcome.arrived and _is_known_as_applied(outcome, is_applied):
                return None
            requester.pause(outcome, budget)

    def _get(
        self,
        path: str,
        query: Mapping[str, str],
        convert: Callable[[Document], _Value],
        most_attempts: int = MOST_ATTEMPTS,
    ) -> _Value:
        return self._requester.read(
            Request("GET", path, query),
            lambda raw: convert(Document(raw)),
            most_attempts=most_attempts,
        )

    def _first_page(
        self, path: str, query: Mapping[str, str], convert: _Convert[_Value]
    ) -> list[_Value]:
        values, _ = self._get(path, {**query, **_PAGE}, _all_of(convert))
        return values

    def _list(
        self,
        path: str,
        query: Mapping[str, str],
        filters: _Filters,
        convert: _Convert[_Value],
        always: _Filters | None = None,
    ) -> list[_Value]:
        """Everything that `filters` leave; of all there is, where Apple refuses to filter.

        `always` are the filters without which there is no asking. Callers compare what they get
        with what they asked for, so more of it is no danger.
        """
        always = always or {}
        try:
            return self._filtered(path, query, {**always, **filters}, convert)
        except AppStoreConnectError as error:
            if not any(filters.values()) or not _is_about_a_parameter(error):
                raise
        self._requester.log_retry(
            f"GET {path}: App Store Connect refused a filter. Reading without any."
        )
        return self._filtered(path, query, always, convert)

    def _filtered(
        self,
        path: str,
        query: Mapping[str, str],
        filters: _Filters,
        convert: _Convert[_Value],
    ) -> list[_Value]:
        return [
            value
            for narrowed in self._queries(path, {**query, **_PAGE}, filters)
            for value in self._pages(path, narrowed, convert)
        ]

    def _queries(
        self, path: str, query: Mapping[str, str], filters: _Filters
    ) -> Iterator[Mapping[str, str]]:
        """`query` with `filters`, in as many parts as their number and the URL's length ask for."""
        whole = {**query, **{name: ",".join(each) for name, each in filters.items() if each}}
        excess = self._url_length(path, whole) - _LONGEST_URL
        crowded = [name for name in _APPS if len(filters.get(name, ())) > _MOST_APPS]
        name, values = max(
            [(each, filters[each]) for each in crowded] or filters.items(),
            key=lambda named: len(quote(",".join(named[1]))),
            default=("", ()),
        )
        if (excess <= 0 and not crowded) or len(values) < 2:
            yield whole
            return
        letters = len(quote(",".join(values)))
        parts = max(2, ceil(len(values) / _MOST_APPS) if crowded else 0)
        if letters > excess > 0:
            parts = max(parts, ceil(letters / (letters - excess)))
        size = ceil(len(values) / parts)
        for start in range(0, len(values), size):
            part = values[start : start + size]
            yield from self._queries(path, query, {**filters, name: part})

    def _url_length(self, path: str, query: Mapping[str, str]) -> int:
        return len(f"{self._requester.api_url}{path}?{urlencode(query)}")

    def _pages(
        self,
        path: str,
        query: Mapping[str, str],
        convert: _Convert[_Value],
    ) -> Iterator[_Value]:
        """Every page. Apple's `next` link carries all parameters, and is followed unchanged."""
        for _ in range(_MOST_PAGES):
            values, next_url = self._get(path, query, _all_of(convert))
            yield from values
            if next_url is None:
                return
            path, query = self._requester.path_of(next_url), {}
        raise UnexpectedAnswer(f"App Store Connect's list has no end after {_MOST_PAGES} pages.")


def _all_of(
    convert: _Convert[_Value],
) -> Callable[[Document], tuple[list[_Value], str | None]]:
    """Makes values of a page, so that it need not be kept, and says where the next one is."""

    def read(page: Document) -> tuple[list[_Value], str | None]:
        if len(page.data) > _PAGE_SIZE:
            raise UnexpectedAnswer(f"App Store Connect's page holds {len(page.data)} resources.")
        return [convert(each, page) for each in page.data], page.next_url

    return read


def _one_of(convert: _Convert[_Value]) -> Callable[[Document], _Value]:
    return lambda page: convert(_only(page), page)


def _is_known_as_applied(failure: TransientFailure, is_applied: Callable[[], bool]) -> bool:
    """Whether a write that had no clear answer was applied. Raises MaybeApplied: nobody knows."""
    try:
        return is_applied()
    except AscLinkerError as error:
        unknown = MaybeApplied(
            failure.error.message,
            hint=failure.error.hint,
            apple=failure.error.apple,
            request_id=failure.error.request_id,
        )
        unknown.retry_after_s = failure.retry_after_s
        raise unknown from error


def _anything(_body: bytes | bytearray) -> None:
    """A 2xx is all that is needed: what it says, a read shows as well."""


def _created_version(body: bytes | bytearray) -> VersionId:
    return VersionId(_only(Document.parse(body)).id)


def _app(app: Resource, _document: Document) -> App:
    return App.from_resource(app)


def _upload(upload: Resource, _document: Document) -> BuildUpload:
    return BuildUpload.from_resource(upload)


def _is_about_a_parameter(error: AppStoreConnectError) -> bool:
    return error.id in ("parameter-refused", "parameter-value-refused") or any(
        each.is_a("PARAMETER_ERROR") for each in every_error(error.apple)
    )


def _only(document: Document) -> Resource:
    """The resource of a document that must hold exactly one."""
    if len(document.data) != 1:
        raise UnexpectedAnswer(f"App Store Connect sent {len(document.data)} resources, not one.")
    return document.data[0]


def _build_filters(
    numbers: Sequence[str], version_strings: Sequence[str], platform: Platform | None
) -> _Filters:
    return {
        "filter[version]": tuple(numbers),
        "filter[preReleaseVersion.version]": tuple(version_strings),
        "filter[preReleaseVersion.platform]": _one(platform),
    }


def _one(word: str | None) -> tuple[str, ...]:
    return (word,) if word else ()


def _linkage_path(version: VersionId) -> str:
    return f"/v1/appStoreVersions/{_segment(version)}/relationships/build"


def _segment(text: str) -> str:
    return quote(text, safe="")
