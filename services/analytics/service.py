"""The analytics service."""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

from nameko.timer import timer

from schemas.errors import GymError, NotFound
from schemas.limits import LARGEST_ID
from schemas.loading import load
from schemas.pages import checked_id, checked_user
from schemas.stats import HistoryQuery, ProgressQuery
from services.analytics import feed, processing, reads
from services.analytics.bisecting import bisect_batch
from services.analytics.cached_reads import CachedReads
from services.analytics.counting import CountedWorkouts
from services.analytics.rules.changes import ProcessedWorkout
from services.dependencies import cache_generations
from services.dependencies.batched_events import batched_event_handler
from services.dependencies.cache import Cache
from services.dependencies.database import Database
from services.dependencies.events import Poison
from services.dependencies.exercise_facts import ExerciseFacts
from services.dependencies.health import Health
from services.dependencies.hints import batched_hint_handler
from services.dependencies.log_context import LogContext
from services.dependencies.remote_service import RemoteService
from services.dependencies.rpc import rpc
from services.observability import metrics
from services.observability.logging import get_logger
from services.observability.outages import Outage
from services.process import budgets
from services.process.failpoints import failpoint

log = get_logger(__name__)

HISTORY_QUERY = HistoryQuery()
PROGRESS_QUERY = ProgressQuery()
HOLDER = uuid.uuid4().hex
"""This process, as the one that follows the feed."""

FEED = Outage("change feed", "will be followed again as soon as it answers")

COUNTED = CountedWorkouts()
HEAD_START = feed.HeadStart(budgets.FEED_BATCH)

# A queue is named after its method, and this one's was called hear_of_workouts. Processes of the
# version before take hints from the same queue; with one of another name beside it, each hint would
# be counted by both versions as long as an upgrade, or the way back, takes.
HINT_QUEUE = "hint-workouts-workout_saved--analytics.hear_of_workouts"

PAGE = 100

WHOLE = {"id", "user_id", "version", "date", "duration_minutes", "exercises"}
"""What counting needs of a workout."""


class Analytics:
    """What came of the workouts: history, records, statistics, progress."""

    name = "analytics"

    database = Database("analytics")
    cache = Cache()
    workouts = RemoteService("workouts", methods=["changes", "get_many", "list"])
    exercises = RemoteService("exercises", methods=["changes", "get"])
    exercise_facts = ExerciseFacts(cache_generations.FACTS_IN_NUMBERS)
    log_context = LogContext()
    health = Health()

    @rpc
    def process_workout(self, workout_id: int) -> dict[str, Any]:
        """Bring all numbers up to date with a workout as it is now. Doing it again changes nothing.

        Args:
            workout_id: which one; one that was deleted is taken out of the numbers.

        Returns:
            ``{"processed": True}``.

        Raises:
            NotFound: there never was such a workout.

        Example:
            ``n.rpc.analytics.process_workout(1)``
        """
        self._process([checked_id(workout_id)])
        return {"processed": True}

    @rpc
    def exercise_history(
        self, user_id: int, exercise_id: int, range: str = "3months", unit: str = "day"
    ) -> dict[str, Any]:
        """Return a user's history of one exercise.

        Args:
            user_id: whose.
            exercise_id: which exercise.
            range: ``1month``, ``3months``, ``6months``, ``1year`` or ``all``.
            unit: ``day``, ``week`` (from Monday) or ``month``: what one data point gathers.

        Returns:
            ``{"exercise_id", "exercise_name", "range", "unit", "data_points": [{"date",
            "max_weight" (kg), "total_volume" (kg), "total_sets", "total_reps", "avg_rpe"}],
            "stats": {"current_max_weight", "lifetime_volume", "lifetime_sets",
            "lifetime_workouts", "last_performed_date", "trend_30d"}}``. Warm-ups count nowhere.

        Raises:
            InvalidParameter: a value is not allowed.
            NotFound: there is no such exercise.

        Example:
            ``n.rpc.analytics.exercise_history(1, 1, range="all", unit="month")``
        """
        exercise_id = checked_id(exercise_id)
        query = load(HISTORY_QUERY, {"range": range, "unit": unit})
        user_id = checked_user(user_id)
        result = self._reads.history(user_id, exercise_id, **query)
        if result["exercise_name"] is None:
            result["exercise_name"] = self.exercises.get(exercise_id)["name"]
        return result

    @rpc
    def personal_records(self, user_id: int) -> dict[str, Any]:
        """Return a user's personal records.

        Args:
            user_id: whose.

        Returns:
            ``{"records": [{"exercise_id", "exercise_name", "max_weight": {"value", "unit",
            "achieved_date", "workout_id", "previous"}, "max_reps": {...}, "max_volume": {...}}]}``.
            Values are as logged, ``previous`` is the best before in the same unit, or None.

        Example:
            ``n.rpc.analytics.personal_records(1)``
        """
        return self._reads.records(checked_user(user_id))

    @rpc
    def progress(self, user_id: int, period: str = "weekly", weeks: int = 12) -> dict[str, Any]:
        """Return what a user did in each of the last weeks or months.

        Args:
            user_id: whose.
            period: ``weekly`` or ``monthly``.
            weeks: how many periods, 1 to 52, this one included.

        Returns:
            ``{"period", "weeks": [{"week_start", "week_end", "total_workouts", "total_volume"
            (kg), "total_sets", "total_exercises", "avg_workout_duration" (minutes)}]}``, oldest
            first; with ``monthly`` it is ``months`` with ``month_start`` and ``month_end``.

        Raises:
            InvalidParameter: a value is not allowed.

        Example:
            ``n.rpc.analytics.progress(1, weeks=4)``
        """
        query = load(PROGRESS_QUERY, {"period": period, "weeks": weeks})
        user_id = checked_user(user_id)
        return self._reads.progress(user_id, query["period"], query["weeks"])

    @rpc
    def rebuild(self, user_id: int | None = None) -> dict[str, Any]:
        """Count everything anew from the workouts service; right at every moment meanwhile.

        Args:
            user_id: whose numbers; left out, everybody's, which may take long.

        Returns:
            ``{"workouts": how many were processed}``.

        Example:
            ``n.rpc.analytics.rebuild(1)``
        """
        users = self._all_users() if user_id is None else {checked_user(user_id)}
        return {"workouts": sum(self._rebuild_user(user) for user in sorted(users))}

    @batched_event_handler("gateway", "workout_created")
    def handle_workout_created(self, events: list[dict]) -> None:
        """Count new workouts."""
        self._handle_saved(events)

    @batched_event_handler("gateway", "workout_updated")
    def handle_workout_updated(self, events: list[dict]) -> None:
        """Count changed workouts anew."""
        self._handle_saved(events)

    @batched_event_handler("gateway", "workout_deleted")
    def handle_workout_deleted(self, events: list[dict]) -> None:
        """Take deleted workouts out of the numbers."""
        self._handle(events)

    @batched_hint_handler("workouts", "workout_saved", queue_name=HINT_QUEUE)
    def handle_workout_saved(self, workouts: list[dict]) -> None:
        """Count workouts that were saved a moment ago, before the events tell of them."""
        self._count(
            [
                workout
                for workout in workouts
                if _is_whole(workout) and not COUNTED.covers(workout["id"], workout["version"])
            ],
            {},
        )

    @timer(interval=budgets.FEED_SECONDS, eager=True)
    def follow_feed(self) -> None:
        """Make good what no event told of: workouts of lost events, and those logged by hand."""
        HEAD_START.begin_look()
        try:
            self._retry_failures()
            self._catch_up()
        except GymError as problem:
            FEED.begin(str(problem))
        else:
            FEED.end()

    @timer(interval=budgets.FACTS_LOOK_SECONDS, eager=True)
    def follow_catalogue(self) -> None:
        """Learn what exercises are called now, and what their sets count."""
        self.exercise_facts.keep_up(self.database, self.cache, self.exercises.changes)

    @property
    def _reads(self) -> CachedReads:
        return CachedReads(self.database, self.cache, COUNTED, _today())

    def _handle_saved(self, events: list[dict]) -> None:
        told = [
            event
            for event in events
            if not COUNTED.covers(_workout_id(event), event.get("version"))
        ]
        known = reads.processed(self.database.fetch, map(_workout_id, told)) if told else {}
        # another process may have heard of them
        self._handle([event for event in told if not _is_counted(event, known)])

    def _handle(self, events: list[dict]) -> None:
        failpoint("analytics.handle")
        try:
            self._process(list(map(_workout_id, events)))
        except NotFound as problem:
            raise Poison(str(problem)) from problem
        failpoint("analytics.before_ack")

    def _process(
        self,
        workout_ids: list[int],
        deletions: Mapping[int, int] | None = None,
        again: bool = False,
    ) -> None:
        """Bring all numbers up to date with workouts, and with deletions by workout and user.

        Raises:
            NotFound: there never was one of the workouts; the others are counted all the same.
        """
        found = self.workouts.get_many(workout_ids, rep_types=True) if workout_ids else []
        missing = set(workout_ids) - {workout["id"] for workout in found}
        gone = {**(deletions or {}), **self._deletions(missing)}
        self._count(found, gone, again)
        if missing - gone.keys():
            raise NotFound("There is no such workout")

    def _count(
        self, workouts: list[dict], deletions: Mapping[int, int], again: bool = False
    ) -> None:
        users = {workout["user_id"] for workout in workouts} | set(deletions.values())
        if users:
            with (
                COUNTED.counting(workouts, users),
                self._reads.changing(users),
                self.database.together() as transaction,
            ):
                processing.apply(transaction.fetch, workouts, deletions, again, transaction.send)

    def _deletions(self, workout_ids: Iterable[int]) -> dict[int, int]:
        deletions = ((workout_id, self._deletion(workout_id)) for workout_id in workout_ids)
        return {
            workout_id: deletion["user_id"]
            for workout_id, deletion in deletions
            if deletion is not None
        }

    def _deletion(self, workout_id: int) -> dict[str, Any] | None:
        position = 0
        while changes := self.workouts.changes(position, limit=1000, workout_id=workout_id):
            if changes[-1]["kind"] == "deleted":
                return changes[-1]
            position = changes[-1]["id"]
        return None

    def _catch_up(self) -> None:
        while (position := self._hold_feed()) is not None:
            changes = self.workouts.changes(position, limit=budgets.FEED_BATCH)
            changes = HEAD_START.left_to_the_feed(changes)
            metrics.note_feed(position, changes)
            if not changes:
                return
            unseen = self._unseen(changes)
            # whoever made them may have died before it could tell
            self.cache.invalidate(*_versions_of(unseen))
            bisect_batch(
                unseen,
                self._process_changes,
                lambda change, problem: self._note_failure(change["workout_id"], problem),
            )
            with self.database.transaction() as connection:
                feed.advance(connection, changes[-1]["id"])

    def _hold_feed(self) -> int | None:
        with self.database.transaction() as connection:
            return feed.hold(connection, HOLDER)

    def _unseen(self, changes: list[dict]) -> list[dict]:
        latest = {change["workout_id"]: change for change in changes}
        known = reads.processed(self.database.fetch, latest.keys())
        return [
            change
            for workout_id, change in latest.items()
            if workout_id not in known or not known[workout_id].covers(change)
        ]

    def _process_changes(self, changes: list[dict]) -> None:
        deletions = {
            change["workout_id"]: change["user_id"]
            for change in changes
            if change["kind"] == "deleted"
        }
        workout_ids = [change["workout_id"] for change in changes]
        self._process([key for key in workout_ids if key not in deletions], deletions)

    def _retry_failures(self) -> None:
        with self.database.transaction() as connection:
            due = feed.due_failures(connection, budgets.FEED_BATCH)
        bisect_batch(due, self._process_failures, self._note_failure)

    def _process_failures(self, workout_ids: list[int]) -> None:
        self._process(workout_ids)
        with self.database.transaction() as connection:
            feed.forget_failures(connection, workout_ids)

    def _note_failure(self, workout_id: int, problem: Exception) -> None:
        reason = f"{type(problem).__name__}: {problem}"
        with self.database.transaction() as connection:
            attempts = feed.note_failure(connection, workout_id, reason[:500])
        log.error(
            "workout can't be counted, will be tried again",
            workout_id=workout_id,
            attempts=attempts,
            exc_info=None if isinstance(problem, GymError) else problem,
        )

    def _rebuild_user(self, user_id: int) -> int:
        known = reads.processed_ids(self.database.fetch, user_id)
        workout_ids = sorted(known | set(self._workout_ids(user_id)))
        for first in range(0, len(workout_ids), PAGE):
            bisect_batch(
                workout_ids[first : first + PAGE],
                lambda some: self._process(some, again=True),
                _raise,
            )
        return len(workout_ids)

    def _workout_ids(self, user_id: int) -> Iterator[int]:
        page = 1
        while items := self.workouts.list(user_id, page=page, limit=PAGE, sort="created_at")[
            "items"
        ]:
            yield from (item["id"] for item in items)
            page += 1

    def _all_users(self) -> set[int]:
        users, position = set(), 0
        while changes := self.workouts.changes(position, limit=1000):
            users.update(change["user_id"] for change in changes)
            position = changes[-1]["id"]
        return users


def _workout_id(event: dict) -> int:
    workout_id = event.get("workout_id")
    if type(workout_id) is not int or not 1 <= workout_id <= LARGEST_ID:
        raise Poison("the event has no workout_id")
    return workout_id


def _is_counted(event: dict, known: Mapping[int, ProcessedWorkout]) -> bool:
    workout, version = known.get(event["workout_id"]), event.get("version")
    return workout is not None and type(version) is int and workout.has_counted(version)


def _versions_of(changes: list[dict]) -> set[str]:
    of_all = {cache_generations.workouts_of(change["user_id"]) for change in changes}
    return of_all | {cache_generations.workout(change["workout_id"]) for change in changes}


def _is_whole(workout: dict) -> bool:
    """Tell whether a hint brings a workout that can be counted."""
    return workout.keys() >= WHOLE and all("rep_type" in each for each in workout["exercises"])


def _raise(_item: object, problem: Exception) -> None:
    raise problem


def _today() -> date:
    return datetime.now(UTC).date()
