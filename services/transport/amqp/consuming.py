"""Consuming: one connection a process, one channel a queue."""

from collections import defaultdict, deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import eventlet
from amqp import PreconditionFailed
from kombu import Connection
from nameko.extensions import Extension, ProviderCollector

from services.observability.logging import get_logger
from services.process import budgets
from services.transport.amqp import dead_letters, methods, topology
from services.transport.amqp.connection import BrokerConnection, BrokerGone
from services.transport.amqp.dead_letters import LONGEST_REASON
from services.transport.amqp.deliveries import Delivery
from services.transport.amqp.encoding import Malformed
from services.transport.amqp.frames import Content, Method
from services.transport.amqp.publishing import Publishing
from services.transport.amqp.socket import Stuck

log = get_logger(__name__)


class QueueConsumer(ProviderCollector, BrokerConnection):
    """Consumes the queues of everything in the container that has one.

    Three differences from Nameko's: it starts without a broker; it keeps its connection until the
    last worker has acknowledged its message (Nameko closes it first at SIGTERM, so whatever was in
    flight is executed again at the next start); and no message ends the process.

    A provider has ``queue`` (a kombu queue), ``prefetch`` (None for a queue consumed without
    acknowledgements), ``handle_message(body, delivery)``, ``refuse_message(delivery, reason)`` for
    a message that can't be decoded or handled, and optionally ``connection_lost()``. All of them
    run in the event loop's own greenlet and must not block. One with a true ``is_unbound`` gets
    what is sent to its queue by name alone.
    """

    purpose = "consuming"
    part = "consumers"
    publishing = Publishing()

    def __init__(self) -> None:
        super().__init__()
        self._channels: dict[int, Extension] = {}
        self._queues: dict[int, str] = {}
        self._consumed: set[int] = set()
        self._without_ack: set[int] = set()
        self._fences: dict[int, deque[Callable[[], None]]] = defaultdict(deque)
        self._failed = False

    def connected(self, connection: Connection) -> None:
        """Declare every queue."""
        self._channels, self._queues, self._consumed = {}, {}, set()
        self._without_ack = set()
        for provider in self._providers:
            if self._failed and provider.queue.auto_delete and not provider.queue.exclusive:
                self._discard(connection, provider.queue.name)
        # stays set until every queue is consumed: an attempt that failed half-way is a failure
        self._failed = True
        for provider in self._providers:
            self._declare(connection, provider)

    def ready(self) -> None:
        """Consume every queue."""
        for channel, queue in self._queues.items():
            no_ack = channel in self._without_ack
            self.socket.write(methods.basic_consume(channel, queue, str(channel), no_ack))

    @staticmethod
    def _discard(connection: Connection, queue: str) -> None:
        """Delete a queue that nobody consumes.

        In a cluster it may have been on a node that is down: declaring it again would take two
        minutes, and fail. What such a queue holds are requests whose callers have given up, or
        events that a change feed has, too.
        """
        channel = connection.channel()
        with suppress(PreconditionFailed):
            channel.queue_delete(queue, if_unused=True)

    def disconnected(self) -> None:
        """Call ``connection_lost`` of the providers that have it."""
        self._channels, self._queues, self._consumed = {}, {}, set()
        self._fences.clear()
        for provider in self._providers:
            lost = getattr(provider, "connection_lost", None)
            if lost is not None:
                lost()

    def stop(self) -> None:
        """Close the connection."""
        BrokerConnection.stop(self)

    def ping(self) -> None:
        """Raise unless every queue is consumed."""
        super().ping()
        if len(self._consumed) < len(self._providers):
            raise BrokerGone("not every queue is consumed")

    def end_first_try(self) -> None:
        """Let those go on who wait for it, once every queue is consumed or the try has failed."""
        if not self.usable or len(self._consumed) >= len(self._providers):
            super().end_first_try()

    def fence(self, provider: Extension, passed: Callable[[], None]) -> None:
        """Call ``passed`` once everything that the broker has sent of a queue so far has come."""
        # the channels of a connection that is still being made exist before its socket is ours
        channels = self._channels if self.usable else {}
        for channel, other in channels.items():
            if other is provider:
                with suppress(Stuck):
                    # The answer comes on the same channel, behind all deliveries sent before. A
                    # basic.qos with the prefetch that it has already changes nothing else.
                    self.socket.write(methods.basic_qos(channel, provider.prefetch))
                    self._fences[channel].append(passed)
                    return
        # without a channel nothing can be on its way
        passed()

    def unregister_provider(self, provider: Extension) -> None:
        """Stop consuming a queue; messages that are being handled can still be acknowledged."""
        for channel, other in list(self._channels.items()):
            if other is provider:
                del self._channels[channel]
                self._consumed.discard(channel)
                with suppress(Exception):
                    self.socket.write(methods.basic_cancel(channel, str(channel)))
        super().unregister_provider(provider)

    def dead_letter(
        self,
        queue: str,
        delivery: Delivery,
        reason: str,
        pause: float = budgets.DEAD_LETTER_RETRY_SECONDS,
    ) -> None:
        """Move an event to the dead letters; it stays unacknowledged until the broker has the copy.

        Args:
            queue: the queue it came from.
            delivery: the event.
            reason: why it can't be handled.
            pause: seconds until the next try, if the broker refuses the copy; doubles each time.
        """
        if delivery.is_lost:
            return
        try:
            is_dead_lettered = dead_letters.dead_letter(self.publishing, queue, delivery, reason)
        except Exception as problem:
            log.error("dead letter not written", queue=queue, exc_info=problem)
            is_dead_lettered = False
        if is_dead_lettered:
            delivery.ack()
        else:
            # Pauses grow, since a publish that the broker refuses closes the connection on which
            # all replies leave. Not retry(): the worker that failed must not be held for that long.
            longer = min(2 * pause, budgets.DEAD_LETTER_LONGEST_PAUSE_SECONDS)
            eventlet.spawn_after(pause, self.dead_letter, queue, delivery, reason, longer)

    def dead_letter_later(self, queue: str, delivery: Delivery, reason: str) -> None:
        """Do the same in a greenthread of its own, as waiting for a confirm would block the hub."""
        self._spawn(partial(self.dead_letter, queue, delivery, reason), queue)

    def on_content(self, content: Content) -> None:
        """Pass a message to the provider of its queue."""
        provider = self._channels.get(content.channel)
        if provider is None:
            # Delivered while basic.cancel was on its way: back to the queue, for another process.
            # A reply was consumed without ack, and requeue() does nothing.
            no_ack = content.channel in self._without_ack
            Delivery(content, self.socket, no_ack).requeue()
            return
        delivery = Delivery(content, self.socket, no_ack=provider.prefetch is None)
        try:
            # our own replies hold no number that a float rounds; a request may repeat a client's
            body = delivery.decode(exact=provider.prefetch is not None)
        except Exception as problem:
            self._refuse(provider, delivery, f"undecodable: {problem}")
            return
        try:
            provider.handle_message(body, delivery)
        except Malformed as problem:
            self._refuse(provider, delivery, f"malformed: {problem}")
        except Exception as problem:
            log.error("message can't be handled", queue=provider.queue.name, exc_info=problem)
            self._refuse(provider, delivery, f"{type(problem).__name__}: {problem}")

    @staticmethod
    def _refuse(provider: Extension, delivery: Delivery, reason: str) -> None:
        try:
            provider.refuse_message(delivery, reason[:LONGEST_REASON])
        except Exception as problem:
            # An exception here would end the connection, and requeueing would loop: drop it.
            log.error("message dropped", queue=provider.queue.name, exc_info=problem)
            delivery.ack()

    def on_method(self, method: Method) -> None:
        """Note that a queue is being consumed, or that a fence has been passed."""
        if method.method == methods.QOS_OK and self._fences[method.channel]:
            self._fences[method.channel].popleft()()
        if method.method == methods.CONSUME_OK and method.channel in self._channels:
            self._consumed.add(method.channel)
            # only now is it known that all could be declared and consumed
            self._failed = len(self._consumed) < len(self._channels)
            self.end_first_try()

    def _declare(self, connection: Connection, provider: Extension) -> None:
        channel = connection.channel()
        if provider.prefetch is None:
            self._without_ack.add(channel.channel_id)
        else:
            channel.basic_qos(0, provider.prefetch, False)
        queue = provider.queue(channel)
        declare = topology.declare_unbound if _is_unbound(provider) else topology.declare
        declare(connection, queue)
        self._channels[channel.channel_id] = provider
        self._queues[channel.channel_id] = queue.name

    def _spawn(self, run: Callable[[], None], identifier: str) -> None:
        self.container.spawn_managed_thread(run, identifier=identifier)


def _is_unbound(provider: Extension) -> bool:
    return getattr(provider, "is_unbound", False)
