"""Saving workouts: checking what the schema can't, planning, writing, outdating cached reads."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from services.dependencies.database import Database
from services.process.failpoints import failpoint
from services.transport.amqp.json import dumps
from services.transport.postgres.statements import Fetch, Together
from services.workouts import (
    client_ids,
    idempotency,
    private_exercises,
    reads,
    rules,
    times,
    writes,
)
from services.workouts.cached_reads import WorkoutReads
from services.workouts.client_ids import ClientId
from services.workouts.idempotency import Key
from services.workouts.sets import shown_workout, take_notes_out

Result = dict[str, Any]
"""``workout``, whether it is the stored result of an earlier request with the same idempotency key:
``replayed``, and whether it was there with its ``client_id``: ``was_there``. With a new one that is
not large also ``counted``: the workout as analytics counts it, as JSON text."""

LARGEST_COUNTED = 32 * 1024
"""Bytes of ``counted``. Analytics asks for larger workouts: they would fill the broker's queues."""


class WorkoutSaving:
    """Creates and updates workouts, as of today.

    Args:
        database: where they are.
        reads: whose cached results a change makes stale.
        catalogue: returns the entries of those exercises that a user can log, by the user's id
            and theirs.
        today: the day in UTC.
    """

    def __init__(
        self,
        database: Database,
        reads: WorkoutReads,
        catalogue: Callable[[int, set[int]], list[dict[str, Any]]],
        today: date,
    ):
        self.database = database
        self.reads = reads
        self.catalogue = catalogue
        self.today = today

    def create(self, user_id: int, values: dict[str, Any]) -> Result:
        """Create a workout from loaded values, and return it as clients see it."""
        plan = self._plan_creation(user_id, values)
        with self.reads.changing(user_id):
            with self._writing(plan) as fetch:
                workout = writes.insert(fetch, user_id, plan)
            return self._created(workout)

    def create_once(
        self, user_id: int, values: dict[str, Any], key: Key | None, client: ClientId | None
    ) -> Result:
        """Create a workout unless an earlier request has done it.

        Args:
            user_id: whose it is.
            values: as loaded.
            key: the idempotency key, if there is one.
            client: the id that the client has given it, if it has.

        Raises:
            BusinessRuleViolation: the key was used with another body.
            Conflict: a request with the key is being processed, or the workout with the client's
                id was made from another body.
            Gone: that workout was deleted.
        """
        # also around what is there: its process may have died before it replaced the generation
        with self.reads.changing(user_id):
            while (earlier := self._earlier(self.database.fetch, user_id, key, client)) is None:
                plan = self._plan_creation(user_id, values)
                with self.database.together() as transaction:
                    workout = self._insert_once(transaction, user_id, plan, key, client)
                if workout is not None:
                    return self._created(workout)
            return earlier

    def update(self, user_id: int, workout_id: int, changes: dict[str, Any]) -> dict[str, Any]:
        """Change a workout by loaded changes, and return it as clients see it.

        Raises:
            NotFound: the user has no such workout.
            Conflict: it has another version than the changes were made for.
            BusinessRuleViolation: unknown exercise, a future date, or times that contradict each
                other.
        """
        return shown_workout(self._update(user_id, workout_id, changes))

    def _update(self, user_id: int, workout_id: int, changes: dict[str, Any]) -> dict[str, Any]:
        stored = None
        if rules.needs_stored(changes, self.today):
            stored = self._stored(user_id, workout_id)
        while True:
            plan = self._plan_update(user_id, changes, stored)
            if not plan.changes_anything:
                # needs_stored() told so
                assert stored is not None
                return stored
            with self.reads.changing(user_id, workout_id), self._writing(plan) as fetch:
                workout = writes.update(fetch, user_id, workout_id, plan)
            if workout is not None:
                return workout
            # deleted, of another version, or changed concurrently: read it to find out. The loop
            # ends, as each turn means that another change was committed.
            stored = self._stored(user_id, workout_id)

    @staticmethod
    def _earlier(
        fetch: Fetch, user_id: int, key: Key | None, client: ClientId | None
    ) -> Result | None:
        """Return what an earlier request has made; None if there was none."""
        if key is not None:
            stored = idempotency.find_result(fetch, user_id, key)
            if stored is not None:
                return {"workout": stored, "replayed": True}
        if client is not None:
            found = client_ids.find(fetch, user_id, client)
            if found is not None:
                return {"workout": found, "replayed": False, "was_there": True}
        return None

    def _insert_once(
        self,
        transaction: Together,
        user_id: int,
        plan: rules.Plan,
        key: Key | None,
        client: ClientId | None,
    ) -> dict[str, Any] | None:
        """Insert a workout; None if another request has done it meanwhile."""
        if key is not None:
            idempotency.claim(transaction.fetch, user_id, key)
            # the request that had the key until now may have ended well
            if self._earlier(transaction.fetch, user_id, key, None) is not None:
                return None
        if plan.private:
            private_exercises.hold(transaction.send, transaction.fetch, plan.private)
        workout = (
            writes.insert(transaction.fetch, user_id, plan)
            if client is None
            else writes.insert_once(transaction.fetch, user_id, plan, *client)
        )
        if workout is not None and key is not None:
            idempotency.store_result(transaction.send, user_id, key, shown_workout(workout))
        return workout

    @contextmanager
    def _writing(self, plan: rules.Plan) -> Iterator[Fetch]:
        """Give what runs the one statement that a plan is written with."""
        if not plan.private:
            yield self.database.fetch
            return
        with self.database.together() as transaction:
            private_exercises.hold(transaction.send, transaction.fetch, plan.private)
            yield transaction.fetch

    def _plan_creation(self, user_id: int, values: dict[str, Any]) -> rules.Plan:
        rules.check_day(times.day_of(values), self.today)
        plan = rules.plan_creation(values, self._entries(user_id, values.get("exercises")))
        failpoint("workouts.before_write")
        return plan

    def _plan_update(
        self, user_id: int, changes: dict[str, Any], stored: dict[str, Any] | None
    ) -> rules.Plan:
        if stored is not None:
            rules.check_update(changes, stored, self.today)
        entries = self._entries(user_id, changes.get("exercises"))
        return rules.plan_update(changes, entries, stored)

    def _entries(
        self, user_id: int, exercises: list[dict[str, Any]] | None
    ) -> list[dict[str, Any]]:
        """Return the entries of logged exercises."""
        if not exercises:
            return []
        return self.catalogue(user_id, {item["exercise_id"] for item in exercises})

    def _stored(self, user_id: int, workout_id: int) -> dict[str, Any]:
        return rules.found(reads.get(self.database.fetch, workout_id, user_id))

    @staticmethod
    def _created(workout: dict[str, Any]) -> Result:
        failpoint("workouts.after_commit")
        result = {"workout": shown_workout(workout), "replayed": False}
        take_notes_out(workout)
        del workout["client_id"]
        counted = dumps({**workout, "started_at": times.in_utc(workout["started_at"])})
        if len(counted) <= LARGEST_COUNTED:
            # text, so that the gateway passes it on to analytics without reading it
            result["counted"] = counted.decode()
        return result
