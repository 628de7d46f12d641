"""What is being counted in this process right now."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from eventlet.event import Event

from services.dependencies.deadlines import wait_for

PATIENCE_SECONDS = 0.05


class UnderWay:
    """Lets a read wait a moment for numbers that are being counted just now.

    Whoever logs a workout and looks at once would otherwise meet the numbers of before, and look
    again. It is a courtesy between greenthreads of one process, not a promise.
    """

    def __init__(self) -> None:
        self._counting: dict[int, Event] = {}

    @contextmanager
    def counting(self, user_ids: Iterable[int]) -> Iterator[None]:
        """Surround the counting of users' numbers."""
        done = Event()
        mine = dict.fromkeys(user_ids, done)
        self._counting |= mine
        try:
            yield
        finally:
            for user_id in mine:
                if self._counting.get(user_id) is done:
                    del self._counting[user_id]
            done.send()

    def wait(self, user_id: int) -> None:
        """Wait until a user's numbers are counted, but not for long."""
        done = self._counting.get(user_id)
        if done is not None:
            wait_for(done, PATIENCE_SECONDS)
