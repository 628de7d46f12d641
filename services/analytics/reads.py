"""SELECTs of what results show: one statement, and so one round trip, a result.

They are SQL and not SQLAlchemy Core: materialized CTEs and JSON arrays of columns take twice the
lines there, and SQL can be pasted into psql to look at its plan.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from schemas.measures import LIKELY_MEASURE, REP_TYPE_OF
from services.analytics.columns import exact, lifetime
from services.analytics.rules.changes import ProcessedWorkout
from services.analytics.rules.history import Lifetime
from services.analytics.rules.progress import Snapshot
from services.analytics.rules.set_bests import ESTIMATED
from services.analytics.tables import IS_CURRENT, ONLY_KIND
from services.transport.postgres.expressions import quoted, word_cases
from services.transport.postgres.statements import Fetch, Send, Statement

PATIENCE_MILLISECONDS = 50
"""How long a read waits for numbers that are being counted; after that the cache serves it."""

# The shared form of the lock that counting takes, so that reads do not wait for each other.
# lock_timeout is set for this transaction alone (the third argument).
_WAIT = Statement(
    f"""
    SELECT set_config('lock_timeout', '{PATIENCE_MILLISECONDS}', true),
           pg_advisory_xact_lock_shared(:user_id)
    """
)

_PROCESSED = Statement(
    """
    SELECT workout_id, version, date, duration_minutes, deleted
    FROM processed_workouts WHERE workout_id = ANY(CAST(:workout_ids AS bigint[]))
    """
)

_PROCESSED_IDS = Statement(
    "SELECT workout_id FROM processed_workouts WHERE user_id = :user_id AND NOT deleted"
)

# The kind (rep_type) of a user's exercise that is shown. Repetitions, seconds and metres are never
# added or compared, and the catalogue may correct an exercise's kind after sets were logged. It is
# the only kind that was logged, if that is known; else the one that the exercise has now, if
# anything was logged in it; else the one of its latest workout. It is decided at reading, so that a
# correction in the catalogue changes no row of any user (docs/data-model.md).
KIND = f"""
    coalesce(
        {ONLY_KIND},
        (SELECT f.rep_type WHERE EXISTS (
            SELECT FROM exercise_performance_history h
            WHERE h.user_id = s.user_id AND h.exercise_id = s.exercise_id
              AND h.rep_type = f.rep_type)),
        (SELECT h.rep_type FROM exercise_performance_history h
         WHERE h.user_id = s.user_id AND h.workout_id = s.last_workout_id
           AND h.exercise_id = s.exercise_id))
"""


_LIKELY = word_cases("kind", LIKELY_MEASURE)

# The measure that is shown, where kind is the kind that is: the one that the exercise has now,
# unless its kind is not shown.
MEASURE = f"coalesce(CASE kind WHEN kind_now THEN measure_now END, {_LIKELY})"

_NOT_ESTIMATED = [
    measure for measure, kind in REP_TYPE_OF.items() if kind == "count" and measure not in ESTIMATED
]

# MATERIALIZED: KIND is evaluated once, and not for each row that is compared with it. Numbers of
# other kinds are null instead of left out, since weights, volumes and sets count in any kind. What
# was lifted before a correction has no estimate if repetitions of the measure of now have none.
_HISTORY = Statement(
    f"""
    WITH whole AS MATERIALIZED (
        SELECT *, {MEASURE} NOT IN ({", ".join(map(quoted, _NOT_ESTIMATED))}) AS is_estimated
        FROM (
            SELECT s.*, coalesce(f.name, s.exercise_name) AS name, {ONLY_KIND} AS only_kind,
                {KIND} AS kind, {IS_CURRENT} AS is_current, f.rep_type AS kind_now,
                f.measure AS measure_now
            FROM exercise_stats s LEFT JOIN exercise_facts f USING (exercise_id)
            WHERE s.user_id = :user_id AND s.exercise_id = :exercise_id) k
    )
    SELECT
        (SELECT json_build_array(name, current_max_weight::text, lifetime_volume::text,
            lifetime_sets, lifetime_workouts, last_performed_date, last_workout_id, only_kind,
            last_started_at, is_current)
         FROM whole),
        (SELECT json_agg(json_build_array(workout_date, max_weight::text, total_volume::text,
            total_sets, CASE WHEN rep_type = (SELECT kind FROM whole) THEN total_reps::text END,
            rpe_sum::text, rpe_count, CASE WHEN (SELECT is_estimated FROM whole)
                THEN best_e1rm::text END, total_duration_seconds::text, total_distance_m::text))
         FROM exercise_performance_history
         WHERE user_id = :user_id AND exercise_id = :exercise_id
           AND workout_date >= coalesce(CAST(:since AS date), '-infinity'))
    """
)

_SNAPSHOTS = Statement(
    """
    SELECT period_start, total_workouts, total_volume, total_sets, total_exercises,
           total_minutes, timed_workouts
    FROM progress_snapshots
    WHERE user_id = :user_id AND period_type = :unit AND period_start >= :first
    """
)


class Performed(NamedTuple):
    """A performance with the columns that data points and trends use."""

    date: date
    best_weight_kg: Decimal | None
    total_volume: Decimal
    total_sets: int
    total_reps: Decimal | None
    """None if they are of another kind than the one that is shown."""

    rpe_sum: Decimal
    rpe_count: int
    best_e1rm: Decimal | None
    total_duration_seconds: Decimal | None
    total_distance_m: Decimal | None


class Outdated(Exception):
    """Exercises must be recounted before they are shown: the version before counted them."""

    def __init__(self, exercise_ids: list[int]):
        super().__init__(exercise_ids)
        self.exercise_ids = exercise_ids


def wait_for_counting(send: Send, user_id: int) -> None:
    """Wait until no transaction counts a user's workouts.

    Raises:
        LockNotAvailable: after :data:`PATIENCE_MILLISECONDS`.
    """
    send(_WAIT, user_id=user_id)


def processed(fetch: Fetch, workout_ids: Iterable[int]) -> dict[int, ProcessedWorkout]:
    """Return what is known of workouts, by their ids; unknown ones are left out."""
    found = fetch(_PROCESSED, workout_ids=list(workout_ids))
    return {workout_id: ProcessedWorkout(*values) for workout_id, *values in found}


def processed_ids(fetch: Fetch, user_id: int) -> set[int]:
    """Return the ids of a user's workouts that are known and not deleted."""
    return {workout_id for (workout_id,) in fetch(_PROCESSED_IDS, user_id=user_id)}


def history(
    fetch: Fetch, user_id: int, exercise_id: int, since: date | None
) -> tuple[Lifetime | None, list[Performed]]:
    """Return an exercise as a whole, None if it was never done, and its rows from a day on.

    Raises:
        Outdated: it must be recounted.
    """
    [(whole, rows)] = fetch(_HISTORY, user_id=user_id, exercise_id=exercise_id, since=since)
    if whole is None:
        return None, []
    *columns, is_current = whole
    if not is_current:
        raise Outdated([exercise_id])
    return lifetime(*columns), [_performed(*row) for row in rows or ()]


def snapshots_since(fetch: Fetch, user_id: int, unit: str, first: date) -> dict[date, Snapshot]:
    """Return a user's snapshots of weeks or months from a day on, by their first days."""
    found = fetch(_SNAPSHOTS, user_id=user_id, unit=unit, first=first)
    return {start: Snapshot(*values) for start, *values in found}


def _performed(
    day: str,
    weight: str | None,
    volume: str,
    sets: int,
    reps: str | None,
    rpe_sum: str,
    rpe_count: int,
    best_e1rm: str | None,
    duration_seconds: str | None,
    distance_m: str | None,
) -> Performed:
    return Performed(
        date.fromisoformat(day),
        exact(weight),
        Decimal(volume),
        sets,
        exact(reps),
        Decimal(rpe_sum),
        rpe_count,
        exact(best_e1rm),
        exact(duration_seconds),
        exact(distance_m),
    )
