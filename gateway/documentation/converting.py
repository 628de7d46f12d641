"""From the fields of our schemas to JSON Schema, rule by rule."""

import re
from collections.abc import Callable
from typing import Any

from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from marshmallow import Schema, fields

from schemas.fields import (
    AnyOf,
    Day,
    Email,
    ListOf,
    Number,
    OneOf,
    Parameters,
    Password,
    RuledField,
    Sort,
    Text,
    WholeNumber,
)

TEXT = "string"


def make_plugin() -> MarshmallowPlugin:
    """Return apispec's plugin, which calls schemas by the names of their classes."""
    return MarshmallowPlugin(schema_name_resolver=name_of)


def name_of(schema: Schema | type[Schema]) -> str:
    """Return the name under which a schema stands in the document."""
    return (schema if isinstance(schema, type) else type(schema)).__name__


def teach(converter: OpenAPIConverter) -> None:
    """Let apispec's converter know the rules of our fields."""
    converter.add_attribute_function(_field_rules)


def parameters(converter: OpenAPIConverter, schema: type[Parameters], place: str) -> list[dict]:
    """Describe what stands in a path or in a query.

    Args:
        converter: apispec's.
        schema: of the parameters.
        place: ``path`` or ``query``.
    """
    return [_parameter(converter, field, place) for field in schema().fields.values()]


def _parameter(converter: OpenAPIConverter, field: fields.Field, place: str) -> dict:
    rules = _without_null(converter.field2property(field))
    described = {
        "name": field.name,
        "in": place,
        "required": field.required,
        "schema": rules,
    }
    description = rules.pop("description", None)
    if description:
        described["description"] = description
    if rules["type"] == "array":
        described |= {"style": "form", "explode": False}
    return described


def _without_null(rules: dict) -> dict:
    """Leave null out: what stands in an address can't be null."""
    kinds = rules["type"]
    kept = dict(rules)
    if isinstance(kinds, list):
        kept["type"] = next(kind for kind in kinds if kind != "null")
    if "enum" in rules:
        kept["enum"] = [value for value in rules["enum"] if value is not None]
    return kept


def _field_rules(
    _converter: OpenAPIConverter, field: fields.Field, **_found: Any
) -> dict[str, Any]:
    """Return what a field of ours demands; nothing for marshmallow's own."""
    rules: dict[str, Any] = {}
    for kind, describe in _KINDS.items():
        if isinstance(field, kind):
            rules |= describe(field)
    if isinstance(field, RuledField) and field.allow_none:
        rules["type"] = [rules["type"], "null"]
        if "enum" in rules:
            rules["enum"] = [*rules["enum"], None]
    return {name: value for name, value in rules.items() if value is not None}


def _text(field: Text) -> dict[str, Any]:
    least = field.least if field.least is not None else int(field.required) or None
    return {"type": TEXT, "minLength": least, "maxLength": field.most}


def _password(field: Password) -> dict[str, Any]:
    return {
        "type": TEXT,
        "format": "password",
        "minLength": field.LEAST_CHARACTERS,
        "maxLength": field.MOST_BYTES,
        "description": f"At most {field.MOST_BYTES} bytes in UTF-8. Both lengths are those of "
        "the form that is compared: Unicode's normal form C, full-width and half-width characters "
        "as the usual ones, any space as U+0020.",
    }


def _number(field: Number) -> dict[str, Any]:
    # `multipleOf: 0.01` would refuse 102.55 in most readers, which count in binary
    decimals = field.decimals and f"With at most {field.decimals} decimals."
    return {
        "type": "number",
        "minimum": field.least,
        "maximum": field.most,
        "multipleOf": float(field.step) if field.step else None,
        "description": decimals,
    }


def _day(field: Day) -> dict[str, Any]:
    earliest = field.earliest and f"Not before {field.earliest}."
    return {"type": TEXT, "format": "date", "description": earliest}


def _one_of(field: OneOf) -> dict[str, Any]:
    same = [f"`{other}` is taken as `{word}`." for other, word in field.also.items()]
    return {
        "type": TEXT,
        "enum": [*field.allowed, *field.also],
        "description": " ".join(same) or None,
    }


def _any_of(field: AnyOf) -> dict[str, Any]:
    item: dict[str, Any] = {"type": TEXT, "minLength": 1}
    if field.allowed:
        item["enum"] = field.allowed
    return {
        "type": "array",
        "items": item,
        "minItems": 1,
        "description": "Any of these, separated by commas; case does not matter.",
    }


def _sort(field: Sort) -> dict[str, Any]:
    directions = ["", *(f":{direction}" for direction in field.DIRECTIONS)]
    orders = [name + direction for name in field.allowed for direction in directions]
    return {
        "type": "array",
        "items": {"type": TEXT, "enum": orders},
        "minItems": 1,
        "uniqueItems": True,
        "description": "By these fields in this order, ascending if nothing is said.",
    }


def _list_of(field: ListOf) -> dict[str, Any]:
    number = field.numbered
    return {
        "maxItems": field.most,
        "description": f"`{number}` defaults to the place in the list, from 1, and is unique.",
    }


def _any_text(_field: RuledField) -> dict[str, Any]:
    return {"type": TEXT}


# the more general kind first: what follows is added to it
_KINDS: dict[type[fields.Field], Callable[[Any], dict[str, Any]]] = {
    RuledField: _any_text,
    Text: _text,
    Email: lambda _: {"format": "email"},
    Password: _password,
    Number: _number,
    WholeNumber: lambda _: {"type": "integer"},
    Day: _day,
    OneOf: _one_of,
    AnyOf: _any_of,
    Sort: _sort,
    ListOf: _list_of,
}


def openapi_path(path: str) -> str:
    """Return a route's path as OpenAPI writes it: ``/api/users/{id}``."""
    return re.sub(r":(\w+)", r"{\1}", path)
