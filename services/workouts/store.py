"""Workouts in PostgreSQL: every statement of the workouts service.

PostgreSQL takes a workout as one JSON document and gives it back as one, so that reading or
writing it is one statement however many sets it has. What is only handed on stays the text that
PostgreSQL wrote: a fragment of the answer's JSON.
"""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache

import orjson
from orjson import Fragment

from services.transport.postgres.statements import Statement

Fetch = Callable[..., list[tuple]]
"""Runs a statement: :meth:`Database.fetch`, or the same inside a transaction."""

_INSTANT = "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"

_HEAD = f"""
    'id', w.id, 'user_id', w.user_id, 'name', w.name, 'date', w.date,
    'duration_minutes', w.duration_minutes, {{notes}} 'version', w.version,
    'created_at', {_INSTANT.format("w.created_at")},
    'updated_at', {_INSTANT.format("w.updated_at")}
"""

_SETS = """
    SELECT json_agg(json_build_object(
        'id', s.id, 'set_number', s.set_number, 'reps', trim_scale(s.reps),
        'weight', trim_scale(s.weight), 'unit', s.unit, 'set_type', s.set_type,
        {notes} 'rpe', trim_scale(s.rpe)) ORDER BY s.set_number)
    FROM exercise_sets s
    WHERE s.user_id = e.user_id AND s.workout_exercise_id = e.id
"""

_EXERCISES = """
    SELECT json_agg(json_build_object(
        'id', e.id, 'exercise_id', e.exercise_id, 'exercise_name', coalesce(
            (SELECT f.name FROM exercise_facts f WHERE f.exercise_id = e.exercise_id),
            e.exercise_name),
        {rep_type} 'order_index', e.order_index, {notes}
        'sets', coalesce(({sets}), '[]')) ORDER BY e.order_index)
    FROM workout_exercises e
    WHERE e.user_id = w.user_id AND e.workout_id = w.id
"""


def _workout(rep_types: bool = False, notes: bool = True) -> str:
    """Return the expression that makes a workout's JSON."""
    exercises = _EXERCISES.format(
        rep_type="'rep_type', e.rep_type," if rep_types else "",
        notes=_notes("e", notes),
        sets=_SETS.format(notes=_notes("s", notes)),
    )
    return f"json_build_object({_head(notes)}, 'exercises', coalesce(({exercises}), '[]'))"


def _head(notes: bool = True) -> str:
    return _HEAD.format(notes=_notes("w", notes))


def _notes(table: str, wanted: bool) -> str:
    return f"'notes', {table}.notes," if wanted else ""


_WHOLE = _workout(rep_types=True)

_OF_USER = "w.id = :workout_id AND w.user_id = coalesce(CAST(:user_id AS bigint), w.user_id)"

_GET = Statement(f"SELECT {_WHOLE} FROM workouts w WHERE {_OF_USER}")

_GET_SHOWN = Statement(f"SELECT ({_workout()})::text FROM workouts w WHERE {_OF_USER}")

_GET_MANY = "SELECT ({workout})::text FROM workouts w WHERE w.id = ANY(:workout_ids)"
_GET_MANY_SHOWN = Statement(_GET_MANY.format(workout=_workout()))
_GET_MANY_TO_COUNT = Statement(_GET_MANY.format(workout=_workout(rep_types=True, notes=False)))

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
""".format(created_at=_INSTANT.format("workout.created_at"))

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

_SORT_COLUMNS = {
    "date": "w.date",
    "created_at": "w.created_at",
    "name": "lower(w.name)",
    "duration_minutes": "w.duration_minutes",
}
_MAY_BE_NULL = ("name", "duration_minutes")


def get(fetch: Fetch, workout_id: int, user_id: int | None = None) -> dict | None:
    """Return a whole workout, or None.

    Args:
        fetch: runs a statement.
        workout_id: which one.
        user_id: whose it must be; None for anybody's.
    """
    rows = fetch(_GET, workout_id=workout_id, user_id=user_id)
    return rows[0][0] if rows else None


def get_shown(fetch: Fetch, workout_id: int, user_id: int | None = None) -> Fragment | None:
    """Return a whole workout as clients see it, without any ``rep_type``; see :func:`get`."""
    rows = fetch(_GET_SHOWN, workout_id=workout_id, user_id=user_id)
    return Fragment(rows[0][0]) if rows else None


def get_many(fetch: Fetch, workout_ids: Sequence[int], to_count: bool) -> list[Fragment]:
    """Return whole workouts; those that there are not are left out.

    Args:
        fetch: runs a statement.
        workout_ids: which ones.
        to_count: with every ``rep_type`` and without notes, which are most of a large workout.
    """
    statement = _GET_MANY_TO_COUNT if to_count else _GET_MANY_SHOWN
    return [Fragment(row[0]) for row in fetch(statement, workout_ids=list(workout_ids))]


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


def list_page(
    fetch: Fetch,
    user_id: int,
    days: tuple[date | None, date | None],
    sort: list[tuple[str, str]],
    page: int,
    limit: int,
) -> dict:
    """Return one page of a user's workouts, without their nested part, and the number of all.

    Args:
        fetch: runs a statement.
        user_id: whose workouts.
        days: first and last day, either may be None.
        sort: pairs of a field and ``asc`` or ``desc``.
        page: from 1.
        limit: workouts a page.
    """
    first, last = days
    statement = _page(first is not None, last is not None, tuple(map(tuple, sort)))
    given = {"user_id": user_id, "first": first, "last": last}
    given |= {"limit": limit, "offset": (page - 1) * limit}
    values = {name: given[name] for name in statement.names}
    ((items, total),) = fetch(statement, **values)
    return {"items": Fragment(items), "total": total}


def changes(fetch: Fetch, after: int, limit: int, workout_id: int | None = None) -> list[dict]:
    """Return the changes after a position, oldest first.

    A trigger writes them as the last thing before a commit, behind a lock: so they appear in the
    order of their ids, and a reader that has seen one never misses an earlier one.
    """
    if workout_id is None:
        rows = fetch(_CHANGES, after=after, limit=limit)
    else:
        rows = fetch(_CHANGES_OF_ONE, after=after, limit=limit, workout_id=workout_id)
    return [row[0] for row in rows]


_CHANGE = f"""
    SELECT json_build_object('id', c.id, 'workout_id', c.workout_id, 'user_id', c.user_id,
        'kind', c.kind, 'version', c.version, 'date', c.date,
        'changed_at', {_INSTANT.format("c.changed_at")})
    FROM workout_changes c WHERE c.id > :after
"""
_CHANGES = Statement(f"{_CHANGE} ORDER BY c.id LIMIT :limit")
_CHANGES_OF_ONE = Statement(f"{_CHANGE} AND c.workout_id = :workout_id ORDER BY c.id LIMIT :limit")


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
        SELECT {_WHOLE} FROM w
        """
    )


@lru_cache(maxsize=256)
def _page(has_first: bool, has_last: bool, sort: tuple[tuple[str, str], ...]) -> Statement:
    conditions = ["w.user_id = :user_id"]
    if has_first:
        conditions.append("w.date >= :first")
    if has_last:
        conditions.append("w.date <= :last")
    within = " AND ".join(conditions)
    return Statement(
        f"""
        SELECT coalesce((SELECT json_agg(json_build_object({_head()},
                'exercise_count', w.exercise_count, 'set_count', w.set_count,
                'total_volume', trim_scale(round(w.total_volume, 2))))::text
            FROM (SELECT * FROM workouts w WHERE {within} ORDER BY {_order(sort)}
                  LIMIT :limit OFFSET :offset) w), '[]'),
            (SELECT count(*) FROM workouts w WHERE {within})
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


def _order(sort: Sequence[tuple[str, str]]) -> str:
    # said of a column that is never null it would keep PostgreSQL from the index
    columns = [
        f"{_SORT_COLUMNS[name]} {direction}{' NULLS LAST' if name in _MAY_BE_NULL else ''}"
        for name, direction in sort
    ]
    return ", ".join([*columns, f"w.id {sort[0][1]}"])
