"""Catalogue changes, received by every process that caches parts of the catalogue."""

import uuid
from collections.abc import Callable

from kombu import Queue
from nameko.extensions import SharedExtension
from nameko.standalone.events import get_event_exchange

from schemas.pages import is_id
from services.dependencies import cache_generations
from services.transport.amqp.consuming import QueueConsumer
from services.transport.amqp.deliveries import Delivery


class CatalogueChanges(SharedExtension):
    """Counts the generations of the catalogue; what was cached in an older one is stale.

    Changes of private exercises are counted apart: they make nothing stale that others see.

    Each process has its own queue, which lives as long as the connection. While that is lost,
    events are missed, so nothing may be cached.
    """

    queue_consumer = QueueConsumer()
    prefetch = None

    def __init__(self) -> None:
        super().__init__()
        self._generation = 0
        self.private_changes = 0
        self._listeners: list[Callable[[int], None]] = []

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

    def when_private(self, listener: Callable[[int], None]) -> None:
        """Have a function called with a user's id whenever their private exercises change."""
        self._listeners.append(listener)

    @property
    def queue(self) -> Queue:
        """An exclusive queue of this connection, with a new name each time.

        The broker may still hold the queue of a lost connection. Events may have been missed since,
        also if the loss was so short that nobody saw it in :attr:`generation`.
        """
        self._generation += 1
        event, service = cache_generations.CATALOGUE_CHANGED, self.container.service_name
        return Queue(
            f"evt-exercises-{event}--{service}.catalogue_news-{uuid.uuid4().hex}",
            exchange=get_event_exchange("exercises", self.container.config),
            routing_key=event,
            durable=False,
            exclusive=True,
            auto_delete=True,
        )

    def handle_message(self, body: object, _delivery: Delivery) -> None:
        """Begin a new generation, unless only private exercises have changed."""
        user_id = body.get("user_id") if isinstance(body, dict) else None
        if not is_id(user_id):
            self._generation += 1
            return
        self.private_changes += 1
        for listener in self._listeners:
            listener(user_id)

    def refuse_message(self, _delivery: Delivery, _reason: str) -> None:
        """Begin a new generation: the content of the message does not matter."""
        self._generation += 1

    def connection_lost(self) -> None:
        """Begin a new generation: an event may be missed from now on."""
        self._generation += 1
