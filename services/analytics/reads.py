"""SELECTs of what results show: one statement, and so one round trip, a result.

They are SQL and not SQLAlchemy Core: materialized CTEs and JSON arrays of columns take twice the
lines there, and SQL can be pasted into psql to look at its plan.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import NamedTuple

import orjson
from orjson import Fragment

from services.analytics.columns import exact, lifetime
from services.analytics.rules.changes import ProcessedWorkout
from services.analytics.rules.history import Lifetime
from services.analytics.rules.progress import Snapshot
from services.analytics.rules.records import REP_UNITS
from services.analytics.tables import ONLY_KIND
from services.transport.postgres.statements import Fetch, Send, Statement

PATIENCE_MILLISECONDS = 50
"""How long a read waits for numbers that are being counted; after that the cache serves it."""

# The shared form of the lock that counting takes, so that reads do not wait for each other.
# lock_timeout is set for this transaction alone (the third argument).
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

# The kind (rep_type) of a user's exercise that is shown. Repetitions, seconds and metres are never
# added or compared, and the catalogue may correct an exercise's kind after sets were logged. It is
# the only kind that was logged, if that is known; else the one that the exercise has now, if
# anything was logged in it; else the one of its latest workout. It is decided at reading, so that a
# correction in the catalogue changes no row of any user (docs/data-model.md).
_KIND = f"""
    coalesce(
        {ONLY_KIND},
        (SELECT f.rep_type WHERE EXISTS (
            SELECT FROM exercise_performance_history h
            WHERE h.user_id = s.user_id AND h.exercise_id = s.exercise_id
              AND h.rep_type = f.rep_type)),
        (SELECT h.rep_type FROM exercise_performance_history h
         WHERE h.user_id = s.user_id AND h.workout_id = s.last_workout_id
           AND h.exercise_id = s.exercise_id))
"""

# MATERIALIZED: _KIND is evaluated once, and not for each row that is compared with it. Numbers of
# other kinds are null instead of left out, since weights, volumes and sets count in any kind.
_HISTORY = Statement(
    f"""
    WITH whole AS MATERIALIZED (
        SELECT s.*, coalesce(f.name, s.exercise_name) AS name, {ONLY_KIND} AS only_kind,
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

# The stored max_reps is of the whole history. For an exercise that was logged in several kinds
# (seldom, after a correction in the catalogue) it is searched in the rows of the kind to be shown.
# The JSON of the result is written here, not by Python: rounding is that of schemas.units, as no
# value is large enough for the two to differ.
_RECORDS = Statement(
    f"""
    WITH done AS MATERIALIZED (
        SELECT s.user_id, s.exercise_id, coalesce(f.name, s.exercise_name) AS name,
            CASE WHEN {ONLY_KIND} IS NULL THEN {_KIND} END AS one_of_kinds
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


class Performed(NamedTuple):
    """A performance with the columns that data points and trends use."""

    date: date
    best_weight_kg: Decimal | None
    total_volume: Decimal
    total_sets: int
    total_reps: Decimal | None
    """None if they are of another kind than the one that is shown."""

    rpe_sum: Decimal
    rpe_count: int


def wait_for_counting(send: Send, user_id: int) -> None:
    """Wait until no transaction counts a user's workouts.

    Raises:
        LockNotAvailable: after :data:`PATIENCE_MILLISECONDS`.
    """
    send(_WAIT, user_id=user_id)


def processed(fetch: Fetch, workout_ids: Iterable[int]) -> dict[int, ProcessedWorkout]:
    """Return what is known of workouts, by their ids; unknown ones are left out."""
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
    return whole and lifetime(*whole), [_performed(*row) for row in rows or ()]


def records(fetch: Fetch, user_id: int) -> Fragment:
    """Return all records of a user as JSON, in the form that the RPC's result has."""
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
        exact(weight),
        Decimal(volume),
        sets,
        exact(reps),
        Decimal(rpe_sum),
        rpe_count,
    )


def _text(text: str) -> str:
    return orjson.dumps(text).decode()
