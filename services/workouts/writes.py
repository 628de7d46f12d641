"""Writing workouts to PostgreSQL, each in one statement however many sets it has.

A workout goes there as one JSON document, which PostgreSQL takes apart into rows: one round trip
and one prepared statement instead of one for each row.
"""

from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

import orjson

from services.transport.postgres.statements import Fetch, Statement
from services.workouts.rules import Plan
from services.workouts.tables import WHOLE_OF_USER, own_columns_json

COLUMNS = (
    *("name", "date", "started_at", "started_offset", "ended_at", "ended_offset", "time_zone"),
    *("duration_minutes", "notes", "exercise_count", "set_count", "total_volume"),
)
"""What a plan of a new workout has of the workout itself."""

_GIVEN = """
    SELECT item, (item ->> 'order_index')::integer AS order_index
    FROM json_array_elements(CAST(:exercises AS json)) item
"""
_INSERT_EXERCISES = """
    given AS MATERIALIZED ({given}), exercises AS (
        INSERT INTO workout_exercises
            (user_id, workout_id, exercise_id, exercise_name, rep_type, measure, order_index,
             superset, notes)
        SELECT w.user_id, w.id, (item ->> 'exercise_id')::bigint,
               item ->> 'exercise_name', item ->> 'rep_type', item ->> 'measure', order_index,
               (item ->> 'superset')::smallint, item ->> 'notes'
        FROM {of} ORDER BY order_index
        RETURNING user_id, id, workout_id, order_index
    ), sets AS (
        INSERT INTO exercise_sets
            (user_id, workout_exercise_id, set_number, reps, repetitions, duration_seconds,
             distance_m, weight, unit, set_type, notes, rpe, rir, rest_seconds)
        SELECT e.user_id, e.id, s.set_number, s.reps, s.repetitions, s.duration_seconds,
               s.distance_m, s.weight, s.unit, s.set_type, s.notes, s.rpe, s.rir, s.rest_seconds
        FROM exercises e
        JOIN given USING ({key})
        CROSS JOIN LATERAL json_to_recordset(item -> 'sets') AS s (
            set_number integer, reps numeric, repetitions numeric, duration_seconds numeric,
            distance_m numeric, weight numeric, unit text, set_type text, notes text, rpe numeric,
            rir numeric, rest_seconds smallint)
        ORDER BY order_index, s.set_number
        RETURNING id, workout_exercise_id, set_number
    )
"""

_WRITTEN = f"""
    SELECT json_build_object({own_columns_json()}),
           (SELECT json_object_agg(order_index, id) FROM exercises),
           (SELECT json_agg(json_build_array(workout_exercise_id, set_number, id)) FROM sets)
    FROM w
"""


def insert_exercises(given: str, of: str, key: str) -> str:
    """Return the parts of a WITH that insert exercises and sets of workouts ``w``.

    Args:
        given: the query of the exercises' JSON documents, ``item``.
        of: what joins them with ``w``.
        key: the columns of both that tell which exercise is which.
    """
    return _INSERT_EXERCISES.format(given=given, of=of, key=key)


def _of_one(joined: str) -> str:
    return insert_exercises(_GIVEN, of=f"{joined}, given", key="order_index")


_INSERT = Statement(
    f"""
    WITH w AS (
        INSERT INTO workouts (user_id, {", ".join(COLUMNS)})
        VALUES (:user_id, {", ".join(f":{name}" for name in COLUMNS)})
        RETURNING *
    ), {_of_one("w")} {_WRITTEN}
    """
)
# the id is given here and taken from there only if the client's id is new, so nothing is inserted
# unless that is; of two at once the second waits, and inserts nothing
_INSERT_ONCE = Statement(
    f"""
    WITH claimed AS (
        INSERT INTO client_ids (user_id, client_id, workout_id, body_hash)
        VALUES (:user_id, CAST(:client_id AS uuid),
                nextval(pg_get_serial_sequence('workouts', 'id')), :body)
        ON CONFLICT (user_id, client_id) DO NOTHING
        RETURNING user_id, client_id, workout_id
    ), w AS (
        INSERT INTO workouts (id, user_id, client_id, {", ".join(COLUMNS)})
        OVERRIDING SYSTEM VALUE
        SELECT workout_id, user_id, client_id, {", ".join(f":{name}" for name in COLUMNS)}
        FROM claimed
        RETURNING *
    ), {_of_one("w")} {_WRITTEN}
    """
)
_DELETE = Statement(
    "DELETE FROM workouts WHERE user_id = :user_id AND id = :workout_id RETURNING version, date"
)


# orjson knows no Decimal, and a float would not be exact; PostgreSQL casts the text. It raises a
# TypeError for whatever is no decimal.
_number = Decimal.__str__


def insert(fetch: Fetch, user_id: int, plan: Plan) -> dict[str, Any]:
    """Insert a workout, and return it whole, with its sets counted."""
    exercises = to_json(stored_exercises(plan))
    (row,) = fetch(_INSERT, user_id=user_id, exercises=exercises, **plan.columns)
    return _as_read(row, plan)


def insert_once(
    fetch: Fetch, user_id: int, plan: Plan, client_id: str, body: bytes
) -> dict[str, Any] | None:
    """Insert a workout with the id that a client has given it, and return it as :func:`insert`.

    Args:
        fetch: runs a statement.
        user_id: the owner.
        plan: the workout.
        client_id: the id, a UUID.
        body: the hash of the body that it is made from.

    Returns:
        None if the user had a workout with this id, and nothing was inserted.
    """
    exercises = to_json(stored_exercises(plan))
    known = {"user_id": user_id, "client_id": client_id, "body": body}
    rows = fetch(_INSERT_ONCE, **known, exercises=exercises, **plan.columns)
    return _as_read(rows[0], plan) if rows else None


def update(fetch: Fetch, user_id: int, workout_id: int, plan: Plan) -> dict[str, Any] | None:
    """Change a workout, and return it whole, with its sets counted.

    Returns:
        None if nothing was changed: the user has no such workout, it has another version than the
        plan expects, or times that the plan does not know of, or somebody else changed it in the
        same moment.
    """
    values: dict[str, Any] = {
        "user_id": user_id,
        "workout_id": workout_id,
        "expected": plan.expected_version,
    }
    if plan.exercises is not None:
        values["exercises"] = to_json(stored_exercises(plan))
    statement = _update(tuple(plan.columns), plan.exercises is not None, plan.needs_no_times)
    rows = fetch(statement, **values, **plan.columns)
    return _as_read(rows[0], plan) if rows else None


def delete(fetch: Fetch, user_id: int, workout_id: int) -> tuple[int, date] | None:
    """Delete a workout with all that is in it, and return its version and date, or None."""
    rows = fetch(_DELETE, user_id=user_id, workout_id=workout_id)
    return rows[0] if rows else None


@lru_cache(maxsize=64)
def _update(columns: tuple[str, ...], replaces_exercises: bool, needs_no_times: bool) -> Statement:
    given = "".join(f"{name} = :{name}, " for name in columns)
    # An UPDATE that has waited for another one's lock sees the new row, but all else in the
    # statement is still of the snapshot from before the wait: the exercises would be those of
    # the version before. Then the versions differ, and nothing is done.
    changed = f"""
        before AS MATERIALIZED (
            SELECT id, version FROM workouts
            WHERE user_id = :user_id AND id = :workout_id
              AND version = coalesce(CAST(:expected AS integer), version)
              {"AND started_at IS NULL AND ended_at IS NULL" if needs_no_times else ""}
        ), w AS (
            UPDATE workouts SET {given} version = workouts.version + 1, updated_at = now()
            FROM before WHERE workouts.user_id = :user_id AND workouts.id = before.id
              AND workouts.version = before.version
            RETURNING workouts.*
        )
    """
    if not replaces_exercises:
        return Statement(f"WITH {changed} SELECT {WHOLE_OF_USER} FROM w")
    # The order of the parts of a WITH is PostgreSQL's affair unless one reads the other: by
    # counting them the old rows are gone before a new one takes the order_index of one of them,
    # which is unique. Their sets go with them (ON DELETE CASCADE).
    return Statement(
        f"""
        WITH {changed}, gone AS (
            DELETE FROM workout_exercises e USING w
            WHERE e.user_id = :user_id AND e.workout_id = w.id RETURNING e.id
        ), {_of_one("w CROSS JOIN (SELECT count(*) FROM gone) deleted")}
        {_WRITTEN}
        """
    )


def _as_read(row: tuple, plan: Plan) -> dict[str, Any]:
    """Return a written workout as a read returns it."""
    if plan.exercises is None:
        return row[0]
    # what the same statement inserts, it can't read: its snapshot is from before
    workout, exercise_ids, set_ids = row
    return {**workout, "exercises": _with_ids(plan.exercises, exercise_ids or {}, set_ids or [])}


def _with_ids(
    exercises: list[dict[str, Any]], exercise_ids: dict[str, int], set_ids: list[list[int]]
) -> list[dict[str, Any]]:
    """Return inserted exercises as a read returns them: in order, with ids, numbers for JSON.

    Args:
        exercises: as inserted.
        exercise_ids: their ids by ``order_index``.
        set_ids: id of the exercise, ``set_number`` and id of each set.
    """
    id_of = {(exercise_id, number): set_id for exercise_id, number, set_id in set_ids}
    return [
        {
            "id": (exercise_id := exercise_ids[str(item["order_index"])]),
            "exercise_id": item["exercise_id"],
            "exercise_name": item["exercise_name"],
            "rep_type": item["rep_type"],
            "measure": item["measure"],
            "order_index": item["order_index"],
            "superset": item["superset"],
            "notes": item["notes"],
            "sets": [
                {
                    "id": id_of[exercise_id, logged["set_number"]],
                    "set_number": logged["set_number"],
                    "reps": _shown(logged["reps"]),
                    "repetitions": _shown(logged["repetitions"]),
                    "duration_seconds": _shown(logged["duration_seconds"]),
                    "distance_m": _shown(logged["distance_m"]),
                    "weight": _shown(logged["weight"]),
                    "unit": logged["unit"],
                    "set_type": logged["set_type"],
                    "rpe": _shown(logged["rpe"]),
                    "rir": _shown(logged["rir"]),
                    "rest_seconds": logged["rest_seconds"],
                    "notes": logged["notes"],
                }
                for logged in sorted(item["sets"], key=lambda logged: logged["set_number"])
            ],
        }
        for item in sorted(exercises, key=lambda item: item["order_index"])
    ]


def _shown(number: Decimal | None) -> int | float | None:
    if number is None:
        return None
    near = float(number)
    return int(near) if near.is_integer() else near


def stored_exercises(plan: Plan) -> list[dict[str, Any]]:
    """Return the exercises of a plan as documents that are inserted."""
    # without nulls, which PostgreSQL would take a sixth longer to read past
    return [
        _without_null(item) | {"sets": [_as_stored(logged) for logged in item["sets"]]}
        for item in plan.exercises or []
    ]


def to_json(documents: list[dict[str, Any]]) -> str:
    """Return documents as JSON, their numbers exact."""
    return orjson.dumps(documents, default=_number).decode()


def _as_stored(counted: dict[str, Any]) -> dict[str, Any]:
    """Return a counted set as its columns have it: see ``_ENTERED`` of tables.py."""
    row = _without_null(counted)
    if "duration_seconds" not in row and "distance_m" not in row:
        row.pop("repetitions", None)
    return row


def _without_null(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
