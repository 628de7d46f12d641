"""What has changed of a user's exercises and notes, as clients that keep a copy follow it.

Deferred triggers on both tables write the feed, behind the advisory lock of the feed of exercises
(migration 0015; docs/decisions/change-feed.md).
"""

from typing import Any

from orjson import Fragment

from services.dependencies.database import Database
from services.dependencies.feed_gaps import is_lost
from services.dependencies.own_feed import OwnFeed, change_json
from services.dependencies.rpc import rpc
from services.exercises.private.own_details import DETAILS
from services.exercises.private.tables import EXERCISE

_CHANGE = change_json(
    position="c.position",
    kind="c.kind",
    thing_id="c.exercise_id",
    version="c.version",
    data=f"CASE WHEN c.kind = 'exercise' THEN {EXERCISE} ELSE {DETAILS} END",
    there="coalesce(p.id, d.exercise_id) IS NOT NULL",
)
# OFFSET 0 has each exercise found by its id, and not among all of its owner
OWN = OwnFeed(
    table="own_exercise_changes",
    changes=f"""
    SELECT {_CHANGE}
    FROM own_exercise_changes c
    LEFT JOIN LATERAL (
        SELECT * FROM private_exercises p
        WHERE c.kind = 'exercise' AND p.owner_id = c.owner_id AND p.id = c.exercise_id OFFSET 0) p
        ON true
    LEFT JOIN own_details d
        ON c.kind = 'exercise_details' AND d.owner_id = c.owner_id
        AND d.exercise_id = c.exercise_id
    WHERE c.owner_id = :user_id AND c.position > :after
      AND NOT {is_lost("own_exercise_changes", ":after")}
    ORDER BY c.position LIMIT :limit
    """,
    last="SELECT max(position) FROM own_exercise_changes WHERE owner_id = :user_id",
)


class OwnChangesMethods:
    """The RPC methods by which clients follow what changes."""

    database: Database

    @rpc
    def own_changes(self, user_id: int, after: int = 0, limit: int = 100) -> list[Fragment]:
        """Return what has changed of a user's private exercises and notes, oldest change first.

        Args:
            user_id: an integer from 1.
            after: ``position`` of the last change that was seen; 0 from the beginning.
            limit: at most so many, 1 to 100.

        Returns:
            ``[{"position", "kind": "exercise" or "exercise_details", "id": the exercise's, "op":
            "put" or "delete", "version", "data"}]``. ``data`` is a private exercise as from
            ``get``, or what is noted of one of the catalogue, as ``mine`` from there; None of what
            was deleted. Each is there once, with its latest change. Once a change was returned, no
            change with a lower position will ever appear.

        Raises:
            InvalidParameter: a value is not allowed.
            Conflict: nothing of the user was ever at this position: the database was restored from
                a backup. A copy has to begin from 0.

        Example:
            ``n.rpc.exercises.own_changes(1)``
        """
        return OWN.read(self.database.fetch, user_id, after, limit)

    @rpc
    def own_position(self, user_id: int) -> dict[str, Any]:
        """Return the position of the latest change of a user's private exercises and notes.

        Args:
            user_id: an integer from 1.

        Returns:
            ``{"position"}``; 0 if there never was a change.

        Raises:
            InvalidParameter: the id is none.

        Example:
            ``n.rpc.exercises.own_position(1)``
        """
        return OWN.position(self.database.fetch, user_id)
