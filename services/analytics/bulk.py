"""Many changes of one user that wait in the feed: the user is counted from nothing, once.

What changed or deleted workouts touch is recounted from its whole history, once a batch. That many
batches take longer than counting everything (:mod:`services.analytics.rebuilding`). Afterwards the
changes are covered, and of deleted workouts it is only noted that they are.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

from schemas.errors import ServiceUnavailable
from services.analytics import reads
from services.analytics.processor import CHANGES_AT_ONCE, WorkoutProcessor
from services.analytics.rebuilding import rebuild_user
from services.observability.logging import get_logger
from services.process import budgets

log = get_logger(__name__)

MANY = CHANGES_AT_ONCE // 2
"""So many workouts of a user that are to be recounted, of all changes that are looked at, take
longer than counting the user from nothing."""

SOME = budgets.FEED_BATCH // 2
"""With so many in a batch it is worth a look at those behind it."""


def count_from_nothing(
    processor: WorkoutProcessor,
    position: int,
    changes: list[dict[str, Any]],
    went_on: Callable[[], object],
) -> None:
    """Count those users from nothing of whom many changed or deleted workouts wait in the feed.

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
        try:
            rebuild_user(processor, user_id, went_on)
        except ServiceUnavailable:
            raise
        except Exception as problem:
            log.error("user not counted from nothing", exc_info=problem, user_id=user_id)


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
