"""What users have noted of the catalogue's exercises for themselves, in PostgreSQL.

Whatever is read names the owner, as of private exercises.
"""

from typing import Any

from services.transport.postgres.statements import Fetch, Send, Statement

MOST = 2000
"""Exercises of which one user may have noted something."""

MUSCLES = ("primary_muscles", "secondary_muscles")
NOTHING: dict[str, Any] = {**dict.fromkeys(MUSCLES), "notes": None}

DETAILS = """
    json_build_object('primary_muscles', d.primary_muscles,
        'secondary_muscles', d.secondary_muscles, 'notes', d.notes)
"""
"""A row ``d`` as the JSON that its owner sees."""

_DETAILS = f"""
    SELECT {DETAILS} FROM own_details d WHERE d.owner_id = :owner_id AND d.exercise_id
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

_CHANGES = Statement(
    """
    SELECT json_build_object('position', c.position, 'owner_id', c.owner_id,
        'exercise_id', c.exercise_id, 'primary_muscles', d.primary_muscles,
        'secondary_muscles', d.secondary_muscles)
    FROM own_muscle_changes c LEFT JOIN own_details d USING (owner_id, exercise_id)
    WHERE c.position > :after ORDER BY c.position LIMIT :limit
    """
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


def changes(fetch: Fetch, after: int, limit: int) -> list[dict[str, Any]]:
    """Return changes of the muscles that users have noted, from the feed; oldest first.

    Args:
        fetch: runs a statement.
        after: position of the last change already seen.
        limit: at most so many.
    """
    return [row[0] for row in fetch(_CHANGES, after=after, limit=limit)]
