"""What the notifications service holds of a user, for them to take along."""

from typing import Any

from schemas.pages import checked_user
from services.dependencies.database import Database
from services.dependencies.rpc import rpc
from services.dependencies.taking_out import Table, part

TABLES: tuple[Table, ...] = ()

LEFT_OUT = {"erased_users": "ids of accounts that are gone"}
"""Tables of users that are not taken out, each with the reason."""


class TakeOutMethods:
    """The part of the notifications service that gives users what it holds of them."""

    database: Database

    @rpc
    def take_out(self, user_id: int, after: list[Any] | None = None) -> dict[str, Any]:
        """Return the next part of all that this service holds of a user, as files.

        Args:
            user_id: the user.
            after: ``next`` of the part before; None for the first.

        Returns:
            ``{"files": {"webhooks.json": more of its text}, "about": {"webhooks": what is in it},
            "next"}``: about 128 KB, and what to ask for the next part with; None if this is the
            last one. ``about`` has what begins in this part.

        Raises:
            InvalidParameter: the id is none.
            ServiceUnavailable: the database is away.

        Example:
            ``n.rpc.notifications.take_out(1)``
        """
        return part(TABLES, self.database.fetch, checked_user(user_id), after)
