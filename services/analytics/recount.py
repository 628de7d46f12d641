"""Recounting: numbers that a changed or deleted workout touches, from the stored history.

A best, or what a record beat, can't be subtracted from, so these numbers are computed from all rows
of their exercise or period, and no others are read.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from services.analytics import recount_reads
from services.analytics.rules.changes import (
    Change,
    ExerciseKey,
    PeriodKey,
    ProcessedWorkout,
    periods_of,
    rows_by_exercise,
)
from services.analytics.rules.history import lifetime
from services.analytics.rules.incremental import Numbers
from services.analytics.rules.metrics import HistoryRow, measured_again
from services.analytics.rules.progress import snapshots
from services.analytics.rules.records import KINDS, personal_records
from services.analytics.rules.set_records import set_records
from services.transport.postgres.statements import Fetch


class Recount:
    """The exercises and periods that new versions of workouts touch, and the rows they change.

    ``taken`` and ``given`` are the rows of the exercises before and now. ``half_known`` are
    workouts that the version before counted without what it does not know.

    Args:
        again: recount all exercises and periods of the workouts, not only those that differ.
    """

    def __init__(self, again: bool = False):
        self.exercises: set[ExerciseKey] = set()
        self.periods: set[PeriodKey] = set()
        self.written: list[HistoryRow] = []
        self.gone: list[HistoryRow] = []
        self.taken: list[HistoryRow] = []
        self.given: list[HistoryRow] = []
        self.half_known: list[int] = []
        self.again = again

    def add(
        self, change: Change, before: ProcessedWorkout, rows_before: Mapping[int, HistoryRow]
    ) -> None:
        """Compare a workout with its version before; one that was only renamed touches nothing."""
        rows = {row.exercise_id: row for row in change.rows}
        as_before = {key: measured_again(row) for key, row in rows_before.items()}
        touched = {
            exercise_id
            for exercise_id in rows.keys() | as_before.keys()
            if self.again or not _counts_as(rows.get(exercise_id), as_before.get(exercise_id))
        }
        self.exercises |= {(change.user_id, exercise_id) for exercise_id in touched}
        self.taken += [as_before[key] for key in touched & as_before.keys()]
        self.given += [rows[key] for key in touched & rows.keys()]
        if touched or not change.workout.lasts_as(before):
            self.periods.update(change.periods, periods_of(change.user_id, before.date))
        self.written += [
            row for key, row in rows.items() if self.again or row != as_before.get(key)
        ]
        self.gone += [row for key, row in rows_before.items() if key not in rows]

    def count(
        self,
        fetch: Fetch,
        changes: list[Change],
        numbers: Numbers,
        before: Numbers | None = None,
        standing: Numbers | None = None,
    ) -> None:
        """Recount the touched numbers.

        Args:
            fetch: runs a statement. The stored history is still the one of before: what the batch
                changes is written at the end, with everything else.
            changes: all changes of the batch.
            numbers: the results go here; None stands for one that is gone.
            before: the records of the exercises as they were go here, if anybody wants them.
            standing: what is known to stand of the exercises; not of all.
        """
        if self.exercises:
            self._count_exercises(fetch, changes, numbers, before, standing or Numbers())
        if self.periods:
            self._count_periods(fetch, changes, numbers)

    def _count_exercises(
        self,
        fetch: Fetch,
        changes: list[Change],
        numbers: Numbers,
        before: Numbers | None,
        standing: Numbers,
    ) -> None:
        stored = recount_reads.rows_of_exercises(fetch, self.exercises)
        replaced = {change.workout_id for change in changes}
        kept = [self._measured(row) for row in stored if row.workout_id not in replaced]
        rows_of = rows_by_exercise([*kept, *(row for change in changes for row in change.rows)])
        for key in self.exercises:
            numbers.lifetimes[key] = lifetime(rows_of[key])
            _count_records(key, rows_of[key], numbers)
        numbers.recounted |= self.exercises
        if before is None:
            return
        for key in self.exercises & standing.records.keys():
            before.records[key] = {kind: standing.records[key].get(kind) for kind in KINDS}
            before.set_records[key] = standing.set_records[key]
        unknown = self.exercises - standing.records.keys()
        if unknown:
            gone = [measured_again(row) for row in stored if row.workout_id in replaced]
            rows_of = rows_by_exercise([*kept, *gone])
            for key in unknown:
                _count_records(key, rows_of[key], before)

    def _measured(self, stored: HistoryRow) -> HistoryRow:
        """Return a row as it is now; it is written if the version before had counted it."""
        row = measured_again(stored)
        if not row.is_counted:
            self.written.append(row)
            if row.is_half_known:
                self.half_known.append(row.workout_id)
        return row

    def _count_periods(self, fetch: Fetch, changes: list[Change], numbers: Numbers) -> None:
        # Any: a workout that is in a period has a date
        workouts_in: dict[PeriodKey, list[Any]] = defaultdict(list)
        rows_in: dict[PeriodKey, list[HistoryRow]] = defaultdict(list)
        workouts = recount_reads.workouts_in(fetch, self.periods)
        workouts |= {change.workout_id: (change.user_id, change.workout) for change in changes}
        for user_id, workout in workouts.values():
            for key in periods_of(user_id, workout.date):
                workouts_in[key].append(workout)
        for row in _history(recount_reads.rows_in(fetch, self.periods), changes):
            for key in periods_of(row.user_id, row.date):
                rows_in[key].append(row)
        for key in self.periods:
            _, unit, start = key
            numbers.snapshots[key] = snapshots(workouts_in[key], rows_in[key], unit).get(start)


def compared(
    fetch: Fetch,
    changes: list[Change],
    processed: Mapping[int, ProcessedWorkout],
    again: bool,
) -> Recount:
    """Compare those workouts of a batch that were counted before with their stored versions."""
    recount = Recount(again)
    replaced = [change for change in changes if change.workout_id in processed]
    rows_before: dict[int, dict[int, HistoryRow]] = defaultdict(dict)
    if replaced:
        for row in recount_reads.rows_of_workouts(fetch, replaced):
            rows_before[row.workout_id][row.exercise_id] = row
    for change in replaced:
        recount.add(change, processed[change.workout_id], rows_before[change.workout_id])
    return recount


def _count_records(key: ExerciseKey, rows: list[HistoryRow], numbers: Numbers) -> None:
    found = personal_records(rows)
    numbers.records[key] = {kind: found.get(kind) for kind in KINDS}
    numbers.set_records[key] = {**set_records(rows)}


def _counts_as(row: HistoryRow | None, before: HistoryRow | None) -> bool:
    return row is not None and row.counts_as(before)


def _history(stored: Iterable[HistoryRow], changes: list[Change]) -> Iterator[HistoryRow]:
    """Yield the rows that there will be when the batch is written."""
    replaced = {change.workout_id for change in changes}
    yield from (row for row in stored if row.workout_id not in replaced)
    for change in changes:
        yield from change.rows
