"""What counting reads: all that a batch of new workouts may change, in one statement.

Keys are sent as JSON documents, so a batch of any size is the same prepared statement. These are
SQL and not SQLAlchemy Core, where nested JSON arrays and LATERAL take twice the lines.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from services.analytics.columns import (
    as_json,
    exact,
    exercise_columns,
    lifetime,
    period_columns,
)
from services.analytics.rules.changes import Change, ExerciseKey, PeriodKey, ProcessedWorkout
from services.analytics.rules.incremental import Numbers, RowKey, Sizes
from services.analytics.rules.metrics import HistoryRow
from services.analytics.rules.progress import Snapshot
from services.analytics.rules.records import Record
from services.analytics.tables import ONLY_KIND
from services.transport.postgres.statements import Fetch, Send, Statement

# A transaction-level lock, which the commit releases. The numbers of a user are read, changed in
# Python and written, so without it one of two transactions would overwrite what the other wrote.
_LOCK = Statement("SELECT pg_advisory_xact_lock(u) FROM unnest(CAST(:user_ids AS bigint[])) u")

# Whether the records of a row's exercise may not be enough to count it, because the row is from
# before one of them and about as large. It saves a round trip for the history before the row. Too
# much may be read (2.205 is rounded up), and too little does no harm: incremental counting asks
# best_before() for what it misses.
_MAY_NEED_HISTORY = """
    SELECT FROM personal_records r
    WHERE r.user_id = k.user_id AND r.exercise_id = k.exercise_id
      AND r.previous_record IS NOT NULL
      AND (r.achieved_date, r.workout_id) > (k.workout_date, k.workout_id)
      AND r.value <= CASE r.record_type
          WHEN 'max_weight' THEN k.max_weight * CASE r.unit WHEN 'lb' THEN 2.205 ELSE 1 END
          WHEN 'max_reps' THEN k.most_reps ELSE k.total_volume END
"""

_BEFORE = """
    SELECT json_build_array(
        max(p.max_weight)::text, max(p.most_reps)::text, max(p.total_volume)::text)
    FROM exercise_performance_history p
    WHERE p.user_id = k.user_id AND p.exercise_id = k.exercise_id
      AND (p.workout_date, p.workout_id) < (k.workout_date, k.workout_id)
"""

# A subquery for each key, and no joins: the statement is planned once (plan_cache_mode is
# force_generic_plan), maybe while the tables are empty, and a join planned then may scan a table.
# A correlated subquery is an index scan whatever the planner estimates.
_KNOWN = Statement(
    f"""
    SELECT
        (SELECT json_agg(json_build_array(
            workout_id, version, date, duration_minutes, deleted))
         FROM processed_workouts WHERE workout_id = ANY(CAST(:workout_ids AS bigint[]))),
        (SELECT json_agg(json_build_array(user_id, exercise_id,
            (SELECT json_build_array(s.exercise_name, s.current_max_weight::text,
                s.lifetime_volume::text, s.lifetime_sets, s.lifetime_workouts,
                s.last_performed_date, s.last_workout_id, {ONLY_KIND})
             FROM exercise_stats s
             WHERE s.user_id = k.user_id AND s.exercise_id = k.exercise_id),
            (SELECT json_agg(json_build_array(r.record_type, r.value::text, r.unit,
                r.achieved_date, r.workout_id, r.previous_record::text))
             FROM personal_records r
             WHERE r.user_id = k.user_id AND r.exercise_id = k.exercise_id),
            k.workout_id, CASE WHEN EXISTS ({_MAY_NEED_HISTORY}) THEN ({_BEFORE}) END))
         FROM json_to_recordset(CAST(:exercises AS json)) AS k (
            user_id bigint, exercise_id bigint, workout_id bigint, workout_date date,
            max_weight numeric, most_reps numeric, total_volume numeric)),
        (SELECT json_agg(json_build_array(user_id, period_type, period_start,
            (SELECT json_build_array(s.total_workouts, s.total_volume::text, s.total_sets,
                s.total_exercises, s.total_minutes, s.timed_workouts)
             FROM progress_snapshots s
             WHERE s.user_id = k.user_id AND s.period_type = k.period_type
               AND s.period_start = k.period_start),
            ARRAY(SELECT done FROM unnest(k.exercise_ids) done
                  WHERE (SELECT true FROM exercise_performance_history h
                         WHERE h.user_id = k.user_id AND h.exercise_id = done
                           AND h.workout_date BETWEEN k.period_start AND k.period_end LIMIT 1))))
         FROM json_to_recordset(CAST(:periods AS json)) AS k (user_id bigint, period_type text,
            period_start date, period_end date, exercise_ids bigint[]))
    """
)

_ROW = """
    h.user_id, h.workout_id, h.workout_date, h.exercise_id, h.exercise_name, h.rep_type,
    h.max_weight, h.best_weight, h.best_weight_unit, h.most_reps, h.total_volume, h.total_sets,
    h.total_reps, h.rpe_sum, h.rpe_count
"""

_BEST_BEFORE = Statement(
    f"""
    SELECT json_agg(json_build_array(k.workout_id, k.exercise_id, ({_BEFORE})))
    FROM json_to_recordset(CAST(:rows AS json)) AS k (
        user_id bigint, exercise_id bigint, workout_date date, workout_id bigint)
    """
)

# OFFSET 0 keeps PostgreSQL from turning LATERAL into a join, for the reason that _KNOWN has
_ROWS_OF_WORKOUTS = Statement(
    f"""
    SELECT {_ROW}, h.raw_sets
    FROM json_to_recordset(CAST(:workouts AS json)) AS k (user_id bigint, workout_id bigint)
    CROSS JOIN LATERAL (
        SELECT * FROM exercise_performance_history p
        WHERE p.user_id = k.user_id AND p.workout_id = k.workout_id OFFSET 0) h
    """
)

_ROWS_OF_EXERCISES = Statement(
    f"""
    SELECT {_ROW}
    FROM json_to_recordset(CAST(:exercises AS json)) AS k (user_id bigint, exercise_id bigint)
    CROSS JOIN LATERAL (
        SELECT * FROM exercise_performance_history p
        WHERE p.user_id = k.user_id AND p.exercise_id = k.exercise_id OFFSET 0) h
    """
)

_PERIODS = """
    json_to_recordset(CAST(:periods AS json)) AS k (
        user_id bigint, period_start date, period_end date)
"""

_ROWS_IN = Statement(
    f"""
    SELECT {_ROW} FROM {_PERIODS}
    CROSS JOIN LATERAL (
        SELECT * FROM exercise_performance_history p
        WHERE p.user_id = k.user_id
          AND p.workout_date BETWEEN k.period_start AND k.period_end OFFSET 0) h
    """
)

_WORKOUTS_IN = Statement(
    f"""
    SELECT w.workout_id, w.user_id, w.version, w.date, w.duration_minutes, w.deleted
    FROM {_PERIODS}
    CROSS JOIN LATERAL (
        SELECT * FROM processed_workouts p
        WHERE p.user_id = k.user_id AND NOT p.deleted
          AND p.date BETWEEN k.period_start AND k.period_end OFFSET 0) w
    """
)


@dataclass
class Known:
    """What the database knows of the workouts of a batch, and the numbers they may change."""

    processed: dict[int, ProcessedWorkout]
    numbers: Numbers
    performed: set[tuple[int, PeriodKey]]
    """Exercises and the periods in which they were done."""

    best_before: dict[RowKey, Sizes]
    """The greatest sizes before some of the rows, where records might not be enough."""


def lock_users(send: Send, user_ids: Iterable[int]) -> None:
    """Let one transaction at a time work on each of these users, until it ends."""
    # in one order, or two transactions on the same users could deadlock
    send(_LOCK, user_ids=sorted(user_ids))


def known(fetch: Fetch, changes: Collection[Change]) -> Known:
    """Return what is known before changes are counted, at most one of each workout."""
    [(processed, found_exercises, found_periods)] = fetch(
        _KNOWN,
        workout_ids=[change.workout_id for change in changes],
        exercises=as_json(_exercise_keys(changes)),
        periods=as_json(_period_keys(changes)),
    )
    numbers = Numbers()
    performed: set[tuple[int, PeriodKey]] = set()
    before: dict[RowKey, Sizes] = {}
    for user_id, exercise_id, whole, records, workout_id, sizes in found_exercises or ():
        if whole:
            numbers.lifetimes[user_id, exercise_id] = lifetime(*whole)
        numbers.records[user_id, exercise_id] = {
            kind: _record(*values) for kind, *values in records or ()
        }
        if sizes:
            before[workout_id, exercise_id] = _sizes(sizes)
    for user_id, unit, start, snapshot, exercise_ids in found_periods or ():
        key = user_id, unit, date.fromisoformat(start)
        if snapshot:
            numbers.snapshots[key] = _snapshot(*snapshot)
        performed.update((exercise_id, key) for exercise_id in exercise_ids)
    return Known(_processed_workouts(processed or ()), numbers, performed, before)


def best_before(fetch: Fetch, rows: Iterable[HistoryRow]) -> dict[RowKey, Sizes]:
    """Return the greatest size of each kind of record before rows, in the stored history."""
    [(found,)] = fetch(_BEST_BEFORE, rows=as_json(map(_place_columns, rows)))
    return {
        (workout_id, exercise_id): _sizes(sizes) for workout_id, exercise_id, sizes in found or ()
    }


def rows_of_workouts(fetch: Fetch, changes: Iterable[Change]) -> list[HistoryRow]:
    """Return the rows of workouts as they were counted, with their ``raw_sets``."""
    keys = ({"user_id": change.user_id, "workout_id": change.workout_id} for change in changes)
    return _rows(fetch(_ROWS_OF_WORKOUTS, workouts=as_json(keys)))


def rows_of_exercises(fetch: Fetch, exercises: Iterable[ExerciseKey]) -> list[HistoryRow]:
    """Return the whole histories of exercises, without ``raw_sets``."""
    keys = as_json(exercise_columns(key) for key in exercises)
    return _rows(fetch(_ROWS_OF_EXERCISES, exercises=keys))


def rows_in(fetch: Fetch, periods: Iterable[PeriodKey]) -> list[HistoryRow]:
    """Return the rows of the history in weeks and months, each once, without ``raw_sets``."""
    found = _rows(fetch(_ROWS_IN, periods=as_json(map(period_columns, periods))))
    return list({(row.workout_id, row.exercise_id): row for row in found}.values())


def workouts_in(
    fetch: Fetch, periods: Iterable[PeriodKey]
) -> dict[int, tuple[int, ProcessedWorkout]]:
    """Return the user and the state of each workout in weeks and months, by their ids."""
    found = fetch(_WORKOUTS_IN, periods=as_json(map(period_columns, periods)))
    return {
        workout_id: (user_id, ProcessedWorkout(*values)) for workout_id, user_id, *values in found
    }


def _exercise_keys(changes: Iterable[Change]) -> Iterator[dict[str, Any]]:
    rows_of: dict[ExerciseKey, list[HistoryRow]] = {}
    for change in changes:
        for row in change.rows:
            rows_of.setdefault((row.user_id, row.exercise_id), []).append(row)
    for key, rows in rows_of.items():
        if len(rows) == 1:
            yield {**_place_columns(rows[0]), **_size_columns(rows[0])}
        else:
            # what precedes one of several may be another of the same batch, which is not stored
            # yet: best_before() is asked for these
            yield exercise_columns(key)


def _place_columns(row: HistoryRow) -> dict[str, Any]:
    return {
        **exercise_columns((row.user_id, row.exercise_id)),
        "workout_date": row.date,
        "workout_id": row.workout_id,
    }


def _size_columns(row: HistoryRow) -> dict[str, Any]:
    return {
        "max_weight": row.best_weight_kg,
        "most_reps": row.most_reps,
        "total_volume": row.total_volume,
    }


def _period_keys(changes: Iterable[Change]) -> Iterator[dict[str, Any]]:
    exercises_in: dict[PeriodKey, set[int]] = {}
    for change in changes:
        done = {row.exercise_id for row in change.rows}
        for key in change.periods:
            exercises_in.setdefault(key, set()).update(done)
    for key, exercise_ids in exercises_in.items():
        yield {**period_columns(key), "exercise_ids": list(exercise_ids)}


def _processed_workouts(found: Iterable[list]) -> dict[int, ProcessedWorkout]:
    return {
        workout_id: ProcessedWorkout(version, day and date.fromisoformat(day), minutes, deleted)
        for workout_id, version, day, minutes, deleted in found
    }


def _record(value: str, unit: str, day: str, workout_id: int, previous: str | None) -> Record:
    return Record(Decimal(value), unit, date.fromisoformat(day), workout_id, exact(previous))


def _sizes(texts: list[str | None]) -> Sizes:
    return dict(zip(("max_weight", "max_reps", "max_volume"), map(exact, texts), strict=True))


def _snapshot(workouts: int, volume: str, *counts: int) -> Snapshot:
    return Snapshot(workouts, Decimal(volume), *counts)


def _rows(found: Iterable[tuple]) -> list[HistoryRow]:
    return [HistoryRow(*values) for values in found]
