"""All databases on three PostgreSQLs under Patroni, which decides by itself, under load."""

import time

import pytest

from stack.testing import SETTINGS, running_system
from tests.faults.checking import check
from tests.faults.lifters import WRITES, Crowd
from tests.scale.conftest import directory
from tests.scale.patroni import Cluster
from tests.scale.postgres import NEWEST, POSITION
from tests.waiting import eventually

pytestmark = pytest.mark.timeout(500)

LIFTERS = 6
BACK_SECONDS = 15
COUNTED_SECONDS = 30
PROMOTED_SECONDS = 90
SECONDS = 60


@pytest.fixture(scope="module")
def cluster():
    with Cluster() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def system(cluster):
    settings = SETTINGS | cluster.settings
    with running_system(settings=settings, directory=directory("patroni")) as running:
        yield running


def hand_over(cluster):
    """Have the leader demoted, while services have connections to it; return the next one."""
    return cluster.switch_over()


def lose(cluster):
    """Lose the leader with its disk; return the next one, when Patroni has found it."""
    lost = cluster.leader()
    cluster.lose(lost)
    return eventually(cluster.leader, PROMOTED_SECONDS)


@pytest.mark.parametrize("change", [hand_over, lose])
def test_nothing_is_lost_and_writing_goes_on(system, cluster, change, capsys):
    eventually(cluster.is_whole, SECONDS)
    with Crowd(system, lifters=LIFTERS) as crowd:
        eventually(lambda: crowd.has_done(150), SECONDS)
        before = cluster.leader()
        [(newest,)] = cluster.ask(NEWEST, database="workout_db")
        begun = time.monotonic()
        after = change(cluster)
        promoted = time.monotonic()
        eventually(lambda: cluster.leader() == after, SECONDS)
        eventually(lambda: crowd.seconds_until_good(promoted, *WRITES), SECONDS)
        written = len(crowd.answers)
        eventually(lambda: len(crowd.answers) > written + 150, SECONDS)
        back = crowd.seconds_until_good(promoted, *WRITES)
    assert before != after
    assert back < BACK_SECONDS
    tally = check(crowd, COUNTED_SECONDS)
    assert (tally.lost, tally.doubled) == (0, 0)
    [(last,)] = cluster.ask(NEWEST, database="workout_db")
    assert last > newest
    for database in ("analytics_db", "notifications_db"):
        eventually(lambda name=database: cluster.ask(POSITION, database=name) == [(last,)], SECONDS)
    with capsys.disabled():
        print(
            f"\n{change.__name__}: promoted after {promoted - begun:.1f} s, first write "
            f"{back:.1f} s later; {len(crowd.answers)} requests, {dict(crowd.statuses)}, worst "
            f"{crowd.worst_seconds:.1f} s, counted in {tally.analytics_seconds:.1f} s"
        )
