"""Everything that can end a run, each with the exit code a pipeline sees.

    AscLinkerError               1  a fault of ours
    ├── InputError               2  what was typed contradicts itself, or is no value at all
    ├── CredentialsError         3  the key, its role, an agreement, or a proxy that wants a login
    ├── NotFound                 4  no such app, version or build
    ├── NotAttachable            5  Apple refuses this attachment, or would
    ├── ProcessingTimeout        6  the build is not ready, and the wait is over
    ├── AppStoreConnectError     7  Apple failed, or could not be reached
    │   ├── UnexpectedAnswer     7  the answer is not what Apple's documentation says
    │   └── MaybeApplied         7  a write was sent, and what became of it is not known
    └── Stopped            130/143  SIGINT or SIGTERM, once there is a report to end with

A message says what is so; a hint says what to do, naming inputs as the user typed them; an id names
the section of the troubleshooting page.
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


class AppleError(NamedTuple):
    """One entry of Apple's `errors`. Text is Apple's, unescaped; what Apple left out is empty.

    `code` is dotted and may gain levels: compare by prefix. `source` holds Apple's `pointer`,
    `parameter` or both, and is None where Apple left it out. `associated` keeps
    `meta.associatedErrors` with their paths.
    """

    code: str = ""
    title: str = ""
    detail: str = ""
    status: str = ""
    id: str = ""
    associated: tuple[tuple[str, AppleError], ...] = ()
    source: Mapping[str, str] | None = None

    @property
    def where(self) -> str:
        """The JSON pointer or the parameter that `source` names; empty where there is none."""
        source = self.source or {}
        return source.get("pointer") or source.get("parameter", "")

    def is_a(self, code: str) -> bool:
        """Whether this is `code`, or one of the more precise codes below it."""
        return self.code == code or self.code.startswith(f"{code}.")

    def walk(self) -> Iterator[AppleError]:
        """This error, then every error associated with it, depth first."""
        yield self
        for _, error in self.associated:
            yield from error.walk()

    def __str__(self) -> str:
        said = ": ".join(part for part in (self.title.rstrip("."), self.detail) if part)
        return f"{said or 'no explanation'}" + (f" ({self.code})" if self.code else "")


def every_error(errors: Sequence[AppleError]) -> Iterator[AppleError]:
    """All errors of an answer, associated ones included: the one that matters may come last."""
    for error in errors:
        yield from error.walk()


class AscLinkerError(Exception):
    """The root: catching it catches everything this package raises on purpose.

    `id` is kebab-case and stable: the anchor on the troubleshooting page. `apple` holds every error
    of Apple's answer, in order, and is empty when the answer held none; `request_id` is Apple's
    `X-Request-ID`, which Apple's support asks for.
    """

    exit_code: int = 1
    title: str = "asc-linker failed"
    id: str = "internal-error"

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        id: str = "",  # noqa: A002 - the same word as in the report
        apple: Sequence[AppleError] = (),
        request_id: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.id = id or type(self).id
        self.apple = tuple(apple)
        self.request_id = request_id

    def reworded(self, message: str, hint: str) -> Self:
        """The same error in other words; targets that share a cause may need their own."""
        again = type(self).__new__(type(self))
        again.__dict__.update(self.__dict__)
        Exception.__init__(again, message)
        again.message, again.hint = message, hint
        again.__cause__ = self
        return again


class InputError(AscLinkerError):
    """The inputs contradict each other, or are no values at all. `faults` has one line for each."""

    exit_code = 2
    title = "Check the inputs"
    id = "inputs"

    def __init__(self, *faults: str, hint: str = "", id: str = "") -> None:  # noqa: A002
        super().__init__(" ".join(faults), hint=hint, id=id)
        self.faults = faults


class CredentialsError(AscLinkerError):
    """Apple refused the key, or the key may not do this."""

    exit_code = 3
    title = "App Store Connect refused the API key"
    id = "key-refused"


class NotFound(AscLinkerError):  # the name is the sentence
    """The app, the version or the build is not there, or not visible to this key."""

    exit_code = 4
    title = "Not found on App Store Connect"
    id = "not-found"


class NotAttachable(AscLinkerError):  # the name is the sentence
    """This build cannot be attached to this version: Apple said so, or would."""

    exit_code = 5
    title = "The build cannot be attached"
    id = "refused-by-apple"


class ProcessingTimeout(AscLinkerError):  # the name is the sentence
    """The build did not become ready in the time that was given."""

    exit_code = 6
    title = "The build is not ready"
    id = "build-not-ready"


class AppStoreConnectError(AscLinkerError):
    """Apple's side failed, could not be reached, or answered what we cannot use.

    `may_pass` says that every attempt met with a failure of a kind that passes by itself;
    `retry_after_s` is how long Apple asked us to stay away, 0 where it did not.
    """

    exit_code = 7
    title = "App Store Connect failed"
    id = "app-store-connect-failed"
    may_pass = False
    retry_after_s = 0.0


class UnexpectedAnswer(AppStoreConnectError):  # the name is the sentence
    """Apple answered, but not in the shape its documentation promises."""

    id = "unexpected-answer"


class MaybeApplied(AppStoreConnectError):  # the name is the sentence
    """A write was sent, and no answer or read could tell whether Apple made the change."""

    id = "write-unknown"


class Stopped(AscLinkerError):
    """SIGINT or SIGTERM ended the run. `exit_code` is 128 plus the signal's number."""

    title = "The run was stopped"
    id = "stopped"

    def __init__(self, signal_number: int, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.exit_code = 128 + signal_number


class Interrupted(BaseException):
    """A signal told the run to stop: raised where the run is, and told as `Stopped`.

    No AscLinkerError, and no Exception either: nothing that handles failures may swallow it.
    """

    def __init__(self, signal_number: int) -> None:
        super().__init__(f"Stopped by {signal.Signals(signal_number).name}.")
        self.signal_number = signal_number
