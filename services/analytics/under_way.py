"""Whose numbers are being counted in this process right now."""

from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager


class UnderWay:
    """Tells a read that it is worth to wait a moment for numbers that are being counted.

    Whoever logs a workout and looks at once would otherwise meet the numbers of before, and look
    again. It is a courtesy of one process, not a promise.
    """

    def __init__(self) -> None:
        self._countings: Counter[int] = Counter()

    @contextmanager
    def counting(self, user_ids: Collection[int]) -> Iterator[None]:
        """Surround the counting of users' numbers."""
        self._countings.update(user_ids)
        try:
            yield
        finally:
            self._countings -= Counter(user_ids)

    def covers(self, user_id: int) -> bool:
        """Tell whether a user's numbers are being counted."""
        return user_id in self._countings
