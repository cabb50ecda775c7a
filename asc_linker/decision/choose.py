"""Which app, version and build are meant: compared by us, whatever a filter returned.

A filter of Apple's has been seen to be loose, and once to be ignored for hours. Nothing is taken
because it came first; several matches are an error that lists them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from asc_linker.apple.model import (
    AppStoreVersion,
    Build,
    BuildAudienceType,
    BuildUploadState,
    ProcessingState,
)
from asc_linker.dotted import same_build_number, same_version
from asc_linker.errors import InputError, NotAttachable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from asc_linker.apple.model import App, BuildId, BuildUpload, Platform
    from asc_linker.decision.request import AttachRequest

_Thing = TypeVar("_Thing", AppStoreVersion, Build)

MOST_LISTED = 10


def choose_app(apps: Sequence[App], bundle_id: str) -> App | None:
    """The app with exactly this bundle id; None when it is not among `apps`."""
    same = {app.id: app for app in apps if app.bundle_id == bundle_id}
    if len(same) > 1:
        raise NotAttachable(
            f"Several apps have the bundle id {bundle_id}: {', '.join(same)}.",
            hint="Say which by its `app-id`.",
        )
    return next(iter(same.values()), None)


def choose_version(
    request: AttachRequest, versions: Iterable[AppStoreVersion], build: Build | None = None
) -> AppStoreVersion | None:
    """The version `request` names; None when it is not there.

    Without `platform`, a `build` that is there says which platform is meant.

    Raises InputError: it exists on several platforms. Raises NotAttachable: several match.
    """
    matching = matching_versions(request, versions)
    if build is not None and request.platform is None:
        matching = [version for version in matching if version.platform is build.platform]
    platforms = {version.platform for version in matching}
    if len(platforms) > 1:
        raise ambiguous(f"Version {request.version_string}", platforms)
    return _only(matching, "App Store versions")


def choose_open(versions: Sequence[AppStoreVersion]) -> AppStoreVersion | None:
    """The one open version of a platform; None when there is none.

    Raises NotAttachable: there are several, which Apple should not allow.
    """
    return _only(versions, "open versions")


def choose_build(
    request: AttachRequest, builds: Iterable[Build], versions: Iterable[AppStoreVersion] = ()
) -> Build | None:
    """The build `request` names by number; None when it is not there.

    Without `platform`, the platforms that have one of `versions` are the ones that count; without
    any of these, the build alone decides.

    Raises InputError: it exists on several platforms. Raises NotAttachable: several match.
    """
    matching = matching_builds(request, builds)
    stores = {version.platform for version in versions}
    if stores:
        matching = [build for build in matching if build.platform in stores]
    platforms = {build.platform for build in matching}
    if len(platforms) > 1:
        raise ambiguous(
            f"Version {request.version_string} with build {request.build_number}", platforms
        )
    return _only(matching, "builds")


@dataclass(frozen=True, slots=True)
class Latest:
    """What `build-number: latest` stands for: the number, and where it was uploaded to."""

    number: str
    platform: Platform


def choose_latest(
    request: AttachRequest, builds: Iterable[Build], uploads: Iterable[BuildUpload]
) -> Latest | None:
    """The newest upload of the version and platform that may still go to the App Store.

    Builds that Apple turned down, expired ones and internal ones are left out. An upload that is
    not among `builds` counts: it is waited for, never passed over for an older one. None when there
    is nothing.

    Raises InputError: there are some on several platforms. Raises NotAttachable: no telling which
    is the newest.
    """
    builds = tuple(builds)
    listed_ids = {build.id for build in builds}
    candidates = [
        (_age(build.uploaded_at), Latest(build.number, build.platform))
        for build in builds
        if _may_go_to_the_store(build) and _is_of(request, build.version_string, build.platform)
    ]
    candidates += [
        (_age(upload.uploaded_at), Latest(upload.number, upload.platform))
        for upload in uploads
        if _is_on_its_way(upload, listed_ids)
        and _is_of(request, upload.version_string, upload.platform)
    ]
    platforms = {latest.platform for _, latest in candidates}
    if len(platforms) > 1:
        raise ambiguous(f"The latest build of version {request.version_string}", platforms)
    when = max((age for age, _ in candidates), default=0.0)
    newest = {latest.number: latest for age, latest in candidates if age == when}
    if len(newest) > 1:
        raise NotAttachable(
            f"Several builds of version {request.version_string} are the latest, uploaded in the "
            f"same moment: {listed(list(newest))}.",
            hint="Say which by `build-number`.",
        )
    return next(iter(newest.values()), None)


def matching_versions(
    request: AttachRequest, versions: Iterable[AppStoreVersion]
) -> list[AppStoreVersion]:
    """Those with the version string and platform of `request`."""
    return [
        version for version in versions if _is_of(request, version.version_string, version.platform)
    ]


def matching_builds(request: AttachRequest, builds: Iterable[Build]) -> list[Build]:
    """Those with the build number, version string and platform of `request`."""
    return [
        build
        for build in builds
        if same_build_number(build.number, request.build_number)
        and _is_of(request, build.version_string, build.platform)
    ]


def ambiguous(what: str, platforms: Iterable[Platform]) -> InputError:
    """The error for something that exists on several platforms."""
    names = " and ".join(sorted(f"`{platform.input_name}`" for platform in platforms))
    return InputError(f"{what} exists on {names}.", hint="Say which by `platform`.")


def listed(things: Sequence[str]) -> str:
    """At most ten, and how many more there are."""
    more = len(things) - MOST_LISTED
    return ", ".join(things[:MOST_LISTED]) + (f" and {more} more" if more > 0 else "")


def _is_of(request: AttachRequest, version_string: str, platform: Platform) -> bool:
    return same_version(version_string, request.version_string) and request.platform in (
        None,
        platform,
    )


def _may_go_to_the_store(build: Build) -> bool:
    turned_down = (ProcessingState.FAILED, ProcessingState.INVALID)
    return (
        build.processing_state not in turned_down
        and not build.expired
        and build.audience is not BuildAudienceType.INTERNAL_ONLY
    )


def _is_on_its_way(upload: BuildUpload, listed_ids: set[BuildId]) -> bool:
    """Whether this is, or is about to become, a build that was not read."""
    under_way = (BuildUploadState.PROCESSING, BuildUploadState.COMPLETE)
    return upload.state in under_way and upload.build_id not in listed_ids


def _age(uploaded_at: datetime | None) -> float:
    return uploaded_at.timestamp() if uploaded_at else float("-inf")


def _only(things: Sequence[_Thing], what: str) -> _Thing | None:
    by_id = {thing.id: thing for thing in things}
    if len(by_id) > 1:
        raise NotAttachable(
            f"Several {what} match: {listed([_described(thing) for thing in by_id.values()])}.",
            hint="Name the one that is meant by its id (`version-id`, `build-id`).",
        )
    return next(iter(by_id.values()), None)


def _described(thing: AppStoreVersion | Build) -> str:
    when = ""
    if isinstance(thing, Build) and thing.uploaded_at:
        when = f", uploaded {thing.uploaded_at:%Y-%m-%d %H:%M} UTC"
    number = f"{thing.number} of " if isinstance(thing, Build) else ""
    return (
        f"{number}{thing.version_string} on {thing.platform.label} ({thing.state_word}{when}, "
        f"id {thing.id})"
    )
