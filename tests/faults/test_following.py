"""Apps that keep a copy of what their users have, while services die and others write."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import pytest
from sqlalchemy import create_engine, text

from stack.layout import SERVICES
from tests.faults.checking import Tally
from tests.faults.followers import Followers, details, listed, settings
from tests.faults.lifters import EXERCISES, Crowd
from tests.faults.reporting import note
from tests.faults.writers import Writer
from tests.services.databases import address_of
from tests.waiting import eventually

pytestmark = pytest.mark.slow

KINDS = {
    "workout": listed("/api/workouts"),
    "measurement": listed("/api/measurements"),
    "exercise": listed("/api/exercises", "mine=true"),
    "exercise_details": details,
    "settings": settings,
}
"""What ``/api/changes`` tells of, and how the API shows all of it."""

USERS, CLIENTS_OF_EACH = 3, 2
AT_ONCE = 32
LONGEST_SECONDS = 0.3
MOST_THINGS = 500
"""Of a user; the writers make some more, and nobody may have more than 1,000 exercises."""

SLOW_COMMITS = 20
"""Every so many transactions one takes long to commit."""


class Table(NamedTuple):
    """A table that has a feed: where it is, and statements that write it."""

    service: str
    make: str
    change: str


TABLES = {
    "workout": Table(
        "workouts",
        """
        INSERT INTO workouts (user_id, date, exercise_count, set_count, total_volume)
        SELECT :user_id, current_date, 0, 0, 0 FROM generate_series(1, :count) RETURNING id
        """,
        "UPDATE workouts SET name = 'changed', version = version + 1 WHERE id = :id",
    ),
    "measurement": Table(
        "workouts",
        """
        INSERT INTO measurements
            (user_id, kind, value, unit, measured_at, measured_offset, date)
        SELECT :user_id, 'weight', 80, 'kg', now(), 0, current_date
        FROM generate_series(1, :count) RETURNING id
        """,
        "UPDATE measurements SET value = 81, version = version + 1 WHERE id = :id",
    ),
    "exercise": Table(
        "exercises",
        """
        INSERT INTO private_exercises (owner_id, name, unique_name, slug, measure, rep_type,
            category, primary_muscles, secondary_muscles, name_key, title_keys, name_words,
            title_words, search_words)
        SELECT :user_id, number, number, number, 'weight_reps', 'count', 'strength', '{}', '{}',
            number, '{}', '', '', ''
        FROM (SELECT CAST(generate_series(1, :count) AS text)) AS made (number) RETURNING id
        """,
        "UPDATE private_exercises SET notes = 'changed' WHERE id = :id",
    ),
}


def break_in_turn(system, crowd, writes, turns):
    """Restart or kill each service in turn, evenly spread over so many writes."""
    names = [*SERVICES] * turns
    for number, name in enumerate(names, 1):
        random.choice([system.restart, system.kill])(name)
        system.wait_ready([name])
        wait_for_writes(crowd, writes * number // len(names))


def wait_for_writes(crowd, writes):
    eventually(lambda: crowd.problems or crowd.has_done(writes), seconds=120, pause=0.5)
    assert not crowd.problems, crowd.problems[0]


def compare(followers, crowd):
    """Compare each copy with what the API shows, and both with what was promised."""
    for user_id, follower in followers.all.items():
        assert {kind for kind, _ in follower.copy} <= KINDS.keys()
        for kind, read in KINDS.items():
            shown = read(follower.client)
            held = follower.held(kind)
            assert held.keys() == shown.keys()
            for key, data in shown.items():
                assert without_own_names(held[key]) == without_own_names(data)
        promised = {
            key: workout["version"]
            for writer in crowd.lifters
            if writer.user_id == user_id
            for key, workout in writer.workouts.items()
        }
        held = follower.held("workout")
        assert promised == {key: held[key]["version"] for key in promised}


def without_own_names(shown):
    """Leave out names of private exercises, which may have changed since a workout did."""
    exercises = [
        each if each["exercise_id"] in EXERCISES else each | {"exercise_name": None}
        for each in shown.get("exercises", ())
    ]
    return shown | {"exercises": exercises}


@pytest.mark.timeout(1500)
@pytest.mark.parametrize(
    ("writes", "turns"), [(300, 1), pytest.param(10_000, 10, marks=pytest.mark.slow)]
)
def test_copies_hold_what_the_api_shows_whatever_dies_meanwhile(system, writes, turns):
    crowd = Crowd.of(*(client for _ in range(USERS) for client in clients_of_one(system)))
    with Followers(system, {writer.user_id for writer in crowd.lifters}) as followers:
        with crowd:
            break_in_turn(system, crowd, writes, turns)
        system.wait_ready(SERVICES)
    compare(followers, crowd)
    requests = sum(len(each.client.answers) for each in followers.all.values())
    remark = f"{requests} requests of {USERS} followers"
    fault = f"services restarted and killed in turn, {writes} writes"
    note(fault, crowd, Tally(lost=0, doubled=0), remark=remark)


def clients_of_one(system):
    """Return the clients of a new user."""
    first = Writer(system)
    return [first, *(Writer(system, first.user_id) for _ in range(CLIENTS_OF_EACH - 1))]


@pytest.mark.parametrize("count", [100, pytest.param(1000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", TABLES)
def test_no_write_is_missed_in_whatever_order_they_commit(system, count, kind):
    writer, table = Writer(system), TABLES[kind]
    engine = create_engine(address_of(system, table.service).url, pool_size=AT_ONCE)
    with engine.begin() as connection:
        values = {"user_id": writer.user_id, "count": min(count, MOST_THINGS)}
        ids = connection.execute(text(table.make), values).scalars().all()

    def change(number):
        with engine.begin() as connection:
            connection.execute(text(table.change), {"id": ids[number % len(ids)]})
            time.sleep(random.uniform(0, LONGEST_SECONDS))
            if number % SLOW_COMMITS == 0:
                # what is deferred to the commit is done, and the commit is still to come
                connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
                time.sleep(random.uniform(0, LONGEST_SECONDS))

    with (
        Followers(system, [writer.user_id]) as followers,
        Crowd.of(writer) as crowd,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        list(pool.map(change, range(count)))
    engine.dispose()
    compare(followers, crowd)
    [follower] = followers.all.values()
    assert {*ids} <= follower.held(kind).keys()
