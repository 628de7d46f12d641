"""Following the workouts service's change feed: what makes good for events that were lost."""

import uuid
from typing import Any

from nameko.extensions import DependencyProvider

from schemas.errors import GymError
from services.analytics import feed, reads
from services.analytics.bisecting import bisect_batch
from services.analytics.merging import merge_exercises
from services.analytics.processor import WorkoutProcessor
from services.analytics.rules.head_start import HeadStart
from services.dependencies import cache_generations
from services.observability import metrics
from services.observability.logging import get_logger
from services.observability.outages import Outage
from services.process import budgets

log = get_logger(__name__)

LONGEST_REASON = 500


class FeedFollower(DependencyProvider):
    """Follows the change feed of workouts; all workers share it, as they share one position.

    Events are fast, and the feed is reliable. It has every change of every workout, in an order
    that no later commit changes, so a follower misses nothing.
    """

    def __init__(self) -> None:
        self._holder = uuid.uuid4().hex
        self._head_start = HeadStart(budgets.FEED_BATCH)
        self._outage = Outage("change feed", "will be followed again as soon as it answers")

    def get_dependency(self, worker_ctx: object) -> "FeedFollower":
        """Return the provider itself."""
        return self

    def look(self, processor: WorkoutProcessor) -> None:
        """Process what has failed before and is due, and what no event brought.

        While a service or the database is away it does nothing; the next look tries again.

        Args:
            processor: of the worker that looks.
        """
        self._head_start.begin_look()
        try:
            _retry_failures(processor)
            self._catch_up(processor)
        except GymError as problem:
            self._outage.begin(str(problem))
        else:
            self._outage.end()

    def _catch_up(self, processor: WorkoutProcessor) -> None:
        fetch = processor.database.fetch
        # the lease is renewed for each batch, as several may take longer than it lasts
        while (position := feed.hold(fetch, self._holder)) is not None:
            changes = processor.workouts.changes(position, limit=budgets.FEED_BATCH)
            # no event tells of a merge
            merge_exercises(processor, changes)
            changes = self._head_start.left_to_the_feed(changes)
            metrics.note_feed(position, changes)
            if not changes:
                return
            unseen = _unseen(processor, changes)
            # the process that made these changes may have died before it replaced the generations
            merged = [change for change in changes if "merged" in change]
            processor.cache.invalidate(*_generations_of([*unseen, *merged]))
            bisect_batch(
                unseen,
                lambda some: _process_changes(processor, some),
                lambda change, problem: _note_failure(processor, change["workout_id"], problem),
            )
            feed.advance(fetch, changes[-1]["id"])


def _unseen(processor: WorkoutProcessor, changes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the last change of each workout that has one which is not counted yet."""
    latest = {change["workout_id"]: change for change in changes}
    known = reads.processed(processor.database.fetch, latest.keys())
    return [
        change
        for workout_id, change in latest.items()
        if workout_id not in known or not known[workout_id].covers(change)
    ]


def _generations_of(changes: list[dict[str, Any]]) -> set[str]:
    of_all = {cache_generations.workouts_of(change["user_id"]) for change in changes}
    return of_all | {cache_generations.workout(change["workout_id"]) for change in changes}


def _process_changes(processor: WorkoutProcessor, changes: list[dict[str, Any]]) -> None:
    deletions = {
        change["workout_id"]: change["user_id"] for change in changes if change["kind"] == "deleted"
    }
    workout_ids = [change["workout_id"] for change in changes]
    processor.process([key for key in workout_ids if key not in deletions], deletions)


def _retry_failures(processor: WorkoutProcessor) -> None:
    def process(workout_ids: list[int]) -> None:
        processor.process(workout_ids)
        feed.forget_failures(processor.database.fetch, workout_ids)

    due = feed.due_failures(processor.database.fetch, budgets.FEED_BATCH)
    bisect_batch(due, process, lambda key, problem: _note_failure(processor, key, problem))


def _note_failure(processor: WorkoutProcessor, workout_id: int, problem: Exception) -> None:
    reason = f"{type(problem).__name__}: {problem}"[:LONGEST_REASON]
    attempts = feed.note_failure(processor.database.fetch, workout_id, reason)
    log.error(
        "workout can't be counted, will be tried again",
        workout_id=workout_id,
        attempts=attempts,
        # a GymError says all in its message; anything else is a fault of the code
        exc_info=None if isinstance(problem, GymError) else problem,
    )
