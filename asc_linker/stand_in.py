"""`demo: true`: an App Store Connect in memory, whose world holds what the inputs name."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5
from zlib import crc32

from asc_linker.apple.model import Platform
from asc_linker.decision.request import Operation
from asc_linker.emulator import Emulator, ThrowawayKey, World
from asc_linker.inputs.read_job import read_job

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from asc_linker.decision.request import AttachRequest

_ISSUER_ID = "57246542-96fe-1a63-e053-0824d011072a"
_BUNDLE_ID = "com.example.notes"
_VERSION_STRING = "1.4.2"
_BUILD_NUMBER = "231"
_APP_IDS = 6446000000
# Any of these says which app, version or build is meant.
_APPS = ("bundle-id", "app-id", "package", "version-id", "build-id", "targets")
_VERSIONS = ("version-string", "tag", "package", "version-id")
_BUILDS = ("build-number", "package", "build-id")


@contextmanager
def stand_in(given: Mapping[str, str], environment: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The inputs `given`, completed to reach an emulator that plays what they name.

    Credentials are replaced by a throw-away key; what else is missing is filled in, so that a
    workflow can be tried with as little as `demo: true`.

    Raises InputError: what is given is no job.
    """
    key = ThrowawayKey.generate(_ISSUER_ID)
    inputs = _completed(given) | {
        "api-key-id": key.key_id,
        "issuer-id": _ISSUER_ID,
        "api-private-key": key.private_key,
        "api-url": "http://127.0.0.1",
    }
    job, _ = read_job(inputs, environment)
    with Emulator(World.from_json(_world(job.requests)), keys=[key]) as emulator:
        yield inputs | {"api-url": emulator.url}


def _completed(given: Mapping[str, str]) -> dict[str, str]:
    inputs = {name: value for name, value in given.items() if value.strip()}
    if not any(name in inputs for name in _APPS):
        inputs["bundle-id"] = _BUNDLE_ID
    if not any(name in inputs for name in _VERSIONS):
        inputs["version-string"] = _VERSION_STRING
    names_a_number = any(mark in inputs.get("tag", "") for mark in "+(")
    attaches = inputs.get("operation", Operation.ATTACH).lower() == Operation.ATTACH
    if attaches and not names_a_number and not any(name in inputs for name in _BUILDS):
        inputs["build-number"] = _BUILD_NUMBER
    return inputs


def _world(requests: Sequence[AttachRequest]) -> dict[str, Any]:
    """Every app that is named, with its version open and its build ready.

    Ids follow from what is named, so that a dry run and each shard see one and the same world.
    """
    apps: dict[str, dict[str, Any]] = {}
    for request in requests:
        name = request.bundle_id or request.app_id or _BUNDLE_ID
        app = apps.setdefault(
            name,
            {
                "id": request.app_id or str(_APP_IDS + crc32(name.encode()) % 10**6),
                "bundleId": request.bundle_id or _BUNDLE_ID,
                "name": f"Example {(request.bundle_id or _BUNDLE_ID).rpartition('.')[2].title()}",
                "appStoreVersions": [],
                "builds": [],
            },
        )
        version, build = _of_target(request, name)
        app["appStoreVersions"].append(version)
        app["builds"].append(build)
    return {"apps": list(apps.values())}


def _of_target(request: AttachRequest, app: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The version that is named, and the build that goes with it."""
    version_string = request.version_string or _VERSION_STRING
    platform = (request.platform or Platform.IOS).value
    of_target = f"{app} {platform} {version_string}"
    build = {
        "id": request.build_id or str(uuid5(NAMESPACE_URL, f"{of_target} build")),
        "version": request.build_number or _BUILD_NUMBER,
        "preReleaseVersion": version_string,
        "platform": platform,
        "usesNonExemptEncryption": False,
    }
    version = {
        "id": request.version_id or str(uuid5(NAMESPACE_URL, of_target)),
        "versionString": version_string,
        "platform": platform,
        "build": None if request.operation is Operation.ATTACH else build["id"],
    }
    return version, build
