"""Counting a whole history from nothing, oldest workout first."""

from collections import defaultdict
from decimal import Decimal

from services.analytics.rules.changes import Change, ExerciseKey, PeriodKey
from services.analytics.rules.history import carried_lifetime
from services.analytics.rules.incremental import Numbers
from services.analytics.rules.metrics import HistoryRow, Place, place
from services.analytics.rules.progress import Snapshot, with_performances, with_workout
from services.analytics.rules.records import KINDS, carried_record
from services.analytics.rules.set_records import carried_set_record


class CountFromScratch:
    """Counts workouts of one user, each of which stands after those before.

    So no record needs to know more than the one before it, and a history of any length is counted
    in the memory that its numbers take.
    """

    def __init__(self) -> None:
        self.numbers = Numbers()
        self._last: Place | None = None
        self._done_in: dict[PeriodKey, set[int]] = defaultdict(set)

    def add(self, change: Change) -> bool:
        """Count a workout; return False, and leave it out, if it does not stand after the last."""
        if change.rows:
            # all rows of a workout have its place; one without rows can't be in the way of a record
            here = place(change.rows[0])
            if self._last is not None and here <= self._last:
                return False
            self._last = here
        for row in change.rows:
            self._add_performance(row)
        for key in change.periods:
            self._add_to_period(key, change)
        return True

    def _add_performance(self, row: HistoryRow) -> None:
        key: ExerciseKey = row.user_id, row.exercise_id
        numbers = self.numbers
        numbers.lifetimes[key] = carried_lifetime(numbers.lifetimes.get(key), row)
        records = numbers.records.setdefault(key, {})
        for kind in KINDS:
            record = carried_record(kind, records.get(kind), row, _never_asked)
            if record is not None:
                records[kind] = record
        set_records = numbers.set_records.setdefault(key, {})
        for slot, best in (row.bests or {}).items():
            set_records[slot] = carried_set_record(
                slot, set_records.get(slot), row, best, _never_asked
            )

    def _add_to_period(self, key: PeriodKey, change: Change) -> None:
        exercises = {row.exercise_id for row in change.rows}
        snapshot = self.numbers.snapshots.get(key) or Snapshot()
        self.numbers.snapshots[key] = with_performances(
            with_workout(snapshot, change.workout.duration_minutes),
            change.rows,
            len(exercises - self._done_in[key]),
        )
        self._done_in[key] |= exercises


def _never_asked() -> Decimal:
    raise AssertionError("a workout was counted after a later one")
