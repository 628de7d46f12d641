"""Events of changes that count nowhere: the version is noted, and no workout is asked for."""

import json

import pytest
from nameko.standalone.events import event_dispatcher
from redis import Redis
from sqlalchemy import NullPool, create_engine, text

from services.dependencies import cache_generations
from services.process.settings import Settings
from stack import dead_letters
from tests.services.logbook import ago, body, lift, one
from tests.waiting import eventually

BENCH = 1


@pytest.fixture
def dispatch(system):
    send = event_dispatcher({"AMQP_URI": system.environment["AMQP_URI"]})
    return lambda event_type, event: send("gateway", event_type, event)


@pytest.fixture
def counted(system):
    """Tells which version of a workout is counted, if any is."""
    url = Settings.from_environment(system.environment).databases["analytics"].url
    found = text("SELECT version FROM processed_workouts WHERE workout_id = :workout_id")
    with create_engine(url, poolclass=NullPool).connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        yield lambda event: connection.execute(found, {"workout_id": event["workout_id"]}).scalar()


@pytest.fixture
def unknown(rpc, fresh_user, dispatch, counted):
    """The event of the version after the first of a workout that only analytics know."""
    logged = body(ago(0), lift(BENCH, one(5, 100)))
    created = rpc.workouts.create(fresh_user, logged)
    rpc.workouts.delete(fresh_user, created["workout"]["id"])
    workout = json.loads(created["counted"])
    workout["id"] += 10**15
    event = {"workout_id": workout["id"], "user_id": fresh_user, "version": 1, "date": ago(0)}
    dispatch("workout_created", event | {"workout": workout})
    eventually(lambda: counted(event) == 1)
    return event | {"version": 2}


def letters_of(system, event):
    with dead_letters.connected(system.environment["AMQP_URI"]) as queue:
        return [each for each in queue.fetch() if json.loads(each.message.body) == event]


@pytest.mark.parametrize("changed", [["name"], ["notes"], ["name", "notes"]], ids=str)
def test_a_new_name_is_noted_and_outdates_nothing(dispatch, counted, unknown, redis, changed):
    key = cache_generations.numbers_of(unknown["user_id"])
    before = eventually(lambda: redis.get(key))
    dispatch("workout_updated", unknown | {"changed": changed})
    eventually(lambda: counted(unknown) == 2)
    assert redis.get(key) == before


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"changed": []},
        {"changed": "name"},
        {"changed": ["name", "date"]},
        {"changed": [["name"]]},
        {"changed": ["name"], "version": 3},
        {"changed": ["name"], "version": "2"},
        {"changed": ["name"], "user_id": 10**14},
    ],
    ids=str,
)
def test_whatever_else_is_asked_for(system, dispatch, counted, unknown, said):
    event = unknown | said
    dispatch("workout_updated", event)
    # nobody has logged it
    eventually(lambda: letters_of(system, event), seconds=20)
    assert counted(event) == 1


@pytest.fixture
def redis(system):
    settings = Settings.from_environment(system.environment)
    with Redis(settings.redis_host, settings.redis_port, decode_responses=True) as client:
        yield client
