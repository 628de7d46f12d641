"""The quick queue of events that a change feed makes up for."""

from typing import Any, Protocol

from kombu import Exchange, Queue

from services.observability.logging import get_logger
from services.process import budgets
from services.transport.amqp import topology
from services.transport.amqp.deliveries import Delivery

log = get_logger(__name__)

SUFFIX = "_first"


class Handler(Protocol):
    """An event handler, which consumes a queue of its own for the tries after the first."""

    queue: Queue

    def handle_message(self, body: Any, delivery: Delivery) -> None:
        """Handle an event."""

    def refuse_message(self, delivery: Delivery, reason: str) -> None:
        """Dead-letter a message that is no event."""


class FirstTries:
    """Consumes what is dispatched of an event, from a queue in the broker's memory.

    A quorum queue writes each message to disk before it delivers it, which takes longer than to
    handle it. This queue is deleted with its last consumer, as those of requests are: in a cluster
    a queue that is not, and whose node is down, can neither be used nor declared again. What it
    held then, the feed brings.

    Args:
        handler: handles the events; of its queue this one has the binding.
        routing_key: of the events.
    """

    prefetch = budgets.EVENT_PREFETCH

    def __init__(self, handler: Handler, routing_key: str):
        self._handler = handler
        exchange: Exchange = handler.queue.exchange
        self.queue = Queue(
            handler.queue.name + SUFFIX,
            exchange=exchange,
            routing_key=routing_key,
            durable=True,
            auto_delete=True,
            # a policy with a delivery limit, as that of events is, is none for a queue of this type
            queue_arguments=topology.EVENT_LIMITS,
        )

    def handle_message(self, body: Any, delivery: Delivery) -> None:
        """Handle an event, unless it was delivered before.

        It may be what has ended the process that had it, and no delivery limit would end that.
        """
        if delivery.redelivered:
            log.info("redelivered event left to the change feed", queue=self.queue.name)
            delivery.ack()
        else:
            self._handler.handle_message(body, delivery)

    def refuse_message(self, delivery: Delivery, reason: str) -> None:
        """Dead-letter a message that is no event."""
        self._handler.refuse_message(delivery, reason)
