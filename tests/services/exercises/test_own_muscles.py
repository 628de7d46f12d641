"""The feed of muscles that users have noted, from which analytics keeps its copy."""

import pytest
from sqlalchemy import create_engine, text

from schemas.errors import InvalidParameter
from services import migrate
from services.process.settings import Settings
from tests.services.databases import address_of, empty_database
from tests.waiting import eventually

BENCH, SQUAT = 1, 2


@pytest.fixture
def engine(system):
    engine = create_engine(Settings.from_environment(system.environment).databases["exercises"].url)
    yield engine
    engine.dispose()


def follow(rpc, position=0):
    seen = []
    while page := rpc.exercises.own_muscles(position, limit=1000):
        seen += page
        position = page[-1]["position"]
    return seen


def newest(rpc):
    return max((one["position"] for one in follow(rpc)), default=0)


def told(rpc, position):
    return [
        (one["owner_id"], one["exercise_id"], one["primary_muscles"], one["secondary_muscles"])
        for one in follow(rpc, position)
    ]


def test_each_exercise_of_a_user_comes_once_as_it_is_now(rpc, fresh_user):
    position = newest(rpc)
    rpc.exercises.set_mine(fresh_user, BENCH, {"primary_muscles": ["triceps"]})
    rpc.exercises.set_mine(fresh_user, SQUAT, {"secondary_muscles": []})
    assert told(rpc, position) == [
        (fresh_user, BENCH, ["triceps"], None),
        (fresh_user, SQUAT, None, []),
    ]
    rpc.exercises.set_mine(fresh_user, BENCH, {"secondary_muscles": ["chest"]})
    found = follow(rpc, position)
    assert told(rpc, position) == [
        (fresh_user, SQUAT, None, []),
        (fresh_user, BENCH, ["triceps"], ["chest"]),
    ]
    assert [one["position"] for one in found] == sorted(one["position"] for one in found)
    assert told(rpc, found[0]["position"]) == told(rpc, position)[1:]


@pytest.mark.parametrize("notes", [None, "Slowly"])
def test_what_is_emptied_or_deleted_is_told(rpc, fresh_user, notes):
    rpc.exercises.set_mine(fresh_user, BENCH, {"primary_muscles": ["chest"], "notes": notes})
    position = newest(rpc)
    rpc.exercises.set_mine(fresh_user, BENCH, {"primary_muscles": None})
    assert told(rpc, position) == [(fresh_user, BENCH, None, None)]


def test_notes_are_no_change_of_muscles(rpc, fresh_user):
    position = newest(rpc)
    rpc.exercises.set_mine(fresh_user, BENCH, {"notes": "Slowly"})
    rpc.exercises.set_mine(fresh_user, BENCH, {"notes": None})
    assert told(rpc, position) == []


def test_whatever_writes_them_can_not_forget_it(rpc, engine, fresh_user):
    """The version before neither knows the feed nor dispatches events."""
    position = newest(rpc)
    ids = {"owner": fresh_user, "id": BENCH}
    put = text(
        "INSERT INTO own_details (owner_id, exercise_id, primary_muscles)"
        " VALUES (:owner, :id, ARRAY['chest'])"
    )
    delete = text("DELETE FROM own_details WHERE owner_id = :owner AND exercise_id = :id")
    with engine.begin() as connection:
        connection.execute(put, ids)
    assert told(rpc, position) == [(fresh_user, BENCH, ["chest"], None)]
    with engine.begin() as connection:
        connection.execute(delete, ids)
    assert told(rpc, position) == [(fresh_user, BENCH, None, None)]


def test_those_of_an_erased_user_go(rpc, engine, fresh_user):
    rpc.exercises.set_mine(fresh_user, BENCH, {"primary_muscles": ["chest"]})
    erase(engine, fresh_user)
    eventually(lambda: fresh_user not in {one["owner_id"] for one in follow(rpc)}, seconds=20)


def erase(engine, user_id):
    with engine.begin() as connection:
        statement = text("INSERT INTO erased_users (user_id) VALUES (:user_id)")
        connection.execute(statement, {"user_id": user_id})


@pytest.mark.parametrize("query", [{"after": -1}, {"limit": 0}, {"limit": 1001}])
def test_a_place_that_there_can_not_be_is_refused(rpc, query):
    with pytest.raises(InvalidParameter):
        rpc.exercises.own_muscles(**query)


def test_what_was_noted_before_the_feed_is_in_it(system):
    with empty_database(address_of(system, "exercises")) as address:
        migrate.migrate("exercises", address)
        migrate.downgrade("exercises", address, "0013")
        engine = create_engine(address.url)
        put = "INSERT INTO own_details VALUES (7, 1, ARRAY['chest'], NULL), (7, 2, NULL, NULL)"
        with engine.begin() as connection:
            connection.execute(text(put))
        migrate.migrate("exercises", address)
        with engine.begin() as connection:
            feed = connection.execute(text("SELECT owner_id, exercise_id FROM own_muscle_changes"))
            assert feed.all() == [(7, 1)]
        engine.dispose()
