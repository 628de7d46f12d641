"""Merging private exercises into others: all that was logged of one becomes the other's.

The merge is noted first, and from then on it goes on, whoever dies: the workouts service is asked
to move the workouts until it says that all are, and only then the merge is finished. A timer asks
again for those that are not.
"""

import json
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from nameko.extensions import DependencyProvider

from schemas.errors import (
    BeingMoved,
    BusinessRuleViolation,
    GymError,
    NotFound,
    ServiceUnavailable,
    TimedOut,
)
from services.dependencies import cache_generations
from services.dependencies.cache import Cache
from services.dependencies.database import Database
from services.exercises.private import merges, reads, states, writes
from services.observability.logging import get_logger
from services.observability.outages import Outage
from services.process import budgets
from services.process.failpoints import failpoint
from services.transport.postgres.statements import Fetch

log = get_logger(__name__)


class Merging:
    """Merges private exercises.

    Args:
        database: of the exercises.
        cache: holds what is cached of them under generations of their owners.
        move: ``workouts.merge_exercise``.
    """

    def __init__(self, database: Database, cache: Cache, move: Callable[..., dict[str, Any]]):
        self.database = database
        self.cache = cache
        self.move = move

    def merge(self, owner_id: int, exercise_id: int, into: int) -> dict[str, Any]:
        """Merge an exercise into another, and return it as it is then.

        If the workouts can't be moved at once it is returned without ``merged_into``, and the timer
        goes on. Merging it into the same once more goes on, too, or returns what has been done.

        Raises:
            NotFound: the user has no such exercise.
            BusinessRuleViolation: it can't be merged, or not into that.
        """
        with self._changing(owner_id), self.database.together() as transaction:
            writes.lock_owner(transaction.send, owner_id)
            source = self._source(transaction.fetch, owner_id, exercise_id)
            if source.merged_into != into:
                self._check(transaction.fetch, owner_id, source, into)
                merges.note(transaction.send, owner_id, exercise_id, into)
        failpoint("exercises.merge_noted")
        self._try_to_finish(owner_id, exercise_id)
        exercise = reads.get(self.database.fetch, owner_id, exercise_id)
        if exercise is None:
            # it was merged, and deleted, in the meantime
            raise _not_found()
        return exercise

    def finish(self, merge: merges.Merge) -> None:
        """Have the workouts moved, and finish the merge if all are.

        Raises:
            ServiceUnavailable, TimedOut: the workouts service could not be asked.
        """
        into = {"id": merge.into, "name": merge.into_name}
        moved = self.move(merge.owner_id, merge.exercise_id, into=into)
        if not moved["done"]:
            return
        failpoint("exercises.merge_moved")
        with self._changing(merge.owner_id):
            merges.finish(self.database.fetch, merge)

    def finish_all(self) -> None:
        """Try to finish whatever merge is not.

        Raises:
            GymError: one could not be finished; if it is not for an outage the others were tried.
        """
        failed: GymError | None = None
        for merge in merges.unfinished(self.database.fetch):
            try:
                self.finish(merge)
            except BeingMoved as problem:
                # that is one user, and others are where the service answers
                failed = problem
            except (ServiceUnavailable, TimedOut):
                raise
            except GymError as problem:
                failed = problem
        if failed is not None:
            raise failed

    def _try_to_finish(self, owner_id: int, exercise_id: int) -> None:
        try:
            merge = merges.unfinished_of(self.database.fetch, owner_id, exercise_id)
            if merge is not None:
                self.finish(merge)
        except GymError as problem:
            # it is noted, so it will be done
            log.warning("merge left to the timer", exercise=exercise_id, reason=str(problem))

    def _changing(self, owner_id: int) -> AbstractContextManager[None]:
        return self.cache.changing(cache_generations.exercises_of(owner_id))

    def _source(self, fetch: Fetch, owner_id: int, exercise_id: int) -> states.State:
        source = states.lock(fetch, owner_id, exercise_id)
        if source is not None:
            return source
        if states.of_catalogue(fetch, exercise_id) is None:
            raise _not_found()
        raise BusinessRuleViolation(
            f"Exercise {exercise_id} is of the catalogue; only one of your own can be merged",
            json.dumps({"constraint": "own"}),
        )

    def _check(self, fetch: Fetch, owner_id: int, source: states.State, into: int) -> None:
        states.check_not_merged(source)
        states.check_not_merging(source)
        states.check_not_being_deleted(source)
        if into == source.id:
            message = "An exercise can't be merged into itself"
            raise BusinessRuleViolation.of("into", message, "another", received=into)
        target = states.lock(fetch, owner_id, into) or states.of_catalogue(fetch, into)
        _check_target(source, target, into)


def _check_target(source: states.State, target: states.State | None, into: int) -> None:
    """Refuse an exercise that another can't be merged into."""
    if target is None:
        message = f"There is no exercise {into}"
        raise BusinessRuleViolation.of("into", message, "exists", received=into)
    states.check_not_merged(target, "into")
    states.check_not_being_deleted(target, "into")
    if not target.is_active:
        message = f"Exercise {into} is archived or inactive"
        raise BusinessRuleViolation.of("into", message, "active", received=into)
    if target.measure != source.measure:
        raise BusinessRuleViolation.of(
            "into",
            f"Exercise {into} has another measure, {target.measure} instead of {source.measure}",
            "measure",
            measure=source.measure,
            received=target.measure,
        )


class UnfinishedMerges(DependencyProvider):
    """Finishes, by a timer, the merges that no request has finished."""

    def __init__(self) -> None:
        self._outage = Outage("merging exercises", "it will be tried again")
        self._look_at = 0.0

    def get_dependency(self, worker_ctx: object) -> "UnfinishedMerges":
        """Return the provider itself: outages are those of the process, not of a worker."""
        return self

    def look(self, merging: Merging) -> None:
        """Try to finish whatever merge is not, unless it has just failed."""
        if time.monotonic() < self._look_at:
            return
        try:
            merging.finish_all()
        except GymError as problem:
            self._look_at = time.monotonic() + budgets.MERGES_RETRY_SECONDS
            self._outage.begin(str(problem))
        else:
            self._outage.end()


def _not_found() -> NotFound:
    return NotFound("There is no such exercise")
