"""What is wanted, as values that were checked as far as that goes without asking Apple."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from asc_linker.apple.model import AppId, BuildId, Platform, VersionId


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


class Skip(NamedTuple):
    """Why there is nothing to do: a reason like a refusal's, with the id of its section."""

    id: str
    reason: str


class AttachRequest(NamedTuple):
    """One target: what is wanted of one app on one platform.

    `platform` is None when it is to be inferred. `latest` stands for a `build_number` that is still
    to be found. `uses_non_exempt_encryption` None leaves export compliance as it is. With `skip`
    there is nothing to do, and the rest may be incomplete.
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
    if_attached: IfAttached = IfAttached.REPLACE
    if_version_missing: IfVersionMissing = IfVersionMissing.FAIL
    if_version_locked: IfVersionLocked = IfVersionLocked.FAIL
    release_type: ReleaseType | None = None
    earliest_release_date: datetime | None = None
    uses_non_exempt_encryption: bool | None = None
    skip: Skip | None = None
    key_id: str = ""
    """The id of the API key that reaches the app: one client, one quota."""
    label: str = ""
    """The target as typed: `com.example.app (ios)`; empty where it is the only one."""
    sources: Mapping[str, str] = MappingProxyType({})
    """Where a value came from, by its input's name, where not from that: "the tag `v1.4.2`"."""

    def source(self, name: str) -> str:
        """`, from the tag v1.4.2` for a value that did not come from its own input; else empty."""
        origin = self.sources.get(name, "")
        return f", from {origin}" if origin else ""


class Shard(NamedTuple):
    """Which of the parts a run does: `number` of `total`, counted from 1.

    `origin` is the variable it was read from, empty for the input; `targets` is how many there are
    in all.
    """

    number: int
    total: int
    targets: int
    origin: str = ""

    def __str__(self) -> str:
        return f"{self.number}/{self.total}"


class Job(NamedTuple):
    """One run: its targets in order, and what holds for all of them.

    `requests` is empty where a shard has no target. `wait_s` is how long builds may take, in
    seconds; 0 asks once. `expected_plan` has a fingerprint for each request, or is empty where no
    plan is expected.
    """

    requests: tuple[AttachRequest, ...]
    operation: Operation = Operation.ATTACH
    wait_s: float = 0.0
    dry_run: bool = False
    expected_plan: tuple[str, ...] = ()
    shard: Shard | None = None
