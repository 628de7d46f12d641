"""What the notifications service holds of a user, for them to take along."""

from collections.abc import Callable
from typing import Any

from schemas.pages import checked_user
from services.dependencies.database import Database
from services.dependencies.rpc import rpc
from services.dependencies.taking_out import LARGEST, Document, Table, part
from services.notifications.deliveries.rows import SHOWN as DELIVERY
from services.notifications.webhooks.rows import SHOWN as WEBHOOK
from services.transport.postgres.statements import Fetch, Statement

MOST = 100
"""Documents in a page."""

_WEBHOOKS = Statement(
    f"""
    SELECT {WEBHOOK} FROM webhooks w
    WHERE w.user_id = :user_id AND w.id > :after ORDER BY w.id LIMIT {MOST}
    """
)
# as many as fit into a part, and at least one
_DELIVERIES = Statement(
    f"""
    SELECT {DELIVERY}::jsonb || jsonb_build_object('webhook_id', d.webhook_id)
    FROM (
        SELECT page.*, sum(octet_length(body)) OVER (ORDER BY id) - octet_length(body) AS so_far
        FROM (
            SELECT * FROM deliveries WHERE user_id = :user_id AND id > :after
            ORDER BY id LIMIT {MOST}
        ) page
    ) d
    WHERE d.so_far < {LARGEST} ORDER BY d.id
    """
)


def _by_id(statement: Statement) -> Callable[[Fetch, int, int | None], Any]:
    """Return the page of a table that is read in the order of its ids."""

    def page(fetch: Fetch, user_id: int, after: int | None) -> tuple[list[Document], int | None]:
        found = [row[0] for row in fetch(statement, user_id=user_id, after=after or 0)]
        return found, found[-1]["id"] if found else None

    return page


TABLES = (
    Table(
        "webhooks",
        "Where you have events sent, without the secrets, which only the receivers need.",
        [
            *("id", "url", "description", "events", "is_enabled", "disabled_reason"),
            *("failing_since", "previous_secret_until", "created_at", "updated_at"),
        ],
        _by_id(_WEBHOOKS),
        stored_in=["webhooks"],
    ),
    Table(
        "deliveries",
        "What was sent there within the last 30 days, and what became of it. Payloads of over "
        "1 MiB are left out.",
        [
            *("id", "webhook_id", "event_id", "event_type", "status", "attempts", "created_at"),
            *("last_attempt_at", "next_attempt_at", "response_status", "problem", "payload"),
        ],
        _by_id(_DELIVERIES),
        stored_in=["deliveries"],
    ),
)

LEFT_OUT = {
    "pending_mails": "mails on their way, which the user gets",
    "erased_users": "ids of accounts that are gone",
}
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
