"""From the fields of our schemas to JSON Schema, rule by rule.

Three things are avoided that generators of clients get wrong (tests/api/test_generated_clients.py).
A property with a ``default`` becomes a required one, so defaults of bodies stand in their
descriptions. Lists in a query are sent by repeating the parameter, whatever ``explode`` says, so
they are strings with a pattern. An enumeration that may be null gets a new name at each place, so
those that several places share are named.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, cast

from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from marshmallow import Schema, fields, missing

from schemas import exercises, measurements, profiles, roles, sets, stats
from schemas.fields import (
    AnyOf,
    BaseField,
    Day,
    Email,
    Flag,
    Identifiers,
    Integer,
    ListOf,
    Locale,
    Moment,
    Number,
    OneOf,
    Password,
    SomeOf,
    Sort,
    Text,
    TimeZone,
    Uuid,
    Week,
    Word,
    Words,
)
from schemas.limits import LARGEST_INT32
from schemas.loading import Parameters

TEXT = "string"
ITEM = r"[^,]*[^,\s][^,]*"

NAMED_ENUMERATIONS = {
    "SetType": sets.SET_TYPES,
    "WeightUnit": sets.WEIGHT_UNITS,
    "Category": exercises.CATEGORIES,
    "Difficulty": exercises.DIFFICULTIES,
    "RepType": exercises.REP_TYPES,
    "CountedUnit": exercises.COUNTED,
    "Role": roles.ROLES,
    "HistoryRange": stats.RANGES,
    "HistoryUnit": stats.HISTORY_UNITS,
    "Trend": stats.TRENDS,
    "WeekStart": profiles.WEEK_STARTS,
    "Formula": stats.FORMULAS,
    "Confidence": stats.CONFIDENCES,
    "WeightMeaning": stats.WEIGHT_IS,
    "MeasurementKind": measurements.KIND_NAMES,
    "MeasurementUnit": measurements.UNITS,
}


def make_plugin() -> MarshmallowPlugin:
    """Return apispec's plugin, which names schemas by their classes."""
    return MarshmallowPlugin(schema_name_resolver=name_of)


def name_of(schema: Schema | type[Schema]) -> str:
    """Return the name under which a schema stands in the document."""
    return (schema if isinstance(schema, type) else type(schema)).__name__


def add_field_rules(converter: OpenAPIConverter) -> None:
    """Make apispec's converter apply the rules of our fields."""
    # would write the defaults of bodies, see above
    converter.attribute_functions.remove(converter.field2default)
    converter.add_attribute_function(_field_rules)
    converter.add_attribute_function(_size_of_integer)


def enumerations() -> dict[str, dict[str, Any]]:
    """Return the schemas of the enumerations that have a name."""
    return {name: {"type": TEXT, "enum": words} for name, words in NAMED_ENUMERATIONS.items()}


def name_enumerations(schema: dict[str, Any], place: str) -> None:
    """Put references to the named enumerations into the properties of a schema.

    Args:
        schema: of an object; changed in place.
        place: the beginning of a reference, such as ``#/components/schemas/``.
    """
    for name, rules in schema.get("properties", {}).items():
        words = [word for word in rules.get("enum", ()) if word is not None]
        for named, known in NAMED_ENUMERATIONS.items():
            if words == known:
                schema["properties"][name] = _reference_to(place + named, rules)


def _reference_to(named: str, rules: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in rules.items() if name == "description"}
    reference = {"$ref": named}
    if None in rules["enum"]:
        return {"oneOf": [reference, {"type": "null"}], **kept}
    return reference | kept


def parameters(converter: OpenAPIConverter, schema: type[Parameters], place: str) -> list[dict]:
    """Describe the parameters of a path or a query.

    Args:
        converter: apispec's.
        schema: the schema of the parameters.
        place: ``path`` or ``query``.
    """
    described = cast(dict[str, fields.Field], schema().fields)
    return [_parameter(converter, field, place) for field in described.values()]


def _parameter(converter: OpenAPIConverter, field: fields.Field, place: str) -> dict:
    rules = _without_null(converter.field2property(field))
    description = rules.pop("description", "")
    if field.load_default is not missing:
        rules["default"] = field.load_default
    return {
        "name": field.name,
        "in": place,
        "required": field.required,
        "description": description,
        "schema": rules,
    }


def _without_null(rules: dict) -> dict:
    """Leave null out: a value in a URL can't be null."""
    kinds = rules["type"]
    kept = dict(rules)
    if isinstance(kinds, list):
        kept["type"] = next(kind for kind in kinds if kind != "null")
    if "enum" in rules:
        kept["enum"] = [value for value in rules["enum"] if value is not None]
    return kept


def _field_rules(
    _converter: OpenAPIConverter, field: fields.Field, ret: dict[str, Any]
) -> dict[str, Any]:
    """Return the rules of one of our fields; none for marshmallow's own."""
    rules: dict[str, Any] = {}
    for kind, describe in _KINDS.items():
        if isinstance(field, kind):
            rules |= describe(field)
    if isinstance(field, BaseField) and field.allow_none:
        rules["type"] = [rules["type"], "null"]
        if "enum" in rules:
            rules["enum"] = [*rules["enum"], None]
    sentences = [ret.get("description"), rules.get("description"), *_default(field)]
    rules["description"] = " ".join(filter(None, sentences)) or None
    return {name: value for name, value in rules.items() if value is not None}


def _default(field: fields.Field) -> Iterator[str]:
    if isinstance(field, BaseField) and isinstance(field.load_default, str | int):
        yield f"`{field.load_default}` if not given."


def _size_of_integer(
    _converter: OpenAPIConverter, _field: fields.Field, ret: dict[str, Any]
) -> dict[str, Any]:
    """Mark numbers that need 64 bits: without a format generators take 32."""
    large = ret.get("maximum", 0) > LARGEST_INT32
    return {"format": "int64"} if "integer" in ret.get("type", ()) and large else {}


def _text(field: Text) -> dict[str, Any]:
    least = field.min_length if field.min_length is not None else int(field.required) or None
    return {"type": TEXT, "minLength": least, "maxLength": field.max_length}


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
    # not `multipleOf: 0.01`, by which most validators refuse 102.55, as they divide in binary
    decimals = field.max_decimals and f"With at most {field.max_decimals} decimals."
    return {
        "type": "number",
        "minimum": field.min_value,
        "maximum": field.max_value,
        "multipleOf": float(field.step) if field.step else None,
        "description": decimals,
    }


def _day(field: Day) -> dict[str, Any]:
    earliest = field.earliest and f"Not before {field.earliest}."
    return {"type": TEXT, "format": "date", "description": earliest}


def _week(field: Week) -> dict[str, Any]:
    return {
        "type": TEXT,
        "pattern": r"^[0-9]{4}-W[0-9]{2}$",
        "description": f"Not before {field.first_year}-W01.",
    }


def _moment(field: Moment) -> dict[str, Any]:
    return {
        "type": TEXT,
        "format": "date-time",
        "description": f"Not before {field.earliest}.",
    }


def _time_zone(field: TimeZone) -> dict[str, Any]:
    # no enumeration: there are 600, and more each year
    return {"type": TEXT, "examples": [field.EXAMPLE]}


def _locale(field: Locale) -> dict[str, Any]:
    return {"type": TEXT, "maxLength": field.LONGEST, "examples": [field.EXAMPLE]}


def _one_of(field: OneOf) -> dict[str, Any]:
    same = [f"`{other}` is taken as `{word}`." for other, word in field.aliases.items()]
    return {
        "type": TEXT,
        "enum": field.allowed,
        "description": " ".join(same) or None,
    }


def _some_of(field: SomeOf) -> dict[str, Any]:
    words = {"type": TEXT, "enum": field.allowed}
    return {"type": "array", "items": words, "minItems": 1, "maxItems": field.max_items}


def _any_of(field: AnyOf) -> dict[str, Any]:
    allowed = f": {', '.join(field.allowed)}" if field.allowed else ""
    return {
        "type": TEXT,
        "pattern": _several("|".join(field.allowed) if field.allowed else ITEM),
        "description": f"Any of these, separated by commas; case does not matter{allowed}.",
    }


def _sort(field: Sort) -> dict[str, Any]:
    item = f"({'|'.join(field.allowed)})(:({'|'.join(field.DIRECTIONS)}))?"
    return {
        "type": TEXT,
        "pattern": _several(item),
        "description": f"By these fields in this order, separated by commas, each once, with "
        f"`:asc` (if nothing is said) or `:desc`: {', '.join(field.allowed)}.",
    }


def _identifiers(field: Identifiers) -> dict[str, Any]:
    return {
        "type": TEXT,
        "pattern": _several(r"\d{1,18}"),
        "description": f"Separated by commas, at most {field.max_items}.",
    }


def _uuid(field: Uuid) -> dict[str, Any]:
    return {"type": TEXT, "format": "uuid", "examples": [field.EXAMPLE]}


def _several(item: str) -> str:
    """Return the pattern of a list of such items, separated by commas."""
    return f"^({item})(,({item}))*$"


def _list_of(field: ListOf) -> dict[str, Any]:
    number = field.numbered_by
    return {
        "maxItems": field.max_items,
        "description": f"`{number}` defaults to the place in the list, from 1, and is unique.",
    }


def _words(field: Words) -> dict[str, Any]:
    return {
        "type": "array",
        "items": {"type": TEXT, "minLength": 1, "maxLength": field.max_length, **_word(None)},
        "maxItems": field.max_items,
    }


def _word(_field: Word | None) -> dict[str, Any]:
    return {"pattern": "^[^,]*$"}


def _any_text(_field: BaseField) -> dict[str, Any]:
    return {"type": TEXT}


# a base before its subclasses, whose rules are added to its own
_KINDS: dict[type[fields.Field], Callable[[Any], dict[str, Any]]] = {
    BaseField: _any_text,
    Text: _text,
    Email: lambda _: {"format": "email"},
    Password: _password,
    Flag: lambda _: {"type": "boolean"},
    Number: _number,
    Integer: lambda _: {"type": "integer"},
    Day: _day,
    Week: _week,
    Moment: _moment,
    TimeZone: _time_zone,
    Locale: _locale,
    Identifiers: _identifiers,
    Uuid: _uuid,
    OneOf: _one_of,
    SomeOf: _some_of,
    AnyOf: _any_of,
    Sort: _sort,
    Word: _word,
    Words: _words,
    ListOf: _list_of,
}


def openapi_path(path: str) -> str:
    """Return a route's path as OpenAPI writes it: ``/api/users/{id}``."""
    return re.sub(r":(\w+)", r"{\1}", path)
