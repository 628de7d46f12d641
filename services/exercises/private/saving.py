"""Making, changing and removing private exercises."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from schemas.errors import BusinessRuleViolation, Conflict, NotFound
from services.dependencies import cache_generations
from services.dependencies.cache import Cache
from services.dependencies.database import Database
from services.exercises import reads as catalogue
from services.exercises.events import tell_owner_changed
from services.exercises.private import reads, states, writes
from services.exercises.private.naming import unique_name
from services.exercises.rules import search
from services.transport.postgres.statements import Fetch, Together

MOST_SIMILAR = 3

_COPIED = ("name", "measure", "primary_muscles", "secondary_muscles")
"""What other services have copies of."""


class PrivateExercises:
    """A user's private exercises.

    Args:
        database: of the exercises.
        cache: holds what is cached of them under a generation of the user's own.
        owner_id: the user.
        dispatch: dispatches an event.
        retire: ``workouts.retire_exercise``.
    """

    def __init__(
        self,
        database: Database,
        cache: Cache,
        owner_id: int,
        dispatch: Callable[[str, dict[str, Any]], None],
        retire: Callable[[int, int], dict[str, Any]],
    ):
        self.database = database
        self.cache = cache
        self.owner_id = owner_id
        self.dispatch = dispatch
        self.retire = retire

    def create(self, values: dict[str, Any]) -> dict[str, Any]:
        """Make an exercise from loaded values.

        Raises:
            Conflict: the user has an exercise with this name.
            BusinessRuleViolation: they have as many as they may.
        """
        similar = self._similar(values["name"])
        with self._changing(), self.database.together() as transaction:
            fetch = transaction.fetch
            writes.lock_owner(transaction.send, self.owner_id)
            self._check_name(fetch, values["name"])
            without_merged, all_of_them = writes.count(fetch, self.owner_id)
            _check_room(without_merged, writes.MOST)
            _check_room(all_of_them, writes.MOST_EVER)
            exercise = writes.insert(fetch, self.owner_id, values)
        tell_owner_changed(self.dispatch, self.owner_id)
        return exercise | {"details": {"similar": similar}}

    def update(self, exercise_id: int, changes: dict[str, Any]) -> dict[str, Any]:
        """Change the fields that are given.

        Raises:
            NotFound: the user has no such exercise.
            Conflict: they have another one with the new name.
            BusinessRuleViolation: it was merged into another, or others are being merged into it
                and the measure is another.
        """
        with self._changing(), self.database.together() as transaction:
            state = self._lock(transaction, exercise_id)
            before = writes.lock(transaction.fetch, self.owner_id, exercise_id)
            # it is locked already
            assert before is not None
            after = before | changes
            if after["measure"] != before["measure"]:
                states.check_not_merging(state, "measure")
            if after != before:
                self._check_name(transaction.fetch, after["name"], exercise_id)
                writes.update(transaction.send, self.owner_id, exercise_id, after)
            exercise = reads.get(transaction.fetch, self.owner_id, exercise_id)
            # nobody else can have deleted it, as it is locked
            assert exercise is not None
        if any(before[name] != after[name] for name in _COPIED):
            tell_owner_changed(self.dispatch, self.owner_id)
        return exercise

    def archive(self, exercise_id: int, is_archived: bool) -> dict[str, Any]:
        """Archive an exercise, or restore it.

        Raises:
            NotFound: the user has no such exercise.
            BusinessRuleViolation: it was merged into another.
        """
        with self._changing(), self.database.together() as transaction:
            self._lock(transaction, exercise_id)
            return writes.archive(transaction.fetch, self.owner_id, exercise_id, is_archived)

    def delete(self, exercise_id: int) -> None:
        """Delete an exercise that no workout uses, and what was merged into it.

        The workouts service is asked first, and from then on takes no workout with it. If this ends
        in between, the exercise is still there and can't be logged; deleting it again goes on.

        Raises:
            NotFound: the user has no such exercise.
            BusinessRuleViolation: workouts use it, or it takes part in a merge that is not done.
        """
        if self._may_be_used(exercise_id):
            workouts = self.retire(self.owner_id, exercise_id)["workouts"]
            if workouts:
                writes.begin_deletion(self.database.fetch, self.owner_id, exercise_id, False)
                raise _used_by(workouts)
        with self._changing():
            is_deleted = writes.delete(self.database.fetch, self.owner_id, exercise_id)
        if not is_deleted:
            # it is gone, or another deletion has ended, which found a workout that is gone now
            self.delete(exercise_id)

    def _may_be_used(self, exercise_id: int) -> bool:
        """Begin to delete an exercise; return whether workouts may use it, as no merged one."""
        with self.database.together() as transaction:
            state = self._lock(transaction, exercise_id, may_be_merged=True)
            if state.is_merged:
                return False
            states.check_not_merged(state)
            states.check_not_merging(state)
            # nothing may be merged into it from now on: that would use it after it was counted
            writes.begin_deletion(transaction.send, self.owner_id, exercise_id, True)
        return True

    def _lock(
        self, transaction: Together, exercise_id: int, may_be_merged: bool = False
    ) -> states.State:
        """Lock an exercise, and all of its owner, and return its state.

        Raises:
            NotFound: the user has no such exercise.
            BusinessRuleViolation: it was merged into another, or is being merged.
        """
        writes.lock_owner(transaction.send, self.owner_id)
        state = states.lock(transaction.fetch, self.owner_id, exercise_id)
        if state is None:
            raise _not_found()
        if not may_be_merged:
            states.check_not_merged(state)
        return state

    def _changing(self) -> AbstractContextManager[None]:
        return self.cache.changing(cache_generations.exercises_of(self.owner_id))

    def _check_name(self, fetch: Fetch, name: str, exercise_id: int | None = None) -> None:
        """Refuse a name that another exercise of the owner has; they must be locked."""
        namesake = reads.namesake(fetch, self.owner_id, unique_name(name))
        if namesake in (None, exercise_id):
            return
        details = {"field": "name", "constraint": "unique", "exercise_id": namesake}
        raise Conflict("There is an exercise of yours with this name already", json.dumps(details))

    def _similar(self, name: str) -> list[dict[str, Any]]:
        """Return the catalogue's exercises that a search finds first by all words of a name."""
        with self.database.together() as transaction:
            found = catalogue.search_page(transaction.fetch, name, {}, [], 1, MOST_SIMILAR)
        return [
            {"id": each["id"], "name": each["name"]}
            for each in found["items"]
            if search.are_in_titles(name, [each["name"], *each["aliases"]], each["all_equipment"])
        ]


def _check_room(count: int, most: int) -> None:
    if count >= most:
        limit = {"constraint": "max_items", "max_items": most, "received": count + 1}
        message = f"There may be at most {most} exercises of one's own"
        raise BusinessRuleViolation(message, json.dumps(limit))


def _used_by(workouts: int) -> BusinessRuleViolation:
    counted = "1 workout uses" if workouts == 1 else f"{workouts} workouts use"
    details = json.dumps({"workouts": workouts})
    return BusinessRuleViolation(f"{counted} the exercise; archive it instead", details)


def _not_found() -> NotFound:
    return NotFound("There is no such exercise")
