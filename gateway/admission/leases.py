"""Leases of a rate limit: requests counted in advance, so that most need not ask Redis."""

import time
from dataclasses import dataclass

from limits import RateLimitItem

from services.process.bounded_map import BoundedMap

PART = 100
LARGEST_LEASE = 50
MOST_LEASES = 20_000
"""Of more, the oldest are dropped, and their requests are lost to whom they were for."""


@dataclass(slots=True)
class _Lease:
    left: int
    ends_at: float


class Leases:
    """A hundredth of a limit at a time, counted by this process for one user or address.

    A lease is good for as long as it counts, so no request is lost; the same user has that many
    less at other processes meanwhile. As it was counted earlier than it is used, up to a
    hundredth more than the limit may get through in a window.
    """

    def __init__(self) -> None:
        # by the limit's name: a RateLimitItem takes four times as long to be looked up
        self._left: BoundedMap[tuple[str, str], _Lease] = BoundedMap(MOST_LEASES)

    @staticmethod
    def size(limit: RateLimitItem) -> int:
        """Return how many requests a lease has."""
        return max(1, min(limit.amount // PART, LARGEST_LEASE))

    def take(self, limit: RateLimitItem, who: str) -> bool:
        """Use one request of a lease, if there is one."""
        lease = self._left.get((limit.namespace, who))
        if lease is None or not lease.left or time.monotonic() > lease.ends_at:
            return False
        lease.left -= 1
        return True

    def add(self, limit: RateLimitItem, who: str, count: int) -> None:
        """Add a lease of so many requests, which have been counted."""
        key = (limit.namespace, who)
        now = time.monotonic()
        old = self._left.pop(key, None)
        left = old.left if old is not None and now <= old.ends_at else 0
        self._left[key] = _Lease(left + count, now + limit.get_expiry())
