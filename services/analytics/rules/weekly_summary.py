"""The summary of a week, beside the week before and the mean of the four weeks before."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from schemas.stats import RECORD_KINDS
from schemas.units import exact_sum, rounded
from services.analytics.rules.periods import period_end
from services.analytics.rules.progress import Snapshot
from services.analytics.rules.streaks import Streak
from services.analytics.rules.weeks import WEEK, week_name

WEEKS_BEFORE = 4
"""A week is compared with the mean of so many; one without training counts as 0."""


MOST_RECORDS = 500
"""A summary must fit into a message, even where somebody has set records in all exercises."""


class WeekRecord(NamedTuple):
    """A record that was achieved in the week and still stands; ``value`` is as logged."""

    exercise_id: int
    exercise_name: str
    kind: str
    value: Decimal
    unit: str
    achieved_date: date
    workout_id: int


def weekly_summary(
    week: date,
    is_running: bool,
    goal: int,
    snapshots: Mapping[date, Snapshot],
    muscles: list[dict[str, Any]],
    records: Iterable[WeekRecord],
    streak: Streak,
) -> dict[str, Any]:
    """Return the summary of a week as results have it.

    Args:
        week: its Monday.
        is_running: whether it has not ended yet.
        goal: workouts a week.
        snapshots: what was done in it and in the weeks before, by their Mondays.
        muscles: as :func:`services.analytics.rules.muscles.of_week` gives them.
        records: those that were achieved in it.
        streak: up to this week.
    """
    weeks = [snapshots.get(week - back * WEEK, Snapshot()) for back in range(WEEKS_BEFORE + 1)]
    workouts = _compared([each.total_workouts for each in weeks])
    value = workouts.pop("value")
    return {
        "week": week_name(week),
        "start": week.isoformat(),
        "end": period_end(week, "week").isoformat(),
        "is_running": is_running,
        "workouts": {"value": value, "goal": goal, "is_met": value >= goal, **workouts},
        "volume": _compared([each.total_volume for each in weeks]),
        "sets": _compared([each.total_sets for each in weeks]),
        "minutes": _compared([each.total_minutes for each in weeks]),
        "muscles": muscles,
        "records": [_shown(record) for record in sorted(records, key=_place)[:MOST_RECORDS]],
        "streak": {"current": streak.current.weeks, "longest": streak.longest.weeks},
    }


def _compared(values: list[Any]) -> dict[str, Any]:
    value, *before = map(Decimal, values)
    return {
        "value": rounded(value),
        "previous": rounded(before[0]),
        "mean_of_four": rounded(exact_sum(before) / WEEKS_BEFORE),
    }


def _place(record: WeekRecord) -> tuple[int, int]:
    return record.exercise_id, RECORD_KINDS.index(record.kind)


def _shown(record: WeekRecord) -> dict[str, Any]:
    return {
        **record._asdict(),
        "value": rounded(record.value),
        "achieved_date": record.achieved_date.isoformat(),
    }
