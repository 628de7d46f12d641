"""Personal records: the best of each kind, and what it beat."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from schemas.units import in_unit
from services.analytics.metrics import Performance

REP_UNITS = {"count": "reps", "time": "seconds", "distance": "meters"}


@dataclass(frozen=True)
class Record:
    """A best value, where it was first reached, and the best before that workout.

    ``value`` and ``unit`` are as logged; ``previous`` is in the same unit. Neither is rounded.
    """

    value: Decimal
    unit: str
    achieved_date: date
    workout_id: int
    previous: Decimal | None


def personal_records(performances: Iterable[Performance]) -> dict[str, Record]:
    """Find the records of one exercise of one user.

    Args:
        performances: the whole history of the exercise, in any order.

    Returns:
        ``max_weight``, ``max_reps`` and ``max_volume``, those that exist.
    """
    # workouts of one day follow each other by id
    history = sorted(performances, key=lambda row: (row.date, row.workout_id))
    found = {
        "max_weight": _max_weight(history),
        "max_reps": _max_reps(history),
        "max_volume": _max_volume(history),
    }
    return {kind: record for kind, record in found.items() if record}


def _max_weight(history: list[Performance]) -> Record | None:
    best, beaten = _best(history, lambda row: row.best_weight_kg)
    if best is None:
        return None
    unit = best.best_weight_unit
    # a weight logged in the same unit comes out as logged: no digit was lost on the way
    previous = beaten and in_unit(beaten.best_weight_kg, unit)
    return _record(best, best.best_weight, unit, previous)


def _max_reps(history: list[Performance]) -> Record | None:
    best, beaten = _best(history, lambda row: row.most_reps)
    if best is None:
        return None
    return _record(best, best.most_reps, REP_UNITS[best.rep_type], beaten and beaten.most_reps)


def _max_volume(history: list[Performance]) -> Record | None:
    best, beaten = _best(history, lambda row: row.total_volume)
    if best is None:
        return None
    return _record(best, best.total_volume, "kg", beaten and beaten.total_volume)


def _best(
    history: list[Performance], size: Callable[[Performance], Decimal | None]
) -> tuple[Performance | None, Performance | None]:
    """Return the row that first reached the greatest size, and the row that held it before."""
    best = beaten = None
    for row in history:
        reached = size(row)
        if reached and (best is None or reached > size(best)):
            best, beaten = row, best
    return best, beaten


def _record(row: Performance, value: Decimal, unit: str, previous: Decimal | None) -> Record:
    return Record(value, unit, row.date, row.workout_id, previous)
