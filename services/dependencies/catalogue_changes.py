"""Catalogue changes, received by every process that caches parts of the catalogue."""

import uuid

from kombu import Queue
from nameko.extensions import SharedExtension
from nameko.standalone.events import get_event_exchange

from services.dependencies import cache_generations
from services.transport.amqp.consuming import QueueConsumer
from services.transport.amqp.deliveries import Delivery


class CatalogueChanges(SharedExtension):
    """Counts the generations of the catalogue; what was cached in an older one is stale.

    Each process has its own queue, which lives as long as the connection. While that is lost,
    events are missed, so nothing may be cached.
    """

    queue_consumer = QueueConsumer()
    prefetch = None

    def __init__(self) -> None:
        super().__init__()
        self._generation = 0

    def setup(self) -> None:
        """Consume the queue."""
        self.queue_consumer.register_provider(self)

    def stop(self) -> None:
        """Stop consuming."""
        self.queue_consumer.unregister_provider(self)

    @property
    def generation(self) -> int | None:
        """The current generation; None while the connection is lost and events are missed."""
        return self._generation if self.queue_consumer.usable else None

    @property
    def queue(self) -> Queue:
        """An exclusive queue of this connection, with a new name each time.

        The broker may still hold the queue of a lost connection.
        """
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
        """Begin a new generation: the content of the message does not matter."""
        self._generation += 1

    def connection_lost(self) -> None:
        """Begin a new generation: an event may be missed from now on."""
        self._generation += 1
