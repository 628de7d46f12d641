"""What work on imports needs of the service."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from schemas.pages import MOST_AT_ONCE
from services.dependencies import cache_generations
from services.dependencies.cache import Cache
from services.dependencies.database import Database


@dataclass(frozen=True)
class Tools:
    """Databases and services that work on imports needs.

    Attributes:
        database: of the workouts.
        cache: holds what becomes stale.
        exercises: calls the exercises service.
        entries: returns the entries of exercises that a user can log, by the user's id and theirs.
    """

    database: Database
    cache: Cache
    exercises: Any
    entries: Callable[[int, set[int]], list[dict[str, Any]]]

    def entries_of(self, user_id: int, exercise_ids: set[int]) -> dict[int, dict[str, Any]]:
        """Return the entries of exercises, by their ids; of any number, and inactive ones, too."""
        ids = sorted(exercise_ids)
        chunks = (ids[place : place + MOST_AT_ONCE] for place in range(0, len(ids), MOST_AT_ONCE))
        return {
            entry["id"]: entry for chunk in chunks for entry in self.entries(user_id, set(chunk))
        }

    def known(self, user_id: int, exercise_ids: set[int]) -> dict[int, dict[str, Any]]:
        """Return the entries of exercises that can be logged, by their ids; of any number."""
        found = self.entries_of(user_id, exercise_ids)
        return {key: entry for key, entry in found.items() if entry["is_active"]}

    def changing(self, user_id: int) -> AbstractContextManager[None]:
        """Surround a write of many workouts of a user, and make what is cached of them stale."""
        # the second one makes the single workouts stale, all at once
        return self.cache.changing(
            cache_generations.workouts_of(user_id),
            cache_generations.private_facts_in_workouts_of(user_id),
        )


class HasTools:
    """A part of the service that works on imports."""

    database: Database
    cache: Cache
    exercises: Any
    _entries: Any

    @property
    def _tools(self) -> Tools:
        return Tools(self.database, self.cache, self.exercises, self._entries)
