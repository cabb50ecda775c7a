"""Apple's words, as the OpenAPI spec 4.4.1 has them, and how Apple compares versions."""

from enum import StrEnum
from itertools import dropwhile


class Platform(StrEnum):
    IOS = "IOS"
    MAC_OS = "MAC_OS"
    TV_OS = "TV_OS"
    VISION_OS = "VISION_OS"


class ProcessingState(StrEnum):
    PROCESSING = "PROCESSING"
    FAILED = "FAILED"
    INVALID = "INVALID"
    VALID = "VALID"


class BuildAudienceType(StrEnum):
    INTERNAL_ONLY = "INTERNAL_ONLY"
    APP_STORE_ELIGIBLE = "APP_STORE_ELIGIBLE"


class BuildUploadState(StrEnum):
    AWAITING_UPLOAD = "AWAITING_UPLOAD"
    PROCESSING = "PROCESSING"
    FAILED = "FAILED"
    COMPLETE = "COMPLETE"


class ReleaseType(StrEnum):
    MANUAL = "MANUAL"
    AFTER_APPROVAL = "AFTER_APPROVAL"
    SCHEDULED = "SCHEDULED"


class ReviewType(StrEnum):
    APP_STORE = "APP_STORE"
    NOTARIZATION = "NOTARIZATION"


class AppVersionState(StrEnum):
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

    @property
    def is_editable(self) -> bool:
        """Apple takes another build; READY_FOR_REVIEW is "until you submit", so it counts."""
        return self in _EDITABLE

    @property
    def is_terminal(self) -> bool:
        """The version no longer holds its platform's slot."""
        return self in (self.READY_FOR_DISTRIBUTION, self.REPLACED_WITH_NEW_VERSION)

    @property
    def app_store_state(self) -> str:
        """The deprecated word for the same state."""
        return _APP_STORE_STATES.get(self, self.value)


class Role(StrEnum):
    ACCOUNT_HOLDER = "ACCOUNT_HOLDER"
    ADMIN = "ADMIN"
    APP_MANAGER = "APP_MANAGER"
    DEVELOPER = "DEVELOPER"
    MARKETING = "MARKETING"
    SALES = "SALES"
    FINANCE = "FINANCE"
    CUSTOMER_SUPPORT = "CUSTOMER_SUPPORT"

    @property
    def may_write(self) -> bool:
        return self in (self.ACCOUNT_HOLDER, self.ADMIN, self.APP_MANAGER)


_EDITABLE = frozenset(
    {
        AppVersionState.PREPARE_FOR_SUBMISSION,
        AppVersionState.DEVELOPER_REJECTED,
        AppVersionState.REJECTED,
        AppVersionState.METADATA_REJECTED,
        AppVersionState.INVALID_BINARY,
        AppVersionState.READY_FOR_REVIEW,
    }
)

_APP_STORE_STATES = {
    AppVersionState.READY_FOR_DISTRIBUTION: "READY_FOR_SALE",
    AppVersionState.PROCESSING_FOR_DISTRIBUTION: "PROCESSING_FOR_APP_STORE",
}

APP_STORE_STATES = (
    *(state.app_store_state for state in AppVersionState),
    "DEVELOPER_REMOVED_FROM_SALE",
    "NOT_APPLICABLE",
    "PENDING_CONTRACT",
    "PREORDER_READY_FOR_SALE",
    "REMOVED_FROM_SALE",
)
"""The words of the deprecated `appStoreState`."""


def same_version(one: str, other: str) -> bool:
    """Whether Apple takes both for one version: `1.2` and `01.2.0` are."""
    return _components(one) == _components(other)


def _components(version: str) -> tuple[str, ...]:
    parts = [part.lstrip("0") or "0" for part in version.split(".")]
    return tuple(reversed(list(dropwhile(lambda part: part == "0", reversed(parts)))))
