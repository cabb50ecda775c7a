"""The POST, PATCH and DELETE endpoints: everything is checked, then everything is changed."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from asc_linker.emulator import bodies, problems
from asc_linker.emulator.call import Answer, Call
from asc_linker.emulator.facts import TYPES
from asc_linker.emulator.reads import one
from asc_linker.emulator.words import (
    BuildAudienceType,
    Platform,
    ProcessingState,
    ReleaseType,
    ReviewType,
    same_version,
)
from asc_linker.emulator.world import App, AppStoreVersion, Build, stamp, version_id


def link_build(call: Call, identifier: str) -> Answer:
    found = call.view.find("appStoreVersions", identifier)
    build_id = bodies.read_linkage(bodies.read_json(call.body), "builds")
    _require_editable(call, found.item)
    found.item.build = _attachable(call, found.app, found.item, build_id)
    if call.world.script.linkage_answers_with_body:
        return Answer(200, call.writer.linkage(found, TYPES[found.type].relationships["build"]))
    return Answer(204)


def create_version(call: Call) -> Answer:
    entity = bodies.read_entity(bodies.read_json(call.body), bodies.NEW_VERSION)
    app_id = entity.relationships["app"] or ""
    app = next((each for each in call.view.apps() if each.id == app_id), None)
    if app is None:
        raise problems.invalid_relationship("app", _not_valid(app_id))
    version = AppStoreVersion(
        platform=Platform(entity.attributes["platform"]),
        version_string=entity.attributes["versionString"],
        created_date=stamp(datetime.fromtimestamp(call.view.now, UTC)),
    )
    _require_free_slot(call, app, version)
    version.build = _attachable(call, app, version, entity.relationships.get("build"))
    _change(version, entity.attributes)
    version.id = version_id(call.world, app, version)
    app.app_store_versions.append(version)
    return Answer(201, one(call, "appStoreVersions", version.id).document)


def change_version(call: Call, identifier: str) -> Answer:
    found = call.view.find("appStoreVersions", identifier)
    app, version = found.app, found.item
    entity = bodies.read_entity(bodies.read_json(call.body), bodies.CHANGED_VERSION, identifier)
    state = version.state_at(call.view.seconds)
    name = entity.attributes.get("versionString") or version.version_string
    if name != version.version_string and not state.is_editable:
        raise problems.state_forbids_attribute("versionString")
    if state.is_terminal and entity.attributes:
        raise problems.state_forbids_attribute(min(entity.attributes))
    renamed = AppStoreVersion(id=version.id, platform=version.platform, version_string=name)
    if _is_taken(app, renamed):
        raise problems.Refused(409, problems.duplicate_version_string())
    build_id = version.build
    if "build" in entity.relationships:
        _require_editable(call, version)
        build_id = _attachable(call, app, renamed, entity.relationships["build"])
    version.version_string, version.build = name, build_id
    _change(version, entity.attributes)
    return one(call, found.type, identifier)


def delete_version(call: Call, identifier: str) -> Answer:
    found = call.view.find("appStoreVersions", identifier)
    if not found.item.state_at(call.view.seconds).is_editable:
        raise problems.may_not_be_deleted(found.type, identifier)
    found.app.app_store_versions.remove(found.item)
    return Answer(204)


def change_build(call: Call, identifier: str) -> Answer:
    build = call.view.find("builds", identifier).item
    entity = bodies.read_entity(bodies.read_json(call.body), bodies.CHANGED_BUILD, identifier)
    if declaration := entity.relationships.get("appEncryptionDeclaration"):
        raise problems.invalid_relationship("appEncryptionDeclaration", _not_valid(declaration))
    answer, expired = (entity.attributes.get(n) for n in ("usesNonExemptEncryption", "expired"))
    if answer is not None and build.uses_non_exempt_encryption is not None:
        detail = "You cannot update when the value is already set."
        raise problems.invalid_attribute("usesNonExemptEncryption", detail)
    if expired is False and build.has_expired(call.view.now):
        raise problems.state_forbids_attribute("expired")
    if answer is not None:
        build.uses_non_exempt_encryption = answer
    build.expired = build.expired or bool(expired)
    return one(call, "builds", identifier)


def _require_editable(call: Call, version: AppStoreVersion) -> None:
    if not version.state_at(call.view.seconds).is_editable:
        raise problems.state_forbids_build()


def _attachable(call: Call, app: App, version: AppStoreVersion, build_id: str | None) -> str | None:
    """The id to attach to `version`, once nothing speaks against it; None detaches.

    Raises Refused: as Apple refuses, which mostly is one text for many causes.
    """
    if build_id is None:
        return None
    try:
        found = call.view.find("builds", build_id)
    except problems.Refused as unknown:
        raise problems.invalid_relationship("build", _not_valid(build_id)) from unknown
    owner, build = found.app, found.item
    if owner is app and build.platform is not version.platform:
        detail = "The specified build has a different platform than the version"
        raise problems.invalid_relationship("build", detail)
    if owner is not app or not _is_suitable(call, build, version):
        raise problems.unsuitable_build()
    if any(each.build == build_id and each.id != version.id for each in app.app_store_versions):
        raise problems.unsuitable_build()
    if call.view.seconds < build.attachable_after_seconds:
        if build.not_attachable_answer == "NOT_FOUND":
            raise problems.no_resource("builds", build_id)
        raise problems.state_forbids_build()
    return build_id


def _is_suitable(call: Call, build: Build, version: AppStoreVersion) -> bool:
    unanswered = build.uses_non_exempt_encryption is None
    return (
        same_version(build.pre_release_version, version.version_string)
        and build.state_at(call.view.seconds) is ProcessingState.VALID
        and not build.has_expired(call.view.now)
        and build.build_audience_type is BuildAudienceType.APP_STORE_ELIGIBLE
        and not (unanswered and call.world.script.refuse_unanswered_compliance)
    )


def _require_free_slot(call: Call, app: App, version: AppStoreVersion) -> None:
    found: list[problems.Problem] = []
    if any(
        each.platform is version.platform and not each.state_at(call.view.seconds).is_terminal
        for each in app.app_store_versions
    ):
        detail = "You cannot create a new version of the App in the current state."
        found += problems.invalid_relationship("app", detail).problems
    if _is_taken(app, version):
        found.append(problems.duplicate_version_string())
    if found:
        raise problems.Refused(409, *found)


def _is_taken(app: App, version: AppStoreVersion) -> bool:
    return any(
        each.id != version.id
        and each.platform is version.platform
        and same_version(each.version_string, version.version_string)
        for each in app.app_store_versions
    )


def _change(version: AppStoreVersion, given: Mapping[str, Any]) -> None:
    if "releaseType" in given:
        version.release_type = given["releaseType"] and ReleaseType(given["releaseType"])
    if "reviewType" in given:
        version.review_type = given["reviewType"] and ReviewType(given["reviewType"])
    version.earliest_release_date = given.get("earliestReleaseDate", version.earliest_release_date)
    version.copyright = given.get("copyright", version.copyright)
    version.uses_idfa = given.get("usesIdfa", version.uses_idfa)
    version.downloadable = given.get("downloadable", version.downloadable)


def _not_valid(identifier: str) -> str:
    return f"'{identifier}' is not a valid ID for this relationship"
