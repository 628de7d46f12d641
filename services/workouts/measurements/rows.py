"""Measurements in PostgreSQL."""

from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

from orjson import Fragment

from services.transport.postgres.expressions import instant, sent_instant
from services.transport.postgres.statements import Fetch, Send, Statement

COLUMNS = ("kind", "value", "unit", "measured_at", "measured_offset", "date", "external_id")

SHOWN = f"""
    json_build_object(
        'id', m.id, 'kind', m.kind, 'value', trim_scale(m.value), 'unit', m.unit,
        'measured_at', {sent_instant("m.measured_at", "m.measured_offset")},
        'external_id', m.external_id, 'version', m.version,
        'created_at', {instant("m.created_at")}, 'updated_at', {instant("m.updated_at")})
"""
_NAMES = ", ".join(COLUMNS)
_VALUES = ", ".join(f":{name}" for name in COLUMNS)
_OF_ONE = "m.user_id = :user_id AND m.id = :measurement_id"

_LOCK = Statement(
    """
    SELECT pg_advisory_xact_lock(
        hashtextextended('measurements of ' || CAST(:user_id AS text), 0))
    """
)
_COUNT = Statement("SELECT count(*) FROM measurements WHERE user_id = :user_id")
# both lock the row, as a deletion waits for no other lock
_FIND = Statement(
    """
    SELECT id FROM measurements
    WHERE user_id = :user_id AND kind = :kind AND external_id = :external_id FOR UPDATE
    """
)
_INSERT = Statement(
    f"""
    INSERT INTO measurements AS m (user_id, {_NAMES}) VALUES (:user_id, {_VALUES})
    RETURNING {SHOWN}
    """
)
_CHANGE = Statement(
    f"""
    WITH changed AS (
        UPDATE measurements m SET ({_NAMES}) = ROW({_VALUES}), version = version + 1,
            updated_at = now()
        WHERE {_OF_ONE} AND ({_NAMES}) IS DISTINCT FROM ({_VALUES})
        RETURNING *
    )
    SELECT {SHOWN} FROM changed m
    UNION ALL
    SELECT {SHOWN} FROM measurements m WHERE {_OF_ONE} AND NOT EXISTS (SELECT FROM changed)
    """
)
_GET = Statement(f"SELECT {SHOWN} FROM measurements m WHERE {_OF_ONE}")
_STORED = Statement(f"SELECT version, {_NAMES} FROM measurements m WHERE {_OF_ONE} FOR UPDATE")
_DELETE = Statement(f"DELETE FROM measurements m WHERE {_OF_ONE} RETURNING id")
_DELETE_EXTERNAL = Statement(
    """
    DELETE FROM measurements WHERE user_id = :user_id AND external_id = :external_id RETURNING id
    """
)


class Stored(NamedTuple):
    """A measurement as it is stored, and its version."""

    version: int
    columns: dict[str, Any]


def lock(send: Send, user_id: int) -> None:
    """Keep others from writing measurements of a user until the end of the transaction."""
    send(_LOCK, user_id=user_id)


def count(fetch: Fetch, user_id: int) -> int:
    """Return how many measurements a user has."""
    [(found,)] = fetch(_COUNT, user_id=user_id)
    return int(found)


def find(fetch: Fetch, user_id: int, kind: str, external_id: str) -> int | None:
    """Return the id of a user's measurement of a kind by its external one, or None."""
    rows = fetch(_FIND, user_id=user_id, kind=kind, external_id=external_id)
    return rows[0][0] if rows else None


def insert(fetch: Fetch, user_id: int, columns: dict[str, Any]) -> dict[str, Any]:
    """Insert a measurement, and return it as it is shown."""
    [(shown,)] = fetch(_INSERT, user_id=user_id, **columns)
    return dict(shown)


def change(
    fetch: Fetch, user_id: int, measurement_id: int, columns: dict[str, Any]
) -> dict[str, Any]:
    """Change a measurement that is there, and return it as it is shown.

    Its version goes up only if anything is another then, as a scale's history may be sent again
    each day.
    """
    [(shown,)] = fetch(_CHANGE, user_id=user_id, measurement_id=measurement_id, **columns)
    return dict(shown)


def get(fetch: Fetch, user_id: int, measurement_id: int) -> dict[str, Any] | None:
    """Return a user's measurement as it is shown, or None."""
    rows = fetch(_GET, user_id=user_id, measurement_id=measurement_id)
    return rows[0][0] if rows else None


def stored(fetch: Fetch, user_id: int, measurement_id: int) -> Stored | None:
    """Return a user's measurement as it is stored, or None."""
    rows = fetch(_STORED, user_id=user_id, measurement_id=measurement_id)
    if not rows:
        return None
    version, *values = rows[0]
    return Stored(version, dict(zip(COLUMNS, values, strict=True)))


def delete(fetch: Fetch, user_id: int, measurement_id: int) -> bool:
    """Delete a measurement, and return whether the user had it."""
    return bool(fetch(_DELETE, user_id=user_id, measurement_id=measurement_id))


def delete_external(fetch: Fetch, user_id: int, external_id: str) -> list[int]:
    """Delete the measurements of all kinds that have an external id, and return their own ids."""
    rows = fetch(_DELETE_EXTERNAL, user_id=user_id, external_id=external_id)
    return sorted(found for (found,) in rows)


def list_page(
    fetch: Fetch,
    user_id: int,
    kinds: list[str] | None,
    days: tuple[date | None, date | None],
    page: int,
    limit: int,
) -> dict[str, Any]:
    """Return one page of a user's measurements, newest first, and the number of all.

    Args:
        fetch: runs a statement.
        user_id: the owner.
        kinds: those that are wanted; None for all.
        days: first and last day, inclusive; either may be None.
        page: from 1.
        limit: measurements a page.
    """
    first, last = days
    statement = _page(kinds is not None, first is not None, last is not None)
    given = {"user_id": user_id, "kinds": kinds, "first": first, "last": last}
    given |= {"limit": limit, "offset": (page - 1) * limit}
    ((items, total),) = fetch(statement, **{name: given[name] for name in statement.names})
    return {"items": Fragment(items), "total": total}


@lru_cache
def _page(has_kinds: bool, has_first: bool, has_last: bool) -> Statement:
    conditions = ["m.user_id = :user_id"]
    if has_kinds:
        conditions.append("m.kind = ANY(CAST(:kinds AS text[]))")
    # the second of each is for the index: a day by some clock is within two of that by any other
    if has_first:
        conditions += ["m.date >= :first", "m.measured_at >= CAST(:first AS date) - 2"]
    if has_last:
        conditions += ["m.date <= :last", "m.measured_at < CAST(:last AS date) + 3"]
    within = " AND ".join(conditions)
    return Statement(
        f"""
        SELECT coalesce((SELECT json_agg({SHOWN})::text
            FROM (SELECT * FROM measurements m WHERE {within}
                  ORDER BY measured_at DESC, id DESC LIMIT :limit OFFSET :offset) m), '[]'),
            (SELECT count(*) FROM measurements m WHERE {within})
        """
    )
