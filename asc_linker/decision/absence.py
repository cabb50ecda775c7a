"""What is not there, told by what is: nearest first, at most ten."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asc_linker.apple.model import AppVersionState, BuildUploadState
from asc_linker.decision.choose import is_of, matching_versions
from asc_linker.decision.request import Operation
from asc_linker.dotted import distance, same_build_number, same_version
from asc_linker.errors import NotAttachable, NotFound
from asc_linker.text import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from asc_linker.apple.model import App, AppStoreVersion, Build, BuildUpload
    from asc_linker.decision.findings import Findings
    from asc_linker.decision.request import AttachRequest

UPLOAD_ANEW = "Mend what Apple names, and upload a build with a new number."
_APPLE_IS_SLOW = (
    "Nothing is wrong yet: Apple takes minutes, now and then hours, to list a build. Run again "
    "later, or raise `wait-minutes`."
)
# So alike that one was probably meant for the other.
_ALIKE = 0.8


def app_not_found(request: AttachRequest, visible: Sequence[App]) -> NotFound:
    """No such app; `visible` are those the key may see."""
    if request.app_id is not None:
        there = listed([f"{app.id} ({app.bundle_id})" for app in visible])
        seen = f"This key sees {there}." if there else "This key sees no app at all."
        return NotFound(
            f"No app has the id {request.app_id}. {seen}",
            hint="Check `app-id`, and that the API key is of the app's team and may see it.",
            id="app-not-found",
        )
    from difflib import SequenceMatcher

    wanted = request.bundle_id

    def likeness(text: str) -> float:
        return SequenceMatcher(None, wanted.lower(), text.lower()).ratio()

    nearest = sorted((app.bundle_id for app in visible), key=likeness, reverse=True)
    seen = f"This key sees {listed(nearest)}." if nearest else "This key sees no app at all."
    if nearest and likeness(nearest[0]) >= _ALIKE:
        seen += f" Did you mean {nearest[0]}?"
    return NotFound(
        f"No app has the bundle id {wanted}{request.source('bundle-id')}. {seen}",
        hint=f"Check {_named(request, 'bundle-id')}, and that the API key is of the app's team and "
        "may see it.",
        id="app-not-found",
    )


def version_not_found(request: AttachRequest, versions: Iterable[AppStoreVersion]) -> NotFound:
    """No such version; `versions` are the app's others."""
    versions = tuple(versions)
    nearest = sorted(
        versions,
        key=lambda version: (
            version.platform is not request.platform,
            distance(version.version_string, request.version_string),
        ),
    )
    there = listed(
        [
            f"{version.version_string} ({version.platform.label}, {version.state_word})"
            for version in nearest
        ]
    )
    are = "is" if len(versions) == 1 else "are"
    seen = f"There {are} {there}." if there else "The app has no versions yet."
    origin = request.sources.get("version-string", "")
    source = f" (from {origin})" if origin else ""
    wanted = (
        f"has no version {request.version_string}{source}{_on(request)}"
        if request.version_string
        else f"has no open version and none on sale{_on(request)}"
    )
    return NotFound(
        f"The App Store {wanted} of this app. {seen}",
        hint=_what_would_help(request, versions),
        id="version-not-found",
    )


def _what_would_help(request: AttachRequest, versions: Sequence[AppStoreVersion]) -> str:
    """Only an input that would really help, given which versions there are."""
    check = f"Check {_named(request, 'version-string')}"
    if request.operation is not Operation.ATTACH:
        return f"{check}."
    holders = [
        version
        for version in versions
        if request.platform in (None, version.platform) and version.app_version_state.holds_the_slot
    ]
    if not holders:
        return (
            "An upload does not create an App Store version: `if-version-missing: create` does, or "
            f"add it on App Store Connect. {check}."
        )
    if any(
        holder.app_version_state is AppVersionState.PREPARE_FOR_SUBMISSION for holder in holders
    ):
        return (
            f"{check}; `if-version-missing: rename` gives the version in PREPARE_FOR_SUBMISSION "
            "this version string."
        )
    return f"{check}; finish or release the open version before there can be another."


class Elsewhere(NamedTuple):
    """Where a number is, if not where it was looked for."""

    sentence: str
    is_newest: bool
    """Whether this is the app's newest upload: then nothing that is wanted is on its way."""
    same_version_string: bool
    """Whether only the platform differs."""


def elsewhere(findings: Findings) -> Elsewhere | None:
    """Where the number was uploaded to, if not where it was looked for; None when nowhere."""
    request = findings.request
    things: list[Build | BuildUpload] = [
        *(findings.newest_builds or ()),
        *(findings.uploads or ()),
    ]
    if not request.build_number or awaited_upload(findings) is not None:
        return None
    of_number = [
        thing
        for thing in things
        if same_build_number(thing.number, request.build_number)
        and not _is_in_question(findings, thing)
        and not _is_failed(thing)
    ]
    if not of_number:
        return None
    # Where only the platform differs it is the likelier slip.
    thing = max(
        of_number,
        key=lambda each: (
            same_version(each.version_string, request.version_string),
            _seconds(each.uploaded_at),
        ),
    )
    same_string = same_version(thing.version_string, request.version_string)
    newest = max((_seconds(each.uploaded_at) for each in things), default=0.0)
    return Elsewhere(
        _where(request, thing, same_string=same_string),
        is_newest=any(_seconds(each.uploaded_at) == newest for each in of_number),
        same_version_string=same_string,
    )


def _where(request: AttachRequest, thing: Build | BuildUpload, *, same_string: bool) -> str:
    wanted = f", not for {request.platform.label}" if request.platform else ""
    if same_string:
        return f"Build {thing.number} was uploaded for {thing.platform.label}{wanted}."
    if request.platform in (None, thing.platform):
        return (
            f"Build {thing.number} was uploaded as version {thing.version_string}, not as "
            f"{request.version_string}."
        )
    return (
        f"Build {thing.number} was uploaded as version {thing.version_string} for "
        f"{thing.platform.label}, not as {request.version_string}{wanted}."
    )


def build_not_listed(findings: Findings, versions: Sequence[AppStoreVersion]) -> tuple[str, str]:
    """What is there instead of a build that is not listed, and what to do about it.

    `versions` are those of the version string, of which several platforms may have one.
    """
    request = findings.request
    number = request.build_number or "latest"
    what = "The latest build" if request.latest else f"Build {number}{_source(request)}"
    sentence = f"{what} of {request.version_string}{_on(request)} is not among the uploaded"
    sentence += f" builds{_others(findings)}."
    if request.platform is None and len(versions) > 1:
        platforms = " and ".join(sorted(version.platform.label for version in versions))
        sentence += f" Version {request.version_string} is there for {platforms}."
    upload = awaited_upload(findings)
    if upload is not None and upload.state is BuildUploadState.AWAITING_UPLOAD:
        return (
            f"{sentence} Apple has been told of its upload, but has not received all of it.",
            "Check the step that uploads: it has not ended, or not well.",
        )
    if upload is not None:
        since = f" at {upload.uploaded_at:%H:%M} UTC" if upload.uploaded_at else ""
        return (
            f"{sentence} Apple has received the upload{since}, and says {upload.state_word}.",
            _APPLE_IS_SLOW,
        )
    there = elsewhere(findings)
    if there is not None:
        names = " and ".join(
            _named(request, name)
            for name in ("platform", "version-string")
            if (name == "platform") or not there.same_version_string
        )
        return f"{sentence} {there.sentence}", f"Check {names}."
    if findings.uploads is not None and request.build_number:
        sentence += " Apple knows of no upload with this number."
    return sentence, (
        f"A fresh upload takes minutes to appear; `wait-minutes` waits for it. Check that the "
        f"upload succeeded, and that {_named(request, 'build-number')} is the number it has."
    )


def upload_failed(
    request: AttachRequest, build: Build | None, uploads: Iterable[BuildUpload]
) -> NotAttachable | None:
    """The error for an upload that Apple turned down; None as long as there is hope.

    The newest upload of the number, version and platform decides: an earlier one may have failed.
    What was read with `build` is news, beside what was read of the same upload before.
    """
    latest_news = {upload.id: upload for upload in uploads}
    if build is not None and build.upload is not None:
        latest_news[build.upload.id] = build.upload
    upload = newest_upload(request, latest_news.values()) or (build.upload if build else None)
    if upload is None or upload.state is not BuildUploadState.FAILED:
        return None
    number = request.build_number or upload.number
    return NotAttachable(
        f"Apple turned down the upload of build {number}. {reasons(upload)}".strip(),
        hint=UPLOAD_ANEW,
        id="upload-failed",
    )


def reasons(upload: BuildUpload) -> str:
    """Why Apple turned `upload` down, in Apple's codes and words; empty when Apple does not say."""
    said = (": ".join(filter(None, error)) for error in upload.errors)
    return " ".join(said)


def newest_upload(request: AttachRequest, uploads: Iterable[BuildUpload]) -> BuildUpload | None:
    """The newest upload of what `request` names; None when Apple knows of none."""
    matching = [
        upload
        for upload in uploads
        if (not request.build_number or same_build_number(upload.number, request.build_number))
        and is_of(request, upload.version_string, upload.platform)
    ]
    return max(matching, key=lambda upload: _seconds(upload.uploaded_at), default=None)


def awaited_upload(findings: Findings) -> BuildUpload | None:
    """The newest upload of the number, on a platform that is in question; None when there is none.

    `latest` that has found no number waits for none: what it passed over is not on its way.
    """
    request = findings.request
    if not request.build_number:
        return None
    uploads = findings.uploads or ()
    return newest_upload(request, (each for each in uploads if _is_in_question(findings, each)))


def _is_in_question(findings: Findings, thing: Build | BuildUpload) -> bool:
    """Whether this is of the version string, on the platform or on one that has the version."""
    platforms = {version.platform for version in versions_of_the_string(findings)}
    is_there = not platforms or thing.platform in platforms
    return is_there and is_of(findings.request, thing.version_string, thing.platform)


def versions_of_the_string(findings: Findings) -> list[AppStoreVersion]:
    """The versions of the version string that were read, on whatever platform is in question."""
    return matching_versions(findings.request, findings.versions)


def _others(findings: Findings) -> str:
    """The builds there are instead, those of the same number first, then those like it."""
    request, builds = findings.request, findings.newest_builds
    if builds is None:
        return ""
    number = request.build_number or "latest"
    same_number = [build for build in builds if same_build_number(build.number, number)]
    nearest = sorted(
        same_number or builds,
        key=lambda build: (
            not same_version(build.version_string, request.version_string),
            distance(build.number, number),
        ),
    )
    return ": " + (listed([str(build) for build in nearest]) or "there are none")


def _is_failed(thing: Build | BuildUpload) -> bool:
    return getattr(thing, "state", None) is BuildUploadState.FAILED


def _seconds(moment: datetime | None) -> float:
    return moment.timestamp() if moment else float("-inf")


def _named(request: AttachRequest, name: str) -> str:
    """What the user can change: the input, or what its value came from."""
    return request.sources.get(name, "") or f"`{name}`"


def _source(request: AttachRequest) -> str:
    origin = request.sources.get("build-number", "")
    return f" (from {origin})" if origin else ""


def _on(request: AttachRequest) -> str:
    return f" on {request.platform.label}" if request.platform else ""
