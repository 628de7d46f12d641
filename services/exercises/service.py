"""The exercises service: the catalogue, private exercises, and the import from wger."""

from typing import Any

from schemas.exercises import MINE, ExerciseFacets, ExerciseList, ExerciseSearch
from schemas.loading import load
from schemas.pages import ById, Feed, checked_ids, checked_user
from services.dependencies.cache import Cache
from services.dependencies.database import Database
from services.dependencies.erasure.methods import ErasureDispatcher, ErasureMethods
from services.dependencies.events import EventDispatcher
from services.dependencies.health import Health
from services.dependencies.log_context import LogContext
from services.dependencies.remote_service import RemoteService
from services.dependencies.rpc import rpc
from services.exercises import reads
from services.exercises.cached_reads import ExerciseReads
from services.exercises.erasing import make_eraser
from services.exercises.matching.methods import MatchingMethods
from services.exercises.private.merging import UnfinishedMerges
from services.exercises.private.methods import PrivateExerciseMethods
from services.exercises.private.own_changes import OwnChangesMethods
from services.exercises.private.reading import OwnersReads
from services.exercises.seeding import SeededCatalogue
from services.exercises.take_out import TakeOutMethods
from services.exercises.wger.provider import WgerImports, wger_schedule

BY_ID = ById()
EXERCISE_FACETS = ExerciseFacets()
EXERCISE_LIST = ExerciseList()
EXERCISE_SEARCH = ExerciseSearch()
FEED = Feed()

Identifiers = list[int]
Exercise = dict[str, Any]
Several = list[Exercise]
"""Named here because inside the class ``list`` is the RPC method."""


class Exercises(
    PrivateExerciseMethods, OwnChangesMethods, MatchingMethods, TakeOutMethods, ErasureMethods
):
    """The catalogue of exercises, its search, private exercises, and the import from wger."""

    name = "exercises"

    database = Database("exercises")
    cache = Cache()
    workouts = RemoteService(
        "workouts",
        methods=["retire_exercise", "merge_exercise"],
        without={"retire_exercise": None, "merge_exercise": None},
    )
    # Any: a worker gets a function in its place
    dispatch: Any = EventDispatcher()
    eraser = make_eraser()
    erasure_dispatcher = ErasureDispatcher()
    seeded_catalogue = SeededCatalogue()
    wger_imports = WgerImports()
    unfinished_merges = UnfinishedMerges()
    health = Health()
    log_context = LogContext()

    @rpc
    def get(self, exercise_id: int, user_id: int | None = None) -> Exercise:
        """Return an exercise, also an inactive one.

        Args:
            exercise_id: its id.
            user_id: who asks; without it private exercises are not found.

        Returns:
            ``{"id", "name", "slug", "description", "instructions", "category", "body_part",
            "primary_muscles", "secondary_muscles", "equipment", "all_equipment", "difficulty",
            "measure", "rep_type": "count|time|distance", "unit": "reps|seconds|meters", "aliases",
            "external_source", "external_id", "license", "license_author", "is_active",
            "created_at", "updated_at", "owner", "notes", "merged_into", "mine"}``. ``measure``
            is what its sets hold, one of ``schemas.measures.MEASURES``; ``rep_type`` and ``unit``
            follow from it. Of a private exercise ``owner`` is ``"me"``, ``notes`` its owner's and
            ``merged_into`` the id of the exercise that it was merged into, if it was; all three are
            None of others. ``mine`` is what the user has noted of one of the catalogue with
            ``set_mine``: ``{"primary_muscles", "secondary_muscles", "notes"}``; None if nothing.

        Raises:
            InvalidParameter: an id can't be one.
            NotFound: there is no such exercise, or it is somebody else's private one.

        Example:
            ``n.rpc.exercises.get(1)``
        """
        return self._seen_by(user_id).get(load(BY_ID, {"id": exercise_id})["id"])

    @rpc
    def get_many(self, exercise_ids: Identifiers) -> Several:
        """Return several exercises of the catalogue, also inactive ones.

        Args:
            exercise_ids: at most 1000 ids; unknown ones are left out.

        Returns:
            A list of exercises as from ``get``, in the order of their ids.

        Raises:
            InvalidParameter: an id can't be one, or there are too many.

        Example:
            ``n.rpc.exercises.get_many([1, 2, 3])``
        """
        return self._reads.get_many(checked_ids("exercise_ids", exercise_ids))

    @rpc
    def search(self, q: str, user_id: int | None = None, **query: Any) -> dict[str, Any]:
        """Search active exercises, best match first.

        Args:
            q: at least 3 characters. Each of its words must be in the name, an alias or the
                equipment, in any order, with one wrong letter a word forgiven; or all of them in
                the description, as they are spelt there. One word alone may be anywhere.
            user_id: who asks, and finds their private exercises, too.
            query: ``category``, ``body_part``, ``difficulty``, ``measure``, ``equipment``,
                ``muscles`` (several values separated by commas), ``mine`` (``"true"`` leaves the
                catalogue out), ``page`` (1), ``limit`` (10, at most 100).

        Returns:
            ``{"items": [...], "total": number of all}``, items as from ``get``.

        Raises:
            InvalidParameter: a value is not allowed.

        Example:
            ``n.rpc.exercises.search("bench")``
        """
        values = load(EXERCISE_SEARCH, {**query, "q": q})
        return self._seen_by(user_id, values).list_page({**values, "search": values["q"]})

    @rpc
    def list(self, user_id: int | None = None, **query: Any) -> dict[str, Any]:
        """List active exercises.

        Args:
            user_id: who asks, and sees their private exercises, too.
            query: ``mine`` (``"true"`` leaves the catalogue out), ``category``, ``body_part``,
                ``difficulty``, ``measure``, ``equipment``, ``muscles`` (several values separated by
                commas, any of which matches), ``search`` (``q`` of the method ``search``),
                ``page`` (1), ``limit`` (10, at most 100), ``sort`` (``"name:asc"``; also by
                category, difficulty, equipment, created_at; by default the best match of
                ``search`` comes first).

        Returns:
            ``{"items": [...], "total": number of all}``, items as from ``get``.

        Raises:
            InvalidParameter: a value is not allowed.

        Example:
            ``n.rpc.exercises.list(category="strength", muscles="chest,triceps", limit=5)``
        """
        values = load(EXERCISE_LIST, query)
        return self._seen_by(user_id, values).list_page(values)

    @rpc
    def facets(self, user_id: int | None = None, **query: Any) -> dict[str, Any]:
        """Count active exercises by each value of each filter.

        Args:
            user_id: who asks; their private exercises are counted, too.
            query: ``category``, ``body_part``, ``difficulty``, ``measure``, ``equipment``,
                ``muscles``, ``mine``, as for ``list``: only exercises that pass these filters are
                counted.

        Returns:
            ``{"category": [{"value", "count"}, ...], "body_part", "equipment", "difficulty",
            "measure", "muscles"}``, the most frequent value first. An exercise counts once for
            each of its muscles and each piece of its equipment, and not at all where it has no
            value.

        Raises:
            InvalidParameter: a value is not allowed.

        Example:
            ``n.rpc.exercises.facets(category="strength")``
        """
        values = load(EXERCISE_FACETS, query)
        return self._seen_by(user_id, values).facets(values)

    @rpc
    def changes(self, after: int = 0, limit: int = 100) -> Several:
        """Return the feed of names, measures and muscles, for copies of them; oldest change first.

        Private exercises are in it, so it is for services alone.

        Args:
            after: position of the last change already seen; 0 for all exercises.
            limit: at most so many, 1 to 1000.

        Returns:
            ``[{"position", "exercise_id", "name", "rep_type", "measure", "primary_muscles",
            "secondary_muscles"}]``, each exercise once, as it is now, with the ``owner_id`` of a
            private one. Once a change was returned, none with a lower position will ever appear.

        Raises:
            InvalidParameter: a value is not allowed.

        Example:
            ``n.rpc.exercises.changes(0, 10)``
        """
        values = load(FEED, {"after": after, "limit": limit})
        return reads.changes(self.database.fetch, **values)

    @rpc
    def import_from_wger(self, wait: bool = True) -> dict[str, Any]:
        """Import wger's exercises, or resume an import that was interrupted.

        Nothing changes until all has been read. Manual exercises are never changed. Imported ones
        are recognised by wger's uuid, or else its id, and become inactive when wger has them no
        more.

        Args:
            wait: whether to wait for the end; the import goes on if the caller gives up.

        Returns:
            ``{"read", "added", "changed", "unchanged", "deactivated", "skipped": [{"reason",
            "count", "examples"}], "complete" (whether all of wger's list was read), "resumed_at"
            (entries read before), "seconds"}``. Without waiting, as from ``import_status`` with
            ``started``: whether this call began it.

        Raises:
            Conflict: an import is running, and ``wait`` is true.
            ServiceUnavailable: wger failed in every attempt; the next import resumes there.
            BadGateway: wger's response can't be used.

        Example:
            ``n.rpc.exercises.import_from_wger()``
        """
        return self.wger_imports.run() if wait else self.wger_imports.begin()

    @rpc
    def import_status(self) -> dict[str, Any]:
        """Return the progress of the import from wger, or the outcome of the last one.

        Returns:
            ``{"run": its number, "state": "never|reading|writing|done|failed|interrupted",
            "done": entries read, "total": entries there are, "began_at", "ended_at", "seconds",
            "error", "report": as from import_from_wger}``.

        Example:
            ``n.rpc.exercises.import_status()``
        """
        return self.wger_imports.status()

    @wger_schedule
    def import_when_due(self) -> None:
        """Import every ``WGER_SYNC_HOURS``."""
        self.wger_imports.begin_if_due()

    @property
    def _reads(self) -> ExerciseReads:
        return ExerciseReads(self.database, self.cache)

    def _seen_by(
        self, user_id: int | None, query: dict[str, Any] | None = None
    ) -> ExerciseReads | OwnersReads:
        """Return what reads for a user, or (None) for anybody."""
        only_own = query is not None and query.get("mine") == MINE
        if user_id is None and not only_own:
            return self._reads
        owner_id = None if user_id is None else checked_user(user_id)
        return OwnersReads(self.database, self._reads, owner_id, only_own)
