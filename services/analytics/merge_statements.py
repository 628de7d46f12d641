"""What merging exercises reads and writes besides what recounting does."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from services.analytics.columns import as_json, period_columns
from services.analytics.rules.changes import PeriodKey
from services.analytics.tables import place
from services.transport.postgres.statements import Fetch, Send, Statement


class Merge(NamedTuple):
    """An exercise of a user that is another one from now on."""

    user_id: int
    exercise_id: int
    into: int


_HAS_ROWS = Statement(
    """
    SELECT EXISTS (SELECT FROM exercise_performance_history
        WHERE user_id = :user_id AND exercise_id = :exercise_id)
    """
)

_NAME = Statement("SELECT name FROM exercise_facts WHERE exercise_id = :into")

# OFFSET 0 keeps EXISTS from becoming a join, for the reason that counting_reads has
_ROWS_TO_MERGE = Statement(
    """
    SELECT h.workout_id, EXISTS (
        SELECT FROM exercise_performance_history other
        WHERE other.user_id = h.user_id AND other.workout_id = h.workout_id
          AND other.exercise_id = :into OFFSET 0)
    FROM exercise_performance_history h
    WHERE h.user_id = :user_id AND h.exercise_id = :exercise_id ORDER BY h.workout_id
    """
)

_MOVE = Statement(
    """
    UPDATE exercise_performance_history
    SET exercise_id = :into, exercise_name = coalesce(:name, exercise_name)
    WHERE user_id = :user_id AND workout_id = ANY(CAST(:workout_ids AS bigint[]))
      AND exercise_id = :exercise_id
    """
)

_DONE_IN = """
    (SELECT true FROM exercise_performance_history h
     WHERE h.user_id = s.user_id AND h.exercise_id = :%s
       AND h.workout_date BETWEEN s.period_start AND s.period_end LIMIT 1)
"""

_SHARED_PERIODS = Statement(
    f"""
    SELECT period_type, period_start FROM progress_snapshots s
    WHERE s.user_id = :user_id AND {_DONE_IN % "exercise_id"} AND {_DONE_IN % "into"}
    ORDER BY period_start
    """
)

_IN_ORDER = Statement(
    f"""
    SELECT h.workout_id FROM exercise_performance_history h
    WHERE h.user_id = :user_id AND h.exercise_id = :into ORDER BY {place("h")}
    """
)

# by PostgreSQL, as all rows of a period are summed up, also those of other exercises
_COUNT_PERIODS = Statement(
    """
    UPDATE progress_snapshots s
    SET total_volume = h.volume, total_sets = h.sets, total_exercises = h.exercises,
        updated_at = now()
    FROM json_to_recordset(CAST(:periods AS json)) AS k (
        user_id bigint, period_type text, period_start date, period_end date)
    CROSS JOIN LATERAL (
        SELECT sum(p.total_volume) AS volume, sum(p.total_sets) AS sets,
            count(DISTINCT p.exercise_id) AS exercises
        FROM exercise_performance_history p
        WHERE p.user_id = k.user_id
          AND p.workout_date BETWEEN k.period_start AND k.period_end) h
    WHERE s.user_id = k.user_id AND s.period_type = k.period_type
      AND s.period_start = k.period_start
    """
)


def has_rows(fetch: Fetch, merge: Merge) -> bool:
    """Return whether the history still has rows of the exercise that is another one now."""
    [(found,)] = fetch(_HAS_ROWS, user_id=merge.user_id, exercise_id=merge.exercise_id)
    return found


def name(fetch: Fetch, merge: Merge) -> str | None:
    """Return the name of the exercise that rows get, if it is known."""
    rows = fetch(_NAME, into=merge.into)
    return rows[0][0] if rows else None


def rows_to_merge(fetch: Fetch, merge: Merge) -> list[tuple[int, bool]]:
    """Return the workouts of the rows, and whether each has a row of the other exercise, too."""
    return [(key, has_both) for key, has_both in fetch(_ROWS_TO_MERGE, **merge._asdict())]


def move(send: Send, merge: Merge, name: str | None, workout_ids: Sequence[int]) -> None:
    """Make rows those of the other exercise, of which these workouts have none."""
    send(_MOVE, **merge._asdict(), name=name, workout_ids=[*workout_ids])


def shared_periods(fetch: Fetch, merge: Merge) -> list[PeriodKey]:
    """Return the weeks and months in which both exercises were done."""
    found: list[tuple[str, date]] = fetch(_SHARED_PERIODS, **merge._asdict())
    return [(merge.user_id, unit, start) for unit, start in found]


def workouts_in_order(fetch: Fetch, merge: Merge) -> list[int]:
    """Return the workouts of the other exercise, in order of the history."""
    return [key for (key,) in fetch(_IN_ORDER, user_id=merge.user_id, into=merge.into)]


def count_periods(send: Send, periods: Iterable[PeriodKey]) -> None:
    """Sum up the rows in weeks and months, whose workouts are the same as before."""
    send(_COUNT_PERIODS, periods=as_json(map(period_columns, periods)))
