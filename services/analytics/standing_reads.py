"""What stands of exercises: the numbers and records that are stored of them."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from services.analytics.columns import as_json, exact, exercise_columns, lifetime, moment
from services.analytics.rules.changes import ExerciseKey
from services.analytics.rules.incremental import Numbers
from services.analytics.rules.records import Record
from services.analytics.rules.set_records import SetRecord
from services.analytics.tables import IS_CURRENT, ONLY_KIND
from services.transport.postgres.statements import Fetch, Statement

STATS = f"""
    SELECT json_build_array(s.exercise_name, s.current_max_weight::text, s.lifetime_volume::text,
        s.lifetime_sets, s.lifetime_workouts, s.last_performed_date, s.last_workout_id, {ONLY_KIND},
        s.last_started_at, {IS_CURRENT})
    FROM exercise_stats s WHERE s.user_id = k.user_id AND s.exercise_id = k.exercise_id
"""
"""Of an exercise ``k``: what :func:`lifetime` takes, and whether this version has counted it."""

RECORDS = """
    SELECT json_agg(json_build_array(r.record_type, r.value::text, r.unit, r.achieved_date,
        r.workout_id, r.previous_record::text, r.started_at))
    FROM personal_records r WHERE r.user_id = k.user_id AND r.exercise_id = k.exercise_id
"""
"""Of an exercise ``k``: the kind of each record, and what :func:`record` takes."""

SET_RECORD = """
    r.value::text, r.unit, r.size::text, r.tie::text, r.achieved_date, r.workout_id, r.started_at,
    r.previous_size::text
"""
"""Of a row ``r``: what :func:`set_record` takes."""

_STANDING = Statement(
    f"""
    SELECT json_agg(json_build_array(user_id, exercise_id, ({STATS}), ({RECORDS}), (
        SELECT json_agg(json_build_array(r.kind, r.kept_by::text, {SET_RECORD}))
        FROM set_records r WHERE r.user_id = k.user_id AND r.exercise_id = k.exercise_id)))
    FROM json_to_recordset(CAST(:exercises AS json)) AS k (user_id bigint, exercise_id bigint)
    """
)


def standing(fetch: Fetch, exercises: Iterable[ExerciseKey]) -> Numbers:
    """Return what stands of exercises, but of those that the version before has counted."""
    numbers = Numbers()
    [(found,)] = fetch(_STANDING, exercises=as_json(map(exercise_columns, exercises)))
    for user_id, exercise_id, whole, records, of_sets in found or ():
        if not whole or not whole.pop():
            continue
        key = user_id, exercise_id
        numbers.lifetimes[key] = lifetime(*whole)
        numbers.records[key] = {kind: record(*values) for kind, *values in records or ()}
        numbers.set_records[key] = {
            (kind, Decimal(kept_by)): set_record(*values)
            for kind, kept_by, *values in of_sets or ()
        }
    return numbers


def record(
    value: str, unit: str, day: str, workout_id: int, previous: str | None, started_at: str | None
) -> Record:
    """Return a record, from a JSON array."""
    reached = date.fromisoformat(day), workout_id
    return Record(Decimal(value), unit, *reached, exact(previous), moment(started_at))


def set_record(
    value: str,
    unit: str,
    size: str,
    tie: str,
    day: str,
    workout_id: int,
    started_at: str | None,
    previous: str | None,
) -> SetRecord:
    """Return a record that is one set, from a JSON array."""
    return SetRecord(
        Decimal(value),
        unit,
        Decimal(size),
        Decimal(tie),
        date.fromisoformat(day),
        workout_id,
        moment(started_at),
        exact(previous),
    )
