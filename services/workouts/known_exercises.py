"""What the workouts service needs to know of exercises, remembered while the catalogue stays."""

from collections.abc import Callable
from typing import Any

from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider

from services.dependencies.catalogue_changes import CatalogueChanges

NEEDED = ("id", "name", "rep_type", "is_active")
MOST = 50_000


class KnownExercises(DependencyProvider):
    """Looks exercises up, asking for those that are not known yet."""

    news = CatalogueChanges()

    def __init__(self) -> None:
        self._known: dict[int, dict[str, Any]] = {}
        self._edition: int | None = None

    def get_dependency(self, worker_ctx: WorkerContext) -> "KnownExercises":
        """Return the provider itself: what it knows is the process's."""
        return self

    def look_up(
        self, exercise_ids: set[int], ask: Callable[[list[int]], list[dict[str, Any]]]
    ) -> list[dict[str, Any]]:
        """Return ``id``, ``name``, ``rep_type`` and ``is_active`` of those that there are.

        Args:
            exercise_ids: which ones.
            ask: returns exercises of the catalogue by their ids.
        """
        edition = self.news.edition
        if edition is None or edition != self._edition or len(self._known) > MOST:
            self._known, self._edition = {}, edition
        known = self._known
        unknown = sorted(exercise_ids - known.keys())
        if unknown:
            for entry in ask(unknown):
                known[entry["id"]] = {key: entry[key] for key in NEEDED}
        return [known[exercise_id] for exercise_id in exercise_ids if exercise_id in known]
