"""What clients make the server hold, for each address and in all."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.transport.http import limits
from services.transport.http.memory_limits import MemoryLimits

KB = 1024


@pytest.fixture(autouse=True)
def small_bounds(monkeypatch):
    monkeypatch.setattr(limits, "MOST_HELD_PER_ADDRESS", 100 * KB)
    monkeypatch.setattr(limits, "MOST_HELD", 300 * KB)


@dataclass(eq=False)
class Connection:
    memory_limits: MemoryLimits
    address: str | None = "192.0.2.1"
    waits_for_client: bool = True
    closed: bool = False

    def close(self):
        self.closed = True
        self.memory_limits.release(self)


@pytest.fixture
def memory_limits():
    return MemoryLimits()


def test_who_has_not_moved_for_longest_is_closed(memory_limits):
    first, second, third = (Connection(memory_limits) for _ in range(3))
    memory_limits.note(first, 40 * KB)
    memory_limits.note(second, 40 * KB)
    memory_limits.note(first, 50 * KB)
    assert [first.closed, second.closed] == [False, False]
    memory_limits.note(third, 40 * KB)
    assert [first.closed, second.closed, third.closed] == [False, True, False]
    assert memory_limits.total == 90 * KB


def test_one_answer_may_be_larger_than_the_bound(memory_limits):
    alone = Connection(memory_limits)
    memory_limits.note(alone, 1000 * KB)
    assert not alone.closed


def test_others_and_proxies_do_not_suffer(memory_limits):
    other, proxy = Connection(memory_limits, "192.0.2.2"), Connection(memory_limits, None)
    memory_limits.note(other, 90 * KB)
    memory_limits.note(proxy, 101 * KB)
    memory_limits.note(Connection(memory_limits, None), 30 * KB)
    for _ in range(50):
        memory_limits.note(Connection(memory_limits), 60 * KB)
    assert not other.closed
    assert not proxy.closed


def test_in_all_there_is_a_bound_too(memory_limits):
    many = [Connection(memory_limits, f"192.0.2.{number}") for number in range(50)]
    for connection in many:
        memory_limits.note(connection, 90 * KB)
    assert memory_limits.total <= limits.MOST_HELD
    assert [connection.closed for connection in many] == [True] * 47 + [False] * 3


def test_a_request_that_is_worked_on_is_not_closed(memory_limits):
    busy = Connection(memory_limits, waits_for_client=False)
    newest = Connection(memory_limits)
    memory_limits.note(busy, 90 * KB)
    memory_limits.note(newest, 90 * KB)
    assert [busy.closed, newest.closed] == [False, True]
    assert memory_limits.total == 90 * KB


steps = st.tuples(st.integers(0, 9), st.sampled_from([0, 10, 25, 60, 90, 200]), st.booleans())


@given(st.lists(steps, max_size=60))
def test_the_sums_are_right_whatever_happens(steps):
    memory_limits = MemoryLimits()
    connections = [Connection(memory_limits, f"192.0.2.{number % 3}") for number in range(10)]
    held = {}
    for number, size, waits in steps:
        connection = connections[number]
        if connection.closed:
            connection = connections[number] = Connection(memory_limits, connection.address)
        connection.waits_for_client = waits
        memory_limits.note(connection, size * KB)
        held[connection] = size * KB if size * KB > limits.NEGLIGIBLE_BYTES else 0
        held = {one: size for one, size in held.items() if not one.closed}
        assert memory_limits.total == sum(held.values())
        assert (
            memory_limits.total <= limits.MOST_HELD or len([one for one in held if held[one]]) == 1
        )
    for connection in connections:
        if not connection.closed:
            connection.close()
    assert memory_limits.total == 0
    assert not memory_limits._own
