"""The event of an import in the outbox, when the process dies that should dispatch it."""

import itertools
import json
import random
from contextlib import suppress

import pytest
from kombu import Connection
from sqlalchemy import NullPool, create_engine, text

from tests.faults.deputies import instead_of
from tests.services.clients import connected
from tests.services.databases import address_of
from tests.services.workouts.imports.files import Imports, strong, text_of
from tests.waiting import eventually

pytestmark = pytest.mark.slow

KEPT = "evt-workouts-import_completed--notifications.handle_import_completed"
FILE = text_of(strong("2025-03-01 10:00:00", ("Bench Press (Barbell)", 80, 5)))
_users = itertools.count(random.randrange(10**9, 2 * 10**9))


def sent(amqp_uri, user_id):
    """Return the ids of a user's events that were dispatched, and forget all."""
    found = []
    with Connection(amqp_uri) as connection:
        while message := connection.default_channel.basic_get(KEPT, no_ack=True):
            # other tests leave what is no event at all
            with suppress(ValueError, LookupError, TypeError):
                event = json.loads(message.body)
                found += [event["id"]] if event["user_id"] == user_id else []
    return found


@pytest.mark.usefixtures("unheard")
def test_a_process_dies_between_the_commit_and_the_dispatch(system):
    user_id = next(_users)
    engine = create_engine(address_of(system, "workouts").url, poolclass=NullPool)
    amqp_uri = system.environment["AMQP_URI"]

    def waiting():
        with engine.begin() as connection:
            found = connection.execute(
                text("SELECT event_id::text FROM outbox WHERE user_id = :user"), {"user": user_id}
            )
            return list(found.scalars())

    with instead_of(system, "workouts", "workouts.before_relay:exit:1") as deputy:
        with connected(system) as rpc:
            imports = Imports(rpc, user_id)
            import_id = imports.read(FILE, weight_unit="kg", time_zone="UTC")["id"]
            imports.map(import_id)
            imports.rpc.apply_import(user_id, import_id, {})
        eventually(lambda: system.supervisor.restarts().get(deputy, 0) >= 1, seconds=40)
        [event_id] = waiting()
        assert sent(amqp_uri, user_id) == []
    eventually(lambda: not waiting(), seconds=20)
    assert set(eventually(lambda: sent(amqp_uri, user_id))) == {event_id}
