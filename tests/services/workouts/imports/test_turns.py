"""Turns of the background work: each of them brings an import forward."""

import time
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from sqlalchemy import NullPool, create_engine

from services.dependencies.database import Database
from services.transport.postgres.statements import Statement
from services.workouts.imports.applying import Applying
from services.workouts.imports.leases import Lease
from services.workouts.imports.records import COLUMNS, Import
from services.workouts.imports.tools import Tools
from services.workouts.imports.undoing import Undoing
from tests.services.databases import address_of
from tests.services.workouts.imports.files import GIVEN, text_of
from tests.services.workouts.imports.test_applying import many

TOKEN = "a test"
_TAKE = Statement(
    f"""
    UPDATE imports i SET status = :status, lease = :lease,
        leased_until = now() + interval '1 hour'
    WHERE i.id = :id RETURNING {COLUMNS}
    """
)

_ENLARGE = Statement("UPDATE workouts SET set_count = 1500 WHERE user_id = :user_id")
_COUNT = Statement("SELECT count(*) FROM workouts WHERE user_id = :user_id")


@pytest.fixture
def database(system):
    found = Database("workouts")
    found.engine = create_engine(address_of(system, "workouts").url, poolclass=NullPool)
    return found


@pytest.fixture
def tools(database, rpc):
    cache = SimpleNamespace(changing=lambda *generations: nullcontext())
    return Tools(database, cache, rpc.exercises, lambda _, ids: rpc.exercises.get_many(sorted(ids)))


def taken(database, import_id, status):
    """Return the lease of an import that has now something to do."""
    rows = database.fetch(_TAKE, id=import_id, lease=TOKEN, status=status)
    return Lease(database, Import(*rows[0]), TOKEN)


def test_a_turn_writes_a_batch_however_long_its_preparation_takes(imports, database, tools):
    """Or the next turn would prepare the same again, for ever."""
    import_id = imports.read(text_of(*many(150)), **GIVEN)["id"]
    imports.map(import_id)
    # no service takes it, as its lease is another's
    lease = taken(database, import_id, "applying")
    Applying(tools, lease).run(until=time.monotonic())
    found = imports.get(import_id)
    assert (found["status"], found["added"]) == ("applying", 100)
    lease.release()
    assert imports.wait(import_id, "applied")["added"] == 150


def test_large_workouts_are_taken_out_a_few_at_a_time(imports, database, tools):
    done = imports.bring(text_of(*many(5)))
    database.fetch(_ENLARGE, user_id=imports.user_id)
    lease = taken(database, done["id"], "undoing")
    left = []
    for _ in range(3):
        Undoing(tools, lease).run(until=time.monotonic())
        left += database.fetch(_COUNT, user_id=imports.user_id)
    assert left == [(3,), (1,), (0,)]
    lease.release()
    assert imports.wait(done["id"], "undone")["kept"] == 0
