"""What has changed of a user's workouts and measurements, as clients that keep a copy follow it.

The positions of workouts are those of the feed that analytics follow
(:mod:`services.workouts.feed`). Measurements have a feed with positions of its own, behind another
lock (migration 0017): so whoever logs workouts waits for no measurement, and a process of the
version before, which tells of workouts alone, leaves no measurement out.
"""

from typing import Any

from orjson import Fragment

from services.dependencies.database import Database
from services.dependencies.feed_gaps import is_lost
from services.dependencies.own_feed import OwnFeed, change_json
from services.dependencies.rpc import rpc
from services.workouts.measurements.rows import SHOWN as MEASUREMENT
from services.workouts.tables import workout_json

MOST_SETS = 500
"""Of what is read at once: with long notes half a megabyte, as a message has a limit."""

_WORKOUT_CHANGE = change_json(
    position="c.id",
    kind="'workout'",
    thing_id="c.workout_id",
    version="coalesce(w.version, c.version)",
    data=workout_json(owner=":user_id"),
    there="w.id IS NOT NULL",
)
_MEASUREMENT_CHANGE = change_json(
    position="c.position",
    kind="'measurement'",
    thing_id="c.measurement_id",
    version="c.version",
    data=MEASUREMENT,
    there="m.id IS NOT NULL",
)

# OFFSET 0 keeps NOT EXISTS from becoming a join with the changes of everybody
WORKOUTS = OwnFeed(
    table="workout_changes",
    changes=f"""
    SELECT {_WORKOUT_CHANGE}
    FROM (
        SELECT *, sum(set_count) OVER (ORDER BY id) - set_count AS sets_before
        FROM (
            SELECT c.id, c.workout_id, c.version, coalesce(w.set_count, 0) AS set_count
            FROM workout_changes c
            LEFT JOIN workouts w ON w.user_id = :user_id AND w.id = c.workout_id
            WHERE c.user_id = :user_id AND c.id > :after AND NOT EXISTS (
                SELECT FROM workout_changes later
                WHERE later.workout_id = c.workout_id AND later.id > c.id OFFSET 0)
              AND NOT {is_lost("workout_changes", ":after")}
            ORDER BY c.id LIMIT :limit) c
    ) c
    LEFT JOIN workouts w ON w.user_id = :user_id AND w.id = c.workout_id
    WHERE sets_before <= {MOST_SETS} ORDER BY c.id
    """,
    last="SELECT max(id) FROM workout_changes WHERE user_id = :user_id",
)
MEASUREMENTS = OwnFeed(
    table="measurement_changes",
    changes=f"""
    SELECT {_MEASUREMENT_CHANGE}
    FROM measurement_changes c
    LEFT JOIN measurements m ON m.user_id = c.user_id AND m.id = c.measurement_id
    WHERE c.user_id = :user_id AND c.position > :after
      AND NOT {is_lost("measurement_changes", ":after")}
    ORDER BY c.position LIMIT :limit
    """,
    last="SELECT max(position) FROM measurement_changes WHERE user_id = :user_id",
)


class OwnChangesMethods:
    """The RPC methods by which clients follow what changes."""

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
        return WORKOUTS.read(self.database.fetch, user_id, after, limit)

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
        return WORKOUTS.position(self.database.fetch, user_id)

    @rpc
    def measurement_changes(self, user_id: int, after: int = 0, limit: int = 100) -> list[Fragment]:
        """Return what has changed of a user's measurements, the oldest change first.

        Args:
            user_id: an integer from 1.
            after: ``position`` of the last change that was seen; 0 from the beginning.
            limit: at most so many, 1 to 100.

        Returns:
            As from ``own_changes``, with positions of their own: ``kind`` is ``"measurement"`` and
            ``data`` as from ``get_measurement``.

        Raises:
            InvalidParameter: a value is not allowed.
            Conflict: as of ``own_changes``.

        Example:
            ``n.rpc.workouts.measurement_changes(1)``
        """
        return MEASUREMENTS.read(self.database.fetch, user_id, after, limit)

    @rpc
    def measurement_position(self, user_id: int) -> dict[str, Any]:
        """Return the position of the latest change of a user's measurements.

        Args:
            user_id: an integer from 1.

        Returns:
            ``{"position"}``; 0 if there never was a change.

        Raises:
            InvalidParameter: the id is none.

        Example:
            ``n.rpc.workouts.measurement_position(1)``
        """
        return MEASUREMENTS.position(self.database.fetch, user_id)
