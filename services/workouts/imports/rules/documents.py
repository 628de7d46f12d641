"""Workouts of files as JSON documents, which are stored between the preview and the import.

A document has what the file says, within the limits of ``schemas.workouts``: names of exercises are
the file's, weights and distances without a unit are as they were written. What is empty is left
out; numbers are texts, so that they stay exact. Those of our own exports have ``times`` as they
were logged, the ``client_id``, and the ``measure`` of each exercise.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from schemas.constraints import FORBIDDEN_CHARACTERS
from schemas.sets import LONGEST_SET_NOTES
from schemas.workouts import EARLIEST_DAY, LONGEST_NAME, LONGEST_NOTES, MOST_EXERCISES
from services.workouts.imports.reading import Exercise, Finding, Findings, Set, Workout
from services.workouts.imports.reading.workouts import Times

Document = dict[str, Any]

HERE = "here"
"""The member with the id of the user's workout that this one of our own export would change."""

TAKEN_OFF = " (Assisted)"
"""What the name of an exercise gets where weight was taken off, as it is another exercise then."""


def document(workout: Workout, today: datetime, findings: Findings) -> Document | None:
    """Return a workout's document; None if it can't be taken, which is a fault.

    Args:
        workout: as it was read.
        today: now, in UTC.
        findings: where faults and warnings go.
    """
    exercises = [part for each in workout.exercises for part in _parts(each, workout, findings)]
    if not _is_within_limits(workout, len(exercises), today, findings):
        return None
    return _given(
        line=workout.line,
        times=workout.times and _times(workout.times),
        client_id=workout.client_id,
        name=_cut(workout.name, LONGEST_NAME, "name", workout, findings),
        start=workout.start.isoformat(),
        end=workout.end and workout.end.isoformat(),
        minutes=workout.duration_minutes,
        notes=_cut("\n".join(workout.notes), LONGEST_NOTES, "notes", workout, findings),
        exercises=exercises,
    )


def start_of(of: Document) -> datetime:
    """Return when a workout began, by the clock where the person was."""
    return datetime.fromisoformat(of["start"])


def sets_of(of: Document) -> int:
    """Return how many sets a workout has."""
    return sum(len(exercise["sets"]) for exercise in of["exercises"])


def number_of(each: dict[str, Any], name: str) -> Decimal | None:
    """Return a number of a set; None if it has none."""
    text = each.get(name)
    return None if text is None else Decimal(text)


def _given(**members: object) -> Document:
    return {name: value for name, value in members.items() if value not in (None, "")}


def _times(times: Times) -> Document:
    return _given(
        date=times.date.isoformat(),
        started_at=times.started_at and str(times.started_at),
        ended_at=times.ended_at and str(times.ended_at),
        time_zone=times.time_zone,
    )


def _parts(exercise: Exercise, workout: Workout, findings: Findings) -> list[Document]:
    """Return an exercise; two of them if weight was taken off in some of its sets."""
    name = _cut(exercise.name, LONGEST_NAME, "exercise", workout, findings)
    notes = _cut("\n".join(exercise.notes), LONGEST_SET_NOTES, "notes", workout, findings)
    assisted = [each for each in exercise.sets if _is_assisted(each)]
    parts = [(name, [each for each in exercise.sets if not _is_assisted(each)])]
    if assisted:
        parts = [(f"{name[: LONGEST_NAME - len(TAKEN_OFF)]}{TAKEN_OFF}", assisted), *parts]
        parts = [(each, sets) for each, sets in parts if sets]
    return [
        _given(
            name=each,
            superset=exercise.superset,
            notes=notes if place == 0 else None,
            assisted=each != name or None,
            measure=exercise.measure,
            own=exercise.is_own or None,
            place=exercise.place,
        )
        | {"sets": [_set(logged) for logged in sets]}
        for place, (each, sets) in enumerate(parts)
    ]


def _is_assisted(logged: Set) -> bool:
    return logged.weight is not None and logged.weight < 0


def _set(logged: Set) -> Document:
    distance = logged.distance_m
    return _given(
        type=logged.set_type,
        reps=_text(logged.reps),
        seconds=_text(logged.duration_seconds),
        distance=_text(distance),
        metres=logged.distance_unit is not None if distance is not None else None,
        weight=_text(logged.weight and abs(logged.weight)),
        unit=logged.unit,
        rpe=_text(logged.rpe),
        rest=logged.rest_seconds,
        rir=_text(logged.rir),
        notes=logged.notes,
        number=logged.number,
    )


def _text(number: Decimal | None) -> str | None:
    return None if number is None else format(number.normalize() + 0, "f")


def _cut(text: str, most: int, field: str, workout: Workout, findings: Findings) -> str:
    text = FORBIDDEN_CHARACTERS.sub("", text).strip()
    if len(text) <= most:
        return text
    message = f"The text must have at most {most} characters; the rest is left out"
    findings.warn(Finding(workout.line, field, message, "max_length", text))
    return text[:most].strip()


def _is_within_limits(
    workout: Workout, exercises: int, today: datetime, findings: Findings
) -> bool:
    latest = today.date() + timedelta(days=1)
    day = workout.start.date()
    problems = {
        "min": (day < EARLIEST_DAY, f"The day must not be before {EARLIEST_DAY}"),
        "max": (day > latest, "The day must not be more than one day in the future"),
        "max_items": (
            exercises > MOST_EXERCISES,
            f"The workout must have at most {MOST_EXERCISES} exercises",
        ),
    }
    for constraint, (is_broken, message) in problems.items():
        if is_broken:
            field = "exercises" if constraint == "max_items" else "start"
            received = str(exercises) if constraint == "max_items" else day.isoformat()
            findings.refuse(Finding(workout.line, field, message, constraint, received))
            return False
    return True
