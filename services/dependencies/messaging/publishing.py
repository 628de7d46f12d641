"""Publishing: one connection a process, one channel for RPC, one with confirms for events."""

import uuid
from collections.abc import Callable

import eventlet
from amqp import ChannelError, spec
from amqp.basic_message import Message
from eventlet.event import Event
from eventlet.semaphore import Semaphore
from kombu import Connection, Exchange
from kombu.serialization import dumps

from services.dependencies import budgets
from services.dependencies.messaging.connection import BrokerConnection, BrokerGone, wait_for

TRANSIENT = 1
PERSISTENT = 2


class Unroutable(Exception):
    """No queue is bound where the message was sent to."""


class Publishing(BrokerConnection):
    """Sends messages without ever waiting longer than its budgets.

    Nameko makes a pooled connection, a producer and a confirm round trip for each message, and
    blocks without end while the broker has an alarm. Here requests and replies are transient and
    unconfirmed: the broker still returns what it can't route, which is read by the connection's
    own greenthread and given to whoever waits for the answer. Events are confirmed.
    """

    purpose = "publishing"

    def __init__(self) -> None:
        super().__init__()
        self._exchanges: list[Exchange] = []
        self._returned_handlers: list[Callable[[str], None]] = []
        self._confirmed_order = Semaphore()
        self._forget()

    def declares(self, exchange: Exchange) -> None:
        """Declare an exchange on each new connection: a message to a missing one would end it."""
        self._exchanges.append(exchange)

    def on_returned(self, handler: Callable[[str], None]) -> None:
        """Call ``handler`` with the correlation id of each request that could not be routed."""
        self._returned_handlers.append(handler)

    def send(self, payload: object, exchange: str, routing_key: str, **properties: object) -> None:
        """Send a transient message.

        Args:
            payload: a plain JSON value.
            exchange: the exchange's name.
            routing_key: the routing key.
            properties: AMQP properties; ``mandatory`` asks to have it returned if unroutable.

        Raises:
            BrokerGone: it could not be sent.
        """
        mandatory = properties.pop("mandatory", False)
        message = _message(payload, delivery_mode=TRANSIENT, **properties)
        self._write(lambda: self._plain, exchange, routing_key, message, mandatory)

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
        identity = properties.setdefault("message_id", uuid.uuid4().hex)
        message = _message(payload, delivery_mode=PERSISTENT, **properties)
        confirmation = Event()
        with self._confirmed_order:
            self._sent_confirmed += 1
            tag = self._sent_confirmed
            self._unconfirmed[tag] = confirmation
            self._write(lambda: self._confirmed, exchange, routing_key, message, True)
        outcome = wait_for(confirmation, budgets.CONFIRM_SECONDS)
        self._unconfirmed.pop(tag, None)
        if identity in self._returned:
            self._returned.discard(identity)
            raise Unroutable(routing_key)
        if outcome != "ack":
            raise BrokerGone(f"the broker did not confirm a message within its time: {outcome}")

    def connected(self, connection: Connection) -> None:
        """Open both channels."""
        self._plain = connection.channel()
        for exchange in self._exchanges:
            exchange(self._plain).declare()
        self._plain.events["basic_return"].add(self._on_returned_request)
        self._confirmed = connection.channel()
        self._confirmed.confirm_select()
        self._confirmed.events["basic_return"].add(self._on_returned_event)
        self._confirmed.events["basic_ack"].add(self._confirming("ack"))
        self._confirmed.events["basic_nack"].add(self._confirming("nack"))

    def disconnected(self) -> None:
        """Tell everybody who waits for a confirm that none will come."""
        waiting = list(self._unconfirmed.values())
        self._forget()
        for confirmation in waiting:
            confirmation.send("lost")

    def _forget(self) -> None:
        self._plain = self._confirmed = None
        self._sent_confirmed = 0
        self._unconfirmed: dict[int, Event] = {}
        self._returned: set[str] = set()

    def _write(
        self,
        channel: Callable[[], object],
        exchange: str,
        routing_key: str,
        message: Message,
        mandatory: bool,
    ) -> None:
        self.ping()
        try:
            with eventlet.Timeout(budgets.PUBLISH_SECONDS, BrokerGone("the broker takes no data")):
                # Channel.basic_publish would read from the socket first, which is not ours to do
                channel().send_method(
                    spec.Basic.Publish,
                    "Bssbb",
                    (0, exchange, routing_key, mandatory, False),
                    message,
                )
        except Exception as problem:
            # a frame may have been cut off in the middle: the connection is of no more use
            self.usable = False
            raise BrokerGone(str(problem)) from problem

    def _on_returned_request(
        self, _problem: ChannelError, _exchange: str, _routing_key: str, message: Message
    ) -> None:
        correlation_id = message.properties.get("correlation_id")
        for handler in self._returned_handlers:
            handler(correlation_id)

    def _on_returned_event(
        self, _problem: ChannelError, _exchange: str, _routing_key: str, message: Message
    ) -> None:
        self._returned.add(message.properties.get("message_id"))

    def _confirming(self, outcome: str) -> Callable[..., None]:
        def confirm(delivery_tag: int, multiple: bool) -> None:
            tags = [delivery_tag]
            if multiple:
                tags = [tag for tag in self._unconfirmed if tag <= delivery_tag]
            for tag in tags:
                confirmation = self._unconfirmed.pop(tag, None)
                if confirmation is not None:
                    confirmation.send(outcome)

        return confirm


def _message(payload: object, **properties: object) -> Message:
    headers = properties.pop("headers", {})
    if isinstance(payload, bytes):
        body = payload
    else:
        content_type, encoding, body = dumps(payload, "json")
        properties |= {"content_type": content_type, "content_encoding": encoding}
    return Message(body, application_headers=headers, **properties)
