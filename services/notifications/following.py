"""Following the change feed of each workouts service: it has every change that was committed.

The gateway's events would be quicker, but they may be lost, and tell of no workout that came in
another way. Nobody would notice that a webhook was not told.
"""

import uuid
from collections.abc import Callable
from typing import Any

from nameko.extensions import DependencyProvider

from schemas.errors import GymError
from services.dependencies.database import Database
from services.dependencies.erasure import tombstones
from services.notifications import feed_positions
from services.notifications.cell_timer import cell_timer
from services.notifications.deliveries import rows
from services.notifications.rules import messages
from services.notifications.webhooks import rows as webhook_rows
from services.observability import metrics
from services.observability.outages import Outage
from services.process import budgets, cells
from services.process.failpoints import failpoint
from services.process.settings import SETTINGS_KEY

Changes = Callable[..., list[dict[str, Any]]]


class ChangesFollower(DependencyProvider):
    """Writes deliveries of the changes of workouts; all workers share one position in each cell."""

    def __init__(self) -> None:
        self._holder = uuid.uuid4().hex
        self._outages: dict[str, Outage] = {}

    def setup(self) -> None:
        """Show how far each cell's feed is followed, also before it is."""
        for cell in (cells.FIRST, *self.container.config[SETTINGS_KEY].cells):
            metrics.watch_feed(cell)
            self._outages[cell] = _outage(cell)

    def get_dependency(self, worker_ctx: object) -> "ChangesFollower":
        """Return the provider itself."""
        return self

    def look(self, database: Database, changes: Changes, cell: str) -> bool:
        """Write deliveries of what has changed since, and return whether there were any.

        While a service or the database is away it does nothing; the next look tries again.

        Args:
            database: where the position is, and where they are written.
            changes: asks the workouts service of the cell.
            cell: its name.
        """
        is_news = False
        try:
            while (position := feed_positions.hold(database.fetch, cell, self._holder)) is not None:
                found = changes(position, limit=budgets.FEED_BATCH)
                metrics.note_feed(cell, position, found)
                if found:
                    is_news |= _tell(database, found, cell)
                    failpoint("notifications.after_changes")
                if len(found) < budgets.FEED_BATCH:
                    break
        except GymError as problem:
            self._outages[cell].begin(str(problem))
        else:
            self._outages[cell].end()
        return is_news


class FollowingMethods:
    """The timer by which the feeds are followed."""

    database: Database
    # Any: a worker gets the providers' parts in their place
    workouts: Any
    deliverer: Any
    changes_follower: Any

    @cell_timer(interval=budgets.CHANGES_SECONDS, eager=True)
    def follow_changes(self, cell: str) -> None:
        """Tell webhooks of what became of the workouts of a cell."""
        changes = self.workouts.in_cell(cell).changes
        if self.changes_follower.look(self.database, changes, cell):
            self.deliverer.wake()


def _outage(cell: str) -> Outage:
    context = {"cell": cell} if cell else {}
    return Outage("change feed", "will be followed again as soon as it answers", **context)


def _tell(database: Database, changes: list[dict[str, Any]], cell: str) -> bool:
    """Write deliveries, and in the same transaction how far the feed is read.

    Of a user who is erased meanwhile the next look leaves all out.
    """
    listeners = webhook_rows.listeners(database.fetch, {change["user_id"] for change in changes})
    listeners -= tombstones.among(database.fetch, listeners)
    heard = (change for change in changes if change["user_id"] in listeners)
    told = [message for message in map(messages.of_change, heard) if message is not None]
    with database.together() as transaction:
        is_news = rows.write(transaction.send, transaction.fetch, told)
        feed_positions.advance(transaction.send, cell, changes[-1]["id"])
    return is_news
