"""The moving window in memory: what it lets through, and how much it holds."""

import random

import pytest
from limits import parse

from gateway.admission import moving_window
from gateway.admission.moving_window import MOST_KEYS, SLOTS, MovingWindow

START = 1_700_000_000.0


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = START

        def monotonic(self):
            return self.now - START

        def time(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr(moving_window, "time", clock)
    return clock


def test_a_limit_is_kept_and_moves_with_time(clock):
    window, limit = MovingWindow(), parse("3/minute")
    for second in (0, 10, 20):
        clock.now = START + second
        assert window.test(limit, "a")
        assert window.hit(limit, "a")
    assert not window.hit(limit, "a")
    assert not window.test(limit, "a")
    assert window.get_window_stats(limit, "a") == (START + 60, 0)
    assert window.hit(limit, "b")
    clock.now = START + 60
    assert window.get_window_stats(limit, "a") == (START + 70, 1)
    assert window.hit(limit, "a")
    assert not window.hit(limit, "a")


def test_several_at_once_count_as_a_whole_or_not_at_all(clock):
    window, limit = MovingWindow(), parse("10/minute")
    assert window.hit(limit, "a", cost=8)
    assert not window.hit(limit, "a", cost=3)
    assert window.get_window_stats(limit, "a").remaining == 2
    assert window.hit(limit, "a", cost=2)


def test_no_window_ever_has_more_than_the_limit_and_hardly_less(clock):
    window, limit = MovingWindow(), parse("50/minute")
    taken = []
    generator = random.Random(1)
    for _ in range(5000):
        clock.now += generator.expovariate(5)
        if window.hit(limit, "a"):
            taken.append(clock.now)
    for place, moment in enumerate(taken):
        within = [each for each in taken[place : place + 60] if each < moment + 60]
        assert len(within) <= 50
    assert len(taken) > 0.95 * 50 * (clock.now - START) / 60


def test_a_look_leaves_nothing_behind(clock):
    window, limit = MovingWindow(), parse("3/minute")
    assert window.test(limit, "a")
    assert window.get_window_stats(limit, "a").remaining == 3
    assert len(window) == 0


def test_keys_are_bounded_in_number_and_those_in_use_stay(clock):
    window, limit = MovingWindow(), parse("3/minute")
    for _ in range(3):
        window.hit(limit, "attacker")
    for number in range(MOST_KEYS + 1000):
        window.hit(limit, str(number))
        if number % 1000 == 0:
            assert not window.hit(limit, "attacker")
    assert len(window) == MOST_KEYS
    assert not window.hit(limit, "attacker")
    window.clear()
    assert window.hit(limit, "attacker")


def test_a_key_holds_few_numbers_however_large_its_limit(clock):
    window, limit = MovingWindow(), parse("1000000/hour")
    for _ in range(20_000):
        clock.now += 0.1
        assert window.hit(limit, "a")
    (counts,) = window._counted.values()
    assert len(counts.latest) == len(counts.counts) <= SLOTS + 1
    assert window.get_window_stats(limit, "a").remaining == 980_000
