"""PostgreSQL restarted, down and frozen."""

import signal
import time

import pytest

from stack.layout import SERVICES
from tests.faults.checking import check
from tests.faults.deputies import with_settings
from tests.faults.lifters import DONE, Crowd
from tests.faults.networks import Network
from tests.faults.reporting import note
from tests.waiting import eventually

WORKOUT_ROUTES = ("create", "edit", "delete")


def crash(system, name):
    """PostgreSQL's immediate shutdown, without a word to anybody; it is started again."""
    pid = system.signal(name, signal.SIGQUIT)
    eventually(lambda: system.supervisor.parts()[name]["pid"] not in (0, pid), seconds=10)
    system.wait_ready([name])


def down_for_a_while(system, name):
    system.kill_for_good(name)
    time.sleep(6)
    system.start(name)


def frozen_for_a_while(system, name):
    system.pause(name)
    try:
        time.sleep(12)
    finally:
        system.resume(name)


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        (crash, "workout-db"),
        pytest.param(down_for_a_while, "workout-db", marks=pytest.mark.slow),
        pytest.param(frozen_for_a_while, "workout-db", marks=pytest.mark.slow),
        pytest.param(down_for_a_while, "analytics-db", marks=pytest.mark.slow),
        pytest.param(frozen_for_a_while, "analytics-db", marks=pytest.mark.slow),
    ],
)
def test_database(system, fault, name):
    before = {service: system.pid(service) for service in SERVICES}
    mine, others = WORKOUT_ROUTES, ("search", "stats")
    if name == "analytics-db":
        mine, others = ("stats",), ("search", *WORKOUT_ROUTES)
    with Crowd(system) as crowd:
        eventually(lambda: crowd.has_done(20), seconds=30)
        begun = time.monotonic()
        fault(system, name)
        back = time.monotonic()
        recovered = eventually(lambda: crowd.seconds_until_good(back, *mine), seconds=20)
        system.wait_ready(SERVICES)
    failed = [
        a for a in crowd.answers if a.what in others and a.at > begun and a.status not in DONE
    ]
    tally = check(crowd)
    note(f"{name}: {fault.__name__.replace('_', ' ')}", crowd, tally, recovered)
    assert {service: system.pid(service) for service in SERVICES} == before
    assert not failed, failed[:3]
    assert recovered < 2
    assert crowd.worst_seconds < 9


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "service", "prefix", "mine"),
    [
        ("workout-db", "workouts", "WORKOUT", WORKOUT_ROUTES),
        ("analytics-db", "analytics", "ANALYTICS", ("stats",)),
    ],
)
def test_a_network_that_is_split(system, name, service, prefix, mine):
    """Nothing arrives and nothing is refused: who waits has to give up by themselves."""
    with (
        Network(system.state.ports[name]) as network,
        with_settings(system, service, **{f"{prefix}_DB_PORT": str(network.port)}) as deputy,
        Crowd(system) as crowd,
    ):
        pid = system.pid(deputy)
        eventually(lambda: crowd.has_done(20), seconds=30)
        begun = time.monotonic()
        network.split()
        time.sleep(12)
        healed = time.monotonic()
        network.heal()
        recovered = eventually(lambda: crowd.seconds_until_good(healed, *mine), seconds=20)
        written = len(crowd.answers)
        eventually(lambda: len(crowd.answers) > written + 100, seconds=20)
        assert system.pid(deputy) == pid
    others = [a for a in crowd.answers if a.what == "search" and begun < a.at < healed]
    tally = check(crowd)
    note(f"network to {name} split for 12 s", crowd, tally, recovered)
    assert recovered < 5
    assert crowd.worst_seconds < 9
    assert all(answer.status in DONE for answer in others)
