"""The analytics service: counting workouts, and users' records, histories and progress."""

from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Any

from nameko.timer import timer

from schemas.errors import NotFound, Unauthorized
from schemas.loading import load
from schemas.measures import LIKELY_MEASURE
from schemas.pages import checked_id, checked_user, is_id
from schemas.stats import EstimateQuery, HistoryQuery, OneRepMaxQuery, ProgressQuery
from services.analytics import counting_reads, messages, reads, rebuilding, writes
from services.analytics.cached_reads import CachedReads
from services.analytics.counting import CountedWorkouts
from services.analytics.erasing import make_eraser
from services.analytics.feed_follower import FeedFollower
from services.analytics.muscle_methods import MuscleMethods
from services.analytics.own_muscles import OwnMuscles
from services.analytics.processor import WorkoutProcessor
from services.analytics.record_outbox import OUTBOX
from services.analytics.rules.calculator import calculated
from services.analytics.rules.shown_records import WEIGHT_IS, rep_maxes
from services.analytics.summary_maker import SummaryMaker
from services.analytics.summary_methods import SummaryMethods
from services.analytics.take_out import TakeOutMethods
from services.analytics.week_methods import WeekMethods
from services.dependencies import cache_generations
from services.dependencies.batched_events import batched_event_handler
from services.dependencies.cache import Cache
from services.dependencies.cells.guard import CellGuard
from services.dependencies.database import Database
from services.dependencies.erasure import tombstones
from services.dependencies.erasure.methods import ErasureDispatcher, ErasureMethods
from services.dependencies.events import Poison
from services.dependencies.exercise_facts import ExerciseFacts
from services.dependencies.health import Health
from services.dependencies.log_context import LogContext
from services.dependencies.outbox import OutboxRelay
from services.dependencies.remote_service import RemoteService
from services.dependencies.rpc import rpc
from services.process import budgets
from services.process.failpoints import failpoint

HISTORY_QUERY = HistoryQuery()
PROGRESS_QUERY = ProgressQuery()
ONE_REP_MAX_QUERY = OneRepMaxQuery()
ESTIMATE_QUERY = EstimateQuery()

NO_RECORDS: dict[str, Any] = {"records": []}


class Analytics(MuscleMethods, WeekMethods, SummaryMethods, TakeOutMethods, ErasureMethods):
    """Computes and serves histories, records, statistics and progress of users' workouts."""

    name = "analytics"

    database = Database("analytics")
    cache = Cache()
    users = RemoteService("users", methods=["settings_changes"], without={"settings_changes": None})
    workouts = RemoteService(
        "workouts",
        methods=["changes", "get_many", "list"],
        newer={"changes": ["user_id"], "get_many": ["user_ids"]},
    )
    exercises = RemoteService(
        "exercises", methods=["changes", "get", "own_muscles"], without={"own_muscles": list}
    )
    exercise_facts = ExerciseFacts(
        cache_generations.FACTS_IN_NUMBERS, cache_generations.numbers_of, with_muscles=True
    )
    own_muscles = OwnMuscles(cache_generations.FACTS_IN_NUMBERS, cache_generations.numbers_of)
    counted = CountedWorkouts()
    feed_follower = FeedFollower()
    summary_maker = SummaryMaker()
    record_relay = OutboxRelay(OUTBOX, "record events")
    eraser = make_eraser()
    erasure_dispatcher = ErasureDispatcher()
    log_context = LogContext()
    cell_guard = CellGuard()
    health = Health()

    @rpc
    def process_workout(self, workout_id: int, user_id: int | None = None) -> dict[str, Any]:
        """Bring all numbers up to date with a workout as it is now; idempotent.

        The rules are those of ``services/analytics/rules``.

        Args:
            workout_id: an integer from 1; a deleted workout is taken out of the numbers.
            user_id: its owner, without which it is looked for in everybody's.

        Returns:
            ``{"processed": True}``.

        Raises:
            InvalidParameter: an id is none.
            NotFound: there never was such a workout, or it is somebody else's.
            ServiceUnavailable, TimedOut: the workouts service or the database is away.

        Example:
            ``n.rpc.analytics.process_workout(15, user_id=7)``
        """
        owner = None if user_id is None else checked_user(user_id)
        self._processor.process({checked_id(workout_id): owner})
        return {"processed": True}

    @rpc
    def exercise_history(
        self, user_id: int, exercise_id: int, range: str = "3months", unit: str = "day"
    ) -> dict[str, Any]:
        """Return a user's history of one exercise.

        Points and lifetime numbers are computed in ``rules/history.py``, the trend (30 days
        against the 30 before) in ``rules/trend.py``.

        Args:
            user_id: an integer from 1.
            exercise_id: an integer from 1.
            range: ``1month``, ``3months``, ``6months``, ``1year`` or ``all``, before today (UTC).
            unit: ``day``, ``week`` (from Monday) or ``month``: what one data point sums up.

        Returns:
            ``{"exercise_id", "exercise_name", "range", "unit", "data_points": [{"date",
            "max_weight" (kg), "total_volume" (kg), "total_sets", "total_reps", "avg_rpe",
            "best_e1rm" (kg, Epley), "total_duration_seconds", "total_distance_m"}], "stats":
            {"current_max_weight", "lifetime_volume", "lifetime_sets", "lifetime_workouts",
            "last_performed_date", "trend_30d"}}``, the oldest point first. Dates are ISO texts;
            numbers are rounded to 2 decimals. Warm-ups count nowhere. ``stats`` are of the whole
            history, whatever the range; ``trend_30d``
            is ``improving``, ``stable``, ``declining`` or None.

        Raises:
            InvalidParameter: a value is not allowed.
            NotFound: there is no such exercise.
            ServiceUnavailable, TimedOut: the database or the exercises service is away.

        Example:
            ``n.rpc.analytics.exercise_history(1, 1, range="all", unit="month")``
        """
        exercise_id = checked_id(exercise_id)
        query = load(HISTORY_QUERY, {"range": range, "unit": unit})
        user_id = checked_user(user_id)
        result = self._reads.history(user_id, exercise_id, **query)
        if result["exercise_name"] is None:
            result["exercise_name"] = self._exercise(user_id, exercise_id)["name"]
        return result

    @rpc
    def personal_records(self, user_id: int) -> dict[str, Any]:
        """Return a user's records; ``rules/records.py`` and ``set_bests.py`` say what is one.

        Args:
            user_id: an integer from 1.

        Returns:
            ``{"records": [{"exercise_id", "exercise_name", "max_weight": {"value", "unit",
            "achieved_date", "workout_id", "previous"}, "max_reps": {...}, "max_volume": {...},
            "best_e1rm": {...}, ...}]}``. By exercise id; only those that exist, which the
            exercise's measure decides for all but the first three: ``best_e1rm`` (Epley) and
            ``best_set_volume``; ``least_assistance``; ``longest``; ``farthest`` and
            ``fastest_pace``. ``value`` is as logged: kg or lb, reps, seconds or meters, kg for a
            volume and seconds_per_km for a pace. ``previous`` is the best before it in the same
            unit, or None.

        Raises:
            InvalidParameter: the id is none.
            ServiceUnavailable: the database is away.

        Example:
            ``n.rpc.analytics.personal_records(1)``
        """
        return self._reads.records(checked_user(user_id))

    @rpc
    def exercise_records(
        self, user_id: int, exercise_id: int, formula: str = "epley"
    ) -> dict[str, Any]:
        """Return a user's records of one exercise, each with the set that made it.

        ``rules/set_bests.py`` says which set is the best of a kind, ``rules/shown_records.py``
        which kinds a measure has.

        Args:
            user_id: an integer from 1.
            exercise_id: an integer from 1.
            formula: of ``best_e1rm``: ``epley``, ``brzycki`` or ``lombardi``, whose sources are in
                ``rules/one_rep_max.py``.

        Returns:
            ``{"exercise_id", "exercise_name", "measure", "weight_is", "records": [{"kind",
            "value", "unit", "achieved_date", "workout_id", "set", "previous", "margin", "formula",
            "confidence", "with_reserve"}]}``. ``set`` is ``{"set_number", "reps", "weight",
            "unit", "duration_seconds", "distance_m", "rpe", "rir"}``, None for ``max_volume``,
            which a whole workout made. ``previous`` is the best before that workout in the
            record's unit, ``margin`` how much better the record is, both None for a first one. The
            last three are of ``best_e1rm`` alone. ``longest_at`` is there once for each weight.
            ``weight_is`` is ``lifted``, ``added``, ``taken_off`` or None. Numbers are rounded to 2
            decimals.

        Raises:
            InvalidParameter: a value is not allowed.
            NotFound: there is no such exercise.
            ServiceUnavailable, TimedOut: the database or the exercises service is away.

        Example:
            ``n.rpc.analytics.exercise_records(1, 1)``
        """
        exercise_id = checked_id(exercise_id)
        query = load(ESTIMATE_QUERY, {"formula": formula})
        user_id = checked_user(user_id)
        found = self._reads.records_of(user_id, exercise_id, **query)
        return found or self._never_done(user_id, exercise_id, **NO_RECORDS)

    @rpc
    def rep_maxes(self, user_id: int, exercise_id: int, formula: str = "epley") -> dict[str, Any]:
        """Return a user's heaviest sets of 1 to 12 repetitions of an exercise.

        Args:
            user_id: an integer from 1.
            exercise_id: an integer from 1.
            formula: of the estimates: ``epley``, ``brzycki`` or ``lombardi``.

        Returns:
            ``{"exercise_id", "exercise_name", "measure", "weight_is", "formula", "best_e1rm":
            {"value", "unit", "achieved_date", "workout_id", "set", "formula", "confidence",
            "with_reserve"}, "rep_maxes": [{"reps", "exactly": {"weight", "unit", "achieved_date",
            "workout_id", "set"}, "at_least": {...}, "estimated": {"weight", "unit"}}]}``, one item
            for each of 1 to 12 repetitions. ``exactly`` and ``at_least`` are the heaviest set of so
            many repetitions and of so many or more, the first of equal ones; ``estimated`` is the
            weight that ``best_e1rm`` allows. What does not exist is None. ``set`` and ``weight_is``
            are as in ``exercise_records``.

        Raises:
            InvalidParameter: a value is not allowed.
            NotFound: there is no such exercise.
            ServiceUnavailable, TimedOut: the database or the exercises service is away.

        Example:
            ``n.rpc.analytics.rep_maxes(1, 1, formula="brzycki")``
        """
        exercise_id = checked_id(exercise_id)
        query = load(ESTIMATE_QUERY, {"formula": formula})
        user_id = checked_user(user_id)
        found = self._reads.rep_maxes(user_id, exercise_id, **query)
        nothing = {**query, **rep_maxes([], query["formula"])}
        return found or self._never_done(user_id, exercise_id, **nothing)

    @rpc
    def progress(self, user_id: int, period: str = "weekly", weeks: int = 12) -> dict[str, Any]:
        """Return what a user did in each of the last weeks or months (``rules/progress.py``).

        Args:
            user_id: an integer from 1.
            period: ``weekly`` or ``monthly``.
            weeks: how many periods, 1 to 52, this one included.

        Returns:
            ``{"period", "weeks": [{"week_start", "week_end", "total_workouts", "total_volume"
            (kg), "total_sets", "total_exercises", "avg_workout_duration" (minutes)}]}``, oldest
            first; with ``monthly`` it is ``months`` with ``month_start`` and ``month_end``. A
            period without a workout has zeros. The mean duration is of workouts that have one.

        Raises:
            InvalidParameter: a value is not allowed.
            ServiceUnavailable: the database is away.

        Example:
            ``n.rpc.analytics.progress(1, weeks=4)``
        """
        query = load(PROGRESS_QUERY, {"period": period, "weeks": weeks})
        user_id = checked_user(user_id)
        return self._reads.progress(user_id, query["period"], query["weeks"])

    @rpc
    def one_rep_max(
        self,
        weight: float,
        reps: float,
        unit: str = "kg",
        rir: float | None = None,
        formula: str = "epley",
    ) -> dict[str, Any]:
        """Estimate the weight of one repetition from a set of several; nothing is stored or read.

        The formulas and their sources are in ``rules/one_rep_max.py``.

        Args:
            weight: of the set in ``unit``, 0 to 10,000 with at most 2 decimals.
            reps: its repetitions, 0 to 1,000,000.
            unit: ``kg`` or ``lb``, of all weights here.
            rir: repetitions in reserve, 0 to 10 in halves, or None if they are not known.
            formula: ``epley`` w × (1 + r / 30), ``brzycki`` w × 36 / (37 − r) or ``lombardi``
                w × r ^ 0.10.

        Returns:
            ``{"weight", "unit", "reps", "rir", "formula", "one_rep_max", "reason", "confidence",
            "with_reserve", "table": [{"reps", "weight", "percent"}]}``. ``one_rep_max`` is None
            unless ``reps`` is a whole number from 1 to 12: then ``reason`` is ``no_weight``,
            ``no_repetitions``, ``not_whole`` or ``more_than_12``, and the table is empty.
            ``confidence`` is ``high`` up to 5 repetitions, ``medium`` up to 10, then ``low``.
            ``with_reserve`` is the estimate from ``reps`` + ``rir``, None beyond 12. The table has
            the weight for 1 to 12 repetitions. Weights are rounded to 2 decimals.

        Raises:
            InvalidParameter: a value is not allowed.

        Example:
            ``n.rpc.analytics.one_rep_max(100, 5, rir=2)``
        """
        given = {"weight": weight, "reps": reps, "unit": unit, "rir": rir, "formula": formula}
        return calculated(**{"rir": None, **load(ONE_REP_MAX_QUERY, given)})

    @rpc
    def rebuild(self, user_id: int | None = None) -> dict[str, Any]:
        """Recount everything from the workouts service.

        Each user is one transaction: reads meanwhile see the numbers of before.

        Args:
            user_id: an integer from 1; left out, all users are recounted, which may take long.

        Returns:
            ``{"workouts": number of workouts processed}``.

        Raises:
            InvalidParameter: the id is none.
            ServiceUnavailable, TimedOut: the workouts service or the database is away.

        Example:
            ``n.rpc.analytics.rebuild(1)``
        """
        if user_id is None:
            users = rebuilding.users_with_workouts(self.workouts)
        else:
            users = {checked_user(user_id)}
        processor = self._processor
        return {"workouts": sum(rebuilding.rebuild_user(processor, user) for user in sorted(users))}

    @batched_event_handler(
        "gateway", "workout_created", only_at_first=messages.WORKOUT, is_in_feed=True
    )
    def handle_workout_created(self, events: list[dict]) -> None:
        """Count new workouts."""
        self._handle_saved(events)

    @batched_event_handler(
        "gateway", "workout_updated", only_at_first=messages.WORKOUT, is_in_feed=True
    )
    def handle_workout_updated(self, events: list[dict]) -> None:
        """Recount changed workouts."""
        self._handle_saved(events)

    @batched_event_handler("gateway", "workout_deleted", is_in_feed=True)
    def handle_workout_deleted(self, events: list[dict]) -> None:
        """Take deleted workouts out of the numbers."""
        self._handle_deleted(events)

    @timer(interval=budgets.FEED_SECONDS, eager=True)
    def follow_feed(self) -> None:
        """Process changes that no event brought: lost events, and workouts logged by hand."""
        self.feed_follower.look(self._processor)

    @timer(interval=budgets.OUTBOX_SECONDS, eager=True)
    def relay_records(self) -> None:
        """Dispatch record events that no process has dispatched right after their commit."""
        self.record_relay.wake()

    @timer(interval=budgets.FACTS_LOOK_SECONDS, eager=True)
    def follow_catalogue(self) -> None:
        """Update the copies of what exercises are now, if the catalogue has changed."""
        self.exercise_facts.keep_up(self.database, self.cache, self.exercises.changes)
        self.own_muscles.keep_up(self.database, self.cache, self.exercises.own_muscles)

    def _never_done(self, user_id: int, exercise_id: int, **more: Any) -> dict[str, Any]:
        exercise = self._exercise(user_id, exercise_id)
        measure = exercise.get("measure") or LIKELY_MEASURE[exercise["rep_type"]]
        return {
            "exercise_id": exercise_id,
            "exercise_name": exercise["name"],
            "measure": measure,
            "weight_is": WEIGHT_IS.get(measure),
            **more,
        }

    @property
    def _reads(self) -> CachedReads:
        return CachedReads(self.database, self.cache, self.counted, datetime.now(UTC).date())

    @property
    def _processor(self) -> WorkoutProcessor:
        return WorkoutProcessor(
            self.database, self.cache, self.workouts, self.counted, self.record_relay.wake
        )

    def _exercise(self, user_id: int, exercise_id: int) -> dict[str, Any]:
        """Return an exercise that a user can see but has never done."""
        try:
            found: dict[str, Any] = self.exercises.get(exercise_id)
        except NotFound:
            # asked second: the version before, which may serve during an upgrade, takes no user
            found = self.exercises.get(exercise_id, user_id=user_id)
        return found

    def _handle_saved(self, events: list[dict]) -> None:
        self._without_erased(self._count_saved, events)

    def _handle_deleted(self, events: list[dict]) -> None:
        self._without_erased(self._handle, events)

    def _without_erased(self, handle: Callable[[list[dict]], None], events: list[dict]) -> None:
        """Handle events; if that fails since users were erased, handle those of the others.

        So nothing is asked before each batch. A workout of an erased user is refused by the
        database, or can't be found any more.
        """
        try:
            handle(events)
        except (Unauthorized, Poison):
            user_ids = {each["user_id"] for each in events if is_id(each.get("user_id"))}
            erased = tombstones.among(self.database.fetch, user_ids)
            others = [each for each in events if each.get("user_id") not in erased]
            if len(others) == len(events):
                raise
            if others:
                handle(others)

    def _count_saved(self, events: list[dict]) -> None:
        uncounted = [
            event
            for event in events
            if not self.counted.covers(messages.workout_id(event), event.get("version"))
        ]
        uncounted = self._cover(uncounted)
        told = [(event, messages.told_workout(event)) for event in uncounted]
        untold = [event for event, workout in told if workout is None]
        workout_ids = list(map(messages.workout_id, untold))
        # the feed or another process may have brought them
        known = reads.processed(self.database.fetch, workout_ids) if workout_ids else {}
        self._handle(
            [event for event in untold if not messages.is_counted(event, known)],
            [workout for _, workout in told if workout is not None],
        )

    def _cover(self, events: list[dict]) -> list[dict]:
        """Note those versions that change no number, and return the other events."""
        without_change = [event for event in events if messages.changes_no_number(event)]
        if not without_change:
            return events
        with self.database.together() as transaction:
            # as whoever counts does, or two that write the same rows could wait for each other
            counting_reads.lock_users(
                transaction.send, {event["user_id"] for event in without_change}
            )
            covered = writes.cover(
                transaction.fetch,
                (
                    (event["workout_id"], event["user_id"], event["version"])
                    for event in without_change
                ),
            )
        self.counted.note(covered)
        return [event for event in events if covered.get(event["workout_id"]) != event["version"]]

    def _handle(self, events: list[dict], told: Collection[dict] = ()) -> None:
        failpoint("analytics.handle")
        try:
            owners = {messages.workout_id(event): messages.owner(event) for event in events}
            self._processor.process(owners, told=told)
        except NotFound as problem:
            raise Poison(str(problem)) from problem
        failpoint("analytics.before_ack")
