"""Responses to requests that fail: which HTTP status each error of :mod:`schemas.errors` gets."""

from dataclasses import dataclass

from schemas.envelope import encode, envelope
from schemas.errors import (
    BadGateway,
    BusinessRuleViolation,
    Conflict,
    DatabaseError,
    Forbidden,
    Gone,
    GymError,
    InternalError,
    InvalidParameter,
    NotFound,
    RateLimitExceeded,
    ServiceUnavailable,
    TimedOut,
    Unauthorized,
    ValidationFailed,
)
from services.process import budgets
from services.transport.http import HttpRequest, Response
from services.transport.http.messages import JSON_TYPE, PERSONAL

RETRY_AFTER = "Retry-After"
WWW_AUTHENTICATE = "WWW-Authenticate"


class UnauthorizedWith(Unauthorized):
    """An error whose response has headers of its own.

    Args:
        error: what was raised.
        headers: name and value of each.
    """

    def __init__(self, error: Unauthorized, *headers: tuple[str, str]):
        super().__init__(error.message)
        self.headers = headers


@dataclass(frozen=True)
class FailureStatus:
    """A status of failed requests.

    Args:
        status: the HTTP status.
        meaning: what it says, for the documentation.
        errors: the classes of errors with this status; none if only HTTP itself refuses with it
            (:data:`services.transport.http.messages.REFUSALS`).
        headers: the names of the headers that the response has because of this status.
    """

    status: int
    meaning: str
    errors: tuple[type[GymError], ...] = ()
    headers: tuple[str, ...] = ()


FAILURES = (
    FailureStatus(
        400,
        "The body or a parameter breaks rules; every fault is listed",
        (ValidationFailed, InvalidParameter),
    ),
    FailureStatus(
        401,
        "No token, or one that is not good; or wrong e-mail or password",
        (Unauthorized,),
        (WWW_AUTHENTICATE,),
    ),
    FailureStatus(403, "Signed in, but this is for others", (Forbidden,)),
    FailureStatus(404, "There is no such thing, or it is somebody else's", (NotFound,)),
    FailureStatus(
        405, "The path has no such method; `Allow` lists those that it has", headers=("Allow",)
    ),
    FailureStatus(
        409,
        "A duplicate, a version that is not the current one, or a first try still in work",
        (Conflict,),
    ),
    FailureStatus(410, "It was made once, and deleted since", (Gone,)),
    FailureStatus(413, "The body is larger than 1 MiB"),
    FailureStatus(415, "The body is not JSON in UTF-8", headers=("Accept",)),
    FailureStatus(422, "Well-formed, but not allowed", (BusinessRuleViolation,)),
    FailureStatus(
        429,
        "Too many requests; try again after `Retry-After` seconds",
        (RateLimitExceeded,),
        (RETRY_AFTER,),
    ),
    FailureStatus(
        500,
        "A fault on our side; the log has it under `meta.request_id`",
        (InternalError, DatabaseError),
    ),
    FailureStatus(502, "A service gave an answer that makes no sense", (BadGateway,)),
    FailureStatus(
        503,
        "A service, its database or the broker is down; try again after `Retry-After` seconds",
        (ServiceUnavailable,),
        (RETRY_AFTER,),
    ),
    FailureStatus(
        504,
        "A service did not answer in time; a write may have been done all the same",
        (TimedOut,),
    ),
)
"""Every status of a failure that a route can have, in order; an error belongs to one of them."""

_STATUS_OF = {kind: failed for failed in FAILURES for kind in failed.errors}


def failure_status(kind: type[GymError]) -> FailureStatus:
    """Return the status of a class of errors; subclasses inherit that of their base."""
    for base in kind.__mro__:
        if base in _STATUS_OF:
            return _STATUS_OF[base]
    return _STATUS_OF[InternalError]


def status_of(error: GymError) -> int:
    """Return the HTTP status of an error."""
    return failure_status(type(error)).status


def failure(request: HttpRequest, error: GymError) -> Response:
    """Return the response to a request that failed."""
    failed = failure_status(type(error))
    headers = [("Content-Type", JSON_TYPE), PERSONAL]
    if WWW_AUTHENTICATE in failed.headers:
        headers.append((WWW_AUTHENTICATE, "Bearer"))
    if RETRY_AFTER in failed.headers:
        seconds = error.details.get("retry_after", budgets.UNAVAILABLE_RETRY_AFTER)
        headers.append((RETRY_AFTER, str(seconds)))
    if isinstance(error, UnauthorizedWith):
        headers.extend(error.headers)
    body = encode(envelope([], request.request_id, errors=error.entries()))
    return Response(failed.status, body, tuple(headers))
