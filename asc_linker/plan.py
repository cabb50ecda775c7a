"""Every decision, as values in and a value or an AscLinkerError out.

Whatever a filter returned is compared again here: a filter of Apple's has been seen to be loose,
and once to be ignored for hours. Nothing is taken because it came first.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, TypeVar

from asc_linker.dotted import distance, same_build_number, same_version
from asc_linker.errors import (
    AppStoreConnectError,
    InputError,
    NotAttachable,
    NotFound,
    ProcessingTimeout,
)
from asc_linker.model import AppStoreVersion, Build, ProcessingState

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from asc_linker.model import App, BuildId, Platform
    from asc_linker.request import AttachRequest

_Thing = TypeVar("_Thing", AppStoreVersion, Build)

_MOST_LISTED = 10


@dataclass(frozen=True, slots=True)
class AttachPlan:
    """The one write that makes a request true, or none."""

    version: AppStoreVersion
    build: Build

    @property
    def is_noop(self) -> bool:
        """Whether this very build is attached already."""
        return self.version.build is not None and self.version.build.id == self.build.id

    def confirm(self, attached: BuildId | None) -> None:
        """Compare what Apple shows after the write with what was written.

        Raises AppStoreConnectError: they differ.
        """
        if attached == self.build.id:
            return
        there = "no build" if attached is None else "another build"
        raise AppStoreConnectError(
            f"Apple took build {self.build.number}, but {there} is attached now.",
            hint="Another job may have attached its own build meanwhile; look at the version "
            "before submitting it, and run one job at a time (`concurrency`).",
        )


def choose_app(apps: Sequence[App], bundle_id: str) -> App | None:
    """The app with exactly this bundle id; None when it is not among `apps`."""
    same = [app for app in apps if app.bundle_id == bundle_id]
    if len(same) > 1:
        listed = ", ".join(app.id for app in same)
        raise NotAttachable(
            f"Several apps have the bundle id {bundle_id}: {listed}.",
            hint="Say which by its `app-id`.",
        )
    return same[0] if same else None


def choose(
    request: AttachRequest, versions: Sequence[AppStoreVersion], builds: Sequence[Build]
) -> tuple[AppStoreVersion | None, Build | None]:
    """The one version and the one build that `request` names; None for one that is not there.

    Without `platform` the two are looked for together, on every platform that has both.

    Raises InputError: both exist on several platforms.
    Raises NotAttachable: they exist, on different platforms; or several of one kind match.
    """
    versions = matching_versions(request, versions)
    builds = matching_builds(request, builds)
    if request.platform is None:
        platforms = {version.platform for version in versions}
        shared = platforms & {build.platform for build in builds}
        if len(shared) > 1:
            raise _ambiguous(request, shared)
        if not shared and versions and builds:
            raise _apart(request, versions, builds)
        if shared:
            versions = [version for version in versions if version.platform in shared]
            builds = [build for build in builds if build.platform in shared]
    return _only(versions, "App Store versions"), _only(builds, "builds")


def matching_versions(
    request: AttachRequest, versions: Iterable[AppStoreVersion]
) -> list[AppStoreVersion]:
    """Those with the version string and platform of `request`."""
    return [
        version
        for version in versions
        if same_version(version.version_string, request.version_string)
        and request.platform in (None, version.platform)
    ]


def matching_builds(request: AttachRequest, builds: Iterable[Build]) -> list[Build]:
    """Those with the build number, version string and platform of `request`."""
    return [
        build
        for build in builds
        if same_build_number(build.number, request.build_number)
        and same_version(build.version_string, request.version_string)
        and request.platform in (None, build.platform)
    ]


def check_bundle_id(request: AttachRequest, app: App | None) -> None:
    """Compare the app that `app-id` names with `bundle-id`, where both are given.

    Raises NotAttachable: they are two apps.
    """
    if app and request.bundle_id and app.bundle_id and app.bundle_id != request.bundle_id:
        raise NotAttachable(
            f"App {app.id} has the bundle id {app.bundle_id}, not {request.bundle_id}.",
            hint="`app-id` and `bundle-id` name two apps; leave out the wrong one.",
        )


def check_processed(build: Build) -> None:
    """Only a build that Apple has processed can be attached."""
    match build.processing_state:
        case ProcessingState.PROCESSING:
            raise ProcessingTimeout(
                f"Apple is still processing build {build.number}.",
                hint="Run again in a few minutes.",
            )
        case ProcessingState.FAILED | ProcessingState.INVALID:
            raise NotAttachable(
                f"Apple could not process build {build.number}: it is {build.state_word}.",
                hint="Apple's e-mail to the team names the reason. Upload one with a new number.",
            )
        case _:
            return


def app_not_found(bundle_id: str, visible: Sequence[App]) -> NotFound:
    there = _nearest(bundle_id, [app.bundle_id for app in visible])
    seen = f"This key sees {there}." if there else "This key sees no app at all."
    return NotFound(
        f"No app has the bundle id {bundle_id}. {seen}",
        hint="Check `bundle-id`, and that the API key is of the app's team and may see it.",
    )


def version_not_found(request: AttachRequest, versions: Sequence[AppStoreVersion]) -> NotFound:
    there = [
        f"{version.version_string} ({version.platform.label}, {version.state_word})"
        for version in sorted(
            versions, key=lambda version: distance(version.version_string, request.version_string)
        )
    ]
    on = f" on {request.platform.label}" if request.platform else ""
    seen = f"There are {_listed(there)}." if there else "The app has no versions yet."
    return NotFound(
        f"The App Store has no version {request.version_string}{on} of this app. {seen}",
        hint="An upload does not create an App Store version: add it on App Store Connect, or "
        "check `version-string`.",
    )


def build_not_found(request: AttachRequest, builds: Sequence[Build]) -> NotFound:
    same_number = [
        build for build in builds if same_build_number(build.number, request.build_number)
    ]
    nearest = sorted(
        same_number or builds, key=lambda build: distance(build.number, request.build_number)
    )
    there = _listed([str(build) for build in nearest])
    on = f" on {request.platform.label}" if request.platform else ""
    return NotFound(
        f"Build {request.build_number} of {request.version_string}{on} is not among the uploaded "
        f"builds: {there or 'there are none'}.",
        hint="A fresh upload takes minutes to appear. Check `build-number` and `version-string` "
        "against the upload.",
    )


def _only(things: Sequence[_Thing], what: str) -> _Thing | None:
    if len(things) > 1:
        listed = "; ".join(_described(thing) for thing in things[:_MOST_LISTED])
        raise NotAttachable(
            f"Several {what} match: {listed}.",
            hint="Say which by `platform`, or remove the one that is not meant.",
        )
    return things[0] if things else None


def _described(thing: AppStoreVersion | Build) -> str:
    return f"{thing.version_string} on {thing.platform.label}, {thing.state_word}, id {thing.id}"


def _ambiguous(request: AttachRequest, platforms: Iterable[Platform]) -> InputError:
    names = " and ".join(sorted(f"`{platform.input_name}`" for platform in platforms))
    return InputError(
        f"Version {request.version_string} with build {request.build_number} exists on {names}.",
        hint="Say which by `platform`.",
    )


def _apart(
    request: AttachRequest, versions: Iterable[AppStoreVersion], builds: Iterable[Build]
) -> NotAttachable:
    stores = _listed(sorted({version.platform.label for version in versions}))
    uploads = _listed(sorted({build.platform.label for build in builds}))
    return NotAttachable(
        f"Build {request.build_number} was uploaded for {uploads}, but the App Store version "
        f"{request.version_string} is for {stores}.",
        hint="Add the version for the build's platform on App Store Connect, or upload the build "
        "for the version's platform.",
    )


def _nearest(wanted: str, there: Sequence[str]) -> str:
    def likeness(text: str) -> float:
        return SequenceMatcher(None, wanted.lower(), text.lower()).ratio()

    return _listed(sorted(there, key=likeness, reverse=True))


def _listed(things: Sequence[str]) -> str:
    """At most ten, and how many more there are."""
    more = len(things) - _MOST_LISTED
    return ", ".join(things[:_MOST_LISTED]) + (f" and {more} more" if more > 0 else "")
