"""Moving users away from services that run, and back to them."""

from contextlib import ExitStack

import pytest

from services import migrate
from services.dependencies.cells.states import FUNCTIONS
from services.moving import checking, steps
from services.moving.addresses import Cell
from services.process import cells
from tests.services.databases import address_of, empty_database
from tests.services.logbook import ago, body, lift, one
from tests.services.moving.conftest import Cells
from tests.services.moving.test_moving import stored
from tests.waiting import eventually

BENCH = 1
COUNTED = "SELECT workout_id, version FROM processed_workouts WHERE user_id = %(user)s ORDER BY 1"


@pytest.fixture
def running(system, monkeypatch):
    """The services of the tests as the first cell, beside databases without services."""
    monkeypatch.setattr(steps, "LEASE_SECONDS", 0.0)
    # nobody follows the exercises there
    monkeypatch.setattr(checking, "lacks_copies", lambda *_: False)
    first = Cell("", 0, {service: address_of(system, service) for service in cells.SERVICES})
    with ExitStack() as stack:
        databases = {}
        for service in cells.SERVICES:
            databases[service] = stack.enter_context(empty_database(address_of(system, service)))
            migrate.migrate(service, databases[service])
        found = Cells(
            {"": first, "b": Cell("b", 1, databases)}, address_of(system, "notifications")
        )
        yield found
        for service in cells.SERVICES:
            for name in FUNCTIONS:
                found.run(first, service, f"DROP FUNCTION IF EXISTS {name} CASCADE")
            found.run(first, service, "DELETE FROM bucket_states")


@pytest.mark.slow
def test_services_go_on_while_users_move_away_and_back(running, rpc, fresh_user):
    user, other = fresh_user, fresh_user + 1
    logged = [
        rpc.workouts.create(user, body(ago(day), lift(BENCH, one(5, 60 + day))))["workout"]["id"]
        for day in range(4)
    ]
    rpc.workouts.update(user, logged[1], {"name": "Legs"})
    rpc.workouts.delete(user, logged[3])

    def counted(cell):
        return running.analytics(cell, COUNTED, user=user)

    eventually(
        lambda: len(counted(running.first)) == 4 and (logged[1], 2) in counted(running.first)
    )
    before = stored(running, running.first, [user])
    running.prepare()
    running.move(cells.bucket_of(user))
    assert stored(running, running.b, [user]) == before
    assert not any(stored(running, running.first, [user]).values())
    rpc.workouts.create(other, body(ago(0), lift(BENCH, one(5, 60))))
    running.follow(running.b)
    running.move(cells.bucket_of(user), "")
    assert stored(running, running.first, [user]) == before
    new = rpc.workouts.create(user, body(ago(0), lift(BENCH, one(5, 90))))["workout"]["id"]
    eventually(lambda: (new, 1) in counted(running.first))
    assert {workout for workout, _ in counted(running.first)} == {*logged, new}
