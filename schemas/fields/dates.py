"""Fields of dates."""

import re
from datetime import date
from typing import Any

from schemas.constraints import excerpt, validation_error
from schemas.fields.base import BaseField

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class Day(BaseField):
    """A date, ``YYYY-MM-DD``."""

    def __init__(self, *, earliest: date | None = None, **options: Any):
        super().__init__(**options)
        self.earliest = earliest

    def _deserialize(self, value: object, *_: object, **__: object) -> date:
        if not isinstance(value, str):
            raise validation_error(
                f"{self.label} must be a date (YYYY-MM-DD)",
                "type",
                expected="string",
                received=excerpt(value),
            )
        day = self._parse(value.strip())
        if self.earliest is not None and day < self.earliest:
            raise validation_error(
                f"{self.label} must not be before {self.earliest}",
                "min",
                min_value=self.earliest.isoformat(),
                received=excerpt(value),
            )
        return day

    def _parse(self, text: str) -> date:
        try:
            if _DAY.fullmatch(text):
                return date.fromisoformat(text)
        except ValueError:
            pass
        message = f"{self.label} must be a date (YYYY-MM-DD)"
        raise validation_error(message, "date", received=excerpt(text))
