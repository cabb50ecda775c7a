"""The world the emulator plays: keys, apps, versions, builds, uploads, and a script of bad days.

The classes are the JSON, in Apple's words (`bundle_id` is `"bundleId"`); what is left out gets a
sensible value. Seconds count from the emulator's start, kept in `script.startedAt`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Self
from uuid import NAMESPACE_URL, uuid5
from zlib import crc32

from asc_linker.emulator.codec import WorldError, decode, encode, parse
from asc_linker.emulator.faults import Fault
from asc_linker.emulator.words import (
    AppVersionState,
    BuildAudienceType,
    BuildUploadState,
    Platform,
    ProcessingState,
    ReleaseType,
    ReviewType,
    Role,
    same_version,
)

_LIFE_OF_A_BUILD = timedelta(days=90)
_MOST_COPIES = 5000


@dataclass(slots=True, kw_only=True)
class Build:
    version: str
    """The build number, CFBundleVersion: Apple's word for it."""
    pre_release_version: str
    """The version string, CFBundleShortVersionString."""
    id: str = ""
    platform: Platform = Platform.IOS
    processing_state: ProcessingState = ProcessingState.VALID
    """What processing ends in; before `processed_after_seconds` it is PROCESSING."""
    uploaded_date: str | None = None
    expiration_date: str | None = None
    expired: bool = False
    build_audience_type: BuildAudienceType = BuildAudienceType.APP_STORE_ELIGIBLE
    uses_non_exempt_encryption: bool | None = None
    min_os_version: str | None = "13.0"
    appears_after_seconds: float = 0.0
    processed_after_seconds: float = 0.0
    vanishes: tuple[tuple[float, float], ...] = ()
    """Spans, from and to, in which a build that has appeared is not listed."""
    attachable_after_seconds: float = 0.0
    not_attachable_answer: Literal["INVALID_STATE", "NOT_FOUND"] = "INVALID_STATE"

    def __post_init__(self) -> None:
        _check_dates(uploadedDate=self.uploaded_date, expirationDate=self.expiration_date)

    def is_listed(self, seconds: float) -> bool:
        if seconds < self.appears_after_seconds:
            return False
        return not (self.vanishes and any(a <= seconds < b for a, b in self.vanishes))

    def state_at(self, seconds: float) -> ProcessingState:
        processed = seconds >= self.processed_after_seconds
        return self.processing_state if processed else ProcessingState.PROCESSING

    def has_expired(self, now: float) -> bool:
        lapsed = self.expiration_date is not None and now >= epoch(self.expiration_date)
        return self.expired or lapsed


@dataclass(slots=True, kw_only=True)
class AppStoreVersion:
    version_string: str
    id: str = ""
    platform: Platform = Platform.IOS
    app_version_state: AppVersionState = AppVersionState.PREPARE_FOR_SUBMISSION
    app_store_state: str | None = None
    """The deprecated word, where it is not the one for `app_version_state`."""
    created_date: str | None = None
    release_type: ReleaseType | None = ReleaseType.AFTER_APPROVAL
    earliest_release_date: str | None = None
    review_type: ReviewType | None = ReviewType.APP_STORE
    copyright: str | None = "2026 Example"
    downloadable: bool | None = True
    uses_idfa: bool | None = None
    build: str | None = None
    """The id of the attached build; a file may give its number instead."""
    locked_after_seconds: float | None = None
    locked_as: AppVersionState = AppVersionState.WAITING_FOR_REVIEW

    def __post_init__(self) -> None:
        _check_dates(createdDate=self.created_date, earliestReleaseDate=self.earliest_release_date)

    def state_at(self, seconds: float) -> AppVersionState:
        locked = self.locked_after_seconds is not None and seconds >= self.locked_after_seconds
        return self.locked_as if locked else self.app_version_state


@dataclass(slots=True, kw_only=True)
class StateDetail:
    code: str
    description: str


@dataclass(slots=True, kw_only=True)
class UploadState:
    state: BuildUploadState | None = None
    """When left out it follows the build: PROCESSING, then COMPLETE or FAILED."""
    errors: tuple[StateDetail, ...] = ()
    warnings: tuple[StateDetail, ...] = ()
    infos: tuple[StateDetail, ...] = ()


@dataclass(slots=True, kw_only=True)
class BuildUpload:
    cf_bundle_version: str
    cf_bundle_short_version_string: str
    id: str = ""
    platform: Platform = Platform.IOS
    created_date: str | None = None
    uploaded_date: str | None = None
    """Stays null while the upload is awaited."""
    state: UploadState = field(default_factory=UploadState)
    fails_after_seconds: float | None = None
    build: str | None = None

    def __post_init__(self) -> None:
        _check_dates(createdDate=self.created_date, uploadedDate=self.uploaded_date)

    @property
    def is_doomed(self) -> bool:
        """It has failed or will, and never becomes a build."""
        return self.fails_after_seconds is not None or self.state.state is BuildUploadState.FAILED

    def is_of(self, build: Build) -> bool:
        return (self.cf_bundle_version, self.cf_bundle_short_version_string, self.platform) == (
            build.version,
            build.pre_release_version,
            build.platform,
        )

    def state_at(self, seconds: float, build: Build | None) -> BuildUploadState:
        if self.fails_after_seconds is not None and seconds >= self.fails_after_seconds:
            return BuildUploadState.FAILED
        if self.state.state is not None:
            return self.state.state
        if build is None or not build.is_listed(seconds):
            return BuildUploadState.PROCESSING
        return _UPLOAD_STATES[build.state_at(seconds)]


@dataclass(slots=True, kw_only=True)
class App:
    bundle_id: str
    id: str = ""
    name: str = ""
    sku: str = ""
    primary_locale: str = "en-US"
    app_store_versions: list[AppStoreVersion] = field(default_factory=list)
    builds: list[Build] = field(default_factory=list)
    build_uploads: list[BuildUpload] = field(default_factory=list)

    def uploads(self) -> list[BuildUpload]:
        """The uploads given, and one for every build that none of them is of."""
        implied = (
            BuildUpload(
                id=_uuid("buildUploads", build.id),
                cf_bundle_version=build.version,
                cf_bundle_short_version_string=build.pre_release_version,
                platform=build.platform,
                created_date=build.uploaded_date,
                uploaded_date=build.uploaded_date,
                build=build.id,
            )
            for build in self.builds
            if not any(upload.build == build.id for upload in self.build_uploads)
        )
        return [*self.build_uploads, *implied]

    def build(self, build_id: str | None) -> Build | None:
        return next((build for build in self.builds if build.id == build_id), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """An API key as Apple knows it; without an `issuer` it is an individual key."""

    id: str
    public_key: str
    issuer: str | None = None
    role: Role = Role.ADMIN
    apps: tuple[str, ...] = ("*",)
    """The ids of the apps it sees."""
    revoked: bool = False

    def sees(self, app: App) -> bool:
        return "*" in self.apps or app.id in self.apps


@dataclass(slots=True, kw_only=True)
class Script:
    """How Apple behaves today."""

    latency_seconds: float = 0.0
    started_at: float | None = None
    rate_limit: int = 3600
    """Requests that a key has in any hour."""
    rate_limit_spent: int = 0
    """How many of them each key has just spent when the emulator starts."""
    minute_limit: int | None = None
    ignore_filters: bool = False
    refuse_filters: tuple[str, ...] = ()
    linkage_answers_with_body: bool = False
    """PATCH …/relationships/build answers 200 with a body, as on Apple's page, and not 204."""
    refuse_unanswered_compliance: bool = False
    """A build whose `usesNonExemptEncryption` is null cannot be attached, as one project saw."""
    faults: tuple[Fault, ...] = ()


@dataclass(slots=True, kw_only=True)
class World:
    apps: list[App] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)
    agreement_missing: bool = False
    script: Script = field(default_factory=Script)

    @classmethod
    def from_json(cls, world: str | bytes | Mapping[str, Any]) -> Self:
        """Raises WorldError: it is no JSON, or no world, and the message says where."""
        if isinstance(world, str | bytes):
            try:
                world = parse(world)
            except ValueError as error:
                raise WorldError(f"the world is not JSON: {error}") from error
        decoded: Self = decode(cls, _with_copies(world))
        return decoded

    def to_json(self) -> dict[str, Any]:
        """What `from_json` reads as this world; what equals its default is left out."""
        encoded: dict[str, Any] = encode(self)
        return encoded

    def __post_init__(self) -> None:
        taken: set[str] = set()
        for n, app in enumerate(self.apps):
            self._identify_app(app, f"apps[{n}]", taken)

    def begin(self, now: float) -> None:
        """Start the clock, and date what has no date: the later in a list, the newer."""
        if self.script.started_at is None:
            self.script.started_at = now
        for app in self.apps:
            past = datetime.fromtimestamp(self.script.started_at - 3600, UTC)
            for n, version in enumerate(app.app_store_versions):
                version.created_date = version.created_date or stamp(past + timedelta(seconds=n))
            dated: list[Build | BuildUpload] = [*app.builds, *app.build_uploads]
            for n, each in enumerate(dated):
                _date(each, stamp(past + timedelta(minutes=n)))
            for build in app.builds:
                if build.expiration_date is None and build.uploaded_date is not None:
                    uploaded = datetime.fromisoformat(build.uploaded_date)
                    build.expiration_date = stamp(uploaded + _LIFE_OF_A_BUILD)

    def app(self, app_id: str) -> App | None:
        return next((app for app in self.apps if app.id == app_id), None)

    def version(self, version_id: str) -> AppStoreVersion | None:
        versions = (version for app in self.apps for version in app.app_store_versions)
        return next((version for version in versions if version.id == version_id), None)

    def build(self, build_id: str | None) -> Build | None:
        builds = (build for app in self.apps for build in app.builds)
        return next((build for build in builds if build.id == build_id), None)

    def _identify_app(self, app: App, place: str, taken: set[str]) -> None:
        app.id = app.id or str(6_446_000_000 + crc32(app.bundle_id.encode()) % 1_000_000)
        app.name = app.name or app.bundle_id.rpartition(".")[2].capitalize()
        app.sku = app.sku or app.bundle_id
        _take(app.id, f"{place}.id", taken)
        for n, version in enumerate(app.app_store_versions):
            version.id = version.id or _uuid(
                "appStoreVersions", app.id, version.platform, version.version_string
            )
            _take(version.id, f"{place}.appStoreVersions[{n}].id", taken)
        for n, build in enumerate(app.builds):
            key = ("builds", app.id, build.platform, build.pre_release_version, build.version)
            build.id = build.id or next(each for each in _uuids(*key) if each not in taken)
            _take(build.id, f"{place}.builds[{n}].id", taken)
        for n, upload in enumerate(app.build_uploads):
            upload.id = upload.id or _uuid("buildUploads", app.id, str(n))
            _take(upload.id, f"{place}.buildUploads[{n}].id", taken)
            if upload.build is None and not upload.is_doomed:
                upload.build = next((b.id for b in app.builds if upload.is_of(b)), None)
        for n, version in enumerate(app.app_store_versions):
            version.build = _attached(app, version, f"{place}.appStoreVersions[{n}].build")


def _with_copies(world: Any) -> Any:
    """`world`, in which each app with `copies` is so many apps: `{n}` in its texts is 1, 2, ….

    Raises WorldError: `copies` is no number of apps.
    """
    if not isinstance(world, Mapping) or not isinstance(world.get("apps"), list):
        return world
    apps: list[Any] = []
    for place, app in enumerate(world["apps"]):
        if not isinstance(app, Mapping) or "copies" not in app:
            apps.append(app)
            continue
        copies = app["copies"]
        if type(copies) is not int or not 1 <= copies <= _MOST_COPIES:
            raise WorldError(f"apps[{place}].copies: {copies!r} is not from 1 to {_MOST_COPIES}")
        single = {name: value for name, value in app.items() if name != "copies"}
        apps += [_numbered(single, str(n)) for n in range(1, copies + 1)]
    return {**world, "apps": apps}


def _numbered(value: Any, number: str) -> Any:
    if isinstance(value, Mapping):
        return {name: _numbered(item, number) for name, item in value.items()}
    if isinstance(value, list):
        return [_numbered(item, number) for item in value]
    return value.replace("{n}", number) if isinstance(value, str) else value


def version_id(world: World, app: App, version: AppStoreVersion) -> str:
    """An id for a new version of `app`, which no version of `world` has."""
    key = ("appStoreVersions", app.id, version.platform, version.version_string)
    return next(each for each in _uuids(*key) if world.version(each) is None)


def stamp(moment: datetime) -> str:
    """A moment as Apple writes it."""
    return moment.isoformat(timespec="seconds")


def _date(item: Build | BuildUpload, moment: str) -> None:
    if isinstance(item, BuildUpload):
        item.created_date = item.created_date or item.uploaded_date or moment
        if item.state.state is BuildUploadState.AWAITING_UPLOAD:
            return
    item.uploaded_date = item.uploaded_date or moment


def _attached(app: App, version: AppStoreVersion, place: str) -> str | None:
    """The id of the build that `version.build` names, by id or by number."""
    if version.build is None:
        return None
    for build in app.builds:
        fits = build.platform == version.platform and same_version(
            build.pre_release_version, version.version_string
        )
        if version.build == build.id or (fits and version.build == build.version):
            return build.id
    raise WorldError(f"{place}: no build of this version has the id or number {version.build!r}")


def _take(identifier: str, place: str, taken: set[str]) -> None:
    if identifier in taken:
        raise WorldError(f"{place}: {identifier!r} is taken already")
    taken.add(identifier)


def _uuid(*key: str) -> str:
    return str(uuid5(NAMESPACE_URL, "/".join(key)))


def _uuids(*key: str) -> Iterator[str]:
    yield _uuid(*key)
    for n in range(2, 1000):
        yield _uuid(*key, str(n))


def epoch(moment: str) -> float:
    parsed = datetime.fromisoformat(moment)
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()


def _check_dates(**dates: str | None) -> None:
    for name, moment in dates.items():
        try:
            epoch(moment or "2026-01-01")
        except ValueError:
            raise ValueError(f"{name}: {moment!r} is no ISO 8601 time") from None


_UPLOAD_STATES = {
    ProcessingState.PROCESSING: BuildUploadState.PROCESSING,
    ProcessingState.VALID: BuildUploadState.COMPLETE,
    ProcessingState.FAILED: BuildUploadState.FAILED,
    ProcessingState.INVALID: BuildUploadState.FAILED,
}
