"""Progress: what a user did in each of the last weeks or months."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from schemas.units import exact_sum, rounded
from services.analytics.rules.metrics import HistoryRow
from services.analytics.rules.periods import period_end, period_start, period_starts

UNITS = {"weekly": "week", "monthly": "month"}


class LoggedWorkout(Protocol):
    """The attributes of a workout that progress depends on."""

    date: date
    duration_minutes: int | None


class Snapshot(NamedTuple):
    """What happened in one week or month.

    ``total_volume`` is exact, in kilograms; ``total_minutes`` are those of the
    ``timed_workouts``, which have a duration.
    """

    total_workouts: int = 0
    total_volume: Decimal = Decimal(0)
    total_sets: int = 0
    total_exercises: int = 0
    total_minutes: int = 0
    timed_workouts: int = 0

    @property
    def avg_workout_duration(self) -> int | float | None:
        """The mean over workouts that have a duration, in whole minutes."""
        if not self.timed_workouts:
            return None
        return rounded(Decimal(self.total_minutes) / self.timed_workouts, places=0)


def snapshots(
    workouts: Iterable[LoggedWorkout], performances: Iterable[HistoryRow], unit: str
) -> dict[date, Snapshot]:
    """Sum up every ``week`` or ``month`` that has a workout, by its first day."""
    found: dict[date, Snapshot] = defaultdict(Snapshot)
    rows_of = defaultdict(list)
    for workout in workouts:
        start = period_start(workout.date, unit)
        found[start] = with_workout(found[start], workout.duration_minutes)
    for row in performances:
        rows_of[period_start(row.date, unit)].append(row)
    for start, rows in rows_of.items():
        exercises = {row.exercise_id for row in rows}
        found[start] = with_performances(found[start], rows, len(exercises))
    return dict(found)


def with_workout(snapshot: Snapshot, duration_minutes: int | None) -> Snapshot:
    """Carry a period forward by a workout in it; its performances come on their own."""
    return snapshot._replace(
        total_workouts=snapshot.total_workouts + 1,
        total_minutes=snapshot.total_minutes + (duration_minutes or 0),
        timed_workouts=snapshot.timed_workouts + (duration_minutes is not None),
    )


def with_performances(
    snapshot: Snapshot, rows: Collection[HistoryRow], new_exercises: int
) -> Snapshot:
    """Add rows of the history to a period's sums.

    Args:
        snapshot: the period's sums before.
        rows: of workouts in the period.
        new_exercises: how many of their exercises were not done in the period before.
    """
    return snapshot._replace(
        total_volume=exact_sum((snapshot.total_volume, *(row.total_volume for row in rows))),
        total_sets=snapshot.total_sets + sum(row.total_sets for row in rows),
        total_exercises=snapshot.total_exercises + new_exercises,
    )


def listed(
    snapshot_of: Mapping[date, Snapshot], period: str, count: int, today: date
) -> list[dict[str, Any]]:
    """Put snapshots in line, oldest first, with zeros for a period that has none."""
    return [
        shown_period(start, snapshot_of.get(start, Snapshot()), period)
        for start in period_starts(count, UNITS[period], today)
    ]


def shown_period(start: date, snapshot: Snapshot, period: str) -> dict[str, Any]:
    """Return a week or a month as results have it."""
    unit = UNITS[period]
    return {
        f"{unit}_start": start.isoformat(),
        f"{unit}_end": period_end(start, unit).isoformat(),
        "total_workouts": snapshot.total_workouts,
        "total_volume": rounded(snapshot.total_volume),
        "total_sets": snapshot.total_sets,
        "total_exercises": snapshot.total_exercises,
        "avg_workout_duration": snapshot.avg_workout_duration,
    }
