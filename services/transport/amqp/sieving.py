"""Taking some messages out of a queue that nobody consumes, and leaving the others as they are.

All messages are delivered and none but those to be taken out is acknowledged. When the channel is
closed, or its process dies, RabbitMQ puts the others back where they were, in their order
(tests/services/transport/test_sieving.py). A queue counts that as one delivery of each message, so
its delivery limit must be high.
"""

from collections.abc import Callable, Iterable

from amqp import Channel, Message, NotFound
from kombu import Connection

from services.process import budgets
from services.transport.amqp.connection import BrokerGone

MOST_UNSETTLED = 65_535
"""Messages that one channel can have; a larger prefetch can't be said."""

IDLE_SECONDS = 1.0
"""After which nothing more is expected, as somebody else has taken it."""

IsWanted = Callable[[bytes, dict[str, object]], bool]
"""Tells by a message's body and headers whether to take it out."""


def take_out(amqp_uri: str, queues: Iterable[str], is_wanted: IsWanted) -> int:
    """Take messages out of queues, and return how many were taken.

    Args:
        amqp_uri: of a user that may read the queues.
        queues: their names; those that are not there are left out.
        is_wanted: tells which messages.

    Raises:
        BrokerGone: the broker is away; nothing is lost but what had been taken out.
    """
    seconds = budgets.BROKER_CONNECT_SECONDS
    try:
        with Connection(amqp_uri, connect_timeout=seconds) as connection:
            return sum(_Sieve(connection, queue, is_wanted).run() for queue in queues)
    except (*connection.recoverable_connection_errors, OSError) as problem:
        raise BrokerGone(str(problem)) from problem


class _Sieve:
    """One pass through one queue."""

    def __init__(self, connection: Connection, queue: str, is_wanted: IsWanted):
        self._connection = connection
        self._queue = queue
        self._is_wanted = is_wanted
        self._seen = self._taken = 0

    def run(self) -> int:
        """Take out what is wanted, put the rest back, and return how many were taken."""
        expected = self._count()
        channels: list[Channel] = []
        while self._seen < expected:
            before = self._seen
            channels.append(self._look(expected))
            if self._seen - before < MOST_UNSETTLED:
                break
        # the first has the oldest messages, and what comes back first is delivered first again
        for channel in channels:
            channel.close()
        return self._taken

    def _count(self) -> int:
        try:
            with self._connection.channel() as channel:
                found: int = channel.queue_declare(self._queue, passive=True).message_count
        except NotFound:
            return 0
        return found

    def _look(self, expected: int) -> Channel:
        """Look at messages as far as one channel can have them unsettled, and return the channel.

        Its consumer is cancelled, so that it gets nothing that another one gives back.
        """
        channel = self._connection.channel()
        channel.basic_qos(0, MOST_UNSETTLED, False)
        tag = channel.basic_consume(self._queue, callback=self._judge)
        last = self._seen + MOST_UNSETTLED
        while self._seen < min(expected, last):
            try:
                self._connection.drain_events(timeout=IDLE_SECONDS)
            except TimeoutError:
                break
        channel.basic_cancel(tag)
        return channel

    def _judge(self, message: Message) -> None:
        self._seen += 1
        body = message.body if isinstance(message.body, bytes) else str(message.body).encode()
        if self._is_wanted(body, message.headers or {}):
            message.channel.basic_ack(message.delivery_tag)
            self._taken += 1
