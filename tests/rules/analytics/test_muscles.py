"""Sets by muscle and week."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.analytics.rules.muscles import Band, Muscles, Trained, is_hard, listed, of_week
from services.analytics.rules.weeks import local_day, week_name

BENCH, ROW, UNKNOWN = 1, 2, 3
MUSCLES = {
    BENCH: Muscles(["chest", "triceps"], ["shoulders"]),
    ROW: Muscles(["back"], ["biceps", "shoulders"]),
}
BAND = Band(10, 20)
MONDAY = date(2026, 11, 23)


def effort(set_type="normal", rpe=None, rir=None):
    return {"set_type": set_type, "rpe": rpe, "rir": rir}


def did(sets=1, exercise_id=BENCH, day=MONDAY, **kind):
    return Trained(day, exercise_id, effort(**kind), sets)


def week(*trained, band=BAND):
    return {each.pop("muscle"): each for each in of_week(trained, MUSCLES, band)}


def test_a_set_is_one_of_each_primary_muscle_and_half_of_each_secondary_one():
    found = week(did(3), did(2, ROW))
    assert {muscle: one["sets"] for muscle, one in found.items()} == {
        "chest": 3,
        "triceps": 3,
        "shoulders": 2.5,
        "back": 2,
        "biceps": 1,
    }


def test_the_muscle_with_the_most_sets_comes_first_then_by_name():
    assert list(week(did(3), did(2, ROW))) == ["chest", "triceps", "shoulders", "back", "biceps"]


def test_a_muscle_that_is_both_is_primary():
    muscles = {BENCH: Muscles(["chest"], ["chest", "triceps"])}
    found = of_week([did(2)], muscles, BAND)
    assert [(each["muscle"], each["sets"]) for each in found] == [("chest", 2), ("triceps", 1)]


@pytest.mark.parametrize("muscles", [Muscles([], []), None])
def test_an_exercise_without_muscles_counts_for_none(muscles):
    muscles_of = MUSCLES if muscles is None else MUSCLES | {UNKNOWN: muscles}
    assert of_week([did(2, UNKNOWN)], muscles_of, BAND) == []


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ({"rir": 3}, True),
        ({"rir": "3.5"}, False),
        ({"rir": 0}, True),
        ({"rpe": 7}, True),
        ({"rpe": "6.5"}, False),
        ({"rpe": 10}, True),
        ({"rpe": 6, "rir": 4}, False),
        ({"set_type": "failure"}, True),
        ({"set_type": "failure", "rir": 5}, False),
        ({"set_type": "failure", "rpe": 5}, False),
        ({"set_type": "amrap"}, None),
        ({}, None),
    ],
)
def test_a_set_is_hard_if_it_left_at_most_three_repetitions(kind, expected):
    assert is_hard(effort(**kind)) is expected


def test_hard_and_rated_sets_are_counted_in_fractions_too():
    found = week(did(2, rir=1), did(3, rpe=5), did(4))
    assert found["chest"].items() >= {"sets": 9, "hard_sets": 2, "rated_sets": 5}.items()
    assert found["shoulders"].items() >= {"sets": 4.5, "hard_sets": 1, "rated_sets": 2.5}.items()


def test_days_are_those_on_which_it_was_trained_at_all():
    found = week(did(), did(2, rir=1), did(day=MONDAY + timedelta(1)), did(1, ROW, MONDAY))
    assert {muscle: one["days"] for muscle, one in found.items()} == {
        "chest": 2,
        "triceps": 2,
        "shoulders": 2,
        "back": 1,
        "biceps": 1,
    }


@pytest.mark.parametrize(
    ("sets", "judged"), [(9, "below"), (10, "within"), (20, "within"), (21, "above")]
)
def test_the_band_has_its_ends_in_it(sets, judged):
    assert week(did(sets))["chest"]["judged"] == judged


def test_halves_are_judged_as_they_are():
    assert week(did(9), did(19, ROW), band=Band(14, 14))["shoulders"]["judged"] == "within"
    assert week(did(9), did(20, ROW), band=Band(14, 14))["shoulders"]["judged"] == "above"
    assert week(did(9), did(18, ROW), band=Band(14, 14))["shoulders"]["judged"] == "below"


def test_weeks_stand_in_line_also_those_without_training():
    sunday = MONDAY + timedelta(6)
    trained = [did(2, day=MONDAY - timedelta(8)), did(3), did(4, day=sunday)]
    found = listed(trained, MUSCLES, 3, sunday, Band(5, 6))
    assert found["band"] == {"least": 5, "most": 6}
    assert [(each["week"], each["start"]) for each in found["weeks"]] == [
        ("2026-W46", "2026-11-09"),
        ("2026-W47", "2026-11-16"),
        ("2026-W48", "2026-11-23"),
    ]
    chest = [[one["sets"] for one in each["muscles"][:1]] for each in found["weeks"]]
    assert chest == [[2], [], [7]]


@pytest.mark.parametrize(
    ("day", "name"),
    [
        (date(2020, 12, 28), "2020-W53"),
        (date(2024, 12, 30), "2025-W01"),
        (date(2026, 1, 5), "2026-W02"),
    ],
)
def test_weeks_are_those_of_iso_8601(day, name):
    assert week_name(day) == name
    [found] = listed([], {}, 1, day + timedelta(6), BAND)["weeks"]
    assert found == {"week": name, "start": day.isoformat(), "muscles": []}


@pytest.mark.parametrize(
    ("zone", "running"),
    [("Pacific/Auckland", "2026-W49"), ("Pacific/Honolulu", "2026-W48"), (None, "2026-W48")],
)
def test_the_running_week_is_that_of_where_the_user_is(zone, running):
    """On Monday at half past midnight in Auckland."""
    now = datetime(2026, 11, 29, 11, 30, tzinfo=UTC)
    [found] = listed([], {}, 1, local_day(now, zone), BAND)["weeks"]
    assert found["week"] == running


TRAINED = st.builds(
    Trained,
    st.dates(MONDAY, MONDAY + timedelta(6)),
    st.sampled_from([BENCH, ROW, UNKNOWN]),
    st.builds(
        effort,
        st.sampled_from(["normal", "failure", "drop"]),
        rir=st.none() | st.sampled_from([0, "2.5", 3, 4]),
    ),
    st.integers(1, 50),
)


@given(st.lists(TRAINED), st.randoms())
def test_the_order_of_sets_does_not_matter_and_hard_sets_are_rated_ones(trained, chance):
    before = of_week(trained, MUSCLES, BAND)
    chance.shuffle(trained)
    assert of_week(trained, MUSCLES, BAND) == before
    assert all(one["hard_sets"] <= one["rated_sets"] <= one["sets"] for one in before)
    assert all(1 <= one["days"] <= 7 for one in before)
