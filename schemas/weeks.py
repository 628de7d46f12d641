"""The rules of what is asked for by weeks and years."""

from schemas.fields import IntegerParameter, TimeZone, Week, about
from schemas.loading import Parameters
from schemas.profiles import MOST_WORKOUTS_A_WEEK
from schemas.stats import MOST_WEEKLY_SETS, WEEKLY_SETS_LEAST, WEEKLY_SETS_MOST
from schemas.workouts import EARLIEST_DAY

LAST_YEAR = 9999

DEFAULT_GOAL = 1
"""Workouts a week of whoever has set no goal."""


class CalendarQuery(Parameters):
    """Query of the calendar."""

    year = IntegerParameter(
        min_value=EARLIEST_DAY.year,
        max_value=LAST_YEAR,
        metadata=about("Which year; without it this year."),
    )


class WeeklySummaryQuery(Parameters):
    """Query of the summary of a week."""

    week = Week(
        first_year=EARLIEST_DAY.year,
        metadata=about("Which week, by ISO 8601; without it the running one."),
    )


class WeekToSummarise(Parameters):
    """Which week is to be summarised."""

    week = Week(first_year=EARLIEST_DAY.year, required=True)


class SettingsOfWeeks(Parameters):
    """What a user has set and their weeks depend on, as services are told it."""

    time_zone = TimeZone()
    weekly_goal = IntegerParameter(
        min_value=1, max_value=MOST_WORKOUTS_A_WEEK, load_default=DEFAULT_GOAL
    )
    least_sets = IntegerParameter(
        min_value=1, max_value=MOST_WEEKLY_SETS, load_default=WEEKLY_SETS_LEAST
    )
    most_sets = IntegerParameter(
        min_value=1, max_value=MOST_WEEKLY_SETS, load_default=WEEKLY_SETS_MOST
    )
