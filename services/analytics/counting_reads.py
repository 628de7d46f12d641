"""What counting reads: all that a batch of new workouts may change, in one statement.

Keys are sent as JSON documents, so a batch of any size is the same prepared statement. These are
SQL and not SQLAlchemy Core, where nested JSON arrays and LATERAL take twice the lines.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from services.analytics.columns import as_json, exact, exercise_columns, lifetime, period_columns
from services.analytics.rules.changes import (
    Change,
    ExerciseKey,
    PeriodKey,
    ProcessedWorkout,
    rows_by_exercise,
)
from services.analytics.rules.incremental import Numbers, RowKey, Sizes
from services.analytics.rules.metrics import HistoryRow
from services.analytics.rules.progress import Snapshot
from services.analytics.rules.records import KINDS
from services.analytics.rules.set_bests import REP_MAX, SINGLE_KINDS, Best, Slot
from services.analytics.standing_reads import RECORDS, SET_RECORD, STATS, record, set_record
from services.analytics.tables import place
from services.transport.postgres.statements import Fetch, Send, Statement

# A transaction-level lock, which the commit releases. The numbers of a user are read, changed in
# Python and written, so without it one of two transactions would overwrite what the other wrote.
_LOCK = Statement("SELECT pg_advisory_xact_lock(u) FROM unnest(CAST(:user_ids AS bigint[])) u")

# Whether the records of a row's exercise may not be enough to count it, because the row is from
# before one of them and about as large. It saves a round trip for the history before the row. Too
# much may be read (2.205 is rounded up), and too little does no harm: incremental counting asks
# best_before() for what it misses.
_MAY_NEED_HISTORY = f"""
    SELECT FROM personal_records r
    WHERE r.user_id = k.user_id AND r.exercise_id = k.exercise_id
      AND r.previous_record IS NOT NULL
      AND {place("r", "achieved_date")} > {place("k")}
      AND r.value <= CASE r.record_type
          WHEN 'max_weight' THEN k.max_weight * CASE r.unit WHEN 'lb' THEN 2.205 ELSE 1 END
          WHEN 'max_reps' THEN k.most_reps ELSE k.total_volume END
"""

_SIZES = ("max_weight", "most_reps", "total_volume", *SINGLE_KINDS)
"""The columns of the history that records compare by."""

_BEFORE = f"""
    SELECT json_build_array({", ".join(f"max(p.{column})::text" for column in _SIZES)})
    FROM exercise_performance_history p
    WHERE p.user_id = k.user_id AND p.exercise_id = k.exercise_id
      AND {place("p")} < {place("k")}
"""

# The set records that the best sets of a row may change, by the place of the best in the list, and
# only the place where there is no record yet: most rows change none. What rules.set_records does
# with them is done alike here, so that none is left out. All are read for sets without a size. And
# whether they are not enough, as above.
_SET_RECORDS = f"""
    SELECT
        json_agg(CASE WHEN r.size IS NULL THEN json_build_array(b.number)
            ELSE json_build_array(b.number, {SET_RECORD}) END)
            AS found,
        bool_or(r.is_later AND r.previous_size IS NOT NULL AND (b.size, b.tie) >= (r.size, r.tie))
            AS may_need_history
    FROM (
        SELECT kind, kept_by, size, coalesce(tie, 0) AS tie, number
        FROM ROWS FROM (json_to_recordset(k.bests) AS (
                kind text, kept_by numeric, size numeric, tie numeric))
            WITH ORDINALITY AS given (kind, kept_by, size, tie, number)) b
    LEFT JOIN LATERAL (
        SELECT *, {place("s", "achieved_date")} > {place("k")} AS is_later
        FROM set_records s
        WHERE s.user_id = k.user_id AND s.exercise_id = k.exercise_id
          AND s.kind = b.kind AND s.kept_by = b.kept_by OFFSET 0) r ON true
    WHERE b.size IS NULL OR r.size IS NULL OR (b.size, b.tie) > (r.size, r.tie)
       OR r.is_later AND ((b.size, b.tie) = (r.size, r.tie)
            OR b.kind <> '{REP_MAX}'
                AND (r.previous_size IS NULL OR r.previous_size < b.size))
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
            ({STATS}), ({RECORDS}),
            k.workout_id, CASE WHEN bests.may_need_history OR EXISTS ({_MAY_NEED_HISTORY})
                THEN ({_BEFORE}) END,
            bests.found))
         FROM json_to_recordset(CAST(:exercises AS json)) AS k (
            user_id bigint, exercise_id bigint, workout_id bigint, workout_date date,
            started_at timestamptz, max_weight numeric, most_reps numeric, total_volume numeric,
            bests json)
         CROSS JOIN LATERAL ({_SET_RECORDS}) bests),
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

_BEST_BEFORE = Statement(
    f"""
    SELECT json_agg(json_build_array(k.workout_id, k.exercise_id, ({_BEFORE})))
    FROM json_to_recordset(CAST(:rows AS json)) AS k (
        user_id bigint, exercise_id bigint, workout_date date, started_at timestamptz,
        workout_id bigint)
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

    outdated: set[ExerciseKey]
    """Exercises that the version before has counted."""


def lock_users(send: Send, user_ids: Iterable[int]) -> None:
    """Let one transaction at a time work on each of these users, until it ends."""
    # in one order, or two transactions on the same users could deadlock
    send(_LOCK, user_ids=sorted(user_ids))


def known(fetch: Fetch, changes: Collection[Change]) -> Known:
    """Return what is known before changes are counted, at most one of each workout."""
    rows_of = rows_by_exercise(row for change in changes for row in change.rows)
    slots_of = {
        key: list(dict.fromkeys(slot for row in rows for slot in row.bests or ()))
        for key, rows in rows_of.items()
    }
    [(processed, found_exercises, found_periods)] = fetch(
        _KNOWN,
        workout_ids=[change.workout_id for change in changes],
        exercises=as_json(_known_by(rows_of[key], slots) for key, slots in slots_of.items()),
        periods=as_json(_period_keys(changes)),
    )
    numbers = Numbers()
    performed: set[tuple[int, PeriodKey]] = set()
    before: dict[RowKey, Sizes] = {}
    outdated: set[ExerciseKey] = set()
    for user_id, exercise_id, whole, records, workout_id, sizes, bests in found_exercises or ():
        key = user_id, exercise_id
        if whole:
            *columns, is_current = whole
            numbers.lifetimes[key] = lifetime(*columns)
            if not is_current:
                outdated.add(key)
        numbers.records[key] = {kind: record(*values) for kind, *values in records or ()}
        slots = slots_of[key]
        numbers.set_records[key] = {
            slots[number - 1]: set_record(*values) if values else None
            for number, *values in bests or ()
        }
        if sizes:
            before[workout_id, exercise_id] = _sizes(sizes)
    for user_id, unit, start, snapshot, exercise_ids in found_periods or ():
        period = user_id, unit, date.fromisoformat(start)
        if snapshot:
            numbers.snapshots[period] = _snapshot(*snapshot)
        performed.update((exercise_id, period) for exercise_id in exercise_ids)
    counted = _processed_workouts(processed or ())
    return Known(counted, numbers, performed, before, outdated)


def best_before(fetch: Fetch, rows: Iterable[HistoryRow]) -> dict[RowKey, Sizes]:
    """Return the greatest size of each kind of record before rows, in the stored history."""
    [(found,)] = fetch(_BEST_BEFORE, rows=as_json(map(_place_columns, rows)))
    return {
        (workout_id, exercise_id): _sizes(sizes) for workout_id, exercise_id, sizes in found or ()
    }


def _known_by(rows: list[HistoryRow], slots: list[Slot]) -> dict[str, Any]:
    """Return what to find the numbers of an exercise by, for its rows in the batch."""
    first, *others = rows
    if others or first.bests is None:
        # what precedes one of several may be another of the same batch, which is not stored yet:
        # best_before() is asked for these
        key = exercise_columns((first.user_id, first.exercise_id))
        return {**key, "bests": [{"kind": kind, "kept_by": kept_by} for kind, kept_by in slots]}
    bests = [_best_columns(*each) for each in first.bests.items()]
    return {**_place_columns(first), **_size_columns(first), "bests": bests}


def _best_columns(slot: Slot, best: Best) -> dict[str, Any]:
    kind, kept_by = slot
    columns: dict[str, Any] = {"kind": kind, "kept_by": kept_by, "size": best.size}
    if best.tie:
        columns["tie"] = best.tie
    return columns


def _place_columns(row: HistoryRow) -> dict[str, Any]:
    return {
        **exercise_columns((row.user_id, row.exercise_id)),
        "workout_date": row.date,
        "started_at": row.started_at,
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


def _sizes(texts: list[str | None]) -> Sizes:
    return dict(zip((*KINDS, *SINGLE_KINDS), map(exact, texts), strict=True))


def _snapshot(workouts: int, volume: str, *counts: int) -> Snapshot:
    return Snapshot(workouts, Decimal(volume), *counts)
