"""The answers to requests that fail: one for each status, with an example of each code."""

from typing import Any

FAILURE = "Failure"
SHARED = "#/components/schemas/"
HEADERS = "#/components/headers/"

UNEXPECTED = "Unexpected"
"""The name of what HTTP itself refuses, which can befall any request."""

NO_SUCH_METHOD = "405"

_UNAVAILABLE = {"service": "workout-service", "retry_after": 30}
_TOO_SHORT = {"constraint": "min", "min_value": 0, "received": -5}

# status: what it means, the headers it comes with, and its codes with an example each
_STATUSES: dict[str, tuple[str, tuple[str, ...], dict[str, dict[str, Any]]]] = {
    "400": (
        "The body or a parameter breaks rules; every fault is listed",
        (),
        {
            "VALIDATION_ERROR": {
                "message": "Reps must be at least 0",
                "field": "exercises[0].sets[2].reps",
                "details": _TOO_SHORT,
            },
            "INVALID_PARAMETER": {
                "message": "Limit must be at most 100",
                "field": "limit",
                "details": {"constraint": "max", "max_value": 100, "received": 500},
            },
            "BAD_REQUEST": {"message": "The request is not valid HTTP"},
        },
    ),
    "401": (
        "No token, or one that is not good; or wrong e-mail or password",
        ("WWW-Authenticate",),
        {"UNAUTHORIZED": {"message": "Sign in first: this needs a bearer token"}},
    ),
    "403": (
        "Signed in, but this is for others",
        (),
        {"FORBIDDEN": {"message": "This is another user's profile"}},
    ),
    "404": (
        "There is no such thing, or it is somebody else's",
        (),
        {"NOT_FOUND": {"message": "There is no such workout"}},
    ),
    NO_SUCH_METHOD: (
        "The path has no such method; `Allow` lists those that it has",
        ("Allow",),
        {
            "METHOD_NOT_ALLOWED": {
                "message": "The route has no such method",
                "details": {"allowed": ["GET", "HEAD", "OPTIONS"]},
            }
        },
    ),
    "409": (
        "A duplicate, a version that is not the current one, or a first try still in work",
        (),
        {
            "CONFLICT": {
                "message": "The workout was changed in the meantime",
                "details": {"current_version": 3, "received": 1},
            }
        },
    ),
    "413": (
        "The body is larger than 1 MiB",
        (),
        {
            "PAYLOAD_TOO_LARGE": {
                "message": "The body is too large",
                "details": {
                    "constraint": "max_length",
                    "max_length": 1048576,
                    "received": 60000000,
                },
            }
        },
    ),
    "415": (
        "The body is not JSON in UTF-8",
        ("Accept",),
        {"UNSUPPORTED_MEDIA_TYPE": {"message": "The body must be application/json in UTF-8"}},
    ),
    "422": (
        "Well-formed, but not allowed",
        (),
        {
            "BUSINESS_RULE_VIOLATION": {
                "message": "date_from must not be after date_to",
                "details": {"date_from": "2025-02-02", "date_to": "2025-02-01"},
            }
        },
    ),
    "429": (
        "Too many requests; try again after `Retry-After` seconds",
        ("Retry-After",),
        {
            "RATE_LIMIT_EXCEEDED": {
                "message": "Too many requests, try again later",
                "details": {"limit": "1200 per 1 minute", "retry_after": 4},
            }
        },
    ),
    "500": (
        "A fault on our side; the log has it under `meta.request_id`",
        (),
        {
            "INTERNAL_ERROR": {"message": "Something went wrong on our side"},
            "DATABASE_ERROR": {"message": "The database refused a statement"},
        },
    ),
    "502": (
        "A service gave an answer that makes no sense",
        (),
        {"BAD_GATEWAY": {"message": "A service gave an answer that makes no sense"}},
    ),
    "503": (
        "A service, its database or the broker is down; try again after `Retry-After` seconds",
        ("Retry-After",),
        {
            "SERVICE_UNAVAILABLE": {
                "message": "Workout service is temporarily unavailable",
                "details": _UNAVAILABLE,
            }
        },
    ),
    "504": (
        "A service did not answer in time; a write may have been done all the same",
        (),
        {
            "TIMEOUT": {
                "message": "Workout service did not answer in time",
                "details": {"service": "workout-service", "waited_seconds": 8},
            }
        },
    ),
    UNEXPECTED: (
        "What HTTP itself refuses: 408, 411, 413, 414, 417, 431, 501 and 505",
        (),
        {
            "REQUEST_TIMEOUT": {"message": "The request did not arrive in time"},
            "LENGTH_REQUIRED": {"message": "The body needs a Content-Length"},
            "PAYLOAD_TOO_LARGE": {"message": "The body is too large"},
            "URI_TOO_LONG": {"message": "The address is too long"},
            "EXPECTATION_FAILED": {"message": "The only expectation we know is 100-continue"},
            "REQUEST_HEADER_FIELDS_TOO_LARGE": {"message": "The headers are too many or too long"},
            "NOT_IMPLEMENTED": {"message": "The transfer encoding is not known here"},
            "HTTP_VERSION_NOT_SUPPORTED": {"message": "Only HTTP/1.0 and HTTP/1.1 are spoken here"},
        },
    ),
}

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
    """Return the answers that operations refer to, by status.

    All have one schema, so that a generated client has one type for whatever failed; which codes a
    status has stands in its description and its examples.
    """
    failure = {"$ref": SHARED + FAILURE}
    return {
        status: {
            "description": f"{description}. Codes: {', '.join(f'`{code}`' for code in codes)}",
            "headers": {
                "X-Request-ID": {"$ref": f"{HEADERS}X-Request-ID"},
                **{name: {"$ref": HEADERS + name} for name in headers},
            },
            "content": {"application/json": {"schema": failure, "examples": _shown(codes)}},
        }
        for status, (description, headers, codes) in _STATUSES.items()
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
