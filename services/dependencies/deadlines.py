"""Waits that end, thousands of times a second.

A timer for each wait stays in the event loop's heap until it is due, long after what was waited for
has come: with deadlines of seconds and a thousand requests a second that is most of the heap. Here
one timer looks at all deadlines now and then.
"""

import time

import eventlet
from eventlet.event import Event
from eventlet.hubs import get_hub

LOOK_SECONDS = 0.05
"""How often deadlines are looked at, and so how late one may be noticed."""

SHORT_SECONDS = 0.5
"""Below this a deadline has a timer of its own."""

_waiting: dict[object, tuple[float, Event]] = {}
_is_looking = False


def wait_for(event: Event, seconds: float) -> object:
    """Return what an event brings, or None after so many seconds.

    Whoever sends the event must look first whether it is ready: the end of its time makes it so.
    """
    if seconds < SHORT_SECONDS:
        with eventlet.Timeout(max(seconds, 0), False):
            return event.wait()
        return None
    wait = object()
    _waiting[wait] = time.monotonic() + seconds, event
    _look_later()
    try:
        return event.wait()
    finally:
        del _waiting[wait]


def _look_later() -> None:
    global _is_looking
    if not _is_looking:
        _is_looking = True
        get_hub().schedule_call_global(LOOK_SECONDS, _look)


def _look() -> None:
    global _is_looking
    _is_looking = False
    now = time.monotonic()
    for ends_at, event in list(_waiting.values()):
        if ends_at <= now and not event.ready():
            event.send(None)
    if _waiting:
        _look_later()
