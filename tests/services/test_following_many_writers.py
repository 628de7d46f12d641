"""Who follows a feed of their own things misses nothing while many transactions are under way.

Some take a position long before they commit, others as their last act.
"""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import create_engine, text

from schemas.changes import SOURCES
from tests.services.databases import address_of
from tests.services.following import follow

WRITERS = 6
TRANSACTIONS = 20
"""Of each writer."""

LONGEST_SECONDS = 0.05

WRITES = {
    "workouts": (
        "INSERT INTO workouts (user_id, date, exercise_count, set_count, total_volume)"
        " VALUES (:user_id, current_date, 0, 0, 0) RETURNING id"
    ),
    "measurements": (
        "INSERT INTO measurements (user_id, kind, value, unit, measured_at, date)"
        " VALUES (:user_id, 'weight', 80, 'kg', now(), current_date) RETURNING id"
    ),
    "exercises": (
        "INSERT INTO own_details (owner_id, exercise_id, notes)"
        " VALUES (:user_id, :number, 'Slowly') RETURNING exercise_id"
    ),
    "users": (
        "UPDATE users SET weekly_goal = coalesce(weekly_goal, 0) % 20 + 1 WHERE id = :user_id"
        " RETURNING id"
    ),
}
"""A write of each source."""


def test_each_source_is_written_here():
    assert WRITES.keys() == SOURCES.keys()


@pytest.mark.slow
@pytest.mark.parametrize("name", SOURCES)
def test_nothing_is_missed(system, rpc, fresh_user, name):
    source = SOURCES[name]
    engine = create_engine(address_of(system, source.service).url, pool_size=WRITERS)
    service = getattr(rpc, source.service)
    user_id = fresh_user
    if name == "users":
        account = {"email": f"many-{fresh_user}@example.com", "password": "correct horse battery"}
        user_id = rpc.users.register(account)["id"]

    def write(writer):
        chance, written = random.Random(writer), []
        for number in range(TRANSACTIONS):
            given = {"user_id": user_id, "number": writer * TRANSACTIONS + number + 1}
            with engine.begin() as connection:
                statement = text(WRITES[name])
                values = {each: given[each] for each in statement.compile().params}
                written.append(connection.execute(statement, values).scalar())
                if chance.random() < 0.5:
                    connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
                seconds = {"seconds": chance.random() * LONGEST_SECONDS}
                connection.execute(text("SELECT pg_sleep(:seconds)"), seconds)
        return written

    def ask(**options):
        return getattr(service, source.changes)(user_id, **options)

    position, copy = 0, {}
    with ThreadPoolExecutor(WRITERS) as pool:
        writing = [pool.submit(write, number) for number in range(WRITERS)]
        while not all(each.done() for each in writing):
            more, position = follow(ask, position, limit=5)
            copy |= more
        written = {each for done in writing for each in done.result()}
    more, position = follow(ask, position)
    copy |= more
    assert {thing_id for _, thing_id in copy} == written
    assert position == getattr(service, source.position)(user_id)["position"]
    # as one who begins now
    again, last = follow(ask)
    assert (again, last) == (copy, position)
    engine.dispose()
