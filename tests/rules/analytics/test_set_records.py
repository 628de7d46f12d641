"""Records of single sets: by hand, and against an independent recount."""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.measures import MEASURES, REP_TYPE_OF
from services.analytics.rules.changes import Change
from services.analytics.rules.incremental import IncrementalCount, Numbers
from services.analytics.rules.metrics import history_rows, measured_again, place
from services.analytics.rules.records import KINDS as OLDER
from services.analytics.rules.set_bests import SINGLE_KINDS
from services.analytics.rules.set_records import set_records, stands_before

FIRST_DAY = date(2025, 1, 27)
POUND = Fraction(45359237, 100_000_000)
KEY = (1, 1)


def one(reps=0, weight=None, unit="kg", *, seconds=None, metres=None, set_type="normal"):
    return {
        "set_number": 1,
        "reps": reps,
        "repetitions": reps or None,
        "weight": weight,
        "unit": unit,
        "duration_seconds": seconds,
        "distance_m": metres,
        "set_type": set_type,
        "rpe": None,
        "rir": None,
    }


def workout(workout_id, measure, *sets, day=0, started_at=None):
    exercise = {
        "exercise_id": 1,
        "exercise_name": "It",
        "rep_type": REP_TYPE_OF[measure],
        "measure": measure,
        "order_index": 1,
        "sets": [{**each, "set_number": number} for number, each in enumerate(sets, start=1)],
    }
    return {
        "id": workout_id,
        "user_id": 1,
        "date": (FIRST_DAY + timedelta(days=day)).isoformat(),
        "started_at": started_at,
        "version": 1,
        "duration_minutes": None,
        "exercises": [exercise],
    }


def rows(*workouts):
    return [row for each in workouts for row in history_rows(each)]


def records(*workouts):
    """Return value, unit, workout and what was beaten of each record, by its slot."""
    return {
        (kind, float(kept_by)): (
            float(record.value),
            record.unit,
            record.workout_id,
            record.previous and float(record.previous),
        )
        for (kind, kept_by), record in set_records(rows(*workouts)).items()
    }


def test_a_lift_makes_an_estimate_a_set_volume_and_a_rep_max():
    found = records(workout(7, "weight_reps", one(5, 100), one(8, 80)))
    assert found["best_set_volume", 0] == (640, "kg", 7, None)
    assert found["rep_max", 5] == (100, "kg", 7, None)
    assert found["rep_max", 8] == (80, "kg", 7, None)
    assert found["best_e1rm", 0][0] == pytest.approx(100 * 35 / 30)
    assert found["best_e1rm_brzycki", 0][0] == pytest.approx(100 * 36 / 32)
    assert found["best_e1rm_lombardi", 0][0] == pytest.approx(100 * 5**0.1)


def test_pounds_and_kilograms_compare_exactly():
    # 225 lb are 102.05828325 kg
    found = records(
        workout(1, "weight_reps", one(1, 102)), workout(2, "weight_reps", one(1, 225, "lb"))
    )
    assert found["best_e1rm", 0] == (225, "lb", 2, 102)
    found = records(
        workout(1, "weight_reps", one(1, 225, "lb")), workout(2, "weight_reps", one(1, 102.05))
    )
    assert found["best_e1rm", 0][:3] == (225, "lb", 1)


def test_thirteen_repetitions_are_no_estimate_and_one_is_the_weight():
    assert ("best_e1rm", 0) not in records(workout(1, "weight_reps", one(13, 100)))
    found = records(workout(1, "weight_reps", one(13, 100), one(1, 100)))
    assert found["best_e1rm", 0][0] == 100


def test_the_heaviest_of_what_is_between_two_numbers_of_repetitions():
    heavy, light = one(2.5, 100), one(2.25, 60)
    for sets in ([heavy, light], [light, heavy]):
        assert records(workout(1, "weight_reps", *sets))["rep_max", 2.5][0] == 100


def test_equal_estimates_are_the_first_workouts():
    found = records(
        workout(2, "weight_reps", one(10, 87.5), day=1), workout(1, "weight_reps", one(5, 100))
    )
    assert found["best_e1rm", 0][2] == 1
    found = records(
        workout(1, "weight_reps", one(5, 100), day=1), workout(2, "weight_reps", one(10, 87.5))
    )
    assert found["best_e1rm", 0][2:] == (2, None)


def test_twenty_kilograms_of_assistance_beat_thirty():
    found = records(
        workout(1, "assisted_reps", one(8, 30)),
        workout(2, "assisted_reps", one(5, 20)),
        workout(3, "assisted_reps", one(12, 25)),
    )
    assert found == {("least_assistance", 0): (20, "kg", 2, -30)}


def test_of_equal_assistance_more_repetitions_are_better():
    found = records(
        workout(1, "assisted_reps", one(8, 20)),
        workout(2, "assisted_reps", one(9, 20)),
        workout(3, "assisted_reps", one(9, 20)),
    )
    assert found["least_assistance", 0] == (20, "kg", 2, -20)


def test_without_assistance_nothing_is_known():
    assert records(workout(1, "assisted_reps", one(8), one(8, 0), one(0, 10))) == {}


def test_an_assisted_row_has_no_weight_and_no_volume():
    (row,) = rows(workout(1, "assisted_reps", one(8, 30)))
    assert (row.best_weight_kg, row.total_volume, row.size_of("best_e1rm")) == (None, 0, None)
    assert row.most_reps == 8


def test_five_kilometres_in_thirty_minutes():
    run = workout(1, "distance_duration", one(5000, seconds=1800, metres=5000))
    assert records(run) == {
        ("farthest", 0): (5000, "meters", 1, None),
        ("longest", 0): (1800, "seconds", 1, None),
        ("fastest_pace", 0): (360, "seconds_per_km", 1, None),
    }
    (row,) = rows(run)
    assert (row.total_volume, row.total_duration_seconds, row.total_distance_m) == (0, 1800, 5000)


@pytest.mark.parametrize(("metres", "has_pace"), [(399.99, False), (400, True)])
def test_a_pace_needs_400_metres(metres, has_pace):
    found = records(workout(1, "distance_duration", one(metres, seconds=90, metres=metres)))
    assert (("fastest_pace", 0) in found) == has_pace


def test_a_pace_is_better_if_it_is_less():
    found = records(
        workout(1, "distance_duration", one(1000, seconds=300, metres=1000)),
        workout(2, "distance_duration", one(2000, seconds=580, metres=2000)),
        workout(3, "distance_duration", one(500, seconds=200, metres=500)),
    )
    assert found["fastest_pace", 0] == (290, "seconds_per_km", 2, -300)


def test_a_plank_is_longest_and_longest_at_its_weight():
    found = records(
        workout(1, "weight_duration", one(90, seconds=90), one(60, 10, seconds=60)),
        workout(2, "weight_duration", one(70, 10, seconds=70), one(20, 20, seconds=20)),
    )
    assert found == {
        ("longest", 0): (90, "seconds", 1, None),
        ("longest_at", 10): (70, "seconds", 2, 60),
        ("longest_at", 20): (20, "seconds", 2, None),
    }


def test_workouts_of_one_day_by_their_times():
    late, early = "2025-01-27T18:00:00Z", "2025-01-27T07:30:00+01:00"
    found = records(
        workout(1, "weight_reps", one(5, 100), started_at=late),
        workout(2, "weight_reps", one(5, 100), started_at=early),
    )
    assert found["rep_max", 5][2] == 2
    found = records(
        workout(1, "weight_reps", one(5, 100), started_at=early),
        workout(2, "weight_reps", one(5, 100)),
    )
    assert found["rep_max", 5][2] == 2


def test_warm_ups_and_sets_of_nothing_are_no_records():
    assert not rows(workout(1, "weight_reps", one(5, 100, set_type="warmup")))
    assert records(workout(1, "weight_reps", one(0, 100), one(5, 0), one(5))) == {}
    assert records(workout(1, "distance_duration", one(0), one(0, seconds=0, metres=0))) == {}


def old(made):
    """Return a workout as the version before gave it."""
    newer = {"repetitions", "duration_seconds", "distance_m", "rir"}
    exercise = {**made["exercises"][0]}
    del exercise["measure"]
    exercise["sets"] = [
        {name: value for name, value in each.items() if name not in newer}
        for each in exercise["sets"]
    ]
    made = {**made, "exercises": [exercise]}
    del made["started_at"]
    return made


@pytest.mark.parametrize(
    ("measure", "done"),
    [
        ("weight_reps", one(5, 100)),
        ("duration", one(60, seconds=60)),
        ("distance_duration", one(800, metres=800)),
    ],
)
def test_a_workout_of_the_version_before_counts_the_same(measure, done):
    made = workout(1, measure, done)
    assert records(old(made)) == records(made)
    (row,) = rows(made)
    stored = row._replace(
        measure=None,
        is_counted=False,
        total_duration_seconds=None,
        total_distance_m=None,
        bests=None,
        raw_sets=old(made)["exercises"][0]["sets"],
    )
    assert measured_again(stored).counts_as(row)


# against an independent recount

SIZES = {
    "best_e1rm": lambda one: _estimated(one, lambda r: Fraction(30 + r, 30)),
    "best_e1rm_brzycki": lambda one: _estimated(one, lambda r: Fraction(36, 37 - r)),
    "best_set_volume": lambda one: _weight(one) * Fraction(str(one["reps"])) or None,
    "longest": lambda one: _fraction(one["duration_seconds"]),
    "farthest": lambda one: _fraction(one["distance_m"]),
    "fastest_pace": lambda one: _pace(one),
    "least_assistance": lambda one: _ease(one),
}
LIFTED = ["best_e1rm", "best_e1rm_brzycki", "best_set_volume"]
KINDS = {
    "weight_reps": LIFTED,
    "bodyweight_reps": LIFTED,
    "reps": ["best_set_volume"],
    "assisted_reps": ["least_assistance"],
    "duration": ["longest"],
    "weight_duration": ["longest"],
    "distance_duration": ["longest", "farthest", "fastest_pace"],
    "weight_distance": ["longest", "farthest", "fastest_pace"],
}


def _fraction(number):
    return Fraction(str(number)) if number else None


def _weight(one):
    return Fraction(str(one["weight"] or 0)) * (POUND if one["unit"] == "lb" else 1)


def _estimated(one, factor):
    reps = Fraction(str(one["reps"]))
    if not _weight(one) or reps.denominator != 1 or not 1 <= reps <= 12:
        return None
    return _weight(one) * (1 if reps == 1 else factor(reps))


def _pace(one):
    metres, seconds = _fraction(one["distance_m"]), _fraction(one["duration_seconds"])
    return -seconds * 1000 / metres if metres and seconds and metres >= 400 else None


def _ease(one):
    if not _weight(one) or one["reps"] < 1:
        return None
    return -_weight(one), Fraction(str(one["reps"]))


def counted_by_hand(workouts):
    """Return the workout of each record and the size that it beat, by kind or weight or reps."""
    in_order = sorted(workouts, key=lambda w: (w["date"], w["started_at"] or "", w["id"]))
    found, best = {}, {}
    for each in in_order:
        before = dict(best)
        (exercise,) = each["exercises"]
        for logged in exercise["sets"]:
            if logged["set_type"] == "warmup":
                continue
            for slot, size in _sizes(exercise["measure"], logged):
                if size is not None and (slot not in best or size > best[slot]):
                    best[slot] = size
                    found[slot] = each["id"], before.get(slot)
    return found


def _sizes(measure, logged):
    meant = {"time": "duration_seconds", "distance": "distance_m"}.get(REP_TYPE_OF[measure])
    if meant and logged[meant] is None:
        # reps alone are what the exercise counts
        logged = {**logged, meant: logged["reps"]}
    for kind in KINDS[measure]:
        yield (kind, 0), SIZES[kind](logged)
    if REP_TYPE_OF[measure] == "time" and _weight(logged):
        yield ("longest_at", _weight(logged)), SIZES["longest"](logged)
    if measure in ("weight_reps", "bodyweight_reps") and _weight(logged):
        reps = Fraction(str(logged["reps"]))
        if reps.denominator == 1 and 1 <= reps <= 12:
            yield ("rep_max", reps), _weight(logged)
        elif reps > 12:
            yield ("rep_max", Fraction(13)), _weight(logged)
        elif reps > 1:
            yield ("rep_max", Fraction(int(reps)) + Fraction(1, 2)), _weight(logged)


def compared(found):
    """Return computed records as they are counted by hand."""
    shown = {}
    for (kind, kept_by), record in found.items():
        if kind == "best_e1rm_lombardi":
            continue
        shown[kind, Fraction(kept_by)] = record.workout_id, record.previous
    return shown


def assert_counted(found, workouts):
    by_hand, computed = counted_by_hand(workouts), compared(found)
    assert computed.keys() == by_hand.keys()
    for slot, (workout_id, previous) in computed.items():
        expected_id, beaten = by_hand[slot]
        assert workout_id == expected_id, slot
        if slot[0] == "rep_max" or beaten is None:
            assert previous is None
        else:
            beaten = beaten[0] if isinstance(beaten, tuple) else beaten
            assert abs(Fraction(previous) - beaten) < Fraction(1, 10**15)


done_sets = st.builds(
    one,
    st.sampled_from([0, 0.5, 1, 5, 5, 5.25, 5.5, 10, 12, 12.5, 13]),
    st.sampled_from([None, 0, 20, 87.5, 100, 100, 102, 225]),
    st.sampled_from(["kg", "kg", "lb"]),
    seconds=st.sampled_from([None, 0, 60, 90, 1800]),
    metres=st.sampled_from([None, 0, 399, 400, 5000]),
    set_type=st.sampled_from(["normal", "normal", "warmup"]),
)
times = st.sampled_from([None, None, "2025-01-27T06:00:00Z", "2025-01-27T18:00:00Z"])


@st.composite
def logs(draw):
    """Return workouts of one exercise, whose measure may be corrected on the way."""
    measures = draw(st.lists(st.sampled_from(MEASURES), min_size=1, max_size=2))
    made = draw(
        st.lists(
            st.tuples(
                st.sampled_from(measures), st.lists(done_sets, max_size=3), st.integers(0, 3), times
            ),
            max_size=8,
        )
    )
    return [
        workout(number, measure, *sets, day=day, started_at=started_at)
        for number, (measure, sets, day, started_at) in enumerate(made, start=1)
    ]


@given(logs(), st.randoms(use_true_random=False))
def test_records_are_those_of_an_independent_recount(workouts, chance):
    shuffled = chance.sample(workouts, len(workouts))
    assert_counted(set_records(rows(*shuffled)), workouts)


class Stored:
    """The database as far as carrying set records forward sees it."""

    def __init__(self):
        self.rows = []
        self.records = {}

    def add(self, workouts):
        changes = [Change.of_workout(each) for each in workouts]
        batch = [row for change in changes for row in change.rows]
        if self._is_recounted(batch):
            self.records = set_records(self.rows + batch)
        else:
            known = Numbers(set_records={KEY: dict(self._found(batch))})
            count = IncrementalCount(known, (), self._best_before, {}, excluded=set())
            count.add(changes)
            self.records |= count.changed.set_records.get(KEY, {})
        self.rows += batch

    def _is_recounted(self, batch):
        return any(
            slot[0] == "longest_at" and stands_before(self.records.get(slot), row, best)
            for row in batch
            for slot, best in row.bests.items()
        )

    def _found(self, batch):
        """Yield what the statement in counting_reads finds."""
        for row in batch:
            for slot, best in row.bests.items():
                record = self.records.get(slot)
                if len(batch) > 1 or record is None or may_change(record, row, best):
                    yield slot, record

    def _best_before(self, asked):
        return {(row.workout_id, row.exercise_id): self._sizes_before(row) for row in asked}

    def _sizes_before(self, row):
        before = [other for other in self.rows if place(other) < place(row)]
        sizes = {kind: [other.size_of(kind) for other in before] for kind in SINGLE_KINDS}
        sizes |= {kind: [each.size(other) for other in before] for kind, each in OLDER.items()}
        return {
            kind: max((size for size in found if size is not None), default=None)
            for kind, found in sizes.items()
        }


def may_change(record, row, best):
    if best.rank > record.rank:
        return True
    if place(row) > record.place:
        return False
    return best.rank == record.rank or record.previous is None or record.previous < best.size


@given(logs(), st.randoms(use_true_random=False), st.integers(1, 4))
@settings(max_examples=3 * settings().max_examples)
def test_records_that_are_carried_forward_are_those_of_a_recount(workouts, chance, size):
    arriving = chance.sample(workouts, len(workouts))
    stored = Stored()
    for first in range(0, len(arriving), size):
        stored.add(arriving[first : first + size])
    assert stored.records == set_records(rows(*workouts))


@st.composite
def holds(draw):
    """Return workouts with holds of two weights, which soon beat each other."""
    done = st.builds(one, weight=st.sampled_from([10, 20]), seconds=st.integers(1, 4))
    made = draw(st.lists(st.tuples(done, st.integers(0, 9)), max_size=8))
    return [
        workout(number, "weight_duration", hold, day=day)
        for number, (hold, day) in enumerate(made, start=1)
    ]


@given(holds(), st.randoms(use_true_random=False), st.integers(1, 4))
@settings(max_examples=3 * settings().max_examples)
def test_holds_in_any_order_in_any_batches_are_those_of_a_recount(workouts, chance, size):
    arriving = chance.sample(workouts, len(workouts))
    stored = Stored()
    for first in range(0, len(arriving), size):
        stored.add(arriving[first : first + size])
    assert stored.records == set_records(rows(*workouts))
