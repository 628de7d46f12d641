"""What was done the last time, over RPC."""

import pytest

from schemas.errors import InvalidParameter
from services.workouts.last_sets import FEW
from tests.services.logbook import ago, body, lift, one
from tests.services.workouts.test_workouts import User, faults

BENCH, SQUAT, RUNNING, PLANK = 1, 2, 5, 6


@pytest.fixture
def user(rpc, fresh_user):
    return User(rpc, fresh_user)


def last(user, *ids):
    return user.rpc.workouts.last_sets(user.id, [*ids])


def places(user, *ids):
    return [(each["exercise_id"], each["workout_id"]) for each in last(user, *ids)]


def test_the_working_sets_of_the_latest_workout(user):
    user.create(body("2025-02-14", lift(BENCH, one(5, 90))))
    workout = user.create(
        {
            "started_at": "2025-02-16T18:30:00+01:00",
            "exercises": [
                lift(BENCH, one(8, 60, set_type="warmup"), one(5, 100, rir=2), order_index=3),
                lift(PLANK, {"reps": 60}, order_index=1),
                lift(BENCH, one(5, 80, set_type="drop"), order_index=2),
            ],
        }
    )
    user.create(body("2025-02-15", lift(BENCH, one(5, 110))))

    plank, drop, bench = workout["exercises"]
    assert last(user, BENCH, SQUAT, PLANK) == [
        {
            "exercise_id": exercise_id,
            "workout_id": workout["id"],
            "date": "2025-02-16",
            "started_at": "2025-02-16T18:30:00+01:00",
            "sets": sets,
        }
        for exercise_id, sets in (
            (BENCH, [*drop["sets"], bench["sets"][1]]),
            (PLANK, plank["sets"]),
        )
    ]


def test_the_order_is_that_of_the_ids_each_once(user):
    workout = user.create(body(ago(0), lift(SQUAT, one(5)), lift(BENCH, one(5))))["id"]
    assert places(user, BENCH, SQUAT, BENCH) == [(BENCH, workout), (SQUAT, workout)]
    assert user.rpc.workouts.last_sets(user.id, "2, 1,2")[0]["exercise_id"] == SQUAT


def test_the_latest_has_a_working_set(user):
    earlier = user.create(body(ago(3), lift(BENCH, one(5))))["id"]
    user.create(body(ago(1), lift(BENCH, one(5, set_type="warmup"))))
    user.create(body(ago(0), lift(BENCH)))
    assert places(user, BENCH, SQUAT) == [(BENCH, earlier)]


def test_of_one_day_the_latest_is_the_last_in_the_list(user):
    sets = [lift(BENCH, one(5))]
    moments = ["2025-02-16T09:00:00Z", None, "2025-02-16T12:00:00Z", "2025-02-16T12:00:00+01:00"]
    ids = [
        user.create({"date": "2025-02-16", "started_at": moment, "exercises": sets})["id"]
        for moment in moments
    ]
    assert places(user, BENCH) == [(BENCH, ids[2])]
    assert user.listed(limit=1) == [ids[2]]


@pytest.mark.slow
def test_what_was_done_often_is_found_as_well(user):
    """By another way than what was done seldom."""
    newest = user.create(body(ago(0), lift(BENCH, one(5))))["id"]
    for days in range(1, FEW + 3):
        user.create(body(ago(days), lift(BENCH, one(5))))
    for exercise in (lift(SQUAT, one(5)), lift(BENCH, one(5, set_type="warmup"))):
        user.create(body(ago(0), exercise))
    assert places(user, BENCH, SQUAT)[0] == (BENCH, newest)
    user.delete(newest)
    assert last(user, BENCH)[0]["date"] == ago(1)


def test_a_user_reads_what_they_wrote(user):
    assert last(user, BENCH) == []
    workout = user.create(body(ago(0), lift(BENCH, one(5))))
    assert last(user, BENCH)[0]["sets"] == workout["exercises"][0]["sets"]
    after = user.update(workout["id"], exercises=[lift(BENCH, one(6))])
    assert last(user, BENCH)[0]["sets"] == after["exercises"][0]["sets"]
    user.delete(workout["id"])
    assert last(user, BENCH) == []


def test_nobody_elses_are_shown(user):
    user.create(body(ago(0), lift(BENCH, one(5))))
    assert last(User(user.rpc, user.id + 10**10), BENCH) == []


@pytest.mark.parametrize(
    ("ids", "constraint"),
    [
        (None, "required"),
        ("", "min_length"),
        ("1,,2", "min_length"),
        ("1,x", "type"),
        ([1.5], "type"),
        ([True], "type"),
        (5, "type"),
        ("0", "min"),
        (str(2**63), "max"),
        ([*range(1, 52)], "max_items"),
    ],
)
def test_ids_are_at_most_fifty_whole_numbers(user, ids, constraint):
    with pytest.raises(InvalidParameter) as refusal:
        user.rpc.workouts.last_sets(user.id, ids)
    assert faults(refusal) == [("ids", constraint)]
    assert len(last(user, *range(1, 51))) == 0
