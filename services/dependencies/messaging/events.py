"""Events: told to everybody who cares, at least once."""

import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from kombu import Exchange, Message, Queue
from nameko.containers import WorkerContext
from nameko.events import EventHandler
from nameko.exceptions import ContainerBeingKilled
from nameko.extensions import DependencyProvider
from nameko.messaging import HeaderEncoder
from nameko.standalone.events import get_event_exchange

from schemas.errors import GymError, ServiceUnavailable
from schemas.names import PUBLIC_NAMES
from services.dependencies import budgets, metrics, tracing
from services.dependencies.logs import get_logger
from services.dependencies.messaging import dead_letters
from services.dependencies.messaging.connection import BrokerGone
from services.dependencies.messaging.consuming import QueueConsumer
from services.dependencies.messaging.publishing import Publishing, Unroutable
from services.dependencies.messaging.rpc import DEADLINE_KEY

log = get_logger(__name__)

DISPATCHED_HEADER = "x-gym-dispatched-at"
"""Header with the moment of an event's dispatch, in seconds since the epoch."""

QUORUM = {"x-queue-type": "quorum"}


class EventDispatcher(DependencyProvider, HeaderEncoder):
    """Dispatches events of this service, confirmed by the broker and bounded in time."""

    publishing = Publishing()

    @property
    def exchange(self) -> Exchange:
        """Where the service's events go."""
        return get_event_exchange(self.container.service_name, self.container.config)

    def setup(self) -> None:
        """Have the exchange declared."""
        self.publishing.declares(self.exchange)

    def get_dependency(self, worker_ctx: WorkerContext) -> Callable[[str, dict], None]:
        """Return ``dispatch(event_type, event_data)``."""
        return partial(self.dispatch, worker_ctx)

    def dispatch(self, worker_ctx: WorkerContext, event_type: str, event_data: dict) -> None:
        """Dispatch an event.

        Raises:
            ServiceUnavailable: the broker did not confirm it; it may have arrived all the same.
        """
        headers = self.get_message_headers(worker_ctx)
        headers.pop(self._get_header_name(DEADLINE_KEY), None)
        headers[DISPATCHED_HEADER] = time.time()
        with tracing.span(tracing.PRODUCER, event_type):
            tracing.inject(headers)
            try:
                self._send(event_type, event_data, headers)
            except Unroutable as problem:
                raise self._unavailable(event_type, problem) from problem

    def announce(self, event_type: str, event_data: dict) -> None:
        """Dispatch an event that no request has caused, and that need not be heard.

        Raises:
            ServiceUnavailable: the broker did not confirm it; it may have arrived all the same.
        """
        with suppress(Unroutable):
            self._send(event_type, event_data, {})

    def _send(self, event_type: str, event_data: dict, headers: dict) -> None:
        try:
            self.publishing.send_confirmed(
                event_data, self.exchange.name, event_type, headers=headers
            )
        except BrokerGone as problem:
            raise self._unavailable(event_type, problem) from problem
        metrics.EVENTS_DISPATCHED.labels(event_type, metrics.OK).inc()

    def _unavailable(self, event_type: str, problem: Exception) -> ServiceUnavailable:
        metrics.EVENTS_DISPATCHED.labels(event_type, ServiceUnavailable.code).inc()
        log.warning("event not dispatched", event_type=event_type, reason=repr(problem))
        name = PUBLIC_NAMES[self.container.service_name]
        return ServiceUnavailable.of(name, budgets.UNAVAILABLE_RETRY_AFTER)


class Poison(GymError):
    """An event that can never be handled; it goes to the dead letters without another try."""


class SafeEventHandler(EventHandler):
    """Handles events from a durable, replicated queue.

    Nameko's loses an event whose handler raises. Here it is handled again after growing pauses,
    spent in the broker's wait queues, and ends as a dead letter with its reason.
    """

    queue_consumer = QueueConsumer()
    publishing = Publishing()
    prefetch = budgets.EVENT_PREFETCH
    span_kind = tracing.CONSUMER

    def __init__(self, *arguments: object, **options: object):
        # refusals are told in one line each, without Nameko's traceback
        super().__init__(*arguments, expected_exceptions=(GymError,), **options)

    def setup(self) -> None:
        """Register the queue; ``rabbitmq/definitions.json`` declares it with the same arguments."""
        super().setup()
        self.queue = Queue(
            self.queue.name,
            exchange=self.queue.exchange,
            routing_key=self.event_type,
            durable=True,
            queue_arguments=QUORUM,
        )

    def handle_message(self, body: object, message: Message) -> None:
        """Run the handler in a worker."""
        if not isinstance(body, dict):
            self._bury(message, "malformed event: not an object")
            return
        context_data = self.unpack_message_headers(message)
        if not isinstance(context_data.get("call_id_stack", []), list):
            self._bury(message, "malformed event: nameko.call_id_stack is no list")
            return
        try:
            self.container.spawn_worker(
                self,
                (body,),
                {},
                context_data=context_data,
                handle_result=partial(self._finish, message, time.monotonic()),
            )
        except ContainerBeingKilled:
            self.queue_consumer.requeue_message(message)

    def _finish(
        self,
        message: Message,
        begun: float,
        worker_ctx: WorkerContext,
        result: object,
        exc_info: tuple | None,
    ) -> tuple[object, tuple | None]:
        seconds = time.monotonic() - begun
        outcome = metrics.outcome_of(exc_info and exc_info[1])
        metrics.EVENTS_HANDLED.labels(self.event_type, outcome).observe(seconds)
        if exc_info is None:
            metrics.note_lag(self.event_type, message.headers.get(DISPATCHED_HEADER))
            duration = round(seconds * 1000, 1)
            log.info("event handled", event_type=self.event_type, duration_ms=duration)
            self.queue_consumer.ack_message(message)
        else:
            self._retry(message, exc_info[1])
        return result, exc_info

    def _retry(self, message: Message, problem: BaseException) -> None:
        reason = f"{type(problem).__name__}: {problem}"
        if isinstance(problem, Poison):
            self._bury(message, reason)
            return
        failed_before = dead_letters.attempt(message)
        if failed_before >= len(budgets.EVENT_RETRY_SECONDS):
            self._bury(message, f"given up after {failed_before + 1} tries: {reason}")
            return
        seconds = budgets.EVENT_RETRY_SECONDS[failed_before]
        metrics.EVENT_RETRIES.labels(self.event_type).inc()
        log.warning(
            "event failed, will be handled again",
            event_type=self.event_type,
            after_seconds=seconds,
            reason=reason,
        )
        if dead_letters.wait(self.publishing, self.queue.name, message, reason, seconds):
            self.queue_consumer.ack_message(message)
        else:
            self.queue_consumer.requeue_message(message)

    def _bury(self, message: Message, reason: str) -> None:
        self.queue_consumer.bury_message(self.queue.name, message, reason)


def event_handler(source_service: str, event_type: str) -> Callable[[Callable], Callable]:
    """Make a service's method handle an event.

    Args:
        source_service: the service that dispatches it.
        event_type: the event's name.
    """
    return SafeEventHandler.decorator(source_service, event_type)
