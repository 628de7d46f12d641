"""Workouts as Strong exports them, in its layout that names units in columns of their own."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from schemas.cells import words
from services.workouts.exports.cells import effort, local_start, number, repetitions, weight

DELIMITER = ";"

HEADER = [
    "Date",
    "Workout Name",
    "Exercise Name",
    "Set Order",
    "Weight",
    "Weight Unit",
    "Reps",
    "RPE",
    "Distance",
    "Distance Unit",
    "Seconds",
    "Notes",
    "Workout Notes",
    "Workout Duration",
]

STEP = timedelta(seconds=1)
"""What starts are written in."""

REST = "Rest Timer"

_LETTERS = {"warmup": "W", "drop": "D", "failure": "F"}
_UNITS = {"kg": "kg", "lb": "lbs"}


def rows(workout: dict[str, Any], moved: timedelta) -> Iterator[list[str]]:
    """Yield the rows of a workout, moved in time: one a set, and one for the rest after it."""
    start = (local_start(workout) + moved).isoformat(" ")
    notes, duration = words(workout["notes"]), _duration(workout["duration_minutes"])
    for exercise in workout["exercises"]:
        first = [start, words(workout["name"]), words(exercise["exercise_name"])]
        exercise_notes = words(exercise["notes"])
        for place, logged in enumerate(exercise["sets"], 1):
            said = exercise_notes or words(logged["notes"])
            order = _LETTERS.get(logged["set_type"], str(place))
            yield [*first, order, *_measured(exercise, logged), said, notes, duration]
            if exercise_notes and logged["notes"]:
                yield [*first, "Note", *[""] * 7, words(logged["notes"]), "", duration]
            if logged["rest_seconds"]:
                yield [*first, REST, *[""] * 6, str(logged["rest_seconds"]), "", "", duration]
            exercise_notes = notes = ""


def _measured(exercise: dict[str, Any], logged: dict[str, Any]) -> list[str]:
    distance = logged["distance_m"]
    return [
        weight(logged, logged["unit"]),
        "" if logged["weight"] is None else _UNITS[logged["unit"]],
        repetitions(exercise, logged),
        effort(logged),
        number(distance),
        "" if distance is None else "m",
        number(logged["duration_seconds"], absent="0"),
    ]


def _duration(minutes: int | None) -> str:
    if minutes is None:
        return ""
    hours, rest = divmod(minutes, 60)
    return f"{hours}h {rest}m" if hours else f"{rest}m"
