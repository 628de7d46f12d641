"""A message that the broker has delivered."""

from services.transport.amqp import methods
from services.transport.amqp.frames import Content
from services.transport.amqp.json import loads
from services.transport.amqp.socket import BrokerSocket, Stuck


class Delivery:
    """A message, to be settled by :meth:`ack` or :meth:`requeue`.

    Settling writes one frame. If the connection has ended it does nothing: the broker has requeued
    the message, and its delivery tag means nothing on another channel.
    """

    __slots__ = (
        "_content",
        "_needs_settling",
        "_socket",
        "_tag",
        "body",
        "properties",
        "redelivered",
        "routing_key",
        "size",
    )

    def __init__(self, content: Content, socket: BrokerSocket, no_ack: bool):
        self._content = content
        self._socket = socket
        self._needs_settling = not no_ack
        self._tag, self.redelivered, _, self.routing_key = methods.read_delivery(content.arguments)
        self.body = content.body
        #: bytes of the whole body; of one that is too large only the beginning was kept
        self.size = content.size
        self.properties = content.properties

    @property
    def headers(self) -> dict[str, object]:
        """The message's headers.

        Raises:
            Malformed: they are no table, or one that is nested too deep.
        """
        return self._content.headers

    @property
    def size_of_headers(self) -> int:
        """Bytes of the headers."""
        return len(self._content.raw_headers)

    def decode(self, *, exact: bool = True) -> object:
        """Return the body's JSON, in plain types.

        Args:
            exact: whether it may hold numbers that a float would round.

        Raises:
            ValueError: it holds no JSON.
            RecursionError: it is nested too deep.
        """
        if self.size > len(self.body):
            raise ValueError(f"a message of {self.size} bytes")
        properties = self.properties
        return loads(
            self.body,
            properties.get("content_type"),
            properties.get("content_encoding"),
            exact=exact,
        )

    def replace_body(self, body: bytes) -> None:
        """Have it copied, or read again, with another body."""
        self.body, self.size = body, len(body)

    @property
    def is_lost(self) -> bool:
        """Whether the connection that it came on has ended before it was settled."""
        return self._needs_settling and self._socket.closed

    def ack(self) -> None:
        """Acknowledge it."""
        self._settle(methods.basic_ack(self._content.channel, self._tag))

    def requeue(self) -> None:
        """Return it to its queue."""
        self._settle(methods.basic_reject(self._content.channel, self._tag, requeue=True))

    def _settle(self, frame: bytes) -> None:
        if not self._needs_settling:
            return
        self._needs_settling = False
        try:
            self._socket.write(frame)
        except Stuck:
            return
