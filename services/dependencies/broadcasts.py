"""Events that every process of a service receives, and not one of them."""

import uuid
from abc import abstractmethod

from kombu import Queue
from nameko.extensions import SharedExtension
from nameko.standalone.events import get_event_exchange

from services.transport.amqp.consuming import QueueConsumer
from services.transport.amqp.deliveries import Delivery


class BroadcastListener(SharedExtension):
    """Receives an event in each process.

    Each process has its own queue, which lives as long as the connection. While that is lost,
    events are missed, and :meth:`missed` is called.
    """

    queue_consumer = QueueConsumer()
    prefetch = None

    source: str
    """The service that dispatches the event."""

    event_type: str
    news: str
    """Names the listener in the name of its queue."""

    def setup(self) -> None:
        """Consume the queue."""
        self.queue_consumer.register_provider(self)

    def stop(self) -> None:
        """Stop consuming."""
        self.queue_consumer.unregister_provider(self)

    @abstractmethod
    def received(self, event: object) -> None:
        """Take an event, which may be anything that JSON can say."""

    @abstractmethod
    def missed(self) -> None:
        """Take it that any number of events may have been missed."""

    @property
    def queue(self) -> Queue:
        """An exclusive queue of this connection, with a new name each time.

        The broker may still hold the queue of a lost connection. Events may have been missed since,
        also if the loss was so short that nobody saw it.
        """
        self.missed()
        service = self.container.service_name
        return Queue(
            f"evt-{self.source}-{self.event_type}--{service}.{self.news}-{uuid.uuid4().hex}",
            exchange=get_event_exchange(self.source, self.container.config),
            routing_key=self.event_type,
            durable=False,
            exclusive=True,
            auto_delete=True,
        )

    def handle_message(self, body: object, _delivery: Delivery) -> None:
        """Take an event."""
        self.received(body)

    def refuse_message(self, _delivery: Delivery, _reason: str) -> None:
        """Take an event that can't be read as one that was missed."""
        self.missed()

    def connection_lost(self) -> None:
        """Take it that events are missed from now on."""
        self.missed()
