"""A report read back from the JSON that was written of it: the inverse of `reporting/report.py`.

What a reader of the report does not need is not written, and not here: the build's own record, and
what the reading warned of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asc_linker.apple.model import (
    App,
    AppId,
    AppStoreVersion,
    AppVersionState,
    AttachedBuild,
    BuildId,
    Platform,
    VersionId,
)
from asc_linker.decision.preflight import Check, Verdict
from asc_linker.decision.report import AttachReport, Outcome, VersionChange
from asc_linker.decision.request import AttachRequest
from asc_linker.errors import AppleError, AscLinkerError

if TYPE_CHECKING:
    from collections.abc import Mapping

_CHANGES = {"create-version": VersionChange.CREATED, "rename-version": VersionChange.RENAMED}


def recorded(entry: Mapping[str, object]) -> AttachReport:
    """The report that `entry` was written of.

    Raises LookupError, TypeError, ValueError: it was written of none.
    """
    platform = _platform(_text(entry, "platform"))
    app_id, bundle_id = _text(entry, "app-id"), _text(entry, "bundle-id")
    writes = tuple(_texts(entry, "writes"))
    changed = entry["changed"]
    checks, error = entry["checks"], entry.get("error")
    if not isinstance(checks, list) or not (changed is None or isinstance(changed, bool)):
        raise TypeError
    return AttachReport(
        outcome=Outcome(_text(entry, "outcome")),
        request=AttachRequest(
            bundle_id=bundle_id,
            app_id=AppId(app_id) if app_id else None,
            platform=platform,
            label=_label(bundle_id or app_id, platform),
        ),
        app=App(AppId(app_id), bundle_id) if app_id else None,
        version=_version(entry, platform),
        version_change=_version_change(writes),
        attached=_attached(entry, "", _flag(entry, "uses-non-exempt-encryption")),
        previous=_attached(entry, "previous-", None),
        changed=changed,
        checks=tuple(_check(check) for check in checks),
        writes=writes,
        unknown_writes=tuple(_texts(entry, "unknown-writes")),
        reason=_text(entry, "reason"),
        plan=_text(entry, "plan"),
        error=None if error is None else _error(error),
    )


def _label(name: str, platform: Platform | None) -> str:
    return f"{name} ({platform.input_name})" if name and platform else name


def _version(entry: Mapping[str, object], platform: Platform | None) -> AppStoreVersion | None:
    version_string, word = _text(entry, "version-string"), _text(entry, "version-state")
    if not version_string or platform is None:
        return None
    # The state of a version on sale shows in its address; all others look alike here.
    return AppStoreVersion(
        VersionId(_text(entry, "version-id")), platform, version_string, AppVersionState(word), word
    )


def _version_change(writes: tuple[str, ...]) -> VersionChange:
    return next((_CHANGES[write] for write in writes if write in _CHANGES), VersionChange.NONE)


def _attached(
    entry: Mapping[str, object], prefix: str, answer: bool | None
) -> AttachedBuild | None:
    build_id, number = _text(entry, f"{prefix}build-id"), _text(entry, f"{prefix}build-number")
    return AttachedBuild(BuildId(build_id), number, answer) if build_id or number else None


def _check(entry: Mapping[str, object]) -> Check:
    name = (_text(entry, "id"), _text(entry, "name"))
    return Check(*name, Verdict(_text(entry, "verdict")), _text(entry, "sentence"))


def _error(entry: object) -> AscLinkerError:
    if not isinstance(entry, dict):
        raise TypeError
    apple = entry["apple"]
    error = AscLinkerError(
        _text(entry, "message"),
        hint=_text(entry, "hint"),
        id=_text(entry, "id"),
        apple=[_apple(each) for each in apple],
        request_id=_text(entry, "request-id"),
    )
    error.title = _text(entry, "title")
    error.exit_code = int(entry["exit-code"])
    return error


def _apple(entry: Mapping[str, object]) -> AppleError:
    source = entry["source"]
    status, code, title, detail = (
        str(entry[name] or "") for name in ("status", "code", "title", "detail")
    )
    return AppleError(
        code, title, detail, status, source=source if isinstance(source, dict) else None
    )


def _platform(name: str) -> Platform | None:
    known = {platform.input_name: platform for platform in Platform}
    return known[name] if name else None


def _flag(entry: Mapping[str, object], name: str) -> bool | None:
    value = entry[name]
    if value is not None and not isinstance(value, bool):
        raise TypeError
    return value


def _text(entry: Mapping[str, object], name: str) -> str:
    value = entry[name]
    if not isinstance(value, str):
        raise TypeError
    return value


def _texts(entry: Mapping[str, object], name: str) -> list[str]:
    value = entry[name]
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise TypeError
    return value
