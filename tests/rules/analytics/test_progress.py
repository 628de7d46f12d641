"""Progress by weeks and months."""

from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.stats import PERIODS
from services.analytics.rules.progress import UNITS, Snapshot, listed, snapshots


def progress(workouts, rows, period, count, today):
    return listed(snapshots(workouts, rows, UNITS[period]), period, count, today)


SUNDAY = date(2025, 2, 16)


def workout(day, minutes=None):
    return SimpleNamespace(date=day, duration_minutes=minutes)


def row(day, exercise_id=1, volume=0, sets=1):
    return SimpleNamespace(
        date=day, exercise_id=exercise_id, total_volume=Decimal(str(volume)), total_sets=sets
    )


def this_week(workouts=(), rows=()):
    [week] = progress(workouts, rows, "weekly", 1, SUNDAY)
    return week


def test_a_week_adds_up_its_workouts():
    monday = date(2025, 2, 10)
    workouts = [workout(monday, 60), workout(SUNDAY, 75), workout(SUNDAY)]
    rows = [
        row(monday, 1, "1000.5", 3),
        row(monday, 2, "0.004", 2),
        row(SUNDAY, 1, "0.004", 1),
    ]
    assert this_week(workouts, rows) == {
        "week_start": "2025-02-10",
        "week_end": "2025-02-16",
        "total_workouts": 3,
        "total_volume": 1000.51,
        "total_sets": 6,
        "total_exercises": 2,
        "avg_workout_duration": 68,
    }


def test_empty_weeks_are_zeros_and_this_week_is_the_last():
    weeks = progress([workout(date(2025, 2, 1), 30)], [], "weekly", 3, SUNDAY)
    assert [(week["week_start"], week["total_workouts"]) for week in weeks] == [
        ("2025-01-27", 1),
        ("2025-02-03", 0),
        ("2025-02-10", 0),
    ]
    assert weeks[1] == {
        "week_start": "2025-02-03",
        "week_end": "2025-02-09",
        "total_workouts": 0,
        "total_volume": 0,
        "total_sets": 0,
        "total_exercises": 0,
        "avg_workout_duration": None,
    }


def test_a_workout_without_a_working_set_is_a_workout():
    week = this_week([workout(SUNDAY, 20)])
    assert (week["total_workouts"], week["total_exercises"], week["total_sets"]) == (1, 0, 0)


@pytest.mark.parametrize(
    ("minutes", "average"),
    [
        ([], None),
        ([None], None),
        ([None, 60], 60),
        ([0], 0),
        ([0, 1], 1),
        ([60, 65], 63),
        ([61, 66], 64),
        ([60, 60, 61], 60),
        ([60, 61, 61], 61),
    ],
)
def test_the_average_duration_is_in_whole_minutes_over_workouts_that_have_one(minutes, average):
    assert this_week([workout(SUNDAY, each) for each in minutes])["avg_workout_duration"] == average


def test_a_workout_dated_tomorrow_counts_only_if_tomorrow_is_in_the_period():
    tomorrow = SUNDAY + timedelta(days=1)
    assert this_week([workout(tomorrow)], [row(tomorrow)])["total_workouts"] == 0
    [month] = progress([workout(tomorrow)], [row(tomorrow)], "monthly", 1, SUNDAY)
    assert (month["total_workouts"], month["total_sets"]) == (1, 1)


def test_what_is_older_than_the_list_is_not_in_it():
    assert this_week([workout(date(2025, 2, 9))], [row(date(2025, 2, 9))])["total_sets"] == 0


def test_weeks_go_over_the_new_year():
    weeks = progress([workout(date(2024, 12, 31))], [], "weekly", 2, date(2025, 1, 6))
    assert [(w["week_start"], w["week_end"], w["total_workouts"]) for w in weeks] == [
        ("2024-12-30", "2025-01-05", 1),
        ("2025-01-06", "2025-01-12", 0),
    ]


def test_months_have_their_own_lengths():
    months = progress([workout(date(2024, 2, 29))], [], "monthly", 4, date(2024, 3, 31))
    assert [(m["month_start"], m["month_end"], m["total_workouts"]) for m in months] == [
        ("2023-12-01", "2023-12-31", 0),
        ("2024-01-01", "2024-01-31", 0),
        ("2024-02-01", "2024-02-29", 1),
        ("2024-03-01", "2024-03-31", 0),
    ]
    assert list(months[0])[:2] == ["month_start", "month_end"]


def test_every_period_of_the_query_is_known():
    assert list(UNITS) == PERIODS


def test_snapshots_are_exact_and_only_where_something_happened():
    rows = [row(SUNDAY, 1, "0.001", 2)]
    assert snapshots([workout(SUNDAY, 7)], rows, "month") == {
        date(2025, 2, 1): Snapshot(1, Decimal("0.001"), 2, 1, total_minutes=7, timed_workouts=1)
    }
    assert snapshots([], [], "week") == {}


days = st.dates(date(2024, 12, 1), date(2025, 2, 17))
all_workouts = st.lists(st.builds(workout, days, st.none() | st.integers(0, 200)), max_size=8)
all_rows = st.lists(
    st.builds(row, days, st.integers(1, 3), st.decimals(0, 1000, places=3), st.integers(1, 5)),
    max_size=8,
)


@given(all_workouts, all_rows, st.sampled_from(PERIODS), st.randoms(use_true_random=False))
def test_the_order_never_matters(workouts, rows, period, chance):
    shuffled = (chance.sample(workouts, len(workouts)), chance.sample(rows, len(rows)))
    assert progress(*shuffled, period, 5, SUNDAY) == progress(workouts, rows, period, 5, SUNDAY)


@given(st.sampled_from(PERIODS), st.integers(1, 52), st.dates(date(1910, 1, 1)))
def test_periods_are_as_many_as_asked_follow_each_other_and_end_with_todays(period, count, today):
    unit = UNITS[period]
    found = listed({}, period, count, today)
    starts = [date.fromisoformat(item[f"{unit}_start"]) for item in found]
    ends = [date.fromisoformat(item[f"{unit}_end"]) for item in found]
    assert len(found) == count
    assert starts[-1] <= today <= ends[-1]
    assert [end + timedelta(days=1) for end in ends[:-1]] == starts[1:]


@given(all_workouts, all_rows)
def test_a_shorter_list_is_the_end_of_a_longer_one(workouts, rows):
    longer = progress(workouts, rows, "weekly", 12, SUNDAY)
    assert progress(workouts, rows, "weekly", 4, SUNDAY) == longer[-4:]
