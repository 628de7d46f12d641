"""Requests that were counted in advance, so that most need no look at Redis."""

import time
from collections import OrderedDict
from dataclasses import dataclass

from limits import RateLimitItem

PART = 100
LARGEST_ADVANCE = 50
MOST_LEASES = 20_000


@dataclass(slots=True)
class _Lease:
    left: int
    ends_at: float


class Leases:
    """A hundredth of a limit at a time, taken by this process for one user or address.

    It may be used for as long as it counts, so none is lost; whoever asks other processes has that
    much less meanwhile. What was counted early ends to count early: of any window, no more than
    that part above the limit gets through.
    """

    def __init__(self) -> None:
        # by the limit's name: a limit itself takes longer to be found than the allowance is worth
        self._left: OrderedDict[tuple[str, str], _Lease] = OrderedDict()

    @staticmethod
    def size(limit: RateLimitItem) -> int:
        """Return how many requests are counted at a time."""
        return max(1, min(limit.amount // PART, LARGEST_ADVANCE))

    def take(self, limit: RateLimitItem, who: str) -> bool:
        """Use one request that was counted in advance, if there is one."""
        lease = self._left.get((limit.namespace, who))
        if lease is None or not lease.left or time.monotonic() > lease.ends_at:
            return False
        lease.left -= 1
        return True

    def add(self, limit: RateLimitItem, who: str, count: int) -> None:
        """Note further requests that have been counted in advance."""
        key = (limit.namespace, who)
        now = time.monotonic()
        old = self._left.pop(key, None)
        left = old.left if old is not None and now <= old.ends_at else 0
        self._left[key] = _Lease(left + count, now + limit.get_expiry())
        while len(self._left) > MOST_LEASES:
            self._left.popitem(last=False)
