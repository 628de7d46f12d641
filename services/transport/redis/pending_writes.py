"""Writes that must reach Redis: retried until they have arrived.

Only the last value of each key is sent. The queue is in memory, so a killed process loses it; that
is bounded, as cached values and tokens, which a lost write would have invalidated, expire.
"""

import uuid
from collections.abc import Callable
from typing import Any

import eventlet
from eventlet.event import Event

from services.process import budgets

FRESH = None
"""Placeholder for a random value, generated for each attempt."""


Send = Callable[[tuple[str | int, ...], Callable[[Any, bool], None]], None]
"""Sends a command even during a pause. The callback takes the reply, or None for a failure."""


class PendingWrites:
    """The queue of writes that have not arrived yet.

    Args:
        send: sends a command.
        note_arrived: called with key, value and the text sent for it, once that has arrived.
        spawn: runs a function in a greenthread.
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
        """Return whether there are writes that are to be sent, or sent again."""
        return bool(self._writes)

    @property
    def is_retrying(self) -> bool:
        """Whether failed writes are being retried."""
        return self._is_retrying

    def write(self, values: dict[str, tuple[str | None, int]], is_paused: bool) -> None:
        """Write values now or as soon as the server is back; wait briefly for them to arrive.

        Args:
            values: by key, the value and its lifetime in seconds.
            is_paused: whether other commands are held back after a failure.
        """
        self._writes.update(values)
        # tried even in a pause: the failure may have been this process's own slowness, while others
        # still read what this write makes stale (test_a_write_tries_even_in_a_pause)
        self._try(budgets.REDIS_GLANCE_SECONDS if is_paused else 2 * budgets.REDIS_SECONDS)
        if self._writes and not is_paused:
            # the connection had been lost before, which only this write has shown: reconnect
            self._try(budgets.REDIS_GLANCE_SECONDS)

    def send(self) -> Event | None:
        """Send all queued writes; the event is sent when the last one has arrived or failed."""
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
        # An attempt that timed out may have arrived. Values stored under its generation since must
        # not become valid again when it is repeated, so each attempt has a new random value.
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
