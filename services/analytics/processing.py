"""Bringing the numbers up to date with one workout, in one transaction.

Whatever a workout touched, before and now, is counted anew from the history. Nothing is added or
subtracted, so the order in which workouts arrive, and how often, can't matter.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from sqlalchemy import Connection

from services.analytics import store
from services.analytics.history import lifetime
from services.analytics.metrics import exercise_metrics
from services.analytics.periods import period_end, period_start
from services.analytics.progress import snapshots
from services.analytics.records import personal_records

UNITS = ("week", "month")


def apply_workout(connection: Connection, workout: dict, again: bool = False) -> bool:
    """Bring the numbers up to date with a workout as it is now.

    Args:
        connection: inside a transaction.
        workout: whole, with ``rep_type`` in its exercises.
        again: also if this version was processed before.

    Returns:
        Whether anything was done: an older version than the known one changes nothing.
    """
    user_id, workout_id = workout["user_id"], workout["id"]
    store.lock_user(connection, user_id)
    known = store.processed(connection, [workout_id]).get(workout_id)
    if known and (known.deleted or known.version >= workout["version"] + again):
        return False
    touched = store.replace_performances(
        connection, user_id, workout_id, workout["date"], exercise_metrics(workout)
    )
    store.remember_workout(connection, workout)
    _count_exercises(connection, user_id, touched)
    days = {date.fromisoformat(workout["date"])}
    _count_periods(connection, user_id, days | ({known.date} if known else set()))
    return True


def apply_deletion(connection: Connection, workout_id: int, user_id: int) -> bool:
    """Bring the numbers up to date with a workout that is gone for good.

    Returns:
        Whether anything was done.
    """
    store.lock_user(connection, user_id)
    known = store.processed(connection, [workout_id]).get(workout_id)
    if known and known.deleted:
        return False
    touched = store.replace_performances(connection, user_id, workout_id, None, [])
    store.remember_deletion(connection, workout_id, user_id)
    _count_exercises(connection, user_id, touched)
    _count_periods(connection, user_id, {known.date} if known else set())
    return True


def _count_exercises(connection: Connection, user_id: int, exercise_ids: set[int]) -> None:
    if not exercise_ids:
        return
    rows_of = defaultdict(list)
    for row in store.performances(connection, user_id, exercise_ids):
        rows_of[row.exercise_id].append(row)
    store.replace_stats(connection, user_id, {key: lifetime(rows_of[key]) for key in exercise_ids})
    store.replace_records(
        connection, user_id, {key: personal_records(rows_of[key]) for key in exercise_ids}
    )


def _count_periods(connection: Connection, user_id: int, days: Iterable[date]) -> None:
    for unit, start in sorted({(unit, period_start(day, unit)) for day in days for unit in UNITS}):
        within = start, period_end(start, unit)
        counted = snapshots(
            store.workouts_between(connection, user_id, *within),
            store.performances_between(connection, user_id, *within),
            unit,
        )
        store.replace_snapshot(connection, user_id, unit, start, counted.get(start))
