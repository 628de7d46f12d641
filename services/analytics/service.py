"""The analytics service."""

import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

from nameko.timer import timer

from schemas.errors import GymError, NotFound, ServiceUnavailable, TimedOut
from schemas.fields import load
from schemas.pages import ById, OfUser
from schemas.stats import HistoryQuery, ProgressQuery
from services.analytics import feed, processing, store
from services.analytics.answers import StatsAnswers
from services.dependencies import budgets, metrics
from services.dependencies.cache import Cache
from services.dependencies.database import Database
from services.dependencies.failpoints import failpoint
from services.dependencies.health import Health
from services.dependencies.logs import LogContext, get_logger
from services.dependencies.messaging import Poison, RemoteService, event_handler, rpc
from services.dependencies.outages import Outage

log = get_logger(__name__)

BY_ID = ById()
OF_USER = OfUser()
HISTORY_QUERY = HistoryQuery()
PROGRESS_QUERY = ProgressQuery()
HOLDER = uuid.uuid4().hex
"""This process, as the one that follows the feed."""

FEED = Outage("change feed", "will be followed again as soon as it answers")

PAGE = 100


class Analytics:
    """What came of the workouts: history, records, statistics, progress."""

    name = "analytics"

    database = Database("analytics")
    cache = Cache()
    workouts = RemoteService("workouts")
    exercises = RemoteService("exercises")
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
        self._process(load(BY_ID, {"id": workout_id})["id"])
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
        exercise_id = load(BY_ID, {"id": exercise_id})["id"]
        query = load(HISTORY_QUERY, {"range": range, "unit": unit})
        answer = self._answers.history(_checked_user(user_id), exercise_id, **query)
        if answer["exercise_name"] is None:
            answer["exercise_name"] = self.exercises.get(exercise_id)["name"]
        return answer

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
        return self._answers.records(_checked_user(user_id))

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
        return self._answers.progress(_checked_user(user_id), query["period"], query["weeks"])

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
        users = self._all_users() if user_id is None else {_checked_user(user_id)}
        return {"workouts": sum(self._rebuild_user(user) for user in sorted(users))}

    @event_handler("gateway", "workout_created")
    def handle_workout_created(self, event: dict) -> None:
        """Count a new workout."""
        self._handle(event)

    @event_handler("gateway", "workout_updated")
    def handle_workout_updated(self, event: dict) -> None:
        """Count a changed workout anew."""
        self._handle(event)

    @event_handler("gateway", "workout_deleted")
    def handle_workout_deleted(self, event: dict) -> None:
        """Take a deleted workout out of the numbers."""
        self._handle(event)

    @timer(interval=budgets.FEED_SECONDS, eager=True)
    def follow_feed(self) -> None:
        """Make good what no event told of: workouts of lost events, and those logged by hand."""
        try:
            self._retry_failures()
            self._catch_up()
        except GymError as problem:
            FEED.begin(str(problem))
        else:
            FEED.end()

    @property
    def _answers(self) -> StatsAnswers:
        return StatsAnswers(self.database, self.cache, _today())

    def _handle(self, event: dict) -> None:
        failpoint("analytics.handle")
        workout_id = event.get("workout_id")
        if isinstance(workout_id, bool) or not isinstance(workout_id, int):
            raise Poison("the event has no workout_id")
        try:
            self._process(workout_id)
        except NotFound as problem:
            raise Poison(str(problem)) from problem
        failpoint("analytics.before_ack")

    def _process(self, workout_id: int, again: bool = False) -> None:
        try:
            workout = self.workouts.get(workout_id, rep_types=True)
        except NotFound:
            deletion = self._deletion(workout_id)
            if deletion is None:
                raise
            self._apply_deletion(workout_id, deletion["user_id"])
            return
        with (
            self._answers.changing(workout["user_id"]),
            self.database.transaction() as connection,
        ):
            processing.apply_workout(connection, workout, again)

    def _deletion(self, workout_id: int) -> dict[str, Any] | None:
        position = 0
        while changes := self.workouts.changes(position, limit=1000, workout_id=workout_id):
            if changes[-1]["kind"] == "deleted":
                return changes[-1]
            position = changes[-1]["id"]
        return None

    def _apply_deletion(self, workout_id: int, user_id: int) -> None:
        with self._answers.changing(user_id), self.database.transaction() as connection:
            processing.apply_deletion(connection, workout_id, user_id)

    def _catch_up(self) -> None:
        while (position := self._hold_feed()) is not None:
            changes = self.workouts.changes(position, limit=budgets.FEED_BATCH)
            metrics.note_feed(position, changes)
            if not changes:
                return
            for change in self._unseen(changes):
                self._process_change(change)
            with self.database.transaction() as connection:
                feed.advance(connection, changes[-1]["id"])

    def _hold_feed(self) -> int | None:
        with self.database.transaction() as connection:
            return feed.hold(connection, HOLDER)

    def _unseen(self, changes: list[dict]) -> list[dict]:
        latest = {change["workout_id"]: change for change in changes}
        with self.database.transaction() as connection:
            known = store.processed(connection, latest.keys())
        return [
            change
            for workout_id, change in latest.items()
            if workout_id not in known or not known[workout_id].covers(change)
        ]

    def _process_change(self, change: dict) -> None:
        try:
            if change["kind"] == "deleted":
                self._apply_deletion(change["workout_id"], change["user_id"])
            else:
                self._process(change["workout_id"])
        except (ServiceUnavailable, TimedOut):
            raise
        except Exception as problem:
            self._note_failure(change["workout_id"], problem)

    def _retry_failures(self) -> None:
        with self.database.transaction() as connection:
            due = feed.due_failures(connection, budgets.FEED_BATCH)
        for workout_id in due:
            try:
                self._process(workout_id)
            except (ServiceUnavailable, TimedOut):
                raise
            except Exception as problem:
                self._note_failure(workout_id, problem)
            else:
                with self.database.transaction() as connection:
                    feed.forget_failure(connection, workout_id)

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
        with self.database.transaction() as connection:
            known = store.processed_ids(connection, user_id)
        workout_ids = known | set(self._workout_ids(user_id))
        for workout_id in sorted(workout_ids):
            self._process(workout_id, again=True)
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


def _checked_user(user_id: object) -> int:
    return load(OF_USER, {"user_id": user_id})["user_id"]


def _today() -> date:
    return datetime.now(UTC).date()
