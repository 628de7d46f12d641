"""What a request writes of a workout."""

from datetime import date
from decimal import Decimal

import pytest

from schemas.errors import BusinessRuleViolation, Conflict, NotFound
from services.workouts import rules
from services.workouts.rules import Plan

TODAY = date(2025, 2, 16)
TOMORROW = date(2025, 2, 17)
TOO_LATE = date(2025, 2, 18)
BENCH, SQUAT = 1, 2


def known(exercise_id, is_active=True):
    name = {BENCH: "Bench Press", SQUAT: "Squat"}[exercise_id]
    return {"id": exercise_id, "name": name, "rep_type": "count", "is_active": is_active}


def lifted(exercise_id, *sets):
    return {"exercise_id": exercise_id, "order_index": 1, "notes": None, "sets": list(sets)}


def a_set(reps, weight, set_type="normal"):
    return {"reps": Decimal(reps), "weight": Decimal(weight), "unit": "kg", "set_type": set_type}


def stored(*exercise_ids, version=3):
    return {"version": version, "exercises": [{"exercise_id": each} for each in exercise_ids]}


def test_a_new_workout_has_every_column_and_its_totals():
    sets = a_set(5, 100), a_set(5, "102.5")
    plan = rules.plan_creation({"date": TODAY, "exercises": [lifted(BENCH, *sets)]}, [known(BENCH)])
    assert plan == Plan(
        {
            "name": None,
            "date": TODAY,
            "started_at": None,
            "started_offset": None,
            "ended_at": None,
            "ended_offset": None,
            "time_zone": None,
            "duration_minutes": None,
            "notes": None,
            "exercise_count": 1,
            "set_count": 2,
            "total_volume": Decimal("1012.5"),
        },
        [
            lifted(BENCH, *(each | {"repetitions": each["reps"]} for each in sets))
            | {"exercise_name": "Bench Press", "rep_type": "count", "measure": "weight_reps"}
        ],
    )


def test_a_new_workout_may_be_empty():
    plan = rules.plan_creation({"date": TODAY}, [])
    assert (plan.exercises, plan.columns["set_count"]) == ([], 0)
    assert plan.changes_anything


def test_a_change_of_columns_leaves_exercises_and_totals_alone():
    changes = {"name": "Push day", "notes": None, "version": 3}
    assert rules.plan_update(changes) == Plan({"name": "Push day", "notes": None}, None, 3)


def test_columns_come_in_one_order_however_they_were_given():
    first = rules.plan_update({"notes": "x", "name": "y"})
    second = rules.plan_update({"name": "y", "notes": "x"})
    assert list(first.columns) == list(second.columns)


def test_given_exercises_replace_all_and_bring_their_totals():
    changes = {"name": "Legs", "exercises": [lifted(SQUAT, a_set(3, 140))]}
    plan = rules.plan_update(changes, [known(SQUAT)], stored(BENCH))
    assert plan.columns == {
        "name": "Legs",
        "exercise_count": 1,
        "set_count": 1,
        "total_volume": Decimal(420),
    }
    assert [item["exercise_name"] for item in plan.exercises] == ["Squat"]
    assert plan.expected_version is None


def test_no_exercises_are_a_change_and_left_out_ones_are_none():
    emptied = rules.plan_update({"exercises": []}, [], stored(BENCH))
    assert emptied.exercises == []
    assert emptied.changes_anything
    assert not rules.plan_update({}, stored=stored(BENCH)).changes_anything
    assert not rules.plan_update({"version": 3}, stored=stored(BENCH)).changes_anything


def test_an_inactive_exercise_may_stay_but_not_come_in():
    changes = {"exercises": [lifted(BENCH)]}
    inactive = [known(BENCH, is_active=False)]
    assert rules.plan_update(changes, inactive, stored(BENCH)).exercises
    with pytest.raises(BusinessRuleViolation):
        rules.plan_update(changes, inactive, stored(SQUAT))
    with pytest.raises(BusinessRuleViolation):
        rules.plan_creation({"date": TODAY, **changes}, inactive)


@pytest.mark.parametrize(
    ("changes", "needs"),
    [
        ({}, True),
        ({"version": 3}, True),
        ({"exercises": []}, True),
        ({"name": "x", "exercises": []}, True),
        ({"date": TOO_LATE}, True),
        ({"date": TOMORROW}, False),
        ({"name": "x"}, False),
        ({"name": None, "version": 3}, False),
    ],
)
def test_columns_alone_can_be_changed_unread(changes, needs):
    assert rules.needs_stored(changes, TODAY) is needs


def test_another_version_is_refused_before_the_date():
    changes = {"version": 2, "date": TOO_LATE}
    with pytest.raises(Conflict) as refusal:
        rules.check_update(changes, stored(version=3), TODAY)
    assert refusal.value.details == {"current_version": 3, "received": 2}
    with pytest.raises(BusinessRuleViolation):
        rules.check_update({**changes, "version": 3}, stored(version=3), TODAY)
    rules.check_update({"version": None, "date": TOMORROW}, stored(version=3), TODAY)


def test_nothing_found_is_not_found():
    assert rules.found({"id": 1}) == {"id": 1}
    with pytest.raises(NotFound):
        rules.found(None)
