"""Rows to workouts: those of one training, in order, with rests and notes where they belong."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby

from schemas.instants import Instant
from schemas.sets import LONGEST_REST
from schemas.workouts import MOST_EXERCISES, MOST_SETS, MOST_SETS_IN_ALL
from services.workouts.imports.reading.durations import LONGEST_WORKOUT
from services.workouts.imports.reading.findings import Finding, Findings
from services.workouts.imports.reading.row import Row
from services.workouts.imports.reading.set_types import NOTE, REST

MOST_ROWS = 4 * MOST_SETS_IN_ALL
"""Of a workout: each set may have rests and notes beside it. More are not held in memory."""


@dataclass(slots=True)
class Set:
    """A set; fields are those of ``schemas.sets``. A ``weight`` below 0 was taken off.

    Without a ``distance_unit`` ``distance_m`` is as it was written. Only our own exports have the
    fields behind that.
    """

    line: int
    set_type: str
    reps: Decimal | None
    duration_seconds: Decimal | None
    distance_m: Decimal | None
    weight: Decimal | None
    unit: str | None
    rpe: Decimal | None
    rest_seconds: int | None = None
    distance_unit: str | None = None
    rir: Decimal | None = None
    notes: str | None = None
    number: int | None = None


@dataclass(slots=True)
class Exercise:
    """An exercise in a workout, by the name that the other app gives it.

    Only our own exports tell its ``measure``, whether it is a private one (``is_own``) and its
    ``place``, which may leave others out.
    """

    name: str
    superset: int | None
    notes: list[str] = field(default_factory=list)
    sets: list[Set] = field(default_factory=list)
    measure: str | None = None
    is_own: bool = False
    place: int | None = None


@dataclass(slots=True)
class Times:
    """When a workout was, as our own exports tell it: fields are those of ``schemas.workouts``."""

    date: date
    started_at: Instant | None
    ended_at: Instant | None
    time_zone: str | None


@dataclass(slots=True)
class Workout:
    """A workout. Its times are of the clock where the person was.

    ``times`` is what our own exports tell, from which ``start`` follows, and ``client_id`` the id
    that a client has given it; others have neither.
    """

    line: int
    name: str
    start: datetime
    end: datetime | None
    duration_minutes: int | None
    notes: list[str] = field(default_factory=list)
    exercises: list[Exercise] = field(default_factory=list)
    times: Times | None = None
    client_id: str | None = None


def workouts_of(rows: Iterable[Row], findings: Findings) -> Iterator[Workout]:
    """Yield the workouts of rows. Those of a workout follow each other.

    Args:
        rows: all of a file.
        findings: where faults and warnings go.
    """
    for _, same in groupby(rows, key=lambda row: (row.number, row.start, row.name)):
        first: list[Row] = []
        count = 0
        for count, row in enumerate(same, 1):
            if count <= MOST_ROWS:
                first.append(row)
        if count > MOST_ROWS:
            message = f"The workout must have at most {MOST_ROWS} lines"
            findings.refuse(Finding(first[0].line, "sets", message, "max_items", str(count)))
            continue
        workout = _workout(first, findings)
        if _is_within_limits(workout, findings):
            yield workout


def _workout(rows: list[Row], findings: Findings) -> Workout:
    first = rows[0]
    end = _end(first, findings)
    workout = Workout(first.line, first.name, first.start, end, _minutes(first, end, findings))
    last_place = None
    for row in rows:
        workout.notes.append(row.workout_notes)
        if _begins_exercise(workout, row, last_place):
            workout.exercises.append(Exercise(row.exercise, row.superset))
            last_place = None
        exercise = workout.exercises[-1]
        exercise.notes += row.exercise_notes, row.notes
        if row.kind == REST:
            _rest(exercise, row, findings)
        elif row.kind != NOTE:
            exercise.sets.append(_set(row, findings))
            last_place = last_place if row.place is None else row.place
    workout.notes = _each_once(workout.notes)
    for exercise in workout.exercises:
        exercise.notes = _each_once(exercise.notes)
    return workout


def _begins_exercise(workout: Workout, row: Row, last_place: int | None) -> bool:
    if not workout.exercises:
        return True
    exercise = workout.exercises[-1]
    if (exercise.name, exercise.superset) != (row.exercise, row.superset):
        return True
    # the same one once more; or more sets than an exercise may have, which then stands there twice
    begins_anew = row.place is not None and last_place is not None and row.place <= last_place
    return begins_anew or len(exercise.sets) == MOST_SETS


def _set(row: Row, findings: Findings) -> Set:
    reps = row.reps
    if row.reps is None and row.seconds is None and row.distance_m is None:
        reps = Decimal(0)
        message = "The set has no repetitions, time or distance; taken with 0 repetitions"
        findings.warn(Finding(row.line, "reps", message, "required"))
    return Set(
        line=row.line,
        set_type=row.kind,
        reps=reps,
        duration_seconds=row.seconds,
        distance_m=row.distance_m,
        weight=row.weight,
        unit=row.weight_unit if row.weight is not None else None,
        rpe=row.rpe,
        distance_unit=row.distance_unit,
    )


def _rest(exercise: Exercise, row: Row, findings: Findings) -> None:
    """Add a rest to the set before it; there may be several."""
    if not exercise.sets or row.seconds is None:
        return
    rest = (exercise.sets[-1].rest_seconds or 0) + round(row.seconds)
    if rest > LONGEST_REST:
        message = f"A rest must be at most {LONGEST_REST} seconds; taken as that"
        findings.warn(Finding(row.line, "rest_seconds", message, "max", str(rest)))
    exercise.sets[-1].rest_seconds = min(rest, LONGEST_REST)


def _end(row: Row, findings: Findings) -> datetime | None:
    if row.end is None:
        return None
    seconds = (row.end - row.start).total_seconds()
    if 0 <= seconds <= LONGEST_WORKOUT:
        return row.end
    message = "The end is not within 24 hours after the start; left out"
    findings.warn(Finding(row.line, "end", message, "range", row.end.isoformat()))
    return None


def _minutes(row: Row, end: datetime | None, findings: Findings) -> int | None:
    """Return the duration, to the nearest minute; that of an end is computed from it."""
    if end is not None or row.duration_seconds is None:
        return None
    if row.duration_seconds <= LONGEST_WORKOUT:
        return round(timedelta(seconds=row.duration_seconds) / timedelta(minutes=1))
    message = "The workout took more than 24 hours; its duration is left out"
    findings.warn(Finding(row.line, "duration", message, "max", str(row.duration_seconds)))
    return None


def _each_once(notes: list[str]) -> list[str]:
    # repeated on each row of its workout or exercise
    return [*dict.fromkeys(filter(None, notes))]


def _is_within_limits(workout: Workout, findings: Findings) -> bool:
    sets = sum(len(exercise.sets) for exercise in workout.exercises)
    for count, most, of_what in (
        (len(workout.exercises), MOST_EXERCISES, "exercises"),
        (sets, MOST_SETS_IN_ALL, "sets"),
    ):
        if count > most:
            message = f"The workout must have at most {most} {of_what}"
            findings.refuse(Finding(workout.line, of_what, message, "max_items", str(count)))
            return False
    return True
