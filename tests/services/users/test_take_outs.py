"""Take-outs over RPC, and what is left of old ones."""

import base64
import io
import uuid
import zipfile

import pytest
from sqlalchemy import NullPool, create_engine, text

from schemas.errors import InvalidParameter, NotFound
from services.dependencies.database import Database
from services.users.take_out import records
from tests.services.clients import all_fine, at_once
from tests.services.databases import address_of
from tests.waiting import eventually

NOBODY = 2**62


@pytest.fixture
def user(rpc):
    email = f"{uuid.uuid4().hex}@example.com"
    return rpc.users.register({"email": email, "password": "correct horse battery"})["id"]


@pytest.fixture
def engine(system):
    return create_engine(address_of(system, "users").url, poolclass=NullPool)


def made(rpc, user):
    """Return a take-out of a user that is ready."""
    rpc.users.request_take_out(user)

    def is_ready():
        found = rpc.users.get_take_out(user)
        return found["status"] == "ready" and found

    return eventually(is_ready, 30)


def test_it_says_how_far_it_is_and_how_large(rpc, user):
    asked = rpc.users.request_take_out(user)
    assert (asked["status"], asked["ready_at"], asked["bytes"]) == ("under_way", None, None)
    found = made(rpc, user)
    content, position = b"", 0
    while position is not None:
        piece = rpc.users.read_take_out(user, found["id"], position)
        content, position = content + base64.b64decode(piece["content"]), piece["next"]
    assert len(content) == found["bytes"]
    assert zipfile.ZipFile(io.BytesIO(content)).testzip() is None
    assert found["requested_at"] <= found["ready_at"] < found["expires_at"]


def test_who_asks_twice_at_once_gets_one(system, rpc, user):
    asked = all_fine(at_once(system, *[lambda rpc: rpc.users.request_take_out(user)] * 4))
    assert len({each["id"] for each in asked}) == 1


def test_who_asks_while_another_request_commits_gets_that_one(rpc, user, engine):
    with engine.connect() as connection:
        begin = "INSERT INTO take_outs (user_id, begun, begun_since) VALUES (:id, 1, now())"
        connection.execute(text(begin), {"id": user})
        reply = rpc.users.request_take_out.call_async(user)
        eventually(lambda: waits_for_a_lock(engine))
        connection.commit()
    assert reply.result()["id"] == rpc.users.get_take_out(user)["id"]


def waits_for_a_lock(engine):
    waiting = (
        "SELECT 1 FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    with engine.connect() as connection:
        return connection.execute(text(waiting)).scalar()


def test_nothing_is_somebody_elses(rpc, user):
    found = made(rpc, user)
    for other, take_out_id in ((user + 1, found["id"]), (user, found["id"] + 1)):
        with pytest.raises(NotFound):
            rpc.users.read_take_out(other, take_out_id)
    with pytest.raises(NotFound):
        rpc.users.read_take_out(user, found["id"], 2**31 - 1)
    for method in (rpc.users.request_take_out, rpc.users.get_take_out):
        with pytest.raises(NotFound):
            method(NOBODY)


@pytest.mark.parametrize("bad", [0, -1, "x", None, 2**63])
def test_ids_are_checked(rpc, user, bad):
    for method in (rpc.users.request_take_out, rpc.users.get_take_out):
        with pytest.raises(InvalidParameter):
            method(bad)
    for service in (rpc.workouts, rpc.exercises, rpc.analytics, rpc.notifications):
        with pytest.raises(InvalidParameter):
            service.take_out(bad)


@pytest.mark.parametrize("bad", [-1, 2**31, "x"])
def test_positions_are_checked(rpc, user, bad):
    with pytest.raises(InvalidParameter):
        rpc.users.read_take_out(user, 1, bad)


def test_what_is_a_day_old_is_deleted(rpc, user, engine):
    take_out_id = made(rpc, user)["id"]
    database = Database("users")
    database.engine = engine

    def pieces():
        with engine.connect() as connection:
            count = "SELECT count(*) FROM take_out_pieces WHERE take_out_id = :id"
            return connection.execute(text(count), {"id": take_out_id}).scalar()

    records.expire(database.fetch)
    assert pieces() == 1
    with engine.begin() as connection:
        old = "UPDATE take_outs SET expires_at = now() WHERE id = :id"
        connection.execute(text(old), {"id": take_out_id})
    records.expire(database.fetch)
    assert pieces() == 0
