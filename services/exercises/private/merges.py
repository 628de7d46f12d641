"""The merges of private exercises in PostgreSQL: noted, then finished once the workouts are moved.

An exercise that is being merged has ``merged_into`` and no ``merged_at``, and is archived, so that
nothing offers it any more. One that was merged has both, and has given its name up: its
``unique_name`` begins with a space, which no name has there.
"""

from typing import NamedTuple

from services.transport.postgres.statements import Fetch, Send, Statement

MOST_AT_ONCE = 100


class Merge(NamedTuple):
    """A merge that is noted and not finished.

    Attributes:
        owner_id: whose exercise it is.
        exercise_id: the exercise.
        into: the id of the one that it is merged into.
        into_name: the name of that.
    """

    owner_id: int
    exercise_id: int
    into: int
    into_name: str


_NOTE = Statement(
    """
    UPDATE private_exercises
    SET merged_into = :into, archived_at = coalesce(archived_at, now()), updated_at = now()
    WHERE owner_id = :owner_id AND id = :exercise_id
    """
)

# A private target can't be deleted meanwhile, but by the version before. Its name would be the last
# resort of whoever shows the workouts, so any will do.
_UNFINISHED = """
    SELECT p.owner_id, p.id, p.merged_into, coalesce(own.name, e.name, p.name)
    FROM private_exercises p
        LEFT JOIN private_exercises own ON own.id = p.merged_into AND own.owner_id = p.owner_id
        LEFT JOIN exercises e ON e.id = p.merged_into
    WHERE p.merged_into IS NOT NULL AND p.merged_at IS NULL
"""

_UNFINISHED_OF = Statement(f"{_UNFINISHED} AND p.owner_id = :owner_id AND p.id = :exercise_id")

_ALL_UNFINISHED = Statement(f"{_UNFINISHED} ORDER BY p.id LIMIT {MOST_AT_ONCE}")

_FINISH = Statement(
    """
    WITH finished AS (
        UPDATE private_exercises
        SET merged_at = now(), unique_name = ' ' || id, updated_at = now(),
            archived_at = coalesce(archived_at, now())
        WHERE owner_id = :owner_id AND id = :exercise_id AND merged_into = :into
            AND merged_at IS NULL
        RETURNING owner_id, id, merged_into
    )
    UPDATE private_exercises p SET merged_into = finished.merged_into, updated_at = now()
    FROM finished WHERE p.owner_id = finished.owner_id AND p.merged_into = finished.id
    """
)


def note(send: Send, owner_id: int, exercise_id: int, into: int) -> None:
    """Note that a locked exercise is being merged into another."""
    send(_NOTE, owner_id=owner_id, exercise_id=exercise_id, into=into)


def unfinished_of(fetch: Fetch, owner_id: int, exercise_id: int) -> Merge | None:
    """Return the unfinished merge of an exercise, if there is one."""
    rows = fetch(_UNFINISHED_OF, owner_id=owner_id, exercise_id=exercise_id)
    return Merge(*rows[0]) if rows else None


def unfinished(fetch: Fetch) -> list[Merge]:
    """Return unfinished merges of all users, at most :data:`MOST_AT_ONCE`."""
    return [Merge(*row) for row in fetch(_ALL_UNFINISHED)]


def finish(fetch: Fetch, merge: Merge) -> None:
    """Finish a merge; what was merged into its exercise before then says the new one, too."""
    ids = {"owner_id": merge.owner_id, "exercise_id": merge.exercise_id, "into": merge.into}
    fetch(_FINISH, **ids)
