"""Fields of numbers and ids."""

import re
from decimal import Decimal
from typing import Any

from schemas.constraints import excerpt, validation_error
from schemas.fields.base import BaseField
from schemas.limits import LARGEST_ID

MOST_CONVERTED = 1000
"""Size of each field's cache of converted numbers; a full one is emptied."""

_PLAIN_NUMBERS = (int, float)
_DIGITS = re.compile(r"-?\d{1,32}", re.ASCII)
_DECIMAL = re.compile(r"-?\d{1,16}(\.\d{1,16})?", re.ASCII)


class Number(BaseField):
    """A decimal number between limits."""

    def __init__(
        self,
        *,
        min_value: int | None = None,
        max_value: int | None = None,
        max_decimals: int | None = None,
        step: str | None = None,
        **options: Any,
    ):
        super().__init__(**options)
        self.min_value = min_value
        self.max_value = max_value
        self.max_decimals = max_decimals
        self.step = step
        self._converted: dict[tuple[type, object], Decimal | int] = {}

    def convert(self, value: object) -> Decimal | int:
        """Convert a number, from the cache if possible: lifters log the same few again and again.

        Raises:
            ValidationError: it is invalid.
        """
        if type(value) not in _PLAIN_NUMBERS:
            return self._deserialize(value)
        # with the type: 1 and 1.0 are equal keys
        key = type(value), value
        converted = self._converted.get(key)
        if converted is None:
            if len(self._converted) >= MOST_CONVERTED:
                self._converted.clear()
            converted = self._converted[key] = self._deserialize(value)
        return converted

    def _deserialize(self, value: object, *_: object, **__: object) -> Decimal | int:
        number = self._parse(value)
        self._check_limits(number, value)
        if self.max_decimals is not None and number != round(number, self.max_decimals):
            raise validation_error(
                f"{self.label} must have at most {self.max_decimals} decimals",
                "decimals",
                max_decimals=self.max_decimals,
                received=excerpt(value),
            )
        if self.step is not None and number % Decimal(self.step):
            raise validation_error(
                f"{self.label} must be a multiple of {self.step}",
                "step",
                step=float(self.step),
                received=excerpt(value),
            )
        # one form of zero: -0 is 0
        return number + 0 if number else Decimal(0)

    def _parse(self, value: object) -> Decimal:
        number = exact_decimal(value)
        if number is None:
            raise validation_error(
                f"{self.label} must be a number", "type", expected="number", received=excerpt(value)
            )
        return number

    def _check_limits(self, number: Decimal, value: object) -> None:
        if self.min_value is not None and number < self.min_value:
            message = f"{self.label} must be at least {self.min_value}"
            raise validation_error(
                message, "min", min_value=self.min_value, received=excerpt(value)
            )
        if self.max_value is not None and number > self.max_value:
            message = f"{self.label} must be at most {self.max_value}"
            raise validation_error(
                message, "max", max_value=self.max_value, received=excerpt(value)
            )


class NumberParameter(Number):
    """A decimal number as a query spells it: digits, maybe with a point among them."""

    def _parse(self, value: object) -> Decimal:
        if isinstance(value, str) and _DECIMAL.fullmatch(value):
            return Decimal(value)
        return super()._parse(value)


class Integer(Number):
    """A whole number between limits; ``75.0`` is one."""

    def _deserialize(self, value: object, *_: object, **__: object) -> int:
        return int(super()._deserialize(value))

    def _parse(self, value: object) -> Decimal:
        number = exact_decimal(value)
        if number is None or number != number.to_integral_value():
            raise validation_error(
                f"{self.label} must be a whole number",
                "type",
                expected="integer",
                received=excerpt(value),
            )
        return number


class IntegerParameter(Integer):
    """A whole number as a path or a query spells it: digits only."""

    def _parse(self, value: object) -> Decimal:
        if isinstance(value, str) and _DIGITS.fullmatch(value):
            return Decimal(value)
        return super()._parse(value)


def exact_decimal(value: object) -> Decimal | None:
    """Return a JSON number as an exact decimal, or None if it is no finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    number = Decimal(str(value))
    return number if number.is_finite() else None


def identifier(**options: Any) -> Integer:
    """Make the field of an id in a body."""
    return Integer(min_value=1, max_value=LARGEST_ID, **options)


def identifier_parameter(**options: Any) -> IntegerParameter:
    """Make the field of an id in a path or a query."""
    return IntegerParameter(min_value=1, max_value=LARGEST_ID, **options)
