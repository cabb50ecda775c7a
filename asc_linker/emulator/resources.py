"""Resources as Apple shows them: what each attribute is now, and what is related to what.

Nothing here knows of requests; a `View` is the world as one key sees it at one moment.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from asc_linker.emulator.words import Platform
from asc_linker.emulator.world import App, AppStoreVersion, Build, BuildUpload, Key, World


@dataclass(frozen=True, slots=True, eq=False)
class Resource:
    """One resource: attributes as they are, related resources when someone asks."""

    type: str
    id: str
    attributes: Mapping[str, Any]
    related: Mapping[str, Callable[[], Any]] = field(default_factory=dict)
    """Each gives a Resource, a list of them, or None for an empty to-one."""
    unlinked: frozenset[str] = frozenset()
    """Relationships for which Apple has no endpoint, and so no links."""

    @property
    def identifier(self) -> dict[str, str]:
        return {"type": self.type, "id": self.id}


@dataclass(frozen=True, slots=True)
class View:
    """The world as `key` sees it, `seconds` after the start."""

    world: World
    key: Key
    now: float

    @property
    def seconds(self) -> float:
        return self.now - (self.world.script.started_at or 0.0)

    def apps(self) -> list[App]:
        return [app for app in self.world.apps if self.key.sees(app)]

    def versions(self) -> Iterator[tuple[App, AppStoreVersion]]:
        return ((app, each) for app in self.apps() for each in app.app_store_versions)

    def builds(self) -> Iterator[tuple[App, Build]]:
        """The builds that Apple lists by now."""
        return (
            (app, build)
            for app in self.apps()
            for build in app.builds
            if build.is_listed(self.seconds)
        )

    def uploads(self) -> Iterator[tuple[App, BuildUpload]]:
        return ((app, upload) for app in self.apps() for upload in app.uploads())

    def app_resource(self, app: App) -> Resource:
        return Resource(
            "apps",
            app.id,
            {
                "name": app.name,
                "bundleId": app.bundle_id,
                "sku": app.sku,
                "primaryLocale": app.primary_locale,
                "isOrEverWasMadeForKids": False,
                "contentRightsDeclaration": None,
                "streamlinedPurchasingEnabled": True,
            },
            {
                "appStoreVersions": lambda: [
                    self.version_resource(app, each) for each in app.app_store_versions
                ],
                "builds": lambda: self._builds_of(app),
                "preReleaseVersions": lambda: self._trains_of(app),
                "buildUploads": lambda: [self.upload_resource(app, u) for u in app.uploads()],
            },
        )

    def version_resource(self, app: App, version: AppStoreVersion) -> Resource:
        state = version.state_at(self.seconds)
        return Resource(
            "appStoreVersions",
            version.id,
            {
                "platform": version.platform,
                "versionString": version.version_string,
                "appStoreState": version.app_store_state or state.app_store_state,
                "appVersionState": state,
                "copyright": version.copyright,
                "reviewType": version.review_type,
                "releaseType": version.release_type,
                "earliestReleaseDate": version.earliest_release_date,
                "usesIdfa": version.uses_idfa,
                "downloadable": version.downloadable,
                "createdDate": version.created_date,
            },
            {"app": lambda: self.app_resource(app), "build": lambda: self._attached(app, version)},
            unlinked=frozenset({"app"}),
        )

    def build_resource(self, app: App, build: Build) -> Resource:
        return Resource(
            "builds",
            build.id,
            {
                "version": build.version,
                "uploadedDate": build.uploaded_date,
                "expirationDate": build.expiration_date,
                "expired": build.has_expired(self.now),
                "minOsVersion": build.min_os_version,
                "iconAssetToken": None,
                "processingState": build.state_at(self.seconds),
                "buildAudienceType": build.build_audience_type,
                "usesNonExemptEncryption": build.uses_non_exempt_encryption,
            },
            {
                "preReleaseVersion": lambda: self.train_resource(
                    app, build.platform, build.pre_release_version
                ),
                "app": lambda: self.app_resource(app),
                "buildBetaDetail": lambda: self._beta_detail(app, build),
                "appStoreVersion": lambda: self._version_with(app, build),
                "buildUpload": lambda: self._upload_of(app, build),
            },
            unlinked=frozenset({"buildUpload"}),
        )

    def upload_resource(self, app: App, upload: BuildUpload) -> Resource:
        build = self.world.build(upload.build)
        state = upload.state_at(self.seconds, build)
        told = upload.state if state == "FAILED" or not upload.is_doomed else None
        listed = build if build is not None and build.is_listed(self.seconds) else None
        return Resource(
            "buildUploads",
            upload.id,
            {
                "cfBundleVersion": upload.cf_bundle_version,
                "cfBundleShortVersionString": upload.cf_bundle_short_version_string,
                "createdDate": upload.uploaded_date,
                "uploadedDate": upload.uploaded_date,
                "platform": upload.platform,
                "state": {
                    "state": state,
                    **{
                        level: [
                            {"code": each.code, "description": each.description}
                            for each in (getattr(told, level) if told else ())
                        ]
                        for level in ("errors", "warnings", "infos")
                    },
                },
            },
            {"build": lambda: listed and self.build_resource(app, listed)},
            unlinked=frozenset({"build"}),
        )

    def train_resource(self, app: App, platform: Platform, version: str) -> Resource:
        return Resource(
            "preReleaseVersions",
            train_id(app, platform, version),
            {"version": version, "platform": platform},
            {
                "app": lambda: self.app_resource(app),
                "builds": lambda: [
                    self.build_resource(app, build)
                    for owner, build in self.builds()
                    if owner is app
                    and (build.platform, build.pre_release_version) == (platform, version)
                ],
            },
        )

    def _attached(self, app: App, version: AppStoreVersion) -> Resource | None:
        build = self.world.build(version.build)
        return None if build is None else self.build_resource(app, build)

    def _version_with(self, app: App, build: Build) -> Resource | None:
        holders = (each for each in app.app_store_versions if each.build == build.id)
        version = next(holders, None)
        return None if version is None else self.version_resource(app, version)

    def _upload_of(self, app: App, build: Build) -> Resource | None:
        upload = next((each for each in app.uploads() if each.build == build.id), None)
        return None if upload is None else self.upload_resource(app, upload)

    def _builds_of(self, app: App) -> list[Resource]:
        return [self.build_resource(app, build) for owner, build in self.builds() if owner is app]

    def _trains_of(self, app: App) -> list[Resource]:
        trains = dict.fromkeys(
            (build.platform, build.pre_release_version)
            for owner, build in self.builds()
            if owner is app
        )
        return [self.train_resource(app, platform, version) for platform, version in trains]

    def _beta_detail(self, app: App, build: Build) -> Resource:
        processing = build.state_at(self.seconds) == "PROCESSING"
        state = "PROCESSING" if processing else "READY_FOR_BETA_TESTING"
        return Resource(
            "buildBetaDetails",
            build.id,
            {
                "autoNotifyEnabled": True,
                "internalBuildState": state,
                "externalBuildState": "PROCESSING" if processing else "READY_FOR_BETA_SUBMISSION",
            },
            {"build": lambda: self.build_resource(app, build)},
        )


def train_id(app: App, platform: Platform, version: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"preReleaseVersions/{app.id}/{platform}/{version}"))
