"""When replicas are looked at; what they answer is in tests/scale/test_replicas.py."""

import eventlet
import pytest
from eventlet.event import Event

from services.observability import metrics
from services.process.settings import DatabaseAddress
from services.transport.postgres.replicas import Replicas, _Positions
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


class Slow:
    """A primary that answers with the number of the question, as soon as it may."""

    def __init__(self):
        self.questions = []

    def fetch(self, _statement):
        may_answer = Event()
        self.questions.append(may_answer)
        return [(len(self.questions), "0000000A", may_answer.wait())]


def test_who_asks_while_a_question_is_under_way_shares_the_next_one():
    positions, primary = _Positions(), Slow()
    first, *others = (eventlet.spawn(positions.ask, primary.fetch) for _ in range(4))
    eventlet.sleep(0)
    assert len(primary.questions) == 1
    primary.questions[0].send("0/1")
    assert first.wait() == (1, 10, "0/1")
    eventlet.sleep(0)
    late = eventlet.spawn(positions.ask, primary.fetch)
    eventlet.sleep(0)
    primary.questions[1].send("0/2")
    assert {other.wait() for other in others} == {(2, 10, "0/2")}
    eventlet.sleep(0)
    primary.questions[2].send("0/3")
    assert late.wait() == (3, 10, "0/3")
    assert len(primary.questions) == 3


def test_a_question_that_fails_is_no_answer_to_others():
    positions, primary = _Positions(), Slow()
    running, asking, sharing = (eventlet.spawn(positions.ask, primary.fetch) for _ in range(3))
    eventlet.sleep(0)
    # even before it was sent
    asking.kill()
    assert sharing.wait() is None
    primary.questions[0].send_exception(OSError("gone"))
    with pytest.raises(OSError, match="gone"):
        running.wait()
    last = eventlet.spawn(positions.ask, primary.fetch)
    eventlet.sleep(0)
    primary.questions[-1].send("0/4")
    assert last.wait() == (2, 10, "0/4")
