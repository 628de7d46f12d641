"""The parts of the document that all operations share: headers, the envelope's, an error's."""

import inspect
from typing import Any

from apispec import APISpec

from gateway.openapi.converting import enumerations, name_of
from services.transport.http.messages import JSON_TYPE, REQUEST_ID

BEARER = "bearer"
SCHEMAS = "#/components/schemas/"
HEADERS = "#/components/headers/"
RESPONSES = "#/components/responses/"

_STRING = {"type": "string"}
_HEADERS: dict[str, tuple[str, bool, dict]] = {
    "X-Request-ID": ("The request's id, as in `meta.request_id`", True, _STRING),
    "Location": ("Where the new thing is, or what tells whether it is done", True, _STRING),
    "Link": (
        "The pages `first`, `prev`, `next` and `last`; not there if the query is very long",
        False,
        _STRING,
    ),
    "ETag": ("Says which data this is; the envelope around it does not count", True, _STRING),
    "Vary": ("The answer may be another with a token, or without one", True, _STRING),
    "Content-Disposition": ("The name of the file", False, _STRING),
    "Retry-After": ("Seconds to wait", True, {"type": "integer", "minimum": 1}),
    "WWW-Authenticate": ("How to sign in", True, {"type": "string", "const": "Bearer"}),
    "Allow": ("The path's methods", True, _STRING),
    "Accept": ("What a body may be", True, {"type": "string", "const": JSON_TYPE}),
    "Idempotent-Replayed": (
        "There if the answer is that of an earlier request with the same key",
        False,
        {"type": "string", "const": "true"},
    ),
}


def add_components(spec: APISpec) -> None:
    """Add the parts that references go to."""
    components = spec.components
    components.security_scheme(
        BEARER,
        {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "The `token` of a registration or a login.",
        },
    )
    for name, words in enumerations().items():
        components.schema(name, words)
    components.schema("Timestamp", _TIMESTAMP)
    components.schema("Meta", object_schema({"request_id": _REQUEST_ID}))
    components.schema("Page", _PAGE)
    components.schema(
        "MetaOfPage", object_schema({"request_id": _REQUEST_ID, "page": schema_reference("Page")})
    )
    components.schema("Error", _ERROR)
    for name, (description, required, schema) in _HEADERS.items():
        header = {"description": description, "required": required, "schema": schema}
        components.header(name, header)


def schema_reference(name: str) -> dict[str, str]:
    """Return a reference to a schema of the document."""
    return {"$ref": SCHEMAS + name}


def known_schema(spec: APISpec, schema: type) -> dict[str, str]:
    """Add a schema to the document, unless it is there, and return a reference to it."""
    name = name_of(schema)
    if name not in spec.components.schemas:
        spec.components.schema(name, schema=schema)
        spec.components.schemas[name]["description"] = first_line(schema)
    return schema_reference(name)


def first_line(schema: type) -> str:
    """Return what a schema is, in a sentence."""
    return (inspect.getdoc(schema) or "").split("\n")[0]


def header_references(*names: str) -> dict[str, dict[str, str]]:
    """Return references to headers of the document, by their names."""
    return {name: {"$ref": HEADERS + name} for name in names}


def object_schema(properties: dict[str, Any], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the schema of an object that has these properties and no others."""
    return {
        "type": "object",
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
        "properties": properties,
    }


_REQUEST_ID = {"type": "string", "pattern": f"^{REQUEST_ID.pattern}$"}
_TIMESTAMP = {
    "type": "integer",
    "format": "int64",
    "description": "Unix time in whole seconds.",
}
_PAGE = object_schema(
    {
        "current_page": {"type": "integer", "minimum": 1},
        "page_size": {"type": "integer", "minimum": 1, "maximum": 100},
        "total_pages": {"type": "integer", "minimum": 0},
        "total_items": {"type": "integer", "minimum": 0},
    }
)
_CONSTRAINTS = [
    *("required", "type", "json", "email", "date", "date_time", "week", "characters"),
    "min_length",
    *("max_length", "min", "max", "decimals", "step", "sum", "one_of", "unique", "max_items"),
    *("unknown_field", "unknown_parameter", "repeated"),
    *("own", "not_own", "another", "exists", "active", "measure"),
    *("not_merged", "not_merging", "not_deleting"),
    *("good_link", "locale", "common", "last_administrator", "cursor", "url", "uuid"),
]
_ERROR = object_schema(
    {
        "code": {"type": "string", "description": "For programs; never changes its meaning."},
        "message": {"type": "string", "description": "For people."},
        "field": {
            "type": "string",
            "description": "A path such as `exercises[0].sets[2].reps`, or a parameter's name.",
        },
        "details": {
            "type": "object",
            "description": "The broken rule with its limit, and what was received.",
            "properties": {
                "constraint": {"type": "string", "enum": _CONSTRAINTS},
                "expected": {"type": "string"},
                "required": {"type": "integer"},
                "max_length": {"type": "integer"},
                "min_value": {"type": ["number", "string"]},
                "max_value": {"type": ["number", "string"]},
                "max_decimals": {"type": "integer"},
                "step": {"type": "number"},
                "sum": {"type": "number"},
                "allowed": {"type": "array", "items": {"type": "string"}},
                "max_items": {"type": "integer"},
                "received": {},
                "service": {"type": "string"},
                "retry_after": {"type": "integer"},
                "waited_seconds": {"type": "number"},
                "limit": {"type": "string"},
                "current_version": {"type": "integer"},
                "exercise_ids": {"type": "array", "items": {"type": "integer", "format": "int64"}},
                "merged_into": {"type": "integer", "format": "int64"},
                "merging_into": {"type": "integer", "format": "int64"},
                "merging": {"type": "array", "items": {"type": "integer", "format": "int64"}},
                "missing": {"type": "array", "items": {"type": "string"}},
                "date_from": {"type": "string", "format": "date"},
                "date_to": {"type": "string", "format": "date"},
            },
            "additionalProperties": True,
        },
    },
    optional=("field", "details"),
)
