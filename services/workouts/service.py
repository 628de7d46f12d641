"""The workouts service."""

# the RPC method `list` hides the type of that name from annotations in the class
from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from nameko.timer import timer
from orjson import Fragment

from schemas.errors import GymError
from schemas.loading import load
from schemas.pages import checked_id, checked_ids, checked_user
from schemas.workouts import Changes, NewWorkout, WorkoutChanges, WorkoutList
from services.dependencies import cache_generations
from services.dependencies.cache import Cache
from services.dependencies.database import Database
from services.dependencies.exercise_facts import ExerciseFacts
from services.dependencies.health import Health
from services.dependencies.hints import HintSender
from services.dependencies.log_context import LogContext
from services.dependencies.remote_service import RemoteService
from services.dependencies.rpc import rpc
from services.observability.logging import get_logger
from services.process import budgets
from services.workouts import feed, idempotency, reads, rules, writes
from services.workouts.cached_reads import WorkoutReads
from services.workouts.exercise_cache import ExerciseCache
from services.workouts.saving import WorkoutSaving, without_rep_types

log = get_logger(__name__)

NEW_WORKOUT = NewWorkout()
WORKOUT_CHANGES = WorkoutChanges()
WORKOUT_LIST = WorkoutList()
CHANGES = Changes()
CLEANING_SECONDS = 3600

WORKOUT_SAVED = "workout_saved"
"""The hint that brings analytics a workout as soon as it is committed."""


class Workouts:
    """Logged workouts, and the feed of what changed."""

    name = "workouts"

    database = Database("workouts")
    cache = Cache()
    exercises = RemoteService("exercises", methods=["changes", "get_many"])
    exercise_cache = ExerciseCache()
    exercise_facts = ExerciseFacts(cache_generations.FACTS_IN_WORKOUTS)
    hint = HintSender()
    log_context = LogContext()
    health = Health()

    @rpc
    def create(
        self, user_id: int, workout: dict, idempotency_key: str | None = None
    ) -> dict[str, Any]:
        """Log a workout.

        Args:
            user_id: whose it is.
            workout: ``date`` (``"2025-02-16"``) and, if wanted, ``name``, ``duration_minutes``,
                ``notes`` and ``exercises``, a list of ``{"exercise_id", "order_index", "notes",
                "sets": [{"reps", "weight", "unit", "set_type", "rpe", "notes", "set_number"}]}``.
                ``reps`` are repetitions, seconds or metres, by the exercise; ``unit`` is ``kg``
                or ``lb``.
            idempotency_key: the same key and workout within 24 hours give the first answer again.

        Returns:
            ``{"workout": the whole workout, "replayed": whether it is an earlier answer}``.

        Raises:
            ValidationFailed: the workout breaks rules, all listed.
            BusinessRuleViolation: unknown exercise, future date, key used with another workout.
            Conflict: a request with this key is still in work.

        Example:
            ``n.rpc.workouts.create(1, {"date": "2025-02-16", "exercises": [{"exercise_id": 1,
            "sets": [{"reps": 5, "weight": 100}]}]})``
        """
        if idempotency_key is not None:
            idempotency.check_key(idempotency_key)
        user_id = checked_user(user_id)
        values = load(NEW_WORKOUT, workout)
        if idempotency_key is None:
            result = self._saving.create(user_id, values)
        else:
            body = idempotency.body_hash(workout)
            result = self._saving.create_once(user_id, values, idempotency_key, body)
        return {**result, "workout": without_rep_types(result["workout"])}

    @rpc
    def list(self, user_id: int, **query: Any) -> dict[str, Any]:
        """List a user's workouts, without their exercises.

        Args:
            user_id: whose workouts.
            query: ``date_from`` and ``date_to`` (``"2025-02-16"``), ``page`` (1), ``limit`` (10,
                at most 100), ``sort`` (``"date:desc"``; by date, created_at, name or
                duration_minutes).

        Returns:
            ``{"items": [...], "total": number of all}``. Each item has ``exercise_count``,
            ``set_count`` and ``total_volume`` (kg).

        Raises:
            InvalidParameter: a value is not allowed.
            BusinessRuleViolation: date_from is after date_to.

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
            workout_id: which one.
            user_id: whose it must be; left out, anybody's is returned.
            rep_types: whether each exercise tells how its repetitions count (``rep_type``).

        Returns:
            The workout with its ``exercises`` and their ``sets``.

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
        return self._reads.get(workout_id, user_id)

    @rpc
    def get_many(self, workout_ids: list[int], rep_types: bool = False) -> list[Fragment]:
        """Return several whole workouts, of anybody, as they are now.

        Args:
            workout_ids: which ones, at most 1000; those that there are not are left out.
            rep_types: for counting: each exercise tells how its repetitions count (``rep_type``),
                and all notes are left out.

        Returns:
            The workouts with their ``exercises`` and their ``sets``, in no certain order.

        Raises:
            InvalidParameter: an id is none.

        Example:
            ``n.rpc.workouts.get_many([1, 2])``
        """
        wanted = checked_ids("workout_ids", workout_ids)
        return reads.get_many(self.database.fetch, wanted, to_count=rep_types)

    @rpc
    def update(self, user_id: int, workout_id: int, changes: dict) -> dict[str, Any]:
        """Change a workout.

        Args:
            user_id: whose it must be.
            workout_id: which one.
            changes: the fields that change, as in ``create``; ``exercises`` replaces the whole
                nested list. None clears a field: it is None then, or the list is empty; ``date``
                can't be cleared. A ``version`` that is not the current one stops the change.

        Returns:
            The whole workout; its ``version`` is one higher if a field was given.

        Raises:
            ValidationFailed: the changes break rules, all listed.
            NotFound: there is no such workout, or it is somebody else's.
            Conflict: the workout was changed in the meantime.
            BusinessRuleViolation: unknown exercise, or a future date.

        Example:
            ``n.rpc.workouts.update(1, 15, {"name": "Push day", "duration_minutes": None})``
        """
        workout_id = checked_id(workout_id)
        user_id = checked_user(user_id)
        values = load(WORKOUT_CHANGES, changes)
        workout = self._saving.update(user_id, workout_id, values)
        self._send_hint(workout)
        return without_rep_types(workout)

    @rpc
    def delete(self, user_id: int, workout_id: int) -> dict[str, Any]:
        """Delete a workout.

        Args:
            user_id: whose it must be.
            workout_id: which one.

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
    def changes(
        self, after: int = 0, limit: int = 100, workout_id: int | None = None
    ) -> list[dict[str, Any]]:
        """Return the feed of everything that analytics must hear of, oldest first.

        Args:
            after: the id of the last change that is known already; 0 for all.
            limit: how many changes at the most, 1 to 1000.
            workout_id: only changes of this workout.

        Returns:
            ``[{"id", "workout_id", "user_id", "kind": "created|updated|deleted", "version",
            "date", "changed_at"}]``. Once a change was returned, no change with a lower id will
            ever appear.

        Raises:
            InvalidParameter: a value is not allowed.

        Example:
            ``n.rpc.workouts.changes(0, 10)``
        """
        values = load(CHANGES, {"after": after, "limit": limit, "workout_id": workout_id})
        return feed.changes(self.database.fetch, **values)

    @timer(interval=budgets.FACTS_LOOK_SECONDS, eager=True)
    def follow_catalogue(self) -> None:
        """Learn what exercises are called now."""
        self.exercise_facts.keep_up(self.database, self.cache, self.exercises.changes)

    @timer(interval=CLEANING_SECONDS)
    def forget_old_keys(self) -> None:
        """Forget idempotency keys whose 24 hours are over."""
        try:
            idempotency.delete_expired(self.database.fetch)
        except GymError as problem:
            log.warning("old keys not forgotten, will be tried again", reason=str(problem))

    @property
    def _reads(self) -> WorkoutReads:
        return WorkoutReads(self.database, self.cache)

    @property
    def _saving(self) -> WorkoutSaving:
        return WorkoutSaving(
            self.database, self._reads, self._catalogue_entries, self._send_hint, _today()
        )

    def _catalogue_entries(self, exercise_ids: set[int]) -> list[dict[str, Any]]:
        return self.exercise_cache.get_many(exercise_ids, self.exercises.get_many)

    def _send_hint(self, workout: dict[str, Any]) -> None:
        self.hint(WORKOUT_SAVED, workout)


def _today() -> date:
    return datetime.now(UTC).date()
