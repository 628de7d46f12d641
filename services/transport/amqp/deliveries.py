"""A message that the broker has given to us."""

from services.transport.amqp import methods
from services.transport.amqp.frames import Content
from services.transport.amqp.json import loads
from services.transport.amqp.socket import BrokerSocket, Stuck


class Delivery:
    """A message, and what is done with it in the end.

    Settling it writes one frame; if its connection is gone that does nothing, as the broker has
    the message back.
    """

    __slots__ = (
        "_content",
        "_needs_settling",
        "_socket",
        "_tag",
        "body",
        "properties",
        "routing_key",
    )

    def __init__(self, content: Content, socket: BrokerSocket, no_ack: bool):
        self._content = content
        self._socket = socket
        self._needs_settling = not no_ack
        self._tag, _, _, self.routing_key = methods.read_delivery(content.arguments)
        self.body = content.body
        self.properties = content.properties

    @property
    def headers(self) -> dict[str, object]:
        """The message's headers.

        Raises:
            Malformed: they are no table, or one that is nested too deep.
        """
        return self._content.headers

    @property
    def size(self) -> int:
        """How many bytes the body had; of one that is too large only the beginning is here."""
        return self._content.size

    @property
    def size_of_headers(self) -> int:
        """How many bytes they have."""
        return len(self._content.raw_headers)

    def decode(self, *, exact: bool = True) -> object:
        """Return what the body holds, in plain types.

        Args:
            exact: whether there may be numbers in it that a float can't hold.

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

    @property
    def is_lost(self) -> bool:
        """Whether the connection that it came on has ended before it was settled."""
        return self._needs_settling and self._socket.closed

    def ack(self) -> None:
        """Say that it was taken care of."""
        self._settle(methods.basic_ack(self._content.channel, self._tag))

    def requeue(self) -> None:
        """Give it back to its queue."""
        self._settle(methods.basic_reject(self._content.channel, self._tag, requeue=True))

    def _settle(self, frame: bytes) -> None:
        if not self._needs_settling:
            return
        self._needs_settling = False
        try:
            self._socket.write(frame)
        except Stuck:
            return
