"""Apple's refusals, recognised: what each one means, and what to do about it.

The kind of error (and so the exit code) is decided by HTTP status and `code` alone, as Apple asks;
words choose between explanations of the same code, and stand in for a code that Apple left out.
Source of the rows: Apple's answers as seen by the projects that `tests/fixtures/` names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

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


class Refusal(NamedTuple):
    """One refusal we know. `id` is the anchor of its section on the troubleshooting page.

    It fits an error whose `code` is `code` or below it, or, where Apple sent no code, whose title
    or detail holds one of `words`; whose `source` is at or below `where`; and whose title or detail
    holds `says`. An empty `says` or `where` fits everything.
    """

    id: str
    status: int
    code: str
    message: str
    hint: str
    words: tuple[str, ...] = ()
    says: str = ""
    where: str = ""

    @property
    def names_an_input(self) -> bool:
        """Whether the one who typed the inputs can cure it."""
        return "`" in self.hint

    @property
    def precision(self) -> tuple[int, int]:
        return len(self.code), bool(self.says) + bool(self.where)

    def fits(self, status: int, error: AppleError) -> bool:
        said = f"{error.title}\n{error.detail}".lower()
        return (
            status == self.status
            and self._is_called_so(error, said)
            and f"{self.where}/" in f"{error.where}/"
            and self.says.lower() in said
        )

    def _is_called_so(self, error: AppleError, said: str) -> bool:
        if error.code:
            return error.is_a(self.code)
        return any(each.lower() in said for each in self.words)


_AGREEMENT = (
    "The Account Holder has to accept the latest agreement at developer.apple.com/account, or "
    "under Business on App Store Connect. A new key does not help."
)
_REPORT = "Please report it to asc-linker's issues, with Apple's words and the X-Request-ID."
_LISTING = "Apple's explanation below names what is missing; complete it on App Store Connect."
_LATER = "Run again later; developer.apple.com/system-status shows outages."
_RELATIONSHIP = "ENTITY_ERROR.RELATIONSHIP.INVALID"
_RELATIONSHIP_WORDS = ("a relationship with an invalid value", "relationship is invalid")
_COULD_NOT_BE_ADDED = "pre-release build could not be added"

_KEY_REFUSED = Refusal(
    "key-refused",
    401,
    "NOT_AUTHORIZED",
    "Apple does not accept the API key.",
    "Check that `api-key-id`, `issuer-id` and `api-private-key` come from the same key, that "
    "the key is not revoked, and that `issuer-id` is given for a team key and left out for an "
    "individual key.",
    words=("credentials are missing or invalid", "signed bearer token"),
)
_NO_SUCH = Refusal(
    "no-such-resource",
    404,
    "NOT_FOUND",
    "App Store Connect has no such resource, or this key may not see it.",
    "Look on App Store Connect, with the account of the team that owns the key, whether it is "
    "there.",
    words=("resource does not exist", "there is no resource of type"),
)
_RATE_LIMIT = Refusal(
    "rate-limit",
    429,
    "RATE_LIMIT_EXCEEDED",
    "App Store Connect takes no more requests with this API key for now.",
    "Every job that uses the key shares its limit: run again later, or give this job a key of "
    "its own.",
    words=("rate limit has been reached", "too many requests"),
)

REFUSALS = (
    _KEY_REFUSED,
    Refusal(
        "agreement-missing",
        403,
        "FORBIDDEN.REQUIRED_AGREEMENTS_MISSING_OR_EXPIRED",
        "A required agreement with Apple is missing or has expired.",
        _AGREEMENT,
        words=("required agreement is missing", "in-effect agreement"),
    ),
    Refusal(
        "agreement-missing",
        403,
        "FORBIDDEN",
        "An agreement with Apple has to be accepted first.",
        _AGREEMENT,
        words=("access unavailable", "agree to the latest"),
        says="agree to the latest",
    ),
    Refusal(
        "membership-lapsed",
        403,
        "FORBIDDEN_ERROR",
        "The team's membership in the Apple Developer Program has lapsed.",
        "The Account Holder has to renew the membership at developer.apple.com/account.",
        words=("not associated with an active membership",),
        says="not associated with an active membership",
    ),
    Refusal(
        "operation-not-offered",
        403,
        "FORBIDDEN_ERROR",
        "Apple does not offer this request.",
        _REPORT,
        words=("allowed operations are",),
        says="Allowed operations are",
    ),
    Refusal(
        "role-too-low",
        403,
        "FORBIDDEN_ERROR",
        "The API key's role does not allow this, or the app is outside the key's reach.",
        "Use a key with the App Manager or Admin role that may see this app. A key's role cannot "
        "be changed: revoke the key and make a new one.",
        words=("forbidden for security reasons", "api key in use does not allow"),
    ),
    _NO_SUCH,
    Refusal(
        "parameter-refused",
        400,
        "PARAMETER_ERROR.ILLEGAL",
        "App Store Connect does not take a parameter asc-linker sent.",
        _REPORT,
        words=("can not be used with this request", "parameter is not allowed"),
    ),
    Refusal(
        "parameter-value-refused",
        400,
        "PARAMETER_ERROR.INVALID",
        "App Store Connect does not take the value of a parameter.",
        f"Check the inputs against Apple's words below. If they are right: {_REPORT}",
        words=("a parameter has an invalid value",),
    ),
    Refusal(
        "sdk-not-accepted",
        409,
        f"{_RELATIONSHIP}.INVALID_STATE.BUILD_SDK_NOT_ALLOWED_FOR_APP_STORE_SUBMISSION",
        "The build was made with an Xcode that the App Store does not accept yet.",
        "Build again with a release version of Xcode, and upload that.",
        words=("sdk build is not supported yet", "sdk build is not yet supported"),
    ),
    Refusal(
        "invalid-state",
        409,
        f"{_RELATIONSHIP}.INVALID_STATE",
        "Apple does not take the build for this version in the state that both are in.",
        "Look at the version's state and the build's on App Store Connect. Running again is safe.",
        words=("relationship value is not acceptable",),
    ),
    Refusal(
        "platform-differs",
        409,
        _RELATIONSHIP,
        "The build was made for another platform than the version.",
        "Check `platform`, and that `build-number` names the upload for it.",
        words=("has a different platform than the version",),
        says="different platform",
    ),
    Refusal(
        "slot-taken",
        409,
        _RELATIONSHIP,
        "Another version of the app is still open on this platform.",
        "Release or finish the open version first, or give it the new version string.",
        words=("cannot create a new version",),
        says="cannot create a new version",
    ),
    Refusal(
        "app-not-known",
        409,
        _RELATIONSHIP,
        "Apple does not know the app for this key's team.",
        "Check `app-id`, and that the key belongs to the team that owns the app.",
        words=_RELATIONSHIP_WORDS,
        where="/data/relationships/app",
    ),
    Refusal(
        "app-not-known",
        409,
        _RELATIONSHIP,
        "Apple does not know the app for this key's team.",
        "Check `app-id`, and that the key belongs to the team that owns the app.",
        words=("app with id",),
        says="app with id",
    ),
    Refusal(
        "id-not-accepted",
        409,
        _RELATIONSHIP,
        "Apple does not take the build's id here.",
        "Check that build and version are of one app, and the key is of the team that owns it.",
        words=("not a valid id for this relationship",),
        says="not a valid ID for this relationship",
    ),
    Refusal(
        "build-unsuitable",
        409,
        _RELATIONSHIP,
        "Apple does not find the build suitable for this version.",
        "Look on App Store Connect which builds the version offers: one that is not offered there "
        "cannot be attached.",
        words=(*_RELATIONSHIP_WORDS, _COULD_NOT_BE_ADDED),
    ),
    Refusal(
        "version-used-before",
        409,
        "ENTITY_ERROR.ATTRIBUTE.INVALID.DUPLICATE",
        "This version string has been used before.",
        "Run again, which finds a version that was created a moment ago; where it has been "
        "released, raise `version-string`.",
        words=("has already been used", "has been previously used"),
    ),
    Refusal(
        "version-locked",
        409,
        "ENTITY_ERROR.ATTRIBUTE.INVALID.INVALID_STATE",
        "The version cannot be changed in the state it is in.",
        "A version in review or released keeps what it has: cancel the submission on App Store "
        "Connect, or raise the version.",
        words=("attribute value is not acceptable", "can not be modified"),
    ),
    Refusal(
        "compliance-answered",
        409,
        "ENTITY_ERROR.ATTRIBUTE.INVALID",
        "Export compliance was answered before, and Apple takes one answer only.",
        "Compare the answer on App Store Connect with what you meant; only a new build can have "
        "another one.",
        words=("when the value is already set",),
        says="when the value is already set",
    ),
    Refusal(
        "value-missing",
        409,
        "ENTITY_ERROR.ATTRIBUTE.REQUIRED",
        "App Store Connect misses a value that it requires.",
        _LISTING,
        words=("missing a required attribute", "must provide a value for the attribute"),
    ),
    Refusal(
        "state-not-allowed",
        409,
        "STATE_ERROR.ENTITY_STATE_INVALID",
        "The version is not in a state that allows this.",
        _LISTING,
        words=("is not in valid state", "not in cancellable state", "resource state is invalid"),
    ),
    Refusal(
        "other-submission",
        409,
        "STATE_ERROR.ITEM_PART_OF_ANOTHER_SUBMISSION",
        "The version is part of another submission.",
        "Remove it from that submission on App Store Connect, or go on with that one.",
        words=("already added to another reviewsubmission",),
    ),
    Refusal(
        "submission-in-the-way",
        409,
        "STATE_ERROR",
        "A submission stands in the way.",
        "Look at the app's submissions on App Store Connect; Apple's words below name the one.",
        words=("submit for review errors found",),
    ),
    Refusal(
        "build-not-processed",
        422,
        "ENTITY_UNPROCESSABLE",
        "The build is not in a state that allows this.",
        "Wait until App Store Connect shows the build as ready, and run again.",
        words=("not in a valid processing state", "another build is in review"),
    ),
    _RATE_LIMIT,
    Refusal(
        "apple-failed",
        500,
        "UNEXPECTED_ERROR",
        "App Store Connect failed on its side.",
        _LATER,
        words=("an unexpected error occurred",),
    ),
)


class _Explanation(NamedTuple):
    """What an error says; {} in the message is the status."""

    id: str
    message: str
    hint: str


def _explanation(known: Refusal) -> _Explanation:
    return _Explanation(known.id, known.message, known.hint)


_REFUSED = _Explanation(
    "refused-by-apple",
    "Apple refuses this.",
    "Apple's explanation below is all there is to go by.",
)
# Apple's own answers whose words are new to us.
_ANY_WORDS = {
    401: _explanation(_KEY_REFUSED),
    403: _Explanation(
        "forbidden",
        "Apple forbids this request to the API key.",
        "Apple's explanation, where there is one, says why. Else use a key with the App Manager "
        "or Admin role that may see this app.",
    ),
    404: _explanation(_NO_SUCH),
    409: _REFUSED,
    422: _REFUSED,
    429: _explanation(_RATE_LIMIT),
}
_NOT_UNDERSTOOD = _Explanation(
    "request-refused", "App Store Connect does not take the request (HTTP {}).", _REPORT
)
_SERVER_FAILED = _Explanation(
    "app-store-connect-failed", "App Store Connect answered with HTTP {}.", _LATER
)
# 429 while the hour's limit is far.
_BURST = _Explanation(
    "rate-limit",
    "App Store Connect asks for fewer requests at a time; the hour's limit is not reached.",
    "Run again in a minute, and let fewer jobs use the key at the same time.",
)
# What servers on the way answer in their own words.
_ON_THE_WAY = _Explanation(
    "answer-on-the-way",
    "A server on the way to App Store Connect answered with HTTP {}.",
    "Look at what lies between this machine and Apple: HTTPS_PROXY, a gateway, `api-url`. If "
    "there is nothing, run again later.",
)
_PROXY = _Explanation(
    "proxy-refused",
    "A proxy refused the request (HTTP {}): it did not reach App Store Connect.",
    "Check HTTPS_PROXY and its user and password, and that the proxy lets this machine reach "
    "api.appstoreconnect.apple.com.",
)
_SERVERS_ON_THE_WAY = frozenset({408, 413, 414, 421, 425, 431, 451})
_KINDS: dict[int, type[AscLinkerError]] = {
    401: CredentialsError,
    403: CredentialsError,
    407: CredentialsError,
    404: NotFound,
    409: NotAttachable,
    422: NotAttachable,
}
_FIRST_SERVER_ERROR = 500


def recognise(status: int, errors: Sequence[AppleError]) -> Refusal | None:
    """What `errors` mean; None when Apple says something new.

    Each error is what fits it most precisely, of equals the first in the table. Of several errors,
    what an input can cure comes first, then the most precise.
    """
    found = []
    for error in every_error(errors):
        fitting = [each for each in REFUSALS if each.fits(status, error)]
        if fitting:
            found.append(max(fitting, key=lambda each: each.precision))
    return max(found, key=lambda each: (each.names_an_input, each.precision), default=None)


def refusal(
    status: int,
    errors: Sequence[AppleError],
    request_id: str = "",
    *,
    is_a_page: bool = False,
    requests_left: int | None = None,
) -> AscLinkerError:
    """An error answer as the exception to raise, with Apple's words beside ours.

    `is_a_page`: it is in HTML or plain text, so not by Apple's API. `requests_left` is what the
    answer says of the hour's limit.
    """
    id_, message, hint = _explain(status, errors, is_a_page, requests_left)
    kind = _KINDS.get(status, AppStoreConnectError)
    return kind(message.format(status), hint=hint, id=id_, apple=errors, request_id=request_id)


def proxy_refusal(status: int) -> CredentialsError:
    """A proxy's refusal to connect us to Apple at all."""
    return CredentialsError(_PROXY.message.format(status), hint=_PROXY.hint, id=_PROXY.id)


def _explain(
    status: int, errors: Sequence[AppleError], is_a_page: bool, requests_left: int | None
) -> _Explanation:
    if status == 429 and requests_left:
        return _BURST
    known = recognise(status, errors)
    if known is not None:
        return _explanation(known)
    if status == 407 or (is_a_page and status in (401, 403)):
        return _PROXY
    if status >= _FIRST_SERVER_ERROR:
        return _SERVER_FAILED
    if status != 429 and not errors and (is_a_page or status in _SERVERS_ON_THE_WAY):
        return _ON_THE_WAY
    return _ANY_WORDS.get(status, _NOT_UNDERSTOOD)
