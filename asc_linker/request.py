"""From plain strings to a request that can be meant, or every reason why not, at once."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from asc_linker.dotted import is_dotted, same_build_number
from asc_linker.errors import InputError
from asc_linker.model import AppId, Platform
from asc_linker.private_key import KeyFault, read_private_key
from asc_linker.tag import Tag, parse_tag

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

APPLE = "https://api.appstoreconnect.apple.com"

_KEY_ID = re.compile(r"[A-Z0-9]{10}", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_BUNDLE_ID = re.compile(r"[A-Za-z0-9.-]+", re.ASCII)
_APP_ID = re.compile(r"[0-9]{1,20}", re.ASCII)
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
_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_A_FORK = (
    "Secrets are empty in pull requests from forks, and when a secret's name is misspelt. "
    "Check that the repository has the secret the workflow names."
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """An API key that can sign. `issuer_id` is None for an individual key."""

    key_id: str
    issuer_id: str | None
    private_key: EllipticCurvePrivateKey = field(repr=False)


@dataclass(frozen=True, slots=True)
class AttachRequest:
    """What is wanted, checked as far as that goes without asking Apple.

    `platform` is None when it is to be inferred. `skip_reason` is empty, or says why there is
    nothing to do: then the rest may be incomplete.
    """

    bundle_id: str = ""
    app_id: AppId | None = None
    platform: Platform | None = None
    version_string: str = ""
    build_number: str = ""
    dry_run: bool = False
    skip_reason: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """A request, and the means to carry it out."""

    request: AttachRequest
    credentials: Credentials
    api_url: str = APPLE


def read_job(given: Mapping[str, str]) -> Job:
    """Read a whole job from inputs by name; a blank value counts as not given.

    Raises InputError: with one line for each fault there is.
    """
    inputs = _Inputs(given)
    inputs.choice("operation", ("attach",), default="attach")
    request = _read_request(inputs)
    credentials = _read_credentials(inputs)
    api_url = _read_api_url(inputs)
    if inputs.faults or credentials is None:
        raise InputError(*inputs.faults, hint=inputs.hint)
    return Job(request, credentials, api_url)


def read_boolean(given: Mapping[str, str], name: str) -> bool:
    """One boolean input by itself, false when it is not given. Raises InputError."""
    inputs = _Inputs(given)
    value = inputs.boolean(name)
    if inputs.faults:
        raise InputError(*inputs.faults)
    return value


class _Inputs:
    """Inputs by name, and the faults found while reading them."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self._given = given
        self.faults: list[str] = []
        self.hint = ""

    def text(self, name: str) -> str:
        return self._given.get(name, "").strip()

    def checked(self, name: str, pattern: re.Pattern[str], shape: str) -> str:
        """A text that fits `pattern`, or empty, with a fault when something else was given."""
        value = self.text(name)
        if value and not pattern.fullmatch(value):
            self.fault(f"`{name}` is {_shown(value)}, but should be {shape}.")
            return ""
        return value

    def dotted(self, name: str, example: str) -> str:
        value = self.text(name)
        if value and not is_dotted(value):
            self.fault(f"`{name}` is {_shown(value)}, but should be numbers like `{example}`.")
            return ""
        return value

    def boolean(self, name: str) -> bool:
        value = self.text(name)
        if value and value.lower() not in _BOOLEANS:
            self.fault(f"`{name}` is {_shown(value)}, but should be `true` or `false`.")
        return _BOOLEANS.get(value.lower(), False)

    def choice(self, name: str, choices: tuple[str, ...], default: str) -> str:
        value = self.text(name).lower() or default
        if value not in choices:
            known = ", ".join(f"`{choice}`" for choice in choices)
            self.fault(f"`{name}` is {_shown(value)}, but should be one of {known}.")
        return value

    def fault(self, line: str) -> None:
        self.faults.append(line)


def _read_request(inputs: _Inputs) -> AttachRequest:
    bundle_id = inputs.checked("bundle-id", _BUNDLE_ID, "like `com.example.notes`")
    app_id = inputs.checked("app-id", _APP_ID, "Apple's numeric id, like `6446048195`")
    if not inputs.text("bundle-id") and not inputs.text("app-id"):
        inputs.fault("Which app is missing: give `bundle-id` or `app-id`.")
    platform = _read_platform(inputs)
    version_string = inputs.dotted("version-string", "1.4.2")
    build_number = inputs.dotted("build-number", "231")
    skip_reason = ""
    if not inputs.text("version-string"):
        tag = _read_tag(inputs)
        if tag is not None:
            version_string = tag.version_string
            build_number = _agreed_build_number(inputs, tag, build_number)
            platform = _agreed_platform(inputs, tag, platform)
            if tag.is_pre_release:
                skip_reason = f"The tag {tag.text} is a pre-release."
    if not inputs.text("build-number") and not build_number and not skip_reason:
        inputs.fault(
            "`build-number` is missing: give it, or push a tag that names it, like `v1.4.2+231`."
        )
    return AttachRequest(
        bundle_id=bundle_id,
        app_id=AppId(app_id) if app_id else None,
        platform=platform,
        version_string=version_string,
        build_number=build_number,
        dry_run=inputs.boolean("dry-run"),
        skip_reason=skip_reason,
    )


def _read_platform(inputs: _Inputs) -> Platform | None:
    value = inputs.text("platform")
    platform = _PLATFORMS.get(value.lower())
    if value and platform is None:
        inputs.fault(
            f"`platform` is {_shown(value)}, but should be `ios`, `macos`, `tvos` or `visionos`."
        )
    return platform


def _read_tag(inputs: _Inputs) -> Tag | None:
    text = inputs.text("tag")
    if not text:
        inputs.fault("`version-string` is missing: give it, or run on a tag push like `v1.4.2`.")
        return None
    tag = parse_tag(text)
    if tag is None:
        inputs.fault(
            f"`tag` is {_shown(text)}, which names no version: use one like `v1.4.2`, "
            "`ios/1.4.2` or `v1.4.2+231`, or give `version-string`."
        )
    return tag


def _agreed_build_number(inputs: _Inputs, tag: Tag, build_number: str) -> str:
    if build_number and tag.build_number and not same_build_number(build_number, tag.build_number):
        inputs.fault(
            f"`build-number` is `{build_number}`, but the tag {_shown(tag.text)} names build "
            f"`{tag.build_number}`."
        )
    return build_number or tag.build_number


def _agreed_platform(inputs: _Inputs, tag: Tag, platform: Platform | None) -> Platform | None:
    """The tag's `ios/` is taken at its word; any other prefix says nothing about the platform."""
    named = _PLATFORMS.get(tag.prefix.rpartition("/")[2].lower())
    if named and platform and named is not platform:
        inputs.fault(
            f"`platform` is `{platform.input_name}`, but the tag {_shown(tag.text)} names "
            f"`{named.input_name}`."
        )
    return platform or named


def _read_credentials(inputs: _Inputs) -> Credentials | None:
    key_id = inputs.checked("api-key-id", _KEY_ID, "10 capital letters and digits")
    issuer_id = inputs.checked("issuer-id", _UUID, "a UUID")
    pasted = None
    try:
        pasted = read_private_key(inputs.text("api-private-key"))
    except KeyFault as fault:
        inputs.fault(f"`api-private-key` {fault}.")
        if not inputs.text("api-private-key"):
            inputs.hint = _A_FORK
    if not inputs.text("api-key-id"):
        key_id = pasted.key_id if pasted is not None else ""
        issuer_id = issuer_id or (pasted.issuer_id if pasted is not None else "")
        if not key_id:
            inputs.fault("`api-key-id` is missing.")
    if pasted is None:
        return None
    return Credentials(key_id, issuer_id or None, pasted.key)


def _read_api_url(inputs: _Inputs) -> str:
    value = inputs.text("api-url").rstrip("/")
    if not value:
        return APPLE
    if not _is_origin(value):
        inputs.fault(f"`api-url` is {_shown(value)}, but should be an origin, `https://host`.")
    elif value.startswith("http:") and not is_loopback(value):
        inputs.fault("`api-url` uses http, which is allowed on loopback only: a token would leak.")
    return value


def _is_origin(value: str) -> bool:
    """Whether `value` is scheme, host and perhaps a port, and nothing else."""
    try:
        url = urlsplit(value)
        extras = (url.username, url.path, url.query, url.fragment, url.port == 0)
    except ValueError:
        return False
    return url.scheme in ("http", "https") and bool(url.hostname) and not any(extras)


def _shown(value: str) -> str:
    """A value a user typed, short enough to repeat."""
    longest = 60
    return f"`{value if len(value) <= longest else value[:longest] + '…'}`"


def is_loopback(api_url: str) -> bool:
    """Whether `api_url` points at this machine."""
    return urlsplit(api_url).hostname in _LOOPBACK
