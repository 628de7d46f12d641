"""What results show of users' numbers: each in one statement."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import NamedTuple

import orjson
from orjson import Fragment

from services.analytics.columns import Fetch, exact, lifetime
from services.analytics.rules.changes import ProcessedWorkout
from services.analytics.rules.history import Lifetime
from services.analytics.rules.progress import Snapshot
from services.analytics.rules.records import REP_UNITS
from services.analytics.tables import ONLY_KIND
from services.transport.postgres.statements import Statement

PATIENCE_MILLISECONDS = 50
"""How long a read waits for numbers that are being counted."""

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

# What the sets of a user's exercise count: repetitions, seconds or metres are never added to or
# compared with each other. It is what the exercise counts now, if anything was logged in that, and
# otherwise what its latest workout counted.
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

# What is kept as max_reps is of the whole history. Of an exercise that has counted different things
# (seldom, and after a correction upstream) the record is found in the rows of the kind to be shown.
# No value of a record is so large that rounding here and in schemas.units could differ.
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
    """A performance as far as points and trends look at it."""

    date: date
    best_weight_kg: Decimal | None
    total_volume: Decimal
    total_sets: int
    total_reps: Decimal | None
    """None if they are of another kind than the one to be shown."""

    rpe_sum: Decimal
    rpe_count: int


def wait_for_counting(fetch: Fetch, user_id: int) -> None:
    """Wait until no other transaction works on a user, but not for long.

    Raises:
        LockNotAvailable: it takes longer.
    """
    fetch(_WAIT, user_id=user_id)


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
    return whole and lifetime(*whole), [_performed(*row) for row in rows or ()]


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
