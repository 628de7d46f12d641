"""Personal records."""

from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.units import kilograms, rounded
from services.analytics.rules.records import Record, personal_records

FIRST_DAY = date(2025, 2, 1)


def row(
    workout_id,
    weight=None,
    unit="kg",
    *,
    day=None,
    reps=None,
    volume=0,
    rep_type="count",
    started_at=None,
):
    """Make a row of the history; its day follows its id unless it is said."""
    return SimpleNamespace(
        workout_id=workout_id,
        date=FIRST_DAY + timedelta(days=workout_id if day is None else day),
        best_weight_kg=None if weight is None else kilograms(weight, unit),
        best_weight=None if weight is None else Decimal(str(weight)),
        best_weight_unit=None if weight is None else unit,
        most_reps=None if reps is None else Decimal(str(reps)),
        total_volume=Decimal(str(volume)),
        rep_type=rep_type,
        started_at=started_at,
    )


def max_weight(*rows):
    return personal_records(rows).get("max_weight")


def test_each_kind_has_its_own_workout():
    records = personal_records(
        [
            row(1, 100, reps=5, volume=500),
            row(2, 90, reps=12, volume=1080),
            row(3, 80, reps=10, volume=2400),
        ]
    )
    assert records == {
        "max_weight": Record(Decimal(100), "kg", date(2025, 2, 2), 1, None),
        "max_reps": Record(Decimal(12), "reps", date(2025, 2, 3), 2, Decimal(5)),
        "max_volume": Record(Decimal(2400), "kg", date(2025, 2, 4), 3, Decimal(1080)),
    }


@pytest.mark.parametrize("rows", [[], [row(1)], [row(1), row(2)]])
def test_nothing_lifted_is_no_record(rows):
    assert personal_records(rows) == {}


def test_a_kind_that_does_not_exist_is_left_out():
    assert set(personal_records([row(1, reps=20)])) == {"max_reps"}
    assert set(personal_records([row(1, 20, reps=60, rep_type="time")])) == {
        "max_weight",
        "max_reps",
    }


def test_zeros_are_no_records_and_are_not_previous():
    assert personal_records([row(1, 0, reps=0, volume=0)]) == {}
    records = personal_records([row(1, 0, reps=0, volume=0), row(2, 50, reps=5, volume=250)])
    assert [record.previous for record in records.values()] == [None, None, None]


@pytest.mark.parametrize(
    ("rep_type", "unit"), [("count", "reps"), ("time", "seconds"), ("distance", "meters")]
)
def test_the_unit_of_max_reps_is_what_the_exercise_counts(rep_type, unit):
    assert personal_records([row(1, reps=30, rep_type=rep_type)])["max_reps"].unit == unit


def test_a_tie_does_not_move_a_record():
    records = personal_records(
        [row(n, 100, reps=5, volume=500) for n in (3, 1, 2)] + [row(4, 90, reps=4, volume=360)]
    )
    assert {record.workout_id for record in records.values()} == {1}
    assert {record.previous for record in records.values()} == {None}


def test_workouts_of_one_day_follow_each_other_by_id():
    same_day = [row(12, 100, day=0), row(3, 100, day=0), row(7, 90, day=0)]
    assert max_weight(*same_day) == Record(Decimal(100), "kg", FIRST_DAY, 3, None)
    risen = [row(12, 110, day=0), row(3, 100, day=0)]
    assert max_weight(*risen) == Record(Decimal(110), "kg", FIRST_DAY, 12, Decimal(100))


def test_a_backdated_workout_takes_the_record_although_its_id_is_later():
    record = max_weight(row(1, 100, day=5), row(2, 100, day=1))
    assert (record.workout_id, record.achieved_date) == (2, FIRST_DAY + timedelta(days=1))


def test_previous_is_the_best_before_and_not_the_last_before():
    assert max_weight(row(1, 90), row(2, 100), row(3, 80), row(4, 110)).previous == 100
    assert max_weight(row(1, 90), row(2, 110), row(3, 100)).previous == 90


@pytest.mark.parametrize(
    ("rows", "value", "unit", "previous"),
    [
        # 220.46 lb is 99.99897… kg and 220.47 lb is 100.0035… kg
        ([row(1, 100), row(2, 220.46, "lb")], 100, "kg", None),
        ([row(1, 100), row(2, 220.47, "lb")], 220.47, "lb", 220.46),
        ([row(1, 220.46, "lb"), row(2, 100)], 100, "kg", 100),
        ([row(1, 220.47, "lb"), row(2, 100)], 220.47, "lb", None),
        ([row(1, 225, "lb"), row(2, 105)], 105, "kg", 102.06),
        ([row(1, 225, "lb"), row(2, 230.55, "lb")], 230.55, "lb", 225),
        ([row(1, 225, "lb"), row(2, 100), row(3, 300, "lb")], 300, "lb", 225),
    ],
)
def test_kilograms_and_pounds_compare_exactly_and_previous_has_the_records_unit(
    rows, value, unit, previous
):
    record = max_weight(*rows)
    assert (rounded(record.value), record.unit, rounded(record.previous)) == (
        value,
        unit,
        previous,
    )


def test_previous_in_the_records_own_unit_is_as_logged():
    assert max_weight(row(1, 220.46, "lb"), row(2, 300, "lb")).previous == Decimal("220.46")


def test_previous_from_pounds_is_exact_until_the_answer():
    assert max_weight(row(1, 220.46, "lb"), row(2, 100)).previous == Decimal("99.9989738902")


def test_volumes_that_look_the_same_rounded_are_told_apart():
    records = personal_records([row(1, volume="500.001"), row(2, volume="500.002")])
    assert (records["max_volume"].workout_id, records["max_volume"].previous) == (
        2,
        Decimal("500.001"),
    )


histories = st.lists(
    st.builds(
        row,
        st.integers(1, 1000),
        st.none() | st.sampled_from([0, 80, 100, 220.46, 220.47]),
        st.sampled_from(["kg", "lb"]),
        day=st.integers(0, 4),
        reps=st.none() | st.integers(1, 3),
        volume=st.sampled_from([0, 500, 500.01]),
    ),
    unique_by=lambda made: made.workout_id,
    max_size=8,
)


@given(histories, st.randoms(use_true_random=False))
def test_the_order_of_arrival_never_matters(rows, chance):
    assert personal_records(chance.sample(rows, len(rows))) == personal_records(rows)


@given(histories)
def test_a_record_is_first_and_greatest_and_previous_is_all_before_it(rows):
    for kind, size in {
        "max_weight": lambda made: made.best_weight_kg or 0,
        "max_reps": lambda made: made.most_reps or 0,
        "max_volume": lambda made: made.total_volume,
    }.items():
        record = personal_records(rows).get(kind)
        greatest = max(map(size, rows), default=0)
        assert (record is None) == (greatest == 0)
        if record is None:
            continue
        place = (record.achieved_date, record.workout_id)
        before = [made for made in rows if (made.date, made.workout_id) < place]
        [holder] = [made for made in rows if made.workout_id == record.workout_id]
        best_before = max(map(size, before), default=0)
        assert best_before < size(holder) == greatest
        assert (record.previous is None) == (best_before == 0)
        if record.previous is not None:
            unit = record.unit if kind == "max_weight" else "kg"
            assert abs(kilograms(record.previous, unit) - best_before) < Decimal("1e-20")
