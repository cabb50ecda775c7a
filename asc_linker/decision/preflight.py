"""The pre-flight: everything Apple checks when a build is attached, checked before it is asked.

One table of small rules. Each looks at a request, the app, the version and the build, as far as
they are known, and gives a verdict and a sentence; all are evaluated, so one run tells everything
that is wrong. A rule that lacks what it needs says nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from asc_linker.apple.model import BuildAudienceType, ProcessingState
from asc_linker.dotted import same_build_number, same_version

if TYPE_CHECKING:
    from collections.abc import Callable

    from asc_linker.apple.model import App, AppStoreVersion, Build
    from asc_linker.decision.request import AttachRequest


class Verdict(StrEnum):
    """What a rule says: fine, refused, or nothing we can know before Apple does."""

    OK = "ok"
    REFUSED = "refused"
    APPLE_DECIDES = "Apple decides"


@dataclass(frozen=True, slots=True)
class Check:
    """One row of the table. `id` is the anchor of its section, refused or not."""

    id: str
    name: str
    verdict: Verdict
    sentence: str
    hint: str = ""


_NAMES = {
    "app-differs": "App",
    "platform-differs": "Platform",
    "version-string-differs": "Version string",
    "build-number-differs": "Build number",
    "build-not-processed": "Processed",
    "build-expired": "Not expired",
    "build-internal-only": "App Store eligible",
    "version-locked": "Version open",
    "build-attached-elsewhere": "Attached nowhere else",
    "export-compliance": "Export compliance",
}


@dataclass(frozen=True, slots=True)
class Case:
    """What the rules look at. `version` is None while it does not exist, `build` likewise."""

    request: AttachRequest
    app: App
    version: AppStoreVersion | None
    build: Build | None


def preflight(case: Case) -> tuple[Check, ...]:
    """Every check that `case` allows, in the order of the table."""
    found = (rule(case) for rule in RULES)
    return tuple(check for check in found if check is not None)


def refusals(checks: tuple[Check, ...]) -> list[Check]:
    """The checks that failed."""
    return [check for check in checks if check.verdict is Verdict.REFUSED]


def changed(before: tuple[Check, ...], after: tuple[Check, ...]) -> str:
    """What `after` says that `before` did not, in sentences; empty when nothing changed."""
    said = {check.sentence for check in before}
    news = [check.sentence for check in after if check.sentence not in said]
    return f"Since the check: {' '.join(news)}" if news else ""


def same_app(case: Case) -> Check:
    app, request = case.app, case.request
    known = {app.id}
    if case.version and case.version.app:
        known.add(case.version.app.id)
    if case.build and case.build.app_id:
        known.add(case.build.app_id)
    if request.app_id:
        known.add(request.app_id)
    if len(known) > 1:
        listed = ", ".join(sorted(known))
        return _refused(
            "app-differs",
            f"Version, build and inputs belong to different apps: {listed}.",
            "Check `app-id`, `version-id` and `build-id` against each other.",
        )
    if request.bundle_id and app.bundle_id and request.bundle_id != app.bundle_id:
        return _refused(
            "app-differs",
            f"App {app.id} has the bundle id {app.bundle_id}, not {request.bundle_id}.",
            "`bundle-id` and the ids name two apps; leave out the wrong one.",
        )
    return _ok("app-differs", f"All belong to {app.bundle_id or app.id}.")


def same_platform(case: Case) -> Check | None:
    said = {
        "input": case.request.platform,
        "version": case.version.platform if case.version else None,
        "build": case.build.platform if case.build else None,
    }
    given = {what: platform for what, platform in said.items() if platform is not None}
    if not given:
        return None
    if len(set(given.values())) == 1:
        return _ok("platform-differs", f"{next(iter(given.values())).label}.")
    listed = ", ".join(f"the {what} says {platform.label}" for what, platform in given.items())
    return _refused(
        "platform-differs",
        f"The platforms differ: {listed}.",
        "Check `platform`, and that `build-number` names the upload for it.",
    )


def same_version_string(case: Case) -> Check | None:
    said = {
        "input": case.request.version_string,
        "version": case.version.version_string if case.version else "",
        "build": case.build.version_string if case.build else "",
    }
    given = {what: string for what, string in said.items() if string}
    if not given:
        return None
    first = next(iter(given.values()))
    if all(same_version(first, string) for string in given.values()):
        return _ok("version-string-differs", f"{first}.")
    listed = ", ".join(f"the {what} says {string}" for what, string in given.items())
    return _refused(
        "version-string-differs",
        f"The version strings differ: {listed}.",
        "Apple takes only a build whose version string is the version's: check `version-string`, "
        "or build with that version.",
    )


def same_number(case: Case) -> Check | None:
    build, wanted = case.build, case.request.build_number
    if build is None:
        return None
    if wanted and not same_build_number(wanted, build.number):
        return _refused(
            "build-number-differs",
            f"The build is {build.number}, not {wanted}.",
            "`build-number` and `build-id` name two builds; leave out the wrong one.",
        )
    return _ok("build-number-differs", f"{build.number}.")


def processed(case: Case) -> Check | None:
    build = case.build
    if build is None:
        return None
    match build.processing_state:
        case ProcessingState.VALID:
            return _ok("build-not-processed", "Apple has processed the build.")
        case ProcessingState.PROCESSING:
            return _refused(
                "build-not-processed",
                f"Apple is still processing build {build.number}.",
                "`wait-minutes` waits for it.",
            )
        case ProcessingState.FAILED | ProcessingState.INVALID:
            return _refused(
                "build-not-processed",
                f"Apple could not process build {build.number}: it is {build.state_word}.",
                "Apple's e-mail to the team names the reason. Upload a build with a new number.",
            )
        case ProcessingState.UNRECOGNISED:
            return _apple_decides(
                "build-not-processed", f"The build is {build.state_word}; Apple will judge."
            )


def not_expired(case: Case) -> Check | None:
    build = case.build
    if build is None:
        return None
    if build.expired:
        return _refused(
            "build-expired",
            f"Build {build.number} has expired, and that cannot be undone.",
            "Upload a new build.",
        )
    until = f" until {build.expires_at:%Y-%m-%d}" if build.expires_at else ""
    return _ok("build-expired", f"Good{until}.")


def eligible(case: Case) -> Check | None:
    build = case.build
    if build is None:
        return None
    match build.audience:
        case BuildAudienceType.INTERNAL_ONLY:
            return _refused(
                "build-internal-only",
                f"Build {build.number} is for internal testing only, and stays so.",
                "Make a new build: in Xcode Cloud, archive for “TestFlight and App Store”.",
            )
        case BuildAudienceType.APP_STORE_ELIGIBLE:
            return _ok("build-internal-only", "It may go to the App Store.")
        case BuildAudienceType.UNRECOGNISED:
            return _apple_decides(
                "build-internal-only", "Apple names a new audience, and will judge."
            )


def version_open(case: Case) -> Check | None:
    version = case.version
    if version is None:
        return None
    name = f"Version {version.version_string} is {version.state_word}"
    if version.app_version_state.is_editable:
        return _ok("version-locked", f"{name}.")
    if version.app_version_state.is_locked:
        return _refused(
            "version-locked",
            f"{name}, and takes no other build.",
            "Cancel its submission on App Store Connect, or raise the version; "
            "`if-version-locked: skip` leaves it alone.",
        )
    return _apple_decides("version-locked", f"{name}; Apple will judge.")


def attached_nowhere_else(case: Case) -> Check | None:
    build = case.build
    if build is None:
        return None
    if build.attached_to is None or (case.version and build.attached_to == case.version.id):
        return _ok("build-attached-elsewhere", "No other version has it.")
    return _refused(
        "build-attached-elsewhere",
        f"Build {build.number} is attached to another version (id {build.attached_to}).",
        "Upload a new build, or detach this one there first.",
    )


def compliance(case: Case) -> Check | None:
    build, answer = case.build, case.request.uses_non_exempt_encryption
    if build is None:
        return None
    said = build.uses_non_exempt_encryption
    if said is None and answer is None:
        return _apple_decides(
            "export-compliance", "Unanswered; App Store Connect asks before review."
        )
    if said is None:
        return _ok("export-compliance", f"Unanswered; this run answers {_yes(answer)}.")
    if answer is not None and answer is not said:
        return _refused(
            "export-compliance",
            f"`uses-non-exempt-encryption` says {_yes(answer)}, but build {build.number} was "
            f"answered {_yes(said)}, and Apple takes one answer only.",
            "Compare with the answer on App Store Connect; only a new build can have another.",
        )
    return _ok("export-compliance", f"Answered {_yes(said)}.")


# The checks that tell whether these are the things that were meant at all.
IDENTITY = frozenset(
    {"app-differs", "platform-differs", "version-string-differs", "build-number-differs"}
)

RULES: tuple[Callable[[Case], Check | None], ...] = (
    same_app,
    same_platform,
    same_version_string,
    same_number,
    processed,
    not_expired,
    eligible,
    version_open,
    attached_nowhere_else,
    compliance,
)


def _ok(which: str, sentence: str) -> Check:
    return Check(which, _NAMES[which], Verdict.OK, sentence)


def _refused(which: str, sentence: str, hint: str) -> Check:
    return Check(which, _NAMES[which], Verdict.REFUSED, sentence, hint)


def _apple_decides(which: str, sentence: str) -> Check:
    return Check(which, _NAMES[which], Verdict.APPLE_DECIDES, sentence)


def _yes(answer: bool | None) -> str:
    return "true" if answer else "false"
