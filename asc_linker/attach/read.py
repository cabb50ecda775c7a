"""Reading: what App Store Connect has, side by side where one read does not need the other."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from asc_linker.apple.model import App
from asc_linker.decision.absence import app_not_found
from asc_linker.decision.choose import choose_app
from asc_linker.decision.plan import Facts
from asc_linker.dotted import build_number_spellings, version_spellings

if TYPE_CHECKING:
    from collections.abc import Callable

    from asc_linker.apple.client import AppStoreConnect
    from asc_linker.apple.model import AppId, AppStoreVersion, Build, BuildUpload
    from asc_linker.decision.request import AttachRequest

_First = TypeVar("_First")
_Second = TypeVar("_Second")


def read_facts(request: AttachRequest, apple: AppStoreConnect) -> tuple[AttachRequest, Facts]:
    """Read what `request` needs. Returns it with what its `version-id` stands for filled in.

    Raises NotFound: no such app, or no such id.
    """
    version, build = side_by_side(
        lambda: apple.version(request.version_id) if request.version_id else None,
        lambda: apple.build(request.build_id) if request.build_id else None,
        at_once=bool(request.version_id and request.build_id),
    )
    if version is not None:
        request = replace(
            request,
            version_string=request.version_string or version.version_string,
            platform=request.platform or version.platform,
        )
    app = _app(request, apple, version, build)
    versions, builds = side_by_side(
        lambda: read_versions(request, apple, app.id) if version is None else [version],
        lambda: read_builds(request, apple, app.id) if build is None else [build],
        at_once=version is None and build is None,
    )
    app = next((version.app for version in versions if version.app), app)
    return request, Facts(app, tuple(versions), tuple(builds))


def read_versions(
    request: AttachRequest, apple: AppStoreConnect, app: AppId
) -> list[AppStoreVersion]:
    """The versions of the version string and platform, in each spelling Apple may have stored."""
    if request.version_id is not None:
        return [apple.version(request.version_id)]
    spellings = version_spellings(request.version_string)
    return apple.versions(app, version_strings=spellings, platform=request.platform)


def read_builds(request: AttachRequest, apple: AppStoreConnect, app: AppId) -> list[Build]:
    """The builds of the number, or for `latest` all, of the version string and platform."""
    if request.build_id is not None:
        return [apple.build(request.build_id)]
    if not request.build_number and not request.latest:
        return []
    found = apple.builds(
        app,
        numbers=build_number_spellings(request.build_number) if request.build_number else (),
        version_strings=version_spellings(request.version_string),
        platform=request.platform,
    )
    return _of_app(app, found)


def read_newest_builds(apple: AppStoreConnect, app: AppId) -> list[Build]:
    """Builds of the app, whatever their number: what there is instead of one that is missing."""
    return _of_app(app, apple.builds(app))


def read_uploads(request: AttachRequest, apple: AppStoreConnect, app: AppId) -> list[BuildUpload]:
    """What Apple knows of uploads of the number, or for `latest` all, before they are builds."""
    return apple.uploads(
        app,
        numbers=build_number_spellings(request.build_number) if request.build_number else (),
        version_strings=version_spellings(request.version_string),
        platform=request.platform,
    )


def read_all_versions(request: AttachRequest, apple: AppStoreConnect, facts: Facts) -> Facts:
    """`facts` with every version of the app, none of which may be the one that is meant.

    Raises NotFound: there is no app of the bundle id that an `app-id` came with.
    """
    versions = tuple(apple.versions(facts.app.id))
    app = next((version.app for version in versions if version.app), facts.app)
    if request.bundle_id and not app.bundle_id:
        # Nothing that was read has told the app's bundle id, so it is asked for by itself.
        app = _app_by_bundle_id(request.bundle_id, apple)
    return replace(facts, app=app, all_versions=versions)


def read_attached(facts: Facts, apple: AppStoreConnect, version: AppStoreVersion) -> Facts:
    """`facts` with the build that is attached to `version`, if it is not among them."""
    if version.build is None or facts.builds:
        return facts
    return replace(facts, builds=(apple.build(version.build.id),))


def side_by_side(
    first: Callable[[], _First], second: Callable[[], _Second], *, at_once: bool = True
) -> tuple[_First, _Second]:
    """Both results; read at once, on two connections, unless there is nothing to gain."""
    if not at_once:
        return first(), second()
    later: Future[_Second] = Future()
    # A daemon, so that an interrupted run does not wait for an answer nobody will read.
    threading.Thread(target=_fulfil, args=(later, second), daemon=True).start()
    return first(), later.result()


def _fulfil(later: Future[_Second], read: Callable[[], _Second]) -> None:
    try:
        later.set_result(read())
    except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to who waits
        later.set_exception(error)


def _of_app(app: AppId, builds: list[Build]) -> list[Build]:
    """Those of the app: its filter is one of those that Apple may ignore."""
    return [build for build in builds if build.app_id in (None, app)]


def _app(
    request: AttachRequest,
    apple: AppStoreConnect,
    version: AppStoreVersion | None,
    build: Build | None,
) -> App:
    """The app, from what is known already or by its bundle id.

    An `app-id` is taken at its word here; the pre-flight compares it with what was read.
    """
    if version is not None and version.app is not None:
        return version.app
    if request.app_id is not None:
        return App(request.app_id)
    if build is not None and build.app_id is not None:
        return App(build.app_id)
    return _app_by_bundle_id(request.bundle_id, apple)


def _app_by_bundle_id(bundle_id: str, apple: AppStoreConnect) -> App:
    app = choose_app(apple.apps(bundle_id), bundle_id)
    if app is None:
        raise app_not_found(bundle_id, apple.visible_apps())
    return app
