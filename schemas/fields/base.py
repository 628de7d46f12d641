"""What all fields of input have in common."""

from collections.abc import Iterator
from typing import Any, cast

from marshmallow import ValidationError, fields

from schemas.constraints import (
    FORBIDDEN_CHARACTERS,
    FieldError,
    Violation,
    excerpt,
    validation_error,
)


def about(text: str) -> dict[str, str]:
    """Return ``metadata`` with the description that a field has in the OpenAPI document."""
    return {"description": text}


class InputField:
    """What :class:`schemas.loading.Body` needs of a field, beside what marshmallow gives it."""

    name: str | None
    required: bool
    allow_none: bool
    load_default: Any

    @property
    def label(self) -> str:
        """The field's name as messages begin with it: ``set_number`` is "Set number"."""
        return (self.name or "value").replace("_", " ").capitalize()

    @property
    def required_violation(self) -> Violation:
        """The violation of a field that needs a value and has none."""
        return Violation(f"{self.label} is required", constraint="required", received=None)

    def convert(self, value: object) -> Any:
        """Convert a value that is not null.

        Raises:
            ValidationError: it is invalid.
        """
        raise NotImplementedError

    def errors_in(self, value: object, path: str) -> Iterator[FieldError]:
        """Yield the violations of a value that is not null; see :meth:`Body.errors_in`."""
        raise NotImplementedError

    def value_when_cleared(self) -> Any:
        """Return what null makes of the field in a change.

        Raises:
            ValidationError: it can't be empty.
        """
        raise NotImplementedError


class BaseField(InputField, fields.Field[Any]):
    """Base of the fields of single values. Unless it is required, a field may be null."""

    def __init__(self, **options: Any):
        super().__init__(**{"allow_none": not options.get("required", False), **options})

    def _deserialize(self, value: object, *_: object, **__: object) -> Any:
        raise NotImplementedError

    def convert(self, value: object) -> Any:
        """Convert a value that is not null.

        Raises:
            ValidationError: it is invalid.
        """
        return self._deserialize(value)

    def errors_in(self, value: object, path: str) -> Iterator[FieldError]:
        """Yield the violations of a value that is not null; see :meth:`Body.errors_in`."""
        try:
            self.convert(value)
        except ValidationError as problem:
            for message in problem.messages:
                # our fields raise nothing but violations
                yield path, cast(Violation, message)

    def value_when_cleared(self) -> Any:
        """Return what null makes of the field in a change.

        Raises:
            ValidationError: it can't be empty.
        """
        if not self.allow_none:
            raise ValidationError([self.required_violation])
        return None

    def _require_text(self, value: object) -> str:
        if not isinstance(value, str):
            raise validation_error(
                f"{self.label} must be text", "type", expected="string", received=excerpt(value)
            )
        if FORBIDDEN_CHARACTERS.search(value):
            raise validation_error(
                f"{self.label} holds characters that are not allowed",
                "characters",
                received=excerpt(value),
            )
        return value
