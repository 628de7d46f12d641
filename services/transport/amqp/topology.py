"""What outlives every process on the broker: where failed events go, and the events themselves.

``rabbitmq/definitions.json`` has all of it. On a broker where that was not imported, whoever needs
what is missing declares it, with arguments that say what the policies would. What is there is never
declared again: its arguments may be others, and the broker would close the channel.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from amqp import AccessRefused, NotFound
from kombu import Connection, Queue
from kombu.transport.base import StdChannel

from services.process import budgets
from services.transport.amqp.connection import BrokerGone

DEAD_LETTER_EXCHANGE = "dead-letters"
WAIT_EXCHANGE = "wait-{seconds}s"
QUORUM = {"x-queue-type": "quorum"}
EVENT_ARGUMENTS = QUORUM | {
    "x-dead-letter-exchange": DEAD_LETTER_EXCHANGE,
    "x-delivery-limit": 20,
    "x-max-length": 1_000_000,
    "x-overflow": "reject-publish",
}


class Incomplete(BrokerGone):
    """The broker lacks what no event may be without, and we are not allowed to declare it."""


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

    def exists(self, channel: StdChannel) -> bool:
        """Tell whether both exist; if not the broker has closed the channel."""
        try:
            # Without an answer, which would count messages and may take seconds in a cluster that
            # has just lost a node. Its refusal comes before the answer to the second.
            channel.queue_declare(self.name, passive=True, nowait=True)
            channel.exchange_declare(self.name, self.kind, passive=True)
        except NotFound:
            return False
        return True

    def declare(self, channel: StdChannel) -> None:
        """Make what is missing."""
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
    """Return where a failed event waits for so many seconds."""
    limits = {"x-max-length": 100_000, "x-overflow": "reject-publish"}
    back = {"x-message-ttl": seconds * 1000, "x-dead-letter-exchange": ""}
    return BoundQueue(WAIT_EXCHANGE.format(seconds=seconds), "fanout", "", QUORUM | back | limits)


def failed_event_queues() -> list[BoundQueue]:
    """Return every queue that an event which can't be handled passes."""
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
    """Declare a queue that is going to be consumed, but one that is to last only if it is missing.

    Args:
        connection: the one that the queue's channel is of.
        queue: a queue that is bound to a channel.
    """
    if queue.auto_delete or not _exists(connection, queue.name):
        queue.declare()
        return
    queue.exchange.declare()
    queue.queue_bind()


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
