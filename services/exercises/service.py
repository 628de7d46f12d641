"""The exercises service."""

from typing import Any

from schemas.exercises import ExerciseFacets, ExerciseList, ExerciseSearch
from schemas.loading import load
from schemas.pages import ById, Feed, checked_ids
from services.dependencies.cache import Cache
from services.dependencies.database import Database
from services.dependencies.events import EventDispatcher
from services.dependencies.health import Health
from services.dependencies.log_context import LogContext
from services.dependencies.rpc import rpc
from services.exercises import reads
from services.exercises.cached_reads import ExerciseReads
from services.exercises.seeding import SeededCatalogue
from services.exercises.wger.provider import WgerImports, wger_schedule

BY_ID = ById()
EXERCISE_FACETS = ExerciseFacets()
EXERCISE_LIST = ExerciseList()
EXERCISE_SEARCH = ExerciseSearch()
FEED = Feed()

Identifiers = list[int]
Exercise = dict[str, Any]
Several = list[Exercise]
"""Named here because inside the class ``list`` is a method."""


class Exercises:
    """The catalogue of exercises: reading it, filtering it, finding things in it."""

    name = "exercises"

    database = Database("exercises")
    cache = Cache()
    dispatch = EventDispatcher()
    seeded_catalogue = SeededCatalogue()
    wger_imports = WgerImports()
    health = Health()
    log_context = LogContext()

    @rpc
    def get(self, exercise_id: int) -> Exercise:
        """Return an exercise, also an inactive one.

        Args:
            exercise_id: which one.

        Returns:
            ``{"id", "name", "slug", "description", "instructions", "category", "body_part",
            "primary_muscles", "secondary_muscles", "equipment", "all_equipment", "difficulty",
            "rep_type", "unit", "aliases", "external_source", "external_id", "license",
            "license_author", "is_active", "created_at", "updated_at"}``.

        Raises:
            InvalidParameter: this can't be an id.
            NotFound: there is no such exercise.

        Example:
            ``n.rpc.exercises.get(1)``
        """
        return self._reads.get(load(BY_ID, {"id": exercise_id})["id"])

    @rpc
    def get_many(self, exercise_ids: Identifiers) -> Several:
        """Return several exercises at once, by id, also inactive ones.

        Args:
            exercise_ids: which ones, at most 1000.

        Returns:
            A list of exercises as ``get`` returns them, without those that there are not.

        Raises:
            InvalidParameter: one of these can't be an id.

        Example:
            ``n.rpc.exercises.get_many([1, 2, 3])``
        """
        return self._reads.get_many(checked_ids("exercise_ids", exercise_ids))

    @rpc
    def search(self, q: str, **query: Any) -> dict[str, Any]:
        """Find active exercises by what a lifter calls them, best match first.

        Args:
            q: at least 3 characters. All its words must be found, in any order, in the name, in
                an alias or in the description; a wrong letter is forgiven.
            query: ``category``, ``body_part``, ``difficulty``, ``equipment``, ``muscles``
                (several values separated by commas), ``page`` (1), ``limit`` (10, at most 100).

        Returns:
            ``{"items": [...], "total": number of all}``, items as ``get`` returns them.

        Raises:
            InvalidParameter: a value is not allowed.

        Example:
            ``n.rpc.exercises.search("bench")``
        """
        values = load(EXERCISE_SEARCH, {**query, "q": q})
        return self._reads.list_page({**values, "search": values["q"]})

    @rpc
    def list(self, **query: Any) -> dict[str, Any]:
        """List active exercises.

        Args:
            query: ``category``, ``body_part``, ``difficulty``, ``equipment``, ``muscles``
                (several values separated by commas, any of which matches), ``search`` (as in
                ``search``), ``page`` (1), ``limit`` (10, at most 100), ``sort`` (``"name:asc"``; by
                name, category, difficulty, equipment or created_at; with ``search`` the best match
                comes first unless it is given).

        Returns:
            ``{"items": [...], "total": number of all}``, items as ``get`` returns them.

        Raises:
            InvalidParameter: a value is not allowed.

        Example:
            ``n.rpc.exercises.list(category="strength", muscles="chest,triceps", limit=5)``
        """
        return self._reads.list_page(load(EXERCISE_LIST, query))

    @rpc
    def facets(self, **query: Any) -> dict[str, Any]:
        """Count the active exercises by each value that they can be filtered by.

        Args:
            query: ``category``, ``body_part``, ``difficulty``, ``equipment``, ``muscles``, as in
                ``list``: only exercises that pass these are counted.

        Returns:
            ``{"category": [{"value", "count"}, ...], "body_part", "equipment", "difficulty",
            "muscles"}``, in each the most frequent value first. An exercise counts for each of
            its muscles and for each piece of its equipment, and not at all where it has no value.

        Raises:
            InvalidParameter: a value is not allowed.

        Example:
            ``n.rpc.exercises.facets(category="strength")``
        """
        return self._reads.facets(load(EXERCISE_FACETS, query))

    @rpc
    def changes(self, after: int = 0, limit: int = 100) -> Several:
        """Return the feed of names and kinds, for who keeps a copy of them; oldest change first.

        Args:
            after: the position of the last change that is known already; 0 for all exercises.
            limit: how many at the most, 1 to 1000.

        Returns:
            ``[{"position", "exercise_id", "name", "rep_type"}]``, each exercise once, as it is
            now. Once a change was returned, none with a lower position will ever appear.

        Raises:
            InvalidParameter: a value is not allowed.

        Example:
            ``n.rpc.exercises.changes(0, 10)``
        """
        values = load(FEED, {"after": after, "limit": limit})
        return reads.changes(self.database.fetch, **values)

    @rpc
    def import_from_wger(self, wait: bool = True) -> dict[str, Any]:
        """Import wger's exercises, or go on with an import that was interrupted.

        Nothing changes before everything was read. Manual exercises are never touched; imported
        ones are known by wger's uuid, or else by its id, and become inactive if it has them no
        more.

        Args:
            wait: whether to wait for the end; the import goes on if the caller gives up.

        Returns:
            ``{"read", "added", "changed", "unchanged", "deactivated", "skipped": [{"reason",
            "count", "examples"}], "complete" (whether all of wger's list was seen), "resumed_at",
            "seconds"}``. Without waiting what ``import_status`` returns, and ``started``: whether
            this call began it.

        Raises:
            Conflict: an import is running, and ``wait`` was asked for.
            ServiceUnavailable: wger failed again and again; the next import goes on from there.
            BadGateway: wger answers something that can't be used.

        Example:
            ``n.rpc.exercises.import_from_wger()``
        """
        return self.wger_imports.run() if wait else self.wger_imports.begin()

    @rpc
    def import_status(self) -> dict[str, Any]:
        """Tell how far the import from wger is, or how the last one ended.

        Returns:
            ``{"run": its number, "state": "never|reading|writing|done|failed|interrupted",
            "done": entries read, "total": of so many, "began_at", "ended_at", "seconds", "error",
            "report"}``.

        Example:
            ``n.rpc.exercises.import_status()``
        """
        return self.wger_imports.status()

    @wger_schedule
    def import_when_due(self) -> None:
        """Import as often as WGER_SYNC_HOURS says."""
        self.wger_imports.begin_if_due()

    @property
    def _reads(self) -> ExerciseReads:
        return ExerciseReads(self.database, self.cache)
