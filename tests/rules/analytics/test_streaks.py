"""Weeks in a row that met the goal."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.analytics.rules.streaks import Run, shown_streak, streak

NOW = date(2027, 1, 4)
"""The first Monday of 2027, after a year of 53 weeks."""


def back(*weeks):
    """Return the Mondays so many weeks ago, the oldest first."""
    return [NOW - timedelta(weeks=number) for number in sorted(weeks, reverse=True)]


@pytest.mark.parametrize(
    ("met", "current", "longest"),
    [
        ((), 0, 0),
        ((0,), 1, 1),
        ((1,), 1, 1),
        ((2,), 0, 1),
        ((0, 1, 2), 3, 3),
        ((1, 2), 2, 2),
        ((0, 2, 3), 1, 2),
        ((2, 3, 4, 7, 8), 0, 3),
        ((0, 1, 3, 4), 2, 2),
    ],
)
def test_the_running_week_adds_one_and_breaks_nothing(met, current, longest):
    found = streak(back(*met), NOW, is_running=True)
    assert (found.current.weeks, found.longest.weeks) == (current, longest)


def test_a_week_that_has_ended_without_the_goal_breaks_it():
    assert streak(back(1, 2), NOW, is_running=False).current == Run()
    assert streak(back(0, 1, 2), NOW, is_running=False).current == Run(3, back(2)[0])


def test_of_equally_long_ones_the_first_is_shown():
    assert streak(back(0, 1, 3, 4), NOW, is_running=True).longest == Run(2, back(4)[0])


def test_how_it_is_shown():
    found = streak(back(0, 1, 2), NOW, is_running=True)
    assert shown_streak(found, 2, NOW, 3) == {
        "weekly_goal": 2,
        "current": 3,
        "current_since": "2026-W52",
        "longest": 3,
        "longest_since": "2026-W52",
        "this_week": {"week": "2027-W01", "workouts": 3, "is_met": True},
    }
    nothing = shown_streak(streak([], NOW, is_running=True), 2, NOW, 1)
    assert (nothing["current_since"], nothing["longest_since"]) == (None, None)
    assert nothing["this_week"]["is_met"] is False


@given(st.sets(st.integers(min_value=0, max_value=30)), st.booleans())
def test_it_is_what_one_counts_by_hand(met, is_running):
    last = 1 if is_running and 0 not in met else 0
    current = last
    while current in met:
        current += 1
    marks = "".join("x" if week in met else " " for week in range(31))
    found = streak(back(*met), NOW, is_running)
    assert found.current.weeks == current - last
    assert found.longest.weeks == max(map(len, marks.split()), default=0)
