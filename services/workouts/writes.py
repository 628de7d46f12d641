"""Writing workouts to PostgreSQL, each in one statement however many sets it has."""

from datetime import date
from decimal import Decimal
from functools import lru_cache

import orjson

from services.transport.postgres.statements import Fetch, Statement
from services.workouts.tables import INSTANT, WHOLE

_LOCK = Statement(
    "SELECT version, date FROM workouts WHERE id = :workout_id AND user_id = :user_id FOR UPDATE"
)

_NESTED = """
    given AS MATERIALIZED (
        SELECT item, (item ->> 'order_index')::integer AS order_index
        FROM json_array_elements(CAST(:exercises AS json)) item
    ), exercises AS (
        INSERT INTO workout_exercises
            (user_id, workout_id, exercise_id, exercise_name, rep_type, order_index, notes)
        SELECT workout.user_id, workout.id, (item ->> 'exercise_id')::bigint,
               item ->> 'exercise_name', item ->> 'rep_type', order_index, item ->> 'notes'
        FROM workout, given ORDER BY order_index
        RETURNING user_id, id, order_index
    ), sets AS (
        INSERT INTO exercise_sets
            (user_id, workout_exercise_id, set_number, reps, weight, unit, set_type, notes, rpe)
        SELECT e.user_id, e.id, s.set_number, s.reps, s.weight, s.unit, s.set_type, s.notes, s.rpe
        FROM exercises e
        JOIN given USING (order_index)
        CROSS JOIN LATERAL json_to_recordset(item -> 'sets') AS s (
            set_number integer, reps numeric, weight numeric, unit text, set_type text,
            notes text, rpe numeric)
        ORDER BY order_index, s.set_number
        RETURNING id, workout_exercise_id, set_number
    )
    SELECT workout.id, workout.version, {created_at},
           (SELECT json_object_agg(order_index, id) FROM exercises),
           (SELECT json_agg(json_build_array(workout_exercise_id, set_number, id)) FROM sets)
    FROM workout
""".format(created_at=INSTANT.format("workout.created_at"))

_INSERT = Statement(
    f"""
    WITH workout AS (
        INSERT INTO workouts (user_id, name, date, duration_minutes, notes,
                              exercise_count, set_count, total_volume)
        VALUES (:user_id, :name, :date, :duration_minutes, :notes,
                :exercise_count, :set_count, :total_volume)
        RETURNING user_id, id, version, created_at
    ), {_NESTED}
    """
)

_REPLACE_NESTED = Statement(
    f"""
    WITH workout AS (
        SELECT user_id, id, version, created_at FROM workouts
        WHERE user_id = :user_id AND id = :workout_id
    ), {_NESTED}
    """
)

_FORGET_NESTED = Statement(
    "DELETE FROM workout_exercises WHERE user_id = :user_id AND workout_id = :workout_id"
)

_DELETE = Statement(
    "DELETE FROM workouts WHERE user_id = :user_id AND id = :workout_id RETURNING version, date"
)


def lock(fetch: Fetch, workout_id: int, user_id: int) -> tuple[int, date] | None:
    """Return version and date of a user's workout, locked against other changes."""
    rows = fetch(_LOCK, workout_id=workout_id, user_id=user_id)
    return rows[0] if rows else None


def insert(fetch: Fetch, user_id: int, head: dict, exercises: list[dict]) -> dict:
    """Insert a workout, in one statement, and return it whole.

    Args:
        fetch: runs a statement.
        user_id: whose it is.
        head: the workout's own columns, with its totals.
        exercises: the nested part, with ``exercise_name`` and ``rep_type``.
    """
    ((workout_id, version, created_at, exercise_ids, set_ids),) = fetch(
        _INSERT, user_id=user_id, exercises=_json(exercises), **head
    )
    return {
        "id": workout_id,
        "user_id": user_id,
        "name": head["name"],
        "date": head["date"].isoformat(),
        "duration_minutes": head["duration_minutes"],
        "notes": head["notes"],
        "version": version,
        "created_at": created_at,
        "updated_at": created_at,
        "exercises": _with_ids(exercises, exercise_ids or {}, set_ids or []),
    }


def update(
    fetch: Fetch, user_id: int, workout_id: int, changes: dict, exercises: list[dict] | None
) -> None:
    """Change columns of a workout, count up its version, and replace its nested part if given."""
    fetch(_update(tuple(changes)), user_id=user_id, workout_id=workout_id, **changes)
    if exercises is not None:
        fetch(_FORGET_NESTED, user_id=user_id, workout_id=workout_id)
        fetch(_REPLACE_NESTED, user_id=user_id, workout_id=workout_id, exercises=_json(exercises))


def change(
    fetch: Fetch, user_id: int, workout_id: int, version: int | None, changes: dict
) -> dict | None:
    """Change columns of a workout in one statement, and return it whole.

    Args:
        fetch: runs a statement.
        user_id: whose it must be.
        workout_id: which one.
        version: which version it must have; None for any.
        changes: the columns that change.

    Returns:
        None if there is no such workout, it has another version, or somebody else changed it in
        the same moment: the nested part is the one of before then.
    """
    statement = _change(tuple(changes))
    rows = fetch(statement, user_id=user_id, workout_id=workout_id, expected=version, **changes)
    return rows[0][0] if rows else None


def delete(fetch: Fetch, user_id: int, workout_id: int) -> tuple[int, date] | None:
    """Delete a workout with all that is in it, and return its version and date, or None."""
    rows = fetch(_DELETE, user_id=user_id, workout_id=workout_id)
    return rows[0] if rows else None


@lru_cache(maxsize=64)
def _update(columns: tuple[str, ...]) -> Statement:
    given = "".join(f"{name} = :{name}, " for name in columns)
    return Statement(
        f"UPDATE workouts SET {given} version = version + 1, updated_at = now() "
        "WHERE user_id = :user_id AND id = :workout_id"
    )


@lru_cache(maxsize=64)
def _change(columns: tuple[str, ...]) -> Statement:
    given = "".join(f"{name} = :{name}, " for name in columns)
    # whoever waited for another's change sees its columns, but not its nested part: then the
    # versions differ, and nothing is done
    return Statement(
        f"""
        WITH before AS MATERIALIZED (
            SELECT user_id, id, version FROM workouts
            WHERE user_id = :user_id AND id = :workout_id
              AND version = coalesce(CAST(:expected AS integer), version)
        ), w AS (
            UPDATE workouts SET {given} version = workouts.version + 1, updated_at = now()
            FROM before WHERE workouts.user_id = before.user_id AND workouts.id = before.id
              AND workouts.version = before.version
            RETURNING workouts.*
        )
        SELECT {WHOLE} FROM w
        """
    )


def _with_ids(exercises: list[dict], exercise_ids: dict[str, int], set_ids: list) -> list[dict]:
    """Return the nested part as it is read back: in order, with ids, numbers as JSON has them."""
    id_of = {(exercise_id, number): set_id for exercise_id, number, set_id in set_ids}
    return [
        {
            "id": (exercise_id := exercise_ids[str(item["order_index"])]),
            "exercise_id": item["exercise_id"],
            "exercise_name": item["exercise_name"],
            "rep_type": item["rep_type"],
            "order_index": item["order_index"],
            "notes": item["notes"],
            "sets": [
                {
                    "id": id_of[exercise_id, logged["set_number"]],
                    "set_number": logged["set_number"],
                    "reps": _shown(logged["reps"]),
                    "weight": _shown(logged["weight"]),
                    "unit": logged["unit"],
                    "set_type": logged["set_type"],
                    "rpe": _shown(logged["rpe"]),
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


def _json(exercises: list[dict]) -> str:
    return orjson.dumps(exercises, default=_number).decode()


def _number(value: object) -> str:
    if isinstance(value, Decimal):
        # as text, which PostgreSQL reads as the exact number
        return str(value)
    raise TypeError(f"no JSON for {type(value).__name__}")
