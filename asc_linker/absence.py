"""What is not there, told by what is: nearest first, at most ten."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from asc_linker.choose import listed
from asc_linker.dotted import distance, same_build_number, same_version
from asc_linker.errors import NotAttachable, NotFound
from asc_linker.model import BuildUploadState

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from asc_linker.model import App, AppStoreVersion, Build, BuildUpload
    from asc_linker.request import AttachRequest


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
    request: AttachRequest, builds: Sequence[Build], uploads: Iterable[BuildUpload]
) -> str:
    """Where the build is, if not where it was looked for: one or two sentences.

    `builds` are any of the app's builds, `uploads` those of the number that was looked for.
    """
    number, version = request.build_number or "latest", request.version_string
    same_number = [build for build in builds if same_build_number(build.number, number)]
    there = listed(
        [
            str(build)
            for build in sorted(
                same_number or builds,
                key=lambda build: (
                    not same_version(build.version_string, version),
                    distance(build.number, number),
                ),
            )
        ]
    )
    sentence = f"Build {number} of {version}{_on(request)} is not among the uploaded builds: " + (
        f"{there}." if there else "there are none."
    )
    upload = newest_upload(request, uploads)
    if upload is not None:
        sentence += f" Apple has received the upload, and says {upload.state_word}."
    elif same_number:
        sentence += " The same number was uploaded for another version or platform."
    return sentence


def upload_failed(
    request: AttachRequest, build: Build | None, uploads: Iterable[BuildUpload]
) -> NotAttachable | None:
    """The error for an upload that Apple turned down; None as long as there is hope.

    The newest upload of the number, version and platform decides: an earlier one may have failed.
    """
    upload = newest_upload(request, uploads) or (build.upload if build else None)
    if upload is None or upload.state is not BuildUploadState.FAILED:
        return None
    reasons = " ".join(f"{code}: {description}" for code, description in upload.errors)
    return NotAttachable(
        f"Apple turned down the upload of build {request.build_number}. {reasons}".strip(),
        hint="Mend what Apple names, and upload a build with a new number.",
    )


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


def _on(request: AttachRequest) -> str:
    return f" on {request.platform.label}" if request.platform else ""
