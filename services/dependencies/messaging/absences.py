"""Times when the event loop did not look, and what they make of the messages found afterwards."""

import time
from collections.abc import Callable

from eventlet.hubs import get_hub

LOOK_SECONDS = 0.1
"""How often it is seen that the event loop runs."""

AWAY_SECONDS = 0.2
"""A look that is late by more was no mere delay: the process was frozen, or its loop held up."""

Fence = Callable[[Callable[[], None]], None]
"""Calls what it is given once everything has come that the broker had sent before."""


class Absences:
    """Tells how old a message may be that has just been read.

    To a frozen process RabbitMQ goes on delivering, and what it has delivered expires no more. When
    the process goes on, all of that lies in its socket, and in the broker's, and looks fresh.

    Args:
        fence: is asked after each absence for its end.
    """

    def __init__(self, fence: Fence):
        self._fence = fence
        self._due = float("inf")
        self._seconds = 0.0
        self._fences = 0

    def start(self) -> None:
        """Begin to look, on the event loop of this thread."""
        self._look_later(time.monotonic())

    def possible_age(self, now: float) -> float:
        """Return for how many seconds a message that has just been read may have lain unread.

        Args:
            now: the moment on the monotonic clock.
        """
        if now - self._due > AWAY_SECONDS:
            self._note(now)
        return self._seconds

    def forget(self) -> None:
        """Note that the connection was lost, and with it whatever lay unread."""
        self._seconds, self._fences = 0.0, 0

    def _look(self) -> None:
        now = time.monotonic()
        self.possible_age(now)
        self._look_later(now)

    def _look_later(self, now: float) -> None:
        self._due = now + LOOK_SECONDS
        get_hub().schedule_call_global(LOOK_SECONDS, self._look)

    def _note(self, now: float) -> None:
        self._seconds += now - self._due + LOOK_SECONDS
        self._due = now + LOOK_SECONDS
        self._fences += 1
        self._fence(self._pass)

    def _pass(self) -> None:
        self._fences -= 1
        if not self._fences:
            self._seconds = 0.0
