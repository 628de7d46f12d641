"""Redis stopped, frozen and flushed; reads that race with writes."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from stack.layout import SERVICES
from tests.faults.checking import Tally, check
from tests.faults.lifters import Crowd, Lifter
from tests.faults.races import Race
from tests.faults.reporting import note
from tests.waiting import eventually


def stopped(system):
    system.kill_for_good("redis")
    time.sleep(4)
    system.start("redis")


def counters_stopped(system):
    system.kill_for_good("redis-counters")
    time.sleep(4)
    system.start("redis-counters")


def frozen(system):
    system.pause("redis")
    try:
        time.sleep(5)
    finally:
        system.resume("redis")


def flushed(system):
    client = redis.Redis(port=int(system.environment["REDIS_PORT"]))
    for _ in range(100):
        client.flushall()
        time.sleep(0.03)
    client.close()


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(stopped, marks=pytest.mark.slow),
        flushed,
        pytest.param(counters_stopped, marks=pytest.mark.slow),
        pytest.param(frozen, marks=pytest.mark.slow),
    ],
)
def test_redis(system, fault):
    with Crowd(system) as crowd:
        eventually(lambda: crowd.has_done(20), seconds=30)
        fault(system)
        back = time.monotonic()
        eventually(lambda: crowd.seconds_until_good(back, "create"), seconds=10)
        time.sleep(2)
    # the lifters read what they wrote, and note each answer that is older
    tally = check(crowd)
    note(f"Redis {fault.__name__.replace('_', ' ')}", crowd, tally)
    assert set(crowd.statuses) <= {200, 201}
    assert crowd.worst_seconds < 3
    system.wait_ready(SERVICES)


@pytest.mark.slow
def test_cached_reads_are_answered_while_redis_is_looked_for(system):
    """Of those that wait when the connection is refused only the first was answered once."""
    lifter = Lifter(system)
    lifter.create()
    readers = [Lifter(system, user_id=lifter.user_id) for _ in range(16)]
    for reader in readers:
        reader.look_at_stats()
    system.kill_for_good("redis")
    try:
        until = time.monotonic() + 7
        with ThreadPoolExecutor(len(readers)) as pool:
            list(pool.map(lambda reader: read_until(reader, until), readers))
    finally:
        system.start("redis")
    crowd = Crowd.of(*readers)
    note("cached reads while Redis is away", crowd, Tally(0, 0))
    assert set(crowd.statuses) == {200}
    assert crowd.worst_seconds < 3


def read_until(lifter, moment):
    while time.monotonic() < moment:
        lifter.look_at_stats()


@pytest.mark.slow
def test_redis_comes_back_with_an_old_copy(system):
    lifter = Lifter(system)
    for _ in range(3):
        lifter.create()
    lifter.read()
    lifter.look_at_list()
    with redis.Redis(port=int(system.environment["REDIS_PORT"])) as client:
        client.save()
    for _ in range(6):
        lifter.edit()
    system.kill_for_good("redis")
    system.start("redis")
    for _ in range(20):
        lifter.read()
        lifter.look_at_list()
        time.sleep(0.1)
    crowd = Crowd.of(lifter)
    note("Redis back with an old copy", crowd, check(crowd))


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("rounds", [400, pytest.param(10_000, marks=pytest.mark.slow)])
def test_reads_that_race_with_writes(system, rounds):
    """A GET that begins after a PUT was answered never shows the older state."""
    pairs = 4
    crowd = Crowd(system, lifters=pairs)
    races = [Race(system, lifter, rounds // pairs) for lifter in crowd.lifters]
    for race in races:
        race.start()
    for race in races:
        race.join(380)
        assert not race.is_alive()
        assert not race.problems, race.problems[0]
    note(f"{rounds} rounds of PUT beside GET", crowd, check(crowd))
