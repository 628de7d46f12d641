"""The part of the analytics service that shows users' days and weeks."""

from datetime import UTC, datetime
from typing import Any

from schemas.errors import NotFound
from schemas.loading import load
from schemas.pages import checked_user
from schemas.weeks import CalendarQuery, SettingsOfWeeks, WeeklySummaryQuery
from services.analytics.cached_weeks import CachedWeeks
from services.analytics.counting import CountedWorkouts
from services.analytics.muscle_methods import checked_band
from services.dependencies.cache import Cache
from services.dependencies.database import Database
from services.dependencies.rpc import rpc

CALENDAR_QUERY = CalendarQuery()
SUMMARY_QUERY = WeeklySummaryQuery()
SETTINGS = SettingsOfWeeks()


class WeekMethods:
    """Serves the calendar, the streak and the summaries of weeks.

    Weeks are those of ISO 8601, from Monday to Sunday, and have the workouts whose dates are in
    them. The user's time zone only says which day it is.
    """

    database: Database
    cache: Cache
    counted: CountedWorkouts

    @rpc
    def calendar(
        self, user_id: int, year: int | None = None, time_zone: str | None = None
    ) -> dict[str, Any]:
        """Return what a user did on each day of a year (``rules/calendar.py``).

        Args:
            user_id: an integer from 1.
            year: 1900 to 9999; None is the year that it is where the user is.
            time_zone: where the user is, by the IANA name of the zone; None is UTC.

        Returns:
            ``{"year", "days": [{"date", "workouts", "sets", "minutes"}]}``: the days that have a
            workout, the first one first. Warm-ups are no sets. ``minutes`` is the sum over the
            workouts that have a duration, None if none has.

        Raises:
            InvalidParameter: a value is not allowed.
            ServiceUnavailable: the database is away.

        Example:
            ``n.rpc.analytics.calendar(1, 2026)``
        """
        query = load(CALENDAR_QUERY, {"year": year})
        user_id = checked_user(user_id)
        return self._weeks(time_zone).calendar(user_id, query.get("year"))

    @rpc
    def streak(
        self, user_id: int, time_zone: str | None = None, weekly_goal: int | None = None
    ) -> dict[str, Any]:
        """Return for how many weeks in a row a user has met the goal (``rules/streaks.py``).

        Args:
            user_id: an integer from 1.
            time_zone: where the user is, by the IANA name of the zone; None is UTC.
            weekly_goal: workouts a week, 1 to 21; None is 1. It holds for all weeks.

        Returns:
            ``{"weekly_goal", "current", "current_since", "longest", "longest_since", "this_week":
            {"week", "workouts", "is_met"}}``. ``current`` and ``longest`` count weeks;
            ``current_since`` and ``longest_since`` are the first of these (``"2026-W40"``), None
            for none. The running week adds one as soon as it has met the goal, and ends no streak
            before.

        Raises:
            InvalidParameter: a value is not allowed.
            ServiceUnavailable: the database is away.

        Example:
            ``n.rpc.analytics.streak(1, "Europe/Berlin", 3)``
        """
        return self._weeks(time_zone, weekly_goal).streak(checked_user(user_id))

    @rpc
    def weekly_summary(
        self,
        user_id: int,
        week: str | None = None,
        time_zone: str | None = None,
        weekly_goal: int | None = None,
        least_sets: int | None = None,
        most_sets: int | None = None,
    ) -> dict[str, Any]:
        """Return what a week of a user was, from the numbers of now (``rules/weekly_summary.py``).

        Args:
            user_id: an integer from 1.
            week: ``"2026-W48"``; None is the one that is running where the user is.
            time_zone: where the user is, by the IANA name of the zone; None is UTC.
            weekly_goal: workouts a week, 1 to 21; None is 1.
            least_sets: the sets a week and muscle that the user aims at, 1 to 100; None is 10.
            most_sets: likewise at most; None is 20.

        Returns:
            ``{"week", "start", "end", "is_running", "workouts": {"value", "goal", "is_met",
            "previous", "mean_of_four"}, "volume": {"value" (kg), "previous", "mean_of_four"},
            "sets": {...}, "minutes": {...}, "muscles": [as from ``muscles``], "records":
            [{"exercise_id", "exercise_name", "kind", "value", "unit", "achieved_date",
            "workout_id"}], "streak": {"current", "longest"}}``.
            ``previous`` is of the week before, ``mean_of_four`` of the four weeks before, where
            one without training counts as 0. Numbers are rounded to 2 decimals, and warm-ups
            count nowhere. ``records`` were achieved in the week and still stand, by exercise id,
            at most 500; the kinds are those of ``personal_records``. ``streak`` is in weeks, up
            to this one.

        Raises:
            InvalidParameter: a value is not allowed.
            NotFound: the week has not begun, or has ended without a workout.
            ServiceUnavailable: the database is away.

        Example:
            ``n.rpc.analytics.weekly_summary(1, "2026-W48", "Europe/Berlin", 3)``
        """
        query = load(SUMMARY_QUERY, {"week": week})
        user_id = checked_user(user_id)
        weeks = self._weeks(time_zone, weekly_goal, least_sets, most_sets)
        found = weeks.summary(user_id, query.get("week"))
        if found is None:
            raise NotFound("There was no training in that week")
        return found

    def _weeks(
        self,
        time_zone: str | None,
        weekly_goal: int | None = None,
        least_sets: int | None = None,
        most_sets: int | None = None,
    ) -> CachedWeeks:
        of_muscles = {"least_sets": least_sets, "most_sets": most_sets}
        asked = load(SETTINGS, {"time_zone": time_zone, "weekly_goal": weekly_goal, **of_muscles})
        return CachedWeeks(
            self.database,
            self.cache,
            self.counted,
            datetime.now(UTC),
            asked.get("time_zone"),
            asked["weekly_goal"],
            checked_band(asked),
        )
