"""The feed of users' settings, which clients and analytics keep copies of.

A deferred trigger on ``users`` writes it, behind an advisory lock (migrations 0007 and 0010;
docs/decisions/change-feed.md).
"""

from typing import Any

from orjson import Fragment

from schemas.loading import load
from schemas.pages import Feed
from services.dependencies.database import Database
from services.dependencies.feed_gaps import is_lost
from services.dependencies.own_feed import OwnFeed, change_json
from services.dependencies.rpc import rpc
from services.transport.postgres.statements import Statement
from services.users.profiles import SETTINGS_JSON

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

_OWN_CHANGE = change_json(
    position="c.position",
    kind="'settings'",
    thing_id="u.id",
    version="c.version",
    data=SETTINGS_JSON,
    there="true",
)
OWN = OwnFeed(
    table="settings_changes",
    changes=f"""
    SELECT {_OWN_CHANGE} FROM settings_changes c JOIN users u ON u.id = c.user_id
    WHERE c.user_id = :user_id AND c.position > :after
      AND NOT {is_lost("settings_changes", ":after")}
    ORDER BY c.position LIMIT :limit
    """,
    last="SELECT max(position) FROM settings_changes WHERE user_id = :user_id",
)


class SettingsFeed:
    """The part of the users service that tells clients and services what users have set."""

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
            set. A user comes again when any setting was changed. Who was deleted is not there. Once
            a change was returned, none with a lower position will ever appear.

        Raises:
            InvalidParameter: a value is not allowed.

        Example:
            ``n.rpc.users.settings_changes(0, 10)``
        """
        rows = self.database.fetch(_CHANGES, **load(FEED, {"after": after, "limit": limit}))
        return [change for (change,) in rows]

    @rpc
    def own_changes(self, user_id: int, after: int = 0, limit: int = 100) -> list[Fragment]:
        """Return the settings of a user, if they have changed.

        Args:
            user_id: an integer from 1.
            after: ``position`` of the last change that was seen; 0 from the beginning.
            limit: at most so many, 1 to 100.

        Returns:
            ``[{"position", "kind": "settings", "id": the user's, "op": "put", "version", "data":
            what is set, as from get_profile}]``, or nothing if that position is the latest.

        Raises:
            InvalidParameter: a value is not allowed.
            Conflict: nothing of the user was ever at this position: the database was restored from
                a backup. A copy has to begin from 0.

        Example:
            ``n.rpc.users.own_changes(1)``
        """
        return OWN.read(self.database.fetch, user_id, after, limit)

    @rpc
    def own_position(self, user_id: int) -> dict[str, Any]:
        """Return the position of the latest change of a user's settings.

        Args:
            user_id: an integer from 1.

        Returns:
            ``{"position"}``; 0 if there is no such user.

        Raises:
            InvalidParameter: the id is none.

        Example:
            ``n.rpc.users.own_position(1)``
        """
        return OWN.position(self.database.fetch, user_id)
