"""What every field does."""

from collections.abc import Iterator
from typing import Any

from marshmallow import ValidationError, fields

from schemas.constraints import UNSENDABLE, Fault, FaultMessage, refuse, shown


def about(text: str) -> dict[str, str]:
    """Return the ``metadata`` of a field that the documentation describes with this text."""
    return {"description": text}


class RuledField(fields.Field):
    """A field that says which rule was broken."""

    def __init__(self, **options: Any):
        super().__init__(**{"allow_none": not options.get("required", False), **options})

    @property
    def label(self) -> str:
        """The field's name as a sentence begins with it."""
        return (self.name or "value").replace("_", " ").capitalize()

    def take(self, value: object) -> Any:
        """Convert a value that is there, as ``deserialize`` does.

        Raises:
            ValidationError: it breaks a rule.
        """
        return self._deserialize(value)

    def faults(self, value: object, path: str) -> Iterator[Fault]:
        """Yield what is wrong with a value that is there; see :meth:`Body.faults`."""
        try:
            self.take(value)
        except ValidationError as problem:
            for message in problem.messages:
                yield path, message

    def cleared(self) -> Any:
        """Return what null makes of the field in a change.

        Raises:
            ValidationError: it can't be empty.
        """
        if not self.allow_none:
            raise ValidationError([self.missing])
        return None

    @property
    def missing(self) -> FaultMessage:
        """What is wrong if the field needs a value and there is none."""
        return FaultMessage(f"{self.label} is required", constraint="required", received=None)

    def _sendable(self, value: object) -> str:
        if not isinstance(value, str):
            raise refuse(
                f"{self.label} must be text", "type", expected="string", received=shown(value)
            )
        if UNSENDABLE.search(value):
            raise refuse(
                f"{self.label} holds characters that are not allowed",
                "characters",
                received=shown(value),
            )
        return value
