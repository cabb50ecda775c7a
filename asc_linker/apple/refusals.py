"""Apple's refusals, recognised: what each one means, and what to do about it.

The kind of error (and so the exit code) is decided by HTTP status and `code` alone, as Apple asks;
`where` and `says` only choose between explanations of the same code. Longest code first.
Source of the rows: Apple's answers as seen by the projects that `tests/fixtures/` names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from asc_linker.errors import (
    AppStoreConnectError,
    AscLinkerError,
    CredentialsError,
    NotAttachable,
    NotFound,
    every_error,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asc_linker.errors import AppleError


@dataclass(frozen=True, slots=True)
class Case:
    """One refusal we know.

    It fits an error whose `code` is `code` or below it, whose `source` is at or below `where`, and
    whose title or detail holds `says`; an empty one of these fits everything.
    """

    status: int
    code: str
    message: str
    hint: str
    says: str = ""
    where: str = ""

    def fits(self, status: int, error: AppleError) -> bool:
        return (
            status == self.status
            and (not self.code or error.is_a(self.code))
            and f"{self.where}/" in f"{error.where}/"
            and self.says.lower() in f"{error.title}\n{error.detail}".lower()
        )


_AGREEMENT = (
    "The Account Holder has to accept the latest agreement at developer.apple.com/account, or "
    "under Business on App Store Connect. A new key does not help."
)
_TOOL_BUG = (
    "This is a request asc-linker should not have made. Please report it, with Apple's words and "
    "the X-Request-ID."
)
_LISTING = "Apple's explanation below names what is missing; complete it on App Store Connect."

_KEY_REFUSED = Case(
    401,
    "NOT_AUTHORIZED",
    "Apple does not accept the API key.",
    "Check that `api-key-id`, `issuer-id` and `api-private-key` come from the same key, that "
    "the key is not revoked, and that `issuer-id` is given for a team key and left out for an "
    "individual key.",
)
_NO_SUCH = Case(
    404,
    "NOT_FOUND",
    "App Store Connect has no such resource, or this key may not see it.",
    "Check the ids, and that the key belongs to the team that owns the app.",
)

CASES = (
    _KEY_REFUSED,
    Case(
        403,
        "FORBIDDEN.REQUIRED_AGREEMENTS_MISSING_OR_EXPIRED",
        "A required agreement with Apple is missing or has expired.",
        _AGREEMENT,
    ),
    Case(
        403,
        "FORBIDDEN",
        "An agreement with Apple has to be accepted first.",
        _AGREEMENT,
        says="agree to the latest",
    ),
    Case(
        403,
        "FORBIDDEN_ERROR",
        "The team's membership in the Apple Developer Program has lapsed.",
        "The Account Holder has to renew the membership at developer.apple.com/account.",
        says="not associated with an active membership",
    ),
    Case(
        403,
        "FORBIDDEN_ERROR",
        "Apple does not offer this request.",
        _TOOL_BUG,
        says="Allowed operations are",
    ),
    Case(
        403,
        "FORBIDDEN_ERROR",
        "The API key's role does not allow this, or the app is outside the key's reach.",
        "Use a key with the App Manager or Admin role that may see this app. A key's role cannot "
        "be changed: revoke the key and make a new one.",
    ),
    _NO_SUCH,
    Case(
        400,
        "PARAMETER_ERROR.ILLEGAL",
        "App Store Connect does not take a parameter asc-linker sent.",
        _TOOL_BUG,
    ),
    Case(
        400,
        "PARAMETER_ERROR.INVALID",
        "App Store Connect does not take the value of a parameter.",
        "Check the inputs against Apple's words below; if they are right, please report it, with "
        "the X-Request-ID.",
    ),
    Case(
        409,
        "ENTITY_ERROR.RELATIONSHIP.INVALID.INVALID_STATE.BUILD_SDK_NOT_ALLOWED_FOR_APP_STORE_SUBMISSION",
        "The build was made with an Xcode that the App Store does not accept yet.",
        "Build again with a release version of Xcode, and upload that.",
    ),
    Case(
        409,
        "ENTITY_ERROR.RELATIONSHIP.INVALID.INVALID_STATE",
        "Apple takes no other build for this version in the state it is in.",
        "A version that is in review or released keeps its build: cancel the submission on App "
        "Store Connect, or raise the version. A cancelled submission takes minutes to let go.",
    ),
    Case(
        409,
        "ENTITY_ERROR.RELATIONSHIP.INVALID",
        "The build was made for another platform than the version.",
        "Check `platform`, and that `build-number` names the upload for it.",
        says="different platform",
    ),
    Case(
        409,
        "ENTITY_ERROR.RELATIONSHIP.INVALID",
        "Another version of the app is still open on this platform.",
        "Release or finish the open version first, or give it the new version string.",
        where="/data/relationships/app",
        says="cannot create a new version",
    ),
    Case(
        409,
        "ENTITY_ERROR.RELATIONSHIP.INVALID",
        "Apple does not know the app for this key's team.",
        "Check `app-id`, and that the key belongs to the team that owns the app.",
        where="/data/relationships/app",
    ),
    Case(
        409,
        "ENTITY_ERROR.RELATIONSHIP.INVALID",
        "Apple does not take the build's id here.",
        "Check that build and version are of one app, and the key is of the team that owns it.",
        says="not a valid ID for this relationship",
    ),
    Case(
        409,
        "ENTITY_ERROR.RELATIONSHIP.INVALID",
        "Apple does not find the build suitable for this version.",
        "Known causes: the build's version string differs from the version's, it is for internal "
        "testing only, it has expired, it belongs to an older release, or its export compliance is "
        "unanswered.",
    ),
    Case(
        409,
        "ENTITY_ERROR.ATTRIBUTE.INVALID.DUPLICATE",
        "This version string has been used before.",
        "If the version is still open it may have been created a moment ago: run again. If it was "
        "released, raise `version-string`.",
    ),
    Case(
        409,
        "ENTITY_ERROR.ATTRIBUTE.INVALID.INVALID_STATE",
        "The version cannot be changed in the state it is in.",
        "A version in review or released keeps what it has: cancel the submission on App Store "
        "Connect, or raise the version.",
    ),
    Case(
        409,
        "ENTITY_ERROR.ATTRIBUTE.INVALID",
        "Export compliance was answered before, and Apple takes one answer only.",
        "Compare the answer on App Store Connect with what you meant; only a new build can have "
        "another one.",
        where="/data/attributes/usesNonExemptEncryption",
    ),
    Case(
        409,
        "ENTITY_ERROR.ATTRIBUTE.REQUIRED",
        "App Store Connect misses a value that it requires.",
        _LISTING,
    ),
    Case(
        409,
        "STATE_ERROR.ENTITY_STATE_INVALID",
        "The version is not in a state that allows this.",
        _LISTING,
    ),
    Case(
        409,
        "STATE_ERROR.ITEM_PART_OF_ANOTHER_SUBMISSION",
        "The version is part of another submission.",
        "Remove it from that submission on App Store Connect, or go on with that one.",
    ),
    Case(
        409,
        "STATE_ERROR",
        "A submission stands in the way.",
        "Look at the app's submissions on App Store Connect; Apple's words below name the one.",
    ),
    Case(
        422,
        "ENTITY_UNPROCESSABLE",
        "The build is not in a state that allows this.",
        "Wait until App Store Connect shows the build as ready, and run again.",
    ),
    Case(
        429,
        "RATE_LIMIT_EXCEEDED",
        "The API key has used up its requests for now.",
        "The limit is per key and hour, and shared by every job that uses the key: run again "
        "later, or give this job a key of its own.",
    ),
    Case(
        500,
        "UNEXPECTED_ERROR",
        "App Store Connect failed on its side.",
        "Run again later; developer.apple.com/system-status tells of outages.",
    ),
)

_ANY_CODE = {
    401: (_KEY_REFUSED.message, _KEY_REFUSED.hint),
    403: ("Apple forbids this request to the API key.", "Use a key with the App Manager role."),
    404: (_NO_SUCH.message, _NO_SUCH.hint),
    409: ("Apple refuses this.", "Apple's explanation below is all there is to go by."),
    422: ("Apple refuses this.", "Apple's explanation below is all there is to go by."),
}
_KINDS: dict[int, type[AscLinkerError]] = {
    401: CredentialsError,
    403: CredentialsError,
    404: NotFound,
    409: NotAttachable,
    422: NotAttachable,
}
_FIRST_SERVER_ERROR = 500


def recognise(status: int, errors: Sequence[AppleError]) -> Case | None:
    """The case that fits, the most precise code first; None when Apple says something new."""
    fitting = (
        (len(case.code), bool(case.says) + bool(case.where), case)
        for case in CASES
        if any(case.fits(status, error) for error in every_error(errors))
    )
    return max(fitting, key=lambda found: found[:2], default=(0, 0, None))[2]


def refusal(status: int, errors: Sequence[AppleError], request_id: str = "") -> AscLinkerError:
    """An error answer as the exception to raise, with Apple's words beside ours."""
    case = recognise(status, errors)
    if case is not None:
        message, hint = case.message, case.hint
    elif status in _ANY_CODE:
        message, hint = _ANY_CODE[status]
    elif status >= _FIRST_SERVER_ERROR:
        message, hint = f"App Store Connect answered with HTTP {status}.", "Run again later."
    else:
        message, hint = f"App Store Connect answered with HTTP {status}.", _TOOL_BUG
    kind = _KINDS.get(status, AppStoreConnectError)
    return kind(message, hint=hint, apple=errors, request_id=request_id)
