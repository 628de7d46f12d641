"""Waiting for an event with a timeout, with one timer for all waits.

``eventlet.Timeout`` adds a timer to the hub's heap for each wait, and a cancelled timer stays there
until it is due: with timeouts of seconds and a thousand requests a second that is most of the heap.
"""

import time
from weakref import WeakKeyDictionary

import eventlet
from eventlet.event import Event
from eventlet.hubs import get_hub

LOOK_SECONDS = 0.05
"""How often timeouts are checked, and so how late one may be noticed."""

SHORT_SECONDS = 0.5
"""A shorter timeout has a timer of its own."""


class _Deadlines:
    """The deadlines of one event loop."""

    def __init__(self) -> None:
        self.waiting: dict[object, tuple[float, Event]] = {}
        self._is_looking = False

    def wait(self, event: Event, seconds: float) -> object:
        """Wait for an event until its time is over."""
        wait = object()
        self.waiting[wait] = time.monotonic() + seconds, event
        self._look_later()
        try:
            return event.wait()
        finally:
            del self.waiting[wait]

    def _look_later(self) -> None:
        if not self._is_looking:
            self._is_looking = True
            get_hub().schedule_call_global(LOOK_SECONDS, self._look)

    def _look(self) -> None:
        self._is_looking = False
        now = time.monotonic()
        for ends_at, event in list(self.waiting.values()):
            if ends_at <= now and not event.ready():
                event.send(None)
        if self.waiting:
            self._look_later()


# eventlet has one hub for each thread
_of_hub: WeakKeyDictionary[object, _Deadlines] = WeakKeyDictionary()


def deadlines() -> _Deadlines:
    """Return the deadlines of this thread's event loop."""
    hub = get_hub()
    found = _of_hub.get(hub)
    if found is None:
        found = _of_hub[hub] = _Deadlines()
    return found


def wait_for(event: Event, seconds: float) -> object:
    """Return the value of an event, or None after a timeout in seconds.

    Senders must check ``event.ready()`` first: the timeout sends the event, too.
    """
    if seconds < SHORT_SECONDS:
        with eventlet.Timeout(max(seconds, 0), False):
            return event.wait()
        return None
    return deadlines().wait(event, seconds)
