"""What was read for one target, before anything is decided."""

from typing import NamedTuple

from asc_linker.apple.model import App, AppStoreVersion, Build, BuildUpload
from asc_linker.decision.request import AttachRequest
from asc_linker.errors import AscLinkerError


class Findings(NamedTuple):
    """What was read. `versions`, `builds` and `uploads` may hold more than what was asked for.

    None stands for what was not read, or what Apple did not tell.
    """

    request: AttachRequest
    """What is wanted, with what its `version-id` stands for filled in."""
    app: App | None = None
    versions: tuple[AppStoreVersion, ...] = ()
    builds: tuple[Build, ...] = ()
    uploads: tuple[BuildUpload, ...] | None = None
    """Of the number, whatever its version and platform; for `latest` of the version string."""
    all_versions: tuple[AppStoreVersion, ...] | None = None
    """Every version of the app, once the one that is wanted turned out missing."""
    newest_builds: tuple[Build, ...] | None = None
    """The app's newest builds, once the one that is wanted turned out missing."""
    has_looked_elsewhere: bool = False
    """Whether the two were asked for, also where Apple did not tell."""
    attached: Build | None = None
    """The build on the version, for `show`."""
    failure: AscLinkerError | None = None
    """What a read that is needed met with."""
