"""Results about a user's days and weeks, read through the cache."""

from datetime import date, datetime
from typing import Any

from services.analytics import week_reads
from services.analytics.cached_reads import OTHER_SECONDS, CachedReads, is_there
from services.analytics.counting import CountedWorkouts
from services.analytics.rules.calendar import shown_calendar
from services.analytics.rules.muscles import Band
from services.analytics.rules.streaks import shown_streak, streak
from services.analytics.rules.weeks import local_day, monday_of, running_week, week_name
from services.dependencies.cache import Cache
from services.dependencies.database import Database
from services.transport.postgres.statements import Fetch


class CachedWeeks(CachedReads):
    """Results from analytics' database and cache, as of today where the user is.

    Settings and the running week are in the keys of what depends on them.

    Args:
        database: analytics' own.
        cache: holds results under generations.
        counted: whose numbers this process is counting.
        now: the moment.
        time_zone: where the user is; None is UTC.
        weekly_goal: workouts a week.
        band: the sets a week and muscle that are aimed at.
    """

    def __init__(
        self,
        database: Database,
        cache: Cache,
        counted: CountedWorkouts,
        now: datetime,
        time_zone: str | None,
        weekly_goal: int,
        band: Band,
    ):
        super().__init__(database, cache, counted, local_day(now, time_zone))
        self.goal = weekly_goal
        self.band = band
        self.running = running_week(self.today)

    def calendar(self, user_id: int, year: int | None) -> dict[str, Any]:
        """Return the days of a year, by default this one, that have a workout."""
        of_year = year or self.today.year
        first, last = date(of_year, 1, 1), date(of_year, 12, 31)

        def read(fetch: Fetch) -> dict[str, Any] | None:
            days = week_reads.days(fetch, user_id, first, last)
            return shown_calendar(of_year, days) if days or is_there(fetch, user_id) else None

        key = f"analytics:user:{user_id}:calendar:{of_year}"
        found = self._cached(user_id, key, OTHER_SECONDS, read)
        return found or shown_calendar(of_year, [])

    def streak(self, user_id: int) -> dict[str, Any]:
        """Return the weeks in a row that met the goal."""

        def shown(met: list[date], workouts: int) -> dict[str, Any]:
            found = streak(met, self.running, is_running=True)
            return shown_streak(found, self.goal, self.running, workouts)

        def read(fetch: Fetch) -> dict[str, Any] | None:
            met, workouts = week_reads.weeks_that_met(fetch, user_id, self.running, self.goal)
            return shown(met, workouts) if met or is_there(fetch, user_id) else None

        key = f"analytics:user:{user_id}:streak:{week_name(self.running)}:{self.goal}"
        return self._cached(user_id, key, OTHER_SECONDS, read) or shown([], 0)

    def summary(self, user_id: int, week: str | None) -> dict[str, Any] | None:
        """Return the summary of a week, by default the running one.

        None is returned if the week has not begun, or has ended without a workout.
        """
        monday = monday_of(week) if week else self.running
        if monday > self.running:
            return None
        is_running = monday == self.running

        settings = week_reads.Settings(self.goal, self.band)

        def read(fetch: Fetch) -> dict[str, Any] | None:
            found = week_reads.week_of_user(fetch, user_id, monday, settings)
            if monday in found.snapshots or (is_running and is_there(fetch, user_id)):
                return found.summary(monday, is_running, settings)
            return None

        weeks = f"{week_name(monday)}:{week_name(self.running)}"
        name = f"{weeks}:{self.goal}:{self.band.least}-{self.band.most}"
        key = f"analytics:user:{user_id}:weekly_summary:{name}"
        found = self._cached(user_id, key, OTHER_SECONDS, read)
        if found is None and is_running:
            return week_reads.NOTHING.summary(monday, is_running, settings)
        result: dict[str, Any] | None = found
        return result
