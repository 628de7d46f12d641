"""The two kinds of schema, and how input is loaded with them.

marshmallow collects what is wrong; our fields say it in the contract's words: every fault is a
:class:`Violation` with the ``constraint`` and its limit, and :func:`load` turns all of them
into one error with a path for each.
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
    """Base of what travels in request bodies. An optional field that is null counts as left out.

    In a change (``null_clears``) null clears it instead, or is a fault if the field says
    ``allow_none=False``: it may be left out then, but not be empty.

    The fields are marshmallow's, and so is what documents them; input is loaded with :func:`load`,
    since marshmallow's own way takes a third of a second for the faults that one body can have.
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
    """Names of what answers show and bodies don't take, for a message that says so."""

    not_an_object = Violation("Must be an object", constraint="type", expected="object")

    def load_valid(self, data: object) -> dict[str, Any]:
        """Load input that breaks no rule.

        Raises:
            ValidationError: a rule may be broken; :meth:`errors_in` tells which.
        """
        if type(data) is not dict:
            raise maybe_invalid()
        values: dict[str, Any] = {}
        left = len(data)
        for name, field in self.fields.items():
            given = data.get(name)
            if name in data:
                left -= 1
            if given is not None:
                values[name] = field.convert(given)
            elif field.required:
                raise maybe_invalid()
            elif self.null_clears and name in data:
                values[name] = field.value_when_cleared()
            elif field.load_default is not missing:
                default = field.load_default
                values[name] = default() if callable(default) else default
        if left or self.schema_level_violations(data):
            raise maybe_invalid()
        return values

    def errors_in(self, data: object, path: str = "") -> Iterator[FieldError]:
        """Yield every broken rule: the path of the field, and what is wrong with it.

        Args:
            data: the input as it came.
            path: where in the whole body it stands.
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
        """Return what is wrong with fields that can't be judged by themselves, by their names."""
        return {}


class Parameters(Body):
    """Base of query and path parameters."""

    error_class = InvalidParameter
    unknown_field = Violation("Unknown parameter", constraint="unknown_parameter")


def load(schema: Body, data: object) -> dict[str, Any]:
    """Check and convert input.

    Args:
        schema: an instance; make it once, not per call.
        data: the input as it came.

    Returns:
        The values by name, in Python types (``Decimal``, ``date``).

    Raises:
        FaultyInput: the schema's ``error_class``, with every fault at once.
    """
    with suppress(ValidationError):
        return schema.load_valid(data)
    faults = schema.errors_in(data)
    listed = islice(faults, MOST_FAULTS)
    told = [fault(path, str(message), **message.details) for path, message in listed]
    raise schema.error_class.of(*told, left_out=sum(1 for _ in faults)) from None
