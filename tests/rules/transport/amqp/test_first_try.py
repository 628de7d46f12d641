"""The first try to reach the broker, for which those wait who need it."""

from types import SimpleNamespace

import eventlet
import pytest
from eventlet.event import Event

from services.transport.amqp.connection import BrokerConnection, BrokerGone

SECONDS = 2


class Trying(BrokerConnection):
    """A connection whose tries end when they are told to."""

    def __init__(self):
        super().__init__()
        self.trial = Event()
        self.container = SimpleNamespace(
            service_name="test", spawn_managed_thread=lambda run, identifier: eventlet.spawn(run)
        )

    def _connect(self):
        if self.trial.wait() == "away":
            raise BrokerGone("away")
        self.usable = True
        self._note_return()

    def _watch(self):
        eventlet.sleep(SECONDS)


@pytest.fixture
def connection():
    trying = Trying()
    trying.start()
    yield trying
    trying.stop()


@pytest.mark.parametrize("outcome", ["there", "away"])
def test_it_is_waited_for_until_it_has_ended(connection, outcome):
    waiting = eventlet.spawn(connection.wait_for_first_try)
    eventlet.sleep(0.05)
    assert not waiting.dead
    connection.trial.send(outcome)
    with eventlet.Timeout(SECONDS):
        waiting.wait()
    assert connection.usable is (outcome == "there")


def test_later_nobody_waits(connection):
    connection.trial.send("away")
    connection.wait_for_first_try()
    connection.trial = Event()
    with eventlet.Timeout(SECONDS):
        connection.wait_for_first_try()


def test_one_that_has_not_begun_is_waited_for():
    trying = Trying()
    waiting = eventlet.spawn(trying.wait_for_first_try)
    eventlet.sleep(0.05)
    assert not waiting.dead
    trying.start()
    trying.trial.send("there")
    with eventlet.Timeout(SECONDS):
        waiting.wait()
    trying.stop()
