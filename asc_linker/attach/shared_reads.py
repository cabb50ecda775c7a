"""The reads of one key: shared between its targets, and side by side."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, TypeVar

from asc_linker.apple.model import App, AppStoreVersion, Build
from asc_linker.attach.side_by_side import side_by_side
from asc_linker.decision.absence import app_not_found, version_not_found
from asc_linker.decision.choose import choose_app, shown_versions
from asc_linker.decision.decision import Look
from asc_linker.decision.findings import Findings
from asc_linker.decision.request import Operation
from asc_linker.dotted import build_number_spellings, version_spellings
from asc_linker.errors import AppStoreConnectError, AscLinkerError, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from asc_linker.apple.client import AppStoreConnect
    from asc_linker.apple.model import AppId, BuildId, BuildUpload
    from asc_linker.attach.wait import Wait
    from asc_linker.decision.decision import Decision
    from asc_linker.decision.request import AttachRequest

_Text = TypeVar("_Text", bound=str)
_Read = TypeVar("_Read")

# Requests at a time for one key.
AT_A_TIME = 8
# What one read of builds may ask for: targets, and letters of their ids, numbers and versions.
_MOST_TOGETHER = 50
_MOST_LETTERS = 1200


class SharedReads:
    """Reads with one key, shared by its targets. Findings come and go by their place in the run.

    What a read met with becomes the findings' `failure`, where the read was needed.
    """

    def __init__(self, apple: AppStoreConnect, wait: Wait) -> None:
        self._apple = apple
        self._visible: list[App] | None = None
        self._wait = wait

    def _read(self, calls: Sequence[Callable[[], _Read]]) -> list[_Read | AscLinkerError]:
        """The results of `calls`, side by side; none begins after the end of the run."""

        def in_time(call: Callable[[], _Read]) -> _Read:
            self._wait.require_time()
            return call()

        return side_by_side([partial(in_time, call) for call in calls], AT_A_TIME)

    def first(self, some: dict[int, Findings]) -> dict[int, list[Findings]]:
        some = self._by_ids(some)
        some = self._with_apps(some)
        some = self._with_the_rest(some)
        return {place: _shown(one) for place, one in some.items()}

    def look(
        self, some: dict[int, Findings], decisions: Mapping[int, Decision]
    ) -> dict[int, list[Findings]]:
        reads: dict[object, Callable[[], Callable[[Findings], Findings]]] = {}
        wants: dict[int, object] = {}
        for place, one in some.items():
            decision = decisions[place]
            app = _app_id(one)
            # What two targets of one app want to see of it is read once.
            match decision.look:
                case Look.ALL_VERSIONS:
                    wants[place] = decision.look, app
                    reads[wants[place]] = partial(self._all_versions, one)
                case Look.ATTACHED:
                    assert decision.version is not None
                    assert decision.version.build is not None
                    wants[place] = decision.look, decision.version.id
                    reads[wants[place]] = partial(self._attached, decision.version.build.id)
                case Look.UPLOADS:
                    wants[place] = decision.look, app, _spellings(one.request)
                    reads[wants[place]] = partial(self._uploads, one)
                case _:
                    wants[place] = decision.look, app, _spellings(one.request)
                    reads[wants[place]] = partial(self._elsewhere, one)
        outcomes = dict(zip(reads, self._read(list(reads.values())), strict=True))
        return {place: [_applied(outcomes[wants[place]], one)] for place, one in some.items()}

    def again(
        self, some: dict[int, Findings], uploads: frozenset[int]
    ) -> dict[int, list[Findings]]:
        batches = _together(some)
        absent = [place for place in some if place in uploads]
        calls: list[Callable[[], object]] = [
            *(partial(self._builds_of, [some[place] for place in batch]) for batch in batches),
            *(partial(self._uploads_if_there, some[place]) for place in absent),
        ]
        outcomes = self._read(calls)
        found = dict(some)
        for batch, outcome in zip(batches, outcomes, strict=False):
            for place in batch:
                found[place] = _with_builds(found[place], outcome)
        for place, outcome in zip(absent, outcomes[len(batches) :], strict=True):
            found[place] = _applied(outcome, found[place])
        return {place: [one] for place, one in found.items()}

    def versions_again(self, some: dict[int, Findings]) -> dict[int, list[Findings]]:
        return self._each(self._versions_again, some)

    def uploads_again(self, some: dict[int, Findings]) -> dict[int, list[Findings]]:
        return self._each(self._uploads, some)

    def _each(
        self,
        read: Callable[[Findings], Callable[[Findings], Findings]],
        some: dict[int, Findings],
    ) -> dict[int, list[Findings]]:
        """Every findings with what a `read` of their own changes in them."""
        outcomes = self._read([partial(read, one) for one in some.values()])
        return {
            place: [_applied(outcome, one)]
            for (place, one), outcome in zip(some.items(), outcomes, strict=True)
        }

    def _by_ids(self, some: dict[int, Findings]) -> dict[int, Findings]:
        """What `version-id` and `build-id` stand for."""
        calls: dict[tuple[int, str], Callable[[], AppStoreVersion | Build]] = {}
        for place, one in some.items():
            if one.request.version_id is not None:
                calls[place, "version"] = partial(self._apple.version, one.request.version_id)
            if one.request.build_id is not None:
                calls[place, "build"] = partial(self._apple.build, one.request.build_id)
        found = dict(some)
        outcomes = self._read(list(calls.values()))
        for (place, _), outcome in zip(calls, outcomes, strict=True):
            found[place] = _with_id(found[place], outcome)
        return found

    def _with_apps(self, some: dict[int, Findings]) -> dict[int, Findings]:
        found = {
            place: one._replace(app=App(one.request.app_id))
            if one.app is None and one.request.app_id is not None
            else one
            for place, one in some.items()
        }
        lacking = [place for place, one in found.items() if one.app is None and one.failure is None]
        if not lacking:
            return found
        calls: list[Callable[[], object]] = [
            partial(
                self._apple.apps,
                list(dict.fromkeys(found[place].request.bundle_id for place in lacking)),
            )
        ]
        only = found[lacking[0]]
        if len(found) == 1 and _names_a_build(only.request) and not only.builds:
            # A second connection is open by the time it is needed, and mostly with what is wanted.
            calls.append(partial(self._builds_of_any_app, only.request))
        outcomes = self._read(calls)
        apps = outcomes[0]
        early = outcomes[1] if len(outcomes) > 1 else None
        for place in lacking:
            found[place] = one = self._with_app(found[place], apps)
            if isinstance(early, list) and one.app is not None:
                mine = [build for build in early if build.app_id == one.app.id]
                found[place] = one._replace(builds=tuple(mine))
        return found

    def _with_app(self, one: Findings, apps: object) -> Findings:
        if isinstance(apps, AscLinkerError):
            return one._replace(failure=apps)
        assert isinstance(apps, list)
        try:
            app = choose_app(apps, one.request.bundle_id)
        except AscLinkerError as error:
            return one._replace(failure=error)
        return self._without_app(one) if app is None else one._replace(app=app)

    def _without_app(self, one: Findings) -> Findings:
        """`one`, whose app is not there, with what is."""
        try:
            return one._replace(failure=app_not_found(one.request, self._visible_apps()))
        except AscLinkerError as error:
            return one._replace(failure=error)

    def _visible_apps(self) -> list[App]:
        """What the key sees: read once, however many targets name an app that is not there."""
        if self._visible is None:
            self._visible = self._apple.visible_apps()
        return self._visible

    def _with_the_rest(self, some: dict[int, Findings]) -> dict[int, Findings]:
        """Versions, builds, and for `latest` uploads, all side by side."""
        live = {place: one for place, one in some.items() if one.failure is None}
        batches = _together({place: one for place, one in live.items() if not one.builds})
        versions = [place for place, one in live.items() if one.request.version_id is None]
        latest = [place for place, one in live.items() if one.request.latest]
        calls: list[Callable[[], object]] = [
            *(partial(self._versions, live[place]) for place in versions),
            *(partial(self._builds_of, [live[place] for place in batch]) for batch in batches),
            *(partial(self._uploads, live[place]) for place in latest),
        ]
        outcomes = iter(self._read(calls))
        found = dict(some)
        for place in versions:
            found[place] = _applied(next(outcomes), found[place])
        for batch in batches:
            outcome = next(outcomes)
            for place in batch:
                found[place] = _with_builds(found[place], outcome)
        for place in latest:
            found[place] = _applied(next(outcomes), found[place])
        return {place: self._explained(one) for place, one in found.items()}

    def _explained(self, one: Findings) -> Findings:
        """`one`; where the app of an `app-id` is not there, with what is."""
        if not isinstance(one.failure, NotFound) or one.request.app_id is None:
            return one
        if one.request.version_id is not None or one.request.build_id is not None:
            return one
        return self._without_app(one)

    def _versions(self, one: Findings) -> Callable[[Findings], Findings]:
        """The versions of the version string and platform, in each spelling Apple may have.

        Every version of the app where none is named.
        """
        request = one.request
        spellings = version_spellings(request.version_string) if request.version_string else ()
        read = tuple(
            self._apple.versions(_app_id(one), version_strings=spellings, platform=request.platform)
        )
        every = None if request.version_string or request.platform else read

        def apply(one: Findings) -> Findings:
            app = next((version.app for version in read if version.app), one.app)
            return one._replace(app=app, versions=read, all_versions=every)

        return apply

    def _versions_again(self, one: Findings) -> Callable[[Findings], Findings]:
        version_id = one.request.version_id
        if version_id is not None:
            version = self._apple.version(version_id)
            return lambda one: one._replace(versions=(version,))
        if one.all_versions is None:
            return self._versions(one)
        every = self._all_versions(one)

        def apply(one: Findings) -> Findings:
            updated = every(one)
            return updated._replace(versions=updated.all_versions or ())

        return apply

    def _all_versions(self, one: Findings) -> Callable[[Findings], Findings]:
        """Every version of the app, none of which may be the one that is wanted."""
        versions = tuple(self._apple.versions(_app_id(one)))
        app = next((version.app for version in versions if version.app), one.app)
        if one.request.bundle_id and app is not None and not app.bundle_id:
            # Nothing that was read has shown the app's bundle id, so it is asked for by itself.
            app = choose_app(self._apple.apps([one.request.bundle_id]), one.request.bundle_id)
            if app is None:
                nameless = one.request._replace(app_id=None)
                raise app_not_found(nameless, self._visible_apps())
        return lambda one: one._replace(app=app, all_versions=versions)

    def _attached(self, build: BuildId) -> Callable[[Findings], Findings]:
        read = self._apple.build(build)
        return lambda one: one._replace(attached=read)

    def _uploads(self, one: Findings) -> Callable[[Findings], Findings]:
        """The uploads of the number; for `latest` those of the version string."""
        read = self._read_uploads(one)
        return lambda one: one._replace(uploads=read)

    def _read_uploads(self, one: Findings) -> tuple[BuildUpload, ...]:
        request, app = one.request, _app_id(one)
        if not request.latest:
            numbers = build_number_spellings(request.build_number)
            return tuple(self._apple.uploads(app, numbers=numbers))
        try:
            return tuple(
                self._apple.uploads(
                    app,
                    version_strings=version_spellings(request.version_string),
                    platform=request.platform,
                )
            )
        except NotFound as error:
            raise AppStoreConnectError(
                f"The uploads of the app could not be read, and without them nobody knows which is "
                f"the latest. {error.message}",
                hint="Run again, or name the build by `build-number`.",
                id="uploads-unreadable",
                apple=error.apple,
                request_id=error.request_id,
            ) from error

    def _uploads_if_there(self, one: Findings) -> Callable[[Findings], Findings]:
        """The same, where the list may be missing: it was seen to answer 404 without a cause."""
        try:
            return self._uploads(one)
        except NotFound:
            return lambda one: one

    def _elsewhere(self, one: Findings) -> Callable[[Findings], Findings]:
        """The app's newest builds and the uploads of the number: to say what is there instead.

        None of it is needed, so Apple may fail here.
        """
        newest: tuple[Build, ...] | None = None
        uploads = one.uploads
        app = _app_id(one)
        try:
            newest = tuple(
                build for build in self._apple.newest_builds(app) if build.app_id in (None, app)
            )
            if one.request.build_number:
                uploads = self._read_uploads(one)
        except (AppStoreConnectError, NotFound):
            pass
        return lambda one: one._replace(
            newest_builds=newest, uploads=uploads, has_looked_elsewhere=True
        )

    def _builds_of_any_app(self, request: AttachRequest) -> list[Build] | None:
        return self._apple.builds_of_any_app(
            numbers=build_number_spellings(request.build_number),
            version_strings=version_spellings(request.version_string),
            platform=request.platform,
        )

    def _builds_of(self, some: Sequence[Findings]) -> list[Build]:
        """The builds of the numbers, or for `latest` all, of the version strings of `some`."""
        if len(some) == 1 and some[0].request.build_id is not None:
            return [self._apple.build(some[0].request.build_id)]
        numbers = _distinct(
            build_number_spellings(one.request.build_number)
            for one in some
            if one.request.build_number
        )
        platforms = {one.request.platform for one in some}
        return self._apple.builds(
            _distinct((_app_id(one),) for one in some),
            numbers=numbers,
            version_strings=_distinct(
                version_spellings(one.request.version_string) for one in some
            ),
            platform=next(iter(platforms)) if len(platforms) == 1 else None,
        )


def _together(some: Mapping[int, Findings]) -> list[list[int]]:
    """The places whose builds are read in one request; none for those that need no build."""
    batches: list[list[int]] = []
    letters = 0
    kind: object = None
    for place, one in some.items():
        request = one.request
        if request.build_id is not None:
            batches.append([place])
            kind = None
            continue
        if not _names_a_build(request) and not request.latest:
            continue
        size = len(",".join((_app_id(one), *_spellings(request))))
        fits = letters + size <= _MOST_LETTERS and bool(batches)
        if kind is request.latest and fits and len(batches[-1]) < _MOST_TOGETHER:
            batches[-1].append(place)
            letters += size
        else:
            batches.append([place])
            letters, kind = size, request.latest
    return batches


def _names_a_build(request: AttachRequest) -> bool:
    """Whether a build is to be read by its number."""
    return (
        request.operation is not Operation.DETACH
        and bool(request.build_number)
        and request.build_id is None
    )


def _spellings(request: AttachRequest) -> tuple[str, ...]:
    return (
        *build_number_spellings(request.build_number),
        *version_spellings(request.version_string),
    )


def _distinct(groups: Iterable[Iterable[_Text]]) -> list[_Text]:
    return list(dict.fromkeys(each for group in groups for each in group))


def _with_builds(one: Findings, outcome: object) -> Findings:
    """`one` with those of the builds that are its app's: a filter is something Apple may ignore."""
    if isinstance(outcome, AscLinkerError):
        return one._replace(failure=outcome)
    assert isinstance(outcome, list)
    if one.request.build_id is not None:
        return one._replace(builds=tuple(outcome))
    mine = (build for build in outcome if build.app_id in (None, _app_id(one)))
    return one._replace(builds=tuple(mine))


def _with_id(one: Findings, outcome: object) -> Findings:
    """`one` with the version or the build that an id stood for."""
    if isinstance(outcome, AscLinkerError):
        return one._replace(failure=one.failure or outcome)
    if isinstance(outcome, Build):
        app = one.app or (App(outcome.app_id) if outcome.app_id is not None else None)
        if one.request.app_id is not None:
            app = one.app
        return one._replace(builds=(outcome,), app=app)
    assert isinstance(outcome, AppStoreVersion)
    request = one.request._replace(
        version_string=one.request.version_string or outcome.version_string,
        platform=one.request.platform or outcome.platform,
    )
    return one._replace(request=request, versions=(outcome,), app=outcome.app or one.app)


def _applied(outcome: object, one: Findings) -> Findings:
    """`one` with what a read changes in it, or with what that met with."""
    if isinstance(outcome, AscLinkerError):
        return one._replace(failure=outcome)
    assert callable(outcome)
    updated = outcome(one)
    assert isinstance(updated, Findings)
    return updated


def _shown(one: Findings) -> list[Findings]:
    """`show` without a version is about several: one for each."""
    request = one.request
    if request.operation is not Operation.SHOW or one.failure is not None:
        return [one]
    if request.version_string or request.version_id is not None:
        return [one]
    shown = shown_versions(request, one.versions)
    if not shown:
        return [one._replace(failure=version_not_found(request, one.versions))]
    return [
        one._replace(
            request=request._replace(
                version_id=version.id,
                version_string=version.version_string,
                platform=version.platform,
            ),
            versions=(version,),
        )
        for version in shown
    ]


def _app_id(one: Findings) -> AppId:
    assert one.app is not None, "the app is read before what it has"
    return one.app.id
