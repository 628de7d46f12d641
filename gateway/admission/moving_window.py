"""A moving window in this process's memory: what counts while the counters' store is away.

It goes by the monotonic clock, so setting the machine's clock neither frees nor holds anybody.
"""

import time
from array import array
from collections import OrderedDict

from limits import RateLimitItem
from limits.util import WindowStats

MOST_KEYS = 20_000
"""Of more, those that were used least lately are forgotten."""

SLOTS = 100
"""Requests of one hundredth of a window count as of the latest of them: so many numbers a key."""


class _Counts:
    """What was counted for one key: when each slot was last added to, and how much is in it."""

    __slots__ = ("counts", "latest", "total")

    def __init__(self) -> None:
        self.latest = array("d")
        self.counts = array("L")
        self.total = 0

    def drop_until(self, moment: float) -> None:
        ended = 0
        while ended < len(self.latest) and self.latest[ended] <= moment:
            self.total -= self.counts[ended]
            ended += 1
        del self.latest[:ended], self.counts[:ended]

    def add(self, now: float, count: int, slot_seconds: float) -> None:
        self.total += count
        if self.latest and now // slot_seconds == self.latest[-1] // slot_seconds:
            self.latest[-1] = now
            self.counts[-1] += count
        else:
            self.latest.append(now)
            self.counts.append(count)


class MovingWindow:
    """Counts as ``limits.strategies.MovingWindowRateLimiter`` does, in bounded memory.

    In no window does it let more through than the limit; a request may count for up to a hundredth
    of the window longer than it has to.
    """

    def __init__(self) -> None:
        self._counted: OrderedDict[str, _Counts] = OrderedDict()

    def __len__(self) -> int:
        return len(self._counted)

    def hit(self, item: RateLimitItem, *identifiers: str, cost: int = 1) -> bool:
        """Count, unless that would be more than the limit; tell whether it was not."""
        now = time.monotonic()
        key = item.key_for(*identifiers)
        counts = self._current(key, now - item.get_expiry())
        if counts.total + cost > item.amount:
            return False
        counts.add(now, cost, item.get_expiry() / SLOTS)
        self._counted[key] = counts
        if len(self._counted) > MOST_KEYS:
            self._counted.popitem(last=False)
        return True

    def test(self, item: RateLimitItem, *identifiers: str, cost: int = 1) -> bool:
        """Tell whether :meth:`hit` would count."""
        return self.get_window_stats(item, *identifiers).remaining >= cost

    def get_window_stats(self, item: RateLimitItem, *identifiers: str) -> WindowStats:
        """Return when the oldest that counts ends to count, and how many more are free."""
        now = time.monotonic()
        counts = self._current(item.key_for(*identifiers), now - item.get_expiry())
        age = now - counts.latest[0] if counts.latest else 0.0
        return WindowStats(time.time() - age + item.get_expiry(), item.amount - counts.total)

    def clear(self) -> None:
        """Drop all counts."""
        self._counted.clear()

    def _current(self, key: str, ended: float) -> _Counts:
        counts = self._counted.get(key)
        if counts is None:
            return _Counts()
        self._counted.move_to_end(key)
        counts.drop_until(ended)
        return counts
