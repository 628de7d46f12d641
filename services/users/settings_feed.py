"""The feed of users' settings, from which analytics keep a copy.

A deferred trigger on ``users`` writes it, behind an advisory lock (migration 0007;
docs/decisions/change-feed.md).
"""

from typing import Any

from schemas.loading import load
from schemas.pages import Feed
from services.dependencies.database import Database
from services.dependencies.rpc import rpc
from services.transport.postgres.statements import Statement

FEED = Feed()

_CHANGES = Statement(
    """
    SELECT json_build_object('position', c.position, 'user_id', u.id, 'time_zone', u.time_zone,
        'weekly_goal', u.weekly_goal, 'weekly_sets_least', u.weekly_sets_least,
        'weekly_sets_most', u.weekly_sets_most)
    FROM settings_changes c JOIN users u ON u.id = c.user_id
    WHERE c.position > :after ORDER BY c.position LIMIT :limit
    """
)


class SettingsFeed:
    """The part of the users service that tells other services what users have set."""

    database: Database

    @rpc
    def settings_changes(self, after: int = 0, limit: int = 100) -> list[dict[str, Any]]:
        """Return the feed of settings that weeks depend on, for a copy of them; oldest first.

        It is for services alone.

        Args:
            after: position of the last change already seen; 0 for all users.
            limit: at most so many, 1 to 1000.

        Returns:
            ``[{"position", "user_id", "time_zone", "weekly_goal", "weekly_sets_least",
            "weekly_sets_most"}]``, each user once, with the settings of now; None is what is not
            set. Who has never set any is not there, nor who was deleted. Once a change was
            returned, none with a lower position will ever appear.

        Raises:
            InvalidParameter: a value is not allowed.

        Example:
            ``n.rpc.users.settings_changes(0, 10)``
        """
        rows = self.database.fetch(_CHANGES, **load(FEED, {"after": after, "limit": limit}))
        return [change for (change,) in rows]
