"""The responses to requests that fail: one for each status, with an example of each code.

Statuses, errors and their examples come from :mod:`gateway.responses.failures`; what HTTP itself
refuses from :data:`services.transport.http.messages.REFUSALS`.
"""

from typing import Any

from apispec import APISpec

from gateway.openapi.components import RESPONSES, header_references, schema_reference
from gateway.responses.failures import FAILURES, FailureStatus
from services.process import budgets
from services.transport.http.messages import JSON_TYPE, REFUSALS

FAILURE = "Failure"
"""The name of the schema that all of them have."""

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
_OF_TOKENS = ("401", "403")
"""Also the second on every route: a personal access token may lack its scope."""


def statuses(*, signed_in: bool, has_body: bool, further: list[str]) -> list[str]:
    """Return the statuses of failures that an operation knows.

    Args:
        signed_in: whether it needs a token.
        has_body: whether it takes a body.
        further: what this operation's own rules add.
    """
    of_bodies = _OF_BODIES if has_body else ()
    of_tokens = _OF_TOKENS if signed_in else ()
    return sorted({*_ALWAYS, *further, *of_bodies, *of_tokens})


def references(names: list[str]) -> dict[str, dict]:
    """Return the ``responses`` of an operation for these statuses, and for whatever else."""
    found = {name: {"$ref": RESPONSES + name} for name in names}
    return found | {"default": {"$ref": RESPONSES + UNEXPECTED}}


def responses_of_upload(media_types: tuple[str, ...], most: int) -> dict[str, dict]:
    """Return the responses that an operation with an upload has in place of those of JSON bodies.

    Args:
        media_types: what the body may be.
        most: bytes.
    """
    accept = {"type": "string", "const": ", ".join(media_types)}
    named = " or ".join(media_types)
    code, message = REFUSALS[413]
    details = _DETAILS[413] | {"max_length": most}
    found = {
        "413": _response(
            f"The body is larger than {most >> 20} MiB",
            (),
            {code: {"message": message, "details": details}},
        ),
        "415": _response(
            f"The body is not {named}",
            (),
            {REFUSALS[415][0]: {"message": f"The body must be {named}"}},
        ),
    }
    found["415"]["headers"]["Accept"] = {
        "description": "What a body may be",
        "required": True,
        "schema": accept,
    }
    return found


def add_responses(spec: APISpec) -> None:
    """Add the responses that operations refer to, by status.

    All have one schema, so that a generated client has one type for whatever failed; which codes a
    status has stands in its description and its examples.
    """
    spec.components.schema(FAILURE, _FAILURE)
    for failed in FAILURES:
        response = _response(failed.meaning, failed.headers, _codes(failed))
        spec.components.response(str(failed.status), response)
    codes = {REFUSALS[status][0]: {"message": REFUSALS[status][1]} for status in _HTTP_ONLY}
    *most, last = map(str, _HTTP_ONLY)
    meaning = f"What HTTP itself refuses: {', '.join(most)} and {last}"
    spec.components.response(UNEXPECTED, _response(meaning, (), codes))


def _codes(failed: FailureStatus) -> dict[str, dict[str, Any]]:
    """Return an example of each code of a status: our errors', and HTTP's own if it has another."""
    codes = {kind.code: kind.example for kind in failed.errors}
    if failed.status in REFUSALS:
        code, message = REFUSALS[failed.status]
        details = _DETAILS.get(failed.status)
        codes.setdefault(code, {"message": message} | ({"details": details} if details else {}))
    return codes


def _response(
    meaning: str, headers: tuple[str, ...], codes: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    return {
        "description": f"{meaning}. Codes: {', '.join(f'`{code}`' for code in codes)}",
        "headers": header_references("X-Request-ID", *headers),
        "content": {
            JSON_TYPE: {"schema": schema_reference(FAILURE), "examples": _enveloped(codes)}
        },
    }


def _enveloped(codes: dict[str, dict]) -> dict[str, dict]:
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


_FAILURE = {
    "type": "object",
    "description": "The envelope of whatever failed.",
    "required": ["data", "errors", "meta", "timestamp"],
    "additionalProperties": False,
    "properties": {
        "data": {"type": "array", "items": {}, "maxItems": 0},
        "errors": {"type": "array", "minItems": 1, "items": schema_reference("Error")},
        "meta": schema_reference("Meta"),
        "timestamp": schema_reference("Timestamp"),
    },
}
