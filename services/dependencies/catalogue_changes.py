"""Hearing of changes of the exercise catalogue, in every process that remembers parts of it."""

import uuid

from kombu import Queue
from nameko.extensions import SharedExtension
from nameko.standalone.events import get_event_exchange

from services.dependencies import cache_generations
from services.transport.amqp.consuming import QueueConsumer
from services.transport.amqp.deliveries import Delivery


class CatalogueChanges(SharedExtension):
    """Counts the generations of the catalogue: what was remembered of an older one is stale.

    The queue is this process's own and lives as long as its connection: while that is lost a
    change would not be heard of, so nothing may be remembered then.
    """

    queue_consumer = QueueConsumer()
    prefetch = None

    def __init__(self) -> None:
        super().__init__()
        self._generation = 0

    def setup(self) -> None:
        """Listen."""
        self.queue_consumer.register_provider(self)

    def stop(self) -> None:
        """Stop listening."""
        self.queue_consumer.unregister_provider(self)

    @property
    def generation(self) -> int | None:
        """The catalogue's current generation; None while changes can't be heard of."""
        return self._generation if self.queue_consumer.usable else None

    @property
    def queue(self) -> Queue:
        """A queue for this connection alone; another name each, as the lost one may linger."""
        event, service = cache_generations.CATALOGUE_CHANGED, self.container.service_name
        return Queue(
            f"evt-exercises-{event}--{service}.catalogue_news-{uuid.uuid4().hex}",
            exchange=get_event_exchange("exercises", self.container.config),
            routing_key=event,
            durable=False,
            exclusive=True,
            auto_delete=True,
        )

    def handle_message(self, _body: object, _delivery: Delivery) -> None:
        """Begin a new generation."""
        self._generation += 1

    def refuse_message(self, _delivery: Delivery, _reason: str) -> None:
        """Begin a new generation: nothing of a message counts but that it came."""
        self._generation += 1

    def connection_lost(self) -> None:
        """Begin a new generation: there may have been a change in the meantime."""
        self._generation += 1
