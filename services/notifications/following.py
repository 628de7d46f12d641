"""Following the workouts service's change feed, which has every change that was committed.

The gateway's events would be quicker, but they may be lost, and tell of no workout that came in
another way. Nobody would notice that a webhook was not told.
"""

import uuid
from collections.abc import Callable
from typing import Any

from nameko.extensions import DependencyProvider
from nameko.timer import timer

from schemas.errors import GymError
from services.dependencies import feed_position
from services.dependencies.database import Database
from services.dependencies.erasure import tombstones
from services.notifications.deliveries import rows
from services.notifications.rules import messages
from services.notifications.webhooks import rows as webhook_rows
from services.observability import metrics
from services.observability.outages import Outage
from services.process import budgets
from services.process.failpoints import failpoint

Changes = Callable[..., list[dict[str, Any]]]


class ChangesFollower(DependencyProvider):
    """Writes deliveries of the changes of workouts; all workers share one position."""

    def __init__(self) -> None:
        self._holder = uuid.uuid4().hex
        self._outage = Outage("change feed", "will be followed again as soon as it answers")

    def get_dependency(self, worker_ctx: object) -> "ChangesFollower":
        """Return the provider itself."""
        return self

    def look(self, database: Database, changes: Changes) -> bool:
        """Write deliveries of what has changed since, and return whether there were any.

        While a service or the database is away it does nothing; the next look tries again.

        Args:
            database: where the position is, and where they are written.
            changes: asks the workouts service.
        """
        is_news = False
        try:
            while (position := feed_position.hold(database.fetch, self._holder)) is not None:
                found = changes(position, limit=budgets.FEED_BATCH)
                metrics.note_feed(position, found)
                if found:
                    is_news |= _tell(database, found)
                    failpoint("notifications.after_changes")
                if len(found) < budgets.FEED_BATCH:
                    break
        except GymError as problem:
            self._outage.begin(str(problem))
        else:
            self._outage.end()
        return is_news


class FollowingMethods:
    """The timer by which the feed is followed."""

    database: Database
    # Any: a worker gets the providers' parts in their place
    workouts: Any
    deliverer: Any
    changes_follower: Any

    @timer(interval=budgets.CHANGES_SECONDS, eager=True)
    def follow_changes(self) -> None:
        """Tell webhooks of what became of workouts."""
        if self.changes_follower.look(self.database, self.workouts.changes):
            self.deliverer.wake()


def _tell(database: Database, changes: list[dict[str, Any]]) -> bool:
    """Write deliveries, and in the same transaction how far the feed is read.

    Of a user who is erased meanwhile the next look leaves all out.
    """
    listeners = webhook_rows.listeners(database.fetch, {change["user_id"] for change in changes})
    listeners -= tombstones.among(database.fetch, listeners)
    heard = (change for change in changes if change["user_id"] in listeners)
    told = [message for message in map(messages.of_change, heard) if message is not None]
    with database.together() as transaction:
        is_news = rows.write(transaction.send, transaction.fetch, told)
        feed_position.advance(transaction.send, changes[-1]["id"])
    return is_news
