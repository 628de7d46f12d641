"""What analytics keeps in PostgreSQL: every statement about users' numbers.

A batch is read in one statement and written in one: PostgreSQL takes keys and rows as JSON
documents. Numbers go there and back as text, since JSON in Python has no exact ones.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

import orjson
from orjson import Fragment

from services.analytics.rules.changes import Change, ExerciseKey, PeriodKey, ProcessedWorkout
from services.analytics.rules.history import Lifetime
from services.analytics.rules.incremental import Numbers, RowKey, Sizes
from services.analytics.rules.metrics import HistoryRow
from services.analytics.rules.periods import period_end
from services.analytics.rules.progress import Snapshot
from services.analytics.rules.records import REP_UNITS, Record
from services.analytics.tables import forgetting, upserting
from services.transport.postgres.statements import Statement

PATIENCE_MILLISECONDS = 50
"""How long a read waits for numbers that are being counted."""

Fetch = Callable[..., list[tuple]]
"""Runs a statement with its values, alone or inside a transaction."""

_ROW = """
    h.user_id, h.workout_id, h.workout_date, h.exercise_id, h.exercise_name, h.rep_type,
    h.max_weight, h.best_weight, h.best_weight_unit, h.most_reps, h.total_volume, h.total_sets,
    h.total_reps, h.rpe_sum, h.rpe_count
"""

_LOCK = Statement("SELECT pg_advisory_xact_lock(u) FROM unnest(CAST(:user_ids AS bigint[])) u")

_WAIT = Statement(
    f"""
    SELECT set_config('lock_timeout', '{PATIENCE_MILLISECONDS}', true),
           pg_advisory_xact_lock_shared(:user_id)
    """
)

_PROCESSED = Statement(
    """
    SELECT workout_id, version, date, duration_minutes, deleted
    FROM processed_workouts WHERE workout_id = ANY(CAST(:workout_ids AS bigint[]))
    """
)

_PROCESSED_IDS = Statement(
    "SELECT workout_id FROM processed_workouts WHERE user_id = :user_id AND NOT deleted"
)

# A guess at what the records of a row's exercise will not tell, so that it need not be asked for
# alone: the row is from before one of them and about as large. Whether it is, Python decides.
_WILL_ASK = """
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

# Not known if the version before, which does not know of it, wrote the row last.
_ONLY_KIND = "CASE WHEN s.rep_type_at = s.updated_at THEN s.rep_type END"

# subqueries for each key, and not joins: whatever the planner believes of the tables' sizes when
# it plans once for all, each is a look into an index
_KNOWN = Statement(
    f"""
    SELECT
        (SELECT json_agg(json_build_array(
            workout_id, version, date, duration_minutes, deleted))
         FROM processed_workouts WHERE workout_id = ANY(CAST(:workout_ids AS bigint[]))),
        (SELECT json_agg(json_build_array(user_id, exercise_id,
            (SELECT json_build_array(s.exercise_name, s.current_max_weight::text,
                s.lifetime_volume::text, s.lifetime_sets, s.lifetime_workouts,
                s.last_performed_date, s.last_workout_id, {_ONLY_KIND})
             FROM exercise_stats s
             WHERE s.user_id = k.user_id AND s.exercise_id = k.exercise_id),
            (SELECT json_agg(json_build_array(r.record_type, r.value::text, r.unit,
                r.achieved_date, r.workout_id, r.previous_record::text))
             FROM personal_records r
             WHERE r.user_id = k.user_id AND r.exercise_id = k.exercise_id),
            k.workout_id, CASE WHEN EXISTS ({_WILL_ASK}) THEN ({_BEFORE}) END))
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

# What the sets of a user's exercise count: repetitions, seconds or metres are never added to or
# compared with each other. It is what the exercise counts now, if anything was logged in that, and
# otherwise what its latest workout counted.
_KIND = f"""
    coalesce(
        {_ONLY_KIND},
        (SELECT f.rep_type WHERE EXISTS (
            SELECT FROM exercise_performance_history h
            WHERE h.user_id = s.user_id AND h.exercise_id = s.exercise_id
              AND h.rep_type = f.rep_type)),
        (SELECT h.rep_type FROM exercise_performance_history h
         WHERE h.user_id = s.user_id AND h.workout_id = s.last_workout_id
           AND h.exercise_id = s.exercise_id))
"""

_HISTORY = Statement(
    f"""
    WITH whole AS MATERIALIZED (
        SELECT s.*, coalesce(f.name, s.exercise_name) AS name, {_ONLY_KIND} AS only_kind,
            {_KIND} AS kind
        FROM exercise_stats s LEFT JOIN exercise_facts f USING (exercise_id)
        WHERE s.user_id = :user_id AND s.exercise_id = :exercise_id
    )
    SELECT
        (SELECT json_build_array(name, current_max_weight::text, lifetime_volume::text,
            lifetime_sets, lifetime_workouts, last_performed_date, last_workout_id, only_kind)
         FROM whole),
        (SELECT json_agg(json_build_array(workout_date, max_weight::text, total_volume::text,
            total_sets, CASE WHEN rep_type = (SELECT kind FROM whole) THEN total_reps::text END,
            rpe_sum::text, rpe_count))
         FROM exercise_performance_history
         WHERE user_id = :user_id AND exercise_id = :exercise_id
           AND workout_date >= coalesce(CAST(:since AS date), '-infinity'))
    """
)

_UNIT = " ".join(f"WHEN '{rep_type}' THEN '{unit}'" for rep_type, unit in REP_UNITS.items())

# What is kept as max_reps is of the whole history. Of an exercise that has counted different things
# (seldom, and after a correction upstream) the record is found in the rows of the kind to be shown.
# No value of a record is so large that rounding here and in schemas.units could differ.
_RECORDS = Statement(
    f"""
    WITH done AS MATERIALIZED (
        SELECT s.user_id, s.exercise_id, coalesce(f.name, s.exercise_name) AS name,
            CASE WHEN {_ONLY_KIND} IS NULL THEN {_KIND} END AS one_of_kinds
        FROM exercise_stats s LEFT JOIN exercise_facts f USING (exercise_id)
        WHERE s.user_id = :user_id
    ), records AS (
        SELECT d.exercise_id, d.name, r.record_type, r.value, r.unit, r.achieved_date,
            r.workout_id, r.previous_record
        FROM done d JOIN personal_records r USING (user_id, exercise_id)
        WHERE d.one_of_kinds IS NULL OR r.record_type <> 'max_reps'
        UNION ALL
        SELECT d.exercise_id, d.name, 'max_reps', best.most_reps,
            CASE d.one_of_kinds {_UNIT} END, best.workout_date, best.workout_id,
            (SELECT max(h.most_reps) FROM exercise_performance_history h
             WHERE h.user_id = d.user_id AND h.exercise_id = d.exercise_id
               AND h.rep_type = d.one_of_kinds
               AND (h.workout_date, h.workout_id) < (best.workout_date, best.workout_id))
        FROM done d CROSS JOIN LATERAL (
            SELECT h.most_reps, h.workout_date, h.workout_id FROM exercise_performance_history h
            WHERE h.user_id = d.user_id AND h.exercise_id = d.exercise_id
              AND h.rep_type = d.one_of_kinds AND h.most_reps IS NOT NULL
            ORDER BY h.most_reps DESC, h.workout_date, h.workout_id LIMIT 1) best
        WHERE d.one_of_kinds IS NOT NULL
    )
    SELECT exercise_id, name, record_type, trim_scale(round(value, 2))::text, unit,
           achieved_date::text, workout_id, trim_scale(round(previous_record, 2))::text
    FROM records ORDER BY exercise_id
    """
)

_SNAPSHOTS = Statement(
    """
    SELECT period_start, total_workouts, total_volume, total_sets, total_exercises,
           total_minutes, timed_workouts
    FROM progress_snapshots
    WHERE user_id = :user_id AND period_type = :unit AND period_start >= :first
    """
)

_BEST_BEFORE = Statement(
    f"""
    SELECT json_agg(json_build_array(k.workout_id, k.exercise_id, ({_BEFORE})))
    FROM json_to_recordset(CAST(:rows AS json)) AS k (
        user_id bigint, exercise_id bigint, workout_date date, workout_id bigint)
    """
)

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

_UPSERT = Statement(upserting())
_FORGET = Statement(forgetting())


class Performed(NamedTuple):
    """A performance as far as points and trends look at it."""

    date: date
    best_weight_kg: Decimal | None
    total_volume: Decimal
    total_sets: int
    total_reps: Decimal | None
    """None if they are of another kind than the one to be shown."""

    rpe_sum: Decimal
    rpe_count: int


@dataclass
class Known:
    """What is known of some workouts, and the numbers that they may change."""

    processed: dict[int, ProcessedWorkout]
    numbers: Numbers
    performed: set[tuple[int, PeriodKey]]
    """Exercises and the periods in which they were done."""

    best_before: dict[RowKey, Sizes]
    """What was there before some of the rows, where their records might not tell."""


def lock_users(fetch: Fetch, user_ids: Iterable[int]) -> None:
    """Let one transaction at a time work on each of these users, until it ends."""
    # all in one order, or two transactions could wait for each other
    fetch(_LOCK, user_ids=sorted(user_ids))


def wait_for_counting(fetch: Fetch, user_id: int) -> None:
    """Wait until no other transaction works on a user, but not for long.

    Raises:
        LockNotAvailable: it takes longer.
    """
    fetch(_WAIT, user_id=user_id)


def known(fetch: Fetch, changes: Collection[Change]) -> Known:
    """Return what is known before some changes of workouts are counted."""
    [(processed, found_exercises, found_periods)] = fetch(
        _KNOWN,
        workout_ids=[change.workout_id for change in changes],
        exercises=_json(_asked_exercises(changes)),
        periods=_json(_asked_periods(changes)),
    )
    numbers, performed, before = Numbers(), set(), {}
    for user_id, exercise_id, whole, records, workout_id, sizes in found_exercises or ():
        if whole:
            numbers.lifetimes[user_id, exercise_id] = _lifetime(*whole)
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


def processed(fetch: Fetch, workout_ids: Iterable[int]) -> dict[int, ProcessedWorkout]:
    """Return what is known of workouts, by their ids."""
    found = fetch(_PROCESSED, workout_ids=list(workout_ids))
    return {workout_id: ProcessedWorkout(*values) for workout_id, *values in found}


def processed_ids(fetch: Fetch, user_id: int) -> set[int]:
    """Return the ids of a user's workouts that are known and not deleted."""
    return {workout_id for (workout_id,) in fetch(_PROCESSED_IDS, user_id=user_id)}


def history(
    fetch: Fetch, user_id: int, exercise_id: int, since: date | None
) -> tuple[Lifetime | None, list[Performed]]:
    """Return an exercise as a whole, None if it was never done, and its rows from a day on."""
    [(whole, rows)] = fetch(_HISTORY, user_id=user_id, exercise_id=exercise_id, since=since)
    return whole and _lifetime(*whole), [_performed(*row) for row in rows or ()]


def records(fetch: Fetch, user_id: int) -> Fragment:
    """Return all records of a user as answers show them, exercise by exercise."""
    exercises: dict[int, list[str]] = {}
    for exercise_id, name, kind, value, unit, day, workout_id, previous in fetch(
        _RECORDS, user_id=user_id
    ):
        head = f'"exercise_id":{exercise_id},"exercise_name":{_text(name)}'
        exercises.setdefault(exercise_id, [head]).append(
            f'"{kind}":{{"value":{value},"unit":"{unit}","achieved_date":"{day}",'
            f'"workout_id":{workout_id},"previous":{previous or "null"}}}'
        )
    objects = ("{" + ",".join(members) + "}" for members in exercises.values())
    return Fragment("[" + ",".join(objects) + "]")


def snapshots_since(fetch: Fetch, user_id: int, unit: str, first: date) -> dict[date, Snapshot]:
    """Return a user's snapshots of weeks or months from a day on, by their first days."""
    found = fetch(_SNAPSHOTS, user_id=user_id, unit=unit, first=first)
    return {start: Snapshot(*values) for start, *values in found}


def best_before(fetch: Fetch, rows: Iterable[HistoryRow]) -> dict[RowKey, Sizes]:
    """Return the greatest size of each kind of record before rows, of the rows that are kept."""
    [(found,)] = fetch(_BEST_BEFORE, rows=_json(map(_place_columns, rows)))
    return {
        (workout_id, exercise_id): _sizes(sizes) for workout_id, exercise_id, sizes in found or ()
    }


def rows_of_workouts(fetch: Fetch, changes: Iterable[Change]) -> list[HistoryRow]:
    """Return the rows of workouts as they were counted, with their ``raw_sets``."""
    keys = [{"user_id": change.user_id, "workout_id": change.workout_id} for change in changes]
    return _rows(fetch(_ROWS_OF_WORKOUTS, workouts=_json(keys)))


def rows_of_exercises(fetch: Fetch, exercises: Iterable[ExerciseKey]) -> list[HistoryRow]:
    """Return the whole histories of exercises, without ``raw_sets``."""
    keys = _json(_exercise_columns(key) for key in exercises)
    return _rows(fetch(_ROWS_OF_EXERCISES, exercises=keys))


def rows_in(fetch: Fetch, periods: Iterable[PeriodKey]) -> list[HistoryRow]:
    """Return the rows of the history in weeks and months, each once, without ``raw_sets``."""
    found = _rows(fetch(_ROWS_IN, periods=_json(map(_period_columns, periods))))
    return list({(row.workout_id, row.exercise_id): row for row in found}.values())


def workouts_in(
    fetch: Fetch, periods: Iterable[PeriodKey]
) -> dict[int, tuple[int, ProcessedWorkout]]:
    """Return the workouts in weeks and months, and whose they are, by their ids."""
    found = fetch(_WORKOUTS_IN, periods=_json(map(_period_columns, periods)))
    return {
        workout_id: (user_id, ProcessedWorkout(*values)) for workout_id, user_id, *values in found
    }


def write(
    fetch: Fetch,
    changes: Iterable[Change],
    rows: Iterable[HistoryRow],
    numbers: Numbers,
) -> None:
    """Write what was counted.

    Args:
        fetch: runs a statement inside a transaction.
        changes: the workouts that are counted now.
        rows: of the history, each instead of the one of its workout and exercise, if any.
        numbers: those that changed; what is None is not deleted here.
    """
    fetch(
        _UPSERT,
        processed_workouts=_json(map(_workout_columns, changes)),
        exercise_performance_history=_json(map(_row_columns, rows)),
        personal_records=_json(
            _record_columns(key, kind, record)
            for key, kind, record in _each_record(numbers)
            if record
        ),
        exercise_stats=_json(
            _lifetime_columns(key, whole) for key, whole in numbers.lifetimes.items() if whole
        ),
        progress_snapshots=_json(
            _snapshot_columns(key, snapshot)
            for key, snapshot in numbers.snapshots.items()
            if snapshot
        ),
    )


def forget(fetch: Fetch, rows: Collection[HistoryRow], numbers: Numbers) -> None:
    """Delete rows of the history, and numbers that are None."""
    records = [
        {**_exercise_columns(key), "record_type": kind}
        for key, kind, record in _each_record(numbers)
        if record is None
    ]
    stats = [_exercise_columns(key) for key, whole in numbers.lifetimes.items() if whole is None]
    snapshots = [
        _period_columns(key) for key, snapshot in numbers.snapshots.items() if snapshot is None
    ]
    if rows or records or stats or snapshots:
        fetch(
            _FORGET,
            processed_workouts=_json([]),
            exercise_performance_history=_json(
                {**_exercise_columns((row.user_id, row.exercise_id)), "workout_id": row.workout_id}
                for row in rows
            ),
            personal_records=_json(records),
            exercise_stats=_json(stats),
            progress_snapshots=_json(snapshots),
        )


def _asked_exercises(changes: Iterable[Change]) -> Iterator[dict[str, Any]]:
    rows_of: dict[ExerciseKey, list[HistoryRow]] = {}
    for change in changes:
        for row in change.rows:
            rows_of.setdefault((row.user_id, row.exercise_id), []).append(row)
    for key, rows in rows_of.items():
        if len(rows) == 1:
            yield {**_place_columns(rows[0]), **_size_columns(rows[0])}
        else:
            # what was before each of them, some of them themselves, is asked for later
            yield _exercise_columns(key)


def _place_columns(row: HistoryRow) -> dict[str, Any]:
    return {
        **_exercise_columns((row.user_id, row.exercise_id)),
        "workout_date": row.date,
        "workout_id": row.workout_id,
    }


def _size_columns(row: HistoryRow) -> dict[str, Any]:
    return {
        "max_weight": row.best_weight_kg,
        "most_reps": row.most_reps,
        "total_volume": row.total_volume,
    }


def _asked_periods(changes: Iterable[Change]) -> Iterator[dict[str, Any]]:
    exercises_in: dict[PeriodKey, set[int]] = {}
    for change in changes:
        done = {row.exercise_id for row in change.rows}
        for key in change.periods:
            exercises_in.setdefault(key, set()).update(done)
    for key, exercise_ids in exercises_in.items():
        yield {**_period_columns(key), "exercise_ids": list(exercise_ids)}


def _processed_workouts(found: Iterable[list]) -> dict[int, ProcessedWorkout]:
    return {
        workout_id: ProcessedWorkout(version, day and date.fromisoformat(day), minutes, deleted)
        for workout_id, version, day, minutes, deleted in found
    }


def _lifetime(
    name: str,
    max_weight: str | None,
    volume: str,
    sets: int,
    workouts: int,
    day: str,
    last_id: int,
    rep_type: str | None,
) -> Lifetime:
    return Lifetime(
        name,
        _exact(max_weight),
        Decimal(volume),
        sets,
        workouts,
        date.fromisoformat(day),
        last_id,
        rep_type,
    )


def _performed(
    day: str,
    weight: str | None,
    volume: str,
    sets: int,
    reps: str | None,
    rpe_sum: str,
    rpe_count: int,
) -> Performed:
    return Performed(
        date.fromisoformat(day),
        _exact(weight),
        Decimal(volume),
        sets,
        _exact(reps),
        Decimal(rpe_sum),
        rpe_count,
    )


def _record(value: str, unit: str, day: str, workout_id: int, previous: str | None) -> Record:
    return Record(Decimal(value), unit, date.fromisoformat(day), workout_id, _exact(previous))


def _sizes(texts: list[str | None]) -> Sizes:
    return dict(zip(("max_weight", "max_reps", "max_volume"), map(_exact, texts), strict=True))


def _snapshot(workouts: int, volume: str, *counts: int) -> Snapshot:
    return Snapshot(workouts, Decimal(volume), *counts)


def _rows(found: Iterable[tuple]) -> list[HistoryRow]:
    return [HistoryRow(*values) for values in found]


def _exercise_columns(key: ExerciseKey) -> dict[str, Any]:
    user_id, exercise_id = key
    return {"user_id": user_id, "exercise_id": exercise_id}


def _period_columns(key: PeriodKey) -> dict[str, Any]:
    user_id, unit, start = key
    return {
        "user_id": user_id,
        "period_type": unit,
        "period_start": start,
        "period_end": period_end(start, unit),
    }


def _workout_columns(change: Change) -> dict[str, Any]:
    key = {"user_id": change.user_id, "workout_id": change.workout_id}
    return {**key, **change.workout._asdict()}


def _row_columns(row: HistoryRow) -> dict[str, Any]:
    columns = row._asdict()
    columns["workout_date"] = columns.pop("date")
    columns["max_weight"] = columns.pop("best_weight_kg")
    return columns


def _each_record(numbers: Numbers) -> Iterator[tuple[ExerciseKey, str, Record | None]]:
    for key, records in numbers.records.items():
        for kind, record in records.items():
            yield key, kind, record


def _record_columns(key: ExerciseKey, kind: str, record: Record) -> dict[str, Any]:
    columns = {**_exercise_columns(key), "record_type": kind, **vars(record)}
    columns["previous_record"] = columns.pop("previous")
    return columns


def _lifetime_columns(key: ExerciseKey, whole: Lifetime) -> dict[str, Any]:
    return {
        **_exercise_columns(key),
        "exercise_name": whole.exercise_name,
        "current_max_weight": whole.max_weight,
        "lifetime_volume": whole.volume,
        "lifetime_sets": whole.sets,
        "lifetime_workouts": whole.workouts,
        "last_performed_date": whole.last_performed_date,
        "last_workout_id": whole.last_workout_id,
        "rep_type": whole.rep_type,
    }


def _snapshot_columns(key: PeriodKey, snapshot: Snapshot) -> dict[str, Any]:
    return {
        **_period_columns(key),
        **vars(snapshot),
        "avg_workout_duration": snapshot.avg_workout_duration,
    }


def _exact(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _text(text: str) -> str:
    return orjson.dumps(text).decode()


def _json(rows: Iterable[dict[str, Any]]) -> str:
    return orjson.dumps(list(rows), default=_exactly).decode()


def _exactly(value: object) -> str:
    if isinstance(value, Decimal):
        # as text, which PostgreSQL reads as the exact number
        return str(value)
    raise TypeError(f"no JSON for {type(value).__name__}")
