"""The settings of users that their weeks depend on, as a copy of analytics' own.

It follows the feed ``users.settings_changes`` from its greatest position. That falls when the user
at it is erased, and then some are read again. Only the job that makes summaries needs it: whoever
asks for numbers tells the settings along.
"""

from collections.abc import Callable
from typing import Any

import orjson

from services.dependencies.database import Database
from services.transport.postgres.statements import Statement

BATCH = 1000
"""Changes that are read and written at a time."""

_POSITION = Statement("SELECT coalesce(max(position), 0) FROM user_settings")

# a page of the feed may have been read before the user was erased
_WRITE = Statement(
    """
    INSERT INTO user_settings AS known (user_id, time_zone, weekly_goal, weekly_sets_least,
        weekly_sets_most, position)
    SELECT user_id, time_zone, weekly_goal, weekly_sets_least, weekly_sets_most, position
    FROM json_to_recordset(CAST(:changes AS json)) AS given (user_id bigint, time_zone text,
        weekly_goal smallint, weekly_sets_least smallint, weekly_sets_most smallint,
        position bigint)
    WHERE NOT EXISTS (SELECT FROM erased_users e WHERE e.user_id = given.user_id)
    ON CONFLICT (user_id) DO UPDATE SET time_zone = excluded.time_zone,
        weekly_goal = excluded.weekly_goal, weekly_sets_least = excluded.weekly_sets_least,
        weekly_sets_most = excluded.weekly_sets_most, position = excluded.position
    WHERE known.position < excluded.position
    """
)


def follow(database: Database, ask: Callable[..., list[dict[str, Any]]]) -> None:
    """Bring the copy up to date.

    Args:
        database: analytics' own.
        ask: ``users.settings_changes``.
    """
    [(position,)] = database.fetch(_POSITION)
    while changes := ask(position, limit=BATCH):
        position = changes[-1]["position"]
        database.fetch(_WRITE, changes=orjson.dumps(changes).decode())
