"""The muscles that users have noted of the catalogue's exercises, as a copy of analytics' own.

It follows the feed ``exercises.own_muscles`` from its greatest position. Of what is not noted any
more the row stays, without muscles, so that this position never falls.
"""

import orjson

from services.dependencies.cache import Cache
from services.dependencies.catalogue_copy import BATCH, Ask, CatalogueCopy
from services.dependencies.database import Database
from services.transport.postgres.statements import Statement

_POSITION = Statement("SELECT coalesce(max(position), 0) FROM own_muscles")

# a page of the feed may have been read before the user was erased
_WRITE = Statement(
    """
    INSERT INTO own_muscles AS known (user_id, exercise_id, primary_muscles, secondary_muscles,
        position)
    SELECT owner_id, exercise_id, primary_muscles, secondary_muscles, position
    FROM json_to_recordset(CAST(:changes AS json)) AS given (owner_id bigint, exercise_id bigint,
        primary_muscles text[], secondary_muscles text[], position bigint)
    WHERE NOT EXISTS (SELECT FROM erased_users e WHERE e.user_id = given.owner_id)
    ON CONFLICT (user_id, exercise_id) DO UPDATE SET primary_muscles = excluded.primary_muscles,
        secondary_muscles = excluded.secondary_muscles, position = excluded.position
    WHERE known.position < excluded.position
    """
)


class OwnMuscles(CatalogueCopy):
    """Keeps the copy up to date; a change makes results of its user stale, and no others."""

    outage = ("muscles of users' own", "those that are known go on to count")

    def _follow(self, database: Database, cache: Cache, ask: Ask) -> bool:
        [(position,)] = database.fetch(_POSITION)
        while changes := ask(position, limit=BATCH):
            position = changes[-1]["position"]
            owners = {change["owner_id"] for change in changes}
            with cache.changing(*map(self.private_generation_key, owners)):
                database.fetch(_WRITE, changes=orjson.dumps(changes).decode())
        return True
