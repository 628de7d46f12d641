"""Who gives way to a new connection, of an address and of all."""

import itertools
import time
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.transport.http import connection_limits, limits
from services.transport.http.addresses import connection_address, parse_networks
from services.transport.http.connection_limits import ConnectionLimits, LimitedSet

HEAD, IDLE, SLOW, BUSY = "head", "idle", "slow", "busy"


@dataclass(eq=False)
class Connection:
    state: str
    since: float
    address: str | None = "192.0.2.1"
    admitting: ConnectionLimits | None = None

    @property
    def has_incomplete_head(self):
        return self.state is HEAD

    @property
    def is_idle(self):
        return self.state is IDLE

    @property
    def waits_for_client(self):
        return self.state is SLOW

    def close(self):
        self.state = "closed"
        self.admitting.discard(self)


def room_of(*connections, most=100):
    room = LimitedSet(most)
    for connection in connections:
        room.add(connection)
    return room


def test_the_oldest_incomplete_head_goes_first():
    young, old, older = (Connection(HEAD, since) for since in (99.5, 90, 80))
    assert room_of(Connection(IDLE, 1), older, old, young).find(100) is older


def test_a_young_head_is_spared_while_somebody_idles_longer():
    idle, idler, young = Connection(IDLE, 50), Connection(IDLE, 40), Connection(HEAD, 99.5)
    assert room_of(idle, idler, young).find(100) is idler
    assert room_of(Connection(BUSY, 1), young).find(100) is young


def test_young_heads_go_first_when_they_are_many():
    heads = [Connection(HEAD, 99.5 + number / 1000) for number in range(6)]
    assert room_of(Connection(IDLE, 1), *heads, most=10).find(100) is heads[0]


def test_who_is_slow_gives_way_where_that_is_wanted():
    slow, slower = Connection(SLOW, 60), Connection(SLOW, 50)
    room = room_of(slow, slower, Connection(BUSY, 1))
    assert room.find(100) is None
    assert room.find(100, also_slow=True) is slower


def test_a_head_after_a_request_is_as_old_as_its_begin():
    kept, new = Connection(IDLE, 10), Connection(HEAD, 20)
    room = room_of(kept, new)
    kept.state, kept.since = HEAD, 30
    room.note_head(kept)
    assert room.find(100) is new


states = st.tuples(st.sampled_from([HEAD, IDLE, SLOW, BUSY]), st.integers(0, 90))


@given(st.lists(states, max_size=30), st.lists(states, max_size=30))
def test_all_give_way_in_their_order(first, later):
    connections = [Connection(state, since) for state, since in sorted(first, key=lambda s: s[1])]
    room = room_of(*connections)
    for connection, (state, since) in zip(connections, later, strict=False):
        # requests come and go, of which a room is not told
        connection.state, connection.since = state if state is not HEAD else IDLE, since
    displace_all(room)
    assert {connection.state for connection in room.connections} <= {BUSY}


def displace_all(room):
    """Displace one after the other, holding each against a plain look at all of them."""
    for number in itertools.count():
        meant = [c for c in room.connections if c.is_idle]
        slow = [c for c in room.connections if c.waits_for_client]
        heads = [c for c in room.connections if c.has_incomplete_head]
        found = room.find(100 + number, also_slow=True)
        if found is None:
            assert (meant, slow, heads) == ([], [], [])
            return
        wanted = heads or meant or slow
        assert found in wanted
        assert heads or found.since == min(connection.since for connection in wanted)
        room.discard(found)


def test_it_is_not_looked_at_all_for_each_new_one(monkeypatch):
    looks = []
    monkeypatch.setattr(connection_limits, "nsmallest", counted(looks, connection_limits.nsmallest))
    room = room_of(*(Connection(IDLE, number) for number in range(2000)), most=4000)
    for number in range(1000):
        found = room.find(5000)
        assert found.since == number
        room.discard(found)
    assert len(looks) < 20
    looks.clear()
    busy = room_of(*(Connection(BUSY, number) for number in range(2000)), most=4000)
    for number in range(1000):
        assert busy.find(5000 + number / 100_000) is None
    assert len(looks) == 1


def counted(calls, function):
    def call(*args, **options):
        calls.append(function)
        return function(*args, **options)

    return call


def test_thousands_of_one_byte_connections_cost_little():
    admitting = ConnectionLimits((), 2000)
    begun = time.perf_counter()
    for number in range(20_000):
        address = f"192.0.2.{number % 20}"
        assert admitting.make_room(address)
        admitting.add(Connection(HEAD, time.monotonic(), address, admitting))
    # far more than the machine can accept, also when it has other things to do
    assert time.perf_counter() - begun < 5
    assert len(admitting.all.connections) == 2000


def admit(admitting, address, state=HEAD, since=0.0):
    if not admitting.make_room(address):
        return None
    connection = Connection(state, since, address, admitting)
    admitting.add(connection)
    return connection


def test_an_address_displaces_its_own_only(monkeypatch):
    monkeypatch.setattr(limits, "MOST_PER_ADDRESS", 3)
    admitting = ConnectionLimits((), 100)
    other = admit(admitting, "192.0.2.2")
    own = [admit(admitting, "192.0.2.1", state) for state in (BUSY, IDLE, HEAD)]
    assert admit(admitting, "192.0.2.1", BUSY)
    assert [connection.state for connection in own] == [BUSY, IDLE, "closed"]
    assert admit(admitting, "192.0.2.1", SLOW)
    assert [connection.state for connection in own] == [BUSY, "closed", "closed"]
    assert admit(admitting, "192.0.2.1") is None
    assert other.state is HEAD


def test_one_address_never_takes_all_however_few_are_allowed():
    admitting = ConnectionLimits((), 8)
    taken = [admit(admitting, "192.0.2.1", BUSY) for _ in range(8)]
    assert len([connection for connection in taken if connection]) == 2


def test_a_proxys_connections_count_among_all_only(monkeypatch):
    monkeypatch.setattr(limits, "MOST_PER_ADDRESS", 3)
    admitting = ConnectionLimits((), 10)
    assert all(admit(admitting, None, BUSY) for _ in range(10))
    assert admit(admitting, None) is None
    assert admit(admitting, "192.0.2.1") is None


def test_what_has_ended_leaves_nothing_behind():
    admitting = ConnectionLimits((), 100)
    for number in range(50):
        admit(admitting, f"192.0.2.{number}").close()
    assert not admitting.all.connections
    assert not admitting._own
    assert not admitting.all._heads


def test_refusing_is_told_once_a_second(monkeypatch):
    told = []
    monkeypatch.setattr(
        connection_limits.log, "warning", lambda *_, **more: told.append(more["count"])
    )
    clock = iter([1000 + number / 100 for number in range(250)])
    monkeypatch.setattr(connection_limits.time, "monotonic", lambda: next(clock))
    admitting = ConnectionLimits((), 1)
    assert admit(admitting, "192.0.2.1", BUSY)
    for _ in range(249):
        assert admit(admitting, "192.0.2.2") is None
    assert told == [1, 100, 100]


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8::1:2:3:4", "2001:db8::/64"),
        ("10.1.2.3", None),
        ("::ffff:10.1.2.3", None),
        ("no address", "no address"),
    ],
)
def test_what_a_connection_counts_for(peer, address):
    assert connection_address(peer, parse_networks(["10.0.0.0/8"])) == address
