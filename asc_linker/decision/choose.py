"""Which app, version and build are wanted: compared by us, whatever a filter returned.

A filter of Apple's has been seen to be loose, and once to be ignored for hours. Nothing is taken
because it came first; several matches are an error that lists them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from asc_linker.apple.model import AppStoreVersion, AppVersionState, Build, Platform
from asc_linker.dotted import same_build_number, same_version
from asc_linker.errors import InputError, NotAttachable
from asc_linker.text import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from asc_linker.apple.model import App
    from asc_linker.decision.request import AttachRequest

_Thing = TypeVar("_Thing", AppStoreVersion, Build)


def choose_app(apps: Iterable[App], bundle_id: str) -> App | None:
    """The app with exactly this bundle id; None when it is not among `apps`."""
    same = {app.id: app for app in apps if app.bundle_id == bundle_id}
    if len(same) > 1:
        raise NotAttachable(
            f"Several apps have the bundle id {bundle_id}: {listed(list(same))}.",
            hint="Say which by its `app-id`.",
            id="several-match",
        )
    return next(iter(same.values()), None)


def matching_versions(
    request: AttachRequest, versions: Iterable[AppStoreVersion]
) -> list[AppStoreVersion]:
    """Those with the version string and platform of `request`."""
    return [
        version for version in versions if is_of(request, version.version_string, version.platform)
    ]


def matching_builds(request: AttachRequest, builds: Iterable[Build]) -> list[Build]:
    """Those with the build number, version string and platform of `request`."""
    return [
        build
        for build in builds
        if same_build_number(build.number, request.build_number)
        and is_of(request, build.version_string, build.platform)
    ]


def is_of(request: AttachRequest, version_string: str, platform: Platform) -> bool:
    """Whether this is the version string of `request`, on its platform where it names one."""
    return same_version(version_string, request.version_string) and request.platform in (
        None,
        platform,
    )


def on_one_platform(what: str, things: Iterable[_Thing]) -> None:
    """Raise InputError: `things` are on several platforms, and nothing says which is wanted."""
    platforms = {thing.platform for thing in things}
    if len(platforms) > 1:
        raise ambiguous(what, platforms)


def ambiguous(what: str, platforms: Iterable[Platform]) -> InputError:
    """The error for something that exists on several platforms."""
    names = " and ".join(sorted(f"`{platform.input_name}`" for platform in platforms))
    return InputError(
        f"{what} exists on {names}.", hint="Say which by `platform`.", id="platform-ambiguous"
    )


def the_only(things: Sequence[_Thing], what: str) -> _Thing | None:
    """The one there is; None when there is none. Raises NotAttachable: there are several."""
    by_id = {thing.id: thing for thing in things}
    if len(by_id) > 1:
        raise NotAttachable(
            f"Several {what} match: {listed([_described(thing) for thing in by_id.values()])}.",
            hint="Name the one that is wanted by its id (`version-id`, `build-id`).",
            id="several-match",
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


def shown_versions(
    request: AttachRequest, versions: tuple[AppStoreVersion, ...]
) -> list[AppStoreVersion]:
    """For `show` without a version: of each platform the open version and the one on sale."""
    return sorted(
        (
            version
            for version in versions
            if request.platform in (None, version.platform)
            and (
                version.app_version_state.holds_the_slot
                or version.app_version_state is AppVersionState.READY_FOR_DISTRIBUTION
            )
        ),
        key=lambda version: (
            list(Platform).index(version.platform),
            version.app_version_state.is_released,
        ),
    )
