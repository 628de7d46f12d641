"""What the workouts service needs to know of exercises, remembered while the catalogue stays."""

from collections.abc import Callable
from typing import Any

from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider

from services.dependencies.catalogue_changes import CatalogueChanges

FIELDS = ("id", "name", "rep_type", "is_active")
MOST_ENTRIES = 50_000


class ExerciseCache(DependencyProvider):
    """Looks exercises up, asking for those that are not known yet."""

    catalogue_changes = CatalogueChanges()

    def __init__(self) -> None:
        self._entries: dict[int, dict[str, Any]] = {}
        self._generation: int | None = None

    def get_dependency(self, worker_ctx: WorkerContext) -> "ExerciseCache":
        """Return the provider itself: what it knows is the process's."""
        return self

    def get_many(
        self, exercise_ids: set[int], ask: Callable[[list[int]], list[dict[str, Any]]]
    ) -> list[dict[str, Any]]:
        """Return ``id``, ``name``, ``rep_type`` and ``is_active`` of those that there are.

        Args:
            exercise_ids: which ones.
            ask: returns exercises of the catalogue by their ids.
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
                entries[entry["id"]] = {key: entry[key] for key in FIELDS}
        return [entries[exercise_id] for exercise_id in exercise_ids if exercise_id in entries]
