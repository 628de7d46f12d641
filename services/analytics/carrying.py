"""Carrying numbers forward over changed and deleted workouts, where no record hangs on them.

What such a workout had is taken out of the sums, and what it has now is added like a new one.
Neither reads the history, however long it is; other exercises are recounted
(:mod:`services.analytics.recount`).
"""

from collections.abc import Iterable

from services.analytics import standing_reads
from services.analytics.recount import Recount
from services.analytics.rules.changes import ExerciseKey, rows_by_exercise
from services.analytics.rules.history import Lifetime
from services.analytics.rules.incremental import Numbers
from services.analytics.rules.metrics import HistoryRow, place, place_of
from services.analytics.rules.records import KINDS, needs_history
from services.analytics.rules.set_records import stands_before
from services.analytics.rules.taking_out import are_needed, without
from services.transport.postgres.statements import Fetch


class Carried:
    """The exercises of a recount that need none; they are taken out of it.

    Args:
        fetch: runs a statement.
        recount: of a batch.
        added: the rows of its new workouts.
    """

    def __init__(self, fetch: Fetch, recount: Recount, added: Iterable[HistoryRow]):
        # what is counted again may have been counted wrongly
        exercises = () if recount.again else recount.exercises
        self.standing = standing_reads.standing(fetch, exercises) if exercises else Numbers()
        self.lifetimes: dict[ExerciseKey, Lifetime] = {}
        self._new_rows = rows_by_exercise([*recount.given, *added])
        for key, gone in rows_by_exercise(recount.taken).items():
            whole = self.standing.lifetimes.get(key)
            if whole is not None and self._stands(key, whole, gone):
                self.lifetimes[key] = without(whole, gone)
        recount.exercises -= self.lifetimes.keys()
        self.rows = [
            row for row in recount.given if (row.user_id, row.exercise_id) in self.lifetimes
        ]

    def take_out(self, numbers: Numbers) -> None:
        """Take the rows of before out of known numbers, which those of now may be added to."""
        for key, whole in self.lifetimes.items():
            numbers.lifetimes[key] = whole
            numbers.records[key] = self.standing.records[key]
            known = self.standing.set_records[key]
            bests = (slot for row in self._new_rows[key] for slot in row.bests or ())
            numbers.set_records[key] = {slot: known.get(slot) for slot in bests}

    def _stands(self, key: ExerciseKey, whole: Lifetime, gone: list[HistoryRow]) -> bool:
        records, of_sets = self.standing.records[key], self.standing.set_records[key]
        new = self._new_rows[key]
        # the sizes before one row might be those of another, or of what is taken out
        return (
            len(new) <= 1
            and _keeps_its_last(whole, gone, new)
            and all(row.is_counted for row in gone)
            and not are_needed(gone, whole, records, of_sets)
            and not any(self._stands_before_a_record(key, row) for row in new)
        )

    def _stands_before_a_record(self, key: ExerciseKey, row: HistoryRow) -> bool:
        records, of_sets = self.standing.records[key], self.standing.set_records[key]
        return any(needs_history(kind, records.get(kind), row) for kind in KINDS) or any(
            stands_before(of_sets.get(slot), row, best) for slot, best in (row.bests or {}).items()
        )


def _keeps_its_last(whole: Lifetime, gone: list[HistoryRow], new: list[HistoryRow]) -> bool:
    last = place_of(whole.last_performed_date, whole.last_started_at, whole.last_workout_id)
    return not any(row.workout_id == whole.last_workout_id for row in gone) or any(
        row.workout_id == whole.last_workout_id and place(row) >= last for row in new
    )
