"""Exercises that are merged: rows of the history that become one, and the numbers of all rows."""

from collections.abc import Iterable, Iterator
from typing import Any

from services.analytics.rules.history import Lifetime, carried_lifetime
from services.analytics.rules.metrics import HistoryRow, history_rows
from services.analytics.rules.records import KINDS, Record, carried_record
from services.analytics.rules.set_bests import Slot
from services.analytics.rules.set_records import SetRecord, carried_set_record


class CarriedHistory:
    """Numbers of one exercise of one user, carried forward by its rows in order of the history.

    So a long history need not be in memory as a whole.
    """

    def __init__(self) -> None:
        self.lifetime: Lifetime | None = None
        self.records: dict[str, Record | None] = dict.fromkeys(KINDS)
        self.set_records: dict[Slot, SetRecord | None] = {}

    def add(self, rows: Iterable[HistoryRow]) -> None:
        """Carry the numbers forward by measured rows that stand behind all those before."""
        for row in rows:
            self.lifetime = carried_lifetime(self.lifetime, row)
            for kind, record in self.records.items():
                self.records[kind] = carried_record(kind, record, row, _nothing)
            for slot, best in (row.bests or {}).items():
                before = self.set_records.get(slot)
                self.set_records[slot] = carried_set_record(slot, before, row, best, _nothing)


def combined(rows: Iterable[HistoryRow], exercise_id: int, exercise_name: str) -> HistoryRow:
    """Return the row of a workout that has one exercise in place of several.

    Args:
        rows: of the workout's exercises, with their ``raw_sets``.
        exercise_id: of the exercise that they all are now.
        exercise_name: its name.
    """
    exercises = [*_each_set(rows)]
    row = min(rows, key=lambda row: row.exercise_id)
    workout = {
        "user_id": row.user_id,
        "id": row.workout_id,
        "date": row.date.isoformat(),
        "started_at": row.started_at and row.started_at.isoformat(),
        "exercises": [
            {**each, "exercise_id": exercise_id, "exercise_name": exercise_name}
            for each in exercises
        ],
    }
    [found] = history_rows(workout)
    return found


def _each_set(rows: Iterable[HistoryRow]) -> Iterator[dict[str, Any]]:
    """Yield each set as an exercise of its own: sets have their ids in the workout's order."""
    for row in rows:
        for logged in row.raw_sets or ():
            yield {
                "rep_type": row.rep_type,
                "measure": row.measure,
                "order_index": logged["id"],
                "sets": [logged],
            }


def _nothing() -> None:
    """What is before a row that no row stands behind is never asked for."""
