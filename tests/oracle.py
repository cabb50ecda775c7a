"""What must come of a request, told from the world alone.

Written from the words of the interface and of Apple's documentation, on the world's JSON, and
without a line of `choose.py`, `preflight.py` or `plan.py`: a second opinion, not a copy. It does
not say which sentence is printed, only what may be written and which reasons are true.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Json = Mapping[str, Any]

# A word Apple has not used yet. Whether it takes a build then, the world says.
NEW_STATE = "AWAITING_THE_FULL_MOON"
TAKES_A_BUILD = {
    "PREPARE_FOR_SUBMISSION",
    "DEVELOPER_REJECTED",
    "REJECTED",
    "METADATA_REJECTED",
    "INVALID_BINARY",
}
UP_TO_APPLE = {"READY_FOR_REVIEW", NEW_STATE}
ON_THE_STORE = {"READY_FOR_DISTRIBUTION", "REPLACED_WITH_NEW_VERSION"}
INPUT_NAMES = {"IOS": "ios", "MAC_OS": "macos", "TV_OS": "tvos", "VISION_OS": "visionos"}
PLATFORMS = {name: platform for platform, name in INPUT_NAMES.items()}


@dataclass(frozen=True, slots=True)
class Reason:
    """A way to fail that is true: the exit code, and words its message has."""

    exit_code: int
    words: tuple[str, ...] = ()

    def is_given_by(self, exit_code: int, message: str) -> bool:
        return exit_code == self.exit_code and all(word in message for word in self.words)


@dataclass(frozen=True, slots=True)
class Truth:
    """How a run must end: as `outcome`, or for one of `reasons`.

    `attached` is (version id, or "" for a new one; version string; build id or None): the one thing
    that is different afterwards, None when nothing is. `answers` is the build whose export
    compliance is answered by then; `may_answer` one whose answer does no harm. Unless `is_tried`, a
    run that fails has sent no write at all: it knew better.
    """

    outcome: str = ""
    reasons: tuple[Reason, ...] = ()
    attached: tuple[str, str, str | None] | None = None
    answers: str = ""
    may_answer: str = ""
    is_tried: bool = False


def fails(*reasons: tuple[int, str] | int) -> Truth:
    """For one of `reasons`: a code, or a code and the words, parted by `|`."""
    return Truth(
        reasons=tuple(
            Reason(each) if isinstance(each, int) else Reason(each[0], tuple(each[1].split("|")))
            for each in reasons
        )
    )


def truth(world: Json, request: Mapping[str, str], now: float) -> Truth:
    """What must come of `request`, which is inputs by name, in `world` at `now`."""
    by_id = "app-id" in request
    named, wanted = ("id", request["app-id"]) if by_id else ("bundleId", request["bundle-id"])
    app = next((app for app in world["apps"] if app[named] == wanted), None)
    if app is None:
        return fails((4, wanted))
    sought = request["version-string"]
    if request.get("bundle-id", app["bundleId"]) != app["bundleId"]:
        # What else is wrong may be told first, but nothing may come of it.
        return fails(5, (4, request["bundle-id"]), (4, sought), 2)
    sight = _Sight(world, app, request, now)
    match request.get("operation", "attach"):
        case "show":
            return sight.show()
        case "detach":
            return sight.detach()
    return sight.attach()


class _Sight:
    def __init__(self, world: Json, app: Json, request: Mapping[str, str], now: float) -> None:
        self.world = world
        self.request = request
        self.now = now
        self.wanted = request["version-string"]
        self.platform = PLATFORMS.get(request.get("platform", ""))
        self.every_version: list[Json] = app["appStoreVersions"]
        self.every_build: list[Json] = app["builds"]
        self.versions = [
            each for each in self.every_version if self._is_meant(each, each["versionString"])
        ]

    def _is_meant(self, thing: Json, version_string: str) -> bool:
        return dotted(version_string) == dotted(self.wanted) and (
            self.platform is None or thing["platform"] == self.platform
        )

    @property
    def is_dry(self) -> bool:
        return self.request.get("dry-run") == "true"

    # ---------------------------------------------------------------- show and detach

    def _the_version(self) -> Mapping[str, Any] | Truth:
        """From the version alone, whatever was uploaded."""
        if not self.versions:
            return fails((4, self.wanted))
        if len(platforms(self.versions)) > 1:
            return _ambiguous(self.versions)
        if len(self.versions) > 1:
            return fails((5, "Several"))
        only: Json = self.versions[0]
        return only

    def show(self) -> Truth:
        found = self._the_version()
        return found if isinstance(found, Truth) else Truth("shown")

    def detach(self) -> Truth:
        version = self._the_version()
        if isinstance(version, Truth):
            return version
        if version.get("build") is None:
            return Truth("nothing-attached")
        if is_locked(version):
            return self._locked(version)
        if self.is_dry:
            return Truth("would-detach")
        if not self._apple_takes_a_build(version):
            return Truth(reasons=(Reason(5),), is_tried=True)
        return Truth("detached", attached=(version["id"], version["versionString"], None))

    # ---------------------------------------------------------------- attach

    def attach(self) -> Truth:
        number = self.request["build-number"]
        builds = [each for each in self.every_build if self._is_meant(each, train(each))]
        if number == "latest":
            candidates = [each for each in builds if not is_listed(each) or not is_internal(each)]
            if len(platforms(candidates)) > 1:
                return _ambiguous(candidates)
            if candidates:
                newest = max(candidates, key=lambda build: _moment(build["uploadedDate"]))
                number, self.platform = newest["version"], newest["platform"]
        builds = [
            each
            for each in builds
            if number != "latest"
            and is_listed(each)
            and numbers(each["version"]) == numbers(number)
            and self.platform in (None, each["platform"])
        ]
        settled = self._settle_platform(builds)
        if settled is not None:
            return settled
        versions = [v for v in self.versions if v["platform"] == self.platform]
        builds = [b for b in builds if b["platform"] == self.platform]
        if not versions and self.request.get("if-version-missing", "fail") == "fail":
            return fails((4, self.wanted))
        if len(versions) > 1 or len(builds) > 1:
            return fails((5, "Several"))
        build = builds[0] if builds else None
        if versions:
            return self._attach_to(versions[0], build)
        return self._make_room(build)

    def _settle_platform(self, builds: list[Json]) -> Truth | None:
        """Find the platform, or say why it cannot be found."""
        if self.platform is not None:
            return None
        if self.request.get("if-version-missing", "fail") == "fail":
            if not self.versions:
                return fails((4, self.wanted))
            fitting = platforms(self.versions) & platforms(builds)
        else:
            fitting = platforms(builds)
        if len(fitting) > 1:
            return _ambiguous(b for b in builds if b["platform"] in fitting)
        if not fitting:
            # There is no such build. Where it is missing is not known, if there are several.
            if len(platforms(self.versions)) != 1:
                return self._absent()
            self.platform = self.versions[0]["platform"]
            return None
        (self.platform,) = fitting
        return None

    def _attach_to(self, version: Json, build: Json | None) -> Truth:
        attached = version.get("build")
        if build is not None and attached == build["id"]:
            if self._contradicts(build):
                return fails((5, "uses-non-exempt-encryption"))
            return Truth("already-attached", answers=self._answers(build))
        if is_locked(version):
            return self._locked(version)
        if attached is not None and (decided := self._other_attached(version)) is not None:
            return decided
        return self._write(version, version["versionString"], build)

    def _make_room(self, build: Json | None) -> Truth:
        """Create the version, or rename the open one."""
        holders = [
            version
            for version in self.every_version
            if version["platform"] == self.platform
            and version["appVersionState"] not in ON_THE_STORE | {NEW_STATE}
        ]
        for holder in holders:
            if is_locked(holder):
                return self._locked(holder)
        if self.request["if-version-missing"] == "create":
            if holders:
                name = f"{holders[0]['versionString']}|{holders[0]['appVersionState']}"
                return fails((5, name), (5, "Several"))
            return self._write(None, self.wanted, build)
        if not holders:
            return fails((4, "rename"))
        if len(holders) > 1:
            return fails((5, "Several"))
        (holder,) = holders
        if holder["appVersionState"] != "PREPARE_FOR_SUBMISSION":
            return fails((5, f"{holder['versionString']}|{holder['appVersionState']}"))
        if holder.get("build") is not None and (decided := self._other_attached(holder)):
            return decided
        return self._write(holder, self.wanted, build)

    def _write(self, version: Json | None, name: str, build: Json | None) -> Truth:
        if build is None:
            return self._absent()
        faults = self._faults(build, version)
        if build["processingState"] == "PROCESSING":
            return fails((6, build["version"]), *((5, words) for words in faults))
        if faults:
            # All of them are told, so each of them is.
            return fails((5, "|".join(faults)))
        if self.is_dry:
            return Truth("would-attach")
        if not self._apple_agrees(version, build):
            return Truth(reasons=(Reason(5),), may_answer=self._answers(build), is_tried=True)
        return Truth(
            "attached",
            attached=(version["id"] if version else "", name, build["id"]),
            answers=self._answers(build),
        )

    def _absent(self) -> Truth:
        """What is not listed may have an upload that is under way."""
        number = self.request["build-number"]
        under_way = any(
            not is_listed(each)
            and self._is_meant(each, train(each))
            and each["platform"] in (platforms(self.versions) or {each["platform"]})
            and (number == "latest" or numbers(each["version"]) == numbers(number))
            for each in self.every_build
        )
        return fails((6 if under_way else 4, "not among the uploaded builds"))

    def _faults(self, build: Json, version: Json | None) -> list[str]:
        """The words for each thing for which Apple would refuse the build."""
        faults = []
        if build["processingState"] in ("FAILED", "INVALID"):
            faults.append(build["processingState"])
        if self._has_expired(build):
            faults.append("expired")
        if build["buildAudienceType"] == "INTERNAL_ONLY":
            faults.append("internal testing only")
        holder = next((v for v in self.every_version if v.get("build") == build["id"]), None)
        if holder is not None and (version is None or holder["id"] != version["id"]):
            faults.append(f"another version (id {holder['id']})")
        if self._contradicts(build):
            faults.append("uses-non-exempt-encryption")
        return faults

    # ---------------------------------------------------------------- details

    def _locked(self, version: Json) -> Truth:
        if self.request.get("if-version-locked") == "skip":
            return Truth("skipped")
        return fails((5, f"{version['versionString']}|{version['appVersionState']}"))

    def _other_attached(self, version: Json) -> Truth | None:
        match self.request.get("if-attached", "replace"):
            case "keep":
                return Truth("kept")
            case "fail":
                return fails((5, f"{version['versionString']}|already"))
        return None

    def _apple_takes_a_build(self, version: Json) -> bool:
        state = version["appVersionState"]
        return state != NEW_STATE or self.world["newStateTakesBuilds"] is True

    def _apple_agrees(self, version: Json | None, build: Json) -> bool:
        unanswered = build.get("usesNonExemptEncryption") is None and not self._answers(build)
        if unanswered and self.world["script"]["refuseUnansweredCompliance"]:
            return False
        if version is not None:
            return self._apple_takes_a_build(version)
        in_the_slot = (v for v in self.every_version if v["appVersionState"] == NEW_STATE)
        return all(v["platform"] != self.platform for v in in_the_slot)

    def _has_expired(self, build: Json) -> bool:
        return build["expired"] is True or _moment(build["expirationDate"]) <= self.now

    def _contradicts(self, build: Json) -> bool:
        said, answer = build.get("usesNonExemptEncryption"), self._answer
        return said is not None and answer is not None and said is not answer

    def _answers(self, build: Json) -> str:
        """The id of the build whose compliance this run answers; empty when it answers none."""
        unanswered = build.get("usesNonExemptEncryption") is None
        return build["id"] if unanswered and self._answer is not None and not self.is_dry else ""

    @property
    def _answer(self) -> bool | None:
        return {"true": True, "false": False}.get(
            self.request.get("uses-non-exempt-encryption", "")
        )


def is_locked(version: Json) -> bool:
    return version["appVersionState"] not in TAKES_A_BUILD | UP_TO_APPLE


def is_listed(build: Json) -> bool:
    return not build.get("appearsAfterSeconds")


def is_internal(build: Json) -> bool:
    return bool(build["buildAudienceType"] == "INTERNAL_ONLY")


def platforms(things: Iterable[Json]) -> set[str]:
    return {each["platform"] for each in things}


def train(build: Json) -> str:
    return str(build["preReleaseVersion"])


def numbers(text: str) -> list[int]:
    """A build number as Apple compares it: leading zeros mean nothing, trailing ones do."""
    return [int(part) for part in text.split(".")]


def dotted(text: str) -> list[int]:
    """A version string as Apple compares it: `1.2` is `1.2.0` is `01.2`."""
    parts = numbers(text)
    while parts and parts[-1] == 0:
        parts.pop()
    return parts


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _ambiguous(things: Iterable[Json]) -> Truth:
    names = sorted(f"`{INPUT_NAMES[platform]}`" for platform in platforms(things))
    return fails((2, "|".join(names)))
