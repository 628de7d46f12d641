"""Workouts in PostgreSQL: every statement of the workouts service.

PostgreSQL takes a workout as one JSON document and gives it back as one, so that reading or
writing it is one statement however many sets it has.
"""

import json
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, text

_INSTANT = "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"

_HEAD = f"""
    'id', w.id, 'user_id', w.user_id, 'name', w.name, 'date', w.date,
    'duration_minutes', w.duration_minutes, 'notes', w.notes, 'version', w.version,
    'created_at', {_INSTANT.format("w.created_at")},
    'updated_at', {_INSTANT.format("w.updated_at")}
"""

_SETS = """
    SELECT json_agg(json_build_object(
        'id', s.id, 'set_number', s.set_number, 'reps', trim_scale(s.reps),
        'weight', trim_scale(s.weight), 'unit', s.unit, 'set_type', s.set_type,
        'rpe', trim_scale(s.rpe), 'notes', s.notes) ORDER BY s.set_number)
    FROM exercise_sets s
    WHERE s.user_id = e.user_id AND s.workout_exercise_id = e.id
"""

_EXERCISES = f"""
    SELECT json_agg(json_build_object(
        'id', e.id, 'exercise_id', e.exercise_id, 'exercise_name', e.exercise_name,
        'rep_type', e.rep_type, 'order_index', e.order_index, 'notes', e.notes,
        'sets', coalesce(({_SETS}), '[]')) ORDER BY e.order_index)
    FROM workout_exercises e
    WHERE e.user_id = w.user_id AND e.workout_id = w.id
"""

_GET = text(
    f"""
    SELECT json_build_object({_HEAD}, 'exercises', coalesce(({_EXERCISES}), '[]'))
    FROM workouts w
    WHERE w.id = :workout_id AND (w.user_id = :user_id OR :user_id IS NULL)
    """
)

_INSERT = text(
    """
    INSERT INTO workouts (user_id, name, date, duration_minutes, notes,
                          exercise_count, set_count, total_volume)
    VALUES (:user_id, :name, :date, :duration_minutes, :notes,
            :exercise_count, :set_count, :total_volume)
    RETURNING id
    """
)

_INSERT_NESTED = text(
    """
    WITH given AS (
        SELECT item, (item ->> 'order_index')::integer AS order_index
        FROM json_array_elements(CAST(:exercises AS json)) item
    ), exercises AS (
        INSERT INTO workout_exercises
            (user_id, workout_id, exercise_id, exercise_name, rep_type, order_index, notes)
        SELECT :user_id, :workout_id, (item ->> 'exercise_id')::bigint, item ->> 'exercise_name',
               item ->> 'rep_type', order_index, item ->> 'notes'
        FROM given ORDER BY order_index
        RETURNING id, order_index
    )
    INSERT INTO exercise_sets
        (user_id, workout_exercise_id, set_number, reps, weight, unit, set_type, notes, rpe)
    SELECT :user_id, e.id, s.set_number, s.reps, s.weight, s.unit, s.set_type, s.notes, s.rpe
    FROM exercises e
    JOIN given USING (order_index)
    CROSS JOIN LATERAL json_to_recordset(item -> 'sets') AS s (
        set_number integer, reps numeric, weight numeric, unit text, set_type text, notes text,
        rpe numeric)
    ORDER BY order_index, s.set_number
    """
)

_SORT_COLUMNS = {
    "date": "w.date",
    "created_at": "w.created_at",
    "name": "lower(w.name)",
    "duration_minutes": "w.duration_minutes",
}

FEED_LOCK = 7_306_001
"""Advisory lock that makes the order of the feed's ids the order of its commits."""


def get(connection: Connection, workout_id: int, user_id: int | None = None) -> dict | None:
    """Return a whole workout, or None.

    Args:
        connection: inside a transaction.
        workout_id: which one.
        user_id: whose it must be; None for anybody's.
    """
    return connection.execute(_GET, {"workout_id": workout_id, "user_id": user_id}).scalar()


def lock(connection: Connection, workout_id: int, user_id: int) -> dict | None:
    """Return ``version`` and ``date`` of a user's workout, locked against other changes."""
    row = connection.execute(
        text(
            "SELECT version, date FROM workouts "
            "WHERE id = :workout_id AND user_id = :user_id FOR UPDATE"
        ),
        {"workout_id": workout_id, "user_id": user_id},
    ).mappings()
    return row.one_or_none()


def insert(connection: Connection, user_id: int, head: dict, exercises: list[dict]) -> int:
    """Insert a workout and return its id.

    Args:
        connection: inside a transaction.
        user_id: whose it is.
        head: the workout's own columns, with its totals.
        exercises: the nested part, with ``exercise_name`` and ``rep_type``.
    """
    workout_id = connection.execute(_INSERT, {"user_id": user_id, **head}).scalar_one()
    _insert_nested(connection, user_id, workout_id, exercises)
    return workout_id


def update(
    connection: Connection,
    user_id: int,
    workout_id: int,
    changes: dict,
    exercises: list[dict] | None,
) -> None:
    """Change columns of a workout, count up its version, and replace its nested part if given."""
    columns = "".join(f"{name} = :{name}, " for name in changes)
    connection.execute(
        text(
            f"UPDATE workouts SET {columns} version = version + 1, updated_at = now() "
            "WHERE user_id = :user_id AND id = :workout_id"
        ),
        {"user_id": user_id, "workout_id": workout_id, **changes},
    )
    if exercises is not None:
        connection.execute(
            text(
                "DELETE FROM workout_exercises "
                "WHERE user_id = :user_id AND workout_id = :workout_id"
            ),
            {"user_id": user_id, "workout_id": workout_id},
        )
        _insert_nested(connection, user_id, workout_id, exercises)


def delete(connection: Connection, user_id: int, workout_id: int) -> None:
    """Delete a workout with all that is in it."""
    connection.execute(
        text("DELETE FROM workouts WHERE user_id = :user_id AND id = :workout_id"),
        {"user_id": user_id, "workout_id": workout_id},
    )


def list_page(
    connection: Connection,
    user_id: int,
    days: tuple[date | None, date | None],
    sort: list[tuple[str, str]],
    page: int,
    limit: int,
) -> dict:
    """Return one page of a user's workouts, without their nested part, and the number of all.

    Args:
        connection: inside a transaction.
        user_id: whose workouts.
        days: first and last day, either may be None.
        sort: pairs of a field and ``asc`` or ``desc``.
        page: from 1.
        limit: workouts a page.
    """
    conditions, values = _within(user_id, *days)
    total = connection.execute(
        text(f"SELECT count(*) FROM workouts w WHERE {conditions}"), values
    ).scalar_one()
    rows = connection.execute(
        text(
            f"""
            SELECT json_build_object({_HEAD}, 'exercise_count', w.exercise_count,
                'set_count', w.set_count, 'total_volume', trim_scale(round(w.total_volume, 2)))
            FROM workouts w WHERE {conditions}
            ORDER BY {_order(sort)} LIMIT :limit OFFSET :offset
            """
        ),
        {**values, "limit": limit, "offset": (page - 1) * limit},
    )
    return {"items": list(rows.scalars()), "total": total}


def note_change(
    connection: Connection, kind: str, workout_id: int, user_id: int, version: int, day: date
) -> None:
    """Write a change to the feed; the last statement of its transaction.

    The lock is held until the commit, so that changes appear in the order of their ids and a
    reader that has seen one never misses an earlier one.
    """
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": FEED_LOCK})
    connection.execute(
        text(
            "INSERT INTO workout_changes (kind, workout_id, user_id, version, date) "
            "VALUES (:kind, :workout_id, :user_id, :version, :day)"
        ),
        {
            "kind": kind,
            "workout_id": workout_id,
            "user_id": user_id,
            "version": version,
            "day": day,
        },
    )


def changes(
    connection: Connection, after: int, limit: int, workout_id: int | None = None
) -> list[dict]:
    """Return the changes after a position, oldest first."""
    only = "AND c.workout_id = :workout_id" if workout_id is not None else ""
    rows = connection.execute(
        text(
            f"""
            SELECT json_build_object('id', c.id, 'workout_id', c.workout_id, 'user_id', c.user_id,
                'kind', c.kind, 'version', c.version, 'date', c.date,
                'changed_at', {_INSTANT.format("c.changed_at")})
            FROM workout_changes c WHERE c.id > :after {only} ORDER BY c.id LIMIT :limit
            """
        ),
        {"after": after, "limit": limit, "workout_id": workout_id},
    )
    return list(rows.scalars())


def _insert_nested(
    connection: Connection, user_id: int, workout_id: int, exercises: list[dict]
) -> None:
    if exercises:
        connection.execute(
            _INSERT_NESTED,
            {
                "user_id": user_id,
                "workout_id": workout_id,
                "exercises": json.dumps(exercises, default=_number),
            },
        )


def _number(value: object) -> str:
    if isinstance(value, Decimal):
        # as text, which PostgreSQL reads as the exact number
        return str(value)
    raise TypeError(f"no JSON for {type(value).__name__}")


def _within(user_id: int, first: date | None, last: date | None) -> tuple[str, dict[str, Any]]:
    conditions = ["w.user_id = :user_id"]
    if first is not None:
        conditions.append("w.date >= :first")
    if last is not None:
        conditions.append("w.date <= :last")
    return " AND ".join(conditions), {"user_id": user_id, "first": first, "last": last}


def _order(sort: list[tuple[str, str]]) -> str:
    columns = [f"{_SORT_COLUMNS[name]} {direction} NULLS LAST" for name, direction in sort]
    return ", ".join([*columns, f"w.id {sort[0][1]}"])
