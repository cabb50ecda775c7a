"""What `latest` stands for: the newest upload, and never an older one in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from asc_linker.apple.model import BuildAudienceType, BuildUploadState, ProcessingState
from asc_linker.decision.choose import ambiguous, is_of
from asc_linker.decision.report import Warning
from asc_linker.dotted import same_build_number, same_version
from asc_linker.errors import NotAttachable
from asc_linker.text import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from asc_linker.apple.model import Build, BuildUpload, Platform
    from asc_linker.decision.request import AttachRequest

# Who begins to upload sends the file at once; one that did not come within this is abandoned.
_ABANDONED_AFTER_S = 60 * 60


class Latest(NamedTuple):
    """The newest upload.

    `fallback` is the number of the newest build that could be attached, empty where there is none;
    `warnings` name what was passed over.
    """

    number: str
    platform: Platform
    fallback: str = ""
    warnings: tuple[Warning, ...] = ()


class _Entry(NamedTuple):
    """An upload, its build, or both: they count once."""

    build: Build | None
    upload: BuildUpload | None

    @property
    def number(self) -> str:
        return self._thing.number

    @property
    def platform(self) -> Platform:
        return self._thing.platform

    @property
    def age(self) -> float:
        """A key to sort by, the newest last; an unreadable date is the oldest."""
        dates = (each.uploaded_at for each in (self.build, self.upload) if each is not None)
        return next((date.timestamp() for date in dates if date is not None), float("-inf"))

    @property
    def _thing(self) -> Build | BuildUpload:
        thing = self.build or self.upload
        assert thing is not None, "an entry has one or the other"
        return thing

    @property
    def is_internal(self) -> bool:
        return self.build is not None and self.build.audience is BuildAudienceType.INTERNAL_ONLY

    def is_abandoned(self, now: float) -> bool:
        return self.build is None and self.upload is not None and is_abandoned(self.upload, now)

    @property
    def could_be_attached(self) -> bool:
        return (
            self.build is not None
            and self.build.processing_state is ProcessingState.VALID
            and not self.build.expired
        )


def is_abandoned(upload: BuildUpload, now: float) -> bool:
    """Whether the upload was begun so long ago that it will not be finished."""
    begun = upload.uploaded_at.timestamp() if upload.uploaded_at else float("-inf")
    awaits = upload.state is BuildUploadState.AWAITING_UPLOAD
    return awaits and now - begun >= _ABANDONED_AFTER_S


def find_latest(
    request: AttachRequest,
    builds: Iterable[Build],
    uploads: Iterable[BuildUpload],
    now: float,
) -> Latest | None:
    """The newest upload of the version string and platform; None when there is none.

    Internal builds and abandoned uploads are passed over. `now` is in seconds since the epoch.

    Raises InputError: there are some on several platforms. Raises NotAttachable: no telling which
    is the newest.
    """
    entries = _entries(request, builds, uploads)
    passed_over = [entry for entry in entries if entry.is_internal or entry.is_abandoned(now)]
    candidates = [entry for entry in entries if entry not in passed_over]
    platforms = {entry.platform for entry in candidates}
    if len(platforms) > 1:
        raise ambiguous(f"The latest build of version {request.version_string}", platforms)
    newest_age = max((entry.age for entry in candidates), default=0.0)
    newest = {entry.number: entry for entry in candidates if entry.age == newest_age}
    if len(newest) > 1:
        raise NotAttachable(
            f"Several builds of version {request.version_string} are the latest, uploaded in the "
            f"same moment: {listed(list(newest))}.",
            hint="Say which by `build-number`.",
            id="several-match",
        )
    if not newest:
        return None
    entry = next(iter(newest.values()))
    attachable = [each for each in candidates if each.could_be_attached]
    fallback = max(attachable, key=lambda each: each.age, default=None)
    newer = [each for each in passed_over if each.age > entry.age]
    return Latest(
        entry.number,
        entry.platform,
        fallback=fallback.number if fallback is not None else "",
        warnings=_warnings(newer, f"build {entry.number}"),
    )


def passed_over(
    request: AttachRequest,
    builds: Iterable[Build],
    uploads: Iterable[BuildUpload],
    now: float,
) -> tuple[Warning, ...]:
    """The warnings where nothing is left once internal builds and abandoned uploads are passed."""
    entries = _entries(request, builds, uploads)
    return _warnings(
        [entry for entry in entries if entry.is_internal or entry.is_abandoned(now)], "another"
    )


def _warnings(entries: Sequence[_Entry], instead: str) -> tuple[Warning, ...]:
    """One for each kind that was passed over, naming the newest of them."""
    newest_first = sorted(entries, key=lambda entry: entry.age, reverse=True)
    internal = next((entry for entry in newest_first if entry.is_internal), None)
    abandoned = next((entry for entry in newest_first if not entry.is_internal), None)
    found = []
    if internal is not None:
        found.append(
            Warning(
                "latest-internal",
                "A newer build is for internal testing only",
                f"Build {internal.number} is newer, but is for internal testing only and can never "
                f"go to the App Store: `latest` looks for {instead}.",
            )
        )
    if abandoned is not None:
        found.append(
            Warning(
                "latest-abandoned",
                "A newer upload was never finished",
                f"The upload of build {abandoned.number} was begun more than an hour ago and never "
                f"finished: `latest` looks for {instead}.",
            )
        )
    return tuple(found)


def _entries(
    request: AttachRequest, builds: Iterable[Build], uploads: Iterable[BuildUpload]
) -> list[_Entry]:
    """Every upload of the version string and platform, with its build where that is listed."""
    left = {
        upload.id: upload
        for upload in uploads
        if is_of(request, upload.version_string, upload.platform)
    }
    entries = []
    for build in builds:
        if not is_of(request, build.version_string, build.platform):
            continue
        upload = next((each for each in left.values() if _is_of_build(each, build)), build.upload)
        if upload is not None:
            left.pop(upload.id, None)
        entries.append(_Entry(build, upload))
    return entries + [_Entry(None, upload) for upload in left.values()]


def _is_of_build(upload: BuildUpload, build: Build) -> bool:
    """Whether `upload` became `build`: by what Apple says, else by number.

    A failed upload of the same number is one of its own: the number may be used again.
    """
    if upload.build_id is not None:
        return upload.build_id == build.id
    if build.upload is not None:
        return build.upload.id == upload.id
    return (
        upload.state is not BuildUploadState.FAILED
        and upload.platform is build.platform
        and same_build_number(upload.number, build.number)
        and same_version(upload.version_string, build.version_string)
    )
