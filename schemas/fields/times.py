"""Fields of moments and time zones."""

from datetime import date

from schemas.constraints import excerpt, validation_error
from schemas.fields.base import BaseField
from schemas.instants import Instant, is_time_zone


class Moment(BaseField):
    """A date and time in ISO 8601 with an offset, or Z; loads as an :class:`Instant`.

    Blank text is null.

    Args:
        earliest: the first local day that is allowed.
    """

    def __init__(self, *, earliest: date, **options: object):
        super().__init__(**options)
        self.earliest = earliest

    def _deserialize(self, value: object, *_: object, **__: object) -> Instant | None:
        text = self._require_text(value).strip()
        if not text:
            return None
        moment = Instant.parse(text)
        if moment is None:
            raise validation_error(
                f"{self.label} must be a date and time with an offset "
                "(2025-02-16T18:30:00+01:00, or Z for UTC)",
                "date_time",
                received=excerpt(value),
            )
        if moment.day_in(None) < self.earliest:
            raise validation_error(
                f"{self.label} must not be before {self.earliest}",
                "min",
                min_value=self.earliest.isoformat(),
                received=excerpt(value),
            )
        return moment


class TimeZone(BaseField):
    """The name of a time zone, as the IANA database has it; an empty one is null."""

    EXAMPLE = "Europe/Berlin"

    def _deserialize(self, value: object, *_: object, **__: object) -> str | None:
        name = self._require_text(value).strip()
        if not name:
            return None
        if not is_time_zone(name):
            # the 600 allowed ones are not listed, as in other errors of this constraint
            raise validation_error(
                f"{self.label} must be the IANA name of a time zone, such as {self.EXAMPLE}",
                "one_of",
                received=excerpt(value),
            )
        return name
