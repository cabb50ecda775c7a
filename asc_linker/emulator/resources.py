"""Resources as Apple shows them: what each attribute is now, and what is related to what.

Nothing here knows of requests; a `View` is the world as one key sees it at one moment. What a world
does not hold of Apple's attributes is null, of its relationships empty.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, uuid5

from asc_linker.emulator.problems import no_resource
from asc_linker.emulator.words import Platform
from asc_linker.emulator.world import App, AppStoreVersion, Build, BuildUpload, Key, World


class Train(NamedTuple):
    """Apple's pre-release version: all builds of one version string and platform."""

    platform: Platform
    version: str


class Resource(NamedTuple):
    """One resource: attributes as they are, related resources when someone asks."""

    view: "View"
    type: str
    id: str
    app: App
    item: Any

    @property
    def identifier(self) -> dict[str, str]:
        return {"type": self.type, "id": self.id}

    def attribute(self, name: str) -> Any:
        getter = _ATTRIBUTES[self.type].get(name)
        return None if getter is None else getter(self.view, self.app, self.item)

    def related(self, name: str) -> "list[Resource]":
        """What the relationship leads to; at most one where Apple has a to-one."""
        getter = RELATED[self.type].get(name)
        found = None if getter is None else getter(self.view, self.app, self.item)
        if isinstance(found, list):
            return found
        return [] if found is None else [found]


@dataclass(frozen=True, slots=True)
class View:
    """The world as `key` sees it at one moment."""

    world: World
    key: Key
    now: float

    @property
    def seconds(self) -> float:
        """Since the world's start."""
        return self.now - (self.world.script.started_at or 0.0)

    def apps(self) -> list[App]:
        return [app for app in self.world.apps if self.key.sees(app)]

    def all(self, kind: str) -> Iterator[Resource]:
        """Every resource of a type, app by app."""
        if kind == "apps":
            return (self.app(app) for app in self.apps())
        if kind == "buildBetaDetails":
            return (
                self.beta_detail(app, each) for app in self.apps() for each in self._listed(app)
            )
        related = RELATED["apps"][kind]
        return (each for app in self.apps() for each in related(self, app, app))

    def find(self, kind: str, identifier: str) -> Resource:
        """Raises Refused: 404, the key sees no such resource."""
        for each in self.all(kind):
            if each.id == identifier:
                return each
        raise no_resource(kind, identifier)

    def app(self, app: App) -> Resource:
        return Resource(self, "apps", app.id, app, app)

    def version(self, app: App, version: AppStoreVersion) -> Resource:
        return Resource(self, "appStoreVersions", version.id, app, version)

    def build(self, app: App, build: Build) -> Resource:
        return Resource(self, "builds", build.id, app, build)

    def upload(self, app: App, upload: BuildUpload) -> Resource:
        return Resource(self, "buildUploads", upload.id, app, upload)

    def train(self, app: App, platform: Platform, version: str) -> Resource:
        identifier = _train_id(app.id, platform, version)
        return Resource(self, "preReleaseVersions", identifier, app, Train(platform, version))

    def beta_detail(self, app: App, build: Build) -> Resource:
        return Resource(self, "buildBetaDetails", build.id, app, build)

    def versions_of(self, app: App) -> list[Resource]:
        return [self.version(app, each) for each in app.app_store_versions]

    def builds_of(self, app: App) -> list[Resource]:
        return [self.build(app, each) for each in self._listed(app)]

    def uploads_of(self, app: App) -> list[Resource]:
        return [self.upload(app, each) for each in app.uploads()]

    def trains_of(self, app: App) -> list[Resource]:
        trains = dict.fromkeys((b.platform, b.pre_release_version) for b in self._listed(app))
        return [self.train(app, *each) for each in trains]

    def builds_in(self, app: App, train: Train) -> list[Resource]:
        return [
            self.build(app, each)
            for each in self._listed(app)
            if train == (each.platform, each.pre_release_version)
        ]

    def attached_to(self, app: App, version: AppStoreVersion) -> Resource | None:
        build = app.build(version.build)
        return None if build is None else self.build(app, build)

    def version_with(self, app: App, build: Build) -> Resource | None:
        holders = (each for each in app.app_store_versions if each.build == build.id)
        version = next(holders, None)
        return None if version is None else self.version(app, version)

    def upload_of(self, app: App, build: Build) -> Resource | None:
        upload = next((each for each in app.uploads() if each.build == build.id), None)
        return None if upload is None else self.upload(app, upload)

    def build_from(self, app: App, upload: BuildUpload) -> Resource | None:
        build = app.build(upload.build)
        if build is None or not build.is_listed(self.seconds):
            return None
        return self.build(app, build)

    def upload_state(self, app: App, upload: BuildUpload) -> dict[str, Any]:
        state = upload.state_at(self.seconds, app.build(upload.build))
        told = upload.state if state == "FAILED" or not upload.is_doomed else None
        details = {
            level: [
                {"code": each.code, "description": each.description}
                for each in (getattr(told, level) if told else ())
            ]
            for level in ("errors", "warnings", "infos")
        }
        return {"state": state, **details}

    def beta_state(self, build: Build, otherwise: str) -> str:
        processing = build.state_at(self.seconds) == "PROCESSING"
        return "PROCESSING" if processing else otherwise

    def _listed(self, app: App) -> Iterator[Build]:
        """The builds that Apple lists by now."""
        seconds = self.seconds
        return (build for build in app.builds if build.is_listed(seconds))


@cache
def _train_id(app_id: str, platform: Platform, version: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"preReleaseVersions/{app_id}/{platform}/{version}"))


Getter = Callable[[View, App, Any], Any]


def _item(name: str) -> Getter:
    """What the world has under the name that Apple gives it, in our spelling."""
    spelt = "".join(f"_{c.lower()}" if c.isupper() else c for c in name)
    return lambda _view, _app, item: getattr(item, spelt)


def _always(value: Any) -> Getter:
    return lambda _view, _app, _item: value


def _table(names: str, **others: Getter) -> dict[str, Getter]:
    """`names` are as the world has them."""
    return {**{name: _item(name) for name in names.split()}, **others}


def _version_state(view: View, _: App, version: AppStoreVersion) -> str:
    return version.state_at(view.seconds)


def _store_state(view: View, _: App, version: AppStoreVersion) -> str:
    return version.app_store_state or version.state_at(view.seconds).app_store_state


_ATTRIBUTES: Mapping[str, Mapping[str, Getter]] = {
    "apps": _table(
        "name bundleId sku primaryLocale",
        isOrEverWasMadeForKids=_always(False),
        contentRightsDeclaration=_always("DOES_NOT_USE_THIRD_PARTY_CONTENT"),
        streamlinedPurchasingEnabled=_always(True),
    ),
    "appStoreVersions": _table(
        """platform versionString copyright reviewType releaseType earliestReleaseDate usesIdfa
        downloadable createdDate""",
        appStoreState=_store_state,
        appVersionState=_version_state,
    ),
    "builds": _table(
        """version uploadedDate expirationDate minOsVersion buildAudienceType
        usesNonExemptEncryption""",
        expired=lambda view, _, build: build.has_expired(view.now),
        processingState=lambda view, _, build: build.state_at(view.seconds),
    ),
    "preReleaseVersions": _table("version platform"),
    "buildUploads": _table(
        "cfBundleShortVersionString cfBundleVersion createdDate platform uploadedDate",
        state=View.upload_state,
    ),
    "buildBetaDetails": _table(
        "",
        autoNotifyEnabled=_always(True),
        internalBuildState=lambda view, _, b: view.beta_state(b, "READY_FOR_BETA_TESTING"),
        externalBuildState=lambda view, _, b: view.beta_state(b, "READY_FOR_BETA_SUBMISSION"),
    ),
}


def _app_of(view: View, app: App, _: Any) -> Resource:
    return view.app(app)


RELATED: Mapping[str, Mapping[str, Getter]] = {
    "apps": {
        "appStoreVersions": lambda view, app, _: view.versions_of(app),
        "builds": lambda view, app, _: view.builds_of(app),
        "preReleaseVersions": lambda view, app, _: view.trains_of(app),
        "buildUploads": lambda view, app, _: view.uploads_of(app),
    },
    "appStoreVersions": {"app": _app_of, "build": View.attached_to},
    "builds": {
        "app": _app_of,
        "preReleaseVersion": lambda v, app, b: v.train(app, b.platform, b.pre_release_version),
        "buildBetaDetail": View.beta_detail,
        "appStoreVersion": View.version_with,
        "buildUpload": View.upload_of,
    },
    "preReleaseVersions": {"app": _app_of, "builds": View.builds_in},
    "buildUploads": {"build": View.build_from},
    "buildBetaDetails": {"build": View.build},
}
