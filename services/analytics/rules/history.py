"""The history of one exercise: its data points over time, and its lifetime numbers."""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from schemas.units import exact_sum, rounded
from services.analytics.rules.metrics import (
    HistoryRow,
    Performance,
    average_rpe,
    place,
    place_of,
)
from services.analytics.rules.periods import months_before, period_start

MONTHS = {"1month": 1, "3months": 3, "6months": 6, "1year": 12, "all": None}


class Lifetime(NamedTuple):
    """The whole history of an exercise in a few exact numbers.

    The name is that of the latest row, whose workout is ``last_workout_id`` and began at
    ``last_started_at``. ``rep_type`` is the kind of all rows, None if they are of several.
    """

    exercise_name: str
    max_weight: Decimal | None
    volume: Decimal
    sets: int
    workouts: int
    last_performed_date: date
    last_workout_id: int
    rep_type: str | None
    last_started_at: datetime | None = None


def range_start(range_name: str, today: date) -> date | None:
    """Return the first day of a range; None if it has none. A range has no last day."""
    months = MONTHS[range_name]
    return None if months is None else months_before(today, months)


def data_points(
    performances: Iterable[Performance], unit: str, since: date | None = None
) -> list[dict[str, Any]]:
    """Gather the history of one exercise of one user in points, oldest first.

    Args:
        performances: rows in any order; ``total_reps`` is None where something else was counted.
        unit: ``day``, ``week`` or ``month``; a point bears its first day, even one before
            ``since``.
        since: rows before it are left out, also of the point that they would share.
    """
    gathered: dict[date, list[Performance]] = {}
    for row in performances:
        if since is None or row.date >= since:
            gathered.setdefault(period_start(row.date, unit), []).append(row)
    return [_data_point(start, rows) for start, rows in sorted(gathered.items())]


def lifetime(performances: Iterable[HistoryRow]) -> Lifetime | None:
    """Sum up the whole history of one exercise of one user; None if there is none."""
    whole = None
    for row in performances:
        whole = carried_lifetime(whole, row)
    return whole


def carried_lifetime(whole: Lifetime | None, row: HistoryRow) -> Lifetime:
    """Carry the numbers forward by a row that the history did not have, anywhere in it."""
    weight = row.best_weight_kg
    if whole is None:
        volume, sets = row.total_volume, row.total_sets
        last = row.date, row.workout_id
        return Lifetime(
            row.exercise_name, weight, volume, sets, 1, *last, row.rep_type, row.started_at
        )
    # of a changed workout they are equal
    is_last = place(row) >= place_of(
        whole.last_performed_date, whole.last_started_at, whole.last_workout_id
    )
    if whole.max_weight is not None and (weight is None or weight < whole.max_weight):
        weight = whole.max_weight
    return Lifetime(
        row.exercise_name if is_last else whole.exercise_name,
        weight,
        exact_sum((whole.volume, row.total_volume)),
        whole.sets + row.total_sets,
        whole.workouts + 1,
        row.date if is_last else whole.last_performed_date,
        row.workout_id if is_last else whole.last_workout_id,
        row.rep_type if row.rep_type == whole.rep_type else None,
        row.started_at if is_last else whole.last_started_at,
    )


def shown_stats(whole: Lifetime | None, trend: str | None) -> dict[str, Any]:
    """Return the ``stats`` of a result: lifetime numbers, rounded, and the trend as of today."""
    return {
        "current_max_weight": rounded(whole.max_weight) if whole else None,
        "lifetime_volume": rounded(whole.volume) if whole else 0,
        "lifetime_sets": whole.sets if whole else 0,
        "lifetime_workouts": whole.workouts if whole else 0,
        "last_performed_date": whole.last_performed_date.isoformat() if whole else None,
        "trend_30d": trend,
    }


def _data_point(start: date, rows: list[Performance]) -> dict[str, Any]:
    rpe_sum = exact_sum(row.rpe_sum for row in rows)
    rpe_count = sum(row.rpe_count for row in rows)
    return {
        "date": start.isoformat(),
        "max_weight": rounded(_taken(max, (row.best_weight_kg for row in rows))),
        "total_volume": rounded(exact_sum(row.total_volume for row in rows)),
        "total_sets": sum(row.total_sets for row in rows),
        "total_reps": rounded(
            exact_sum(row.total_reps for row in rows if row.total_reps is not None)
        ),
        "avg_rpe": rounded(average_rpe(rpe_sum, rpe_count)),
        "best_e1rm": rounded(_taken(max, (row.best_e1rm for row in rows))),
        "total_duration_seconds": rounded(
            _taken(exact_sum, (row.total_duration_seconds for row in rows))
        ),
        "total_distance_m": rounded(_taken(exact_sum, (row.total_distance_m for row in rows))),
    }


def _taken(
    together: Callable[[list[Decimal]], Decimal], numbers: Iterable[Decimal | None]
) -> Decimal | None:
    there = [number for number in numbers if number is not None]
    return together(there) if there else None
