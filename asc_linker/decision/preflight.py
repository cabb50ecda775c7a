"""The pre-flight: everything Apple checks when a build is attached, checked before it is asked.

One table of small rules. Each looks at a request, the app, the version and the build, as far as
they are known, and gives a verdict and a sentence; all are evaluated, so one run tells everything
that is wrong. A rule that lacks what it needs says nothing.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from asc_linker.apple.model import BuildAudienceType, ProcessingState
from asc_linker.dotted import same_build_number, same_version
from asc_linker.text import true_or_false

if TYPE_CHECKING:
    from collections.abc import Callable

    from asc_linker.apple.model import App, AppStoreVersion, Build
    from asc_linker.decision.request import AttachRequest


class Verdict(StrEnum):
    """What a rule says: fine, refused, or nothing we can know before Apple does."""

    OK = "ok"
    REFUSED = "refused"
    APPLE_DECIDES = "Apple decides"


class Check(NamedTuple):
    """One row of the table. `id` is the anchor of its section, refused or not."""

    id: str
    name: str
    verdict: Verdict
    sentence: str
    hint: str = ""


class Candidates(NamedTuple):
    """What the rules look at; None while it is not read, or does not exist."""

    request: AttachRequest
    app: App | None = None
    version: AppStoreVersion | None = None
    build: Build | None = None


def preflight(candidates: Candidates) -> tuple[Check, ...]:
    """Every check that `candidates` allow, in the order of the table."""
    found = (rule(candidates) for rule in RULES)
    return tuple(check for check in found if check is not None)


def refusals(checks: tuple[Check, ...]) -> list[Check]:
    """The checks that failed."""
    return [check for check in checks if check.verdict is Verdict.REFUSED]


def same_app(candidates: Candidates) -> Check | None:
    app, request = candidates.app, candidates.request
    if app is None:
        return None
    ids = {app.id}
    if candidates.version and candidates.version.app:
        ids.add(candidates.version.app.id)
    if candidates.build and candidates.build.app_id:
        ids.add(candidates.build.app_id)
    if request.app_id:
        ids.add(request.app_id)
    if len(ids) > 1:
        return _refused(
            "app-differs",
            f"Version, build and inputs belong to different apps: {', '.join(sorted(ids))}.",
            "Check `app-id`, `version-id` and `build-id` against each other.",
        )
    if request.bundle_id and app.bundle_id and request.bundle_id != app.bundle_id:
        return _refused(
            "app-differs",
            f"App {app.id} has the bundle id {app.bundle_id}, not {request.bundle_id}"
            f"{request.source('bundle-id')}.",
            "`bundle-id` and the ids name two apps; leave out the wrong one.",
        )
    return _ok("app-differs", f"All belong to {app.bundle_id or app.id}.")


def same_platform(candidates: Candidates) -> Check | None:
    request = candidates.request
    said = {
        request.sources.get("platform", "input"): request.platform,
        "version": candidates.version.platform if candidates.version else None,
        "build": candidates.build.platform if candidates.build else None,
    }
    given = {what: platform for what, platform in said.items() if platform is not None}
    if not given:
        return None
    if len(set(given.values())) == 1:
        return _ok("platform-differs", f"{next(iter(given.values())).label}.")
    listed = ", ".join(f"{_the(what)} says {platform.label}" for what, platform in given.items())
    return _refused(
        "platform-differs",
        f"The platforms differ: {listed}.",
        "Check `platform`, and that `build-number` names the upload for it.",
    )


def same_version_string(candidates: Candidates) -> Check | None:
    request = candidates.request
    said = {
        request.sources.get("version-string", "input"): request.version_string,
        "version": candidates.version.version_string if candidates.version else "",
        "build": candidates.build.version_string if candidates.build else "",
    }
    given = {what: string for what, string in said.items() if string}
    if not given:
        return None
    first = next(iter(given.values()))
    if all(same_version(first, string) for string in given.values()):
        return _ok("version-string-differs", f"{first}.")
    listed = ", ".join(f"{_the(what)} says {string}" for what, string in given.items())
    return _refused(
        "version-string-differs",
        f"The version strings differ: {listed}.",
        "Apple takes only a build whose version string is the version's: check `version-string`, "
        "or build with that version.",
    )


def same_number(candidates: Candidates) -> Check | None:
    build, wanted = candidates.build, candidates.request.build_number
    if build is None:
        return None
    if wanted and not same_build_number(wanted, build.number):
        return _refused(
            "build-number-differs",
            f"The build is {build.number}, not {wanted}"
            f"{candidates.request.source('build-number')}.",
            "`build-number` and `build-id` name two builds; leave out the wrong one.",
        )
    return _ok("build-number-differs", f"{build.number}.")


def processed(candidates: Candidates) -> Check | None:
    build = candidates.build
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
            return _apple_decides("build-not-processed", f"The build is {build.state_word}.")


def not_expired(candidates: Candidates) -> Check | None:
    build = candidates.build
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


def eligible(candidates: Candidates) -> Check | None:
    build = candidates.build
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
            return _apple_decides("build-internal-only", "Apple names a new audience.")


def version_open(candidates: Candidates) -> Check | None:
    version = candidates.version
    if version is None:
        return None
    name = f"Version {version.version_string} is {version.state_word}"
    if version.app_version_state.is_editable:
        return _ok("version-locked", f"{name}.")
    if not version.app_version_state.is_locked:
        return _apple_decides("version-locked", f"{name}.")
    if version.app_version_state.is_released:
        cure = "Raise the version: a released one keeps its build"
    else:
        cure = "Cancel its submission on App Store Connect, or raise the version"
    return _refused(
        "version-locked",
        f"{name}, and takes no other build.",
        f"{cure}; `if-version-locked: skip` leaves it alone.",
    )


def attached_nowhere_else(candidates: Candidates) -> Check | None:
    build = candidates.build
    if build is None:
        return None
    version = candidates.version
    if build.attached_to is None or (version and build.attached_to == version.id):
        return _ok("build-attached-elsewhere", "No other version has it.")
    return _refused(
        "build-attached-elsewhere",
        f"Build {build.number} is attached to another version (id {build.attached_to}).",
        "Upload a new build, or detach this one there first.",
    )


def compliance(candidates: Candidates) -> Check | None:
    build, answer = candidates.build, candidates.request.uses_non_exempt_encryption
    if build is None:
        return None
    there = build.uses_non_exempt_encryption
    if there is None and answer is None:
        return _apple_decides("export-compliance", "Unanswered.")
    if there is None:
        return _ok(
            "export-compliance", f"Unanswered; this run answers {true_or_false(bool(answer))}."
        )
    if answer is not None and answer is not there:
        return _refused(
            "export-compliance",
            f"`uses-non-exempt-encryption` says {true_or_false(answer)}, but build {build.number} "
            f"was answered {true_or_false(there)}, and Apple takes one answer only.",
            "Compare with the answer on App Store Connect; only a new build can have another.",
        )
    return _ok("export-compliance", f"Answered {true_or_false(there)}.")


RULES: tuple[Callable[[Candidates], Check | None], ...] = (
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
# The checks that tell whether these are the things that were wanted at all.
IDENTITY = frozenset(
    {"app-differs", "platform-differs", "version-string-differs", "build-number-differs"}
)
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


def _ok(which: str, sentence: str) -> Check:
    return Check(which, _NAMES[which], Verdict.OK, sentence)


def _refused(which: str, sentence: str, hint: str) -> Check:
    return Check(which, _NAMES[which], Verdict.REFUSED, sentence, hint)


def _apple_decides(which: str, sentence: str) -> Check:
    return Check(which, _NAMES[which], Verdict.APPLE_DECIDES, sentence)


def _the(what: str) -> str:
    return what if what.startswith("the ") else f"the {what}"
