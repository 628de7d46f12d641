"""The history of one exercise."""

from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.stats import HISTORY_UNITS, RANGES
from services.analytics.rules.history import MONTHS, data_points, lifetime, range_start, shown_stats
from services.analytics.rules.periods import months_before, period_end, period_start
from services.analytics.rules.trend import trend_30d


def lifetime_stats(rows, today):
    return shown_stats(lifetime(rows), trend_30d(rows, today))


def row(day, weight=None, *, volume=0, sets=1, reps=5, rpe_sum=0, rpe_count=0):
    return SimpleNamespace(
        workout_id=1,
        exercise_name="Barbell Bench Press",
        rep_type="count",
        date=date.fromisoformat(day) if isinstance(day, str) else day,
        best_weight_kg=None if weight is None else Decimal(str(weight)),
        total_volume=Decimal(str(volume)),
        total_sets=sets,
        total_reps=None if reps is None else Decimal(str(reps)),
        rpe_sum=Decimal(str(rpe_sum)),
        rpe_count=rpe_count,
        started_at=None,
        best_e1rm=None,
        total_duration_seconds=None,
        total_distance_m=None,
    )


@pytest.mark.parametrize(
    ("range_name", "today", "start"),
    [
        ("1month", "2025-02-16", "2025-01-16"),
        ("3months", "2025-02-16", "2024-11-16"),
        ("6months", "2025-02-16", "2024-08-16"),
        ("1year", "2025-02-16", "2024-02-16"),
        ("1month", "2025-03-31", "2025-02-28"),
        ("1month", "2024-03-31", "2024-02-29"),
        ("1month", "2024-03-29", "2024-02-29"),
        ("1month", "2025-03-29", "2025-02-28"),
        ("1month", "2025-07-31", "2025-06-30"),
        ("1month", "2025-01-31", "2024-12-31"),
        ("3months", "2025-05-31", "2025-02-28"),
        ("6months", "2025-08-30", "2025-02-28"),
        ("1year", "2024-02-29", "2023-02-28"),
        ("1year", "2025-02-28", "2024-02-28"),
    ],
)
def test_a_range_starts_on_the_same_day_of_the_month(range_name, today, start):
    assert range_start(range_name, date.fromisoformat(today)) == date.fromisoformat(start)


def test_all_has_no_start():
    assert range_start("all", date(2025, 2, 16)) is None


def test_every_range_of_the_query_is_known():
    assert list(MONTHS) == RANGES


@pytest.mark.parametrize(
    ("day", "unit", "start", "end"),
    [
        ("2025-02-16", "day", "2025-02-16", "2025-02-16"),
        ("2025-02-16", "week", "2025-02-10", "2025-02-16"),
        ("2025-02-17", "week", "2025-02-17", "2025-02-23"),
        ("2025-01-01", "week", "2024-12-30", "2025-01-05"),
        ("2021-01-03", "week", "2020-12-28", "2021-01-03"),
        ("2024-02-29", "week", "2024-02-26", "2024-03-03"),
        ("2024-02-29", "month", "2024-02-01", "2024-02-29"),
        ("2025-02-28", "month", "2025-02-01", "2025-02-28"),
        ("2025-12-31", "month", "2025-12-01", "2025-12-31"),
    ],
)
def test_days_iso_weeks_and_months(day, unit, start, end):
    first = period_start(date.fromisoformat(day), unit)
    assert (first.isoformat(), period_end(first, unit).isoformat()) == (start, end)


@given(st.dates(min_value=date(1900, 1, 1)), st.sampled_from(HISTORY_UNITS))
def test_a_day_is_in_its_own_period(day, unit):
    start = period_start(day, unit)
    assert start <= day <= period_end(start, unit)
    assert period_start(start, unit) == start


@given(st.dates(min_value=date(1910, 1, 1)), st.integers(0, 60))
def test_going_back_months_keeps_the_day_or_takes_the_months_last(day, months):
    earlier = months_before(day, months)
    assert (day.year - earlier.year) * 12 + day.month - earlier.month == months
    assert earlier.day == day.day or (
        earlier.day < day.day and earlier == period_end(period_start(earlier, "month"), "month")
    )


def test_a_point_adds_up_its_rows():
    rows = [
        row("2025-02-11", 100, volume=500, sets=1, reps=5, rpe_sum=9, rpe_count=1),
        row("2025-02-16", 102.5, volume=1000.25, sets=3, reps=9.5, rpe_sum=14.5, rpe_count=2),
        row("2025-02-12", None, sets=2, reps=20),
    ]
    assert data_points(rows, "week") == [
        {
            "date": "2025-02-10",
            "max_weight": 102.5,
            "total_volume": 1500.25,
            "total_sets": 6,
            "total_reps": 34.5,
            "avg_rpe": 7.83,
            "best_e1rm": None,
            "total_duration_seconds": None,
            "total_distance_m": None,
        }
    ]


def test_a_point_adds_no_reps_that_counted_something_else():
    rows = [row("2025-02-11", reps=5), row("2025-02-12", 100, sets=2, reps=None)]
    [point] = data_points(rows, "week")
    assert (point["total_reps"], point["total_sets"], point["max_weight"]) == (5, 3, 100)
    assert [point["total_reps"] for point in data_points(rows, "day")] == [5, 0]


def test_a_point_without_weights_and_rpe_has_nulls():
    [point] = data_points([row("2025-02-16")], "day")
    assert (point["max_weight"], point["avg_rpe"], point["total_volume"]) == (None, None, 0)


def test_points_come_oldest_first_and_two_workouts_of_a_day_are_one():
    rows = [row("2025-02-16"), row("2024-12-31"), row("2025-01-01"), row("2025-02-16")]
    points = data_points(rows, "day")
    assert [(point["date"], point["total_sets"]) for point in points] == [
        ("2024-12-31", 1),
        ("2025-01-01", 1),
        ("2025-02-16", 2),
    ]
    assert [point["date"] for point in data_points(rows, "week")] == ["2024-12-30", "2025-02-10"]
    assert [point["date"] for point in data_points(rows, "month")] == [
        "2024-12-01",
        "2025-01-01",
        "2025-02-01",
    ]


@pytest.mark.parametrize("unit", ["week", "month"])
def test_a_point_holds_only_what_is_in_the_range(unit):
    since = date(2025, 2, 13)
    rows = [row("2025-02-12", 200, sets=5), row("2025-02-13", 100), row("2025-02-14", 90)]
    [point] = data_points(rows, unit, since)
    assert (point["max_weight"], point["total_sets"]) == (100, 2)
    assert date.fromisoformat(point["date"]) < since


def test_a_range_has_no_end():
    assert data_points([row("2025-02-17")], "day", date(2025, 1, 16))[0]["date"] == "2025-02-17"


def test_sums_are_rounded_once_and_not_row_by_row():
    [point] = data_points([row("2025-02-16", volume="0.004")] * 3, "day")
    assert point["total_volume"] == 0.01


def test_lifetime_stats_are_over_everything():
    rows = [
        row("2019-05-01", 140.5, volume="10.125", sets=2),
        row("2025-02-10", 100, volume=500, sets=3),
        row("2025-01-05", 100, volume=500, sets=3),
    ]
    assert lifetime_stats(rows, date(2025, 2, 16)) == {
        "current_max_weight": 140.5,
        "lifetime_volume": 1010.13,
        "lifetime_sets": 8,
        "lifetime_workouts": 3,
        "last_performed_date": "2025-02-10",
        "trend_30d": "stable",
    }


def test_lifetime_stats_of_nothing():
    assert lifetime_stats([], date(2025, 2, 16)) == {
        "current_max_weight": None,
        "lifetime_volume": 0,
        "lifetime_sets": 0,
        "lifetime_workouts": 0,
        "last_performed_date": None,
        "trend_30d": None,
    }


def test_a_workout_dated_tomorrow_is_the_last_one():
    stats = lifetime_stats([row("2025-02-17", 100)], date(2025, 2, 16))
    assert (stats["last_performed_date"], stats["current_max_weight"]) == ("2025-02-17", 100)


histories = st.lists(
    st.builds(
        row,
        st.dates(date(2024, 12, 20), date(2025, 3, 3)),
        st.none() | st.integers(1, 200),
        volume=st.decimals(0, 1000, places=3),
        sets=st.integers(1, 5),
        rpe_sum=st.integers(5, 10),
        rpe_count=st.integers(0, 2),
    ),
    max_size=10,
)


@given(histories, st.sampled_from(HISTORY_UNITS), st.randoms(use_true_random=False))
def test_the_order_never_matters(rows, unit, chance):
    shuffled = chance.sample(rows, len(rows))
    today = date(2025, 3, 2)
    assert data_points(shuffled, unit) == data_points(rows, unit)
    assert lifetime_stats(shuffled, today) == lifetime_stats(rows, today)


@given(histories, st.sampled_from(HISTORY_UNITS))
def test_every_row_is_in_one_point(rows, unit):
    points = data_points(rows, unit)
    stats = lifetime_stats(rows, date(2025, 3, 2))
    assert sum(point["total_sets"] for point in points) == stats["lifetime_sets"]
    heaviest = [point["max_weight"] for point in points if point["max_weight"] is not None]
    assert max(heaviest, default=None) == stats["current_max_weight"]
    assert [point["date"] for point in points] == sorted({point["date"] for point in points})


@given(st.dates(date(2024, 1, 1), date(2026, 1, 1)), st.integers(0, 40))
def test_leaving_out_before_a_day_is_as_if_it_never_was(since, back):
    rows = [row(since - timedelta(days=back + 1), 500), row(since, 100)]
    assert data_points(rows, "month", since) == data_points(rows[1:], "month")
