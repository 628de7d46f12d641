"""Private exercises in workouts: whose they are, and that none is deleted while it is logged.

The exercises service has them. It deletes one only after :func:`retire`, which counts the workouts
that use it and, if there are none, keeps it from ever being logged. A workout with one is written
behind :func:`hold`. The two exclude each other by a lock, so either the workout is counted, or it
is refused; what the exercises service answered before then does not matter.
"""

from collections.abc import Callable, Iterable
from typing import Any

from services.transport.postgres.statements import Fetch, Send, Statement
from services.workouts.rules import unknown_exercises

_LOCK = "hashtextextended('exercise ' || exercise_id, 0)"

_HOLD = Statement(
    f"""
    SELECT pg_advisory_xact_lock_shared({_LOCK})
    FROM unnest(CAST(:exercise_ids AS bigint[])) AS exercise_id
    """
)

_RETIRED = Statement("SELECT exercise_id FROM retired_exercises WHERE exercise_id = ANY(:ids)")

_WAIT = Statement(
    f"SELECT pg_advisory_xact_lock({_LOCK}) FROM (SELECT CAST(:exercise_id AS bigint)) "
    "AS given (exercise_id)"
)

_COUNT = Statement(
    """
    SELECT count(DISTINCT workout_id) FROM workout_exercises
    WHERE user_id = :user_id AND exercise_id = :exercise_id
    """
)

_RETIRE = Statement(
    "INSERT INTO retired_exercises (exercise_id) VALUES (:exercise_id) ON CONFLICT DO NOTHING"
)


def with_private(
    found: list[dict[str, Any]],
    wanted: Iterable[int],
    ask: Callable[[list[int]], list[dict[str, Any]]],
) -> list[dict[str, Any]]:
    """Return entries of exercises, those of the catalogue and the user's own.

    Args:
        found: those of the catalogue.
        wanted: the ids of all.
        ask: ``exercises.get_private`` for the user. They are not cached, as others are: their owner
            changes them, and logs the next workout at once.
    """
    missing = sorted({*wanted} - {entry["id"] for entry in found})
    return found + ask(missing) if missing else found


def hold(send: Send, fetch: Fetch, exercise_ids: Iterable[int]) -> None:
    """Keep private exercises from being retired until the end of the transaction.

    Raises:
        BusinessRuleViolation: one is retired, so it is as good as deleted.
    """
    retired = hold_if_possible(send, fetch, exercise_ids)
    if retired:
        raise unknown_exercises("exercises", retired)


def hold_if_possible(send: Send, fetch: Fetch, exercise_ids: Iterable[int]) -> list[int]:
    """Keep exercises from being retired as :func:`hold` does; return those that are already."""
    ids = sorted(exercise_ids)
    send(_HOLD, exercise_ids=ids)
    # a statement of its own, so that it sees what was committed before the lock was given
    return [exercise_id for (exercise_id,) in fetch(_RETIRED, ids=ids)]


def retire(send: Send, fetch: Fetch, user_id: int, exercise_id: int) -> int:
    """Retire an exercise unless its owner has workouts with it; return how many there are."""
    send(_WAIT, exercise_id=exercise_id)
    [(workouts,)] = fetch(_COUNT, user_id=user_id, exercise_id=exercise_id)
    if not workouts:
        send(_RETIRE, exercise_id=exercise_id)
    return workouts


def retire_in_any_case(send: Send, exercise_id: int) -> None:
    """Retire an exercise also if workouts have it, because they are going to have another one."""
    send(_WAIT, exercise_id=exercise_id)
    send(_RETIRE, exercise_id=exercise_id)
