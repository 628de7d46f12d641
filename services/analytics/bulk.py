"""Many changes of one user that wait in the feed are counted at once.

What changed or deleted workouts touch is recounted from its whole history, once a batch. Many
batches take longer than counting everything (:mod:`services.analytics.rebuilding`). What an undo
deletes, if it is less, is one batch: deletions need nothing of the workouts service. Afterwards the
changes are covered, and of deleted workouts it is only noted that they are.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from schemas.errors import ServiceUnavailable, Unauthorized
from services.analytics import reads
from services.analytics.processor import CHANGES_AT_ONCE, WorkoutProcessor
from services.analytics.rebuilding import rebuild_user
from services.dependencies.database import took_too_long
from services.observability.logging import get_logger
from services.process import budgets

log = get_logger(__name__)

MANY = CHANGES_AT_ONCE // 2
"""So many workouts of a user that are to be recounted, of all changes that are looked at, take
longer than counting the user from nothing."""

SOME = budgets.FEED_BATCH // 2
"""With so many in a batch it is worth a look at those behind it."""


def count_at_once(
    processor: WorkoutProcessor,
    position: int,
    changes: list[dict[str, Any]],
    went_on: Callable[[], object],
) -> None:
    """Count those users at once of whom many changed or deleted workouts wait in the feed.

    Where that fails, the changes are counted batch by batch, as any others are. It makes no record
    events.

    Args:
        processor: of the worker that follows the feed.
        position: in the feed, before the changes.
        changes: the next ones of the feed, the oldest first.
        went_on: called now and then, since it may take many seconds.

    Raises:
        ServiceUnavailable: a service or the database is away.
    """
    if not _users_of(processor, changes, SOME):
        return
    ahead = processor.workouts.changes(position, limit=CHANGES_AT_ONCE)
    for user_id in _users_of(processor, ahead, MANY):
        with _going_on(user_id):
            rebuild_user(processor, user_id, went_on)
    for user_id in _users_of(processor, ahead, SOME):
        with _going_on(user_id):
            _delete(processor, user_id, ahead)


def _delete(processor: WorkoutProcessor, user_id: int, changes: list[dict[str, Any]]) -> None:
    deletions = {
        change["workout_id"]: user_id
        for change in changes
        if change["user_id"] == user_id and change["kind"] == "deleted" and "imported" in change
    }
    processor.process({}, deletions, silently=True)


@contextmanager
def _going_on(user_id: int) -> Iterator[None]:
    """Log what fails for a user, unless they were erased, or a service or the database is away."""
    try:
        yield
    except Exception as problem:
        if isinstance(problem, ServiceUnavailable) and not took_too_long(problem):
            raise
        if not isinstance(problem, Unauthorized):
            log.error("user not counted at once", exc_info=problem, user_id=user_id)


def _users_of(processor: WorkoutProcessor, changes: list[dict[str, Any]], least: int) -> list[int]:
    """Return the users of whom at least so many workouts would be recounted."""
    # a merge has a quicker way of its own; a new workout is carried forward
    latest = {
        change["workout_id"]: change
        for change in changes
        if change["kind"] != "created" and "merged" not in change
    }
    if len(latest) < least:
        return []
    known = reads.processed(processor.database.fetch, latest.keys())
    recounted = Counter(
        change["user_id"]
        for workout_id, change in latest.items()
        if workout_id in known and not known[workout_id].covers(change)
    )
    return [user_id for user_id, count in recounted.items() if count >= least]
