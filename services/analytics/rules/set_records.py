"""Records that are one set each: the best of a slot, and the best before its workout."""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from services.analytics.rules.metrics import HistoryRow, Place, place, place_of
from services.analytics.rules.set_bests import REP_MAX, Best, Slot


class SetRecord(NamedTuple):
    """The best set of a slot, where it was first reached, and the best before that workout.

    ``size``, ``tie``, ``value`` and ``unit`` are those of :class:`Best`; ``previous`` is a size.
    """

    value: Decimal
    unit: str
    size: Decimal
    tie: Decimal | int
    achieved_date: date
    workout_id: int
    started_at: datetime | None
    previous: Decimal | None

    @property
    def rank(self) -> tuple[Decimal, Decimal | int]:
        """What compares."""
        return self.size, self.tie

    @property
    def place(self) -> Place:
        """Its workout's place in the history."""
        return place_of(self.achieved_date, self.started_at, self.workout_id)


def set_records(history: Iterable[HistoryRow]) -> dict[Slot, SetRecord]:
    """Find the records of one exercise of one user.

    Args:
        history: all of it, in any order.
    """
    found: dict[Slot, SetRecord] = {}
    for row in sorted(history, key=place):
        for slot, best in (row.bests or {}).items():
            record = found.get(slot)
            if record is None or best.rank > record.rank:
                found[slot] = _reached(slot, row, best, None if record is None else record.size)
    return found


def carried_set_record(
    slot: Slot,
    record: SetRecord | None,
    row: HistoryRow,
    best: Best,
    size_before: Callable[[], Decimal | None],
) -> SetRecord:
    """Carry a record forward by a row that its history did not have.

    Args:
        slot: of the record.
        record: of the history so far.
        row: the new one, anywhere in the history.
        best: its best set of the slot.
        size_before: returns the greatest size of all rows before the row, None if there is none.
            It is called only where :func:`needs_rows_before` is true.
    """
    if record is None:
        return _reached(slot, row, best, None)
    if place(row) > record.place:
        return _reached(slot, row, best, record.size) if best.rank > record.rank else record
    if best.rank >= record.rank:
        # nothing was before a record that beat nothing, so nothing is before what came earlier
        return _reached(slot, row, best, None if record.previous is None else size_before())
    if _has_no_previous(slot) or (record.previous is not None and record.previous >= best.size):
        return record
    return record._replace(previous=best.size)


def needs_rows_before(record: SetRecord | None, row: HistoryRow, best: Best) -> bool:
    """Return whether it can't be told from a record what a row beat."""
    return record is not None and record.previous is not None and stands_before(record, row, best)


def may_have_beaten(slot: Slot, record: SetRecord | None, row: HistoryRow, best: Best) -> bool:
    """Return whether a record may be, or have beaten, the best set of a row of its history."""
    if record is None or record.workout_id == row.workout_id:
        return True
    if _has_no_previous(slot) or place(row) > record.place:
        return False
    return record.previous is None or best.size >= record.previous


def stands_before(record: SetRecord | None, row: HistoryRow, best: Best) -> bool:
    """Return whether a row is at least as good as a record, and stands before it."""
    return record is not None and best.rank >= record.rank and place(row) < record.place


def _reached(slot: Slot, row: HistoryRow, best: Best, beaten: Decimal | None) -> SetRecord:
    return SetRecord(
        best.value,
        best.unit,
        best.size,
        best.tie,
        row.date,
        row.workout_id,
        row.started_at,
        None if _has_no_previous(slot) else beaten,
    )


def _has_no_previous(slot: Slot) -> bool:
    """Return whether it is not kept what a record beat: no answer shows it of a rep max."""
    return slot[0] == REP_MAX
