"""Consuming: one connection a process, one channel a queue."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial

from amqp import PreconditionFailed
from kombu import Connection, Consumer, Message
from nameko.extensions import Extension, ProviderCollector

from services.dependencies.logs import get_logger
from services.dependencies.messaging.connection import BrokerConnection, BrokerGone
from services.dependencies.messaging.dead_letters import bury
from services.dependencies.messaging.publishing import Publishing

log = get_logger(__name__)


class QueueConsumer(ProviderCollector, BrokerConnection):
    """Consumes the queues of everything in the container that has one.

    Unlike Nameko's it starts without a broker, keeps its connection until the last worker has
    acknowledged its message, and lets no message end the process. A provider has ``queue`` (a kombu
    queue), ``prefetch``, ``handle_message(body, message)`` and, if it cares,
    ``connection_lost()``.
    """

    purpose = "consuming"
    part = "consumers"
    publishing = Publishing()

    def __init__(self) -> None:
        super().__init__()
        self._consumers: dict[Extension, Consumer] = {}
        self._failed = False

    def connected(self, connection: Connection) -> None:
        """Declare and consume every queue."""
        for provider in self._providers:
            if self._failed and provider.queue.auto_delete and not provider.queue.exclusive:
                self._discard(connection, provider.queue.name)
        # until all is done
        self._failed = True
        for provider in self._providers:
            self._consume(connection, provider)
        self._failed = False

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
        self._consumers = {}
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
        if len(self._consumers) < len(self._providers):
            raise BrokerGone("not every queue is consumed")

    def unregister_provider(self, provider: Extension) -> None:
        """Stop consuming a queue; messages that are being handled can still be acknowledged."""
        consumer = self._consumers.pop(provider, None)
        if consumer is not None and self.usable:
            for tag in consumer._active_tags.values():
                try:
                    # the answer would have to be read by the connection's own greenthread
                    consumer.channel.basic_cancel(tag, nowait=True)
                except Exception as problem:
                    log.info("consumer not cancelled", reason=str(problem))
        super().unregister_provider(provider)

    def ack_message(self, message: Message) -> None:
        """Acknowledge a message, unless its connection is gone and the broker has it back."""
        self._settle(message, message.ack)

    def reject_message(self, message: Message) -> None:
        """Refuse a message for good: the broker moves it to the dead letters."""
        self._settle(message, message.reject)

    def requeue_message(self, message: Message) -> None:
        """Give a message back to its queue."""
        self._settle(message, message.requeue)

    def bury_message(self, queue: str, message: Message, reason: str) -> None:
        """Move a message to the dead letters, with its reason."""
        if bury(self.publishing, queue, message, reason):
            self.ack_message(message)
        else:
            self.reject_message(message)

    @staticmethod
    def _settle(message: Message, settle: Callable[[], None]) -> None:
        if message.acknowledged or not message.channel.connection:
            return
        try:
            settle()
        except Exception as problem:
            log.info("message not settled, the broker will deliver it again", reason=str(problem))

    def _consume(self, connection: Connection, provider: Extension) -> None:
        channel = connection.channel()
        channel.basic_qos(0, provider.prefetch, False)
        consumer = Consumer(
            channel,
            queues=[provider.queue],
            callbacks=[partial(self._on_message, provider)],
            on_decode_error=partial(self._on_undecodable, provider),
            accept=["json"],
        )
        consumer.consume()
        self._consumers[provider] = consumer

    def _on_message(self, provider: Extension, body: object, message: Message) -> None:
        self.container.spawn_managed_thread(
            partial(self._handle, provider, body, message), identifier=provider.queue.name
        )

    def _on_undecodable(self, provider: Extension, message: Message, problem: Exception) -> None:
        self.container.spawn_managed_thread(
            partial(self.bury_message, provider.queue.name, message, f"undecodable: {problem}"),
            identifier=provider.queue.name,
        )

    def _handle(self, provider: Extension, body: object, message: Message) -> None:
        if provider not in self._consumers:
            self.requeue_message(message)
            return
        try:
            provider.handle_message(body, message)
        except Exception as problem:
            log.error("message can't be handled", queue=provider.queue.name, exc_info=problem)
            self.bury_message(provider.queue.name, message, f"{type(problem).__name__}: {problem}")
