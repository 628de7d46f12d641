"""Writes that must reach Redis: sent now, and otherwise again until they have arrived.

Of each key the last value counts. The queue is in this process's memory only. A process that is
killed loses it, and nothing relies on it for long: what a lost write would have made stale, or
revoked, ends by itself.
"""

import uuid
from collections.abc import Callable
from typing import Any

import eventlet
from eventlet.event import Event

from services.process import budgets

FRESH = None
"""Instead of a value: a random one, and another with each try to send it."""


Send = Callable[[tuple[str | int, ...], Callable[[Any, bool], None]], None]
"""Sends a command whatever the state of the server. What is given along gets the answer, or None
for a failure."""


class PendingWrites:
    """The queue of what a store still has to be told.

    Args:
        send: sends a command.
        note_arrived: is told key, value and the text that was sent for it, once that is there.
        spawn: runs something in the background.
    """

    def __init__(
        self,
        send: Send,
        note_arrived: Callable[[str, str | None, str], None],
        spawn: Callable[[Callable[[], None]], object],
    ):
        self._send_command = send
        self._note_arrived = note_arrived
        self._spawn = spawn
        self._writes: dict[str, tuple[str | None, int]] = {}
        self._is_retrying = False

    def __bool__(self) -> bool:
        """Tell whether anything has not arrived yet, nor is on its way."""
        return bool(self._writes)

    @property
    def is_retrying(self) -> bool:
        """Whether something has failed to arrive and is being sent again."""
        return self._is_retrying

    def write(self, values: dict[str, tuple[str | None, int]], is_paused: bool) -> None:
        """Write values now or as soon as the server is back; wait a moment for them to arrive.

        Args:
            values: values and the seconds that they live, by key.
            is_paused: whether nothing else is asked of the server at the moment.
        """
        self._writes.update(values)
        # tried all the same: what this process takes for an outage may be its own slowness, while
        # others read what this write makes stale (test_a_write_tries_even_in_a_pause)
        self._try(budgets.REDIS_GLANCE_SECONDS if is_paused else 2 * budgets.REDIS_SECONDS)
        if self._writes and not is_paused:
            # the link had been lost before, which nobody had seen yet
            self._try(budgets.REDIS_GLANCE_SECONDS)

    def send(self) -> Event | None:
        """Send all that waits; the event is sent when the last of it has arrived, or failed."""
        writes, self._writes = self._writes, {}
        answered = None
        for key, (value, seconds) in writes.items():
            answered = self._send_one(key, value, seconds)
        return answered

    def _try(self, seconds: float) -> None:
        answered = self.send()
        if answered is not None:
            with eventlet.Timeout(seconds, False):
                answered.wait()

    def _send_one(self, key: str, value: str | None, seconds: int) -> Event:
        answered = Event()
        # A try that seemed to fail may have arrived. What was stored under its generation since
        # must not become valid again when the write is repeated, so each try is another one.
        text = uuid.uuid4().hex if value is FRESH else value

        def take(answer: Any, _went_well: bool) -> None:
            if answer is None:
                self._put_back(key, value, seconds)
            else:
                self._note_arrived(key, value, text)
            answered.send()

        self._send_command(("SET", key, text, "EX", seconds), take)
        return answered

    def _put_back(self, key: str, value: str | None, seconds: int) -> None:
        self._writes[key] = value, seconds
        if not self._is_retrying:
            self._is_retrying = True
            self._spawn(self._retry)

    def _retry(self) -> None:
        while self._writes:
            eventlet.sleep(budgets.REDIS_PAUSE_SECONDS / 5)
            answered = self.send()
            if answered is not None:
                answered.wait()
        self._is_retrying = False
