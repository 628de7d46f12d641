"""What recounting reads: rows of the stored history, and the workouts of periods."""

from collections.abc import Iterable

from services.analytics.columns import as_json, exercise_columns, period_columns
from services.analytics.rules.changes import Change, ExerciseKey, PeriodKey, ProcessedWorkout
from services.analytics.rules.metrics import HistoryRow
from services.analytics.tables import IS_CURRENT
from services.transport.postgres.statements import Fetch, Statement

_ROW = """
    h.user_id, h.workout_id, h.workout_date, h.exercise_id, h.exercise_name, h.rep_type,
    h.max_weight, h.best_weight, h.best_weight_unit, h.most_reps, h.total_volume, h.total_sets,
    h.total_reps, h.rpe_sum, h.rpe_count
"""

_ROW_WITH_SETS = f"""
    {_ROW}, h.raw_sets, h.measure, h.started_at, h.counted_at IS NOT NULL
"""

# OFFSET 0 keeps PostgreSQL from turning LATERAL into a join, for the reason that counting_reads has
_ROWS_OF_WORKOUTS = Statement(
    f"""
    SELECT {_ROW_WITH_SETS}
    FROM json_to_recordset(CAST(:workouts AS json)) AS k (user_id bigint, workout_id bigint)
    CROSS JOIN LATERAL (
        SELECT * FROM exercise_performance_history p
        WHERE p.user_id = k.user_id AND p.workout_id = k.workout_id OFFSET 0) h
    """
)

_ROWS_OF_EXERCISES = Statement(
    f"""
    SELECT {_ROW_WITH_SETS}
    FROM json_to_recordset(CAST(:exercises AS json)) AS k (user_id bigint, exercise_id bigint)
    CROSS JOIN LATERAL (
        SELECT * FROM exercise_performance_history p
        WHERE p.user_id = k.user_id AND p.exercise_id = k.exercise_id OFFSET 0) h
    """
)

_ROWS_OF_SOME = Statement(
    f"""
    SELECT {_ROW_WITH_SETS} FROM exercise_performance_history h
    WHERE h.user_id = :user_id AND h.workout_id = ANY(CAST(:workout_ids AS bigint[]))
      AND h.exercise_id = ANY(CAST(:exercise_ids AS bigint[]))
    """
)

_OUTDATED = Statement(
    f"""
    SELECT k.user_id, k.exercise_id
    FROM json_to_recordset(CAST(:exercises AS json)) AS k (user_id bigint, exercise_id bigint)
    WHERE NOT (
        SELECT {IS_CURRENT} FROM exercise_stats s
        WHERE s.user_id = k.user_id AND s.exercise_id = k.exercise_id)
    """
)

_PERIODS = """
    json_to_recordset(CAST(:periods AS json)) AS k (
        user_id bigint, period_start date, period_end date)
"""

_ROWS_IN = Statement(
    f"""
    SELECT {_ROW} FROM {_PERIODS}
    CROSS JOIN LATERAL (
        SELECT * FROM exercise_performance_history p
        WHERE p.user_id = k.user_id
          AND p.workout_date BETWEEN k.period_start AND k.period_end OFFSET 0) h
    """
)

_WORKOUTS_IN = Statement(
    f"""
    SELECT w.workout_id, w.user_id, w.version, w.date, w.duration_minutes, w.deleted
    FROM {_PERIODS}
    CROSS JOIN LATERAL (
        SELECT * FROM processed_workouts p
        WHERE p.user_id = k.user_id AND NOT p.deleted
          AND p.date BETWEEN k.period_start AND k.period_end OFFSET 0) w
    """
)


def rows_of_workouts(fetch: Fetch, changes: Iterable[Change]) -> list[HistoryRow]:
    """Return the rows of workouts as they are stored, with their ``raw_sets``."""
    keys = ({"user_id": change.user_id, "workout_id": change.workout_id} for change in changes)
    return _rows(fetch(_ROWS_OF_WORKOUTS, workouts=as_json(keys)))


def rows_of_exercises(fetch: Fetch, exercises: Iterable[ExerciseKey]) -> list[HistoryRow]:
    """Return the whole histories of exercises as they are stored, with their ``raw_sets``."""
    keys = as_json(exercise_columns(key) for key in exercises)
    return _rows(fetch(_ROWS_OF_EXERCISES, exercises=keys))


def rows_of_some(
    fetch: Fetch, user_id: int, exercise_ids: Iterable[int], workout_ids: Iterable[int]
) -> list[HistoryRow]:
    """Return the rows of exercises in some workouts of a user, with their ``raw_sets``."""
    wanted = {"exercise_ids": [*exercise_ids], "workout_ids": [*workout_ids]}
    return _rows(fetch(_ROWS_OF_SOME, user_id=user_id, **wanted))


def outdated(fetch: Fetch, exercises: Iterable[ExerciseKey]) -> set[ExerciseKey]:
    """Return those exercises that the version before has counted."""
    found = fetch(_OUTDATED, exercises=as_json(map(exercise_columns, exercises)))
    return {(user_id, exercise_id) for user_id, exercise_id in found}


def rows_in(fetch: Fetch, periods: Iterable[PeriodKey]) -> list[HistoryRow]:
    """Return the rows of the history in weeks and months, each once, without ``raw_sets``."""
    found = _rows(fetch(_ROWS_IN, periods=as_json(map(period_columns, periods))))
    return list({(row.workout_id, row.exercise_id): row for row in found}.values())


def workouts_in(
    fetch: Fetch, periods: Iterable[PeriodKey]
) -> dict[int, tuple[int, ProcessedWorkout]]:
    """Return the user and the state of each workout in weeks and months, by their ids."""
    found = fetch(_WORKOUTS_IN, periods=as_json(map(period_columns, periods)))
    return {
        workout_id: (user_id, ProcessedWorkout(*values)) for workout_id, user_id, *values in found
    }


def _rows(found: Iterable[tuple]) -> list[HistoryRow]:
    return [HistoryRow(*values) for values in found]
