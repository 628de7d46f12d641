"""Changes of workouts, and what is stored of the workouts that were counted."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any, NamedTuple

from services.analytics.rules.metrics import HistoryRow, history_rows
from services.analytics.rules.periods import period_start

UNITS = ("week", "month")

ExerciseKey = tuple[int, int]
"""A user and an exercise."""

PeriodKey = tuple[int, str, date]
"""A user, ``week`` or ``month``, and the first day of one."""


def periods_of(user_id: int, day: date | None) -> list[PeriodKey]:
    """Return the week and the month that a day is in; none for no day."""
    return [(user_id, unit, period_start(day, unit)) for unit in UNITS if day is not None]


def rows_by_exercise(rows: Iterable[HistoryRow]) -> dict[ExerciseKey, list[HistoryRow]]:
    """Return rows by their exercises; of any other exercise there are none."""
    rows_of = defaultdict(list)
    for row in rows:
        rows_of[row.user_id, row.exercise_id].append(row)
    return rows_of


class ProcessedWorkout(NamedTuple):
    """What is stored of a counted workout; of a deleted one, nothing but that it was deleted.

    ``version`` is the workouts service's, which grows with each change.
    """

    version: int
    date: date | None
    duration_minutes: int | None
    deleted: bool

    def lasts_as(self, other: "ProcessedWorkout") -> bool:
        """Return whether another version has the same day, duration and deletion.

        These are what a week or a month counts of a workout besides its exercises.
        """
        # all but the version
        return self[1:] == other[1:]

    def covers(self, change: dict[str, Any]) -> bool:
        """Return whether a change of the feed is counted already."""
        if change["kind"] == "deleted":
            return self.deleted
        return self.has_counted(change["version"])

    def has_counted(self, version: int) -> bool:
        """Return whether a version, or a later one, is counted already."""
        return self.deleted or self.version >= version


class Change(NamedTuple):
    """A workout as it is now, with the rows that it has in the history."""

    user_id: int
    workout_id: int
    workout: ProcessedWorkout
    rows: list[HistoryRow]

    @property
    def periods(self) -> list[PeriodKey]:
        """The week and the month that it is in; a deletion is in none."""
        return periods_of(self.user_id, self.workout.date)

    @classmethod
    def of_workout(cls, workout: dict[str, Any]) -> "Change":
        """Make one of a whole workout, with ``rep_type`` in its exercises."""
        as_now = ProcessedWorkout(
            workout["version"],
            date.fromisoformat(workout["date"]),
            workout["duration_minutes"],
            deleted=False,
        )
        return cls(workout["user_id"], workout["id"], as_now, history_rows(workout))

    @classmethod
    def of_deletion(cls, workout_id: int, user_id: int) -> "Change":
        """Make one of a deleted workout: no message that arrives late brings it back."""
        return cls(user_id, workout_id, ProcessedWorkout(0, None, None, deleted=True), [])

    def is_uncounted(self, known: ProcessedWorkout | None, again: bool) -> bool:
        """Return whether this is to be counted.

        Args:
            known: what is stored of the workout.
            again: also count the version that is stored.
        """
        if known is None:
            return True
        if known.deleted:
            return False
        return self.workout.deleted or self.workout.version + again > known.version
