"""The fields of responses, and the base of their schemas."""

from typing import Any

from marshmallow import RAISE, Schema, fields
from marshmallow.validate import OneOf, Range, Regexp

from schemas.limits import LARGEST_ID


def options(description: str, null: bool, **metadata: object) -> dict[str, Any]:
    """Return the options of a field that is always there.

    Args:
        description: for the documentation.
        null: whether it may be null.
        metadata: more of JSON Schema's keywords.
    """
    return {
        "required": True,
        "allow_none": null,
        "metadata": {"description": description, **metadata} if description else metadata,
    }


def identifier(description: str = "", *, null: bool = False) -> fields.Integer:
    """Make the field of an id."""
    within = Range(min=1, max=LARGEST_ID)
    return fields.Integer(validate=within, **options(description, null))


def count(description: str = "", *, null: bool = False) -> fields.Integer:
    """Make the field of a whole number from 0."""
    return fields.Integer(validate=Range(min=0), **options(description, null))


def amount(description: str = "", *, null: bool = False) -> fields.Float:
    """Make the field of a number from 0."""
    return fields.Float(validate=Range(min=0), **options(description, null))


def text(description: str = "", *, null: bool = False) -> fields.String:
    """Make the field of a text."""
    return fields.String(**options(description, null))


def uuid(description: str = "", *, null: bool = False) -> fields.String:
    """Make the field of a UUID, in lower case."""
    shape = Regexp(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
    return fields.String(validate=shape, **options(description, null, format="uuid"))


def choice(allowed: list[str], description: str = "", *, null: bool = False) -> fields.String:
    """Make the field of one of a few words."""
    return fields.String(validate=OneOf(allowed), **options(description, null))


def day(description: str = "", *, null: bool = False) -> fields.Date:
    """Make the field of a date."""
    return fields.Date(**options(description, null))


def week(description: str = "", *, null: bool = False) -> fields.String:
    """Make the field of the name of a week, by ISO 8601."""
    shape = Regexp(r"^\d{4}-W\d\d$")
    return fields.String(validate=shape, **options(description, null))


def timestamp(description: str = "", *, null: bool = False) -> fields.String:
    """Make the field of a moment, in UTC."""
    shape = Regexp(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$")
    return fields.String(validate=shape, **options(description, null, format="date-time"))


def sent_instant(description: str = "", *, null: bool = False) -> fields.String:
    """Make the field of a moment with the offset that it was sent with."""
    shape = Regexp(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$")
    return fields.String(validate=shape, **options(description, null, format="date-time"))


def list_of(
    item: type[Schema] | fields.Field[Any], description: str = "", *, null: bool = False
) -> fields.List[Any]:
    """Make the field of a list."""
    inner = item if isinstance(item, fields.Field) else fields.Nested(item)
    return fields.List(inner, **options(description, null))


def one_or_null(item: type[Schema], description: str = "") -> fields.Nested:
    """Make the field of an object that may be missing."""
    return fields.Nested(item, **options(description, True))


def flag(description: str = "") -> fields.Boolean:
    """Make the field of a truth value."""
    return fields.Boolean(**options(description, False))


def always_true(description: str = "") -> fields.Boolean:
    """Make the field of what is always true."""
    return fields.Boolean(**options(description, False, enum=[True]))


class ResponseSchema(Schema):
    """Base of responses: all fields are there, and no others."""

    class Meta:
        """A field that is not listed is an error."""

        unknown = RAISE
