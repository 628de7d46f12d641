"""Input is loaded if it breaks no rule, and otherwise every broken rule is listed."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from schemas.errors import FaultyInput
from schemas.loading import load
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
        "rir": st.sampled_from([0, 2.5, 9]),
        "duration_seconds": st.integers(0, 100),
        "distance_m": st.integers(0, 100),
        "rest_seconds": st.integers(0, 100),
        "notes": notes,
        "set_number": st.integers(1, 4),
    },
    required=["reps"],
)
exercises = objects(
    {
        "exercise_id": st.integers(1, 9),
        "order_index": st.integers(1, 3),
        "superset": st.integers(0, 3),
        "notes": notes,
        "sets": st.lists(sometimes(sets), max_size=3),
    },
    required=["exercise_id"],
)
workouts = objects(
    {
        "date": st.just("2025-02-16"),
        "name": notes,
        "started_at": st.sampled_from(["2025-02-16T18:30:00+01:00", "2025-02-16T18:30Z"]),
        "ended_at": st.just("2025-02-16T19:30:00Z"),
        "time_zone": st.sampled_from(["Europe/Berlin", "UTC"]),
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
        schema.load_valid(data)
    except ValidationError:
        assert [*schema.errors_in(data)]
    else:
        assert not [*schema.errors_in(data)]


def test_an_ordinary_workout():
    workout = {
        "date": "2025-02-16",
        "name": None,
        "exercises": [{"exercise_id": 1, "sets": [{"reps": 5, "weight": 102.5, "rpe": 8.5}]}],
    }
    loaded = load(NewWorkout(), workout)
    assert loaded["date"] == date(2025, 2, 16)
    assert "name" not in loaded
    (exercise,) = loaded["exercises"]
    (logged_set,) = exercise["sets"]
    assert (exercise["order_index"], logged_set["set_number"]) == (1, 1)
    assert (logged_set["reps"], logged_set["weight"]) == (Decimal(5), Decimal("102.5"))
    assert load(WorkoutList(), {"user_id": "7", "sort": "date:desc"})["page"] == 1


def faults(schema, data):
    with pytest.raises(FaultyInput) as caught:
        load(schema, data)
    return caught.value.faults


@pytest.mark.parametrize("data", [None, [], "text", {"date": None}, {}])
def test_what_is_no_workout(data):
    (entry,) = faults(NewWorkout(), data)
    is_object = isinstance(data, dict)
    assert entry.get("field") == ("date" if is_object else None)
    assert entry["details"]["constraint"] == ("required" if is_object else "type")


def test_a_hundred_faults_are_listed_and_the_others_counted():
    unknown = {f"field_{number}": 1 for number in range(250)}
    *listed, last = faults(NewWorkout(), {"date": "2025-02-16", **unknown})
    assert [entry["field"] for entry in listed] == [*unknown][:100]
    assert last["message"] == "150 more faults are not listed"
    assert last["details"] == {"constraint": "max_items", "max_items": 100, "received": 250}
    assert (
        len(faults(NewWorkout(), {"date": "2025-02-16", **dict([*unknown.items()][:100])})) == 100
    )


def test_a_name_that_a_client_made_up_is_listed_short():
    (entry,) = faults(NewWorkout(), {"date": "2025-02-16", "x" * 100_000: 1})
    assert entry["field"] == "x" * 100 + "…"


def test_too_many_sets_are_counted_before_each_is_judged():
    exercise = {"exercise_id": 1, "sets": [{}] * 100}
    (entry,) = faults(NewWorkout(), {"date": "2025-02-16", "exercises": [exercise] * 11})
    assert entry["field"] == "exercises"
    assert entry["details"] == {"constraint": "max_items", "max_items": 1000, "received": 1100}


def test_numbers_of_a_list_are_unique_whether_given_or_not():
    exercises = [{"exercise_id": 1}, {"exercise_id": 1, "order_index": 1}, {}, None]
    found = faults(NewWorkout(), {"date": "2025-02-16", "exercises": exercises})
    assert sorted((entry["field"], entry["details"]["constraint"]) for entry in found) == [
        ("exercises[1].order_index", "unique"),
        ("exercises[2].exercise_id", "required"),
        ("exercises[3]", "type"),
    ]
