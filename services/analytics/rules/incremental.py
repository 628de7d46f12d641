"""Incremental counting: new workouts are added to a user's stored numbers.

Such a workout only adds rows to the history, so the new sums, bests and records follow from the
stored ones and these rows, in the same time however long the history is.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from itertools import chain

from services.analytics.rules.changes import Change, ExerciseKey, PeriodKey
from services.analytics.rules.history import Lifetime, carried_lifetime
from services.analytics.rules.metrics import HistoryRow, place
from services.analytics.rules.progress import Snapshot, with_performances, with_workout
from services.analytics.rules.records import KINDS, Record, carried_record, needs_history
from services.analytics.rules.set_bests import Best, Slot
from services.analytics.rules.set_records import (
    SetRecord,
    carried_set_record,
    needs_rows_before,
)

RowKey = tuple[int, int]
"""A workout and an exercise."""

Sizes = Mapping[str, Decimal | None]
"""What records compare by, of each kind: the greatest weight, repetitions or volume, and of each of
:data:`SINGLE_KINDS` the greatest size of a set."""

NONE = Decimal(0)
"""Compares as if there were no value."""

BestBefore = Callable[[list[HistoryRow]], dict[RowKey, Sizes]]
"""Returns the greatest sizes before each of some rows, in the stored history."""


@dataclass
class Numbers:
    """Numbers of some users' exercises and periods; None stands for one that is gone."""

    lifetimes: dict[ExerciseKey, Lifetime | None] = field(default_factory=dict)
    records: dict[ExerciseKey, dict[str, Record | None]] = field(default_factory=dict)
    snapshots: dict[PeriodKey, Snapshot | None] = field(default_factory=dict)
    set_records: dict[ExerciseKey, dict[Slot, SetRecord | None]] = field(default_factory=dict)
    """None stands for one that is not there yet. Of known numbers, those that may change."""

    recounted: set[ExerciseKey] = field(default_factory=set)
    """Exercises all of whose set records are in ``set_records``; what else is stored is gone."""


class IncrementalCount:
    """Carries numbers forward, batch by batch.

    Args:
        known: the stored numbers; they are carried forward in place.
        performed: exercises, each with a period in which it was done before.
        best_before: called for rows whose records are not enough to tell what they beat.
        known_before: what ``best_before`` would return for some rows.
        excluded: exercises and periods to be left out, because they are recounted.
    """

    def __init__(
        self,
        known: Numbers,
        performed: Iterable[tuple[int, PeriodKey]],
        best_before: BestBefore,
        known_before: Mapping[RowKey, Sizes],
        excluded: set[ExerciseKey | PeriodKey],
    ):
        self.changed = Numbers()
        self.before = Numbers()
        self._now = known
        self._performed = set(performed)
        self._best_before = best_before
        self._excluded = excluded
        self._added: dict[ExerciseKey, list[HistoryRow]] = defaultdict(list)
        self._stored_before = dict(known_before)

    def add(self, changes: list[Change], more_rows: Iterable[HistoryRow] = ()) -> None:
        """Count workouts that were not counted before.

        ``changed`` then has the numbers that differ from the stored ones, ``before`` the records
        that stood in place of those in it.

        Args:
            changes: the workouts.
            more_rows: new ones of workouts whose periods are counted elsewhere.
        """
        uncounted = chain((row for change in changes for row in change.rows), more_rows)
        # in order of the history, so that few stand before a record of the same batch
        rows = sorted(
            (row for row in uncounted if (row.user_id, row.exercise_id) not in self._excluded),
            key=place,
        )
        # one question for the whole batch, since each is a round trip
        self._look_up([row for row in rows if self._is_unknown(row) and self._needs_history(row)])
        for row in rows:
            self._add_performance(row)
        for change in changes:
            for key in change.periods:
                if key not in self._excluded:
                    self._add_to_period(key, change)

    def _is_unknown(self, row: HistoryRow) -> bool:
        return (row.workout_id, row.exercise_id) not in self._stored_before

    def _needs_history(self, row: HistoryRow) -> bool:
        key = row.user_id, row.exercise_id
        records = self._now.records.get(key, {})
        return any(needs_history(kind, records.get(kind), row) for kind in KINDS) or any(
            needs_rows_before(record, row, best)
            for record, best in self._set_records_and_bests(row)
        )

    def _look_up(self, rows: list[HistoryRow]) -> None:
        if rows:
            self._stored_before |= self._best_before(rows)

    def _add_performance(self, row: HistoryRow) -> None:
        key = row.user_id, row.exercise_id
        whole = carried_lifetime(self._now.lifetimes.get(key), row)
        self._now.lifetimes[key] = self.changed.lifetimes[key] = whole
        records = self._now.records.setdefault(key, {})
        best_before = cache(lambda: self._best_before_of(row))
        for kind in KINDS:
            before = records.get(kind)

            def size_before(kind: str = kind) -> Decimal:
                return best_before()[kind]

            record = carried_record(kind, before, row, size_before)
            if record is not before:
                records[kind] = self.changed.records.setdefault(key, {})[kind] = record
                self.before.records.setdefault(key, {}).setdefault(kind, before)
        self._carry_set_records(row)
        self._added[key].append(row)

    def _carry_set_records(self, row: HistoryRow) -> None:
        key = row.user_id, row.exercise_id
        records, bests = self._now.set_records.get(key, {}), row.bests or {}
        # of the two the records are fewer: only those that may change
        for slot, before in [*records.items()]:
            best = bests.get(slot)
            if best is None:
                continue

            def size_before(kind: str = slot[0]) -> Decimal | None:
                return self._size_before(row, kind)

            record = carried_set_record(slot, before, row, best, size_before)
            if record is not before:
                records[slot] = self.changed.set_records.setdefault(key, {})[slot] = record
                self.before.set_records.setdefault(key, {}).setdefault(slot, before)

    def _size_before(self, row: HistoryRow, kind: str) -> Decimal | None:
        added = (other.size_of(kind) for other in self._added_before(row))
        sizes = [self._stored_before_row(row)[kind], *added]
        return max((size for size in sizes if size is not None), default=None)

    def _set_records_and_bests(self, row: HistoryRow) -> Iterator[tuple[SetRecord | None, Best]]:
        records = self._now.set_records.get((row.user_id, row.exercise_id), {})
        bests = row.bests or {}
        return ((record, bests[slot]) for slot, record in records.items() if slot in bests)

    def _best_before_of(self, row: HistoryRow) -> dict[str, Decimal]:
        stored, added = self._stored_before_row(row), self._added_before(row)
        return {
            kind: max([stored[kind] or NONE, *(KINDS[kind].size(other) or NONE for other in added)])
            for kind in KINDS
        }

    def _stored_before_row(self, row: HistoryRow) -> Sizes:
        if self._is_unknown(row):
            # its record was set by another row of the batch, so needs_history() was not asked
            # with it
            self._look_up([row])
        return self._stored_before[row.workout_id, row.exercise_id]

    def _added_before(self, row: HistoryRow) -> list[HistoryRow]:
        added = self._added[row.user_id, row.exercise_id]
        return [other for other in added if place(other) < place(row)]

    def _add_to_period(self, key: PeriodKey, change: Change) -> None:
        performed = {(row.exercise_id, key) for row in change.rows}
        snapshot = with_performances(
            with_workout(
                self._now.snapshots.get(key) or Snapshot(), change.workout.duration_minutes
            ),
            change.rows,
            len(performed - self._performed),
        )
        self._now.snapshots[key] = self.changed.snapshots[key] = snapshot
        self._performed |= performed
