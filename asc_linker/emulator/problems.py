"""Refusals in Apple's words: code, title, detail and, where there is one, the guilty place."""

from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import uuid4


@dataclass(frozen=True, slots=True)
class Problem:
    code: str
    title: str
    detail: str
    pointer: str | None = None
    parameter: str | None = None

    def document(self, status: int) -> dict[str, Any]:
        error = {
            "id": str(uuid4()),
            "status": str(status),
            "code": self.code,
            "title": self.title,
            "detail": self.detail,
        }
        if self.pointer is not None:
            return error | {"source": {"pointer": self.pointer}}
        if self.parameter is not None:
            return error | {"source": {"parameter": self.parameter}}
        return error


_NOT_ADDED = "The specified pre-release build could not be added."


class Refused(Exception):
    """The request ends with an error document."""

    def __init__(self, status: int, *problems: Problem) -> None:
        super().__init__(*(problem.detail for problem in problems))
        self.status = status
        self.problems = problems

    def document(self) -> dict[str, Any]:
        return {"errors": [problem.document(self.status) for problem in self.problems]}


def _refused(
    status: int, code: str, title: str, detail: str, pointer: str | None = None
) -> Refused:
    return Refused(status, Problem(code, title, detail, pointer))


def unreadable(status: int, detail: str) -> Refused:
    """What arrived is no HTTP."""
    return _refused(status, "REQUEST_ERROR", HTTPStatus(status).phrase, detail)


def unknown_path() -> Refused:
    return _refused(
        404,
        "PATH_ERROR",
        "The URL path is not valid",
        "The path provided does not match a defined resource type.",
    )


def not_played(method: str, path: str, played: Iterable[str]) -> Refused:
    return _refused(
        501,
        "NOT_IMPLEMENTED",
        "This emulator does not play that part of App Store Connect",
        f"App Store Connect may answer {method} {path}, and this is not App Store Connect."
        f" The emulator plays {', '.join(played)}.",
    )


def method_not_allowed() -> Refused:
    return _refused(
        405,
        "METHOD_NOT_ALLOWED",
        "The request method is not valid for the resource path.",
        "The request method used for this request is not valid for the resource path."
        " Please consult the documentation.",
    )


def no_resource(kind: str, identifier: str) -> Refused:
    detail = f"There is no resource of type '{kind}' with id '{identifier}'"
    return _refused(404, "NOT_FOUND", "The specified resource does not exist", detail)


def forbidden_key() -> Refused:
    return _refused(
        403,
        "FORBIDDEN_ERROR",
        "This request is forbidden for security reasons",
        "The API key in use does not allow this request",
    )


def agreement_missing() -> Refused:
    return _refused(
        403,
        "FORBIDDEN.REQUIRED_AGREEMENTS_MISSING_OR_EXPIRED",
        "A required agreement is missing or has expired.",
        "This request requires an in-effect agreement that has not been signed or has expired.",
    )


def not_allowed(resource: str, operation: str, allowed: str) -> Refused:
    return _refused(
        403,
        "FORBIDDEN_ERROR",
        "The given operation is not allowed",
        f"The resource '{resource}' does not allow '{operation}'."
        f" Allowed operations are: {allowed}",
    )


def unexpected() -> Refused:
    return _refused(
        500,
        "UNEXPECTED_ERROR",
        "An unexpected error occurred.",
        "An unexpected error occurred on the server side. If this issue continues, contact us"
        " at https://developer.apple.com/contact/.",
    )


def rate_limited() -> Refused:
    return _refused(
        429,
        "RATE_LIMIT_EXCEEDED",
        "The request rate limit has been reached.",
        "We've received too many requests for this API."
        " Please wait and try again or slow down your request rate.",
    )


def illegal_parameter(parameter: str) -> Problem:
    return Problem(
        "PARAMETER_ERROR.ILLEGAL",
        "A parameter is not allowed for this request",
        f"The parameter '{parameter}' can not be used with this request",
        parameter=parameter,
    )


def invalid_parameter(parameter: str, detail: str) -> Problem:
    title = "A parameter has an invalid value"
    return Problem("PARAMETER_ERROR.INVALID", title, detail, parameter=parameter)


def invalid_relationship(name: str, detail: str) -> Refused:
    return _refused(
        409,
        "ENTITY_ERROR.RELATIONSHIP.INVALID",
        "The provided entity includes a relationship with an invalid value",
        detail,
        pointer=f"/data/relationships/{name}",
    )


def unsuitable_build() -> Refused:
    return invalid_relationship("build", _NOT_ADDED)


def state_forbids_build() -> Refused:
    return _refused(
        409,
        "ENTITY_ERROR.RELATIONSHIP.INVALID.INVALID_STATE",
        "A relationship value is not acceptable for the current resource state.",
        _NOT_ADDED,
        pointer="/data/relationships/build",
    )


def may_not_be_deleted(kind: str, identifier: str) -> Refused:
    detail = f"The {kind} with id '{identifier}' can not be deleted in its current state."
    return _refused(403, "FORBIDDEN_ERROR", "The given operation is not allowed", detail)


def state_forbids_attribute(name: str) -> Refused:
    return _refused(
        409,
        "ENTITY_ERROR.ATTRIBUTE.INVALID.INVALID_STATE",
        "An attribute value is not acceptable for the current resource state.",
        f"The attribute '{name}' can not be modified.",
        pointer=f"/data/attributes/{name}",
    )


def duplicate_version_string() -> Problem:
    return Problem(
        "ENTITY_ERROR.ATTRIBUTE.INVALID.DUPLICATE",
        "The provided entity includes an attribute with a value that has already been used",
        "The version number has been previously used.",
        pointer="/data/attributes/versionString",
    )


def invalid_attribute(name: str, detail: str) -> Refused:
    return _refused(
        409,
        "ENTITY_ERROR.ATTRIBUTE.INVALID",
        "The provided entity includes an attribute with an invalid value",
        detail,
        pointer=f"/data/attributes/{name}",
    )
