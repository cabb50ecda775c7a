"""From plain strings to a job that can be meant, or every reason why not, at once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from asc_linker.apple.access import APPLE, Access, Credentials, is_loopback
from asc_linker.apple.model import AppId, BuildId, Platform, VersionId
from asc_linker.decision.request import (
    AttachRequest,
    IfAttached,
    IfVersionLocked,
    IfVersionMissing,
    Job,
    Operation,
    ReleaseType,
    Skip,
)
from asc_linker.dotted import same_build_number, same_version
from asc_linker.errors import InputError
from asc_linker.inputs.private_key import KeyFault, read_private_key
from asc_linker.inputs.reader import Given, shown
from asc_linker.inputs.tag import parse_tag

if TYPE_CHECKING:
    from collections.abc import Mapping


_KEY_ID = re.compile(r"[A-Z0-9]{10}", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_BUNDLE_ID = re.compile(r"[A-Za-z0-9.-]+", re.ASCII)
_HOST = re.compile(r"[\w.:-]+", re.ASCII)
_APP_ID = re.compile(r"[0-9]{1,20}", re.ASCII)
_RESOURCE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_LATEST = "latest"
_DEFAULT_WAIT_MINUTES = 45.0
_PLATFORMS = {
    "ios": Platform.IOS,
    "macos": Platform.MAC_OS,
    "tvos": Platform.TV_OS,
    "visionos": Platform.VISION_OS,
    # Apple's words and fastlane's.
    "mac_os": Platform.MAC_OS,
    "tv_os": Platform.TV_OS,
    "vision_os": Platform.VISION_OS,
    "osx": Platform.MAC_OS,
    "appletvos": Platform.TV_OS,
    "xros": Platform.VISION_OS,
}
_A_FORK = (
    "Secrets are empty in pull requests from forks, and when a secret's name is misspelt. "
    "Check that the repository has the secret the workflow names."
)


def read_job(given: Mapping[str, str]) -> tuple[Job, dict[str, Access]]:
    """A whole job from inputs by name, and the keys it needs, by their ids.

    A blank value counts as not given.

    Raises InputError: with one line for each fault there is.
    """
    inputs = Given(given)
    request = _read_request(inputs)
    credentials = _read_credentials(inputs)
    api_url = _read_api_url(inputs)
    if inputs.faults or credentials is None:
        raise InputError(*inputs.faults, hint=inputs.hint)
    job = Job(
        (request,),
        operation=request.operation,
        wait_s=inputs.minutes("wait-minutes", _DEFAULT_WAIT_MINUTES),
        dry_run=inputs.boolean("dry-run"),
    )
    if inputs.faults:
        raise InputError(*inputs.faults, hint=inputs.hint)
    return job, {credentials.key_id: Access(credentials, api_url)}


def read_boolean(given: Mapping[str, str], name: str) -> bool:
    """One boolean input by itself, false when it is not given. Raises InputError."""
    inputs = Given(given)
    value = inputs.boolean(name)
    if inputs.faults:
        raise InputError(*inputs.faults)
    return value


def _read_request(inputs: Given) -> AttachRequest:
    operation = inputs.choice("operation", Operation) or Operation.ATTACH
    version_id = inputs.checked("version-id", _RESOURCE_ID, "an id of Apple's")
    build_id = inputs.checked("build-id", _RESOURCE_ID, "an id of Apple's")
    named = _read_names(inputs)
    if not any(inputs.text(name) for name in ("version-id", "build-id")) and not (
        named.bundle_id or inputs.text("bundle-id") or inputs.text("app-id")
    ):
        inputs.fault("Which app is missing: give `bundle-id` or `app-id`.")
    if not named.skip_reason:
        _require_version_and_build(inputs, operation, named)
    release_type = inputs.choice("release-type", ReleaseType)
    earliest = inputs.moment("earliest-release-date")
    if (release_type is ReleaseType.SCHEDULED) != bool(inputs.text("earliest-release-date")):
        inputs.fault("`release-type: scheduled` and `earliest-release-date` need each other.")
    return AttachRequest(
        operation=operation,
        bundle_id=named.bundle_id,
        app_id=AppId(named.app_id) if named.app_id else None,
        platform=named.platform,
        version_string=named.version_string,
        build_number="" if named.build_number == _LATEST else named.build_number,
        latest=named.build_number == _LATEST,
        version_id=VersionId(version_id) if version_id else None,
        build_id=BuildId(build_id) if build_id else None,
        if_attached=inputs.choice("if-attached", IfAttached) or IfAttached.REPLACE,
        if_version_missing=inputs.choice("if-version-missing", IfVersionMissing)
        or IfVersionMissing.FAIL,
        if_version_locked=inputs.choice("if-version-locked", IfVersionLocked)
        or IfVersionLocked.FAIL,
        release_type=release_type,
        earliest_release_date=earliest,
        uses_non_exempt_encryption=inputs.answer("uses-non-exempt-encryption"),
        skip=Skip("pre-release", named.skip_reason) if named.skip_reason else None,
    )


@dataclass(slots=True)
class _Names:
    """What is named, by inputs, tag and package together; empty where nothing names it."""

    bundle_id: str
    app_id: str
    platform: Platform | None
    version_string: str
    build_number: str
    skip_reason: str = ""


def _read_names(inputs: Given) -> _Names:
    latest = inputs.text("build-number").lower() == _LATEST
    names = _Names(
        bundle_id=inputs.checked("bundle-id", _BUNDLE_ID, "like `com.example.notes`"),
        app_id=inputs.checked("app-id", _APP_ID, "Apple's numeric id, like `6446048195`"),
        platform=_read_platform(inputs),
        version_string=inputs.dotted("version-string", "1.4.2"),
        build_number=_LATEST if latest else inputs.dotted("build-number", "231"),
    )
    if inputs.text("tag") and not any(map(inputs.text, ("version-string", "version-id"))):
        _add_tag(inputs, names)
    if inputs.text("package"):
        _add_package(inputs, names)
    return names


def _require_version_and_build(inputs: Given, operation: Operation, names: _Names) -> None:
    given = {name for name in ("version-string", "version-id", "tag") if inputs.text(name)}
    if not names.version_string and not given:
        inputs.fault("`version-string` is missing: give it, or run on a tag push like `v1.4.2`.")
    wants_build = operation is Operation.ATTACH
    if wants_build and not any(
        (names.build_number, *map(inputs.text, ("build-number", "build-id")))
    ):
        inputs.fault(
            "`build-number` is missing: give it, or push a tag that names it, like `v1.4.2+231`."
        )


def _add_tag(inputs: Given, names: _Names) -> None:
    """Let the tag name what the inputs do not; what both name must agree."""
    text = inputs.text("tag")
    tag = parse_tag(text)
    if tag is None:
        inputs.fault(
            f"`tag` is {shown(text)}, which names no version: use one like `v1.4.2`, "
            "`ios/1.4.2` or `v1.4.2+231`, or give `version-string`."
        )
        return
    names.version_string = tag.version_string
    if tag.is_pre_release:
        names.skip_reason = f"The tag {text} is a pre-release."
    # The tag's `ios/` is taken at its word; any other prefix says nothing about the platform.
    platform = _PLATFORMS.get(tag.prefix.rpartition("/")[2].lower())
    source = f"the tag {shown(text)}"
    names.platform = _agreed_platform(inputs, names.platform, platform, source)
    names.build_number = _agreed_build_number(inputs, names.build_number, tag.build_number, source)


def _add_package(inputs: Given, names: _Names) -> None:
    """Let the package name what inputs and tag do not; what both name must agree."""
    from asc_linker.inputs.package import PackageFault, read_package

    try:
        package = read_package(Path(inputs.text("package")))
    except PackageFault as fault:
        inputs.fault(f"`package` {fault}.")
        return
    source = "the package"
    if names.bundle_id and names.bundle_id != package.bundle_id:
        inputs.fault(_contradiction("bundle-id", names.bundle_id, source, package.bundle_id))
    if names.version_string and not same_version(names.version_string, package.version_string):
        inputs.fault(
            _contradiction("version-string", names.version_string, source, package.version_string)
        )
    names.bundle_id = names.bundle_id or package.bundle_id
    names.version_string = names.version_string or package.version_string
    names.platform = _agreed_platform(inputs, names.platform, package.platform, source)
    names.build_number = _agreed_build_number(
        inputs, names.build_number, package.build_number, source
    )


def _agreed_platform(
    inputs: Given, given: Platform | None, other: Platform | None, source: str
) -> Platform | None:
    if given and other and given is not other:
        inputs.fault(_contradiction("platform", given.input_name, source, other.input_name))
    return given or other


def _agreed_build_number(inputs: Given, given: str, other: str, source: str) -> str:
    if given and other and not same_build_number(given, other):
        inputs.fault(_contradiction("build-number", given, source, other))
    return given or other


def _contradiction(name: str, given: str, source: str, other: str) -> str:
    return f"`{name}` is {shown(given)}, but {source} says {shown(other)}."


def _read_platform(inputs: Given) -> Platform | None:
    value = inputs.text("platform")
    platform = _PLATFORMS.get(value.lower())
    if value and platform is None:
        inputs.fault(
            f"`platform` is {shown(value)}, but should be `ios`, `macos`, `tvos` or `visionos`."
        )
    return platform


def _read_credentials(inputs: Given) -> Credentials | None:
    key_id = inputs.checked("api-key-id", _KEY_ID, "10 capital letters and digits")
    issuer_id = inputs.checked("issuer-id", _UUID, "a UUID")
    pasted = None
    try:
        pasted = read_private_key(inputs.text("api-private-key"))
    except KeyFault as fault:
        inputs.fault(f"`api-private-key` {fault}.")
        if not inputs.text("api-private-key"):
            inputs.hint = _A_FORK
    inside = {"api-key-id": pasted.key_id, "issuer-id": pasted.issuer_id} if pasted else {}
    key_id = key_id or _from_json_key(inputs, inside, "api-key-id", _KEY_ID)
    issuer_id = issuer_id or _from_json_key(inputs, inside, "issuer-id", _UUID)
    if not inputs.text("api-key-id") and not inside.get("api-key-id"):
        inputs.fault("`api-key-id` is missing.")
    if key_id and inside.get("api-key-id") not in (None, "", key_id):
        inputs.fault("`api-key-id` is another than the one in the JSON key.")
    if pasted is None:
        return None
    return Credentials(key_id, issuer_id or None, pasted.key)


def _from_json_key(
    inputs: Given, inside: Mapping[str, str], name: str, pattern: re.Pattern[str]
) -> str:
    """The id that stands in for input `name` in fastlane's JSON key, or empty."""
    if inputs.text(name):
        return ""
    found = inside.get(name, "").strip()
    if found and not pattern.fullmatch(found):
        inputs.fault(f"`api-private-key` is a JSON key whose id for `{name}` is no such id.")
        return ""
    return found


def _read_api_url(inputs: Given) -> str:
    value = inputs.text("api-url").rstrip("/")
    if not value:
        return APPLE
    if not _is_origin(value):
        inputs.fault(f"`api-url` is {shown(value)}, but should be an origin, `https://host`.")
    elif urlsplit(value).scheme == "http" and not is_loopback(value):
        inputs.fault("`api-url` uses http, which is allowed on loopback only: a token would leak.")
    return value


def _is_origin(value: str) -> bool:
    """Whether `value` is scheme, host and perhaps a port, and nothing else."""
    try:
        url = urlsplit(value)
        extras = (url.username, url.path, url.query, url.fragment, url.port == 0)
    except ValueError:
        return False
    host = _HOST.fullmatch(url.hostname or "") is not None
    return url.scheme in ("http", "https") and host and not any(extras)
