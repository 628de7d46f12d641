"""SELECTs of records: of everything that a user does, and of one exercise with the sets."""

from collections.abc import Collection
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

import orjson
from orjson import Fragment

from schemas.exercises import REP_UNITS
from schemas.units import POUND_IN_KILOGRAMS
from services.analytics.columns import exact, moment
from services.analytics.reads import KIND, MEASURE, Outdated
from services.analytics.rules.metrics import place_of
from services.analytics.rules.set_bests import LONGEST_AT
from services.analytics.rules.shown_records import (
    KINDS_OF,
    Found,
    Performed,
    previous_in_unit,
)
from services.analytics.tables import IS_CURRENT, ONLY_KIND, place
from services.transport.postgres.expressions import cases, word_array, word_cases
from services.transport.postgres.statements import Fetch, Statement

# each weight has its own record there, and these clients expect one of each kind
_SHOWN_KINDS = {
    measure: word_array(kind for kind in kinds if kind != LONGEST_AT)
    for measure, kinds in KINDS_OF.items()
}


def _done(stats: str) -> str:
    """Return the CTE of some exercises that were done; ``stats`` gives their statistics."""
    return f"""
    done AS MATERIALIZED (
        SELECT k.*, CASE WHEN only_kind IS NULL THEN kind END AS one_of_kinds,
            {MEASURE} AS measure
        FROM (
            SELECT s.user_id, s.exercise_id, coalesce(f.name, s.exercise_name) AS name,
                {ONLY_KIND} AS only_kind, {KIND} AS kind, f.rep_type AS kind_now,
                f.measure AS measure_now, {IS_CURRENT} AS is_current
            FROM ({stats}) s LEFT JOIN exercise_facts f USING (exercise_id)) k
    )
    """


_UNIT = word_cases("d.one_of_kinds", REP_UNITS)

# The stored max_reps is of the whole history. For an exercise that was logged in several kinds
# (seldom, after a correction in the catalogue) it is searched in the rows of the kind to be shown.
_OLDER_RECORDS = f"""
    records AS (
        SELECT d.user_id, d.exercise_id, d.name, r.record_type, r.value, r.unit, r.achieved_date,
            r.workout_id, r.started_at, r.previous_record
        FROM done d JOIN personal_records r USING (user_id, exercise_id)
        WHERE d.one_of_kinds IS NULL OR r.record_type <> 'max_reps'
        UNION ALL
        SELECT d.user_id, d.exercise_id, d.name, 'max_reps', best.most_reps,
            {_UNIT}, best.workout_date, best.workout_id,
            best.started_at,
            (SELECT max(h.most_reps) FROM exercise_performance_history h
             WHERE h.user_id = d.user_id AND h.exercise_id = d.exercise_id
               AND h.rep_type = d.one_of_kinds
               AND {place("h")} < {place("best")})
        FROM done d CROSS JOIN LATERAL (
            SELECT h.most_reps, h.workout_date, h.started_at, h.workout_id
            FROM exercise_performance_history h
            WHERE h.user_id = d.user_id AND h.exercise_id = d.exercise_id
              AND h.rep_type = d.one_of_kinds AND h.most_reps IS NOT NULL
            ORDER BY h.most_reps DESC, {place("h")} LIMIT 1) best
        WHERE d.one_of_kinds IS NOT NULL
    )
"""


def shown_records_of(stats: str) -> str:
    """Return the CTEs with what is shown of exercises, of any users: ``shown`` is the last of them.

    Its rows have ``user_id``, ``exercise_id``, ``name``, ``kind``, ``value``, ``unit``,
    ``achieved_date``, ``workout_id`` and ``previous``. One without a kind is an exercise that must
    be recounted.

    Args:
        stats: the query for their rows of ``exercise_stats``.
    """
    return f"""
    {_done(stats)}, {_OLDER_RECORDS}, shown AS (
        SELECT user_id, exercise_id, name, record_type AS kind, value, unit, achieved_date,
            workout_id, previous_record AS previous
        FROM records
        UNION ALL
        SELECT d.user_id, d.exercise_id, d.name, r.kind, r.value, r.unit, r.achieved_date,
            r.workout_id, round(abs(r.previous_size)
                / CASE r.unit WHEN 'lb' THEN {POUND_IN_KILOGRAMS} ELSE 1 END, 12)
        FROM done d CROSS JOIN LATERAL (
            SELECT * FROM set_records b
            WHERE b.user_id = d.user_id AND b.exercise_id = d.exercise_id
              AND b.kind = ANY ({cases("d.measure", _SHOWN_KINDS)}) OFFSET 0) r
        UNION ALL
        SELECT d.user_id, d.exercise_id, d.name, NULL, NULL, NULL, NULL, NULL, NULL
        FROM done d WHERE NOT d.is_current
    )
    """


_STATS = "SELECT * FROM exercise_stats WHERE user_id = :user_id"

# The JSON of the result is written from this, not by Python: rounding is that of schemas.units, as
# no value is large enough for the two to differ. A size that was divided is rounded twice, as in
# previous_in_unit().
_RECORDS = Statement(
    f"""
    WITH {shown_records_of(_STATS)}
    SELECT exercise_id, name, kind, trim_scale(round(value, 2))::text, unit,
           achieved_date::text, workout_id, trim_scale(round(previous, 2))::text
    FROM shown
    ORDER BY exercise_id
    """
)

_PERFORMED = """
    (SELECT json_build_array(h.rep_type, h.measure, h.raw_sets)
     FROM exercise_performance_history h
     WHERE h.user_id = :user_id AND h.workout_id = r.workout_id AND h.exercise_id = :exercise_id)
"""

_OF_EXERCISE = Statement(
    f"""
    WITH {_done(f"{_STATS} AND exercise_id = :exercise_id")}, {_OLDER_RECORDS}
    SELECT
        (SELECT json_build_array(name, measure, is_current) FROM done),
        (SELECT json_agg(json_build_array(r.record_type, '0', r.value::text, r.unit, '0',
            r.achieved_date, r.workout_id, r.started_at, r.previous_record::text, {_PERFORMED}))
         FROM records r WHERE r.record_type = ANY(CAST(:kinds AS text[]))),
        (SELECT json_agg(json_build_array(r.kind, r.kept_by::text, r.value::text, r.unit,
            r.size::text, r.achieved_date, r.workout_id, r.started_at, r.previous_size::text,
            {_PERFORMED}))
         FROM set_records r
         WHERE r.user_id = :user_id AND r.exercise_id = :exercise_id
           AND r.kind = ANY(CAST(:kinds AS text[])))
    """
)


class OfExercise(NamedTuple):
    """Records of an exercise; the first two are None if the user never did it."""

    name: str | None
    measure: str | None
    records: list[Found]


def records(fetch: Fetch, user_id: int) -> Fragment | None:
    """Return all records of a user as JSON, in the form that the RPC's result has, or None.

    Raises:
        Outdated: some exercises must be recounted.
    """
    exercises: dict[int, list[str]] = {}
    outdated = []
    for exercise_id, name, kind, value, unit, day, workout_id, previous in fetch(
        _RECORDS, user_id=user_id
    ):
        if kind is None:
            outdated.append(exercise_id)
            continue
        head = f'"exercise_id":{exercise_id},"exercise_name":{_text(name)}'
        exercises.setdefault(exercise_id, [head]).append(
            f'"{kind}":{{"value":{value},"unit":"{unit}","achieved_date":"{day}",'
            f'"workout_id":{workout_id},"previous":{previous or "null"}}}'
        )
    if outdated:
        raise Outdated(outdated)
    if not exercises:
        return None
    objects = ("{" + ",".join(members) + "}" for members in exercises.values())
    return Fragment("[" + ",".join(objects) + "]")


def records_of(fetch: Fetch, user_id: int, exercise_id: int, kinds: Collection[str]) -> OfExercise:
    """Return what is stored of the records of an exercise, with their sets, in any order.

    Args:
        fetch: runs a statement.
        user_id: whose records they are.
        exercise_id: of the exercise.
        kinds: as they are stored; no others are read.

    Raises:
        Outdated: it must be recounted.
    """
    [(done, older, of_sets)] = fetch(
        _OF_EXERCISE, user_id=user_id, exercise_id=exercise_id, kinds=list(kinds)
    )
    if done is None:
        return OfExercise(None, None, [])
    name, measure, is_current = done
    if not is_current:
        raise Outdated([exercise_id])
    found = [_found(*values) for values in older or ()]
    found += [_in_own_unit(_found(*values)) for values in of_sets or ()]
    return OfExercise(name, measure, found)


def _in_own_unit(found: Found) -> Found:
    return replace(found, previous=previous_in_unit(found.previous, found.unit))


def _found(
    kind: str,
    kept_by: str,
    value: str,
    unit: str,
    size: str,
    day: str,
    workout_id: int,
    started_at: str | None,
    previous: str | None,
    performed: tuple[str, str, list[dict[str, Any]]],
) -> Found:
    return Found(
        kind,
        Decimal(kept_by),
        Decimal(value),
        unit,
        Decimal(size),
        place_of(date.fromisoformat(day), moment(started_at), workout_id),
        exact(previous),
        Performed(*performed),
    )


def _text(text: str) -> str:
    return orjson.dumps(text).decode()
