"""Reading workouts through the cache."""

from contextlib import AbstractContextManager
from datetime import date
from typing import Any

from orjson import Fragment

from services.dependencies import cache_generations
from services.dependencies.cache import Cache
from services.dependencies.database import Database
from services.dependencies.erasure import tombstones
from services.workouts import last_sets, reads, rules

CACHE_SECONDS = 600

WITH_CLIENT_ID = "with client_id"
"""Variant of workouts and of pages of the list: the version before caches them under the same keys,
without it."""


NO_SETS = Fragment("[]")


class WorkoutReads:
    """Cached reads of workouts.

    A workout is cached until it or the name of an exercise changes, a page of the list until any
    of the user's workouts changes. Nothing is cached of a user who was erased, which is asked where
    nothing was found.
    """

    def __init__(self, database: Database, cache: Cache):
        self.database = database
        self.cache = cache

    def changing(self, user_id: int, workout_id: int | None = None) -> AbstractContextManager[None]:
        """Surround a write: of one workout, or (None) of a new one."""
        of_all = cache_generations.workouts_of(user_id)
        if workout_id is None:
            return self.cache.changing(of_all)
        return self.cache.changing(of_all, cache_generations.workout(workout_id))

    def get(self, workout_id: int, user_id: int | None) -> dict[str, Any] | Fragment:
        """Return a whole workout as clients see it.

        Args:
            workout_id: its id.
            user_id: the owner it must have; None for anybody's, which is not cached.

        Raises:
            NotFound: there is none, or it is somebody else's.
        """

        def read() -> Fragment | None:
            return self.database.reading(lambda fetch: reads.get_shown(fetch, workout_id, user_id))

        if user_id is None:
            workout = read()
        else:
            key = f"workout:user:{user_id}:id:{workout_id}"
            generation_keys = cache_generations.shown_workout(user_id, workout_id)
            workout = self.cache.get_or_make(
                key, generation_keys, CACHE_SECONDS, read, WITH_CLIENT_ID
            )
        return rules.found(workout)

    def list_page(
        self,
        user_id: int,
        days: tuple[date | None, date | None],
        sort: list[tuple[str, str]],
        page: int,
        limit: int,
    ) -> dict[str, Any]:
        """Return a page of a user's workouts and the number of all."""

        def read() -> dict[str, Any] | None:
            found = self.database.reading(
                lambda fetch: reads.list_page(fetch, user_id, days, sort, page, limit)
            )
            return found if found["total"] or self._is_there(user_id) else None

        order = ",".join(f"{name}:{direction}" for name, direction in sort)
        first, last = days
        key = f"workout:user:{user_id}:list:{first or ''}:{last or ''}:{order}:{page}:{limit}"
        found: dict[str, Any] | None = self.cache.get_or_make(
            key, cache_generations.workouts_of(user_id), CACHE_SECONDS, read, WITH_CLIENT_ID
        )
        return found or {"items": [], "total": 0}

    def last_sets(self, user_id: int, exercise_ids: list[int]) -> list[dict[str, Any]]:
        """Return what the user did the last time of each exercise."""

        def read() -> Fragment | None:
            found = self.database.reading(
                lambda fetch: last_sets.last_sets(fetch, user_id, exercise_ids)
            )
            return found or (NO_SETS if self._is_there(user_id) else None)

        key = f"workout:user:{user_id}:last:{','.join(map(str, exercise_ids))}"
        found: list[dict[str, Any]] | None = self.cache.get_or_make(
            key, cache_generations.workouts_of(user_id), CACHE_SECONDS, read
        )
        return found or []

    def _is_there(self, user_id: int) -> bool:
        """Return whether a user was not erased."""
        return not tombstones.among(self.database.fetch, [user_id])
