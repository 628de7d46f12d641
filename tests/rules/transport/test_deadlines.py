"""Seconds on the wire, a moment of the own clock in the process, and what stalls do to both."""

import time
from types import SimpleNamespace

import eventlet
import pytest

from services.transport import deadlines
from services.transport.amqp import stalls
from services.transport.amqp.stalls import Stalls


@pytest.mark.parametrize(
    ("seconds", "written"), [(8.0, "8000"), (0.0305, "30"), (0.0001, "1"), (-1, "1")]
)
def test_seconds_are_sent_as_milliseconds(seconds, written):
    assert deadlines.expiration(seconds) == written


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ("8000", 8.0),
        ("0", 0.0),
        ("", None),
        ("-1", None),
        ("8e3", None),
        ("1" * 11, None),
        ("\u0663", None),
    ],
)
def test_what_is_sent_is_read_again(given, seconds):
    assert deadlines.timeout_given({"expiration": given}) == seconds


def test_whoever_says_nothing_waits_for_ever():
    assert deadlines.timeout_given({}) is None


def test_a_call_on_behalf_of_another_has_what_that_one_has_left():
    worker = SimpleNamespace()
    assert deadlines.seconds_left(worker, 5) == 5
    deadlines.set_deadline(worker, None)
    assert deadlines.seconds_left(worker, 5) == 5
    deadlines.set_deadline(worker, time.monotonic() + 2)
    assert 1 < deadlines.seconds_left(worker, 5) <= 2
    deadlines.set_deadline(worker, time.monotonic() + 60)
    assert deadlines.seconds_left(worker, 5) == 5
    deadlines.set_deadline(worker, time.monotonic() - 1)
    assert deadlines.seconds_left(worker, 5) == deadlines.LEAST_SECONDS


@pytest.fixture
def looked():
    """Stalls that have begun to look, and the fences they asked for."""
    fences = []
    found = Stalls(fences.append)
    found.start()
    eventlet.sleep(0)
    return found, fences


def age(found):
    return found.possible_age(time.monotonic())


def test_an_idle_process_is_not_away(looked):
    found, fences = looked
    for _ in range(5):
        eventlet.sleep(stalls.LOOK_SECONDS)
    assert (age(found), fences) == (0, [])


@pytest.mark.slow
@pytest.mark.parametrize("is_read_first", [True, False])
def test_what_lay_unread_is_as_old_as_the_stall_until_all_of_it_has_come(looked, is_read_first):
    found, fences = looked
    time.sleep(1)
    if not is_read_first:
        eventlet.sleep(0)
    assert 1 <= age(found) < 1.5
    # the loop runs again, and what has come since may have been sent long ago
    for _ in range(5):
        eventlet.sleep(stalls.LOOK_SECONDS)
    assert 1.5 <= age(found) < 2.5
    assert len(fences) == 1
    fences.pop()()
    assert age(found) == 0


def test_a_second_stall_begins_where_the_first_ones_fence_was_sent(looked):
    found, fences = looked
    time.sleep(0.5)
    eventlet.sleep(0)
    time.sleep(0.5)
    assert 1 <= age(found) < 1.5
    fences.pop()()
    assert 0.5 <= age(found) < 1
    fences.pop()()
    assert (age(found), fences) == (0, [])


@pytest.mark.slow
def test_a_busy_loop_does_not_make_everything_old():
    """A fence is answered in the next turn, in which the loop is late again."""
    answers = []
    found = Stalls(answers.append)
    found.start()
    ages = []
    for _ in range(8):
        time.sleep(0.35)
        eventlet.sleep(0)
        ages.append(age(found))
        for answer in [answers.pop() for _ in list(answers)]:
            answer()
    assert max(ages) < 1


def test_a_look_that_fails_is_not_the_last():
    def fail(_passed):
        raise RuntimeError

    found = Stalls(fail)
    found.start()
    time.sleep(0.5)
    eventlet.sleep(0)
    found.forget()
    for _ in range(5):
        eventlet.sleep(stalls.LOOK_SECONDS)
    assert age(found) == 0


@pytest.mark.slow
def test_a_lost_connection_leaves_nothing_unread(looked):
    found, _ = looked
    time.sleep(0.5)
    assert age(found) > 0
    found.forget()
    assert age(found) == 0
