"""What users have noted of the catalogue's exercises for themselves, in PostgreSQL.

Whatever is read names the owner, as of private exercises.
"""

from typing import Any

from services.transport.postgres.statements import Fetch, Send, Statement

MOST = 2000
"""Exercises of which one user may have noted something."""

NOTHING: dict[str, Any] = {"primary_muscles": None, "secondary_muscles": None, "notes": None}

_DETAILS = """
    SELECT json_build_object('primary_muscles', d.primary_muscles,
        'secondary_muscles', d.secondary_muscles, 'notes', d.notes)
    FROM own_details d WHERE d.owner_id = :owner_id AND d.exercise_id
"""

OF_EXERCISE = f"({_DETAILS} = e.id)"
"""The details of a row ``e`` of the catalogue as the JSON that :owner_id sees; null if none."""

_GET = Statement(f"{_DETAILS} = :exercise_id")

_COUNT = Statement("SELECT count(*) FROM own_details WHERE owner_id = :owner_id")

_PUT = Statement(
    """
    INSERT INTO own_details (owner_id, exercise_id, primary_muscles, secondary_muscles, notes)
    VALUES (:owner_id, :exercise_id, CAST(:primary_muscles AS text[]),
        CAST(:secondary_muscles AS text[]), CAST(:notes AS text))
    ON CONFLICT (owner_id, exercise_id) DO UPDATE SET
        primary_muscles = excluded.primary_muscles,
        secondary_muscles = excluded.secondary_muscles, notes = excluded.notes, updated_at = now()
    """
)

_DELETE = Statement(
    "DELETE FROM own_details WHERE owner_id = :owner_id AND exercise_id = :exercise_id"
)


def get(fetch: Fetch, owner_id: int, exercise_id: int) -> dict[str, Any] | None:
    """Return what a user has noted of an exercise; None if nothing."""
    rows = fetch(_GET, owner_id=owner_id, exercise_id=exercise_id)
    return rows[0][0] if rows else None


def count(fetch: Fetch, owner_id: int) -> int:
    """Return of how many exercises a user has noted something."""
    [(found,)] = fetch(_COUNT, owner_id=owner_id)
    return found


def put(send: Send, owner_id: int, exercise_id: int, details: dict[str, Any]) -> None:
    """Write what a user, who is locked, has noted of an exercise; of nothing no row is left."""
    ids = {"owner_id": owner_id, "exercise_id": exercise_id}
    if details == NOTHING:
        send(_DELETE, **ids)
    else:
        send(_PUT, **ids, **details)
