"""Limits of connections: which new one is accepted, and which old one is closed for it."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from functools import lru_cache
from heapq import nsmallest
from operator import attrgetter
from typing import Protocol

from services.observability import metrics
from services.observability.logging import get_logger
from services.transport.http import limits
from services.transport.http.addresses import Network, connection_address

log = get_logger(__name__)

MOST_ADDRESSES = 4096
FOUND_AT_ONCE = 64
"""Connections found by one scan of all."""

LOOK_PAUSE_SECONDS = 0.02
"""Pause after a scan that found none."""


class Client(Protocol):
    """The interface of a connection that is used here."""

    address: str | None
    since: float

    @property
    def has_incomplete_head(self) -> bool:
        """Whether it has not brought a whole request, or only a part of the next."""

    @property
    def is_idle(self) -> bool:
        """Whether all its requests have been answered."""

    @property
    def waits_for_client(self) -> bool:
        """Whether the client is to send or to read something."""

    def close(self) -> None:
        """Close it."""


class ConnectionLimits:
    """Limits the connections of each address and of all of them.

    Args:
        trusted: proxies, each of which brings many clients: only the limit of all holds for them.
        most: the limit of all.
    """

    def __init__(self, trusted: tuple[Network, ...], most: int):
        self.all = LimitedSet(most)
        self._own: dict[str | None, LimitedSet] = {}
        self._refused = 0
        self._logged_at = 0.0
        self.address_of: Callable[[str], str | None] = lru_cache(MOST_ADDRESSES)(
            lambda peer: connection_address(peer, trusted)
        )

    def make_room(self, address: str | None) -> bool:
        """Return whether one more connection may come, having closed another if need be."""
        now = time.monotonic()
        own = self._own.get(address)
        if own is not None and own.is_full:
            return self._displace(own.find(now), "address", now)
        if self.all.is_full:
            return self._displace(self.all.find(now, also_slow=True), "all", now)
        return True

    def add(self, connection: Client) -> None:
        """Count a connection that has been accepted."""
        self.all.add(connection)
        if connection.address is not None:
            own = self._own.get(connection.address)
            if own is None:
                most = min(limits.MOST_PER_ADDRESS, self.all.most // limits.LEAST_ADDRESSES)
                own = self._own[connection.address] = LimitedSet(max(most, 1))
            own.add(connection)

    def note_head(self, connection: Client) -> None:
        """Note that a connection that was kept open has brought a part of a head."""
        for limited in self._sets_of(connection):
            limited.note_head(connection)

    def discard(self, connection: Client) -> None:
        """Count a connection no longer."""
        for limited in self._sets_of(connection):
            limited.discard(connection)
        own = self._own.get(connection.address)
        if own is not None and not own.connections:
            del self._own[connection.address]

    def _sets_of(self, connection: Client) -> Iterable["LimitedSet"]:
        own = self._own.get(connection.address)
        return (self.all,) if own is None else (self.all, own)

    def _displace(self, connection: Client | None, bound: str, now: float) -> bool:
        if connection is None:
            metrics.HTTP_DROPPED.labels(bound, "refused").inc()
            self._log_refused(bound, now)
            return False
        metrics.HTTP_DROPPED.labels(bound, "displaced").inc()
        connection.close()
        return True

    def _log_refused(self, bound: str, now: float) -> None:
        self._refused += 1
        if now - self._logged_at >= limits.LOG_PAUSE_SECONDS:
            log.warning("too many connections, new ones refused", bound=bound, count=self._refused)
            self._refused, self._logged_at = 0, now


class LimitedSet:
    """Connections that count for one limit.

    Args:
        most: the limit.
    """

    __slots__ = ("_heads", "_idle", "_slow", "connections", "most")

    def __init__(self, most: int):
        self.most = most
        self.connections: set[Client] = set()
        self._heads: OrderedDict[Client, None] = OrderedDict()
        self._idle = _Longest(self.connections, attrgetter("is_idle"))
        self._slow = _Longest(self.connections, attrgetter("waits_for_client"))

    @property
    def is_full(self) -> bool:
        """Whether one more would be too many."""
        return len(self.connections) >= self.most

    def add(self, connection: Client) -> None:
        """Take one that has just been accepted."""
        self.connections.add(connection)
        self._heads[connection] = None

    def note_head(self, connection: Client) -> None:
        """Note that a connection has begun another head."""
        self._heads[connection] = None
        self._heads.move_to_end(connection)

    def discard(self, connection: Client) -> None:
        """Forget one."""
        self.connections.discard(connection)
        self._heads.pop(connection, None)

    def find(self, now: float, also_slow: bool = False) -> Client | None:
        """Return the connection to close for a new one.

        It is the oldest incomplete head. While these are few and young it is rather the longest
        idle, as two who come in the same moment must not displace each other.

        Args:
            now: by the monotonic clock.
            also_slow: whether it may be one that is sending a body or reading a response.
        """
        head = self._oldest_head()
        is_many = len(self._heads) > self.most // 2
        if head is not None and (is_many or now - head.since > limits.YOUNG_SECONDS):
            return head
        return self._idle.find(now) or (self._slow.find(now) if also_slow else None) or head

    def _oldest_head(self) -> Client | None:
        # requests are not noted here, as that would cost each of them something
        while self._heads:
            connection = next(iter(self._heads))
            if connection.has_incomplete_head:
                return connection
            del self._heads[connection]
        return None


class _Longest:
    """Finds which connections have been in some state longest, many of them at a time."""

    def __init__(self, connections: set[Client], is_meant: Callable[[Client], bool]):
        self._connections = connections
        self._is_meant = is_meant
        self._found: list[tuple[float, Client]] = []
        self._next_look = 0.0

    def find(self, now: float) -> Client | None:
        """Return the one that has been there longest and was not returned before."""
        while self._found:
            since, connection = self._found.pop()
            if connection.since == since and self._is_meant(connection):
                return connection
        if now < self._next_look:
            return None
        meant = filter(self._is_meant, self._connections)
        longest = nsmallest(FOUND_AT_ONCE, meant, key=attrgetter("since"))
        if not longest:
            self._next_look = now + LOOK_PAUSE_SECONDS
            return None
        self._found = [(connection.since, connection) for connection in reversed(longest)]
        return self._found.pop()[1]
