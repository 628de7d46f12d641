"""Dispatching the events ``record_set`` and ``record_revoked`` from their outbox."""

from eventlet.greenthread import GreenThread
from nameko.containers import WorkerContext

from schemas.errors import GymError
from services.analytics import record_outbox
from services.dependencies.database import Database
from services.dependencies.events import EventDispatcher
from services.dependencies.siblings import sibling
from services.observability.logging import get_logger
from services.observability.outages import Outage
from services.process.failpoints import failpoint
from services.transport.amqp.connection import BrokerGone

log = get_logger(__name__)


class RecordRelay(EventDispatcher):
    """Empties the outbox of record events in the order of their ids, one process at a time.

    An event is deleted once the broker has confirmed it, so it is dispatched at least once, and
    again if the process dies between the two. While the broker is away the events wait.
    """

    def __init__(self) -> None:
        super().__init__()
        self._thread: GreenThread | None = None
        self._is_due = False
        self._is_stopping = False
        self._outage = Outage("relay of record events", "they wait in the outbox")

    def setup(self) -> None:
        """Register the exchange, and go on as soon as the broker takes messages again."""
        super().setup()
        self.publishing.on_connected(self.wake)
        self.publishing.on_unblocked(self.wake)

    def stop(self) -> None:
        """Finish what is under way; by now no worker counts any more."""
        self._is_stopping = True
        if self._thread is not None:
            self._thread.wait()

    def get_dependency(self, worker_ctx: WorkerContext) -> "RecordRelay":
        """Return the provider itself: all workers of the process share it."""
        return self

    def wake(self) -> None:
        """Have what is in the outbox dispatched, in the background."""
        self._is_due = True
        if self._thread is None and not self._is_stopping:
            self._thread = self.container.spawn_managed_thread(
                self._run, identifier="relay of record events"
            )

    def _run(self) -> None:
        try:
            while self._is_due:
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
            log.error("record events not dispatched", exc_info=problem)
        else:
            self._outage.end()

    def _can_send(self) -> bool:
        return self.publishing.usable and not self.publishing.blocked

    def _relay_some(self) -> bool:
        """Dispatch the oldest events, and return whether there may be more."""
        database = sibling(self.container, Database)
        # the lock of the outbox is held until the end, so the events must not be too many
        with database.together() as transaction:
            waiting = record_outbox.hold(transaction.send, transaction.fetch)
            if not waiting:
                return False
            failpoint("analytics.before_relay")
            settled = self.announce_all((event.event_type, event.data) for event in waiting)
            done = [event.id for event, is_done in zip(waiting, settled, strict=False) if is_done]
            record_outbox.forget(transaction.send, done)
        if len(done) < len(waiting):
            raise BrokerGone("the broker did not confirm all of them")
        return len(waiting) == record_outbox.AT_ONCE and not self._is_stopping
