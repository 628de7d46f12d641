"""The durable queues: those of events, and those that failed events go to.

``rabbitmq/definitions.json`` declares them all. On a broker where it was not imported, a service
declares those that it needs and misses, with arguments in place of the policies. A queue that
exists is never declared again: RabbitMQ compares arguments exactly, answers 406 PRECONDITION_FAILED
to any difference and closes the channel, and the queue would never be consumed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from amqp import AccessRefused, Channel, NotFound
from kombu import Connection, Queue

from services.process import budgets
from services.transport.amqp.connection import BrokerGone

DEAD_LETTER_EXCHANGE = "dead-letters"
WAIT_EXCHANGE = "wait-{seconds}s"
QUORUM = {"x-queue-type": "quorum"}
EVENT_LIMITS = {
    "x-max-length": 1_000_000,
    "x-max-length-bytes": 64 * 1024 * 1024,
    "x-overflow": "reject-publish",
}
EVENT_ARGUMENTS = (
    QUORUM | {"x-dead-letter-exchange": DEAD_LETTER_EXCHANGE, "x-delivery-limit": 20} | EVENT_LIMITS
)


class Incomplete(BrokerGone):
    """The broker lacks a queue that events need, and its user may not declare it."""


@dataclass(frozen=True)
class BoundQueue:
    """A queue, the exchange of the same name, and the binding of one to the other.

    Attributes:
        name: of both.
        kind: the exchange's type.
        routing_key: what of the exchange's messages goes to the queue.
        arguments: the queue's.
    """

    name: str
    kind: str
    routing_key: str
    arguments: dict[str, object] = field(hash=False)

    def exists(self, channel: Channel) -> bool:
        """Return whether both exist; if not the broker has closed the channel."""
        try:
            # nowait: queue.declare-ok has the number of messages, and may take seconds in a cluster
            # that has just lost a node. A refusal still arrives, before the answer to the second.
            channel.queue_declare(self.name, passive=True, nowait=True)
            channel.exchange_declare(self.name, self.kind, passive=True)
        except NotFound:
            return False
        return True

    def declare(self, channel: Channel) -> None:
        """Declare queue, exchange and binding."""
        channel.exchange_declare(self.name, self.kind, durable=True, auto_delete=False)
        channel.queue_declare(self.name, durable=True, auto_delete=False, arguments=self.arguments)
        channel.queue_bind(self.name, self.name, self.routing_key)


DEAD_LETTERS = BoundQueue(
    DEAD_LETTER_EXCHANGE,
    "topic",
    "#",
    QUORUM | {"x-max-length": 100_000, "x-overflow": "drop-head", "x-delivery-limit": 1_000_000},
)


def wait_queue(seconds: int) -> BoundQueue:
    """Return the queue in which a failed event waits for so many seconds.

    A message whose TTL is over is dead-lettered to the default exchange, which routes it by its key
    to the queue it came from.
    """
    limits = {"x-max-length": 100_000, "x-overflow": "reject-publish"}
    back = {"x-message-ttl": seconds * 1000, "x-dead-letter-exchange": ""}
    return BoundQueue(WAIT_EXCHANGE.format(seconds=seconds), "fanout", "", QUORUM | back | limits)


def failed_event_queues() -> list[BoundQueue]:
    """Return the dead letters' queue, and every wait queue."""
    return [DEAD_LETTERS, *map(wait_queue, budgets.EVENT_RETRY_SECONDS)]


def declare_missing(connection: Connection, queues: Iterable[BoundQueue]) -> None:
    """Declare those queues that the broker does not have.

    Raises:
        Incomplete: it does not let us.
    """
    for queue in _missing(connection, queues):
        try:
            with connection.channel() as channel:
                queue.declare(channel)
        except AccessRefused as problem:
            raise Incomplete(
                f"RabbitMQ lacks {queue.name!r}, where failed events go, and its user may not "
                "declare that: import rabbitmq/definitions.json (docs/running-in-earnest.md)"
            ) from problem


def declare(connection: Connection, queue: Queue) -> None:
    """Declare a queue that is going to be consumed; a durable one only if it is missing.

    Args:
        connection: the connection of the queue's channel.
        queue: a queue bound to a channel.
    """
    if queue.auto_delete or not _exists(connection, queue.name):
        queue.declare()
        return
    queue.exchange.declare()
    queue.queue_bind()


def declare_unbound(connection: Connection, queue: Queue) -> None:
    """Declare a queue that gets messages by its name alone, and undo its binding to its exchange.

    Args:
        connection: the connection of the queue's channel.
        queue: a durable queue bound to a channel.
    """
    queue.exchange.declare()
    if not _exists(connection, queue.name):
        queue.queue_declare()
    # versions before, and definitions of theirs, have bound it
    queue.queue_unbind()


def _missing(connection: Connection, queues: Iterable[BoundQueue]) -> Iterator[BoundQueue]:
    channel = connection.channel()
    for queue in queues:
        if not queue.exists(channel):
            yield queue
            channel = connection.channel()
    channel.close()


def _exists(connection: Connection, queue: str) -> bool:
    try:
        with connection.channel() as channel:
            channel.queue_declare(queue, passive=True)
    except NotFound:
        return False
    return True
