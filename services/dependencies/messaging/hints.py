"""Hints: what another service will be told for certain, told to it at once.

A hint is a transient event without a confirm, and it is lost where nobody listens, nobody keeps up
or the handler fails. Whoever gets it does early what it would have done because of an event or a
feed, and then has nothing left to do.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import cached_property, partial

from kombu import Exchange, Queue
from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider
from nameko.messaging import HeaderEncoder
from nameko.standalone.events import get_event_exchange

from services.dependencies import budgets, metrics, tracing
from services.dependencies.logs import get_logger
from services.dependencies.messaging.connection import BrokerGone
from services.dependencies.messaging.deliveries import Delivery
from services.dependencies.messaging.events import BatchedEventHandler
from services.dependencies.messaging.json import CONTENT_TYPE, ENCODING, dumps
from services.dependencies.messaging.publishing import Publishing
from services.dependencies.messaging.rpc import DEADLINE_KEY

log = get_logger(__name__)

USEFUL_MILLISECONDS = 2000
"""How long a hint may be on its way: after that the event has come, or the feed is looked at."""

LARGEST = 32 * 1024
"""Bytes of a hint: what is larger is asked for when the event comes."""

MOST_WAITING = 2 * budgets.EVENT_BATCH


class HintSender(DependencyProvider, HeaderEncoder):
    """Gives workers ``hint(event_type, value)``, which waits for nothing and never fails."""

    publishing = Publishing()

    @cached_property
    def exchange(self) -> Exchange:
        """Where the service's hints go: the same as its events."""
        return get_event_exchange(self.container.service_name, self.container.config)

    def setup(self) -> None:
        """Have the exchange declared."""
        self.publishing.declares(self.exchange)

    def get_dependency(self, worker_ctx: WorkerContext) -> Callable[[str, object], None]:
        """Return the function."""
        return partial(self.send, worker_ctx)

    def send(self, worker_ctx: WorkerContext, event_type: str, value: object) -> None:
        """Send a hint.

        Args:
            worker_ctx: of the worker on whose behalf it is sent.
            event_type: what happened.
            value: a plain JSON value.
        """
        body = dumps(value)
        if len(body) > LARGEST:
            return
        headers = self.get_message_headers(worker_ctx)
        headers.pop(self._get_header_name(DEADLINE_KEY), None)
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
    """

    prefetch = None

    def setup(self) -> None:
        """Register the queue; ``rabbitmq/definitions.json`` bounds it."""
        super().setup()
        name = self.queue.name.removeprefix("evt-")
        self.queue = Queue(
            f"hint-{name}",
            exchange=self.queue.exchange,
            routing_key=self.event_type,
            # what is in it is transient; a queue that is so itself RabbitMQ 4.3 no longer has
            durable=True,
            auto_delete=True,
        )

    def handle_message(self, body: object, delivery: Delivery) -> None:
        """Put the hint with those that wait, unless they are too many already."""
        if len(self._arrived) < MOST_WAITING:
            super().handle_message(body, delivery)

    def _handle_alone(self, batch: list[tuple[dict, Delivery]], problem: BaseException) -> bool:
        log.info("hints not taken", count=len(batch), reason=repr(problem))
        return False

    def _settle(
        self, delivery: Delivery, seconds: float, problem: BaseException | None, **known: object
    ) -> None:
        outcome = metrics.outcome_of(problem)
        metrics.EVENTS_HANDLED.labels(self.event_type, outcome).observe(seconds)

    def _bury_later(self, delivery: Delivery, reason: str) -> None:
        log.info("hints not taken", count=1, reason=reason)


def batched_hint_handler(source_service: str, event_type: str) -> Callable[[Callable], Callable]:
    """Make a service's method handle lists of hints.

    Args:
        source_service: the service that sends them.
        event_type: their name.
    """
    return BatchedHintHandler.decorator(source_service, event_type)
