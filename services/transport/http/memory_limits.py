"""Limits of the memory that clients take: incomplete heads, bodies, and unread responses."""

from typing import Protocol

from services.observability import metrics
from services.transport.http import limits


class Holder(Protocol):
    """The interface of a connection that is used here."""

    address: str | None

    @property
    def waits_for_client(self) -> bool:
        """Whether the client is to send or to read something."""

    def close(self) -> None:
        """Close it, and release what it holds."""


class MemoryLimits:
    """Limits the bytes held for each address and for all of them.

    Beyond a limit the connection that has neither sent nor read for longest is closed, so a slow
    client goes on and one that has stopped does not. A request's body counts until its response,
    but a connection whose request is being worked on is not closed.
    """

    def __init__(self) -> None:
        self._all = _Held()
        self._own: dict[str, _Held] = {}

    @property
    def total(self) -> int:
        """Bytes held for all addresses."""
        return self._all.total

    def note(self, connection: Holder, size: int) -> None:
        """Note that bytes have moved, and how many are held now; may close this one or others.

        Args:
            connection: the connection that holds them.
            size: in bytes; up to ``NEGLIGIBLE_BYTES`` are not counted.
        """
        if size <= limits.NEGLIGIBLE_BYTES:
            self.release(connection)
            return
        self._all.note(connection, size)
        if connection.address is not None:
            own = self._own.setdefault(connection.address, _Held())
            own.note(connection, size)
            own.keep(limits.MOST_HELD_PER_ADDRESS, connection, "address")
        self._all.keep(limits.MOST_HELD, connection, "all")

    def release(self, connection: Holder) -> None:
        """Note that a connection holds nothing."""
        if not self._all.release(connection) or connection.address is None:
            return
        own = self._own[connection.address]
        own.release(connection)
        if not own.sizes:
            del self._own[connection.address]


class _Held:
    """What counts for one limit, ordered by the last movement, the oldest first."""

    __slots__ = ("sizes", "total")

    def __init__(self) -> None:
        self.sizes: dict[Holder, int] = {}
        self.total = 0

    def note(self, connection: Holder, size: int) -> None:
        self.total += size - self.sizes.pop(connection, 0)
        self.sizes[connection] = size

    def release(self, connection: Holder) -> bool:
        size = self.sizes.pop(connection, 0)
        self.total -= size
        return size > 0

    def keep(self, most: int, newest: Holder, bound: str) -> None:
        # one connection alone is left: a single response may be larger than an address's limit
        while self.total > most and len(self.sizes) > 1:
            others = (other for other in self.sizes if other is not newest)
            closed = next((other for other in others if other.waits_for_client), newest)
            metrics.HTTP_DROPPED.labels(bound, "held").inc()
            closed.close()
            if closed is newest:
                return
