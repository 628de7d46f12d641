"""Turns of the background work: each of them brings an import forward."""

import base64
import time
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from types import SimpleNamespace

import pytest
from sqlalchemy import NullPool, create_engine, text

from schemas.errors import Conflict, InternalError, ServiceUnavailable, TimedOut
from services.dependencies.database import Database
from services.transport.postgres.statements import Statement
from services.workouts.imports.applying import Applying
from services.workouts.imports.jobs import MOST_FAILURES, Turn
from services.workouts.imports.leases import Lease
from services.workouts.imports.records import COLUMNS, Import
from services.workouts.imports.tools import Tools
from services.workouts.imports.undoing import Undoing
from tests.services.databases import address_of
from tests.services.logbook import lift, one
from tests.services.workouts.imports.files import GIVEN, SQUAT, strong, text_of
from tests.services.workouts.imports.test_applying import many

TOKEN = "a test"
MILLISECONDS = 300
"""After which PostgreSQL cancels a statement of these tests."""

_TAKE = Statement(
    f"""
    UPDATE imports i SET status = :status, lease = :lease,
        leased_until = now() + interval '1 hour'
    WHERE i.id = :id RETURNING {COLUMNS}
    """
)

STATE = "SELECT status, added, failures, leased_until > now() FROM imports WHERE id = :id"
_ENLARGE = Statement("UPDATE workouts SET set_count = 1500 WHERE user_id = :user_id")
_COUNT = Statement("SELECT count(*) FROM workouts WHERE user_id = :user_id")


@pytest.fixture
def database(system):
    found = Database("workouts")
    found.engine = create_engine(
        address_of(system, "workouts").url,
        poolclass=NullPool,
        connect_args={"options": f"-c statement_timeout={MILLISECONDS}"},
    )
    return found


@pytest.fixture
def tools(database, rpc):
    cache = SimpleNamespace(changing=lambda *generations: nullcontext())
    return Tools(database, cache, rpc.exercises, lambda _, ids: rpc.exercises.get_many(sorted(ids)))


def taken(database, import_id, status):
    """Return the lease of an import that has now something to do."""
    rows = database.fetch(_TAKE, id=import_id, lease=TOKEN, status=status)
    return Lease(database, Import(*rows[0]), TOKEN)


@pytest.mark.slow
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


# what keeps a turn from going on


@contextmanager
def locked(system, user_id):
    """Have another transaction hold the lock of a user."""
    engine = create_engine(address_of(system, "workouts").url, poolclass=NullPool)
    with engine.begin() as connection:
        key = {"key": f"imports of {user_id}"}
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), key)
        yield


def applied_in_part(imports, database, tools):
    """Return the lease of an import of 150 workouts of which 100 are written."""
    import_id = imports.read(text_of(*many(150)), **GIVEN)["id"]
    imports.map(import_id)
    lease = taken(database, import_id, "applying")
    Applying(tools, lease).run(until=time.monotonic())
    return lease


def take(tools, lease):
    """Take the next turn of an import, as if the pause after the one before was over."""
    Turn(tools, taken(tools.database, lease.of.id, lease.of.status)).take()


def raising(problem):
    def call(*arguments):
        raise problem

    return call


@pytest.mark.slow
@pytest.mark.parametrize("problem", [ServiceUnavailable(), TimedOut()])
def test_an_outage_is_waited_for_however_long_it_takes(imports, database, tools, run, problem):
    lease = applied_in_part(imports, database, tools)
    for _ in range(MOST_FAILURES + 1):
        take(replace(tools, entries=raising(problem)), lease)
        assert run(STATE, id=lease.of.id) == [("applying", 100, 0, True)]
    take(tools, lease)
    assert imports.wait(lease.of.id, "applied")["added"] == 150


@pytest.mark.slow
def test_what_takes_the_database_too_long_is_given_up(imports, user, database, tools, system, run):
    lease = applied_in_part(imports, database, tools)
    with locked(system, imports.user_id):
        for failures in range(1, MOST_FAILURES):
            take(tools, lease)
            assert run(STATE, id=lease.of.id) == [("applying", 100, failures, True)]
        take(tools, lease)
    found = imports.get(lease.of.id)
    assert (found["status"], found["added"]) == ("failed", 100)
    assert found["error"]["message"] == "The database took too long, 8 times in a row"
    with pytest.raises(Conflict, match="undo it first"):
        imports.rpc.delete_import(imports.user_id, lease.of.id)
    assert imports.undo(lease.of.id)["status"] == "undone"
    assert user.list()["total"] == 0


@pytest.mark.slow
def test_a_file_that_can_not_be_compared_is_given_up(imports, database, tools, run):
    """Though all of it was read, each time."""
    import_id = imports.begin(**GIVEN)
    content = base64.b64encode(text_of(*many(150)).encode()).decode()
    imports.rpc.add_to_import(imports.user_id, import_id, 0, content)
    broken = SimpleNamespace(match_names=raising(RuntimeError("on purpose")))
    for failures in range(1, MOST_FAILURES):
        Turn(replace(tools, exercises=broken), taken(database, import_id, "reading")).take()
        assert run(STATE, id=import_id) == [("reading", 0, failures, True)]
    Turn(replace(tools, exercises=broken), taken(database, import_id, "reading")).take()
    found = imports.get(import_id)
    assert (found["status"], found["error"]) == ("failed", {"message": InternalError().message})


def test_what_is_likely_there_is_so_too_after_a_pause(imports, user, database, tools):
    """Though one of its exercises was made before."""
    squat = lift(SQUAT, one(10, 24))
    start = "2025-03-01T09:00:00+01:00"
    user.create({"name": "Legs", "started_at": start, "exercises": [squat]})
    row, hold = ("Gorilla Row", 24, 10), ("Zebra Hold", 24, 10)
    text = text_of(strong("2025-03-01 10:00:00", row), strong("2025-03-05 10:00:00", row, hold))
    import_id = imports.read(text, **GIVEN)["id"]
    imports.map(import_id)
    answers = iter([tools.exercises.create, raising(ServiceUnavailable())])
    once = SimpleNamespace(create=lambda *arguments: next(answers)(*arguments))
    lease = taken(database, import_id, "applying")
    Turn(replace(tools, exercises=once), lease).take()
    assert imports.get(import_id)["names"][0]["exercise_id"] is not None
    taken(database, import_id, "applying").release()
    assert imports.wait(import_id, "applied")["added"] == 1
