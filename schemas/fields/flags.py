"""Fields of truth values."""

from schemas.constraints import excerpt, validation_error
from schemas.fields.base import BaseField


class Flag(BaseField):
    """``true`` or ``false``, and nothing that stands for them."""

    def _deserialize(self, value: object, *_: object, **__: object) -> bool:
        if not isinstance(value, bool):
            raise validation_error(
                f"{self.label} must be true or false",
                "type",
                expected="boolean",
                received=excerpt(value),
            )
        return value
