"""What is not there, told by what is: nearest first, at most ten."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from asc_linker.apple.model import BuildUploadState
from asc_linker.decision.choose import listed
from asc_linker.dotted import distance, same_build_number, same_version
from asc_linker.errors import NotAttachable, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from asc_linker.apple.model import App, AppStoreVersion, Build, BuildUpload
    from asc_linker.decision.request import AttachRequest

UPLOAD_ANEW = "Mend what Apple names, and upload a build with a new number."
_APPLE_IS_SLOW = (
    "Nothing is wrong yet: Apple takes minutes, now and then hours, to list a build. Run again "
    "later, or raise `wait-minutes`."
)
_IS_IT_UPLOADED = (
    "A fresh upload takes minutes to appear; `wait-minutes` waits for it. Check that the upload "
    "succeeded, and that `build-number` is the number it has."
)


def app_not_found(bundle_id: str, visible: Sequence[App]) -> NotFound:
    """No app of this bundle id; `visible` are those the key may see."""

    def likeness(text: str) -> float:
        return SequenceMatcher(None, bundle_id.lower(), text.lower()).ratio()

    there = listed(sorted((app.bundle_id for app in visible), key=likeness, reverse=True))
    seen = f"This key sees {there}." if there else "This key sees no app at all."
    return NotFound(
        f"No app has the bundle id {bundle_id}. {seen}",
        hint="Check `bundle-id`, and that the API key is of the app's team and may see it.",
    )


def version_not_found(request: AttachRequest, versions: Iterable[AppStoreVersion]) -> NotFound:
    """No such version; `versions` are the app's others."""
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
    seen = f"There are {there}." if there else "The app has no versions yet."
    return NotFound(
        f"The App Store has no version {request.version_string}{_on(request)} of this app. {seen}",
        hint="An upload does not create an App Store version: `if-version-missing: create` does, "
        "or add it on App Store Connect; or check `version-string`.",
    )


def build_not_listed(
    request: AttachRequest, builds: Sequence[Build] | None, uploads: Sequence[BuildUpload] | None
) -> tuple[str, str]:
    """Where the build is, if not where it was looked for, and what to do about it.

    `builds` are any of the app's builds, `uploads` those of the number that was looked for; None
    where Apple did not tell.
    """
    number = request.build_number or "latest"
    sentence = f"Build {number} of {request.version_string}{_on(request)} is not among the uploaded"
    sentence += f" builds{_others(request, builds)}."
    upload = newest_upload(request, uploads or ())
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
    elsewhere = _elsewhere(request, [*(builds or ()), *(uploads or ())])
    if elsewhere:
        return f"{sentence} {elsewhere}", "Check `version-string` and `platform`."
    if uploads is not None and request.build_number:
        sentence += " Apple knows of no upload with this number."
    return sentence, _IS_IT_UPLOADED


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
        if same_build_number(upload.number, request.build_number)
        and same_version(upload.version_string, request.version_string)
        and request.platform in (None, upload.platform)
    ]
    return max(
        matching,
        key=lambda upload: upload.uploaded_at.timestamp() if upload.uploaded_at else 0.0,
        default=None,
    )


def _others(request: AttachRequest, builds: Sequence[Build] | None) -> str:
    """The builds there are instead, those of the same number first, then those like it."""
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


def _elsewhere(request: AttachRequest, things: Iterable[Build | BuildUpload]) -> str:
    """Where the number was uploaded to, if not where it was looked for; empty when nowhere."""
    of_number = [each for each in things if same_build_number(each.number, request.build_number)]
    for each in of_number:
        if same_version(each.version_string, request.version_string):
            wanted = f", not for {request.platform.label}" if request.platform else ""
            return f"It was uploaded for {each.platform.label}{wanted}."
    for each in of_number:
        return (
            f"This number was uploaded as version {each.version_string} "
            f"({each.platform.label}), not as {request.version_string}."
        )
    return ""


def _on(request: AttachRequest) -> str:
    return f" on {request.platform.label}" if request.platform else ""
