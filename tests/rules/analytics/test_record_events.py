"""Which records are told of as set or revoked, by hand."""

from datetime import date, timedelta

import pytest

from schemas.measures import REP_TYPE_OF
from services.analytics.rules.incremental import Numbers
from services.analytics.rules.metrics import history_rows
from services.analytics.rules.record_events import record_events, shown_event
from services.analytics.rules.records import personal_records
from services.analytics.rules.set_records import set_records

FIRST_DAY = date(2025, 1, 27)


def one(reps=0, weight=None, unit="kg", *, seconds=None, metres=None):
    return {
        "set_number": 1,
        "reps": reps,
        "repetitions": reps or None,
        "weight": weight,
        "unit": unit,
        "duration_seconds": seconds,
        "distance_m": metres,
        "set_type": "normal",
        "rpe": None,
        "rir": None,
    }


def workout(workout_id, *sets, measure="weight_reps", day=0, started_at=None, exercise_id=1):
    exercise = {
        "exercise_id": exercise_id,
        "exercise_name": "It",
        "rep_type": REP_TYPE_OF[measure],
        "measure": measure,
        "order_index": 1,
        "sets": list(sets),
    }
    return {
        "id": workout_id,
        "user_id": 7,
        "date": (FIRST_DAY + timedelta(days=day)).isoformat(),
        "started_at": started_at,
        "exercises": [exercise],
    }


def numbers(*workouts):
    counted = Numbers()
    rows_of = {}
    for each in workouts:
        for row in history_rows(each):
            rows_of.setdefault((row.user_id, row.exercise_id), []).append(row)
    for key, rows in rows_of.items():
        counted.records[key] = {**personal_records(rows)}
        counted.set_records[key] = {**set_records(rows)}
    return counted


def told(before, now, *batch):
    """Return type, values and cause of what is told of workouts before and now, by its kind."""
    known = numbers(*now)
    known_before = numbers(*before)
    for key in known.records:
        known_before.records.setdefault(key, {})
    events = list(record_events(known_before, known, set(batch)))
    found = {}
    for event in events:
        kind = event.kind if not event.kept_by else (event.kind, float(event.kept_by))
        assert kind not in found
        values = [record and float(record.value) for record in (event.old, event.new)]
        found[kind] = (event.event_type.removeprefix("record_"), *values, event.workout_id)
    return found


def test_a_first_record_beats_none():
    assert told([], [workout(1, one(5, 100))], 1) == {
        "max_weight": ("set", None, 100, 1),
        "max_reps": ("set", None, 5, 1),
        "max_volume": ("set", None, 500, 1),
        "best_e1rm": ("set", None, pytest.approx(100 * 35 / 30), 1),
        "best_set_volume": ("set", None, 500, 1),
    }


def test_a_better_one_is_told_with_what_it_beat():
    first = workout(1, one(5, 100))
    assert told([first], [first, workout(2, one(5, 100), one(2, 105), day=1)], 2) == {
        "max_weight": ("set", 100, 105, 2),
        "max_volume": ("set", 500, 710, 2),
    }


@pytest.mark.parametrize(
    "later", [workout(2, one(5, 100), day=1), workout(2, one(5, 220.46, "lb"), day=1)]
)
def test_an_equal_or_lesser_one_is_not(later):
    first = workout(1, one(5, 100))
    assert told([first], [first, later], 2) == {}


def test_an_equal_one_of_an_earlier_day_takes_the_place():
    first = workout(1, one(5, 100), day=1)
    found = told([first], [first, workout(2, one(5, 100))], 2)
    assert found["max_weight"] == ("revoked", 100, 100, 2)
    assert {event for event, *_ in found.values()} == {"revoked"}


def test_a_better_one_of_an_earlier_day_is_set():
    first = workout(1, one(5, 100), day=1)
    found = told([first], [first, workout(2, one(5, 101))], 2)
    assert found["max_weight"] == ("set", 100, 101, 2)
    assert "max_reps" in found
    assert found["max_reps"] == ("revoked", 5, 5, 2)


def test_of_one_day_the_times_decide():
    late = workout(1, one(5, 100), started_at="2025-01-27T18:00:00Z")
    early = workout(2, one(5, 100), started_at="2025-01-27T07:30:00+01:00")
    assert told([late], [late, early], 2)["max_weight"] == ("revoked", 100, 100, 2)
    assert told([early], [early, late], 1) == {}


def test_a_deletion_brings_back_the_one_before():
    first, second = workout(1, one(5, 100)), workout(2, one(5, 110), day=1)
    found = told([first, second], [first], 2)
    assert found["max_weight"] == ("revoked", 110, 100, 2)
    assert "max_reps" not in found
    assert told([first], [], 1)["max_weight"] == ("revoked", 100, None, 1)


def test_an_edit_up_is_set_and_an_edit_down_revoked():
    low, high = workout(1, one(5, 100)), workout(1, one(5, 110))
    assert told([low], [high], 1)["max_weight"] == ("set", 100, 110, 1)
    assert told([high], [low], 1)["max_weight"] == ("revoked", 110, 100, 1)
    assert told([low], [workout(1, one(5, 100), day=3)], 1) == {}


def test_an_edit_down_below_another_workout_s_tells_who_caused_it():
    first, second = workout(1, one(5, 110)), workout(2, one(5, 105), day=1)
    edited = workout(1, one(5, 100))
    assert told([first, second], [edited, second], 1)["max_weight"] == ("revoked", 110, 105, 1)


def test_only_shown_kinds_are_told():
    kinds = set(told([], [workout(1, one(5, 100), one(13, 60))], 1))
    assert kinds == {"max_weight", "max_reps", "max_volume", "best_e1rm", "best_set_volume"}


def test_less_assistance_is_better_and_of_equal_more_repetitions():
    def assisted(workout_id, reps, weight, **more):
        return workout(workout_id, one(reps, weight), measure="assisted_reps", **more)

    first = assisted(1, 5, 30)
    assert told([first], [first, assisted(2, 5, 20, day=1)], 2) == {
        "least_assistance": ("set", 30, 20, 2)
    }
    assert told([first], [first, assisted(2, 6, 30, day=1)], 2) == {
        "least_assistance": ("set", 30, 30, 2),
        "max_reps": ("set", 5, 6, 2),
    }
    assert told([first], [first, assisted(2, 5, 40, day=1)], 2) == {}


def test_each_weight_has_its_longest():
    def held(workout_id, *sets, **more):
        return workout(workout_id, *sets, measure="weight_duration", **more)

    first = held(1, one(0, 10, seconds=60), one(0, 20, seconds=30))
    found = told([first], [first, held(2, one(0, 20, seconds=40), day=1)], 2)
    assert found == {("longest_at", 20): ("set", 30, 40, 2)}


def test_repetitions_are_not_compared_with_seconds():
    reps, seconds = workout(1, one(50)), workout(2, one(60), measure="duration", day=1)
    assert "max_reps" not in told([reps], [reps, seconds], 2)
    assert "longest" in told([reps], [reps, seconds], 2)


def test_exercises_are_told_apart():
    bench, squat = workout(1, one(5, 100)), workout(1, one(5, 140), exercise_id=2)
    both = {**bench, "exercises": bench["exercises"] + squat["exercises"]}
    events = list(record_events(empty(1, 2), numbers(both), {1}))
    assert [event.exercise for event in events] == [(7, 1)] * 5 + [(7, 2)] * 5


def empty(*exercise_ids):
    return Numbers(records={(7, exercise_id): {} for exercise_id in exercise_ids})


def test_it_is_shown_rounded_with_day_and_workout():
    first = workout(1, one(0, 25, "lb", seconds=60), measure="weight_duration", day=1)
    (longest, at) = map(shown_event, record_events(empty(1), numbers(first), {1}))
    assert longest == {
        "user_id": 7,
        "exercise_id": 1,
        "kind": "longest",
        "weight_kg": None,
        "old": None,
        "new": {"value": 60, "unit": "seconds", "achieved_date": "2025-01-28", "workout_id": 1},
        "workout_id": 1,
    }
    assert at == longest | {"kind": "longest_at", "weight_kg": 11.34}
