"""Bringing numbers up to date: asking for workouts, counting them, replacing cache generations."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from schemas.errors import NotFound
from services.analytics import failed_changes, messages, processing
from services.analytics.counting import CountedWorkouts
from services.dependencies import cache_generations
from services.dependencies.cache import Cache
from services.dependencies.database import Database
from services.dependencies.remote_service import RemoteCalls
from services.transport.postgres.statements import Together

CHANGES_AT_ONCE = 1000


class WorkoutProcessor:
    """Processes workouts for one worker, with what that worker was given.

    Args:
        database: analytics' own.
        cache: where the generations of users' numbers are.
        workouts: calls the workouts service.
        counted: what this process has counted.
        relay: called when there may be record events to dispatch; must not block.
    """

    def __init__(
        self,
        database: Database,
        cache: Cache,
        workouts: RemoteCalls,
        counted: CountedWorkouts,
        relay: Callable[[], object] = lambda: None,
    ):
        self.database = database
        self.cache = cache
        self.workouts = workouts
        self.counted = counted
        self.relay = relay

    def process(
        self,
        owners: Mapping[int, int | None],
        deletions: Mapping[int, int] | None = None,
        again: bool = False,
        silently: bool = False,
        told: Collection[dict] = (),
    ) -> None:
        """Bring all numbers up to date with workouts as they are now.

        Args:
            owners: the users of workouts that are asked for here, by their ids; None is anybody.
            deletions: the user of each workout that is known to be deleted, by its id.
            again: also count versions that were counted before.
            silently: make no record events.
            told: other workouts, as events carry them.

        Raises:
            NotFound: there never was one of the workouts; the others are counted all the same.
        """
        found = self._ask_for(owners) if owners else []
        missing = owners.keys() - {workout["id"] for workout in found}
        gone = {**(deletions or {}), **self._deletions({key: owners[key] for key in missing})}
        self.count([*told, *found], gone, again, silently)
        if missing - gone.keys():
            raise NotFound("There is no such workout")

    def count(
        self,
        workouts: Collection[dict],
        deletions: Mapping[int, int],
        again: bool = False,
        silently: bool = False,
    ) -> None:
        """Count workouts, each with ``rep_type`` in its exercises, and deletions.

        Workouts from a service of the version before are counted once more, later.

        Args:
            workouts: as ``workouts.get_many`` gives them, or an event carries them.
            deletions: the user of each deleted workout, by its id.
            again: also count versions that were counted before.
            silently: make no record events.
        """
        users = {workout["user_id"] for workout in workouts} | set(deletions.values())
        if not users:
            return
        # changing() must end after the commit: a read between the two would cache the numbers of
        # before under the new generation
        with (
            self.counted.counting(workouts, users),
            self.cache.changing(*map(cache_generations.numbers_of, users)),
            self.database.together() as transaction,
        ):
            has_events = processing.apply(
                transaction.fetch, workouts, deletions, again, transaction.send, silently
            )
            half_known = [each["id"] for each in workouts if not messages.is_whole(each)]
            failed_changes.count_again(transaction.send, half_known)
        if has_events:
            self.relay()

    @contextmanager
    def counting_anew(self, user_id: int) -> Iterator[Together]:
        """Give a transaction in which all numbers of a user are counted."""
        with (
            self.counted.counting((), {user_id}),
            self.cache.changing(cache_generations.numbers_of(user_id)),
            self.database.together() as transaction,
        ):
            yield transaction

    def _ask_for(self, owners: Mapping[int, int | None]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.workouts.get_many(
            [*owners], rep_types=True, **_if_all_are_known(owners)
        )
        return found

    def _deletions(self, owners: Mapping[int, int | None]) -> dict[int, int]:
        """Return the users of those workouts that were deleted, by their ids."""
        deletions = (
            (workout_id, self._deletion(workout_id, user_id))
            for workout_id, user_id in owners.items()
        )
        return {
            workout_id: deletion["user_id"]
            for workout_id, deletion in deletions
            if deletion is not None
        }

    def _deletion(self, workout_id: int, user_id: int | None) -> dict[str, Any] | None:
        """Return the change that deleted a workout, which is its last, if there is one."""
        position = 0
        of_one = {"workout_id": workout_id} | ({"user_id": user_id} if user_id else {})
        while changes := self.workouts.changes(position, limit=CHANGES_AT_ONCE, **of_one):
            if changes[-1]["kind"] == "deleted":
                return changes[-1]
            position = changes[-1]["id"]
        return None


def _if_all_are_known(owners: Mapping[int, int | None]) -> dict[str, list[int]]:
    user_ids = [user_id for user_id in owners.values() if user_id is not None]
    return {"user_ids": user_ids} if len(user_ids) == len(owners) else {}
