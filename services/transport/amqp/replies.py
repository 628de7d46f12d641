"""Replies to RPC requests: sent, and sent again after a connection is lost."""

import time
from collections import deque
from typing import NamedTuple

from nameko.extensions import SharedExtension
from nameko.rpc import get_rpc_exchange

from services.observability.logging import get_logger
from services.process import budgets
from services.transport.amqp.connection import BrokerGone
from services.transport.amqp.json import CONTENT_TYPE, ENCODING
from services.transport.amqp.publishing import Publishing

log = get_logger(__name__)

NO_HEADERS: dict[str, str] = {}


class Reply(NamedTuple):
    """A reply, and when it was made."""

    made_at: float
    body: bytes
    address: str
    correlation_id: str


class Replies(SharedExtension):
    """Sends replies for all methods of a service.

    The broker may close the connection at any time, and replies that it has not read by then are
    lost; a confirm for each would cost every call one more frame. So the latest replies are kept,
    and sent again on the next connection, like those made meanwhile. A caller that gets a reply
    twice has forgotten the correlation id, and ignores the second.
    tests/security/test_shared_connections fails without this.
    """

    publishing = Publishing()

    def __init__(self) -> None:
        super().__init__()
        self._sent = RecentReplies()
        self._unsent = RecentReplies()

    def setup(self) -> None:
        """Send again whenever the broker takes messages again."""
        exchange = get_rpc_exchange(self.container.config)
        self._exchange = exchange.name
        self.publishing.declares(exchange)
        self.publishing.on_connected(self._send_again)
        self.publishing.on_unblocked(self._send_unsent)

    def send(self, body: bytes, address: str, correlation_id: str) -> None:
        """Send a reply, now or as soon as the broker takes it.

        Args:
            body: the reply as JSON.
            address: the routing key of the caller's reply queue.
            correlation_id: as the request had it.
        """
        self._try(Reply(time.monotonic(), body, address, correlation_id))

    def _try(self, reply: Reply) -> None:
        try:
            self.publishing.send(
                reply.body,
                self._exchange,
                reply.address,
                correlation_id=reply.correlation_id,
                content_type=CONTENT_TYPE,
                content_encoding=ENCODING,
                headers=NO_HEADERS,
            )
        except BrokerGone as problem:
            log.warning("reply not sent yet", reason=str(problem))
            self._unsent.add(reply)
        else:
            self._sent.add(reply)

    def _send_again(self) -> None:
        for reply in self._sent.take():
            self._try(reply)
        self._send_unsent()

    def _send_unsent(self) -> None:
        for reply in self._unsent.take():
            self._try(reply)


class RecentReplies:
    """The latest replies, limited in number and bytes; the oldest are dropped first."""

    def __init__(self) -> None:
        self._replies: deque[Reply] = deque()
        self._bytes = 0

    def add(self, reply: Reply) -> None:
        """Add one, and drop the oldest beyond the limits."""
        replies = self._replies
        replies.append(reply)
        self._bytes += len(reply.body)
        while len(replies) > budgets.RECENT_REPLIES or self._bytes > budgets.RECENT_REPLY_BYTES:
            self._bytes -= len(replies.popleft().body)

    def take(self) -> list[Reply]:
        """Remove all, and return those whose caller may still be waiting."""
        since = time.monotonic() - budgets.RPC_SECONDS
        taken = [reply for reply in self._replies if reply.made_at > since]
        self._replies.clear()
        self._bytes = 0
        return taken
