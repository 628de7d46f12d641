"""Moving windows in memory, used while redis-counters is down.

They use the monotonic clock, so changes of the system time neither block nor free anybody.
"""

import time
from array import array

from limits import RateLimitItem
from limits.util import WindowStats

from services.process.bounded_map import BoundedMap

MOST_KEYS = 20_000
"""Beyond this the least recently used are dropped."""

SLOTS = 100
"""Requests within a hundredth of the window are counted as one slot, as old as the latest of them.
This bounds the memory per key, however large the limit."""


class _Counts:
    """The counts of one key: of each slot, the moment of its latest request and their number."""

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
    """Has the methods of ``limits.strategies.MovingWindowRateLimiter``, in bounded memory.

    The library's own storage in memory keeps an entry for each request. Here no window lets more
    through than the limit, and a request counts up to a hundredth of the window longer.
    """

    def __init__(self) -> None:
        self._counted: BoundedMap[str, _Counts] = BoundedMap(MOST_KEYS)

    def __len__(self) -> int:
        return len(self._counted)

    def hit(self, item: RateLimitItem, *identifiers: str, cost: int = 1) -> bool:
        """Count ``cost`` requests, or none and return False if they would be above the limit."""
        now = time.monotonic()
        key = item.key_for(*identifiers)
        counts = self._current(key, now - item.get_expiry())
        if counts.total + cost > item.amount:
            return False
        counts.add(now, cost, item.get_expiry() / SLOTS)
        self._counted[key] = counts
        return True

    def test(self, item: RateLimitItem, *identifiers: str, cost: int = 1) -> bool:
        """Return whether :meth:`hit` would count."""
        return self.get_window_stats(item, *identifiers).remaining >= cost

    def get_window_stats(self, item: RateLimitItem, *identifiers: str) -> WindowStats:
        """Return the Unix time at which the oldest request leaves the window, and what is left."""
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
