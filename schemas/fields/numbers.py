"""Fields of numbers and ids."""

import re
from decimal import Decimal
from typing import Any

from schemas.constraints import refuse, shown
from schemas.fields.base import RuledField
from schemas.limits import LARGEST_ID

MOST_TAKEN = 1000
"""Numbers whose conversion each field remembers."""

_PLAIN_NUMBERS = (int, float)
_DIGITS = re.compile(r"-?\d{1,32}", re.ASCII)


class Number(RuledField):
    """A decimal number between limits."""

    def __init__(
        self,
        *,
        least: int | None = None,
        most: int | None = None,
        decimals: int | None = None,
        step: str | None = None,
        **options: Any,
    ):
        super().__init__(**options)
        self.least = least
        self.most = most
        self.decimals = decimals
        self.step = step
        self._taken: dict[tuple[type, object], Decimal | int] = {}

    def take(self, value: object) -> Decimal | int:
        """Convert a number that is there; the same few are logged again and again.

        Raises:
            ValidationError: it breaks a rule.
        """
        if type(value) not in _PLAIN_NUMBERS:
            return self._deserialize(value)
        key = type(value), value
        taken = self._taken.get(key)
        if taken is None:
            if len(self._taken) >= MOST_TAKEN:
                self._taken.clear()
            taken = self._taken[key] = self._deserialize(value)
        return taken

    def _deserialize(self, value: object, *_: object, **__: object) -> Decimal | int:
        number = self._parse(value)
        self._check_limits(number, value)
        if self.decimals is not None and number != round(number, self.decimals):
            raise refuse(
                f"{self.label} must have at most {self.decimals} decimals",
                "decimals",
                max_decimals=self.decimals,
                received=shown(value),
            )
        if self.step is not None and number % Decimal(self.step):
            raise refuse(
                f"{self.label} must be a multiple of {self.step}",
                "step",
                step=float(self.step),
                received=shown(value),
            )
        return number + 0 if number else Decimal(0)

    def _parse(self, value: object) -> Decimal:
        number = exact(value)
        if number is None:
            raise refuse(
                f"{self.label} must be a number", "type", expected="number", received=shown(value)
            )
        return number

    def _check_limits(self, number: Decimal, value: object) -> None:
        if self.least is not None and number < self.least:
            message = f"{self.label} must be at least {self.least}"
            raise refuse(message, "min", min_value=self.least, received=shown(value))
        if self.most is not None and number > self.most:
            message = f"{self.label} must be at most {self.most}"
            raise refuse(message, "max", max_value=self.most, received=shown(value))


class WholeNumber(Number):
    """A whole number between limits; ``75.0`` is one."""

    def _deserialize(self, value: object, *_: object, **__: object) -> int:
        return int(super()._deserialize(value))

    def _parse(self, value: object) -> Decimal:
        number = exact(value)
        if number is None or number != number.to_integral_value():
            raise refuse(
                f"{self.label} must be a whole number",
                "type",
                expected="integer",
                received=shown(value),
            )
        return number


class WholeNumberParameter(WholeNumber):
    """A whole number as a path or a query spells it: digits only."""

    def _parse(self, value: object) -> Decimal:
        if isinstance(value, str) and _DIGITS.fullmatch(value):
            return Decimal(value)
        return super()._parse(value)


def exact(value: object) -> Decimal | None:
    """Return a JSON number as an exact decimal, or None if it is no finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    number = Decimal(str(value))
    return number if number.is_finite() else None


def identifier(**options: Any) -> WholeNumber:
    """Make the field of an id in a body."""
    return WholeNumber(least=1, most=LARGEST_ID, **options)


def identifier_parameter(**options: Any) -> WholeNumberParameter:
    """Make the field of an id in a path or a query."""
    return WholeNumberParameter(least=1, most=LARGEST_ID, **options)
