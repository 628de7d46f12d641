"""What the analytics service holds of a user, for them to take along."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import orjson

from schemas.pages import checked_user
from schemas.stats import FORMULAS
from services.analytics import reads, summary_rows
from services.analytics.cached_reads import CachedReads
from services.analytics.rules.progress import UNITS, shown_period
from services.dependencies.rpc import rpc
from services.dependencies.taking_out import Document, Table, part
from services.transport.postgres.statements import Statement

MOST = 10
"""Exercises in a page: several reads each, so that a part takes much less than its timeout."""

MOST_RECORDS = 100
"""Exercises in a page of what is one read for all of them."""

_EXERCISES = Statement(
    f"""
    SELECT exercise_id FROM exercise_stats
    WHERE user_id = :user_id AND exercise_id > :after ORDER BY exercise_id LIMIT {MOST}
    """
)

_EXERCISE = ("exercise_id", "exercise_name")

Shown = Callable[[CachedReads, int, int], Iterator[Document]]


def _of_exercises(shown: Shown) -> Callable[[CachedReads, int, int | None], Any]:
    """Return the page of a table that has documents of each exercise, in the order of their ids."""

    def page(
        source: CachedReads, user_id: int, after: int | None
    ) -> tuple[list[Document], int | None]:
        rows = source.database.fetch(_EXERCISES, user_id=user_id, after=after or 0)
        ids = [exercise_id for (exercise_id,) in rows]
        documents = [each for key in ids for each in shown(source, user_id, key)]
        return documents, ids[-1] if len(ids) == MOST else None

    return page


def _records(source: CachedReads, user_id: int, exercise_id: int) -> Iterator[Document]:
    for number, formula in enumerate(FORMULAS):
        found = source.records_of(user_id, exercise_id, formula) or {"records": []}
        head = _without(found, "records")
        # a formula changes nothing but the estimates
        yield from (head | record for record in found["records"] if record["formula"] or not number)


def _personal_records(
    source: CachedReads, user_id: int, after: int | None
) -> tuple[list[Document], int | None]:
    # the text of it may have been put together by hand
    shown = orjson.loads(orjson.dumps(source.records(user_id)))["records"]
    later = [each for each in shown if each["exercise_id"] > (after or 0)]
    found = later[:MOST_RECORDS]
    documents = [
        {name: exercise[name] for name in _EXERCISE} | {"kind": kind} | record
        for exercise in found
        for kind, record in exercise.items()
        if kind not in _EXERCISE
    ]
    return documents, found[-1]["exercise_id"] if len(found) < len(later) else None


def _rep_maxes(source: CachedReads, user_id: int, exercise_id: int) -> Iterator[Document]:
    found = source.rep_maxes(user_id, exercise_id, FORMULAS[0])
    if found is not None:
        head = _without(found, "rep_maxes", "best_e1rm")
        yield from (head | each for each in found["rep_maxes"])


def _history(source: CachedReads, user_id: int, exercise_id: int) -> Iterator[Document]:
    found = source.history(user_id, exercise_id, "all", "day")
    head = _without(found, "data_points", "stats", "range", "unit")
    yield from (head | point for point in found["data_points"])


def _totals(source: CachedReads, user_id: int, exercise_id: int) -> Iterator[Document]:
    found = source.history(user_id, exercise_id, "all", "day")
    yield _without(found, "data_points", "stats", "range", "unit") | found["stats"]


def _periods(period: str) -> Callable[[CachedReads, int, None], Any]:
    """Return the page of the table with all weeks or months that have a workout."""

    def page(source: CachedReads, user_id: int, _after: None) -> tuple[list[Document], None]:
        found = reads.snapshots_since(source.database.fetch, user_id, UNITS[period], date.min)
        return [shown_period(start, found[start], period) for start in sorted(found)], None

    return page


def _summaries(
    source: CachedReads, user_id: int, after: str | None
) -> tuple[list[Document], str | None]:
    found = summary_rows.after_week(source.database.fetch, user_id, after or "", MOST_RECORDS)
    return found, found[-1]["week"] if len(found) == MOST_RECORDS else None


def _without(found: Document, *names: str) -> Document:
    return {name: value for name, value in found.items() if name not in names}


_SET = (
    *("set.set_number", "set.reps", "set.weight", "set.unit", "set.duration_seconds"),
    *("set.distance_m", "set.rpe", "set.rir"),
)
_SUMS = (
    *("total_workouts", "total_volume", "total_sets", "total_exercises", "avg_workout_duration"),
)

TABLES = (
    Table(
        "records",
        "Your personal records of each exercise, with the sets that made them. Estimates of a "
        "one-rep max (best_e1rm) are there by three formulas.",
        [
            *(*_EXERCISE, "measure", "weight_is", "kind", "value", "unit", "achieved_date"),
            *("workout_id", "previous", "margin", "formula", "confidence", "with_reserve", *_SET),
        ],
        _of_exercises(_records),
        stored_in=["personal_records", "set_records"],
    ),
    Table(
        "personal_records",
        "Your bests in each exercise at a glance, also some that one does not expect of it, such "
        "as the volume of a run.",
        [
            *(*_EXERCISE, "kind", "value", "unit", "achieved_date", "workout_id", "previous"),
        ],
        _personal_records,
        stored_in=["personal_records", "set_records"],
    ),
    Table(
        "rep_maxes",
        "Your heaviest sets of 1 to 12 repetitions of each exercise: of exactly so many, of at "
        "least so many, and what the best estimate allows.",
        [
            *(*_EXERCISE, "measure", "weight_is", "formula", "reps"),
            *(
                f"{which}.{name}"
                for which in ("exactly", "at_least")
                for name in ("weight", "unit", "achieved_date", "workout_id")
            ),
            *("estimated.weight", "estimated.unit"),
        ],
        _of_exercises(_rep_maxes),
        stored_in=["set_records"],
    ),
    Table(
        "history",
        "What you have done of each exercise, day by day. Weights and volumes are in kilograms.",
        [
            *(*_EXERCISE, "date", "max_weight", "total_volume", "total_sets", "total_reps"),
            *("avg_rpe", "best_e1rm", "total_duration_seconds", "total_distance_m"),
        ],
        _of_exercises(_history),
        stored_in=["exercise_performance_history"],
    ),
    Table(
        "totals",
        "What you have done of each exercise in all.",
        [
            *(*_EXERCISE, "current_max_weight", "lifetime_volume", "lifetime_sets"),
            *("lifetime_workouts", "last_performed_date", "trend_30d"),
        ],
        _of_exercises(_totals),
        stored_in=["exercise_stats"],
    ),
    Table(
        "weeks",
        "What you have done in each week in which you have trained. A volume is in kilograms, a "
        "duration in minutes.",
        ["week_start", "week_end", *_SUMS],
        _periods("weekly"),
        stored_in=["progress_snapshots"],
    ),
    Table(
        "months",
        "The same by months.",
        ["month_start", "month_end", *_SUMS],
        _periods("monthly"),
        stored_in=["progress_snapshots"],
    ),
    Table(
        "weekly_summaries",
        "The summaries of your weeks, as they were when each week had ended. A volume is in "
        "kilograms.",
        [
            *("week", "start", "end", "workouts.value", "workouts.goal", "workouts.is_met"),
            *("volume.value", "sets.value", "minutes.value", "muscles", "records"),
            *("streak.current", "streak.longest", "made_at"),
        ],
        _summaries,
        stored_in=["weekly_summaries"],
    ),
)

LEFT_OUT = {
    "user_settings": "copies of settings, which users has",
    "processed_workouts": "which version of each workout is counted",
    "record_events": "events on their way to the broker",
    "failed_changes": "which workouts are to be counted again",
    "exercise_facts": "copies of private exercises, which exercises has",
    "own_muscles": "copies of the user's own muscles, which exercises has",
    "erased_users": "ids of accounts that are gone",
}
"""Tables of users that are not taken out, each with the reason."""


class TakeOutMethods:
    """The part of the analytics service that gives users what it holds of them."""

    _reads: Any

    @rpc
    def take_out(self, user_id: int, after: list[Any] | None = None) -> dict[str, Any]:
        """Return the next part of all that this service holds of a user, as files.

        Args:
            user_id: the user.
            after: ``next`` of the part before; None for the first.

        Returns:
            ``{"files": {"records.json": more of its text}, "about": {"records": what is in it},
            "next"}``: about 128 KB, and what to ask for the next part with; None if this is the
            last one. ``about`` has what begins in this part.

        Raises:
            InvalidParameter: the id is none.
            ServiceUnavailable: the database is away.

        Example:
            ``n.rpc.analytics.take_out(1)``
        """
        return part(TABLES, self._reads, checked_user(user_id), after)
