"""Which week is the last that has ended, in each time zone."""

from collections.abc import Iterable
from datetime import date, datetime

from schemas.instants import is_time_zone
from services.analytics.rules.weeks import WEEK, local_day, running_week


def last_ended_week(now: datetime, time_zone: str | None) -> date:
    """Return the Monday of the last week that has ended; UTC is where no zone is known."""
    known = time_zone if time_zone and is_time_zone(time_zone) else None
    return running_week(local_day(now, known)) - WEEK


def zones_by_week(now: datetime, time_zones: Iterable[str]) -> dict[date, list[str]]:
    """Return the zones in which each week is the last that has ended: one week, or two."""
    found: dict[date, list[str]] = {}
    for time_zone in time_zones:
        found.setdefault(last_ended_week(now, time_zone), []).append(time_zone)
    return found
