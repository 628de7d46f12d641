"""Requests that were counted in advance, so that most need no look at Redis."""

import time
from collections import OrderedDict

from limits import RateLimitItem

PART = 100
LARGEST_ADVANCE = 50
ADVANCE_SECONDS = 5
MOST_ALLOWANCES = 20_000


class Allowances:
    """A hundredth of a limit at a time, taken by this process for one user or address.

    A limit is never exceeded for it; what was counted and not used in time is at most that part.
    """

    def __init__(self) -> None:
        self._left: OrderedDict[tuple[RateLimitItem, str], tuple[int, float]] = OrderedDict()

    @staticmethod
    def size(limit: RateLimitItem) -> int:
        """Return how many requests are counted at a time."""
        return max(1, min(limit.amount // PART, LARGEST_ADVANCE))

    def take(self, limit: RateLimitItem, who: str) -> bool:
        """Use one request that was counted in advance, if there is one."""
        left, ends_at = self._left.get((limit, who), (0, 0.0))
        if not left or time.monotonic() > ends_at:
            return False
        self._left[limit, who] = left - 1, ends_at
        return True

    def give(self, limit: RateLimitItem, who: str, count: int) -> None:
        """Note requests that have been counted in advance."""
        self._left.pop((limit, who), None)
        self._left[limit, who] = count, time.monotonic() + ADVANCE_SECONDS
        while len(self._left) > MOST_ALLOWANCES:
            self._left.popitem(last=False)
