"""One target's strings become requests, one for each platform, or faults."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asc_linker.apple.model import AppId, BuildId, Platform, VersionId
from asc_linker.decision.request import (
    AttachRequest,
    IfAttached,
    IfVersionLocked,
    IfVersionMissing,
    Operation,
    ReleaseType,
    Skip,
)
from asc_linker.dotted import same_build_number, same_version
from asc_linker.inputs.reader import named, shown, shown_path
from asc_linker.inputs.tag import parse_tag
from asc_linker.text import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime

    from asc_linker.inputs.package import Package
    from asc_linker.inputs.reader import InputReader

_BUNDLE_ID = re.compile(r"[A-Za-z0-9.-]+", re.ASCII)
_APP_ID = re.compile(r"[0-9]{1,20}", re.ASCII)
_RESOURCE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_LATEST = "latest"
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


class PackageReader:
    """Finds and reads packages, each once: that of the inputs may be every target's."""

    def __init__(self) -> None:
        self._read: dict[str, tuple[Package, str] | str] = {}

    def read(self, typed: str) -> tuple[Package, str] | str:
        """What the package says, and how to name it; or the sentence that says why it does not."""
        if typed not in self._read:
            self._read[typed] = self._read_anew(typed)
        return self._read[typed]

    @staticmethod
    def _read_anew(typed: str) -> tuple[Package, str] | str:
        from asc_linker.inputs.package import PackageFault, find_package, read_package

        try:
            path = find_package(typed)
        except PackageFault as fault:
            return f"`package` {fault}."
        try:
            return read_package(path), named("package", path.as_posix())
        except PackageFault as fault:
            return f"`package`, {shown_path(path.as_posix())}, {fault}."


class _Facts:
    """What is named, by the inputs' names, and by which of inputs, tag and package.

    The first to name a thing is believed, and the next must agree.
    """

    def __init__(self, inputs: InputReader) -> None:
        self.inputs = inputs
        self.values: dict[str, str] = {}
        self.sources: dict[str, str] = {}
        self.named_by: dict[str, str] = {}
        # Tag and package, where they cannot be read: nothing that they may have named is missing.
        self.faulty: set[str] = set()
        self.skip: Skip | None = None

    def add(
        self,
        name: str,
        value: str,
        named_by: str,
        source: str = "",
        agrees: Callable[[str, str], bool] = str.__eq__,
    ) -> None:
        """Take `value` for `name`; `source` is empty when it came from the input of that name."""
        if not value:
            return
        known = self.values.setdefault(name, value)
        if name not in self.named_by:
            self.named_by[name] = named_by
            if source:
                self.sources[name] = source
        elif not agrees(known, value):
            self._contradiction(name, value, named_by, source)

    def _contradiction(self, name: str, value: str, named_by: str, source: str) -> None:
        known = self.values[name]
        said = f"`{name}` is {shown(known)}"
        if origin := self.sources.get(name):
            said = f"The {name.replace('-', ' ')} is {shown(known)}, from {origin}"
        self.inputs.fault(
            f"{said}, but {source} says {shown(value)}.", self.named_by[name], named_by
        )

    def get(self, name: str) -> str:
        return self.values.get(name, "")


def read_target(
    inputs: InputReader,
    operation: Operation,
    packages: PackageReader,
    overruled: Collection[str] = (),
    *,
    is_whole: bool = True,
) -> tuple[AttachRequest, ...]:
    """The requests of one target, in the order of its platforms; faults go to `inputs`.

    `overruled` are facts that a tag or a package names and that do not count when these are shared
    with other targets. Where the target is not whole, nothing is missing, and no tag or package is
    read.
    """
    facts = _typed_facts(inputs)
    if is_whole:
        _add_tag(facts, overruled)
        _add_package(facts, packages, overruled)
        _require(inputs, operation, facts)
    version_id = inputs.checked("version-id", _RESOURCE_ID, "an id of Apple's")
    build_id = inputs.checked("build-id", _RESOURCE_ID, "an id of Apple's")
    platforms = _platforms(facts.get("platform"))
    if len(platforms) > 1:
        for name in ("version-id", "build-id"):
            if inputs.gives(name):
                inputs.fault(
                    f"`{name}` names one of one platform, but `platform` is "
                    f"{shown(facts.get('platform'))}.",
                    name,
                    "platform",
                )
    release_type, earliest = _read_release(inputs)
    build_number = facts.get("build-number")
    common = AttachRequest(
        operation=operation,
        bundle_id=facts.get("bundle-id"),
        app_id=AppId(facts.get("app-id")) if facts.get("app-id") else None,
        version_string=facts.get("version-string"),
        build_number="" if build_number == _LATEST else build_number,
        latest=build_number == _LATEST,
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
        skip=facts.skip,
        sources=facts.sources,
    )
    return tuple(common._replace(platform=platform) for platform in platforms)


def _typed_facts(inputs: InputReader) -> _Facts:
    facts = _Facts(inputs)
    latest = inputs.text("build-number").lower() == _LATEST
    typed = {
        "bundle-id": inputs.checked("bundle-id", _BUNDLE_ID, "like `com.example.notes`"),
        "app-id": inputs.checked("app-id", _APP_ID, "Apple's numeric id, like `6446048195`"),
        "platform": _read_platforms(inputs),
        "version-string": inputs.dotted("version-string", "1.4.2"),
        "build-number": _LATEST if latest else inputs.dotted("build-number", "231"),
    }
    for name, value in typed.items():
        facts.add(name, value, name)
    return facts


def _add_tag(facts: _Facts, overruled: Collection[str]) -> None:
    inputs = facts.inputs
    text = inputs.text("tag")
    if not text or inputs.gives("version-string", "version-id"):
        return
    tag = parse_tag(text)
    if tag is None:
        facts.faulty.add("tag")
        inputs.fault(
            f"`tag` is {shown(text)}, which names no version: use one like `v1.4.2`, "
            "`ios/1.4.2` or `v1.4.2+231`, or give `version-string`.",
            "tag",
        )
        return
    source = named("tag", text)
    if tag.is_pre_release:
        facts.skip = Skip("pre-release", f"{source} is a pre-release.".replace("the", "The", 1))
    # The tag's `ios/` is taken at its word; any other prefix says nothing about the platform.
    platform = _PLATFORMS.get(tag.prefix.rpartition("/")[2].lower())
    facts.add("version-string", tag.version_string, "tag", source)
    facts.add("platform", platform.input_name if platform else "", "tag", source)
    if not (inputs.is_shared("tag") and "build-number" in overruled):
        facts.add("build-number", tag.build_number, "tag", source, same_build_number)


def _add_package(facts: _Facts, packages: PackageReader, overruled: Collection[str]) -> None:
    inputs = facts.inputs
    if not inputs.gives("package"):
        return
    read = packages.read(inputs.text("package"))
    if isinstance(read, str):
        facts.faulty.add("package")
        inputs.fault(read, "package")
        return
    package, source = read
    for name, value, agrees in (
        ("bundle-id", package.bundle_id, str.__eq__),
        ("platform", package.platform.input_name, str.__eq__),
        ("version-string", package.version_string, same_version),
        ("build-number", package.build_number, same_build_number),
    ):
        if not (inputs.is_shared("package") and name in overruled):
            facts.add(name, value, "package", source, agrees)


def _require(inputs: InputReader, operation: Operation, facts: _Facts) -> None:
    """Add a fault for whatever names an app, a version or a build and is missing."""
    if "package" in facts.faulty:
        return
    if not facts.get("bundle-id") and not inputs.gives(
        "bundle-id", "app-id", "version-id", "build-id"
    ):
        inputs.fault("Which app is missing: give `bundle-id` or `app-id`.")
    if facts.skip is not None or "tag" in facts.faulty or operation is Operation.SHOW:
        return
    if not facts.get("version-string") and not inputs.gives("version-string", "version-id"):
        inputs.fault("`version-string` is missing: give it, or run on a tag push like `v1.4.2`.")
    if (
        operation is Operation.ATTACH
        and not facts.get("build-number")
        and not inputs.gives("build-number", "build-id")
    ):
        inputs.fault(
            "`build-number` is missing: give it, or push a tag that names it, like `v1.4.2+231`."
        )


def _read_platforms(inputs: InputReader) -> str:
    """The platforms as inputs spell them, with commas; empty when none is given, or a wrong one."""
    typed = inputs.text("platform")
    if not typed:
        return ""
    platforms = [_PLATFORMS.get(word.strip().lower()) for word in typed.split(",")]
    known = [platform.input_name for platform in platforms if platform is not None]
    if len(known) < len(platforms):
        inputs.wrong(
            "platform", "`ios`, `macos`, `tvos` or `visionos`, or several of them with commas"
        )
        return ""
    if twice := sorted({name for name in known if known.count(name) > 1}):
        inputs.fault(
            f"`platform` is {shown(typed)}, which names {listed(twice)} twice.", "platform"
        )
        return ""
    return ", ".join(known)


def _platforms(names: str) -> tuple[Platform | None, ...]:
    return tuple(_PLATFORMS[name] for name in names.split(", ")) if names else (None,)


def _read_release(inputs: InputReader) -> tuple[ReleaseType | None, datetime | None]:
    release_type = inputs.choice("release-type", ReleaseType)
    earliest = inputs.moment("earliest-release-date")
    is_known = release_type is not None or not inputs.gives("release-type")
    is_scheduled = release_type is ReleaseType.SCHEDULED
    if is_known and is_scheduled != inputs.gives("earliest-release-date"):
        inputs.fault(
            "`release-type: scheduled` and `earliest-release-date` need each other.",
            *(name for name in ("release-type", "earliest-release-date") if inputs.gives(name)),
        )
    return release_type, earliest
