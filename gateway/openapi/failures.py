"""The responses to requests that fail: one for each status, with an example of each code.

Statuses, errors and their examples come from :mod:`gateway.responses.failures`; what HTTP itself
refuses from :data:`services.transport.http.messages.REFUSALS`.
"""

from typing import Any

from gateway.responses.failures import FAILURES, FailureStatus
from services.process import budgets
from services.transport.http.messages import REFUSALS

FAILURE = "Failure"
SHARED = "#/components/schemas/"
HEADERS = "#/components/headers/"

UNEXPECTED = "Unexpected"
"""The name of what HTTP itself refuses, which can befall any request."""

_HTTP_ONLY = sorted(REFUSALS.keys() - {failed.status for failed in FAILURES} | {413})
"""Statuses that no operation lists, and 413, which one without a body does not."""

_DETAILS: dict[int, dict[str, Any]] = {
    405: {"allowed": ["GET", "HEAD", "OPTIONS"]},
    413: {
        "constraint": "max_length",
        "max_length": budgets.LARGEST_BODY,
        "received": 60_000_000,
    },
}
"""Examples of the details that HTTP's own refusals have."""

_ALWAYS = ("400", "429", "500", "502", "503", "504")
_OF_BODIES = ("413", "415")


def statuses(*, signed_in: bool, has_body: bool, further: list[str]) -> list[str]:
    """Return the statuses of failures that an operation knows.

    Args:
        signed_in: whether it needs a token.
        has_body: whether it takes a body.
        further: what this operation's own rules add.
    """
    known = {*_ALWAYS, *further, *(_OF_BODIES if has_body else ()), *(["401"] if signed_in else ())}
    return sorted(known)


def references(names: list[str]) -> dict[str, dict]:
    """Return the ``responses`` of an operation for these statuses, and for whatever else."""
    found = {name: {"$ref": f"#/components/responses/{name}"} for name in names}
    return found | {"default": {"$ref": f"#/components/responses/{UNEXPECTED}"}}


def components() -> dict[str, dict]:
    """Return the responses that operations refer to, by status.

    All have one schema, so that a generated client has one type for whatever failed; which codes a
    status has stands in its description and its examples.
    """
    found = {
        str(failed.status): _component(failed.meaning, failed.headers, _codes(failed))
        for failed in FAILURES
    }
    codes = {REFUSALS[status][0]: {"message": REFUSALS[status][1]} for status in _HTTP_ONLY}
    *most, last = map(str, _HTTP_ONLY)
    meaning = f"What HTTP itself refuses: {', '.join(most)} and {last}"
    return found | {UNEXPECTED: _component(meaning, (), codes)}


def _codes(failed: FailureStatus) -> dict[str, dict[str, Any]]:
    """Return an example of each code of a status: our errors', and HTTP's own if it has another."""
    codes = {kind.code: kind.example for kind in failed.errors}
    if failed.status in REFUSALS:
        code, message = REFUSALS[failed.status]
        details = _DETAILS.get(failed.status)
        codes.setdefault(code, {"message": message} | ({"details": details} if details else {}))
    return codes


def _component(
    meaning: str, headers: tuple[str, ...], codes: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    return {
        "description": f"{meaning}. Codes: {', '.join(f'`{code}`' for code in codes)}",
        "headers": {name: {"$ref": HEADERS + name} for name in ("X-Request-ID", *headers)},
        "content": {
            "application/json": {"schema": {"$ref": SHARED + FAILURE}, "examples": _shown(codes)}
        },
    }


def failure_schema() -> dict[str, Any]:
    """Return the schema of every answer to a request that failed."""
    return {
        "type": "object",
        "description": "The envelope of whatever failed.",
        "required": ["data", "errors", "meta", "timestamp"],
        "additionalProperties": False,
        "properties": {
            "data": {"type": "array", "items": {}, "maxItems": 0},
            "errors": {"type": "array", "minItems": 1, "items": {"$ref": f"{SHARED}Error"}},
            "meta": {"$ref": f"{SHARED}Meta"},
            "timestamp": {"$ref": f"{SHARED}Timestamp"},
        },
    }


def _shown(codes: dict[str, dict]) -> dict[str, dict]:
    return {
        code: {
            "value": {
                "data": [],
                "errors": [{"code": code, **error}],
                "meta": {"request_id": "req_5d41402abc4b2a76"},
                "timestamp": 1739731267,
            }
        }
        for code, error in codes.items()
    }
