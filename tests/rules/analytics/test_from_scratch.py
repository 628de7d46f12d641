"""Counting a whole history from nothing: what counting it in any other way gives."""

from hypothesis import given

from services.analytics.rules.changes import Change
from services.analytics.rules.from_scratch import CountFromScratch
from services.analytics.rules.metrics import place
from services.analytics.rules.set_records import set_records
from tests.rules.analytics.test_incremental import change, logs, recounted
from tests.rules.analytics.test_set_records import one, rows, workout


def oldest_first(changes):
    return sorted(changes, key=lambda each: (each.workout.date, each.workout_id))


def of_one_user(changes):
    return [each for each in changes if each.user_id == 1]


@given(logs)
def test_a_history_gives_the_numbers_of_a_recount(changes):
    theirs = of_one_user(changes)
    counted = CountFromScratch()
    assert [each for each in oldest_first(theirs) if not counted.add(each)] == []
    expected = recounted(theirs)
    assert counted.numbers.lifetimes == expected.lifetimes
    assert counted.numbers.records == expected.records
    assert counted.numbers.snapshots == expected.snapshots


def test_records_of_sets_are_those_of_the_whole_history():
    logged = [
        workout(1, "weight_reps", one(5, 100), one(8, 80)),
        workout(2, "weight_reps", one(5, 225, "lb"), day=1),
        workout(3, "weight_reps", one(5, 100), one(1, 110), day=2),
    ]
    counted = CountFromScratch()
    for each in logged:
        counted.add(Change.of_workout(each))
    assert counted.numbers.set_records[1, 1] == set_records(rows(*logged))


def test_a_workout_that_stands_before_the_last_is_left_out():
    later, earlier = (
        change(1, 1, 5, 30, [(1, 100, "kg", 5, "Squat")]),
        change(2, 1, 4, 30, [(1, 90, "kg", 5, "Squat")]),
    )
    assert place(earlier.rows[0]) < place(later.rows[0])
    counted = CountFromScratch()
    assert counted.add(later)
    assert not counted.add(earlier)
    assert counted.numbers.records == recounted([later]).records
    assert counted.numbers.snapshots == recounted([later]).snapshots
