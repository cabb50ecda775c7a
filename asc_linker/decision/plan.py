"""A plan: what is to be written, as a value that can be written down and compared."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from asc_linker.decision.report import Outcome, VersionChange
from asc_linker.dotted import plain_build_number, plain_version

if TYPE_CHECKING:
    from asc_linker.apple.model import App, AppStoreVersion, Build
    from asc_linker.decision.request import AttachRequest, Skip
    from asc_linker.decision.writes import Write

# Eight digits for what is wanted, eight for what is attached now.
REFUSED = "0" * 16
_HALF = 8


class Plan(NamedTuple):
    """What is to be written, in order, and what the target comes to once that is done.

    `version` is as it was read, and None where it is to be created or there is none; `after` is as
    it will be, with an empty id where it is to be created. `skip` is set for `skipped`.
    """

    outcome: Outcome
    version: AppStoreVersion | None
    build: Build | None
    writes: tuple[Write, ...] = ()
    after: AppStoreVersion | None = None
    version_change: VersionChange = VersionChange.NONE
    skip: Skip | None = None


def fingerprint(request: AttachRequest, app: App | None, plan: Plan) -> str:
    """16 hex digits: the same as long as the plan writes the same over the same.

    Eight are for app, platform, version string, build and the compliance answer asked for, eight
    for what is attached now.
    """
    version = plan.after or plan.version
    platform = version.platform if version else request.platform
    string = version.version_string if version else request.version_string
    answer = request.uses_non_exempt_encryption
    wanted = (
        app.id if app else request.app_id or request.bundle_id,
        platform.value if platform else "",
        plain_version(string),
        _build_of(plan),
        "" if answer is None else str(answer),
    )
    attached = plan.version.build if plan.version else None
    return _digits(*wanted) + _digits(attached.id if attached else "")


def same_plan(expected: str, now: str, plan: Plan) -> bool:
    """Whether `now` is what was expected; a target that is already so may have become so since."""
    already_so = not plan.writes and plan.outcome in (
        Outcome.ALREADY_ATTACHED,
        Outcome.NOTHING_ATTACHED,
    )
    return now == expected or (already_so and now[:_HALF] == expected[:_HALF])


def _build_of(plan: Plan) -> str:
    """The build, or what stands in its place."""
    if plan.outcome in (Outcome.KEPT, Outcome.SKIPPED):
        return plan.outcome.value
    if plan.outcome in (Outcome.DETACHED, Outcome.NOTHING_ATTACHED) or plan.build is None:
        return ""
    return f"{plan.build.id} {plain_build_number(plan.build.number)}"


def _digits(*parts: str) -> str:
    return sha256("\0".join(parts).encode()).hexdigest()[:_HALF]
