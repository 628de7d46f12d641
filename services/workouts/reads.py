"""Reading workouts from PostgreSQL.

What is only handed on stays the JSON text that PostgreSQL wrote (docs/decisions/json-text.md).
"""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from orjson import Fragment

from services.transport.postgres.statements import Fetch, Statement
from services.workouts.tables import WHOLE_OF_USER, own_columns_json, workout_json

# Two statements for each, and not one with `:user_id IS NULL OR ...`: the one plan of that for all
# values would look into every partition, if the tables are partitioned by user.
_OF_ANYBODY = "FROM workouts w WHERE w.id = :workout_id"
_OF_USER = f"{_OF_ANYBODY} AND w.user_id = :user_id"

_GET_OF_ANYBODY = Statement(f"SELECT {workout_json(counted=True)} {_OF_ANYBODY}")
_GET_OF_USER = Statement(f"SELECT {WHOLE_OF_USER} {_OF_USER}")

_GET_SHOWN_OF_ANYBODY = Statement(f"SELECT ({workout_json()})::text {_OF_ANYBODY}")
_GET_SHOWN_OF_USER = Statement(f"SELECT ({workout_json(owner=':user_id')})::text {_OF_USER}")

_GET_MANY = "SELECT ({workout})::text FROM workouts w WHERE w.id = ANY(:workout_ids)"
# one look-up by the primary key for each: planned once, a join may scan the table
_GET_OWNED = """
    SELECT ({workout})::text
    FROM unnest(CAST(:user_ids AS bigint[]), CAST(:workout_ids AS bigint[])) AS k (user_id, id)
    CROSS JOIN LATERAL (
        SELECT * FROM workouts WHERE user_id = k.user_id AND id = k.id LIMIT 1) w
"""
_GET_MANY_SHOWN = Statement(_GET_MANY.format(workout=workout_json()))
_GET_MANY_TO_COUNT = Statement(_GET_MANY.format(workout=workout_json(to_count=True)))
_GET_OWNED_SHOWN = Statement(_GET_OWNED.format(workout=workout_json()))
_GET_OWNED_TO_COUNT = Statement(_GET_OWNED.format(workout=workout_json(to_count=True)))

_SORT_COLUMNS = {
    "date": "w.date",
    "created_at": "w.created_at",
    "name": "lower(w.name)",
    "duration_minutes": "w.duration_minutes",
}
_MAY_BE_NULL = ("name", "duration_minutes")
_WITHIN_A_DAY = {
    "asc": "w.started_at ASC NULLS FIRST",
    "desc": "w.started_at DESC NULLS LAST",
}


def get(fetch: Fetch, workout_id: int, user_id: int | None = None) -> dict[str, Any] | None:
    """Return a whole workout whose sets are counted, or None.

    Args:
        fetch: runs a statement.
        workout_id: its id.
        user_id: the owner it must have; None for anybody's.
    """
    rows = _find(fetch, _GET_OF_USER, _GET_OF_ANYBODY, workout_id, user_id)
    return rows[0][0] if rows else None


def get_shown(fetch: Fetch, workout_id: int, user_id: int | None = None) -> Fragment | None:
    """Return a whole workout as clients see it; see :func:`get`."""
    rows = _find(fetch, _GET_SHOWN_OF_USER, _GET_SHOWN_OF_ANYBODY, workout_id, user_id)
    return Fragment(rows[0][0]) if rows else None


def _find(
    fetch: Fetch,
    of_user: Statement,
    of_anybody: Statement,
    workout_id: int,
    user_id: int | None,
) -> list[tuple[Any, ...]]:
    if user_id is None:
        return fetch(of_anybody, workout_id=workout_id)
    return fetch(of_user, workout_id=workout_id, user_id=user_id)


def get_many(
    fetch: Fetch,
    workout_ids: Sequence[int],
    to_count: bool,
    user_ids: Sequence[int] | None = None,
) -> list[Fragment]:
    """Return whole workouts; unknown ids are left out.

    Args:
        fetch: runs a statement.
        workout_ids: their ids.
        to_count: as analytics counts them, without notes, which may be most of a workout's text.
        user_ids: the owner that each must have; None for anybody's.
    """
    if user_ids is None:
        statement = _GET_MANY_TO_COUNT if to_count else _GET_MANY_SHOWN
        found = fetch(statement, workout_ids=list(workout_ids))
    else:
        statement = _GET_OWNED_TO_COUNT if to_count else _GET_OWNED_SHOWN
        found = fetch(statement, user_ids=list(user_ids), workout_ids=list(workout_ids))
    return [Fragment(row[0]) for row in found]


def list_page(
    fetch: Fetch,
    user_id: int,
    days: tuple[date | None, date | None],
    sort: list[tuple[str, str]],
    page: int,
    limit: int,
) -> dict[str, Any]:
    """Return one page of a user's workouts, without their exercises, and the number of all.

    Args:
        fetch: runs a statement.
        user_id: the owner.
        days: first and last day, inclusive; either may be None.
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


@lru_cache(maxsize=256)
def _page(has_first: bool, has_last: bool, sort: tuple[tuple[str, str], ...]) -> Statement:
    conditions = ["w.user_id = :user_id"]
    if has_first:
        conditions.append("w.date >= :first")
    if has_last:
        conditions.append("w.date <= :last")
    within = " AND ".join(conditions)
    # one statement for each set of conditions, and not `:first IS NULL OR ...`: its one plan for
    # all values could not use the index for the range
    return Statement(
        f"""
        SELECT coalesce((SELECT json_agg(json_build_object({own_columns_json()},
                'exercise_count', w.exercise_count, 'set_count', w.set_count,
                'total_volume', trim_scale(round(w.total_volume, 2))))::text
            FROM (SELECT * FROM workouts w WHERE {within} ORDER BY {_order(sort)}
                  LIMIT :limit OFFSET :offset) w), '[]'),
            (SELECT count(*) FROM workouts w WHERE {within})
        """
    )


def _order(sort: Sequence[tuple[str, str]]) -> str:
    # NULLS LAST only where it matters, and the start of those of one day as the index
    # workouts_by_start has it: otherwise PostgreSQL would sort all of the user's workouts
    columns = [
        f"{_SORT_COLUMNS[name]} {direction}{' NULLS LAST' if name in _MAY_BE_NULL else ''}"
        for name, direction in sort
    ]
    columns += [_WITHIN_A_DAY[direction] for name, direction in sort if name == "date"]
    return ", ".join([*columns, f"w.id {sort[0][1]}"])
