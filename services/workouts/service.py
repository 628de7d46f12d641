"""The workouts service: logging workouts, reading them, and the feed of their changes."""

# the RPC method `list` hides the type of that name from annotations in the class; for mypy also
# where they are not evaluated
from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from nameko.timer import timer
from orjson import Fragment

from schemas.errors import GymError
from schemas.loading import load
from schemas.pages import checked_id, checked_ids, checked_user
from schemas.workouts import Changes, LastSets, NewWorkout, WorkoutChanges, WorkoutList
from services.dependencies import cache_generations
from services.dependencies.cache import Cache
from services.dependencies.cells.guard import CellGuard
from services.dependencies.database import Database
from services.dependencies.erasure.methods import ErasureDispatcher, ErasureMethods
from services.dependencies.exercise_facts import ExerciseFacts
from services.dependencies.health import Health
from services.dependencies.log_context import LogContext
from services.dependencies.outbox import OutboxRelay
from services.dependencies.remote_service import RemoteService
from services.dependencies.rpc import rpc
from services.observability.logging import get_logger
from services.process import budgets
from services.workouts import client_ids, feed, idempotency, private_exercises, reads, rules, writes
from services.workouts.cached_reads import WorkoutReads
from services.workouts.erasing import make_eraser
from services.workouts.exercise_cache import ExerciseCache
from services.workouts.exports.methods import ExportMethods
from services.workouts.imports.completed import OUTBOX
from services.workouts.imports.methods import ImportMethods
from services.workouts.imports.timers import ImportTimers
from services.workouts.measurements.methods import MeasurementMethods
from services.workouts.merge_methods import MergeMethods, MergesLeft
from services.workouts.own_changes import OwnChangesMethods
from services.workouts.saving import WorkoutSaving
from services.workouts.take_out import TakeOutMethods

log = get_logger(__name__)

NEW_WORKOUT = NewWorkout()
WORKOUT_CHANGES = WorkoutChanges()
WORKOUT_LIST = WorkoutList()
LAST_SETS = LastSets()
CHANGES = Changes()
CLEANING_SECONDS = 3600


class Workouts(
    MergeMethods,
    ImportMethods,
    ImportTimers,
    ExportMethods,
    MeasurementMethods,
    OwnChangesMethods,
    TakeOutMethods,
    ErasureMethods,
):
    """Logged workouts and the feed of their changes, histories, and measurements of the body."""

    name = "workouts"

    database = Database("workouts")
    cache = Cache()
    merges_left = MergesLeft()
    exercises = RemoteService(
        "exercises",
        methods=[
            *("changes", "get_many", "get_private", "match_names"),
            *("create", "restore", "delete"),
        ],
        without={
            **dict.fromkeys(["get_private", "match_names"], list),
            **dict.fromkeys(["create", "restore", "delete"]),
        },
    )
    exercise_cache = ExerciseCache()
    exercise_facts = ExerciseFacts(
        cache_generations.FACTS_IN_WORKOUTS, cache_generations.private_facts_in_workouts_of
    )
    outbox_relay = OutboxRelay(OUTBOX, "events of the outbox")
    eraser = make_eraser()
    erasure_dispatcher = ErasureDispatcher()
    log_context = LogContext()
    cell_guard = CellGuard()
    health = Health()

    @rpc
    def create(
        self, user_id: int, workout: dict, idempotency_key: str | None = None
    ) -> dict[str, Any]:
        """Log a workout.

        Args:
            user_id: the owner.
            workout: ``date`` (``"2025-02-16"``, at most one day ahead in UTC) or ``started_at``
                (``"2025-02-16T18:30:00+01:00"``) and, optionally, ``ended_at``, ``time_zone``
                (``"Europe/Berlin"``), ``client_id`` (a UUID of the client's own), ``name``,
                ``duration_minutes``, ``notes`` and ``exercises``, a list of ``{"exercise_id",
                "order_index", "superset", "notes", "sets": [{"set_number", "reps",
                "duration_seconds", "distance_m", "weight", "unit" (kg or lb), "set_type", "rpe",
                "rir", "rest_seconds", "notes"}]}``. A set needs one of
                ``reps``, ``duration_seconds`` and ``distance_m``; ``reps`` alone are seconds or
                metres if the exercise's ``rep_type`` says so.
            idempotency_key: 1 to 255 visible ASCII characters. A request with the same key and
                workout within 24 hours creates nothing and returns the first result.

        Returns:
            ``{"workout": as from get, "replayed": whether it is the first result of the key}``. If
            a workout with this ``client_id`` was made before, it is that one as it is now, and
            there is ``"was_there": True``. With a new one that has at most 32 KiB there is
            ``"counted"``: the workout as from get_many with rep_types, as JSON text.

        Raises:
            ValidationFailed: the workout breaks rules of its schema; all faults are listed.
            BusinessRuleViolation: unknown or inactive exercise, future date, times that contradict
                each other, or the key was used with another workout.
            Conflict: a request with this key is being processed, or the workout with this
                ``client_id`` was made from another one.
            Gone: the workout with this ``client_id`` was deleted.

        Example:
            ``n.rpc.workouts.create(1, {"date": "2025-02-16", "exercises": [{"exercise_id": 1,
            "sets": [{"reps": 5, "weight": 100}]}]})``
        """
        if idempotency_key is not None:
            idempotency.check_key(idempotency_key)
        user_id = checked_user(user_id)
        values = load(NEW_WORKOUT, workout)
        client_id = values.get("client_id")
        if idempotency_key is None and client_id is None:
            return self._saving.create(user_id, values)
        key = None if idempotency_key is None else idempotency.key_of(workout, idempotency_key)
        client = None if client_id is None else client_ids.given(workout, client_id)
        return self._saving.create_once(user_id, values, key, client)

    @rpc
    def list(self, user_id: int, **query: Any) -> dict[str, Any]:
        """List a user's workouts without their exercises.

        Args:
            user_id: the owner.
            query: ``date_from`` and ``date_to`` (``"2025-02-16"``, inclusive), ``page`` (1),
                ``limit`` (10, at most 100), ``sort`` (``"date:desc"``; also by created_at, name,
                duration_minutes; several separated by commas).

        Returns:
            ``{"items": [...], "total": number of all}``. Items are workouts with
            ``exercise_count``, ``set_count`` and ``total_volume`` (kg) in place of ``exercises``.

        Raises:
            InvalidParameter: a value is not allowed.
            BusinessRuleViolation: ``date_from`` is after ``date_to``.

        Example:
            ``n.rpc.workouts.list(1, date_from="2025-02-01", limit=5)``
        """
        values = load(WORKOUT_LIST, {**query, "user_id": user_id})
        user_id = checked_user(user_id)
        days = values.get("date_from"), values.get("date_to")
        rules.check_range(*days)
        sort = values.get("sort") or [("date", "desc")]
        return self._reads.list_page(user_id, days, sort, values["page"], values["limit"])

    @rpc
    def get(
        self, workout_id: int, user_id: int | None = None, rep_types: bool = False
    ) -> dict[str, Any]:
        """Return a whole workout.

        Args:
            workout_id: its id.
            user_id: the owner it must have; None for anybody's.
            rep_types: with each exercise's ``rep_type`` and ``measure`` as logged, and sets as
                for counting (see ``get_many``).

        Returns:
            ``{"id", "user_id", "client_id", "name", "date", "started_at", "ended_at", "time_zone",
            "duration_minutes", "notes", "version", "created_at", "updated_at", "exercises":
            [{"id", "exercise_id", "exercise_name" (of now), "order_index", "superset", "notes",
            "sets": [{"id", ...}]}]}``; sets as for ``create``, and of an exercise that counts time
            or distance both ``reps`` and what they mean.

        Raises:
            NotFound: there is none, or it is somebody else's.

        Example:
            ``n.rpc.workouts.get(1)``
        """
        workout_id = checked_id(workout_id)
        if user_id is not None:
            user_id = checked_user(user_id)
        if rep_types:
            return rules.found(reads.get(self.database.fetch, workout_id, user_id))
        # Any: a Fragment is JSON already, and is a dictionary for whoever gets it
        workout: Any = self._reads.get(workout_id, user_id)
        return workout

    @rpc
    def get_many(
        self,
        workout_ids: list[int],  # type: ignore[valid-type]
        rep_types: bool = False,
        user_ids: list[int] | None = None,  # type: ignore[valid-type]
    ) -> list[Fragment]:  # type: ignore[valid-type]
        """Return several whole workouts, past the cache.

        Args:
            workout_ids: at most 1000 ids; unknown ones are left out.
            rep_types: for counting: with each exercise's ``rep_type`` and ``measure``, without any
                notes, ``started_at`` in UTC. The ``reps`` of a set are then the number that counts:
                seconds or metres of an exercise in these, else repetitions, and 0 if there are
                none; ``repetitions`` are those that were entered, or None.
            user_ids: the owner of each, in the order of the ids; what is somebody else's is left
                out. Without it they are looked for in everybody's, which takes longer where tables
                are partitioned by user.

        Returns:
            Workouts as from ``get``, in no particular order.

        Raises:
            InvalidParameter: an id can't be one, there are too many, or not as many owners.

        Example:
            ``n.rpc.workouts.get_many([15, 16], user_ids=[7, 7])``
        """
        wanted = checked_ids("workout_ids", workout_ids)
        owners = None
        if user_ids is not None:
            owners = checked_ids("user_ids", user_ids, length=len(wanted))
        return reads.get_many(self.database.fetch, wanted, rep_types, owners)

    @rpc
    def last_sets(self, user_id: int, ids: list[int] | str) -> list[Any]:  # type: ignore[valid-type]
        """Return the working sets of a user's latest workout of each exercise.

        Args:
            user_id: the owner.
            ids: at most 50 ids of exercises, as a list or separated by commas.

        Returns:
            ``[{"exercise_id", "workout_id", "date", "started_at", "sets": [...]}]``, in the order
            of the ids; exercises without a working set are left out.

        Raises:
            InvalidParameter: an id can't be one, or there are too many.

        Example:
            ``n.rpc.workouts.last_sets(1, [1, 2])``
        """
        user_id = checked_user(user_id)
        return self._reads.last_sets(user_id, load(LAST_SETS, {"ids": ids})["ids"])

    @rpc
    def update(self, user_id: int, workout_id: int, changes: dict) -> dict[str, Any]:
        """Change a workout.

        Args:
            user_id: the owner.
            workout_id: its id.
            changes: fields as for ``create``; ``exercises`` replaces all of them. None clears a
                field, or empties the list; ``date`` can't be cleared. The date follows the start
                and the time zone. With ``version`` only that version is changed.

        Returns:
            The workout as from ``get``; its ``version`` is one higher if any field was given.

        Raises:
            ValidationFailed: the changes break rules of their schema; all faults are listed.
            NotFound: there is no such workout, or it is somebody else's.
            Conflict: the workout has another version than the given one.
            BusinessRuleViolation: unknown exercise, a date too far in the future, or times that
                contradict each other.

        Example:
            ``n.rpc.workouts.update(1, 15, {"name": "Push day", "duration_minutes": None})``
        """
        workout_id = checked_id(workout_id)
        user_id = checked_user(user_id)
        return self._saving.update(user_id, workout_id, load(WORKOUT_CHANGES, changes))

    @rpc
    def delete(self, user_id: int, workout_id: int) -> dict[str, Any]:
        """Delete a workout with its exercises and sets.

        Args:
            user_id: the owner.
            workout_id: its id.

        Returns:
            ``{"id", "deleted": True, "version", "date"}``, the last two as they were.

        Raises:
            NotFound: there is no such workout, or it is somebody else's.

        Example:
            ``n.rpc.workouts.delete(1, 15)``
        """
        workout_id = checked_id(workout_id)
        user_id = checked_user(user_id)
        with self._reads.changing(user_id, workout_id):
            version, day = rules.found(writes.delete(self.database.fetch, user_id, workout_id))
        return {"id": workout_id, "deleted": True, "version": version, "date": day.isoformat()}

    @rpc
    def retire_exercise(self, user_id: int, exercise_id: int) -> dict[str, Any]:
        """Refuse a private exercise in workouts from now on, unless one has it.

        The exercises service asks for it before it deletes the exercise.

        Args:
            user_id: the owner of the exercise.
            exercise_id: its id.

        Returns:
            ``{"workouts": how many of the owner's workouts have it}``; it is retired if there are
            none, now or before.

        Raises:
            InvalidParameter: an id can't be one.

        Example:
            ``n.rpc.workouts.retire_exercise(1, 1042)``
        """
        exercise_id = checked_id(exercise_id)
        user_id = checked_user(user_id)
        with self.database.together() as transaction:
            workouts = private_exercises.retire(
                transaction.send, transaction.fetch, user_id, exercise_id
            )
        return {"workouts": workouts}

    @rpc
    def changes(
        self,
        after: int = 0,
        limit: int = 100,
        workout_id: int | None = None,
        user_id: int | None = None,
    ) -> list[dict[str, Any]]:  # type: ignore[valid-type]
        """Return the change feed from a position on, oldest change first.

        Args:
            after: id of the last change already seen; 0 from the beginning.
            limit: at most so many changes, 1 to 1000.
            workout_id: only changes of this workout.
            user_id: the workout's owner; of somebody else's there are none. Used with
                ``workout_id`` alone.

        Returns:
            ``[{"id", "workout_id", "user_id", "kind": "created|updated|deleted", "version",
            "date", "changed_at"}]``. Once a change was returned, no change with a lower id will
            ever appear. One that came of a merge also has ``"merged": {"exercise_id", "into",
            "had_both": whether the workout had both exercises}``; one that an import or its undo
            made has ``"imported": True``.

        Raises:
            InvalidParameter: a value is not allowed.

        Example:
            ``n.rpc.workouts.changes(0, 10)``
        """
        values = load(
            CHANGES,
            {"after": after, "limit": limit, "workout_id": workout_id, "user_id": user_id},
        )
        return feed.changes(self.database.fetch, **values)

    @timer(interval=budgets.FACTS_LOOK_SECONDS, eager=True)
    def follow_catalogue(self) -> None:
        """Bring the copy of the exercises' names up to date."""
        self.exercise_facts.keep_up(self.database, self.cache, self.exercises.changes)

    @timer(interval=CLEANING_SECONDS)
    def forget_old_keys(self) -> None:
        """Delete expired idempotency keys."""
        try:
            idempotency.delete_expired(self.database.fetch)
        except GymError as problem:
            log.warning("old keys not forgotten, will be tried again", reason=str(problem))

    def _entries(self, user_id: int, exercise_ids: set[int]) -> list[dict[str, Any]]:  # type: ignore[valid-type]
        """Return the entries of exercises that a user can log."""
        found = self.exercise_cache.get_many(exercise_ids, ask=self.exercises.get_many)
        return private_exercises.with_private(
            found, exercise_ids, lambda ids: self.exercises.get_private(user_id, ids)
        )

    @property
    def _reads(self) -> WorkoutReads:
        return WorkoutReads(self.database, self.cache)

    @property
    def _saving(self) -> WorkoutSaving:
        return WorkoutSaving(
            self.database,
            self._reads,
            catalogue=self._entries,
            today=datetime.now(UTC).date(),
        )
