"""The part of the document about webhooks: the requests that receivers get."""

from typing import Any

from apispec import APISpec

from gateway.openapi.components import first_line, known_schema, object_schema
from gateway.openapi.message_examples import MESSAGES
from schemas.responses.base import ResponseSchema
from schemas.responses.messages import TOLD
from services.transport.http.messages import JSON_TYPE

TAG = "Webhooks"

ABOUT = """Sent with `POST` to each webhook that is told of it, by the Standard Webhooks rules.

A receiver answers within 10 seconds, and does nothing when a `webhook-id` comes again. Messages
come in no order.
"""

HEADERS = (
    ("webhook-id", "Of the event: the same for all attempts and for a redelivery.", "string"),
    ("webhook-timestamp", "Of this attempt, in Unix seconds.", "integer"),
    (
        "webhook-signature",
        "One or several of `v1,` and the HMAC-SHA256 in base64, by blanks, of `id.timestamp.body`.",
        "string",
    ),
)
EXAMPLES = {
    "webhook-id": "evt_0b6c2b1e-8d53-4c9a-9d3e-7f7d5d1c2a10",
    "webhook-timestamp": 1739725331,
    "webhook-signature": "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
}
RESPONSES = {
    "2XX": {"description": "It is accepted"},
    "410": {"description": "The webhook is disabled"},
    "default": {"description": "It is sent again later, after `Retry-After` at the earliest"},
}


def describe_webhooks(spec: APISpec) -> dict[str, dict[str, Any]]:
    """Return the requests by the types of messages, and add their schemas to the document."""
    return {name: {"post": _describe(spec, name, told)} for name, told in TOLD.items()}


def _describe(spec: APISpec, name: str, told: type[ResponseSchema]) -> dict[str, Any]:
    summary = first_line(told)
    return {
        "operationId": name.replace(".", "_"),
        "tags": [TAG],
        "summary": summary.rstrip("."),
        "description": f"{summary}\n\n{ABOUT}",
        "security": [],
        "parameters": [_header(*header) for header in HEADERS],
        "requestBody": {
            "required": True,
            "content": {
                JSON_TYPE: {"schema": _message(spec, name, told), "example": MESSAGES[name]}
            },
        },
        "responses": RESPONSES,
    }


def _header(name: str, description: str, kind: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "required": True,
        "description": description,
        "schema": {"type": kind},
        "example": EXAMPLES[name],
    }


def _message(spec: APISpec, name: str, told: type[ResponseSchema]) -> dict[str, Any]:
    happened_at = {"type": "string", "format": "date-time", "description": "When it happened."}
    return object_schema(
        {
            "type": {"type": "string", "const": name},
            "timestamp": happened_at,
            "data": known_schema(spec, told),
        }
    )
