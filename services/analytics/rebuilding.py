"""Recounting everything from the workouts service, a user at a time."""

from collections.abc import Iterator

from services.analytics import reads
from services.analytics.bisecting import bisect_batch
from services.analytics.processor import CHANGES_AT_ONCE, WorkoutProcessor
from services.dependencies.remote_service import RemoteCalls

PAGE = 100
"""Workouts that are asked for, and counted in one transaction, at a time."""


def rebuild_user(processor: WorkoutProcessor, user_id: int) -> int:
    """Recount a user's workouts, and return how many they were.

    Those that are known here but not there any more are taken out of the numbers.

    Raises:
        NotFound: a workout is known here that never was there.
    """
    known = reads.processed_ids(processor.database.fetch, user_id)
    workout_ids = sorted(known | set(_workout_ids(processor.workouts, user_id)))
    for first in range(0, len(workout_ids), PAGE):
        bisect_batch(
            workout_ids[first : first + PAGE],
            lambda some: processor.process(some, again=True),
            _raise,
        )
    return len(workout_ids)


def users_with_workouts(workouts: RemoteCalls) -> set[int]:
    """Return everybody who ever logged a workout, by the whole of the change feed."""
    users: set[int] = set()
    position = 0
    while changes := workouts.changes(position, limit=CHANGES_AT_ONCE):
        users.update(change["user_id"] for change in changes)
        position = changes[-1]["id"]
    return users


def _workout_ids(workouts: RemoteCalls, user_id: int) -> Iterator[int]:
    page = 1
    # by created_at, so that a workout that is logged meanwhile comes last and moves no other
    while items := workouts.list(user_id, page=page, limit=PAGE, sort="created_at")["items"]:
        yield from (item["id"] for item in items)
        page += 1


def _raise(_workout_id: int, problem: Exception) -> None:
    raise problem
