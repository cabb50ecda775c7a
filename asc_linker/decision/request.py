"""What is wanted, and the means to do it, as values that can be meant."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from datetime import datetime

    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

    from asc_linker.apple.model import AppId, BuildId, Platform, VersionId

APPLE = "https://api.appstoreconnect.apple.com"

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Operation(StrEnum):
    """What a run is to do."""

    ATTACH = "attach"
    DETACH = "detach"
    SHOW = "show"


class IfAttached(StrEnum):
    """What to do about another build that is attached already."""

    REPLACE = "replace"
    KEEP = "keep"
    FAIL = "fail"


class IfVersionMissing(StrEnum):
    """What to do where the App Store version is not there."""

    FAIL = "fail"
    CREATE = "create"
    RENAME = "rename"


class IfVersionLocked(StrEnum):
    """What to do where the version, or the slot for a new one, is in review or released."""

    FAIL = "fail"
    SKIP = "skip"


class ReleaseType(StrEnum):
    """When a version goes live after review."""

    MANUAL = "manual"
    AFTER_APPROVAL = "after-approval"
    SCHEDULED = "scheduled"


@dataclass(frozen=True, slots=True)
class Credentials:
    """An API key that can sign. `issuer_id` is None for an individual key."""

    key_id: str
    issuer_id: str | None
    private_key: EllipticCurvePrivateKey = field(repr=False)


@dataclass(frozen=True, slots=True)
class AttachRequest:
    """What is wanted, checked as far as that goes without asking Apple.

    `platform` is None when it is to be inferred. `latest` stands for a `build_number` that is still
    to be found. `wait_s` is how long the build may take, in seconds; 0 asks once.
    `uses_non_exempt_encryption` None leaves export compliance as it is. `skip_reason` is empty, or
    says why there is nothing to do: then the rest may be incomplete.
    """

    operation: Operation = Operation.ATTACH
    bundle_id: str = ""
    app_id: AppId | None = None
    platform: Platform | None = None
    version_string: str = ""
    build_number: str = ""
    latest: bool = False
    version_id: VersionId | None = None
    build_id: BuildId | None = None
    wait_s: float = 0.0
    if_attached: IfAttached = IfAttached.REPLACE
    if_version_missing: IfVersionMissing = IfVersionMissing.FAIL
    if_version_locked: IfVersionLocked = IfVersionLocked.FAIL
    release_type: ReleaseType | None = None
    earliest_release_date: datetime | None = None
    uses_non_exempt_encryption: bool | None = None
    dry_run: bool = False
    skip_reason: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """A request, and the means to carry it out."""

    request: AttachRequest
    credentials: Credentials
    api_url: str = APPLE


def is_loopback(api_url: str) -> bool:
    """Whether `api_url` points at this machine."""
    return urlsplit(api_url).hostname in _LOOPBACK
