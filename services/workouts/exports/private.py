"""Which exercises in a user's workouts are private ones."""

from collections.abc import Callable
from typing import Any

from schemas.exported import ME
from schemas.pages import MOST_AT_ONCE
from services.transport.postgres.statements import Fetch, Statement

_LOGGED = Statement(
    "SELECT DISTINCT exercise_id FROM workout_exercises WHERE user_id = :user_id ORDER BY 1"
)

Entries = Callable[[int, set[int]], list[dict[str, Any]]]
"""Returns the entries of exercises that a user can log, by the user's id and theirs."""


def private_ids(fetch: Fetch, entries: Entries, user_id: int) -> list[int]:
    """Return the ids of the private exercises that a user's workouts have."""
    ids = [exercise_id for (exercise_id,) in fetch(_LOGGED, user_id=user_id)]
    chunks = (ids[place : place + MOST_AT_ONCE] for place in range(0, len(ids), MOST_AT_ONCE))
    return [
        entry["id"]
        for chunk in chunks
        for entry in entries(user_id, {*chunk})
        if entry.get("owner") == ME
    ]


def mark(workout: dict[str, Any], private: set[int]) -> dict[str, Any]:
    """Return a workout that says which of its exercises are private."""
    exercises = [
        exercise | {"owner": ME} if exercise["exercise_id"] in private else exercise
        for exercise in workout["exercises"]
    ]
    return workout | {"exercises": exercises}
