"""Stalls of the event loop, and how old a message may be that is read after one."""

import time
from collections.abc import Callable

from eventlet.hubs import get_hub

LOOK_SECONDS = 0.1
"""How often a timer checks that the event loop runs."""

STALL_SECONDS = 0.2
"""A timer later than this means a stall: the process was frozen, or its event loop blocked."""

Fence = Callable[[Callable[[], None]], None]
"""Takes a callback, and calls it once everything has come that the broker had sent before."""


class Stalls:
    """Knows how old a message may be that has just been read.

    RabbitMQ goes on delivering to a frozen process, up to the prefetch, and its TTL no longer
    expires what it has delivered. When the process continues, all of that lies in the two sockets'
    buffers and looks as if it had just been sent.

    Args:
        fence: called after each stall, to learn when what was sent before has been read.
    """

    def __init__(self, fence: Fence):
        self._fence = fence
        self._due = float("inf")
        self._unread_since: float | None = None
        self._fence_at = 0.0
        self._stalled_again = False

    def start(self) -> None:
        """Start the timer, on the event loop of this thread."""
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
            # stalled again meanwhile: what is read now was sent after the fence, maybe long ago
            self._unread_since = self._fence_at
            self._ask(time.monotonic())
        else:
            self._unread_since = None
