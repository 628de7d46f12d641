"""Numbers carried forward by new workouts, and recounted from the whole history: the same."""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.units import kilograms
from services.analytics.rules.changes import UNITS, Change, ProcessedWorkout
from services.analytics.rules.history import lifetime
from services.analytics.rules.incremental import IncrementalCount, Numbers
from services.analytics.rules.metrics import HistoryRow, place
from services.analytics.rules.progress import snapshots
from services.analytics.rules.records import KINDS, Record, carried_record, personal_records

FIRST_DAY = date(2025, 1, 27)


def row(workout_id, day=0, weight=100, unit="kg", *, exercise_id=1, reps=5, name="Squat", user=1):
    value = None if weight is None else Decimal(str(weight))
    size = None if weight is None else kilograms(value, unit)
    return HistoryRow(
        user_id=user,
        workout_id=workout_id,
        date=FIRST_DAY + timedelta(days=day),
        exercise_id=exercise_id,
        exercise_name=name,
        rep_type="count",
        best_weight_kg=size,
        best_weight=value,
        best_weight_unit=None if weight is None else unit,
        most_reps=Decimal(reps) if reps else None,
        total_volume=(size or 0) * Decimal(reps),
        total_sets=1,
        total_reps=Decimal(reps),
        rpe_sum=Decimal(0),
        rpe_count=0,
    )


def change(workout_id, user, day, minutes, lifts):
    rows = {
        exercise_id: row(
            workout_id, day, weight, unit, exercise_id=exercise_id, reps=reps, name=name, user=user
        )
        for exercise_id, weight, unit, reps, name in lifts
    }
    as_now = ProcessedWorkout(1, FIRST_DAY + timedelta(days=day), minutes, deleted=False)
    return Change(user, workout_id, as_now, list(rows.values()))


def recounted(changes):
    """Count everything from the whole history."""
    numbers = Numbers()
    rows_of, workouts_of = defaultdict(list), defaultdict(list)
    for each in changes:
        workouts_of[each.user_id].append(each)
        for made in each.rows:
            rows_of[made.user_id, made.exercise_id].append(made)
    for key, rows in rows_of.items():
        numbers.lifetimes[key] = lifetime(rows)
        numbers.records[key] = personal_records(rows)
    for user_id, theirs in workouts_of.items():
        rows = [made for each in theirs for made in each.rows]
        for unit in UNITS:
            found = snapshots([each.workout for each in theirs], rows, unit)
            numbers.snapshots |= {(user_id, unit, start): one for start, one in found.items()}
    return numbers


class History:
    """The database as far as incremental counting sees it."""

    def __init__(self, changes=()):
        self.changes = list(changes)
        self.numbers = recounted(self.changes)

    def best_before(self, asked):
        return {(new.workout_id, new.exercise_id): self.best_before_row(new) for new in asked}

    def best_before_row(self, new):
        before = [
            made
            for made in self.rows()
            if (made.user_id, made.exercise_id) == (new.user_id, new.exercise_id)
            and place(made) < place(new)
        ]
        return {
            kind: max((KINDS[kind].size(made) or 0 for made in before), default=None)
            for kind in KINDS
        }

    def rows(self):
        return [made for each in self.changes for made in each.rows]

    def performed(self):
        return {
            (made.exercise_id, key)
            for each in self.changes
            for made in each.rows
            for key in each.periods
        }

    def add(self, batch):
        """Carry everything forward by a batch, and return the numbers that changed."""
        counted = IncrementalCount(
            self.numbers, self.performed(), self.best_before, {}, excluded=set()
        )
        counted.add(batch)
        self.changes += batch
        return counted.changed


lifts = st.tuples(
    st.integers(1, 2),
    st.none() | st.sampled_from([0.01, 80, 100, 100, 220.46, 220.47]),
    st.sampled_from(["kg", "lb"]),
    st.integers(0, 3),
    st.sampled_from(["Squat", "Back squat"]),
)
logged = st.tuples(
    st.integers(1, 2),
    st.integers(0, 9),
    st.none() | st.integers(0, 100),
    st.lists(lifts, max_size=3),
)
logs = st.lists(logged, max_size=12).map(
    lambda made: [change(number, *each) for number, each in enumerate(made, start=1)]
)


@given(logs, st.randoms(use_true_random=False), st.integers(1, 4))
def test_any_order_in_any_batches_ends_in_what_a_recount_gives(changes, chance, size):
    history = History()
    arriving = chance.sample(changes, len(changes))
    for first in range(0, len(arriving), size):
        history.add(arriving[first : first + size])
    expected = recounted(changes)
    assert history.numbers.lifetimes == expected.lifetimes
    assert history.numbers.records == expected.records
    assert history.numbers.snapshots == expected.snapshots


@given(logs, logs)
def test_only_what_changed_is_told(before, batch):
    history = History(before)
    was = recounted(before)
    later = [
        Change(
            each.user_id,
            each.workout_id + 100,
            each.workout,
            [made._replace(workout_id=made.workout_id + 100) for made in each.rows],
        )
        for each in batch
    ]
    changed = history.add(later)
    for key, records in changed.records.items():
        for kind, record in records.items():
            assert record != was.records.get(key, {}).get(kind)
    assert changed.lifetimes.keys() == {
        (made.user_id, made.exercise_id) for each in later for made in each.rows
    }


def test_what_is_counted_anew_is_left_apart():
    given_change = change(1, 1, 0, 30, [(1, 100, "kg", 5, "Squat")])
    week, month = given_change.periods
    counted = IncrementalCount(Numbers(), (), History().best_before, {}, excluded={(1, 1), week})
    counted.add([given_change])
    assert counted.changed.lifetimes == counted.changed.records == {}
    assert counted.changed.snapshots.keys() == {month}


RECORD = Record(Decimal(100), "kg", FIRST_DAY + timedelta(days=5), 50, Decimal(90))


@pytest.mark.parametrize(
    ("new", "value", "previous"),
    [
        (row(60, 9, 110), 110, 100),
        (row(60, 5, 110), 110, 100),
        (row(60, 9, 100), 100, 90),
        (row(60, 9, 90), 100, 90),
        (row(60, 1, 95), 100, 95),
        (row(60, 1, 85), 100, 90),
        # what it beat can only be looked up
        (row(60, 1, 110), 110, 70),
        (row(60, 1, 100), 100, 70),
        (row(40, 5, 100), 100, 70),
        (row(60, 1, None), 100, 90),
    ],
)
def test_a_record_and_what_it_beat(new, value, previous):
    carried = carried_record("max_weight", RECORD, new, lambda: Decimal(70))
    assert (carried.value, carried.previous) == (value, previous)


def test_the_history_is_asked_only_when_the_record_cannot_tell():
    def never():
        raise AssertionError("not needed")

    for new in (row(60, 9, 110), row(60, 9, 100), row(60, 1, 95), row(60, 1, None)):
        carried_record("max_weight", RECORD, new, never)
    first = Record(Decimal(100), "kg", FIRST_DAY, 50, None)
    earlier = row(60, -1, 110)
    assert carried_record("max_weight", first, earlier, never).previous is None


def test_an_unchanged_record_is_the_same_object():
    assert carried_record("max_weight", RECORD, row(60, 9, 90), lambda: None) is RECORD
    assert carried_record("max_weight", RECORD, row(60, 1, 85), lambda: None) is RECORD
