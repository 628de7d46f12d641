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

    Unlike Nameko's it starts without a broker, keeps its connection until the last worker has
    acknowledged its message, and lets no message end the process. A provider has ``queue`` (a kombu
    queue), ``prefetch`` (None for a queue whose messages need no acknowledgement),
    ``handle_message(body, delivery)`` and ``refuse_message(delivery, reason)`` for a message that
    can't be decoded or handled, both of which run in the hub and must not wait, and, if it cares,
    ``connection_lost()``.
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
        # until all is done
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

        In a cluster it may have been on a node that is gone: to declare it again would take two
        minutes, and fail. What is in such a queue are requests that nobody waits for any more.
        """
        channel = connection.channel()
        with suppress(PreconditionFailed):
            channel.queue_delete(queue, if_unused=True)

    def disconnected(self) -> None:
        """Tell the providers."""
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

    def fence(self, provider: Extension, passed: Callable[[], None]) -> None:
        """Call ``passed`` once whatever the broker has sent of a queue so far has come."""
        # the channels of a connection that is still being made are there before its wire is
        channels = self._channels if self.usable else {}
        for channel, other in channels.items():
            if other is provider:
                with suppress(Stuck):
                    # answered behind them, on the same channel; it changes nothing
                    self.socket.write(methods.basic_qos(channel, provider.prefetch))
                    self._fences[channel].append(passed)
                    return
        # without a channel nothing is under way
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
        """Move an event to the dead letters, with its reason; until then it stays in its queue.

        Args:
            queue: where it came from.
            delivery: the event.
            reason: why it can't be handled.
            pause: seconds until the next try, if the broker does not take it; then twice as many.
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
            # with longer pauses, as a try that is refused ends the connection of all replies
            longer = min(2 * pause, budgets.DEAD_LETTER_LONGEST_PAUSE_SECONDS)
            eventlet.spawn_after(pause, self.dead_letter, queue, delivery, reason, longer)

    def dead_letter_later(self, queue: str, delivery: Delivery, reason: str) -> None:
        """Do the same in a greenthread of its own: it takes a confirm, and the hub can't wait."""
        self._spawn(partial(self.dead_letter, queue, delivery, reason), queue)

    def on_content(self, content: Content) -> None:
        """Give a message to whom it is for."""
        provider = self._channels.get(content.channel)
        if provider is None:
            # it came while its queue was being let go; a reply is of no use to anybody else
            no_ack = content.channel in self._without_ack
            Delivery(content, self.socket, no_ack).requeue()
            return
        delivery = Delivery(content, self.socket, no_ack=provider.prefetch is None)
        try:
            # a reply of ours has no number that is not exact; a request repeats a client's
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
            # whoever sends such a message must not end the process, nor get it delivered again
            log.error("message dropped", queue=provider.queue.name, exc_info=problem)
            delivery.ack()

    def on_method(self, method: Method) -> None:
        """Note that a queue is being consumed, or that a fence was passed."""
        if method.method == methods.QOS_OK and self._fences[method.channel]:
            self._fences[method.channel].popleft()()
        if method.method == methods.CONSUME_OK and method.channel in self._channels:
            self._consumed.add(method.channel)
            # only now is it known that all could be declared and consumed
            self._failed = len(self._consumed) < len(self._channels)

    def _declare(self, connection: Connection, provider: Extension) -> None:
        channel = connection.channel()
        if provider.prefetch is None:
            self._without_ack.add(channel.channel_id)
        else:
            channel.basic_qos(0, provider.prefetch, False)
        queue = provider.queue(channel)
        topology.declare(connection, queue)
        self._channels[channel.channel_id] = provider
        self._queues[channel.channel_id] = queue.name

    def _spawn(self, run: Callable[[], None], identifier: str) -> None:
        self.container.spawn_managed_thread(run, identifier=identifier)
