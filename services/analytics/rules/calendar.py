"""The calendar: what was done on each day of a year."""

from collections.abc import Iterable
from datetime import date
from typing import Any, NamedTuple


class Day(NamedTuple):
    """A day with a workout.

    ``minutes`` are those of its workouts that have a duration, None if none has.
    """

    date: date
    workouts: int
    minutes: int | None
    sets: int


def shown_calendar(year: int, days: Iterable[Day]) -> dict[str, Any]:
    """Return a year as results have it, the first day first."""
    return {
        "year": year,
        "days": [
            {
                "date": day.date.isoformat(),
                "workouts": day.workouts,
                "sets": day.sets,
                "minutes": day.minutes,
            }
            for day in sorted(days)
        ],
    }
