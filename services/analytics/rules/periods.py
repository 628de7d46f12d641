"""Days, ISO weeks and months of the calendar."""

from calendar import monthrange
from datetime import date, timedelta


def period_start(day: date, unit: str) -> date:
    """Return the first day of the ``day``, ``week`` (a Monday) or ``month`` that a day is in."""
    if unit == "week":
        return day - timedelta(days=day.weekday())
    if unit == "month":
        return day.replace(day=1)
    return day


def period_end(start: date, unit: str) -> date:
    """Return the last day of the period that begins on a day."""
    if unit == "week":
        return start + timedelta(days=6)
    if unit == "month":
        return start.replace(day=_length_of_month(start))
    return start


def period_starts(count: int, unit: str, today: date) -> list[date]:
    """Return the first days of this week or month and those before it, oldest first."""
    current = period_start(today, unit)
    if unit == "month":
        return [months_before(current, back) for back in reversed(range(count))]
    return [current - timedelta(weeks=back) for back in reversed(range(count))]


def months_before(day: date, months: int) -> date:
    """Return the same day of the month so many months ago, or that month's last if it has none."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    first = date(year, month + 1, 1)
    return first.replace(day=min(day.day, _length_of_month(first)))


def _length_of_month(day: date) -> int:
    return monthrange(day.year, day.month)[1]
