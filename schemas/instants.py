"""Instants as clients send them: with an offset from UTC, which responses repeat."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

_SHAPE = re.compile(
    r"(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})(:\d{2})?(?:[.,]\d+)?(?:(Z)|([+-])(\d{2}):?([0-5]\d)?)",
    re.ASCII,
)

# the zone of the machine, and one that stands for none
_NO_PLACES = {"localtime", "Factory"}

_MARGIN = timedelta(days=2)
"""How far an instant stays from the ends of the calendar, so that every zone has a day for it."""


@dataclass(frozen=True)
class Instant:
    """A moment to the second, and the offset that it was sent with.

    Attributes:
        at: the moment, in UTC.
        offset_minutes: east of UTC; None if it was sent in UTC, with a ``Z``.
    """

    at: datetime
    offset_minutes: int | None = None

    @classmethod
    def parse(cls, text: str) -> "Instant | None":
        """Read an instant in ISO 8601, such as ``2025-02-16T18:30:00+01:00``.

        Fractions of a second are cut off, and seconds may be missing.

        Returns:
            None if the text is none, or has no offset.
        """
        found = _SHAPE.fullmatch(text)
        if found is None:
            return None
        day, time, seconds, utc, sign, hours, minutes = found.groups()
        offset = None if utc else _minutes(sign, hours, minutes)
        try:
            local = datetime.fromisoformat(f"{day}T{time}{seconds or ':00'}")
            if not datetime.min + _MARGIN <= local <= datetime.max - _MARGIN:
                return None
            return cls(local.replace(tzinfo=_zone_at(offset)).astimezone(UTC), offset)
        except (ValueError, OverflowError):
            return None

    def __str__(self) -> str:
        """Return the instant as it was sent."""
        local = self.at.astimezone(_zone_at(self.offset_minutes)).replace(tzinfo=None)
        if self.offset_minutes is None:
            return f"{local.isoformat()}Z"
        hours, minutes = divmod(abs(self.offset_minutes), 60)
        sign = "-" if self.offset_minutes < 0 else "+"
        return f"{local.isoformat()}{sign}{hours:02}:{minutes:02}"

    def __add__(self, span: timedelta) -> "Instant":
        """Return the instant so much later, with the same offset."""
        return Instant(self.at + span, self.offset_minutes)

    def day_in(self, time_zone: str | None) -> date:
        """Return the local day: in a time zone of :func:`is_time_zone`, or (None) by the offset."""
        zone = ZoneInfo(time_zone) if time_zone else _zone_at(self.offset_minutes)
        return self.at.astimezone(zone).date()


def is_time_zone(name: str) -> bool:
    """Return whether this is the name of a zone in the IANA time zone database."""
    return name in _time_zones()


@cache
def _time_zones() -> frozenset[str]:
    # finding them all reads some 600 files, once
    return frozenset(available_timezones() - _NO_PLACES)


def _minutes(sign: str, hours: str, minutes: str | None) -> int | None:
    offset = int(hours) * 60 + int(minutes or 0)
    if sign == "-" and not offset:
        # RFC 3339: -00:00 is UTC without a local offset, as Z is
        return None
    return -offset if sign == "-" else offset


def _zone_at(offset_minutes: int | None) -> timezone:
    return timezone(timedelta(minutes=offset_minutes or 0))
