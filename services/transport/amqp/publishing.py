"""Publishing: one connection a process, one channel for RPC, one with confirms for events."""

import time
import uuid
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from eventlet.event import Event
from kombu import Connection, Exchange

from services.process import budgets
from services.transport.amqp import methods, topology
from services.transport.amqp.connection import BrokerConnection, BrokerGone
from services.transport.amqp.frames import Content, Method
from services.transport.amqp.json import CONTENT_TYPE, ENCODING, dumps
from services.transport.amqp.socket import Stuck
from services.transport.timeouts import wait_for

TRANSIENT = 1
PERSISTENT = 2
CONFIRMED = "confirmed"


class Unroutable(Exception):
    """No queue is bound where the message was sent to."""


class TooLarge(ValueError):
    """The message is larger than any of ours may be."""


class Unconfirmed(NamedTuple):
    """A message that was sent, and that the broker is going to confirm."""

    tag: int
    identity: object
    routing_key: str
    confirmation: Event
    sent_at: float


class Publishing(BrokerConnection):
    """Sends messages, and never waits longer than its budgets.

    Nameko takes a pooled connection, a producer and a confirm for each message, and blocks as long
    as the broker has a memory or disk alarm; not even an ``eventlet.Timeout`` ends that, as kombu's
    pool then waits for the channel to close. Here requests and replies are transient and
    unconfirmed (the broker returns a request that it can't route, which fails the call at once),
    and events are persistent and confirmed.
    """

    purpose = "publishing"

    def __init__(self) -> None:
        super().__init__()
        self._exchanges: dict[str, Exchange] = {}
        self._required: dict[str, topology.BoundQueue] = {}
        self._returned_handlers: list[Callable[[str], None]] = []
        self._lost_handlers: list[Callable[[], None]] = []
        self._connected_handlers: list[Callable[[], None]] = []
        self._unblocked_handlers: list[Callable[[], None]] = []
        self._forget()

    def declares(self, exchange: Exchange) -> None:
        """Declare an exchange on each new connection: a message to a missing one would end it."""
        self._exchanges[exchange.name] = exchange

    def requires(self, queues: Iterable[topology.BoundQueue]) -> None:
        """Declare missing queues on each new connection, which fails if that is not allowed."""
        self._required |= {queue.name: queue for queue in queues}

    def on_returned(self, handler: Callable[[str], None]) -> None:
        """Call ``handler`` with the correlation id of each request that could not be routed."""
        self._returned_handlers.append(handler)

    def on_lost(self, handler: Callable[[], None]) -> None:
        """Call ``handler`` when the connection is lost, and maybe the last messages with it."""
        self._lost_handlers.append(handler)

    def on_connected(self, handler: Callable[[], None]) -> None:
        """Call ``handler`` whenever there is a new connection to send on."""
        self._connected_handlers.append(handler)

    def on_unblocked(self, handler: Callable[[], None]) -> None:
        """Call ``handler`` whenever an alarm is over, and the broker takes messages again."""
        self._unblocked_handlers.append(handler)

    def send(
        self,
        payload: object,
        exchange: str,
        routing_key: str,
        mandatory: bool = False,
        **properties: object,
    ) -> None:
        """Send a transient message.

        Args:
            payload: a plain JSON value, or bytes that are JSON already.
            exchange: the exchange's name.
            routing_key: the routing key.
            mandatory: whether to have it returned if it is unroutable.
            properties: AMQP properties.

        Raises:
            BrokerGone: it could not be sent.
        """
        properties["delivery_mode"] = TRANSIENT
        self._write(self._plain, exchange, routing_key, mandatory, payload, properties)

    def send_confirmed(
        self, payload: object, exchange: str, routing_key: str, **properties: object
    ) -> None:
        """Send a persistent message and wait until the broker has it.

        Args:
            payload: a plain JSON value, or bytes that go as they are.
            exchange: the exchange's name.
            routing_key: the routing key.
            properties: AMQP properties.

        Raises:
            BrokerGone: it was not confirmed; it may have arrived all the same.
            Unroutable: no queue is bound for it.
        """
        self.confirm(self.begin_confirmed(payload, exchange, routing_key, **properties))

    def begin_confirmed(
        self, payload: object, exchange: str, routing_key: str, **properties: object
    ) -> Unconfirmed:
        """Send a persistent message as :meth:`send_confirmed` does, without waiting.

        Each must be waited for by :meth:`confirm`.
        """
        identity = properties.setdefault("message_id", uuid.uuid4().hex)
        properties["delivery_mode"] = PERSISTENT
        self._write(self._confirmed, exchange, routing_key, True, payload, properties)
        # the broker counts messages of a channel from 1; no other greenthread has run since the
        # write, so this count is in the order of the messages
        self._sent_confirmed += 1
        tag = self._sent_confirmed
        confirmation = self._unconfirmed[tag] = Event()
        return Unconfirmed(tag, identity, routing_key, confirmation, time.monotonic())

    def confirm(self, message: Unconfirmed) -> None:
        """Wait until the broker has a message of :meth:`begin_confirmed`.

        Raises:
            BrokerGone: it was not confirmed within the time that an event has from its sending on.
            Unroutable: no queue is bound for it.
        """
        ends_at = message.sent_at + budgets.CONFIRM_SECONDS
        outcome = wait_for(message.confirmation, ends_at - time.monotonic())
        # on a new connection another message may have this tag
        if self._unconfirmed.get(message.tag) is message.confirmation:
            del self._unconfirmed[message.tag]
        if message.identity in self._returned:
            self._returned.discard(message.identity)
            raise Unroutable(message.routing_key)
        if outcome != CONFIRMED:
            raise BrokerGone(f"the broker did not confirm a message within its time: {outcome}")

    def connected(self, connection: Connection) -> None:
        """Open both channels, and declare what messages are sent to."""
        # RabbitMQ closes a channel on which a message goes to a missing exchange
        topology.declare_missing(connection, self._required.values())
        plain, confirmed = connection.channel(), connection.channel()
        for exchange in self._exchanges.values():
            exchange(plain).declare()
        confirmed.confirm_select()
        self._plain, self._confirmed = plain.channel_id, confirmed.channel_id

    def ready(self) -> None:
        """Call the handlers of :meth:`on_connected`."""
        for handler in self._connected_handlers:
            handler()

    def unblocked(self) -> None:
        """Call the handlers of :meth:`on_unblocked`."""
        for handler in self._unblocked_handlers:
            handler()

    def disconnected(self) -> None:
        """Fail everything that waits for a confirm, and call the handlers of :meth:`on_lost`."""
        waiting = list(self._unconfirmed.values())
        self._forget()
        for confirmation in waiting:
            _resolve(confirmation, "lost")
        for handler in self._lost_handlers:
            handler()

    def on_content(self, content: Content) -> None:
        """Handle a message that was returned, as no queue takes it."""
        if content.channel == self._confirmed:
            # basic.return comes before the basic.ack of the same message, which says "confirmed"
            self._returned.add(content.properties.get("message_id"))
            return
        correlation_id: Any = content.properties.get("correlation_id")
        for handler in self._returned_handlers:
            handler(correlation_id)

    def on_method(self, method: Method) -> None:
        """Handle a confirm, which may be for several messages."""
        if method.method not in (methods.ACK, methods.NACK):
            return
        outcome = CONFIRMED if method.method == methods.ACK else "refused"
        last, with_earlier = methods.read_confirmation(method.arguments)
        tags = [tag for tag in self._unconfirmed if tag <= last] if with_earlier else [last]
        for tag in tags:
            confirmation = self._unconfirmed.pop(tag, None)
            if confirmation is not None:
                _resolve(confirmation, outcome)

    def _forget(self) -> None:
        self._plain = self._confirmed = 0
        self._sent_confirmed = 0
        self._unconfirmed: dict[int, Event] = {}
        self._returned: set[object] = set()

    def _write(
        self,
        channel: int,
        exchange: str,
        routing_key: str,
        mandatory: bool,
        payload: object,
        properties: dict[str, Any],
    ) -> None:
        self.ping()
        if isinstance(payload, bytes):
            body = payload
        else:
            body = dumps(payload)
            properties |= {"content_type": CONTENT_TYPE, "content_encoding": ENCODING}
        check_size(body)
        try:
            self.socket.write(
                methods.basic_publish(
                    channel, exchange, routing_key, mandatory, body, properties, self.frame_max
                )
            )
        except Stuck as problem:
            raise BrokerGone(str(problem)) from problem


def check_size(body: bytes) -> None:
    """Refuse a message so large that it would hold up others on the shared connection.

    Raises:
        TooLarge: it is.
    """
    if len(body) > budgets.LARGEST_MESSAGE:
        raise TooLarge(f"a message of {len(body)} bytes; {budgets.LARGEST_MESSAGE} are allowed")


def _resolve(confirmation: Event, outcome: str) -> None:
    if not confirmation.ready():
        confirmation.send(outcome)
