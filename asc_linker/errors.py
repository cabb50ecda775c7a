"""Everything that can end a run, each with the exit code a pipeline sees.

    AscLinkerError               1  a fault of ours
    ├── InputError               2  what was typed cannot be meant
    ├── CredentialsError         3  the key, its role, or an agreement
    ├── NotFound                 4  no such app, version or build
    ├── NotAttachable            5  Apple refuses this attachment, or would
    ├── ProcessingTimeout        6  the build is not ready, and the wait is over
    └── AppStoreConnectError     7  Apple failed, or could not be reached
        └── UnexpectedAnswer     7  the answer is not what Apple's documentation says

A message says what is so; a hint says what to do, naming inputs as the user typed them.
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asc_linker.apple.apple_error import AppleError


class AscLinkerError(Exception):
    """The root: catching it catches everything this package raises on purpose.

    `apple` holds every error of Apple's answer, in order, and is empty when the answer held none;
    `request_id` is Apple's `X-Request-ID`, which Apple's support asks for.
    """

    exit_code: ClassVar[int] = 1
    title: ClassVar[str] = "asc-linker failed"

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        apple: Sequence[AppleError] = (),
        request_id: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.apple = tuple(apple)
        self.request_id = request_id


class InputError(AscLinkerError):
    """The inputs contradict each other, or are no values at all. `faults` has one line for each."""

    exit_code = 2
    title = "Check the inputs"

    def __init__(self, *faults: str, hint: str = "") -> None:
        super().__init__(" ".join(faults), hint=hint)
        self.faults = faults


class CredentialsError(AscLinkerError):
    """Apple refused the key, or the key may not do this."""

    exit_code = 3
    title = "App Store Connect refused the API key"


class NotFound(AscLinkerError):  # the name is the sentence
    """The app, the version or the build is not there, or not visible to this key."""

    exit_code = 4
    title = "Not found on App Store Connect"


class NotAttachable(AscLinkerError):  # the name is the sentence
    """This build cannot be attached to this version: Apple said so, or would."""

    exit_code = 5
    title = "The build cannot be attached"


class ProcessingTimeout(AscLinkerError):  # the name is the sentence
    """The build did not become ready in the time that was given."""

    exit_code = 6
    title = "The build is not ready"


class Interrupted(BaseException):
    """The run was told to stop: SIGINT or SIGTERM. `exit_code` is 128 plus the signal's number.

    No AscLinkerError, and no Exception either: nothing that handles failures may swallow it.
    """

    def __init__(self, signal_number: int) -> None:
        super().__init__(f"Stopped by {signal.Signals(signal_number).name}.")
        self.exit_code = 128 + signal_number


class AppStoreConnectError(AscLinkerError):
    """Apple's side failed, could not be reached, or answered what we cannot use.

    `may_pass` says that every attempt met with trouble of a kind that passes by itself.
    """

    exit_code = 7
    title = "App Store Connect failed"
    may_pass = False


class UnexpectedAnswer(AppStoreConnectError):  # the name is the sentence
    """Apple answered, but not in the shape its documentation promises."""
