"""ISO weeks, from Monday to Sunday, and which of them is running where somebody is."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from services.analytics.rules.periods import period_start

WEEK = timedelta(weeks=1)


def week_name(monday: date) -> str:
    """Return the name of a week by ISO 8601, such as ``2026-W48``."""
    year, number, _ = monday.isocalendar()
    return f"{year:04}-W{number:02}"


def monday_of(name: str) -> date:
    """Return the first day of a week by its name."""
    year, number = name.split("-W")
    return date.fromisocalendar(int(year), int(number), 1)


def local_day(now: datetime, time_zone: str | None) -> date:
    """Return which day it is in a time zone; UTC is where none is known."""
    return now.astimezone(UTC if time_zone is None else ZoneInfo(time_zone)).date()


def running_week(today: date) -> date:
    """Return the Monday of the week that a day is in."""
    return period_start(today, "week")
