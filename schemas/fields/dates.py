"""Fields of dates and weeks."""

import re
from datetime import date
from typing import Any

from schemas.constraints import excerpt, validation_error
from schemas.fields.base import BaseField

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_WEEK = re.compile(r"(\d{4})-W(\d{2})", re.ASCII)


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


class Week(BaseField):
    """The name of a week by ISO 8601, ``2026-W48``; loads as that text.

    Args:
        first_year: the year of the first week that is allowed.
    """

    def __init__(self, *, first_year: int, **options: Any):
        super().__init__(**options)
        self.first_year = first_year

    def _deserialize(self, value: object, *_: object, **__: object) -> str:
        name = self._require_text(value).strip()
        found = _WEEK.fullmatch(name)
        if found is None or not _is_week(*map(int, found.groups())):
            raise validation_error(
                f"{self.label} must be a week of ISO 8601 (2026-W48)",
                "week",
                received=excerpt(value),
            )
        if int(found[1]) < self.first_year:
            raise validation_error(
                f"{self.label} must not be before {self.first_year}-W01",
                "min",
                min_value=f"{self.first_year}-W01",
                received=excerpt(value),
            )
        return name


def _is_week(year: int, number: int) -> bool:
    try:
        date.fromisocalendar(year, number, 1)
    except ValueError:
        return False
    return True
