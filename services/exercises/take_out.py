"""What the exercises service holds of a user, for them to take along."""

from typing import Any

from schemas.pages import checked_user
from services.dependencies.database import Database
from services.dependencies.rpc import rpc
from services.dependencies.taking_out import Document, Table, part
from services.exercises.private.tables import EXERCISE
from services.transport.postgres.expressions import instant
from services.transport.postgres.statements import Fetch, Statement

MOST = 100

_OWN = Statement(
    f"""
    SELECT {EXERCISE} FROM private_exercises p
    WHERE p.owner_id = :owner_id AND p.id > :after ORDER BY p.id LIMIT {MOST}
    """
)
_NOTED = Statement(
    f"""
    SELECT json_build_object('exercise_id', d.exercise_id, 'exercise_name', e.name,
        'primary_muscles', d.primary_muscles, 'secondary_muscles', d.secondary_muscles,
        'notes', d.notes, 'updated_at', {instant("d.updated_at")})
    FROM own_details d LEFT JOIN exercises e ON e.id = d.exercise_id
    WHERE d.owner_id = :owner_id AND d.exercise_id > :after ORDER BY d.exercise_id LIMIT {MOST}
    """
)


def _own(fetch: Fetch, user_id: int, after: int | None) -> tuple[list[Document], int | None]:
    found = [row[0] for row in fetch(_OWN, owner_id=user_id, after=after or 0)]
    return found, found[-1]["id"] if len(found) == MOST else None


def _noted(fetch: Fetch, user_id: int, after: int | None) -> tuple[list[Document], int | None]:
    found = [row[0] for row in fetch(_NOTED, owner_id=user_id, after=after or 0)]
    return found, found[-1]["exercise_id"] if len(found) == MOST else None


TABLES = (
    Table(
        "exercises",
        "The exercises that you have made yourself, also those that you have archived (is_active "
        "is false) or merged into another one (merged_into is its id).",
        [
            *("id", "name", "measure", "category", "primary_muscles", "secondary_muscles"),
            *("equipment", "notes", "is_active", "merged_into", "created_at", "updated_at"),
        ],
        _own,
        stored_in=["private_exercises"],
    ),
    Table(
        "exercise_notes",
        "Your own muscles and notes on exercises of the catalogue.",
        [
            *("exercise_id", "exercise_name", "primary_muscles", "secondary_muscles", "notes"),
            "updated_at",
        ],
        _noted,
        stored_in=["own_details"],
    ),
)

LEFT_OUT = {
    "own_muscle_changes": "in which order the user's own muscles were changed",
    "own_exercise_changes": "in which order exercises and notes were changed, and how often",
    "erased_users": "ids of accounts that are gone",
}
"""Tables of users that are not taken out, each with the reason."""


class TakeOutMethods:
    """The part of the exercises service that gives users what it holds of them."""

    database: Database

    @rpc
    def take_out(self, user_id: int, after: list[Any] | None = None) -> dict[str, Any]:
        """Return the next part of all that this service holds of a user, as files.

        Args:
            user_id: the user.
            after: ``next`` of the part before; None for the first.

        Returns:
            ``{"files": {"exercises.json": more of its text}, "about": {"exercises": what is in
            it}, "next"}``: about 128 KB, and what to ask for the next part with; None if this is
            the last one. ``about`` has what begins in this part.

        Raises:
            InvalidParameter: the id is none.
            ServiceUnavailable: the database is away.

        Example:
            ``n.rpc.exercises.take_out(1)``
        """
        return part(TABLES, self.database.fetch, checked_user(user_id), after)
