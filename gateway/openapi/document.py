"""The OpenAPI document, made from the routes of the gateway and the schemas."""

from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow.openapi import OpenAPIConverter

from gateway.admission.callers import OPEN, OPTIONAL
from gateway.entrypoint import Route
from gateway.openapi import failures
from gateway.openapi.components import (
    BEARER,
    SCHEMAS,
    add_components,
    first_line,
    header_references,
    known_schema,
    object_schema,
    schema_reference,
)
from gateway.openapi.contents import Amount, Contents, Streamed, one_of
from gateway.openapi.converting import (
    add_field_rules,
    make_plugin,
    name_enumerations,
    openapi_path,
    parameters,
)
from gateway.openapi.examples import EXAMPLES
from gateway.openapi.routes import TAGS, routes_of, tag_of
from gateway.openapi.webhooks import describe_webhooks
from gateway.requests.token_cookies import HEADER, IN_COOKIE
from gateway.responses.failures import failure_status
from gateway.responses.replies import ACCEPTED, OK
from schemas import responses
from schemas.idempotency import HOURS_KEPT, IDEMPOTENCY_KEY, KEY_CHARACTERS, LONGEST_KEY
from schemas.loading import Body
from schemas.version import VERSION
from services.transport.http.messages import JSON_TYPE

OPENAPI = "3.1.0"
UNCHANGED = "304"

ABOUT = """The REST API of the gym tracker.

Every answer is an envelope: `data` is always a list, `errors` is there only if something failed,
and `meta.request_id` is what to quote when asking for help. Register or log in, press
**Authorize**, and put the token in.
"""


def make_document(service: type) -> dict[str, Any]:
    """Return the OpenAPI document of a gateway.

    Args:
        service: the class whose methods are the routes.
    """
    plugin = make_plugin()
    spec = APISpec(
        title="Gym Tracker",
        version=VERSION,
        openapi_version=OPENAPI,
        plugins=[plugin],
        info={"description": ABOUT},
        servers=[{"url": "/"}],
        tags=[{"name": name, "description": text} for name, (_, text) in TAGS.items()],
    )
    converter = plugin.converter
    # APISpec() has made it
    assert converter is not None
    add_field_rules(converter)
    add_components(spec)
    failures.add_responses(spec)
    spec.components.response(UNCHANGED, _UNCHANGED)
    for name, summary, route in routes_of(service):
        operation = _describe(spec, converter, name, summary, route)
        spec.path(openapi_path(route.path), operations={route.method.lower(): operation})
    for path, operation in _health(spec).items():
        spec.path(path, operations={"get": operation})
    webhooks = describe_webhooks(spec)
    for schema in spec.components.schemas.values():
        name_enumerations(schema, SCHEMAS)
    return spec.to_dict() | {"webhooks": webhooks}


def _describe(
    spec: APISpec, converter: OpenAPIConverter, name: str, summary: str, route: Route
) -> dict[str, Any]:
    signed_in = route.caller not in OPEN
    known = failures.statuses(
        signed_in=signed_in,
        has_body=route.body is not None or route.upload is not None,
        further=[str(failure_status(kind).status) for kind in route.refuses],
    )
    result: dict[str, Any] = {
        "operationId": name,
        "tags": [tag_of(route.path)],
        "summary": summary.split(". ")[0].rstrip("."),
        "description": f"{summary}\n\nFor {route.caller.value}.{_about_scope(route)}",
        "responses": {
            str(route.status): _success(spec, route),
            **_known_already(spec, route),
            **_accepted(spec, route),
            **failures.references([*([UNCHANGED] if _has_tag(route) else []), *known]),
            **_refusals_of_upload(route),
        },
    }
    result["security"] = [{BEARER: []}] if signed_in else []
    if given := _parameters(converter, route):
        result["parameters"] = given
    if route.body is not None:
        result["requestBody"] = _body(spec, route.body)
    if route.upload is not None:
        result["requestBody"] = {
            "required": True,
            "description": f"{route.upload.about} At most {route.upload.most >> 20} MiB.",
            "content": _raw(route.upload.media_types),
        }
    return result


def _about_scope(route: Route) -> str:
    if route.scope is not None:
        return f" A personal access token needs the scope `{route.scope}`."
    return "" if route.caller in OPEN else " Not for personal access tokens."


def _parameters(converter: OpenAPIConverter, route: Route) -> list[dict[str, Any]]:
    in_path = parameters(converter, route.path_parameters, "path")
    in_query = parameters(converter, route.query, "query")
    shown = _example(route)
    query = EXAMPLES.get(route.query, {})
    in_paths = EXAMPLES.get(route.path_parameters, {})
    for parameter in in_path:
        thing = route.path.partition("/:")[0].rpartition("/")[2].removesuffix("s")
        if not parameter["description"]:
            parameter["description"] = f"The {thing}'s id."
        if parameter["name"] in in_paths:
            parameter["example"] = in_paths[parameter["name"]]
        else:
            parameter["example"] = shown.get(parameter["name"], shown.get("exercise_id", 1))
    for parameter in in_query:
        if parameter["name"] in query:
            parameter["example"] = query[parameter["name"]]
    return [*in_path, *in_query, *_parameters_in_head(route)]


def _parameters_in_head(route: Route) -> list[dict[str, Any]]:
    may_have = [
        (_KEY, route.takes_key),
        (_KNOWN_TAG, _has_tag(route)),
        (_PLACE_OF_TOKEN, route.keeps_tokens),
    ]
    return [parameter for parameter, is_there in may_have if is_there]


def _has_tag(route: Route) -> bool:
    return route.method == "GET" and not isinstance(route.shows, Streamed)


def _refusals_of_upload(route: Route) -> dict[str, dict]:
    if route.upload is None:
        return {}
    return failures.responses_of_upload(route.upload.media_types, route.upload.most)


def _raw(media_types: tuple[str, ...]) -> dict[str, Any]:
    """Describe bodies that are files, whose format is described elsewhere."""
    return {
        name: {"schema": {} if name == JSON_TYPE else {"type": "string"}} for name in media_types
    }


def _body(spec: APISpec, body: type[Body]) -> dict[str, Any]:
    media = {"schema": known_schema(spec, body), "example": EXAMPLES[body]}
    return {"required": True, "content": {JSON_TYPE: media}}


def _success(spec: APISpec, route: Route) -> dict[str, Any]:
    if isinstance(route.shows, Streamed):
        return {
            "description": route.shows.about,
            "headers": header_references("X-Request-ID", "Content-Disposition"),
            "content": _raw(route.shows.media_types),
        }
    names = ["X-Request-ID"]
    if route.status == 201:
        names.append("Location")
    if route.shows.amount is Amount.PAGE:
        names.append("Link")
    if route.takes_key:
        names.append("Idempotent-Replayed")
    if _has_tag(route):
        names.append("ETag")
    if route.caller is OPTIONAL:
        names.append("Vary")
    return {
        "description": " Or: ".join(first_line(schema) for schema in route.shows.schemas),
        "headers": header_references(*names),
        "content": _content(spec, route.shows, _example(route)),
    }


def _known_already(spec: APISpec, route: Route) -> dict[str, Any]:
    if route.known is None or isinstance(route.shows, Streamed):
        return {}
    response = {
        "description": route.known,
        "headers": header_references("X-Request-ID", "Location"),
        "content": _content(spec, route.shows, _example(route)),
    }
    return {str(OK): response}


def _accepted(spec: APISpec, route: Route) -> dict[str, Any]:
    shown = _shown_until_done(route)
    if shown is None:
        return {}
    response = {
        "description": "It is begun and goes on; ask at `Location` whether it is done",
        "headers": header_references("X-Request-ID", "Location"),
        "content": _content(spec, *shown),
    }
    return {str(ACCEPTED): response}


def _shown_until_done(route: Route) -> tuple[Contents, dict[str, Any]] | None:
    """Return what a route shows with a 202, and an example; None if it never does."""
    if isinstance(route.shows, Streamed):
        schemas = route.shows.schemas
        return (one_of(*schemas), EXAMPLES[schemas[0]]) if schemas else None
    return None if route.unfinished is None else (route.shows, route.unfinished)


def _content(spec: APISpec, contents: Contents, example: dict[str, Any]) -> dict[str, Any]:
    items = [known_schema(spec, schema) for schema in contents.schemas]
    return {
        JSON_TYPE: {
            "schema": _envelope(items, contents.amount),
            "example": _enveloped(example, contents.amount),
        }
    }


def _example(route: Route) -> dict[str, Any]:
    shown = {} if isinstance(route.shows, Streamed) else EXAMPLES[route.shows.schemas[0]]
    return route.example or shown


def _health(spec: APISpec) -> dict[str, dict[str, Any]]:
    pages = {
        "/health": ("health", responses.Health, []),
        "/ready": ("ready", responses.Readiness, ["503"]),
    }
    return {
        path: {
            "operationId": name,
            "tags": ["Operations"],
            "summary": first_line(schema).rstrip("."),
            "security": [],
            "responses": {
                "200": {
                    "description": first_line(schema),
                    "headers": header_references("X-Request-ID"),
                    "content": _content(spec, one_of(schema), EXAMPLES[schema]),
                },
                **failures.references(known),
            },
        }
        for path, (name, schema, known) in pages.items()
    }


def _envelope(shown: list[dict], amount: Amount) -> dict[str, Any]:
    items = shown[0] if len(shown) == 1 else {"oneOf": shown}
    bounds = {"minItems": 1, "maxItems": 1} if amount is Amount.ONE else {}
    return object_schema(
        {
            "data": {"type": "array", "items": items, **bounds},
            "meta": schema_reference("MetaOfPage" if amount is Amount.PAGE else "Meta"),
            "timestamp": schema_reference("Timestamp"),
        }
    )


def _enveloped(example: dict[str, Any], amount: Amount) -> dict[str, Any]:
    meta: dict[str, Any] = {"request_id": "req_5d41402abc4b2a76"}
    if amount is Amount.PAGE:
        meta["page"] = {"current_page": 1, "page_size": 10, "total_pages": 1, "total_items": 1}
    return {"data": [example], "meta": meta, "timestamp": 1739731267}


_KEY = {
    "name": IDEMPOTENCY_KEY,
    "in": "header",
    "required": False,
    "description": "Makes it safe to try again: the same key and body give the first answer again, "
    f"for {HOURS_KEPT} hours.",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": LONGEST_KEY,
        "pattern": f"^{KEY_CHARACTERS}+$",
    },
}
_PLACE_OF_TOKEN = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "With `cookie` the refresh token is in a cookie that no script can read; only "
    "for pages of this server, which the `Origin` tells.",
    "schema": {"type": "string", "enum": [IN_COOKIE]},
}
_KNOWN_TAG = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "The `ETag` of what you have; the answer is 304 if it is still the same.",
    "schema": {"type": "string"},
}
_UNCHANGED = {
    "description": "What you have is still the same; there is no body",
    "headers": header_references("X-Request-ID", "ETag"),
}
