"""Rows taken out of a history on which no record hangs: the same as a recount of what is left."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.analytics.rules.history import lifetime
from services.analytics.rules.metrics import history_rows
from services.analytics.rules.records import personal_records
from services.analytics.rules.set_records import set_records
from services.analytics.rules.taking_out import are_needed, without

FIRST_DAY = date(2025, 1, 27)

logged_sets = st.builds(
    dict,
    reps=st.sampled_from([0, 1, 5, 5, 8, 12.5]),
    weight=st.sampled_from([None, 0, 60, 100, 100, 102.5, 225]),
    unit=st.sampled_from(["kg", "kg", "lb"]),
)
kinds = st.sampled_from(
    [
        ("count", "weight_reps"),
        ("count", "weight_reps"),
        ("count", "bodyweight_reps"),
        ("count", "assisted_reps"),
        ("time", "weight_duration"),
    ]
)
days = st.integers(0, 4)


def row(workout_id, day, kind, sets):
    rep_type, measure = kind
    exercise = {
        "exercise_id": 1,
        "exercise_name": "Squat",
        "order_index": 1,
        "rep_type": rep_type,
        "measure": measure,
        "sets": [
            {"set_number": number, "set_type": "normal", "rpe": None, **each}
            for number, each in enumerate(sets, 1)
        ],
    }
    workout = {
        "user_id": 1,
        "id": workout_id,
        "date": (FIRST_DAY + timedelta(days=day)).isoformat(),
        "exercises": [exercise],
    }
    (found,) = history_rows(workout)
    return found


def counted(rows):
    return lifetime(rows), personal_records(rows), set_records(rows)


histories = st.tuples(
    st.booleans(),
    kinds,
    st.lists(st.tuples(days, kinds, st.lists(logged_sets, min_size=1, max_size=3)), min_size=2),
).map(
    lambda drawn: [
        row(number, day, kind if drawn[0] else drawn[1], sets)
        for number, (day, kind, sets) in enumerate(drawn[2], 1)
    ]
)


@given(histories, st.data())
def test_what_is_left_stands_as_if_counted_anew(history, data):
    whole, *records = counted(history)
    gone = data.draw(st.lists(st.sampled_from(history), min_size=1, unique_by=id))
    if whole.last_workout_id in {each.workout_id for each in gone}:
        # whose last day is another then
        return
    if not are_needed(gone, whole, *records):
        left = counted([each for each in history if each not in gone])
        assert (without(whole, gone), *records) == left


def test_all_rows_are_needed_also_if_no_record_is_among_them():
    history = [row(1, 1, ("time", "weight_duration"), [{"reps": 0, "weight": None, "unit": "kg"}])]
    whole, *records = counted(history)
    assert not any(records)
    assert are_needed(history, whole, *records)


def test_rows_that_a_record_hangs_on_are_told_from_others():
    def squat(number, weight):
        return row(
            number,
            number,
            ("count", "weight_reps"),
            [{"reps": 5, "weight": weight, "unit": "kg"}],
        )

    history = [squat(1, 60), squat(2, 100), squat(3, 80), squat(4, 120), squat(5, 60)]
    whole, *records = counted(history)
    held = [each.workout_id for each in history if are_needed([each], whole, *records)]
    # the fourth is the record and beat the second; the first has the record of repetitions
    assert held == [1, 2, 4]
