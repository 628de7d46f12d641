"""Times when the event loop did not look, and what they make of the messages found afterwards."""

import time
from collections.abc import Callable

from eventlet.hubs import get_hub

LOOK_SECONDS = 0.1
"""How often it is seen that the event loop runs."""

STALL_SECONDS = 0.2
"""A look that is late by more was no mere delay: the process was frozen, or its loop held up."""

Fence = Callable[[Callable[[], None]], None]
"""Calls what it is given once everything has come that the broker had sent before."""


class Stalls:
    """Tells how old a message may be that has just been read.

    To a frozen process RabbitMQ goes on delivering, and what it has delivered expires no more. When
    the process goes on, all of that lies in its socket, and in the broker's, and looks fresh.

    Args:
        fence: is asked after each stall for its end.
    """

    def __init__(self, fence: Fence):
        self._fence = fence
        self._due = float("inf")
        self._unread_since: float | None = None
        self._fence_at = 0.0
        self._stalled_again = False

    def start(self) -> None:
        """Begin to look, on the event loop of this thread."""
        self._look_later(time.monotonic())

    def possible_age(self, now: float) -> float:
        """Return for how many seconds a message that has just been read may have lain unread.

        Args:
            now: the moment on the monotonic clock.
        """
        if now - self._due > STALL_SECONDS:
            self._note(now)
        return 0.0 if self._unread_since is None else now - self._unread_since

    def forget(self) -> None:
        """Note that the connection was lost, and with it whatever lay unread."""
        self._unread_since = None

    def _look(self) -> None:
        now = time.monotonic()
        try:
            self.possible_age(now)
        finally:
            self._look_later(now)

    def _look_later(self, now: float) -> None:
        self._due = now + LOOK_SECONDS
        get_hub().schedule_call_global(LOOK_SECONDS, self._look)

    def _note(self, now: float) -> None:
        last_look = self._due - LOOK_SECONDS
        self._due = now + LOOK_SECONDS
        if self._unread_since is None:
            self._unread_since = last_look
            self._ask(now)
        else:
            self._stalled_again = True

    def _ask(self, now: float) -> None:
        self._fence_at = now
        self._stalled_again = False
        self._fence(self._pass)

    def _pass(self) -> None:
        if self._stalled_again:
            # what comes now was sent after the fence was, and maybe long ago all the same
            self._unread_since = self._fence_at
            self._ask(time.monotonic())
        else:
            self._unread_since = None
