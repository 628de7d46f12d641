"""What is being counted in this process right now, and who waits for it."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from eventlet.event import Event

from services.dependencies.deadlines import wait_for

PATIENCE_SECONDS = 0.05

ReadRecords = Callable[[Collection[int]], Mapping[int, Any]]
"""Gives the answers about the records of users, by the users' ids."""


class Counting:
    """One counting of some users' numbers."""

    def __init__(self) -> None:
        self._done = Event()
        self._awaited: dict[int, Event] = {}

    def wait(self) -> None:
        """Wait until the numbers are counted, but not for long."""
        wait_for(self._done, PATIENCE_SECONDS)

    def wait_for_records(self, user_id: int) -> Any:
        """Wait for the answer about a user's records; None if it has to be read after all."""
        return wait_for(self._awaited.setdefault(user_id, Event()), PATIENCE_SECONDS)

    def answer(self, read: ReadRecords) -> None:
        """Read the records that are waited for, if any, and give them.

        Whoever begins to wait once this reads gets nothing: their answer could be older than they.
        """
        waiting, self._awaited = self._awaited, {}
        if not waiting:
            return
        found: Mapping[int, Any] = {}
        try:
            found = read(waiting)
        finally:
            _give(waiting, found)

    def end(self) -> None:
        """Let all go on who still wait."""
        _give(self._awaited, {})
        self._done.send()


class UnderWay:
    """Lets a read wait a moment for numbers that are being counted just now.

    Whoever logs a workout and looks at once would otherwise meet the numbers of before, and look
    again. Records, the first thing one looks at, come with the commit itself. It is a courtesy
    between greenthreads of one process, not a promise.
    """

    def __init__(self) -> None:
        self._counting: dict[int, Counting] = {}

    @contextmanager
    def counting(self, user_ids: Iterable[int]) -> Iterator[Counting]:
        """Surround the counting of users' numbers."""
        this = Counting()
        mine = dict.fromkeys(user_ids, this)
        self._counting |= mine
        try:
            yield this
        finally:
            for user_id in mine:
                if self._counting.get(user_id) is this:
                    del self._counting[user_id]
            this.end()

    def wait(self, user_id: int) -> None:
        """Wait until a user's numbers are counted, but not for long."""
        counting = self._counting.get(user_id)
        if counting is not None:
            counting.wait()

    def records(self, user_id: int) -> Any:
        """Return the answer about a user's records if one comes with what is being counted."""
        counting = self._counting.get(user_id)
        return None if counting is None else counting.wait_for_records(user_id)


def _give(waiting: Mapping[int, Event], found: Mapping[int, Any]) -> None:
    for user_id, event in waiting.items():
        # the end of somebody's patience makes it ready
        if not event.ready():
            event.send(found.get(user_id))
