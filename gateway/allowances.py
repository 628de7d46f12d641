"""Requests that were counted in advance, so that most need no look at Redis."""

import time
from collections import OrderedDict
from dataclasses import dataclass

from limits import RateLimitItem

PART = 100
LARGEST_ADVANCE = 50
ADVANCE_SECONDS = 5
MOST_ALLOWANCES = 20_000


@dataclass(slots=True)
class _Allowance:
    left: int
    ends_at: float


class Allowances:
    """A hundredth of a limit at a time, taken by this process for one user or address.

    A limit is never exceeded for it; what was counted and not used in time is at most that part.
    """

    def __init__(self) -> None:
        # by the limit's name: a limit itself takes longer to be found than the allowance is worth
        self._left: OrderedDict[tuple[str, str], _Allowance] = OrderedDict()

    @staticmethod
    def size(limit: RateLimitItem) -> int:
        """Return how many requests are counted at a time."""
        return max(1, min(limit.amount // PART, LARGEST_ADVANCE))

    def take(self, limit: RateLimitItem, who: str) -> bool:
        """Use one request that was counted in advance, if there is one."""
        allowance = self._left.get((limit.namespace, who))
        if allowance is None or not allowance.left or time.monotonic() > allowance.ends_at:
            return False
        allowance.left -= 1
        return True

    def give(self, limit: RateLimitItem, who: str, count: int) -> None:
        """Note requests that have been counted in advance."""
        key = (limit.namespace, who)
        self._left.pop(key, None)
        self._left[key] = _Allowance(count, time.monotonic() + ADVANCE_SECONDS)
        while len(self._left) > MOST_ALLOWANCES:
            self._left.popitem(last=False)
