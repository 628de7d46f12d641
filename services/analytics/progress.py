"""Progress: what a user did in each of the last weeks or months."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol

from schemas.units import exact_sum, rounded
from services.analytics.metrics import Performance
from services.analytics.periods import period_end, period_start, period_starts

UNITS = {"weekly": "week", "monthly": "month"}


class LoggedWorkout(Protocol):
    """A workout as far as progress looks at it; whatever has these attributes will do."""

    date: date
    duration_minutes: int | None


@dataclass(frozen=True)
class Snapshot:
    """What happened in one week or month; ``total_volume`` is exact, in kilograms."""

    total_workouts: int = 0
    total_volume: Decimal = Decimal(0)
    total_sets: int = 0
    total_exercises: int = 0
    avg_workout_duration: int | None = None


def snapshots(
    workouts: Iterable[LoggedWorkout], performances: Iterable[Performance], unit: str
) -> dict[date, Snapshot]:
    """Sum up every ``week`` or ``month`` that has a workout, by its first day."""
    workouts_of, rows_of = defaultdict(list), defaultdict(list)
    for workout in workouts:
        workouts_of[period_start(workout.date, unit)].append(workout)
    for row in performances:
        rows_of[period_start(row.date, unit)].append(row)
    starts = workouts_of.keys() | rows_of.keys()
    return {start: _snapshot(workouts_of[start], rows_of[start]) for start in starts}


def listed(
    snapshot_of: Mapping[date, Snapshot], period: str, count: int, today: date
) -> list[dict]:
    """Put snapshots in line, oldest first, with zeros for a period that has none."""
    unit = UNITS[period]
    return [
        {
            f"{unit}_start": start.isoformat(),
            f"{unit}_end": period_end(start, unit).isoformat(),
            **_shown(snapshot_of.get(start, Snapshot())),
        }
        for start in period_starts(count, unit, today)
    ]


def _snapshot(workouts: list[LoggedWorkout], rows: list[Performance]) -> Snapshot:
    durations = [
        workout.duration_minutes for workout in workouts if workout.duration_minutes is not None
    ]
    return Snapshot(
        total_workouts=len(workouts),
        total_volume=exact_sum(row.total_volume for row in rows),
        total_sets=sum(row.total_sets for row in rows),
        total_exercises=len({row.exercise_id for row in rows}),
        avg_workout_duration=_average(durations),
    )


def _average(minutes: list[int]) -> int | None:
    return rounded(Decimal(sum(minutes)) / len(minutes), places=0) if minutes else None


def _shown(snapshot: Snapshot) -> dict:
    return {
        "total_workouts": snapshot.total_workouts,
        "total_volume": rounded(snapshot.total_volume),
        "total_sets": snapshot.total_sets,
        "total_exercises": snapshot.total_exercises,
        "avg_workout_duration": snapshot.avg_workout_duration,
    }
