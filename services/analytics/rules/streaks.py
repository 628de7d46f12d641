"""Streaks: weeks in a row that met the weekly goal.

A week counts with the goal of now: a goal that is changed holds for all weeks.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any, NamedTuple

from services.analytics.rules.weeks import WEEK, week_name


class Run(NamedTuple):
    """Some weeks in a row; ``since`` is the first Monday, None if there are no weeks."""

    weeks: int = 0
    since: date | None = None

    @property
    def since_week(self) -> str | None:
        """The name of the first week."""
        return None if self.since is None else week_name(self.since)


class Streak(NamedTuple):
    """The weeks in a row up to some week, and the most there were until then."""

    current: Run
    longest: Run


def streak(met: Iterable[date], week: date, is_running: bool) -> Streak:
    """Count the weeks in a row that met the goal.

    Args:
        met: the Mondays of the weeks that met it, oldest first, none after ``week``.
        week: the Monday of the week up to which is counted.
        is_running: whether that week has not ended yet: then it adds one as soon as it has met the
            goal, and breaks nothing before.

    Returns:
        Of several longest runs the first.
    """
    run = longest = Run()
    previous = None
    for monday in met:
        goes_on = previous is not None and monday - previous == WEEK
        run = Run(run.weeks + 1, run.since) if goes_on else Run(1, monday)
        previous = monday
        if run.weeks > longest.weeks:
            longest = run
    is_current = previous == week or (is_running and previous == week - WEEK)
    return Streak(run if is_current else Run(), longest)


def shown_streak(found: Streak, goal: int, week: date, workouts: int) -> dict[str, Any]:
    """Return a streak as results have it.

    Args:
        found: up to the running week.
        goal: workouts a week.
        week: the Monday of the running week.
        workouts: those of that week.
    """
    return {
        "weekly_goal": goal,
        "current": found.current.weeks,
        "current_since": found.current.since_week,
        "longest": found.longest.weeks,
        "longest_since": found.longest.since_week,
        "this_week": {
            "week": week_name(week),
            "workouts": workouts,
            "is_met": workouts >= goal,
        },
    }
