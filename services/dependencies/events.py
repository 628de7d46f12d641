"""Events: dispatched with or without a confirm, handled at least once if the broker has them."""

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cached_property, partial
from typing import Any

import eventlet
from kombu import Exchange, Queue
from nameko.containers import WorkerContext
from nameko.events import EventHandler
from nameko.exceptions import ContainerBeingKilled
from nameko.extensions import DependencyProvider
from nameko.messaging import HeaderEncoder
from nameko.standalone.events import get_event_exchange

from schemas.errors import GymError, ServiceUnavailable
from schemas.names import PUBLIC_NAMES
from services.dependencies.cells.routing import Cells, cell_of, event_key
from services.dependencies.first_tries import FirstTries
from services.dependencies.rpc import CALL_STACK_HEADER
from services.observability import metrics, tracing
from services.observability.logging import PreparedLine, get_logger
from services.process import budgets, cells
from services.process.container import ExcInfo
from services.transport.amqp import dead_letters, topology
from services.transport.amqp.connection import BrokerGone
from services.transport.amqp.consuming import QueueConsumer
from services.transport.amqp.deliveries import Delivery
from services.transport.amqp.json import dumps
from services.transport.amqp.publishing import Publishing, TooLarge, Unconfirmed, Unroutable

log = get_logger(__name__)

DISPATCHED_HEADER = "x-gym-dispatched-at"
"""Header with the moment of an event's dispatch, in seconds since the epoch."""


TOO_LARGE = "TOO_LARGE"
"""The outcome, in metrics, of an event that no message can carry."""


class EventDispatcher(DependencyProvider, HeaderEncoder):
    """Dispatches events of this service; waits for the broker's confirm, with a timeout."""

    publishing = Publishing()

    @cached_property
    def exchange(self) -> Exchange:
        """The exchange of the service's events."""
        return get_event_exchange(self.container.service_name, self.container.config)

    def setup(self) -> None:
        """Register the exchange, to be declared with each connection."""
        self.publishing.declares(self.exchange)

    def get_dependency(self, worker_ctx: WorkerContext) -> Callable[[str, dict], None]:
        """Return ``dispatch(event_type, event_data)``."""
        return partial(self.dispatch, worker_ctx)

    def dispatch(self, worker_ctx: WorkerContext, event_type: str, event_data: dict) -> None:
        """Dispatch an event.

        Raises:
            ServiceUnavailable: the broker did not confirm it; it may have arrived all the same.
        """
        headers = self.get_message_headers(worker_ctx) | {DISPATCHED_HEADER: time.time()}
        with tracing.span(tracing.PRODUCER, event_type):
            tracing.inject(headers)
            try:
                self._send(event_type, event_data, headers)
            except Unroutable as problem:
                raise self._unavailable(event_type, problem) from problem

    def announce(self, event_type: str, event_data: dict) -> None:
        """Dispatch an event outside of a worker; having no handler is no error.

        Raises:
            ServiceUnavailable: the broker did not confirm it; it may have arrived all the same.
        """
        with suppress(Unroutable):
            self._send(event_type, event_data, {})

    def announce_all(self, events: Iterable[tuple[str, dict]]) -> list[bool]:
        """Dispatch events outside of a worker, in their order, and wait for all confirms together.

        Args:
            events: each with its type; so few that the broker confirms them within the time of one.

        Returns:
            Of each that was sent whether it is settled: the broker has it, or nobody handles it, or
            it can never be sent. If the broker goes away, those that were not sent are left out.
        """
        headers = {DISPATCHED_HEADER: time.time()}
        sent: list[tuple[str, Unconfirmed | None]] = []
        with suppress(BrokerGone):
            for event_type, event_data in events:
                sent.append((event_type, self._begin_one(event_type, event_data, headers)))
        return [self._is_settled(event_type, message) for event_type, message in sent]

    def _begin_one(
        self, event_type: str, event_data: dict, headers: dict[str, Any]
    ) -> Unconfirmed | None:
        try:
            return self.publishing.begin_confirmed(
                event_data, self.exchange.name, event_type, headers=headers
            )
        except TooLarge as problem:
            # sent again and again, it would hold up all that come after it
            log.error("event dropped", event_type=event_type, reason=str(problem))
            return None

    def _is_settled(self, event_type: str, message: Unconfirmed | None) -> bool:
        if message is None:
            metrics.EVENTS_DISPATCHED.labels(event_type, TOO_LARGE).inc()
            return True
        outcome = metrics.OK
        try:
            self.publishing.confirm(message)
        except BrokerGone:
            outcome = ServiceUnavailable.code
        except Unroutable:
            return True
        metrics.EVENTS_DISPATCHED.labels(event_type, outcome).inc()
        return outcome == metrics.OK

    def _send(self, event_type: str, event_data: dict, headers: dict) -> None:
        try:
            self._publish(event_data, self.exchange.name, event_type, headers=headers)
        except BrokerGone as problem:
            raise self._unavailable(event_type, problem) from problem
        metrics.EVENTS_DISPATCHED.labels(event_type, metrics.OK).inc()

    def _publish(
        self, payload: object, exchange: str, routing_key: str, headers: dict[str, Any]
    ) -> None:
        self.publishing.send_confirmed(payload, exchange, routing_key, headers=headers)

    def _unavailable(self, event_type: str, problem: Exception) -> ServiceUnavailable:
        metrics.EVENTS_DISPATCHED.labels(event_type, ServiceUnavailable.code).inc()
        log.warning("event not dispatched", event_type=event_type, reason=repr(problem))
        name = PUBLIC_NAMES[self.container.service_name]
        return ServiceUnavailable.of(name, budgets.UNAVAILABLE_RETRY_AFTER)


class UnconfirmedEventDispatcher(EventDispatcher):
    """Dispatches transient events, and waits for nothing.

    They may be lost: for events whose handlers also learn in another way of what happened.
    """

    def _publish(
        self, payload: object, exchange: str, routing_key: str, headers: dict[str, Any]
    ) -> None:
        self.publishing.send(payload, exchange, routing_key, headers=headers)


class CellEventDispatcher(UnconfirmedEventDispatcher):
    """Dispatches such events about a user, who is their ``user_id``, to the user's cell."""

    cells = Cells()

    def _publish(
        self, payload: object, exchange: str, routing_key: str, headers: dict[str, Any]
    ) -> None:
        assert isinstance(payload, dict)
        routing_key = self.cells.routing_key(routing_key, payload["user_id"])
        super()._publish(payload, exchange, routing_key, headers)


class Poison(GymError):
    """The event can never be handled; it is dead-lettered without a retry."""


class SafeEventHandler(EventHandler):
    """Handles events from a durable, replicated queue.

    Nameko acknowledges an event whose handler raises, which loses it, or with ``requeue_on_error``
    requeues it, which repeats it 1,600 times a second. Here it is retried after growing pauses,
    spent in the broker's wait queues, and dead-lettered with the reason after the last retry.

    Args:
        only_at_first: a member of events that only their first try needs.
        never_given_up: whether an event is retried for as long as something that its handler
            needs is away (``ServiceUnavailable``).
        is_in_feed: whether a change feed has what the event says, too; and the events of each cell
            are dispatched to it alone. What is dispatched then
            comes from a queue that is quick and may lose it (:class:`FirstTries`); the replicated
            one has the tries after the first.
    """

    queue_consumer = QueueConsumer()
    queue: Queue
    publishing = Publishing()
    prefetch: int | None = budgets.EVENT_PREFETCH
    span_kind = tracing.CONSUMER

    def __init__(
        self,
        *arguments: object,
        only_at_first: str | None = None,
        never_given_up: bool = False,
        is_in_feed: bool = False,
        **options: Any,
    ):
        # expected: a GymError is logged in one line, without a traceback
        super().__init__(*arguments, expected_exceptions=(GymError,), **options)
        self._line = PreparedLine("event handled", event_type=self.event_type)
        self._only_at_first = only_at_first
        self._never_given_up = never_given_up
        self.is_unbound = is_in_feed
        self.first_tries: FirstTries | None = None

    def setup(self) -> None:
        """Register the queue, and the queues for failed events."""
        super().setup()
        self.publishing.requires(topology.failed_event_queues())
        self.queue = Queue(
            self._queue_name,
            exchange=self.queue.exchange,
            routing_key=self.event_type,
            durable=True,
            queue_arguments=topology.EVENT_ARGUMENTS,
        )
        if self.is_unbound:
            self.first_tries = FirstTries(self, event_key(self.event_type, self._cell))
            self.queue_consumer.register_provider(self.first_tries)

    @property
    def _cell(self) -> str:
        return cell_of(self.container)

    @property
    def _queue_name(self) -> str:
        """Nameko's name of the queue, with the name of the cell, if the service has one."""
        own = self.container.service_name
        return self.queue.name.replace(
            f"--{own}.{self.method_name}", f"--{cells.address(own, self._cell)}.{self.method_name}"
        )

    def stop(self) -> None:
        """Stop consuming."""
        if self.first_tries is not None:
            self.queue_consumer.unregister_provider(self.first_tries)
        super().stop()

    def handle_message(self, body: Any, delivery: Delivery) -> None:
        """Run the handler in a worker."""
        problem = malformation(body, delivery)
        if problem:
            self.refuse_message(delivery, problem)
            return
        self.container.when_free(partial(self._begin, body, delivery))

    def refuse_message(self, delivery: Delivery, reason: str) -> None:
        """Dead-letter a malformed message."""
        self.queue_consumer.dead_letter_later(self.queue.name, delivery, reason)

    def _begin(self, body: dict, delivery: Delivery) -> None:
        try:
            self.container.spawn_worker(
                self,
                (body,),
                {},
                context_data=self.unpack_message_headers(delivery),
                handle_result=partial(self._finish, delivery, time.monotonic()),
            )
        except ContainerBeingKilled:
            delivery.requeue()

    def _finish(
        self,
        delivery: Delivery,
        begun: float,
        worker_ctx: WorkerContext,
        result: object,
        exc_info: ExcInfo | None,
    ) -> tuple[object, ExcInfo | None]:
        self._settle(delivery, time.monotonic() - begun, exc_info and exc_info[1])
        return result, exc_info

    def _settle(
        self, delivery: Delivery, seconds: float, problem: BaseException | None, **known: object
    ) -> None:
        """Acknowledge an event that was handled; schedule a retry of one that failed."""
        outcome = metrics.outcome_of(problem)
        metrics.EVENTS_HANDLED.labels(self.event_type, outcome).observe(seconds)
        if problem is not None:
            self._retry(delivery, problem)
            return
        metrics.note_lag(self.event_type, delivery.headers.get(DISPATCHED_HEADER))
        self._line.write_for_worker(seconds, **known)
        delivery.ack()

    def _retry(self, delivery: Delivery, problem: BaseException) -> None:
        reason = f"{type(problem).__name__}: {problem}"
        self._leave_out(delivery)
        if isinstance(problem, Poison):
            self.queue_consumer.dead_letter(self.queue.name, delivery, reason)
            return
        failed_before = dead_letters.failed_attempts(delivery)
        if self._never_given_up and isinstance(problem, ServiceUnavailable):
            failed_before = min(failed_before, len(budgets.EVENT_RETRY_SECONDS) - 1)
        if failed_before >= len(budgets.EVENT_RETRY_SECONDS):
            given_up = f"given up after {failed_before + 1} tries: {reason}"
            self.queue_consumer.dead_letter(self.queue.name, delivery, given_up)
            return
        seconds = budgets.EVENT_RETRY_SECONDS[failed_before]
        metrics.EVENT_RETRIES.labels(self.event_type).inc()
        log.warning(
            "event failed, will be handled again",
            event_type=self.event_type,
            after_seconds=seconds,
            reason=reason,
        )
        if dead_letters.retry_later(self.publishing, self.queue.name, delivery, reason, seconds):
            delivery.ack()
        else:
            # The broker accepts no messages at present. A requeued event would be redelivered at
            # once until the queue's delivery limit dead-letters it, so the pause is spent here.
            eventlet.spawn_after(seconds, self.handle_message, delivery.decode(), delivery)

    def _leave_out(self, delivery: Delivery) -> None:
        """Take out of an event what only its first try needs.

        It may be what the try failed of, has changed by the next one, and would fill wait queues
        and dead letters.
        """
        event: Any = delivery.decode()
        if self._only_at_first in event:
            del event[self._only_at_first]
            delivery.replace_body(dumps(event))


def malformation(body: object, delivery: Delivery) -> str | None:
    """Return the reason why a message is no valid event, or None."""
    if not isinstance(body, dict):
        return "malformed event: not an object"
    if not isinstance(delivery.headers.get(CALL_STACK_HEADER, []), list):
        return f"malformed event: {CALL_STACK_HEADER} is no list"
    return None


def event_handler(source_service: str, event_type: str) -> Callable[[Callable], Callable]:
    """Make a service's method handle an event.

    Args:
        source_service: the service that dispatches it.
        event_type: the event's name.
    """
    return SafeEventHandler.decorator(source_service, event_type)
