"""Waits that end, with one timer for all of them."""

import threading
import time

import eventlet
import pytest
from eventlet.event import Event

from services.transport import timeouts
from services.transport.timeouts import wait_for


def test_what_comes_in_time_is_returned():
    event = Event()
    eventlet.spawn_after(0.01, event.send, "answer")
    assert wait_for(event, 5) == "answer"


def test_what_came_before_is_returned_at_once():
    event = Event()
    event.send("early")
    assert wait_for(event, 5) == "early"


@pytest.mark.parametrize("seconds", [-1, 0, 0.05, timeouts.SHORT_SECONDS])
def test_a_wait_ends(seconds):
    begun = time.monotonic()
    assert wait_for(Event(), seconds) is None
    late = time.monotonic() - begun - max(seconds, 0)
    assert 0 <= late < 1


def test_what_is_raised_is_raised():
    event = Event()
    eventlet.spawn_after(0.01, event.send_exception, KeyError("gone"))
    with pytest.raises(KeyError):
        wait_for(event, 5)


def test_each_of_many_waits_ends_at_its_own_time():
    begun = time.monotonic()

    def wait(seconds):
        wait_for(Event(), seconds)
        return time.monotonic() - begun

    given = [0.5, 0.9, 0.6, 0.5, 0.7]
    took = [thread.wait() for thread in [eventlet.spawn(wait, seconds) for seconds in given]]
    assert all(seconds <= waited < seconds + 1 for seconds, waited in zip(given, took, strict=True))


def test_nothing_is_left_of_a_wait_that_was_broken_off():
    thread = eventlet.spawn(wait_for, Event(), 100)
    eventlet.sleep(0)
    waiting = timeouts.deadlines().waiting
    assert waiting
    thread.kill()
    assert not waiting


def test_each_thread_has_deadlines_of_its_own():
    took = []

    def wait():
        begun = time.monotonic()
        wait_for(Event(), timeouts.SHORT_SECONDS)
        took.append(time.monotonic() - begun)

    for _ in range(2):
        thread = threading.Thread(target=wait)
        thread.start()
        thread.join(10)
    assert len(took) == 2
    assert max(took) < timeouts.SHORT_SECONDS + 1
