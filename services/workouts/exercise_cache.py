"""A cache in this process of the catalogue's entries that logging a workout needs."""

from collections.abc import Callable
from typing import Any

from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider

from schemas.measures import LIKELY_MEASURE
from services.dependencies.catalogue_changes import CatalogueChanges

MOST_ENTRIES = 50_000
"""Many times the catalogue; it bounds the memory if somebody asks for ids without end."""

FIELDS = ("id", "name", "rep_type", "is_active")


class ExerciseCache(DependencyProvider):
    """Looks exercises up, and asks the exercises service only for those that are not cached.

    It is emptied whenever ``catalogue_changed`` arrives or could have been missed.
    """

    catalogue_changes = CatalogueChanges()

    def __init__(self) -> None:
        self._entries: dict[int, dict[str, Any]] = {}
        self._generation: int | None = None

    def get_dependency(self, worker_ctx: WorkerContext) -> "ExerciseCache":
        """Return the provider itself: the cache is shared by all workers of the process."""
        return self

    def get_many(
        self, exercise_ids: set[int], ask: Callable[[list[int]], list[dict[str, Any]]]
    ) -> list[dict[str, Any]]:
        """Return the :data:`FIELDS` and ``measure`` of exercises; unknown ones are left out.

        Args:
            exercise_ids: their ids.
            ask: ``exercises.get_many``.
        """
        generation = self.catalogue_changes.generation
        if (
            generation is None
            or generation != self._generation
            or len(self._entries) > MOST_ENTRIES
        ):
            self._entries, self._generation = {}, generation
        entries = self._entries
        missing = sorted(exercise_ids - entries.keys())
        if missing:
            for entry in ask(missing):
                # an exercises service of the version before tells no measures
                measure = entry.get("measure", LIKELY_MEASURE[entry["rep_type"]])
                entries[entry["id"]] = {**{key: entry[key] for key in FIELDS}, "measure": measure}
        return [entries[exercise_id] for exercise_id in exercise_ids if exercise_id in entries]
