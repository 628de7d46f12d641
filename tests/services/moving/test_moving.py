"""Moving a bucket from one cell to another: all of it, while others write, and back again."""

import pytest

from services.moving import noting
from services.moving.connecting import opened
from services.moving.tables import MOVED
from services.process import cells
from tests.services.moving.rows import DELETE, MEASURE, MERGE, WORKOUT

BUCKET = 17
USERS = [BUCKET, BUCKET + cells.BUCKETS, BUCKET + 7 * cells.BUCKETS]
OTHER = 18
APART = 10**13

FEED = """
    SELECT workout_id, user_id, kind, version, date FROM workout_changes c
    WHERE id = (SELECT max(id) FROM workout_changes l WHERE l.workout_id = c.workout_id)
    ORDER BY id
"""


def stored(two, cell, users):
    """Return all rows that are moved, by table; positions are another cell's own."""
    columns = {"measurement_changes": "user_id, measurement_id, version"}
    found = {}
    for service, tables in MOVED.items():
        for table in tables:
            condition = " OR ".join(f"({where})" for where in table.where)
            rows = two.run(
                cell,
                service,
                f"SELECT {columns.get(table.name, '*')} FROM {table.name} WHERE {condition}",
                users=[*users],
            )
            found[table.name] = sorted(rows, key=str)
    return found


def test_all_that_users_have_is_in_the_other_cell(prepared):
    prepared.fill(prepared.first, *USERS, OTHER)
    before = stored(prepared, prepared.first, USERS)
    others = stored(prepared, prepared.first, [OTHER])
    assert all(before.values())
    told = [row for row in prepared.workouts(prepared.first, FEED) if row[1] in USERS]
    prepared.move(BUCKET)
    assert stored(prepared, prepared.b, USERS) == before
    assert not any(stored(prepared, prepared.first, USERS).values())
    assert stored(prepared, prepared.first, [OTHER]) == others
    assert prepared.workouts(prepared.b, FEED) == told
    assert prepared.workouts(prepared.b, "SELECT DISTINCT imported FROM workout_changes") == [
        (True,)
    ]
    of_bucket = "SELECT count(*) FROM workout_changes WHERE mod(user_id, 1024) = 17"
    assert prepared.workouts(prepared.first, of_bucket) == [(0,)]
    assert prepared.states(BUCKET) == [["gone"], ["gone"], ["here"], ["here"]]
    assert prepared.said[0] == f"bucket 17: {len(USERS)} users move from the first cell to cell b"


def test_ids_of_cells_are_apart(prepared):
    prepared.fill(prepared.first, *USERS)
    prepared.move(BUCKET)
    [(new,)] = prepared.workouts(prepared.b, WORKOUT, user=BUCKET, name="New")
    assert new > APART
    for table, position in (("workout_changes", "id"), ("measurement_changes", "position")):
        [(least,)] = prepared.workouts(prepared.b, f"SELECT min({position}) FROM {table}")
        assert least > APART


@pytest.mark.slow
def test_a_bucket_moves_there_and_back(prepared):
    prepared.fill(prepared.first, *USERS)
    prepared.move(BUCKET)
    [(new,)] = prepared.workouts(prepared.b, WORKOUT, user=BUCKET, name="New")
    [(gone,)] = prepared.workouts(prepared.b, WORKOUT, user=BUCKET, name="Gone")
    prepared.workouts(prepared.b, DELETE, user=BUCKET, id=gone)
    prepared.follow(prepared.b)
    before = stored(prepared, prepared.b, USERS)
    for name, cell, other in (
        ("", prepared.first, prepared.b),
        ("b", prepared.b, prepared.first),
    ):
        prepared.move(BUCKET, name)
        assert stored(prepared, cell, USERS) == before
        assert not any(stored(prepared, other, USERS).values())
        prepared.follow(cell)
    prepared.workouts(prepared.b, DELETE, user=BUCKET, id=new)


def test_users_of_a_bucket_are_found_however_far_apart_they_are(shared):
    far = [BUCKET + cells.BUCKETS * place for place in (0, 1, 2, 900, 4 * 10**6)]
    of_others = [BUCKET - 1, BUCKET + 1, BUCKET + cells.BUCKETS - 1, 10**10]
    for user in [*far, *of_others]:
        shared.workouts(shared.first, MEASURE, user=user)
    shared.workouts(shared.first, MERGE, user=17 + 3 * cells.BUCKETS)
    with opened(shared.first) as side:
        assert noting.users_of(side.workouts, BUCKET) == [
            *far[:3],
            17 + 3 * cells.BUCKETS,
            *far[3:],
        ]
        assert noting.users_of(side.workouts, 600) == []
