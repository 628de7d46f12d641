"""Workouts as Hevy exports them. The header names one unit for all weights."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from schemas.cells import words
from services.workouts.exports.cells import (
    effort,
    local_end,
    local_start,
    number,
    repetitions,
    weight,
)

DELIMITER = ","

STEP = timedelta(minutes=1)
"""What starts are written in."""

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_SET_TYPES = {"warmup": "warmup", "drop": "dropset", "failure": "failure"}
_WEIGHTS = {"kg": "weight_kg", "lb": "weight_lbs"}


def header(unit: str) -> list[str]:
    """Return the names of the columns, with weights in a unit."""
    return [
        "title",
        "start_time",
        "end_time",
        "description",
        "exercise_title",
        "superset_id",
        "exercise_notes",
        "set_index",
        "set_type",
        _WEIGHTS[unit],
        "reps",
        "distance_km",
        "duration_seconds",
        "rpe",
    ]


def rows(workout: dict[str, Any], moved: timedelta, unit: str) -> Iterator[list[str]]:
    """Yield the rows of a workout, moved in time, one a set."""
    of_workout = [
        words(workout["name"]),
        _moment(local_start(workout) + moved),
        _end(workout, moved),
        words(workout["notes"]),
    ]
    for exercise in workout["exercises"]:
        of_exercise = [
            words(exercise["exercise_name"]),
            number(exercise["superset"]),
            words(_notes(exercise)),
        ]
        for index, logged in enumerate(exercise["sets"]):
            set_type = _SET_TYPES.get(logged["set_type"], "normal")
            yield [
                *of_workout,
                *of_exercise,
                str(index),
                set_type,
                *_measured(exercise, logged, unit),
            ]


def _measured(exercise: dict[str, Any], logged: dict[str, Any], unit: str) -> list[str]:
    metres = logged["distance_m"]
    return [
        weight(logged, unit),
        repetitions(exercise, logged),
        number(None if metres is None else Decimal(str(metres)) / 1000),
        number(logged["duration_seconds"]),
        effort(logged),
    ]


def _notes(exercise: dict[str, Any]) -> str:
    """Return the notes of an exercise and its sets; a set has none of its own."""
    notes = [exercise["notes"], *(logged["notes"] for logged in exercise["sets"])]
    return "\n".join(dict.fromkeys(each for each in notes if each))


def _end(workout: dict[str, Any], moved: timedelta) -> str:
    # without a start it would be the end of a workout that began at midnight
    end = local_end(workout) if workout["started_at"] is not None else None
    if end is None and workout["duration_minutes"] is not None:
        end = local_start(workout) + timedelta(minutes=workout["duration_minutes"])
    return "" if end is None else _moment(end + moved)


def _moment(moment: datetime) -> str:
    # strftime would write the month in the language of the process
    return f"{moment.day} {MONTHS[moment.month - 1]} {moment:%Y, %H:%M}"
