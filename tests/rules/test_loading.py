"""What is loaded quickly is what marshmallow loads; where a rule is broken, marshmallow decides."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from schemas.workouts import Changes, NewWorkout, WorkoutChanges, WorkoutList

LOOSE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 2000),
    st.floats(-5, 20_000),
    st.decimals(-5, 20_000, places=3),
    st.sampled_from(["kg", "lbs", "warmup", " ", "x", "2025-02-16", "2025-02-30", "\x00", "7"]),
    st.lists(st.integers(), max_size=2),
)


def sometimes(usual):
    return st.one_of(usual, usual, usual, LOOSE)


def objects(fields, required=()):
    needed = {name: sometimes(usual) for name, usual in fields.items() if name in required}
    optional = {name: sometimes(usual) for name, usual in fields.items() if name not in required}
    return st.fixed_dictionaries(needed, optional={**optional, "unknown": LOOSE})


notes = st.text(max_size=5)
sets = objects(
    {
        "reps": st.integers(0, 20),
        "weight": st.floats(0, 100).map(lambda weight: round(weight, 2)),
        "unit": st.sampled_from(["kg", "lb", "lbs"]),
        "set_type": st.sampled_from(["warmup", "normal", " top "]),
        "rpe": st.sampled_from([1, 7.5, 10]),
        "notes": notes,
        "set_number": st.integers(1, 4),
    },
    required=["reps"],
)
exercises = objects(
    {
        "exercise_id": st.integers(1, 9),
        "order_index": st.integers(1, 3),
        "notes": notes,
        "sets": st.lists(sometimes(sets), max_size=3),
    },
    required=["exercise_id"],
)
workouts = objects(
    {
        "date": st.just("2025-02-16"),
        "name": notes,
        "duration_minutes": st.integers(0, 100),
        "notes": notes,
        "exercises": st.lists(sometimes(exercises), max_size=3),
        "version": st.integers(1, 3),
    },
    required=["date"],
)
queries = objects(
    {
        "user_id": st.integers(1, 9).map(str),
        "page": st.integers(1, 9).map(str),
        "limit": st.sampled_from(["1", "100", "101"]),
        "sort": st.sampled_from(["date", "date:desc,name", "date,date", "x"]),
        "date_from": st.just("2025-02-16"),
        "after": st.integers(0, 9),
    }
)


@pytest.mark.parametrize("schema", [NewWorkout(), WorkoutChanges()], ids=["new", "changes"])
@given(data=workouts)
def test_a_workout(schema, data):
    assert_alike(schema, data)


@pytest.mark.parametrize("schema", [WorkoutList(), Changes()], ids=["list", "feed"])
@given(data=queries)
def test_a_query(schema, data):
    assert_alike(schema, data)


def assert_alike(schema, data):
    try:
        quickly = schema.load_quickly(data)
    except ValidationError:
        return
    assert quickly == schema.load(data)


def test_an_ordinary_workout_is_loaded_quickly():
    workout = {
        "date": "2025-02-16",
        "name": None,
        "exercises": [{"exercise_id": 1, "sets": [{"reps": 5, "weight": 102.5, "rpe": 8.5}]}],
    }
    assert NewWorkout().load_quickly(workout) == NewWorkout().load(workout)
    assert WorkoutList().load_quickly({"user_id": "7", "sort": "date:desc"})["page"] == 1


@pytest.mark.parametrize("data", [None, [], "text", {"date": None}, {}])
def test_what_is_not_ordinary_is_left_to_marshmallow(data):
    with pytest.raises(ValidationError):
        NewWorkout().load_quickly(data)
