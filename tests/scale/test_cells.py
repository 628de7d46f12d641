"""Two cells behind one gateway: who is where, and buckets of users that move under load."""

import pytest

from stack.testing import SETTINGS, running_system
from tests.faults.lifters import Lifter
from tests.scale import cells
from tests.scale.cells import BUCKET, CELL, ask, begin_second_cell, user_in
from tests.scale.conftest import directory
from tests.services.logbook import ago, body, lift, one
from tests.waiting import eventually

pytestmark = pytest.mark.timeout(600)

ELSEWHERE = 18
"""A bucket that was moved by hand, before anybody was in it."""

SECONDS = 20


@pytest.fixture(scope="module")
def system():
    with running_system(settings=SETTINGS | cells.SETTINGS, directory=directory("cells")) as system:
        begin_second_cell(system)
        for service in ("workouts", "analytics"):
            move_by_hand(system, service)
        yield system


def move_by_hand(system, service):
    """Have the second cell have a bucket in which nobody is yet."""
    values = "INSERT INTO bucket_states (bucket, state, cell) VALUES"
    ask(system, service, f"{values} ({ELSEWHERE}, 'gone', '{CELL}')", cell="")
    ask(system, service, f"{values} ({ELSEWHERE}, 'here', '')")


def make_body():
    return body(ago(3), lift(1, one(5, 100)), name="five by five")


def count_of(system, service, table, user_id, cell):
    [(found,)] = ask(
        system, service, f"SELECT count(*) FROM {table} WHERE user_id = {user_id}", cell=cell
    )
    return found


@pytest.mark.parametrize(("bucket", "cell", "other"), [(BUCKET, "", CELL), (ELSEWHERE, CELL, "")])
def test_a_user_is_served_by_the_cell_that_has_the_bucket(system, bucket, cell, other):
    lifter = Lifter(system, user_id=user_in(bucket))
    status, (made,) = lifter.ask("create", "POST", "/api/workouts", make_body())
    assert status == 201

    def record():
        _, (found,) = lifter.ask("stats", "GET", "/api/stats/personal-records")
        return found["records"][0]["max_weight"]["value"]

    assert eventually(record, SECONDS) == 100
    path = f"/api/workouts/{made['id']}"
    assert lifter.ask("read", "GET", path) == (200, [made])
    assert lifter.ask("edit", "PUT", path, {"name": "heavy"})[0] == 200
    assert lifter.ask("list", "GET", "/api/workouts")[1][0]["name"] == "heavy"
    for service, table in (("workouts", "workouts"), ("analytics", "processed_workouts")):
        counts = [count_of(system, service, table, lifter.user_id, each) for each in (cell, other)]
        assert counts == [1, 0], service
