"""SELECTs of what users did by days and weeks."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from services.analytics.columns import as_json
from services.analytics.muscle_reads import TrainedMuscles, trained_muscles_of
from services.analytics.reads import Outdated
from services.analytics.record_reads import shown_records_of
from services.analytics.rules.calendar import Day
from services.analytics.rules.muscles import Band, of_week
from services.analytics.rules.periods import period_end
from services.analytics.rules.progress import Snapshot
from services.analytics.rules.streaks import streak
from services.analytics.rules.weekly_summary import WEEKS_BEFORE, WeekRecord, weekly_summary
from services.transport.postgres.statements import Fetch, Statement

_CALENDAR = Statement(
    """
    SELECT date, w.workouts, w.minutes, coalesce(h.sets, 0)
    FROM (
        SELECT date, count(*) AS workouts, sum(duration_minutes)::bigint AS minutes
        FROM processed_workouts
        WHERE user_id = :user_id AND NOT deleted AND date BETWEEN :first AND :last
        GROUP BY date) w
    LEFT JOIN (
        SELECT workout_date AS date, sum(total_sets)::bigint AS sets
        FROM exercise_performance_history
        WHERE user_id = :user_id AND workout_date BETWEEN :first AND :last
        GROUP BY workout_date) h USING (date)
    """
)

_STREAK = Statement(
    """
    SELECT array_agg(period_start ORDER BY period_start) FILTER (WHERE total_workouts >= :goal),
        max(total_workouts) FILTER (WHERE period_start = :week)
    FROM progress_snapshots
    WHERE user_id = :user_id AND period_type = 'week' AND period_start <= :week
    """
)

_STATS = """
    SELECT s.* FROM trained CROSS JOIN LATERAL (
        SELECT * FROM exercise_stats e
        WHERE e.user_id = trained.user_id AND e.exercise_id = trained.exercise_id OFFSET 0) s
"""

# Of any number of users at once, each by indexes. A record of the week is one of an exercise that
# was done in the week, so no others are looked at.
_WEEK = Statement(
    f"""
    WITH given AS MATERIALIZED (
        SELECT * FROM json_to_recordset(CAST(:users AS json)) AS u (user_id bigint, goal integer)
    ), trained AS MATERIALIZED (
        SELECT DISTINCT h.user_id, h.exercise_id
        FROM given CROSS JOIN LATERAL (
            SELECT * FROM exercise_performance_history p
            WHERE p.user_id = given.user_id
              AND p.workout_date BETWEEN :week AND CAST(:week AS date) + 6 OFFSET 0) h
    ), {shown_records_of(_STATS)}, of_users AS MATERIALIZED (
        SELECT user_id,
            json_agg(json_build_array(exercise_id, name, kind, value::text, unit, achieved_date,
                workout_id)) FILTER (WHERE kind IS NOT NULL
                AND achieved_date BETWEEN :week AND CAST(:week AS date) + 6) AS records,
            array_agg(exercise_id) FILTER (WHERE kind IS NULL) AS outdated
        FROM shown GROUP BY user_id
    )
    SELECT given.user_id, w.snapshots, w.met, r.records, r.outdated
    FROM given
    CROSS JOIN LATERAL (
        SELECT
            json_agg(json_build_array(period_start, total_workouts, total_volume::text, total_sets,
                total_exercises, total_minutes, timed_workouts)) FILTER (
                WHERE period_start >= CAST(:week AS date) - 7 * {WEEKS_BEFORE}) AS snapshots,
            array_agg(period_start ORDER BY period_start) FILTER (
                WHERE total_workouts >= given.goal) AS met
        FROM progress_snapshots p
        WHERE p.user_id = given.user_id AND period_type = 'week' AND period_start <= :week) w
    LEFT JOIN of_users r ON r.user_id = given.user_id
    """
)


class Settings(NamedTuple):
    """What a user has set: workouts a week, and sets a week and muscle."""

    goal: int
    band: Band


class WeekOfUser(NamedTuple):
    """What the summary of a week is made from.

    ``snapshots`` are those of the week and of the weeks before that it is compared with, by their
    Mondays; ``met`` are the Mondays up to then that met the goal, oldest first; ``records`` are of
    the week. ``outdated`` are exercises of the week that must be recounted first.
    """

    snapshots: dict[date, Snapshot]
    met: list[date]
    records: list[WeekRecord]
    outdated: list[int]
    trained: TrainedMuscles

    def summary(self, week: date, is_running: bool, settings: Settings) -> dict[str, Any]:
        """Return the summary of the week.

        Args:
            week: its Monday.
            is_running: whether it has not ended yet.
            settings: the user's.
        """
        muscles = of_week(self.trained.trained, self.trained.muscles_of, settings.band)
        up_to_week = streak(self.met, week, is_running)
        return weekly_summary(
            week, is_running, settings.goal, self.snapshots, muscles, self.records, up_to_week
        )


NOTHING = WeekOfUser({}, [], [], [], TrainedMuscles([], {}))


def days(fetch: Fetch, user_id: int, first: date, last: date) -> list[Day]:
    """Return the days from one to another that have a workout, in any order."""
    rows = fetch(_CALENDAR, user_id=user_id, first=first, last=last)
    return [Day(*row) for row in rows]


def weeks_that_met(fetch: Fetch, user_id: int, week: date, goal: int) -> tuple[list[date], int]:
    """Return the Mondays up to a week that met a goal, oldest first, and that week's workouts."""
    [(met, workouts)] = fetch(_STREAK, user_id=user_id, week=week, goal=goal)
    return met or [], workouts or 0


def weeks_of_users(
    fetch: Fetch, week: date, settings: Mapping[int, Settings]
) -> dict[int, WeekOfUser]:
    """Return what the summaries of a week are made from, by the ids of the users.

    Args:
        fetch: runs a statement.
        week: its Monday.
        settings: of each user, by their ids.
    """
    users = as_json({"user_id": user_id, "goal": each.goal} for user_id, each in settings.items())
    trained = trained_muscles_of(fetch, settings.keys(), week, period_end(week, "week"))
    return {
        user_id: WeekOfUser(
            _snapshots(snapshots or ()),
            met or [],
            [_record(*columns) for columns in records or ()],
            outdated or [],
            trained[user_id],
        )
        for user_id, snapshots, met, records, outdated in fetch(_WEEK, users=users, week=week)
    }


def week_of_user(fetch: Fetch, user_id: int, week: date, settings: Settings) -> WeekOfUser:
    """Return the same of one user.

    Raises:
        Outdated: some exercises must be recounted.
    """
    found = weeks_of_users(fetch, week, {user_id: settings})[user_id]
    if found.outdated:
        raise Outdated(found.outdated)
    return found


def _snapshots(rows: Iterable[list[Any]]) -> dict[date, Snapshot]:
    return {
        date.fromisoformat(monday): Snapshot(workouts, Decimal(volume), *others)
        for monday, workouts, volume, *others in rows
    }


def _record(
    exercise_id: int, name: str, kind: str, value: str, unit: str, day: str, workout_id: int
) -> WeekRecord:
    return WeekRecord(
        exercise_id, name, kind, Decimal(value), unit, date.fromisoformat(day), workout_id
    )
