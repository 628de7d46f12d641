"""The two kinds of input schema, bodies and parameters, and how input is loaded with them.

Input is loaded in two passes. :meth:`Body.load_valid` converts valid input, as nearly all is, and
stops at the first doubt. Only then :meth:`Body.errors_in` goes through it again and yields every
violation with its path, in the order of the schema's fields.
"""

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import Any

from marshmallow import Schema, ValidationError, missing

from schemas.constraints import FieldError, Violation, maybe_invalid, truncate
from schemas.errors import MOST_FAULTS, FaultyInput, InvalidParameter, ValidationFailed, fault
from schemas.fields.base import InputField


class Body(Schema):
    """Base of request bodies. An optional field that is null counts as left out.

    In a change (``null_clears``) null clears it instead, or is an error if the field says
    ``allow_none=False``: it may be left out then, but not be empty.

    The fields are marshmallow's, so that apispec can document them. Input is loaded with
    :func:`load` instead of ``Schema.load``, which takes a third of a second for the errors that
    one body can have.
    """

    # marshmallow says any field; ours are all of one kind, and load() needs what that has
    fields: dict[str, InputField]  # type: ignore[assignment]
    error_class: type[FaultyInput] = ValidationFailed
    null_clears = False
    unknown_field = Violation("Unknown field", constraint="unknown_field")
    read_only_field = Violation(
        "Unknown field: the server makes it, so leave it out", constraint="unknown_field"
    )
    read_only: frozenset[str] = frozenset()
    """Fields of responses that bodies must not have; the message says why they are refused."""

    not_an_object = Violation("Must be an object", constraint="type", expected="object")

    def load_valid(self, data: object) -> dict[str, Any]:
        """Convert valid input.

        Raises:
            ValidationError: it may be invalid; :meth:`errors_in` has the errors.
        """
        if type(data) is not dict:
            raise maybe_invalid()
        values: dict[str, Any] = {}
        unknown = len(data)
        for name, field in self.fields.items():
            given = data.get(name)
            if name in data:
                unknown -= 1
            if given is not None:
                values[name] = field.convert(given)
            elif field.required:
                raise maybe_invalid()
            elif self.null_clears and name in data:
                values[name] = field.value_when_cleared()
            elif field.load_default is not missing:
                default = field.load_default
                values[name] = default() if callable(default) else default
        if unknown or self.schema_level_violations(data):
            raise maybe_invalid()
        return values

    def errors_in(self, data: object, path: str = "") -> Iterator[FieldError]:
        """Yield every violation, with the path of its field.

        Args:
            data: the input as it came.
            path: of ``data`` within the body; empty for the body itself.
        """
        if not isinstance(data, dict):
            yield path, self.not_an_object
            return
        before = f"{path}." if path else ""
        schema_level = self.schema_level_violations(data)
        for name, message in schema_level.items():
            yield before + name, message
        for name, field in self.fields.items():
            given = data.get(name)
            if given is not None:
                if name not in schema_level:
                    yield from field.errors_in(given, before + name)
            elif field.required or (self.null_clears and name in data and not field.allow_none):
                yield before + name, field.required_violation
        for name in data:
            if name not in self.fields:
                is_made = name in self.read_only
                message = self.read_only_field if is_made else self.unknown_field
                yield before + truncate(str(name)), message

    def schema_level_violations(self, data: dict[str, Any]) -> dict[str, Violation]:
        """Return violations of constraints over several fields, by the field that is to blame.

        The fields that it names are not checked any further.
        """
        return {}


class Parameters(Body):
    """Base of query and path parameters."""

    error_class = InvalidParameter
    unknown_field = Violation("Unknown parameter", constraint="unknown_parameter")


def load(schema: Body, data: object) -> dict[str, Any]:
    """Validate and convert input.

    Args:
        schema: an instance; make it once, not per call.
        data: the input as it came.

    Returns:
        The values by name, in Python types (``Decimal``, ``date``).

    Raises:
        FaultyInput: the schema's ``error_class``, with every error at once.
    """
    with suppress(ValidationError):
        return schema.load_valid(data)
    errors = schema.errors_in(data)
    listed = islice(errors, MOST_FAULTS)
    described = [fault(path, str(message), **message.details) for path, message in listed]
    raise schema.error_class.of(*described, left_out=sum(1 for _ in errors)) from None
