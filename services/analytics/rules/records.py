"""Personal records: the best of each kind, and the best before it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from schemas.exercises import REP_UNITS
from schemas.units import in_unit, kilograms
from services.analytics.rules.metrics import HistoryRow, Place, place, place_of
from services.analytics.rules.set_bests import NO_TIE


class Record(NamedTuple):
    """A best value, where it was first reached, and the best before that workout.

    ``value`` and ``unit`` are as logged; ``previous`` is in the same unit. Neither is rounded.
    """

    value: Decimal
    unit: str
    achieved_date: date
    workout_id: int
    previous: Decimal | None
    started_at: datetime | None = None

    @property
    def size(self) -> Decimal:
        """The value as it compares: a weight in kilograms."""
        return kilograms(self.value, self.unit) if self.unit == "lb" else self.value

    @property
    def rank(self) -> tuple[Decimal, Decimal | int]:
        """What compares, as of a record that is one set."""
        return self.size, NO_TIE

    @property
    def place(self) -> Place:
        """Its workout's place in the history."""
        return place_of(self.achieved_date, self.started_at, self.workout_id)


@dataclass(frozen=True)
class Kind:
    """A kind of record: how a row's value is shown (with its unit), and its size in comparisons.

    Only rows that have a size are shown, and those have a value and a unit.
    """

    logged: Callable[[HistoryRow], tuple[Any, Any]]
    size: Callable[[HistoryRow], Decimal | None]


KINDS = {
    "max_weight": Kind(
        lambda row: (row.best_weight, row.best_weight_unit), lambda row: row.best_weight_kg
    ),
    "max_reps": Kind(
        lambda row: (row.most_reps, REP_UNITS[row.rep_type]), lambda row: row.most_reps
    ),
    "max_volume": Kind(lambda row: (row.total_volume, "kg"), lambda row: row.total_volume),
}


def personal_records(performances: Iterable[HistoryRow]) -> dict[str, Record]:
    """Find the records of one exercise of one user.

    Args:
        performances: the whole history of the exercise, in any order.

    Returns:
        ``max_weight``, ``max_reps`` and ``max_volume``, those that exist.
    """
    history = sorted(performances, key=place)
    found = {}
    for kind in KINDS:
        record = None
        for row in history:
            # in order of the history, so best_before is never called
            record = carried_record(kind, record, row, lambda: None)
        if record is not None:
            found[kind] = record
    return found


def carried_record(
    kind: str,
    record: Record | None,
    row: HistoryRow,
    best_before: Callable[[], Decimal | None],
) -> Record | None:
    """Carry a record forward by a row that its history did not have.

    Args:
        kind: one of :data:`KINDS`.
        record: of the history so far.
        row: the new one, anywhere in the history.
        best_before: returns the greatest size of all rows before the row, None or 0 if there are
            none. It is called only when the record is not enough, see :func:`needs_history`.
    """
    size = KINDS[kind].size(row)
    if not size:
        return record
    if record is None:
        return _reached(kind, row, None)
    record_size = record.size
    if _is_after(row, record):
        return _reached(kind, row, record_size) if size > record_size else record
    if size < record_size:
        return _preceded(record, size)
    # nothing was before the record, so nothing is before what came still earlier
    return _reached(kind, row, None if record.previous is None else best_before())


def needs_history(kind: str, record: Record | None, row: HistoryRow) -> bool:
    """Return whether :func:`carried_record` will call ``best_before``.

    It does where a row is at least as good as the record and stands before it in the history.
    """
    if record is None or record.previous is None or _is_after(row, record):
        return False
    size = KINDS[kind].size(row)
    if not size:
        return False
    return size >= record.size


def may_have_beaten(kind: str, record: Record | None, row: HistoryRow) -> bool:
    """Return whether a record may be, or have beaten, a row of its history."""
    size = KINDS[kind].size(row)
    if not size:
        return False
    if record is None or record.workout_id == row.workout_id:
        return True
    if _is_after(row, record):
        return False
    return record.previous is None or _in(record.unit, size) >= record.previous


def _is_after(row: HistoryRow, record: Record) -> bool:
    return place(row) > record.place


def _reached(kind: str, row: HistoryRow, beaten: Decimal | None) -> Record:
    value, unit = KINDS[kind].logged(row)
    # a weight logged in the same unit comes out as logged: no digit was lost on the way
    previous = _in(unit, beaten) if beaten else None
    return Record(value, unit, row.date, row.workout_id, previous, row.started_at)


def _preceded(record: Record, size: Decimal) -> Record:
    value = _in(record.unit, size)
    if record.previous is not None and record.previous >= value:
        return record
    return record._replace(previous=value)


def _in(unit: str, size: Decimal) -> Decimal:
    return in_unit(size, unit) if unit == "lb" else size
