"""Reading private exercises from PostgreSQL. Whatever is read names the owner."""

from collections.abc import Sequence
from typing import Any

from services.exercises.private.tables import EXERCISE
from services.transport.postgres.statements import Fetch, Statement

_OF_OWNER = "FROM private_exercises p WHERE p.owner_id = :owner_id"

_OWNS = Statement(
    """
    SELECT EXISTS (SELECT FROM private_exercises WHERE owner_id = :owner_id)
        OR EXISTS (SELECT FROM own_details WHERE owner_id = :owner_id)
    """
)

_GET_MANY = Statement(
    f"SELECT {EXERCISE} {_OF_OWNER} AND p.id = ANY(CAST(:exercise_ids AS bigint[])) ORDER BY p.id"
)

_NAMESAKE = Statement(f"SELECT p.id {_OF_OWNER} AND p.unique_name = :unique_name")


def owns(fetch: Fetch, owner_id: int) -> bool:
    """Return whether a user has any private exercise, or has noted something of any other."""
    [(found,)] = fetch(_OWNS, owner_id=owner_id)
    return found


def get(fetch: Fetch, owner_id: int, exercise_id: int) -> dict[str, Any] | None:
    """Return an exercise of a user, also an archived one; None if they have no such one."""
    found = get_many(fetch, owner_id, [exercise_id])
    return found[0] if found else None


def get_many(fetch: Fetch, owner_id: int, exercise_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Return exercises of a user by their ids, also archived ones; others are left out."""
    rows = fetch(_GET_MANY, owner_id=owner_id, exercise_ids=list(exercise_ids))
    return [row[0] for row in rows]


def namesake(fetch: Fetch, owner_id: int, unique_name: str) -> int | None:
    """Return the id of a user's exercise with a name, as :func:`naming.unique_name` has it."""
    found = fetch(_NAMESAKE, owner_id=owner_id, unique_name=unique_name)
    return found[0][0] if found else None
