"""Reading a user's whole workouts page by page, oldest first."""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Any

import orjson

from services.transport.postgres.statements import Fetch, Statement
from services.workouts.tables import workout_json

MOST_WORKOUTS = 50
MOST_SETS = 500
"""Of a page: about 100 KB, as a part is held while a client reads it. Only one with long notes has
more, up to a kilobyte a set."""


_PLACE = "(w.date, coalesce(w.started_at, '-infinity'), w.id)"


Place = Sequence[Any]
"""Of a workout in the order of an export, as JSON: what to go on after."""

FIRST: Place = ("-infinity", "-infinity", 0)
"""The place before all workouts."""


def page(
    fetch: Fetch, user_id: int, days: tuple[date | None, date | None], after: Place
) -> list[tuple[dict[str, Any], Place]]:
    """Return workouts, with ``rep_type`` and ``measure`` in their exercises, each with its place.

    Args:
        fetch: runs a statement.
        user_id: the owner.
        days: first and last day, inclusive; either may be None.
        after: the place of the last workout already seen; :data:`FIRST` at first.
    """
    first, last = days
    day, start, workout_id = after
    given = {"user_id": user_id, "day": day, "start": start, "workout_id": workout_id}
    given |= {"first": first, "last": last}
    statement = _page(first is not None, last is not None)
    rows = fetch(statement, **{name: given[name] for name in statement.names})
    return [(orjson.loads(text), place) for text, place in rows]


@lru_cache
def _page(has_first: bool, has_last: bool) -> Statement:
    conditions = [
        "w.user_id = :user_id",
        "w.date >= CAST(:day AS date)",
        f"{_PLACE} > (CAST(:day AS date), CAST(:start AS timestamptz), :workout_id)",
    ]
    if has_first:
        conditions.append("w.date >= :first")
    if has_last:
        conditions.append("w.date <= :last")
    return Statement(
        f"""
        SELECT ({workout_json(with_kinds=True, owner=":user_id")})::text,
            json_build_array(w.date, coalesce(w.started_at, '-infinity')::text, w.id)
        FROM (
            SELECT *, sum(set_count) OVER (ORDER BY place) - set_count AS sets_before
            FROM (
                SELECT *, row_number() OVER (ORDER BY date, started_at NULLS FIRST, id) AS place
                FROM workouts w WHERE {" AND ".join(conditions)}
                ORDER BY date, started_at NULLS FIRST, id LIMIT {MOST_WORKOUTS}) w
        ) w
        WHERE sets_before <= {MOST_SETS} ORDER BY place
        """
    )
