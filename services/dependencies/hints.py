"""Hints: events that may be lost, sent ahead of the event or feed entry that can't be.

A hint is transient, unconfirmed and consumed without acknowledgement. Its handler does early what
the event or the feed would cause anyway, which then finds nothing left to do.
"""

from collections.abc import Callable
from contextlib import suppress

from kombu import Queue
from nameko.containers import WorkerContext

from services.dependencies.batched_events import BatchedEventHandler
from services.dependencies.events import EventDispatcher
from services.observability import metrics, tracing
from services.observability.logging import get_logger
from services.process import budgets
from services.transport.amqp.connection import BrokerGone
from services.transport.amqp.deliveries import Delivery
from services.transport.amqp.json import CONTENT_TYPE, ENCODING, dumps

log = get_logger(__name__)

USEFUL_MILLISECONDS = 2000
"""A hint expires after this: by then the event has come, or the feed has been polled."""

LARGEST = 32 * 1024
"""Bytes of a hint; a larger one is not sent, and the data are fetched when the event comes."""

MAX_WAITING = 2 * budgets.EVENT_BATCH


class HintSender(EventDispatcher):
    """Gives workers ``hint(event_type, value)``, which does not block and never fails."""

    def dispatch(self, worker_ctx: WorkerContext, event_type: str, value: object) -> None:
        """Send a hint, if it is not too large.

        Args:
            worker_ctx: of the worker on whose behalf it is sent.
            event_type: what happened.
            value: a plain JSON value.
        """
        body = dumps(value)
        if len(body) > LARGEST:
            return
        headers = self.get_message_headers(worker_ctx)
        tracing.inject(headers)
        with suppress(BrokerGone):
            self.publishing.send(
                body,
                self.exchange.name,
                event_type,
                headers=headers,
                expiration=str(USEFUL_MILLISECONDS),
                content_type=CONTENT_TYPE,
                content_encoding=ENCODING,
            )


class BatchedHintHandler(BatchedEventHandler):
    """Handles hints in batches; those of a batch that fails are dropped.

    All processes of the service share one queue, which is deleted with its last consumer.
    """

    prefetch = None

    def __init__(self, *arguments: object, queue_name: str | None = None, **options: object):
        super().__init__(*arguments, **options)
        self._queue_name = queue_name

    def setup(self) -> None:
        """Register the queue; a policy in ``rabbitmq/definitions.json`` limits its length."""
        super().setup()
        name = self.queue.name.removeprefix("evt-")
        self.queue = Queue(
            self._queue_name or f"hint-{name}",
            exchange=self.queue.exchange,
            routing_key=self.event_type,
            # durable although its messages are transient: RabbitMQ 4.3 denies transient queues that
            # are not exclusive
            durable=True,
            auto_delete=True,
        )

    def handle_message(self, body: object, delivery: Delivery) -> None:
        """Add the hint to the next batch, unless too many wait already."""
        if len(self._arrived) < MAX_WAITING:
            super().handle_message(body, delivery)

    def refuse_message(self, delivery: Delivery, reason: str) -> None:
        """Drop a message that is no hint."""
        log.info("hints not taken", count=1, reason=reason)

    def _split(self, batch: list[tuple[dict, Delivery]], problem: BaseException) -> bool:
        log.info("hints not taken", count=len(batch), reason=repr(problem))
        return False

    def _settle(
        self, delivery: Delivery, seconds: float, problem: BaseException | None, **known: object
    ) -> None:
        outcome = metrics.outcome_of(problem)
        metrics.EVENTS_HANDLED.labels(self.event_type, outcome).observe(seconds)


def batched_hint_handler(
    source_service: str, event_type: str, queue_name: str | None = None
) -> Callable[[Callable], Callable]:
    """Make a service's method handle lists of hints.

    Args:
        source_service: the service that sends them.
        event_type: their name.
        queue_name: of a queue that is not to be named after the method.
    """
    return BatchedHintHandler.decorator(source_service, event_type, queue_name=queue_name)
