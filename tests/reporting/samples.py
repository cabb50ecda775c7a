"""Reports as values, for what is made of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from asc_linker.apple.model import (
    App,
    AppId,
    AppStoreVersion,
    AppVersionState,
    AttachedBuild,
    Build,
    BuildId,
    Platform,
    ProcessingState,
    VersionId,
)
from asc_linker.decision.preflight import Check, Verdict
from asc_linker.decision.report import AttachReport, Outcome
from asc_linker.decision.request import AttachRequest
from asc_linker.errors import AppleError, NotAttachable

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
NOTES = App(AppId("6446000001"), "com.example.notes", "Example Notes")
VERSION = AppStoreVersion(
    VersionId("v142"),
    Platform.MAC_OS,
    "1.4.2",
    AppVersionState.PREPARE_FOR_SUBMISSION,
    "PREPARE_FOR_SUBMISSION",
    app=NOTES,
)
BUILD = Build(
    BuildId("b231"),
    "231",
    "1.4.2",
    Platform.MAC_OS,
    ProcessingState.VALID,
    "VALID",
    uses_non_exempt_encryption=False,
    expires_at=NOW + timedelta(days=60),
)
OLD = AttachedBuild(BuildId("b230"), "230", None)
NEW = AttachedBuild(BuildId("b231"), "231", False)
PASSED = Check("app-differs", "App", Verdict.OK, "All belong to com.example.notes.")
EXPIRED = Check(
    "build-expired", "Not expired", Verdict.REFUSED, "Build 231 has expired.", "Upload a new build."
)
UNANSWERED = Check(
    "export-compliance",
    "Export compliance",
    Verdict.APPLE_DECIDES,
    "Unanswered; App Store Connect asks before review.",
)
APPLES = AppleError(
    code="ENTITY_ERROR.RELATIONSHIP.INVALID",
    title="Refused",
    detail="The specified pre-release build could not be added.",
    status="409",
    source={"pointer": "/data/relationships/build"},
)
# What is attached afterwards, by outcome.
_AFTER = {
    Outcome.ATTACHED: NEW,
    Outcome.WOULD_ATTACH: NEW,
    Outcome.ALREADY_ATTACHED: NEW,
    Outcome.FAILED: NEW,
    Outcome.NOT_WRITTEN: NEW,
    Outcome.KEPT: OLD,
    Outcome.SHOWN: OLD,
    Outcome.SKIPPED: OLD,
}


def refused(message: str = "Build 231 has expired.", **changes: Any) -> NotAttachable:
    given = {
        "hint": "Upload a new build.",
        "id": "build-expired",
        "apple": [APPLES],
        "request_id": "ABC-123",
    }
    return NotAttachable(message, **(given | changes))


def ended(outcome: Outcome, **changes: Any) -> AttachReport:
    """A target that everything is known of; a failure has expired."""
    report = AttachReport(
        outcome,
        request=AttachRequest(
            bundle_id="com.example.notes", version_string="1.4.2", build_number="231"
        ),
        app=NOTES,
        version=VERSION,
        build=BUILD,
        attached=_AFTER.get(outcome),
        previous=NEW if outcome is Outcome.ALREADY_ATTACHED else OLD,
        changed=outcome in (Outcome.ATTACHED, Outcome.DETACHED),
        checks=(PASSED, EXPIRED) if outcome is Outcome.FAILED else (PASSED,),
        writes=_WRITES.get(outcome, ()),
        plan="5d41402abc4b2a76",
        error=refused() if outcome is Outcome.FAILED else None,
    )
    return report._replace(**changes)


_WRITES = {
    Outcome.ATTACHED: ("attach",),
    Outcome.WOULD_ATTACH: ("attach",),
    Outcome.DETACHED: ("detach",),
    Outcome.WOULD_DETACH: ("detach",),
}


def nothing_known(outcome: Outcome = Outcome.FAILED, **changes: Any) -> AttachReport:
    """A run that ended before it found out anything."""
    return AttachReport(outcome, **changes)


def of_app(n: int, outcome: Outcome = Outcome.ATTACHED, **changes: Any) -> AttachReport:
    """One of several targets; each is of an app of its own."""
    bundle_id = f"com.example.app{n:03}"
    report = ended(outcome, **changes)
    return report._replace(
        app=App(AppId(str(6446000000 + n)), bundle_id, f"App {n}"),
        request=report.request._replace(bundle_id=bundle_id, label=f"{bundle_id} (macos)"),
    )


def many(number: int, make: Callable[[int], AttachReport] = of_app) -> list[AttachReport]:
    return [make(n) for n in range(number)]
