"""What one workout says about its exercises."""

import dataclasses
import random
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.sets import SET_TYPES
from schemas.units import workout_volume
from services.analytics.rules.metrics import average_rpe, exercise_metrics
from services.analytics.rules.set_bests import set_bests


def logged(set_number=1, reps=5, weight=100, unit="kg", set_type="normal", rpe=None):
    return {
        "set_number": set_number,
        "reps": reps,
        "weight": weight,
        "unit": unit,
        "set_type": set_type,
        "rpe": rpe,
        "notes": None,
    }


def exercise(*sets, exercise_id=1, order_index=1, rep_type="count"):
    return {
        "exercise_id": exercise_id,
        "exercise_name": f"Exercise {exercise_id}",
        "rep_type": rep_type,
        "order_index": order_index,
        "sets": list(sets),
    }


def workout(*exercises):
    return {"id": 7, "user_id": 1, "date": "2025-02-16", "exercises": list(exercises)}


def measured(*sets, rep_type="count"):
    [metrics] = exercise_metrics(workout(exercise(*sets, rep_type=rep_type)))
    return metrics


def test_an_exercise_is_measured_over_its_working_sets():
    working = [logged(2, 8, 120, rpe=8), logged(3, 6, 130, set_type="top", rpe=9.5)]
    metrics = measured(logged(1, 10, 150, set_type="warmup", rpe=3), *working)
    counted = dataclasses.asdict(metrics)
    assert counted.pop("bests") == set_bests("weight_reps", "count", working)
    assert counted == {
        "exercise_id": 1,
        "exercise_name": "Exercise 1",
        "rep_type": "count",
        "best_weight_kg": 130,
        "best_weight": 130,
        "best_weight_unit": "kg",
        "most_reps": 8,
        "total_volume": 8 * 120 + 6 * 130,
        "total_sets": 2,
        "total_reps": 14,
        "rpe_sum": Decimal("17.5"),
        "rpe_count": 2,
        "raw_sets": working,
        "measure": "weight_reps",
        "total_duration_seconds": None,
        "total_distance_m": None,
    }


@pytest.mark.parametrize(
    "sets", [[], [logged(set_type="warmup")], [logged(1, set_type="warmup")] * 2]
)
def test_an_exercise_without_a_working_set_is_not_there(sets):
    assert exercise_metrics(workout(exercise(*sets))) == []


def test_a_workout_without_exercises_says_nothing():
    assert exercise_metrics(workout()) == []


def test_an_exercise_that_stands_twice_is_one():
    other = exercise(logged(), exercise_id=2, order_index=2)
    first = exercise(logged(1, 5, 100, rpe=8), order_index=1)
    again = exercise(logged(1, 10, 80, rpe=9), order_index=3)
    one, two = exercise_metrics(workout(again, other, first))
    assert (one.exercise_id, two.exercise_id) == (1, 2)
    assert (one.total_sets, one.total_reps, one.total_volume) == (2, 15, 1300)
    assert (one.best_weight_kg, one.most_reps) == (100, 10)
    assert average_rpe(one.rpe_sum, one.rpe_count) == Decimal("8.5")
    assert [raw["reps"] for raw in one.raw_sets] == [5, 10]


def test_an_exercise_that_only_warms_up_the_first_time_counts_with_the_second():
    twice = workout(
        exercise(logged(set_type="warmup"), order_index=1), exercise(logged(), order_index=2)
    )
    assert [metrics.total_sets for metrics in exercise_metrics(twice)] == [1]


@pytest.mark.parametrize(
    ("sets", "best"),
    [
        ([logged(weight=None)], (None, None, None)),
        ([logged(weight=0)], (None, None, None)),
        ([logged(reps=0)], (None, None, None)),
        ([logged(reps=0.99)], (None, None, None)),
        ([logged(reps=1)], (100, 100, "kg")),
        ([logged(1, 0, 200), logged(2, 1, 100)], (100, 100, "kg")),
        ([logged(1, 1, 100), logged(2, 1, 220.46, "lb")], (100, 100, "kg")),
        (
            [logged(1, 1, 100), logged(2, 1, 220.47, "lb")],
            (Decimal("100.0035098139"), Decimal("220.47"), "lb"),
        ),
    ],
)
def test_the_heaviest_set_has_a_weight_and_a_repetition(sets, best):
    metrics = measured(*sets)
    assert (metrics.best_weight_kg, metrics.best_weight, metrics.best_weight_unit) == best


@pytest.mark.parametrize("rep_type", ["time", "distance"])
def test_a_loaded_carry_has_a_weight_but_no_volume(rep_type):
    metrics = measured(logged(reps=60, weight=20), rep_type=rep_type)
    assert (metrics.best_weight_kg, metrics.total_volume, metrics.most_reps) == (20, 0, 60)


@pytest.mark.parametrize(
    ("reps", "most"), [([0], None), ([0, 0], None), ([0, 3], 3), ([0.5], Decimal("0.5"))]
)
def test_most_reps_are_more_than_zero(reps, most):
    assert measured(*[logged(n, count) for n, count in enumerate(reps)]).most_reps == most


def test_a_set_of_zero_reps_is_a_set_all_the_same():
    metrics = measured(logged(reps=0, rpe=10))
    assert (metrics.total_sets, metrics.total_reps, metrics.rpe_count) == (1, 0, 1)


def test_rpe_is_averaged_over_sets_that_have_one():
    metrics = measured(logged(1, rpe=7.5), logged(2, rpe=None), logged(3, rpe=8))
    assert average_rpe(metrics.rpe_sum, metrics.rpe_count) == Decimal("7.75")
    assert average_rpe(Decimal(0), 0) is None


amounts = st.decimals(min_value=0, max_value=1000, places=2).map(float)
logged_sets = st.builds(
    logged,
    reps=amounts,
    weight=st.none() | amounts,
    unit=st.sampled_from(["kg", "lb"]),
    set_type=st.sampled_from(SET_TYPES),
    rpe=st.none() | st.sampled_from([6, 7.5, 10]),
)


@st.composite
def workouts(draw):
    exercises = []
    for order_index in range(draw(st.integers(0, 4))):
        sets = draw(st.lists(logged_sets, max_size=4))
        for set_number, given_set in enumerate(sets, start=1):
            given_set["set_number"] = set_number
        exercise_id = draw(st.integers(1, 3))
        kind = ["time", "count", "distance"][exercise_id - 1]
        exercises.append(
            exercise(*sets, exercise_id=exercise_id, order_index=order_index, rep_type=kind)
        )
    return workout(*exercises)


@given(workouts(), st.randoms(use_true_random=False))
def test_the_order_of_the_lists_never_matters(given_workout, chance):
    shuffled = workout(
        *[
            {**item, "sets": chance.sample(item["sets"], len(item["sets"]))}
            for item in given_workout["exercises"]
        ]
    )
    random.Random(chance.random()).shuffle(shuffled["exercises"])
    assert exercise_metrics(shuffled) == exercise_metrics(given_workout)


@given(workouts(), logged_sets)
def test_a_warm_up_changes_nothing(given_workout, extra):
    warm_up = {**extra, "set_type": "warmup", "set_number": 99}
    warmed_up = workout(
        *[{**item, "sets": [*item["sets"], warm_up]} for item in given_workout["exercises"]],
        exercise(warm_up, exercise_id=9, order_index=9),
    )
    assert exercise_metrics(warmed_up) == exercise_metrics(given_workout)


@given(workouts())
def test_volumes_add_up_to_the_workouts(given_workout):
    volumes = [metrics.total_volume for metrics in exercise_metrics(given_workout)]
    assert sum(volumes) == workout_volume(given_workout)
