"""Writing private exercises to PostgreSQL."""

from typing import Any

from schemas.measures import REP_TYPE_OF
from services.exercises import catalogue
from services.exercises.private.naming import unique_name
from services.exercises.private.tables import COLUMNS, EXERCISE
from services.exercises.rules import search
from services.exercises.writes import search_columns
from services.transport.postgres.statements import Fetch, Send, Statement

MOST = 1000
"""Exercises of one user, archived ones included, merged ones not."""

MOST_EVER = 10_000
"""Merged ones included, which stay as the answers to their ids."""

_VALUES = {name: f"CAST(:{name} AS {kind})" for name, kind in COLUMNS.items()}

_OF_OWNER = "p.owner_id = :owner_id AND p.id = :exercise_id"

_LOCK_OWNER = Statement(
    "SELECT pg_advisory_xact_lock(hashtextextended('owner ' || CAST(:owner_id AS bigint), 0))"
)

_COUNT = Statement(
    """
    SELECT count(*) FILTER (WHERE merged_at IS NULL), count(*) FROM private_exercises
    WHERE owner_id = :owner_id
    """
)

_INSERT = Statement(
    f"""
    WITH p AS (
        INSERT INTO private_exercises (owner_id, {", ".join(COLUMNS)})
        VALUES (CAST(:owner_id AS bigint), {", ".join(_VALUES.values())})
        RETURNING *
    )
    SELECT {EXERCISE} FROM p
    """
)

_LOCK = Statement(
    f"""
    SELECT json_build_object('name', p.name, 'measure', p.measure, 'category', p.category,
        'primary_muscles', p.primary_muscles, 'secondary_muscles', p.secondary_muscles,
        'equipment', p.equipment, 'notes', p.notes)
    FROM private_exercises p WHERE {_OF_OWNER} FOR UPDATE
    """
)

_UPDATE = Statement(
    f"""
    UPDATE private_exercises p
    SET {", ".join(f"{name} = {value}" for name, value in _VALUES.items())}, updated_at = now()
    WHERE {_OF_OWNER}
    """
)

_ARCHIVE = Statement(
    f"""
    UPDATE private_exercises p
    SET archived_at = CASE WHEN :is_archived THEN coalesce(p.archived_at, now()) END,
        updated_at = CASE WHEN (p.archived_at IS NOT NULL) = :is_archived THEN p.updated_at
            ELSE now() END
    WHERE {_OF_OWNER} RETURNING {EXERCISE}
    """
)

_BEGIN_DELETION = Statement(
    f"""
    UPDATE private_exercises p
    SET deletion_began_at = CASE WHEN :is_begun THEN coalesce(p.deletion_began_at, now()) END
    WHERE {_OF_OWNER}
    """
)

_DELETE = Statement(
    f"""
    WITH deleted AS (
        DELETE FROM private_exercises p
        WHERE {_OF_OWNER} AND (p.deletion_began_at IS NOT NULL OR p.merged_at IS NOT NULL)
        RETURNING p.owner_id, p.id
    ), merged AS (
        DELETE FROM private_exercises p USING deleted
        WHERE p.owner_id = deleted.owner_id AND p.merged_into = deleted.id
    )
    SELECT id FROM deleted
    """
)


def lock_owner(send: Send, owner_id: int) -> None:
    """Let no other transaction insert or rename exercises of a user until the end of this one."""
    send(_LOCK_OWNER, owner_id=owner_id)


def count(fetch: Fetch, owner_id: int) -> tuple[int, int]:
    """Return how many exercises a user has, archived ones included: without merged ones, and all.

    Args:
        fetch: runs a statement.
        owner_id: the user.
    """
    [(without_merged, all_of_them)] = fetch(_COUNT, owner_id=owner_id)
    return without_merged, all_of_them


def insert(fetch: Fetch, owner_id: int, values: dict[str, Any]) -> dict[str, Any]:
    """Insert an exercise, and return it; the owner must be locked, and have none of this name."""
    [(exercise,)] = fetch(_INSERT, owner_id=owner_id, **_columns(values))
    return exercise


def lock(fetch: Fetch, owner_id: int, exercise_id: int) -> dict[str, Any] | None:
    """Return what a body can give of an exercise, and keep others from changing it meanwhile."""
    rows = fetch(_LOCK, owner_id=owner_id, exercise_id=exercise_id)
    return rows[0][0] if rows else None


def update(send: Send, owner_id: int, exercise_id: int, values: dict[str, Any]) -> None:
    """Write all of a locked exercise anew; no other one of its owner may have its name."""
    send(_UPDATE, owner_id=owner_id, exercise_id=exercise_id, **_columns(values))


def archive(fetch: Fetch, owner_id: int, exercise_id: int, is_archived: bool) -> dict[str, Any]:
    """Archive or restore a locked exercise, and return it."""
    ids = {"owner_id": owner_id, "exercise_id": exercise_id}
    [(exercise,)] = fetch(_ARCHIVE, **ids, is_archived=is_archived)
    return exercise


def begin_deletion(send: Send, owner_id: int, exercise_id: int, is_begun: bool) -> None:
    """Note that the deletion of an exercise is begun, or that it was given up."""
    send(_BEGIN_DELETION, owner_id=owner_id, exercise_id=exercise_id, is_begun=is_begun)


def delete(fetch: Fetch, owner_id: int, exercise_id: int) -> bool:
    """Delete an exercise that was merged, or whose deletion was begun; return whether it was so.

    What was merged into it is deleted, too.
    """
    return bool(fetch(_DELETE, owner_id=owner_id, exercise_id=exercise_id))


def _columns(values: dict[str, Any]) -> dict[str, Any]:
    """Return all columns, with those that follow from what a body gives."""
    pieces = [values["equipment"]] if values["equipment"] else []
    indexed = search_columns(search.index(values["name"], [], values["notes"], pieces))
    derived = {
        "unique_name": unique_name(values["name"]),
        "slug": catalogue.slug(values["name"]),
        "rep_type": REP_TYPE_OF[values["measure"]],
        **{name: text for name, text in indexed.items() if name in COLUMNS},
    }
    return values | derived
