"""What the growth benchmark fills in is what the services would have made of the same workouts."""

from contextlib import closing

import pytest
from sqlalchemy import text

from benchmarks.crowd import find_exercises
from benchmarks.filling import Filling, connected, fill
from services.analytics.tables import TABLES
from stack.demo import Api

FAR_USERS = 3 * 10**9


@pytest.fixture(scope="module")
def databases(system):
    with connected(system.environment) as engines:
        yield engines


@pytest.fixture(scope="module")
def catalogue(system):
    with closing(Api(system.url)) as api:
        return find_exercises(api)


def take_numbers(databases, user_id):
    """Return what analytics has of a user, and forget it."""
    with databases.analytics.begin() as connection:
        return {
            table: sorted(
                (_comparable(row) for row in connection.execute(_taking(table), {"id": user_id})),
                key=str,
            )
            for table in TABLES
        }


def _taking(table):
    return text(f"DELETE FROM {table} WHERE user_id = :id RETURNING *")


def _comparable(row):
    ignored = {
        *("updated_at", "rep_type_at", "processed_at", "created_at", "raw_sets"),
        *("records_at", "counted_at"),
    }
    return [(name, value) for name, value in row._mapping.items() if name not in ignored]


def test_analytics_counts_the_same(databases, catalogue, rpc, fresh_user):
    fill(databases, Filling(fresh_user, workouts=40), catalogue)
    filled_in = take_numbers(databases, fresh_user)
    assert rpc.analytics.rebuild(fresh_user) == {"workouts": 40}
    counted = take_numbers(databases, fresh_user)
    assert all(filled_in.values())
    for table in TABLES:
        assert filled_in[table] == counted[table], table


def test_workouts_are_whole(databases, catalogue, rpc, fresh_user):
    # the next id may be another test's
    user = FAR_USERS + fresh_user
    first = fill(databases, Filling(user, users=2, workouts=3), catalogue)
    for user_id, oldest in ((user, first), (user + 1, first + 3)):
        page = rpc.workouts.list(user_id)
        assert [item["id"] for item in page["items"]] == [oldest + 2, oldest + 1, oldest]
        assert page["total"] == 3
        whole = rpc.workouts.get(oldest, user_id)
        assert [len(exercise["sets"]) for exercise in whole["exercises"]] == [4] * 5
        day = page["items"][-1]
        assert (day["exercise_count"], day["set_count"]) == (5, 20)


def test_logging_goes_on_after_it(databases, catalogue, rpc, fresh_user):
    first = fill(databases, Filling(fresh_user, workouts=2), catalogue)
    workout = {"date": "2026-01-01", "exercises": [{"exercise_id": 1, "sets": [{"reps": 5}]}]}
    logged = rpc.workouts.create(fresh_user, workout)["workout"]["id"]
    assert logged > first + 1
    rpc.workouts.delete(fresh_user, logged)
    assert fill(databases, Filling(fresh_user + 2 * FAR_USERS), catalogue) > logged
