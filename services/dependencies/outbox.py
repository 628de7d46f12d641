"""An outbox: events that a transaction has written, until the broker has them."""

from collections.abc import Collection
from typing import Any, NamedTuple

import eventlet
from eventlet.greenthread import GreenThread
from nameko.containers import WorkerContext

from schemas.errors import GymError
from services.dependencies.database import Database
from services.dependencies.events import EventDispatcher
from services.dependencies.siblings import sibling
from services.observability import metrics
from services.observability.logging import get_logger
from services.observability.outages import Outage
from services.process import budgets
from services.process.failpoints import failpoint
from services.transport.amqp.connection import BrokerGone
from services.transport.postgres.expressions import instant
from services.transport.postgres.statements import Fetch, Send, Statement

log = get_logger(__name__)

# In two statements, as the second must see what was committed before the lock was free. Two numbers
# are a lock apart from those of users, who have one.
_TRY_TO_HOLD = Statement(
    "SELECT set_config('gym.holds_outbox', pg_try_advisory_xact_lock(7306, 1)::text, true)"
)

WAIT_FOR_OUTBOX = Statement("SELECT pg_advisory_xact_lock(7306, 1)")
"""Waits until no process dispatches events of the outbox, and keeps them from it until the commit.
"""


class Waiting(NamedTuple):
    """An event that is not dispatched yet, and for how many seconds."""

    id: int
    age: float
    event_type: str
    data: dict[str, Any]


class Outbox:
    """The table of a database in which events wait; a database has one.

    Args:
        table: its columns are ``id``, the order in which they are dispatched, ``event_id``,
            ``event_type``, ``payload`` (JSON) and ``happened_at``.
        more: further columns that events have, besides what is in ``payload``; none where null.
        at_once: events that are read and dispatched at a time.
    """

    def __init__(self, table: str, *more: str, at_once: int = 100):
        self.table = table
        self.at_once = at_once
        self._more = (*more, "happened_at")
        columns = ", ".join((*more, instant("happened_at")))
        self._waiting = Statement(
            f"""
            SELECT id, extract(epoch FROM clock_timestamp() - happened_at)::float8,
                event_type, event_id::text, payload, {columns}
            FROM {table}
            WHERE current_setting('gym.holds_outbox') = 'true'
            ORDER BY id LIMIT {at_once}
            """
        )
        self._forget = Statement(f"DELETE FROM {table} WHERE id = ANY(CAST(:ids AS bigint[]))")

    def hold(self, send: Send, fetch: Fetch) -> list[Waiting]:
        """Return the oldest events, and let no other transaction have them until this one ends.

        Nothing is returned while another transaction has them.
        """
        send(_TRY_TO_HOLD)
        return [self._described(*row) for row in fetch(self._waiting)]

    def forget(self, send: Send, ids: Collection[int]) -> None:
        """Delete events that were dispatched."""
        send(self._forget, ids=list(ids))

    def _described(
        self,
        key: int,
        age: float,
        event_type: str,
        event_id: str,
        payload: dict[str, Any],
        *more: Any,
    ) -> Waiting:
        # not all events of an outbox have each of its columns
        also = {
            name: value for name, value in zip(self._more, more, strict=True) if value is not None
        }
        return Waiting(key, age, event_type, {"id": event_id, **payload, **also})


class OutboxRelay(EventDispatcher):
    """Empties an outbox in the order of its ids, one process at a time.

    An event is deleted once the broker has confirmed it, so it is dispatched at least once, and
    again if the process dies between the two. While the broker is away the events wait.

    Args:
        outbox: which one.
        what: its events, for the log.
    """

    def __init__(self, outbox: Outbox, what: str) -> None:
        super().__init__()
        self.outbox = outbox
        self.what = what
        self._thread: GreenThread | None = None
        self._is_due = False
        self._is_stopping = False
        self._oldest = metrics.OUTBOX_OLDEST.labels(outbox.table)
        self._outage = Outage(f"relay of {what}", "they wait in the outbox")

    def setup(self) -> None:
        """Register the exchange, and go on as soon as the broker takes messages again."""
        super().setup()
        self.publishing.on_connected(self.wake)
        self.publishing.on_unblocked(self.wake)

    def stop(self) -> None:
        """Finish what is under way; by now no worker writes any more."""
        self._is_stopping = True
        if self._thread is not None:
            self._thread.wait()

    def get_dependency(self, worker_ctx: WorkerContext) -> "OutboxRelay":
        """Return the provider itself: all workers of the process share it."""
        return self

    def wake(self) -> None:
        """Have what is in the outbox dispatched soon, in the background."""
        self._is_due = True
        if self._thread is None and not self._is_stopping:
            self._thread = self.container.spawn_managed_thread(
                self._run, identifier=f"relay of {self.what}"
            )

    def _run(self) -> None:
        try:
            while self._is_due:
                eventlet.sleep(budgets.RELAY_GATHERS_SECONDS)
                self._is_due = False
                self._empty()
        finally:
            self._thread = None

    def _empty(self) -> None:
        try:
            while self._can_send() and self._relay_some():
                pass
        except (GymError, BrokerGone) as problem:
            self._outage.begin(str(problem))
        except Exception as problem:
            # not raised: it would end the process
            log.error(f"{self.what} not dispatched", exc_info=problem)
        else:
            self._outage.end()

    def _can_send(self) -> bool:
        return self.publishing.usable and not self.publishing.blocked

    def _relay_some(self) -> bool:
        """Dispatch the oldest events, and return whether there may be more."""
        database = sibling(self.container, Database)
        # the lock of the outbox is held until the end, so the events must not be too many
        with database.together() as transaction:
            waiting = self.outbox.hold(transaction.send, transaction.fetch)
            self._oldest.set(waiting[0].age if waiting else 0)
            if not waiting:
                return False
            failpoint(f"{self.container.service_name}.before_relay")
            settled = self.announce_all((event.event_type, event.data) for event in waiting)
            done = [event.id for event, is_done in zip(waiting, settled, strict=False) if is_done]
            self.outbox.forget(transaction.send, done)
        if len(done) < len(waiting):
            raise BrokerGone("the broker did not confirm all of them")
        self._oldest.set(0)
        return len(waiting) == self.outbox.at_once and not self._is_stopping
