"""Apps, versions and builds: what we read of Apple's resources, in Apple's words.

Where Apple is ambiguous, the translation happens here and nowhere else: a build's attribute
`version` is its `number`, and its pre-release version's `version` is its `version_string`.
A state word we do not know becomes UNRECOGNISED; the word itself is kept for people.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple, NewType, Self

from asc_linker.apple.json_api import LONGEST_TEXT, Document, Resource, without_surrogates
from asc_linker.errors import UnexpectedAnswer

AppId = NewType("AppId", str)
VersionId = NewType("VersionId", str)
BuildId = NewType("BuildId", str)
UploadId = NewType("UploadId", str)

_MOST_ERRORS = 10


class AppleWord(StrEnum):
    """An enumeration of Apple's that may grow: a new word is UNRECOGNISED, never a crash."""

    @classmethod
    def _missing_(cls, _value: object) -> Self | None:
        return cls.__members__.get("UNRECOGNISED")


class Platform(AppleWord):
    """Where an app runs. iPadOS counts as IOS, Mac Catalyst as MAC_OS, watchOS has none."""

    IOS = "IOS"
    MAC_OS = "MAC_OS"
    TV_OS = "TV_OS"
    VISION_OS = "VISION_OS"
    UNRECOGNISED = "UNRECOGNISED"

    @property
    def input_name(self) -> str:
        """As typed in inputs and shown in outputs: `ios`, `macos`, `tvos`, `visionos`."""
        return self.value.replace("_", "").lower()

    @property
    def label(self) -> str:
        """As people write it: `iOS`, `macOS`."""
        return _LABELS.get(self, self.value)


_LABELS = {
    Platform.IOS: "iOS",
    Platform.MAC_OS: "macOS",
    Platform.TV_OS: "tvOS",
    Platform.VISION_OS: "visionOS",
}


class AppVersionState(AppleWord):
    """`appVersionState`, which replaces the deprecated `appStoreState`."""

    ACCEPTED = "ACCEPTED"
    DEVELOPER_REJECTED = "DEVELOPER_REJECTED"
    IN_REVIEW = "IN_REVIEW"
    INVALID_BINARY = "INVALID_BINARY"
    METADATA_REJECTED = "METADATA_REJECTED"
    PENDING_APPLE_RELEASE = "PENDING_APPLE_RELEASE"
    PENDING_DEVELOPER_RELEASE = "PENDING_DEVELOPER_RELEASE"
    PREPARE_FOR_SUBMISSION = "PREPARE_FOR_SUBMISSION"
    PROCESSING_FOR_DISTRIBUTION = "PROCESSING_FOR_DISTRIBUTION"
    READY_FOR_DISTRIBUTION = "READY_FOR_DISTRIBUTION"
    READY_FOR_REVIEW = "READY_FOR_REVIEW"
    REJECTED = "REJECTED"
    REPLACED_WITH_NEW_VERSION = "REPLACED_WITH_NEW_VERSION"
    WAITING_FOR_EXPORT_COMPLIANCE = "WAITING_FOR_EXPORT_COMPLIANCE"
    WAITING_FOR_REVIEW = "WAITING_FOR_REVIEW"
    UNRECOGNISED = "UNRECOGNISED"

    @property
    def is_editable(self) -> bool:
        """Whether Apple is known to take another build in this state."""
        return self in _EDITABLE

    @property
    def is_locked(self) -> bool:
        """Whether Apple is known to refuse another build; new words are not known."""
        return self not in _EDITABLE | _UP_TO_APPLE

    @property
    def holds_the_slot(self) -> bool:
        """Whether Apple allows no other version on the platform beside one in this state."""
        return self not in _RELEASED | {AppVersionState.UNRECOGNISED}

    @property
    def is_released(self) -> bool:
        """Whether this version is, or was, on the App Store: it no longer holds the open slot."""
        return self in _RELEASED


_EDITABLE = frozenset(
    {
        AppVersionState.DEVELOPER_REJECTED,
        AppVersionState.INVALID_BINARY,
        AppVersionState.METADATA_REJECTED,
        AppVersionState.PREPARE_FOR_SUBMISSION,
        AppVersionState.REJECTED,
    }
)
_UP_TO_APPLE = frozenset({AppVersionState.READY_FOR_REVIEW, AppVersionState.UNRECOGNISED})
_RELEASED = frozenset(
    {AppVersionState.READY_FOR_DISTRIBUTION, AppVersionState.REPLACED_WITH_NEW_VERSION}
)
# Deprecated `appStoreState` words whose successors have another name.
_RENAMED_STATES = {
    "READY_FOR_SALE": "READY_FOR_DISTRIBUTION",
    "PROCESSING_FOR_APP_STORE": "PROCESSING_FOR_DISTRIBUTION",
}


class ProcessingState(AppleWord):
    """How far Apple is with an uploaded build. All but PROCESSING are final."""

    PROCESSING = "PROCESSING"
    FAILED = "FAILED"
    INVALID = "INVALID"
    VALID = "VALID"
    UNRECOGNISED = "UNRECOGNISED"


class BuildAudienceType(AppleWord):
    """Who a build may go to. INTERNAL_ONLY can never reach the App Store."""

    INTERNAL_ONLY = "INTERNAL_ONLY"
    APP_STORE_ELIGIBLE = "APP_STORE_ELIGIBLE"
    UNRECOGNISED = "UNRECOGNISED"


class App(NamedTuple):
    """An app record. `bundle_id` and `name` are empty when only the id is known."""

    id: AppId
    bundle_id: str = ""
    name: str = ""

    @classmethod
    def from_resource(cls, app: Resource) -> Self:
        return cls(AppId(app.id), app.text("bundleId"), app.optional_text("name") or "")


class AttachedBuild(NamedTuple):
    """What a version says of the build attached to it; `number` is empty when Apple left it out."""

    id: BuildId
    number: str = ""
    uses_non_exempt_encryption: bool | None = None


class AppStoreVersion(NamedTuple):
    """The store's record of one version on one platform, and the build attached to it, if any."""

    id: VersionId
    platform: Platform
    version_string: str
    app_version_state: AppVersionState
    state_word: str
    build: AttachedBuild | None = None
    app: App | None = None

    @classmethod
    def from_resource(cls, version: Resource, document: Document) -> Self:
        """Read `version`; its build and app come from what `document` includes."""
        word = version.optional_text("appVersionState") or version.text("appStoreState")
        app = document.look_up(version.related("app"))
        return cls(
            id=VersionId(version.id),
            platform=Platform(version.text("platform")),
            version_string=version.text("versionString"),
            app_version_state=AppVersionState(_RENAMED_STATES.get(word, word)),
            state_word=word,
            build=_attached_build(version, document),
            app=None if app is None else App.from_resource(app),
        )


def _attached_build(version: Resource, document: Document) -> AttachedBuild | None:
    ref = version.related("build")
    if ref is None:
        return None
    build = document.look_up(ref)
    if build is None:
        return AttachedBuild(BuildId(ref.id))
    return AttachedBuild(
        BuildId(ref.id),
        build.optional_text("version") or "",
        build.flag("usesNonExemptEncryption"),
    )


class BuildUploadState(AppleWord):
    """How far an upload got. A FAILED one never becomes a build; COMPLETE has become one."""

    AWAITING_UPLOAD = "AWAITING_UPLOAD"
    PROCESSING = "PROCESSING"
    FAILED = "FAILED"
    COMPLETE = "COMPLETE"
    UNRECOGNISED = "UNRECOGNISED"


class BuildUpload(NamedTuple):
    """What was uploaded, known to Apple before there is a build, and also when there never is one.

    `errors` are Apple's (code, description), the code an ITMS number like `90683`, ten at most.
    `uploaded_at` is when the upload was done, or when it began while that is not known. An upload
    only informs, so whatever Apple leaves out is empty, UNRECOGNISED or None.
    """

    id: UploadId
    number: str
    version_string: str
    platform: Platform
    state: BuildUploadState
    state_word: str
    errors: tuple[tuple[str, str], ...] = ()
    uploaded_at: datetime | None = None
    build_id: BuildId | None = None

    @classmethod
    def from_resource(cls, upload: Resource) -> Self:
        """Read `upload`. Apple nests the state's word and errors in an object called `state`."""
        word, errors = _state_and_errors(upload.value("state"))
        build = upload.related("build")
        return cls(
            id=UploadId(upload.id),
            number=upload.optional_text("cfBundleVersion") or "",
            version_string=upload.optional_text("cfBundleShortVersionString") or "",
            platform=Platform(upload.optional_text("platform") or ""),
            state=BuildUploadState(word),
            state_word=word,
            errors=errors,
            uploaded_at=_moment(upload.optional_text("uploadedDate"))
            or _moment(upload.optional_text("createdDate")),
            build_id=None if build is None else BuildId(build.id),
        )


class Build(NamedTuple):
    """An uploaded build.

    `uses_non_exempt_encryption` is None while export compliance is unanswered; `attached_to` is the
    App Store version it hangs on now; `expires_at` and `uploaded_at` are None when Apple is silent,
    and so are `app_id` and `upload` where the request did not include them.
    """

    id: BuildId
    number: str
    version_string: str
    platform: Platform
    processing_state: ProcessingState
    state_word: str
    expired: bool = False
    audience: BuildAudienceType = BuildAudienceType.APP_STORE_ELIGIBLE
    uses_non_exempt_encryption: bool | None = None
    uploaded_at: datetime | None = None
    expires_at: datetime | None = None
    attached_to: VersionId | None = None
    app_id: AppId | None = None
    upload: BuildUpload | None = None

    @classmethod
    def from_resource(cls, build: Resource, document: Document) -> Self:
        """Read `build`, whose pre-release version must be in what `document` includes."""
        train = document.look_up(build.related("preReleaseVersion"))
        if train is None:
            raise UnexpectedAnswer(
                f"App Store Connect sent build {build.text('version')} without its version."
            )
        word = build.text("processingState")
        audience = build.optional_text("buildAudienceType")
        attached = build.related("appStoreVersion")
        app = build.related("app")
        upload = document.look_up(build.related("buildUpload"))
        return cls(
            id=BuildId(build.id),
            number=build.text("version"),
            version_string=train.text("version"),
            platform=Platform(train.text("platform")),
            processing_state=ProcessingState(word),
            state_word=word,
            expired=build.flag("expired") or False,
            audience=BuildAudienceType(audience or BuildAudienceType.APP_STORE_ELIGIBLE),
            uses_non_exempt_encryption=build.flag("usesNonExemptEncryption"),
            uploaded_at=_moment(build.optional_text("uploadedDate")),
            expires_at=_moment(build.optional_text("expirationDate")),
            attached_to=None if attached is None else VersionId(attached.id),
            app_id=None if app is None else AppId(app.id),
            upload=None if upload is None else BuildUpload.from_resource(upload),
        )

    def __str__(self) -> str:
        return f"{self.number} ({self.version_string}, {self.platform.label}, {self.state_word})"


def _moment(text: str | None) -> datetime | None:
    """An RFC 3339 time of Apple's, in UTC; None when it is absent or no time at all."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):  # in UTC it would be in the year 0 or 10000
        return None


def _state_and_errors(state: object) -> tuple[str, tuple[tuple[str, str], ...]]:
    """An upload's `state`: an object by Apple's specification, a plain word for some clients."""
    match state:
        case str(word) | {"state": str(word)}:
            entries = state.get("errors") if isinstance(state, dict) else None
        case _:
            return "", ()
    return _text(word), tuple(
        (_text(entry.get("code")), _text(entry.get("description")))
        for entry in (entries[:_MOST_ERRORS] if isinstance(entries, list) else ())
        if isinstance(entry, dict)
    )


def _text(value: object) -> str:
    return without_surrogates(str(value or "")[:LONGEST_TEXT])
