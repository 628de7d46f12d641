"""What has changed of a user's workouts, as clients that keep a copy follow it.

Of each workout only the latest change counts: a copy that begins empty reads each once, as it is
now. The positions are those of the feed (:mod:`services.workouts.feed`), in the order of commits.
"""

from typing import Any

from orjson import Fragment

from schemas.changes import DELETED, PUT, OwnChanges, expired
from schemas.loading import load
from schemas.pages import checked_user
from services.dependencies.database import Database
from services.dependencies.rpc import rpc
from services.transport.postgres.statements import Fetch, Statement
from services.workouts.tables import workout_json

MOST_SETS = 500
"""Of what is read at once: with long notes half a megabyte, as a message has a limit."""

OWN_CHANGES = OwnChanges()

# OFFSET 0 keeps NOT EXISTS from becoming a join with the changes of everybody
_CHANGES = Statement(
    f"""
    SELECT json_build_object('position', c.id, 'kind', 'workout', 'id', c.workout_id,
        'op', CASE WHEN w.id IS NULL THEN '{DELETED}' ELSE '{PUT}' END,
        'version', coalesce(w.version, c.version),
        'data', CASE WHEN w.id IS NOT NULL THEN {workout_json()} END)::text
    FROM (
        SELECT *, sum(set_count) OVER (ORDER BY id) - set_count AS sets_before
        FROM (
            SELECT c.id, c.workout_id, c.version, coalesce(w.set_count, 0) AS set_count
            FROM workout_changes c LEFT JOIN workouts w ON w.id = c.workout_id
            WHERE c.user_id = :user_id AND c.id > :after AND NOT EXISTS (
                SELECT FROM workout_changes later
                WHERE later.workout_id = c.workout_id AND later.id > c.id OFFSET 0)
            ORDER BY c.id LIMIT :limit) c
    ) c
    LEFT JOIN workouts w ON w.id = c.workout_id
    WHERE sets_before <= {MOST_SETS} ORDER BY c.id
    """
)
_LAST = Statement("SELECT max(id) FROM workout_changes WHERE user_id = :user_id")


class OwnChangesMethods:
    """The RPC method by which clients follow what changes."""

    database: Database

    @rpc
    def own_changes(self, user_id: int, after: int = 0, limit: int = 100) -> list[Fragment]:
        """Return what has changed of a user's workouts, the oldest change first.

        Args:
            user_id: an integer from 1.
            after: ``position`` of the last change that was seen; 0 from the beginning.
            limit: at most so many, 1 to 100; of workouts with very many sets there are fewer.

        Returns:
            ``[{"position", "kind": "workout", "id", "op": "put" or "delete", "version", "data": as
            from get, None of a deleted one}]``. Each workout is there once, with its latest change.
            It is empty if nothing has changed since. Once a change was returned, no change with a
            lower position will ever appear.

        Raises:
            InvalidParameter: a value is not allowed.
            Conflict: nothing of the user was ever at this position: the database was restored from
                a backup. A copy has to begin from 0.

        Example:
            ``n.rpc.workouts.own_changes(1)``
        """
        user_id = checked_user(user_id)
        values = load(OWN_CHANGES, {"after": after, "limit": limit})
        return _read(self.database.fetch, user_id, **values)

    @rpc
    def own_position(self, user_id: int) -> dict[str, Any]:
        """Return the position of the latest change of a user's workouts.

        Args:
            user_id: an integer from 1.

        Returns:
            ``{"position"}``; 0 if there never was a change.

        Raises:
            InvalidParameter: the id is none.

        Example:
            ``n.rpc.workouts.own_position(1)``
        """
        return {"position": _last(self.database.fetch, checked_user(user_id))}


def _read(fetch: Fetch, user_id: int, after: int, limit: int) -> list[Fragment]:
    rows = fetch(_CHANGES, user_id=user_id, after=after, limit=limit)
    if not rows and after > _last(fetch, user_id):
        raise expired(after)
    return [Fragment(text) for (text,) in rows]


def _last(fetch: Fetch, user_id: int) -> int:
    [(last,)] = fetch(_LAST, user_id=user_id)
    return last or 0
