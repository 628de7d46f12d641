"""Hints: what another service will be told for certain, told to it at once.

A hint is a transient event without a confirm, and it is lost where nobody listens, nobody keeps up
or the handler fails. Whoever gets it does early what it would have done because of an event or a
feed, and then has nothing left to do.
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
"""How long a hint may be on its way: after that the event has come, or the feed is looked at."""

LARGEST = 32 * 1024
"""Bytes of a hint: what is larger is asked for when the event comes."""

MAX_WAITING = 2 * budgets.EVENT_BATCH


class HintSender(EventDispatcher):
    """Gives workers ``hint(event_type, value)``, which waits for nothing and never fails."""

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
    """Handles all hints at once that arrived while it was busy with those before.

    They come from a queue that all processes of the service share, and that goes with the last. If
    the method fails, all that it was given are dropped.

    Args:
        arguments: of the handler of events.
        queue_name: of a queue that is not to be named after the method; begins with ``hint-``.
        options: of the handler of events.
    """

    prefetch = None

    def __init__(self, *arguments: object, queue_name: str | None = None, **options: object):
        super().__init__(*arguments, **options)
        self._queue_name = queue_name

    def setup(self) -> None:
        """Register the queue; ``rabbitmq/definitions.json`` bounds it."""
        super().setup()
        name = self.queue.name.removeprefix("evt-")
        self.queue = Queue(
            self._queue_name or f"hint-{name}",
            exchange=self.queue.exchange,
            routing_key=self.event_type,
            # what is in it is transient; a queue that is so itself RabbitMQ 4.3 no longer has
            durable=True,
            auto_delete=True,
        )

    def handle_message(self, body: object, delivery: Delivery) -> None:
        """Put the hint with those that wait, unless they are too many already."""
        if len(self._arrived) < MAX_WAITING:
            super().handle_message(body, delivery)

    def refuse_message(self, delivery: Delivery, reason: str) -> None:
        """Drop what is no hint."""
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
