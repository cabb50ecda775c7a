"""The story: make a request true on App Store Connect, and say what it took."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from asc_linker.dotted import build_number_spellings, version_spellings
from asc_linker.model import App
from asc_linker.outcome import Outcome
from asc_linker.plan import (
    AttachPlan,
    app_not_found,
    build_not_found,
    check_bundle_id,
    check_processed,
    choose,
    choose_app,
    version_not_found,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from asc_linker.client import AppStoreConnect
    from asc_linker.model import AppStoreVersion, Build
    from asc_linker.outcome import AttachReport, Known
    from asc_linker.request import AttachRequest

    Tell = Callable[[str], None]


def attach(
    request: AttachRequest, apple: AppStoreConnect, tell: Tell, known: Known
) -> AttachReport:
    """Make `request` true on App Store Connect, and say what it took.

    Reads, decides, writes what the plan says, reads back. `tell` receives progress lines; `known`
    is filled as things are found out, and is true also after a failure.

    Raises AscLinkerError, and nothing else on purpose.
    """
    if request.skip_reason:
        return known.report(Outcome.SKIPPED, reason=request.skip_reason)
    plan = decide(request, apple, tell, known)
    if plan.is_noop:
        return known.report(Outcome.ALREADY_ATTACHED, requests_left=apple.requests_left)
    check_processed(plan.build)
    if request.dry_run:
        return known.report(Outcome.WOULD_ATTACH, requests_left=apple.requests_left)
    tell(f"Attaching build {plan.build.number} to version {plan.version.version_string}.")
    apple.attach_build(plan.version.id, plan.build.id)
    known.changed = True
    plan.confirm(apple.attached_build(plan.version.id))  # a 2xx is a promise, the read is proof
    return known.report(Outcome.ATTACHED, requests_left=apple.requests_left)


def decide(request: AttachRequest, apple: AppStoreConnect, tell: Tell, known: Known) -> AttachPlan:
    """Read what there is, and settle what is to be written. Writes nothing."""
    app = known.app = find_app(request, apple)
    tell(f"Looking for version {request.version_string} and build {request.build_number}.")
    versions, builds = read_side_by_side(request, apple, app)
    known.app = next((version.app for version in versions if version.app), app)
    check_bundle_id(request, known.app)
    version, build = choose(request, versions, builds)
    known.version, known.build = version, build
    if version is None:
        raise version_not_found(request, apple.versions(app.id))
    if build is None:
        raise build_not_found(request, apple.builds(app.id))
    return AttachPlan(version, build)


def find_app(request: AttachRequest, apple: AppStoreConnect) -> App:
    """The app `request` names; an `app-id` is taken at its word until the versions are read."""
    if request.app_id is not None:
        return App(request.app_id)
    app = choose_app(apple.apps(request.bundle_id), request.bundle_id)
    if app is None:
        raise app_not_found(request.bundle_id, apple.visible_apps())
    return app


def read_side_by_side(
    request: AttachRequest, apple: AppStoreConnect, app: App
) -> tuple[list[AppStoreVersion], list[Build]]:
    """Versions and builds at once: both need only the app's id, and this halves the wait."""
    version_strings = version_spellings(request.version_string)
    with ThreadPoolExecutor(max_workers=1) as beside:
        builds = beside.submit(
            apple.builds,
            app.id,
            numbers=build_number_spellings(request.build_number),
            version_strings=version_strings,
            platform=request.platform,
        )
        versions = apple.versions(
            app.id, version_strings=version_strings, platform=request.platform
        )
        return versions, builds.result()
