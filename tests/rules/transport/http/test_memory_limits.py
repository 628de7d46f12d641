"""What clients make the server hold, for each address and in all."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.transport.http import limits
from services.transport.http.memory_limits import Holdings

KB = 1024


@pytest.fixture(autouse=True)
def small_bounds(monkeypatch):
    monkeypatch.setattr(limits, "MOST_HELD_PER_ADDRESS", 100 * KB)
    monkeypatch.setattr(limits, "MOST_HELD", 300 * KB)


@dataclass(eq=False)
class Connection:
    holdings: Holdings
    address: str | None = "192.0.2.1"
    waits_for_client: bool = True
    closed: bool = False

    def close(self):
        self.closed = True
        self.holdings.release(self)


@pytest.fixture
def holdings():
    return Holdings()


def test_who_has_not_moved_for_longest_is_closed(holdings):
    first, second, third = (Connection(holdings) for _ in range(3))
    holdings.note(first, 40 * KB)
    holdings.note(second, 40 * KB)
    holdings.note(first, 50 * KB)
    assert [first.closed, second.closed] == [False, False]
    holdings.note(third, 40 * KB)
    assert [first.closed, second.closed, third.closed] == [False, True, False]
    assert holdings.total == 90 * KB


def test_one_answer_may_be_larger_than_the_bound(holdings):
    alone = Connection(holdings)
    holdings.note(alone, 1000 * KB)
    assert not alone.closed


def test_others_and_proxies_do_not_suffer(holdings):
    other, proxy = Connection(holdings, "192.0.2.2"), Connection(holdings, None)
    holdings.note(other, 90 * KB)
    holdings.note(proxy, 101 * KB)
    holdings.note(Connection(holdings, None), 30 * KB)
    for _ in range(50):
        holdings.note(Connection(holdings), 60 * KB)
    assert not other.closed
    assert not proxy.closed


def test_in_all_there_is_a_bound_too(holdings):
    many = [Connection(holdings, f"192.0.2.{number}") for number in range(50)]
    for connection in many:
        holdings.note(connection, 90 * KB)
    assert holdings.total <= limits.MOST_HELD
    assert [connection.closed for connection in many] == [True] * 47 + [False] * 3


def test_a_request_that_is_worked_on_is_not_closed(holdings):
    busy = Connection(holdings, waits_for_client=False)
    newest = Connection(holdings)
    holdings.note(busy, 90 * KB)
    holdings.note(newest, 90 * KB)
    assert [busy.closed, newest.closed] == [False, True]
    assert holdings.total == 90 * KB


steps = st.tuples(st.integers(0, 9), st.sampled_from([0, 10, 25, 60, 90, 200]), st.booleans())


@given(st.lists(steps, max_size=60))
def test_the_sums_are_right_whatever_happens(steps):
    holdings = Holdings()
    connections = [Connection(holdings, f"192.0.2.{number % 3}") for number in range(10)]
    held = {}
    for number, size, waits in steps:
        connection = connections[number]
        if connection.closed:
            connection = connections[number] = Connection(holdings, connection.address)
        connection.waits_for_client = waits
        holdings.note(connection, size * KB)
        held[connection] = size * KB if size * KB > limits.SMALL_HOLDING else 0
        held = {one: size for one, size in held.items() if not one.closed}
        assert holdings.total == sum(held.values())
        assert holdings.total <= limits.MOST_HELD or len([one for one in held if held[one]]) == 1
    for connection in connections:
        if not connection.closed:
            connection.close()
    assert holdings.total == 0
    assert not holdings._own
