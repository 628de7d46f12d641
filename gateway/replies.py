"""From what a route's method returns or raises to the answer that goes out."""

from dataclasses import dataclass

from gateway.paging import links
from schemas.envelope import encode, envelope
from schemas.errors import (
    BadGateway,
    BusinessRuleViolation,
    Conflict,
    DatabaseError,
    Forbidden,
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
from services.dependencies import budgets
from services.dependencies.web import Answer, HttpRequest
from services.dependencies.web.messages import JSON_TYPE, PERSONAL, Headers

STATUSES: dict[type[GymError], int] = {
    ValidationFailed: 400,
    InvalidParameter: 400,
    Unauthorized: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    BusinessRuleViolation: 422,
    RateLimitExceeded: 429,
    InternalError: 500,
    DatabaseError: 500,
    BadGateway: 502,
    ServiceUnavailable: 503,
    TimedOut: 504,
}


@dataclass(frozen=True)
class Reply:
    """What a route's method returns.

    Args:
        data: what was asked for: one object, or the items of a page.
        location: where the thing that was created can be found.
        page: ``meta.page``, of collections.
        headers: further headers.
    """

    data: dict | list
    location: str | None = None
    page: dict | None = None
    headers: Headers = ()


def success(request: HttpRequest, reply: Reply, status: int, *, personal: bool) -> Answer:
    """Return the answer to a request that succeeded.

    Args:
        request: the request.
        reply: what its method returned.
        status: the route's status.
        personal: whether the answer is for this caller only.
    """
    data = reply.data if isinstance(reply.data, list) else [reply.data]
    headers = [("Content-Type", JSON_TYPE), *reply.headers]
    if personal:
        headers.append(PERSONAL)
    if reply.location is not None:
        headers.append(("Location", reply.location))
    if reply.page is not None:
        headers.append(("Link", links(request, reply.page)))
    body = encode(envelope(data, request.request_id, page=reply.page))
    return Answer(status, body, tuple(headers))


def failure(request: HttpRequest, error: GymError) -> Answer:
    """Return the answer to a request that failed."""
    status = status_of(error)
    headers = [("Content-Type", JSON_TYPE), PERSONAL]
    if status == 401:
        headers.append(("WWW-Authenticate", "Bearer"))
    if status in (429, 503):
        seconds = error.details.get("retry_after", budgets.UNAVAILABLE_RETRY_AFTER)
        headers.append(("Retry-After", str(seconds)))
    body = encode(envelope([], request.request_id, errors=error.entries()))
    return Answer(status, body, tuple(headers))


def status_of(error: GymError) -> int:
    """Return the HTTP status of an error."""
    for kind in type(error).__mro__:
        if kind in STATUSES:
            return STATUSES[kind]
    return 500
