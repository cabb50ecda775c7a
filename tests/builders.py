"""Values as Apple's answers make them, one kind of thing a function."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from asc_linker.apple.model import (
    App,
    AppId,
    AppStoreVersion,
    AppVersionState,
    AttachedBuild,
    Build,
    BuildId,
    BuildUpload,
    BuildUploadState,
    Platform,
    ProcessingState,
    UploadId,
    VersionId,
)
from asc_linker.decision.request import AttachRequest

if TYPE_CHECKING:
    from asc_linker.emulator import ThrowawayKey

IOS, MACOS = Platform.IOS, Platform.MAC_OS
NOTES = App(AppId("1"), "com.example.notes", "Notes")
NOON = datetime(2026, 6, 15, 12, tzinfo=UTC).timestamp()


def at(minute: int) -> datetime:
    """A moment, so many minutes after noon."""
    return datetime.fromtimestamp(NOON + 60 * minute, UTC)


def a_request(**changes: Any) -> AttachRequest:
    whole: dict[str, Any] = {
        "bundle_id": "com.example.notes",
        "version_string": "1.4.2",
        "build_number": "231",
    }
    return AttachRequest(**whole | changes)


def a_version(
    version_string: str = "1.4.2",
    state: AppVersionState = AppVersionState.PREPARE_FOR_SUBMISSION,
    *,
    platform: Platform = IOS,
    build: str | None = None,
    name: str = "v1",
    app: App | None = NOTES,
) -> AppStoreVersion:
    attached = AttachedBuild(BuildId(f"b{build}"), build) if build else None
    return AppStoreVersion(
        VersionId(name), platform, version_string, state, state.value, attached, app
    )


def a_build(
    number: str = "231",
    state: ProcessingState = ProcessingState.VALID,
    *,
    minute: int | None = 0,
    name: str = "",
    **more: Any,
) -> Build:
    whole: dict[str, Any] = {
        "id": BuildId(name or f"b{number}"),
        "number": number,
        "version_string": "1.4.2",
        "platform": IOS,
        "processing_state": state,
        "state_word": state.value,
        "uses_non_exempt_encryption": False,
        "uploaded_at": None if minute is None else at(minute),
        "app_id": AppId("1"),
    }
    return Build(**whole | more)


def an_upload(
    number: str = "231",
    state: BuildUploadState = BuildUploadState.PROCESSING,
    *,
    minute: int | None = 0,
    build: str | None = None,
    name: str = "",
    **more: Any,
) -> BuildUpload:
    whole: dict[str, Any] = {
        "id": UploadId(name or f"u{number}"),
        "number": number,
        "version_string": "1.4.2",
        "platform": IOS,
        "state": state,
        "state_word": state.value,
        "uploaded_at": None if minute is None else at(minute),
        "build_id": BuildId(build) if build else None,
    }
    return BuildUpload(**whole | more)


def key_inputs(key: ThrowawayKey, api_url: str) -> dict[str, str]:
    """The inputs that say with which key to ask whom."""
    return {
        "api-key-id": key.key_id,
        "issuer-id": key.issuer_id or "",
        "api-private-key": key.private_key,
        "api-url": api_url,
    }
