"""Record events in the outbox, while nobody can dispatch them."""

import itertools
import json
import random
from contextlib import contextmanager

import pytest
from kombu import Connection
from sqlalchemy import NullPool, create_engine, text

from stack.services import ask
from tests.faults.deputies import instead_of
from tests.services.clients import connected
from tests.services.databases import address_of
from tests.services.logbook import ago, body, lift, one
from tests.waiting import eventually

KEPT = "evt-analytics-record_set--notifications.handle_record_set"
LIFTED = ["max_weight", "max_reps", "max_volume", "best_set_volume", "best_e1rm"]
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("unheard")]
_users = itertools.count(random.randrange(10**9, 2 * 10**9))


class Outbox:
    """The outbox of analytics, and what has left it."""

    def __init__(self, system):
        self.amqp_uri = system.environment["AMQP_URI"]
        self.engine = create_engine(address_of(system, "analytics").url, poolclass=NullPool)

    @contextmanager
    def held(self):
        """Keep everybody from emptying it."""
        with self.engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(7306, 1)"))
            yield

    def kinds(self):
        """Return the kinds of the waiting events."""
        with self.engine.begin() as connection:
            found = connection.execute(text("SELECT payload FROM record_events ORDER BY id"))
            return [payload["kind"] for payload in found.scalars()]

    def empty(self):
        """Forget what was dispatched; other tests may have sent what is no event, too."""
        with Connection(self.amqp_uri) as connection:
            connection.default_channel.queue_purge(KEPT)

    def sent(self, user_id):
        """Return the kinds of a user's events that were dispatched, each once, and forget them."""
        found = {}
        with Connection(self.amqp_uri) as connection:
            channel = connection.default_channel
            while message := channel.basic_get(KEPT, no_ack=True):
                event = json.loads(message.body)
                if event["user_id"] == user_id:
                    found[event["id"]] = event["kind"]
        return list(found.values())


@pytest.fixture
def outbox(system):
    outbox = Outbox(system)
    eventually(lambda: not outbox.kinds())
    outbox.empty()
    return outbox


def log(system, user_id):
    with connected(system) as rpc:
        rpc.workouts.create(user_id, body(ago(0), lift(1, one(5, 100))))


def test_a_process_dies_between_the_commit_and_the_dispatch(system, outbox):
    user_id = next(_users)
    with instead_of(system, "analytics", "analytics.before_relay:exit:1") as deputy:
        log(system, user_id)
        eventually(lambda: system.supervisor.restarts().get(deputy, 0) >= 1, seconds=40)
        assert outbox.kinds() == LIFTED
        assert outbox.sent(user_id) == []
    eventually(lambda: not outbox.kinds(), seconds=20)
    assert outbox.sent(user_id) == LIFTED


def test_the_broker_goes_away_before_the_dispatch(system, outbox):
    user_id = next(_users)
    pid = system.pid("analytics")
    with outbox.held():
        log(system, user_id)
        eventually(lambda: outbox.kinds() == LIFTED)
        system.kill_for_good("rabbitmq")
    try:
        eventually(lambda: not ask(system.address("analytics")).ready)
        assert outbox.kinds() == LIFTED
    finally:
        system.start("rabbitmq")
    eventually(lambda: not outbox.kinds(), seconds=30)
    assert outbox.sent(user_id) == LIFTED
    assert system.pid("analytics") == pid
