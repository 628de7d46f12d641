"""Leases of a rate limit: requests counted in advance, so that most need no command to Redis."""

import time
from dataclasses import dataclass

from limits import RateLimitItem

from services.process.bounded_map import BoundedMap

PART = 100
LARGEST_LEASE = 50
MOST_LEASES = 20_000
"""Beyond this the oldest are dropped; their requests were counted, but can't be used."""


@dataclass(slots=True)
class _Lease:
    left: int
    ends_at: float


class Leases:
    """Leases of a hundredth of a limit, counted by this process for one user or address.

    A lease is usable as long as its requests count, so none is lost; other processes have that many
    fewer for the same user meanwhile. As requests are counted before they are made, up to a
    hundredth more than the limit may get through in a window.
    """

    def __init__(self) -> None:
        # keyed by the limit's name: hashing a RateLimitItem takes four times as long
        self._left: BoundedMap[tuple[str, str], _Lease] = BoundedMap(MOST_LEASES)

    @staticmethod
    def size(limit: RateLimitItem) -> int:
        """Return the number of requests in a lease."""
        return max(1, min(limit.amount // PART, LARGEST_LEASE))

    def take(self, limit: RateLimitItem, who: str) -> bool:
        """Use one request of a lease; False if there is none left."""
        lease = self._left.get((limit.namespace, who))
        if lease is None or not lease.left or time.monotonic() > lease.ends_at:
            return False
        lease.left -= 1
        return True

    def add(self, limit: RateLimitItem, who: str, count: int) -> None:
        """Add a lease of ``count`` requests, which have been counted already."""
        key = (limit.namespace, who)
        now = time.monotonic()
        old = self._left.pop(key, None)
        left = old.left if old is not None and now <= old.ends_at else 0
        self._left[key] = _Lease(left + count, now + limit.get_expiry())

    def forget(self, who: str) -> None:
        """Remove all leases of a user or address."""
        self._left.remove_where(lambda key, _: key[1] == who)

    def forget_ended(self) -> None:
        """Remove the leases that are not usable any more."""
        now = time.monotonic()
        self._left.remove_where(lambda _, lease: lease.ends_at < now)
