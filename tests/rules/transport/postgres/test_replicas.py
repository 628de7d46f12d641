"""When replicas are looked at; what they answer is in tests/scale/test_replicas.py."""

import pytest

from services.observability import metrics
from services.process.settings import DatabaseAddress
from services.transport.postgres.replicas import Replicas
from services.transport.postgres.statements import Statement
from stack.layout import LOOPBACK
from stack.ports import choose_anywhere

READ = Statement("SELECT number FROM numbers")
POSITION = (7, "0000000A", "1/2A")


class Primary:
    """Answers whatever it is asked, and counts the positions."""

    def __init__(self, position):
        self.position = position
        self.positions_asked = 0

    def fetch(self, statement, **values):
        if statement is READ:
            return [(42,)]
        self.positions_asked += 1
        return [self.position] if self.position else []


@pytest.fixture
def away():
    (port,) = choose_anywhere(["replica"]).values()
    return DatabaseAddress(LOOPBACK, str(port), "nobody", "", "numbers_db")


def read(replicas, primary):
    return replicas.read(primary.fetch, lambda fetch: fetch(READ))


def by_primary():
    return metrics.REGISTRY.get_sample_value("gym_replica_reads_total", {"place": "primary"})


def test_without_replicas_nothing_is_asked_but_what_is_read():
    primary, before = Primary(POSITION), by_primary()
    assert read(Replicas([]), primary) == [(42,)]
    assert primary.positions_asked == 0
    assert by_primary() == before


def test_one_that_is_away_is_left_alone(away):
    primary, before, replicas = Primary(POSITION), by_primary(), Replicas([away])
    assert [read(replicas, primary) for _ in range(3)] == [[(42,)]] * 3
    assert primary.positions_asked == 1
    assert by_primary() == before + 3
    place = {"replica": f"{away.host}:{away.port}"}
    assert metrics.REGISTRY.get_sample_value("gym_replica_used", place) == 0


def test_a_server_that_takes_no_writes_says_nothing_about_replicas(away):
    primary, replicas = Primary(None), Replicas([away])
    assert [read(replicas, primary) for _ in range(2)] == [[(42,)]] * 2
    assert primary.positions_asked == 2
