"""The trend of 30 days against the 30 before."""

from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.analytics.rules.trend import trend_30d

TODAY = date(2025, 3, 31)


def row(days_ago, weight=None, reps=0):
    return SimpleNamespace(
        date=TODAY - timedelta(days=days_ago),
        best_weight_kg=None if weight is None else Decimal(str(weight)),
        total_reps=None if reps is None else Decimal(str(reps)),
    )


def trend(*rows):
    return trend_30d(rows, TODAY)


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ("100", "110", "improving"),
        ("100", "90", "declining"),
        ("100", "100", "stable"),
        ("100", "102.5", "stable"),
        ("100", "102.5000000001", "improving"),
        ("100", "97.5", "stable"),
        ("100", "97.4999999999", "declining"),
        ("0.4", "0.41", "stable"),
        ("40.5", "41.5125", "stable"),
    ],
)
@pytest.mark.parametrize("metric", ["weight", "reps"])
def test_the_borders_are_two_and_a_half_percent_exactly(metric, before, now, expected):
    assert trend(row(40, **{metric: before}), row(4, **{metric: now})) == expected


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [(0, 1, "improving"), (0, 0.01, "improving"), (0, 0, "stable"), (1, 0, "declining")],
)
def test_from_zero_and_to_zero(before, now, expected):
    assert trend(row(40, reps=before), row(4, reps=now)) == expected


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([(0, 110), (30, 100)], "improving"),
        ([(29, 110), (59, 100)], "improving"),
        ([(29, 110), (60, 100)], None),
        ([(30, 110), (59, 100)], None),
        ([(-1, 110), (30, 100)], None),
        ([(-1, 500), (0, 100), (30, 100)], "stable"),
        ([(0, 100), (59, 100), (60, 500)], "stable"),
        ([(29, 120), (30, 100)], "improving"),
    ],
)
def test_each_window_has_thirty_days_and_the_first_ends_today(rows, expected):
    assert trend(*[row(days_ago, weight) for days_ago, weight in rows]) == expected


@pytest.mark.parametrize(
    "rows", [[], [row(4, 100)], [row(40, 100)], [row(4, reps=5)], [row(40, reps=5)]]
)
def test_without_both_windows_there_is_no_trend(rows):
    assert trend(*rows) is None


def test_what_counted_something_else_enters_no_mean_of_repetitions():
    assert trend(row(40, reps=10), row(35, reps=None), row(4, reps=10)) == "stable"
    assert trend(row(40, reps=None), row(4, reps=10)) is None
    assert trend(row(40, 100, reps=None), row(4, 110, reps=10)) == "improving"


def test_means_are_over_rows():
    assert trend(row(50, 100), row(40, 100), row(40, 130), row(4, 110)) == "stable"
    assert trend(row(50, 100), row(40, 130), row(4, 110)) == "declining"


def test_the_border_holds_for_means_that_are_no_decimals():
    thirds = [row(50, 100), row(45, 100), row(40, 101)]
    over_three_hundred = Decimal("301") * Decimal("1.025")
    now = [row(4, over_three_hundred - 200), row(3, 100), row(2, 100)]
    assert trend(*thirds, *now) == "stable"
    assert trend(*thirds, *now[1:], row(4, over_three_hundred - Decimal("199.99"))) == "improving"


def test_repetitions_count_only_if_nothing_has_a_weight():
    heavier_with_fewer = [row(40, 100, reps=50), row(4, 110, reps=10)]
    assert trend(*heavier_with_fewer) == "improving"
    assert trend(row(40, reps=50), row(4, reps=10)) == "declining"
    # a weight before both windows does not make this a matter of weights
    assert trend(row(90, 100, reps=50), row(40, reps=50), row(4, reps=60)) == "improving"


def test_rows_without_a_weight_do_not_enter_a_mean_of_weights():
    assert trend(row(40, 100), row(35, reps=99), row(4, 100), row(3, reps=1)) == "stable"


@pytest.mark.parametrize(
    "rows", [[row(40, 100, 5), row(4, reps=50)], [row(40, reps=50), row(4, 100, 5)]]
)
def test_weights_in_one_window_alone_make_no_trend(rows):
    assert trend(*rows) is None


histories = st.lists(
    st.builds(row, st.integers(-1, 65), st.none() | st.integers(90, 110), st.integers(0, 20)),
    max_size=10,
)


@given(histories, st.randoms(use_true_random=False))
def test_the_order_never_matters(rows, chance):
    assert trend(*chance.sample(rows, len(rows))) == trend(*rows)


@given(histories)
def test_what_lies_outside_the_windows_changes_nothing(rows):
    assert trend(*rows, row(-1, 9999), row(60, 9999)) == trend(*rows)
