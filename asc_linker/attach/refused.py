"""Apple refused what passed all our checks: whether that may pass, and what is to be said of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asc_linker.apple.model import ProcessingState
from asc_linker.clock import duration
from asc_linker.decision.preflight import refusals
from asc_linker.errors import AscLinkerError, NotAttachable, NotFound, every_error

if TYPE_CHECKING:
    from asc_linker.decision.decision import Decision
    from asc_linker.decision.preflight import Check

# Refusals by their ids: those which time may cure, and those which say nothing of use.
_BUSY = "invalid-state"
_UNSUITABLE = "build-unsuitable"
# What Apple says beside, of a build that it does not take for this version.
_GENERIC = "could not be added"


def may_pass(refusal: AscLinkerError, decision: Decision) -> bool:
    """Whether this is Apple being slow: VALID is not attachable at once, nor is a 404 the truth.

    Both version and build were read again a moment ago, so a 404 on the write speaks of neither.
    """
    version, build = decision.version, decision.build
    if version is None or not version.app_version_state.is_editable:
        return False
    if build is None or build.processing_state is not ProcessingState.VALID:
        return False
    if refusals(decision.checks):
        return False
    return isinstance(refusal, NotFound) or refusal.id == _BUSY


def explained(
    refusal: AscLinkerError, before: Decision, again: Decision, waited_s: float
) -> AscLinkerError:
    """Apple's refusal, with what was read after it: no hint names a cause that is excluded."""
    if again.refusal is not None:
        now = again.refusal
        error = refusal.reworded(f"{refusal.message} {now.message}", now.hint)
        error.id = now.id
        return error
    news = _changed(before.checks, again.checks)
    if news:
        return refusal.reworded(f"{refusal.message} {news}", refusal.hint)
    passed = "All our own checks pass, also after it."
    if may_pass(refusal, again):
        tried = f" Tried for {duration(waited_s)}." if waited_s >= 1 else ""
        return NotAttachable(
            f"Apple does not take the build yet. {passed}{tried}",
            hint="Apple can need minutes after processing until a build can be attached. Run again "
            "in a few minutes: that is safe, and writes nothing that is so already. If it stays "
            "so, Apple's words below are what its support needs.",
            id="not-attachable-yet",
            apple=refusal.apple,
            request_id=refusal.request_id,
        )
    if _is_generic(refusal):
        hint = "Apple's words below are all there is to go by; its support needs the X-Request-ID."
        build = again.build
        if build is not None and build.uses_non_exempt_encryption is None:
            hint = (
                "The build's export compliance is unanswered, which has been seen to be the "
                f"cause: `uses-non-exempt-encryption` answers it. {hint}"
            )
        return refusal.reworded(f"{refusal.message} {passed}", hint)
    return refusal.reworded(f"{refusal.message} {passed}", refusal.hint)


def _is_generic(refusal: AscLinkerError) -> bool:
    return refusal.id == _UNSUITABLE and any(
        _GENERIC in error.detail for error in every_error(refusal.apple)
    )


def _changed(before: tuple[Check, ...], after: tuple[Check, ...]) -> str:
    """What `after` says that `before` did not, in sentences; empty when nothing changed."""
    said = {check.sentence for check in before}
    news = [check.sentence for check in after if check.sentence not in said]
    return f"Since the check: {' '.join(news)}" if news else ""
