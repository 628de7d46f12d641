"""The family of errors that services raise and the gateway answers with.

Nameko sends an exception over AMQP as its import path and its positional arguments, turned into
strings, and makes it again by calling the class with them. So each of these takes strings only, and
details travel as JSON text. Only the gateway knows which HTTP status belongs to which class: a new
class needs a place in ``FAILURES`` of gateway/responses/failures.py, and a row in docs/api.md; but
for one that has the code of its base, and is that to clients.
"""

import json
from decimal import Decimal
from typing import Any, ClassVar

from nameko.exceptions import deserialize_to_instance

MOST_FAULTS = 100
"""Of one input's faults so many are listed; the rest are counted."""


class GymError(Exception):
    """Base of the family: a code that never changes, a message for people, details for programs.

    Args:
        message: one sentence for a person.
        details: a JSON object as text.
    """

    code: ClassVar[str] = "INTERNAL_ERROR"
    example: ClassVar[dict[str, Any]] = {"message": "Something went wrong on our side"}
    """For the documentation: an entry as :meth:`entries` gives it, without the code."""

    def __init__(self, message: str = "Something went wrong on our side", details: str = "{}"):
        super().__init__(message, details)
        self.message = message
        self.details = json.loads(details)

    def __str__(self) -> str:
        return self.message

    def entries(self) -> list[dict]:
        """Return the error as ``errors`` in the envelope has it."""
        entry = {"code": self.code, "message": self.message}
        if self.details:
            entry["details"] = self.details
        return [entry]


class FaultyInput(GymError):
    """Input that breaks rules; carries all faults at once.

    Args:
        faults: a JSON list as text, of what :func:`fault` returns.
    """

    def __init__(self, faults: str):
        super().__init__("; ".join(_sentence(fault) for fault in json.loads(faults)))
        # what Nameko calls the class with at the other end
        self.args = (faults,)
        self.faults = json.loads(faults)

    def entries(self) -> list[dict]:
        """Return an entry for each fault."""
        return [{"code": self.code, **fault} for fault in self.faults]

    @classmethod
    def of(cls, *faults: dict, left_out: int = 0) -> "FaultyInput":
        """Make the error from what :func:`fault` returns.

        Args:
            faults: of more than :data:`MOST_FAULTS` the first are listed.
            left_out: how many more there are besides.
        """
        listed = [*faults[:MOST_FAULTS]]
        left_out += len(faults) - len(listed)
        if left_out:
            listed.append(
                fault(
                    "",
                    f"{left_out} more faults are not listed",
                    "max_items",
                    max_items=MOST_FAULTS,
                    received=len(listed) + left_out,
                )
            )
        return cls(json.dumps(listed, default=_plain))


def _plain(value: object) -> object:
    return float(value) if isinstance(value, Decimal) else str(value)


def _sentence(fault: dict) -> str:
    return f"{fault['field']}: {fault['message']}" if fault.get("field") else fault["message"]


def fault(field: str, message: str, constraint: str, **details: object) -> dict:
    """Return one broken rule as an entry of the envelope, without the code.

    Args:
        field: the path of the field, such as ``exercises[0].sets[2].reps``, or a parameter's name;
            empty for the body as a whole.
        message: one sentence for a person.
        constraint: the rule's name in the API, such as ``max_length``.
        details: the rule's limit and what was ``received``.
    """
    entry = {"message": message, "details": {"constraint": constraint, **details}}
    return {"field": field, **entry} if field else entry


@deserialize_to_instance
class ValidationFailed(FaultyInput):
    """A body breaks rules."""

    code = "VALIDATION_ERROR"
    example = {
        "message": "Reps must be at least 0",
        "field": "exercises[0].sets[2].reps",
        "details": {"constraint": "min", "min_value": 0, "received": -5},
    }


@deserialize_to_instance
class InvalidParameter(FaultyInput):
    """Query or path parameters break rules."""

    code = "INVALID_PARAMETER"
    example = {
        "message": "Limit must be at most 100",
        "field": "limit",
        "details": {"constraint": "max", "max_value": 100, "received": 500},
    }


@deserialize_to_instance
class Unauthorized(GymError):
    """No valid token, or wrong e-mail or password."""

    code = "UNAUTHORIZED"
    example = {"message": "Sign in first: this needs a bearer token"}


@deserialize_to_instance
class Forbidden(GymError):
    """Signed in, but not allowed."""

    code = "FORBIDDEN"
    example = {"message": "This is another user's profile"}


@deserialize_to_instance
class NotFound(GymError):
    """There is no such thing, or it is somebody else's: the two look alike."""

    code = "NOT_FOUND"
    example = {"message": "There is no such workout"}


@deserialize_to_instance
class Gone(GymError):
    """It was made once, and deleted since: the same request makes no second one."""

    code = "GONE"
    example = {
        "message": "The workout with this client_id was deleted",
        "details": {"workout_id": 321},
    }


@deserialize_to_instance
class Conflict(GymError):
    """A duplicate, or a version that is not the current one."""

    code = "CONFLICT"
    example = {
        "message": "The workout was changed in the meantime",
        "details": {"current_version": 3, "received": 1},
    }


@deserialize_to_instance
class BusinessRuleViolation(GymError):
    """Well-formed, but not allowed."""

    code = "BUSINESS_RULE_VIOLATION"
    example = {
        "message": "date_from must not be after date_to",
        "details": {"date_from": "2025-02-02", "date_to": "2025-02-01"},
    }

    def __init__(self, *args: str):
        super().__init__(*args)
        # in the details on its way, as a gateway of the version before takes two arguments
        self.field = self.details.pop("field", None)

    def entries(self) -> list[dict]:
        """Return the error with the field that it is about, if it is about one."""
        [entry] = super().entries()
        return [entry | {"field": self.field}] if self.field else [entry]

    @classmethod
    def of(
        cls, field: str, message: str, constraint: str, **details: object
    ) -> "BusinessRuleViolation":
        """Make the error of one field; arguments are those of :func:`fault`."""
        rule = {"field": field, "constraint": constraint, **details}
        return cls(message, json.dumps(rule, default=_plain))


@deserialize_to_instance
class RateLimitExceeded(GymError):
    """Too many requests; ``details.retry_after`` says for how many seconds."""

    code = "RATE_LIMIT_EXCEEDED"
    example = {
        "message": "Too many requests, try again later",
        "details": {"limit": "1200 per 1 minute", "retry_after": 4},
    }


@deserialize_to_instance
class InternalError(GymError):
    """A bug. What happened is in the log under the request id, never in the response."""

    code = "INTERNAL_ERROR"


@deserialize_to_instance
class DatabaseError(GymError):
    """The database refused a statement that should have worked."""

    code = "DATABASE_ERROR"
    example = {"message": "The database refused a statement"}


@deserialize_to_instance
class BadGateway(GymError):
    """A service returned what its method never returns."""

    code = "BAD_GATEWAY"
    example = {"message": "A service gave an answer that makes no sense"}


@deserialize_to_instance
class ServiceUnavailable(GymError):
    """A service, its database or the broker is down."""

    code = "SERVICE_UNAVAILABLE"
    example = {
        "message": "Workout service is temporarily unavailable",
        "details": {"service": "workout-service", "retry_after": 30},
    }

    @classmethod
    def of(cls, service: str, retry_after: int) -> "ServiceUnavailable":
        """Make the error for a service.

        Args:
            service: its public name, such as ``analytics-service``.
            retry_after: seconds after which another try makes sense.
        """
        name = service.removesuffix("-service").capitalize()
        details = {"service": service, "retry_after": retry_after}
        return cls(f"{name} service is temporarily unavailable", json.dumps(details))


@deserialize_to_instance
class BeingMoved(ServiceUnavailable):
    """The user is being moved to another cell; nothing was done."""

    @classmethod
    def of(cls, service: str, retry_after: int = 1) -> "BeingMoved":
        """Make the error for a service, by its public name."""
        return cls(
            "Your training is being moved to another server, try again in a moment",
            json.dumps({"service": service, "reason": "being_moved", "retry_after": retry_after}),
        )


@deserialize_to_instance
class MovedElsewhere(BeingMoved):
    """Another cell has the user; nothing was done."""

    @classmethod
    def to(cls, service: str, cell: str) -> "MovedElsewhere":
        """Make the error for a service, by its public name, and the cell that has the user."""
        details = {"service": service, "cell": cell, "retry_after": 1}
        return cls("The user is in another cell", json.dumps(details))


@deserialize_to_instance
class TimedOut(GymError):
    """A service did not answer in time."""

    code = "TIMEOUT"
    example = {
        "message": "Workout service did not answer in time",
        "details": {"service": "workout-service", "waited_seconds": 8},
    }

    @classmethod
    def of(cls, service: str, seconds: float) -> "TimedOut":
        """Make the error for a service, by its public name, that was waited for so long."""
        name = service.removesuffix("-service").capitalize()
        details = {"service": service, "waited_seconds": round(seconds, 1)}
        return cls(f"{name} service did not answer in time", json.dumps(details))
