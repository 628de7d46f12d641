"""Following the workouts service's change feed: what makes good for events that were lost."""

import uuid
from functools import partial
from typing import Any

from nameko.extensions import DependencyProvider

from schemas.errors import GymError, NotFound, Unauthorized
from services.analytics import failed_changes, reads
from services.analytics.bisecting import bisect_batch
from services.analytics.bulk import count_at_once
from services.analytics.failed_changes import Failure
from services.analytics.merging import merge_exercises
from services.analytics.processor import WorkoutProcessor
from services.analytics.rules.head_start import HeadStart
from services.dependencies import cache_generations, feed_position
from services.dependencies.cells.routing import cell_of
from services.dependencies.erasure import tombstones
from services.observability import metrics
from services.observability.logging import get_logger
from services.observability.outages import Outage
from services.process import budgets, cells

log = get_logger(__name__)

LONGEST_REASON = 500


class FeedFollower(DependencyProvider):
    """Follows the change feed of workouts; all workers share it, as they share one position.

    Events are fast, and the feed is reliable. It has every change of every workout, in an order
    that no later commit changes, so a follower misses nothing.
    """

    def __init__(self) -> None:
        self._holder = uuid.uuid4().hex
        self._cell = cells.FIRST
        self._head_start = HeadStart(budgets.FEED_BATCH)
        self._outage = Outage("change feed", "will be followed again as soon as it answers")

    def setup(self) -> None:
        """Show how far the feed is followed, also before it is."""
        self._cell = cell_of(self.container)
        metrics.watch_feed(self._cell)

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
        while (position := feed_position.hold(fetch, self._holder)) is not None:
            found = processor.workouts.changes(position, limit=budgets.FEED_BATCH)
            erased = tombstones.among(fetch, {change["user_id"] for change in found})
            # no event tells of a merge
            merge_exercises(processor, _without(found, erased))
            found = self._head_start.left_to_the_feed(found)
            changes = _without(found, erased)
            count_at_once(
                processor, position, changes, lambda: feed_position.hold(fetch, self._holder)
            )
            metrics.note_feed(self._cell, position, found)
            if not found:
                return
            unseen = _unseen(processor, changes)
            # the process that made these changes may have died before it replaced the generations
            merged = [change for change in changes if "merged" in change]
            processor.cache.invalidate(*_generations_of([*unseen, *merged]))
            _process_unseen(processor, unseen)
            feed_position.advance(fetch, found[-1]["id"])


def _without(changes: list[dict[str, Any]], erased: set[int]) -> list[dict[str, Any]]:
    """Return changes without those of users who were erased."""
    return [change for change in changes if change["user_id"] not in erased]


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


def _process_unseen(processor: WorkoutProcessor, changes: list[dict[str, Any]]) -> None:
    imported = [change for change in changes if "imported" in change]
    others = [change for change in changes if "imported" not in change]
    # in this order, so that a set that was logged meanwhile is compared with the imported ones
    for some, silently in ((imported, True), (others, False)):
        bisect_batch(
            some,
            partial(_process_changes, processor, silently),
            partial(_change_failed, processor, silently),
        )


def _change_failed(
    processor: WorkoutProcessor, silently: bool, change: dict[str, Any], problem: Exception
) -> None:
    _note_failure(processor, silently, change["workout_id"], change["user_id"], problem)


def _process_changes(
    processor: WorkoutProcessor, silently: bool, changes: list[dict[str, Any]]
) -> None:
    deletions = {
        change["workout_id"]: change["user_id"] for change in changes if change["kind"] == "deleted"
    }
    saved = {
        change["workout_id"]: change["user_id"]
        for change in changes
        if change["workout_id"] not in deletions
    }
    processor.process(saved, deletions, silently=silently)


def _retry_failures(processor: WorkoutProcessor) -> None:
    due = failed_changes.due_failures(processor.database.fetch, budgets.FEED_BATCH)
    for silently in (True, False):
        bisect_batch(
            [failure for failure in due if failure.silently == silently],
            partial(_retry, processor, silently),
            partial(_retry_failed, processor, silently),
        )


def _retry(processor: WorkoutProcessor, silently: bool, failures: list[Failure]) -> None:
    owners = {failure.workout_id: failure.user_id for failure in failures}
    processor.process(owners, silently=silently)
    failed_changes.forget_failures(processor.database.fetch, [*owners])


def _retry_failed(
    processor: WorkoutProcessor, silently: bool, failure: Failure, problem: Exception
) -> None:
    if isinstance(problem, NotFound | Unauthorized):
        # its user was erased: there is neither the workout nor a change that deleted it
        failed_changes.forget_failures(processor.database.fetch, [failure.workout_id])
    else:
        _note_failure(processor, silently, failure.workout_id, failure.user_id, problem)


def _note_failure(
    processor: WorkoutProcessor,
    silently: bool,
    workout_id: int,
    user_id: int | None,
    problem: Exception,
) -> None:
    reason = f"{type(problem).__name__}: {problem}"[:LONGEST_REASON]
    attempts = failed_changes.note_failure(
        processor.database.fetch, workout_id, user_id, reason, silently
    )
    if not attempts:
        return
    log.error(
        "workout can't be counted, will be tried again",
        workout_id=workout_id,
        attempts=attempts,
        # a GymError says all in its message; anything else is a fault of the code
        exc_info=None if isinstance(problem, GymError) else problem,
    )
