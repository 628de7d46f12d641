"""What the fields of a set mean: as it was entered, as it counts, and as clients see it.

Before a set had ``duration_seconds`` and ``distance_m``, its ``reps`` were repetitions, seconds or
metres, by the exercise's ``rep_type``. Both ways mean the same, whichever a client uses. A set has
three forms:

entered
    As :class:`schemas.workouts.LoggedSet` loads it.
counted
    ``reps`` is always a number, the one that statistics count: of an exercise that counts time or
    distance the seconds or metres, of others the repetitions, and 0 if there is none.
    ``repetitions`` are the ``reps`` that were entered, or None. The field that ``reps`` alone mean
    is filled.
shown
    ``reps`` are those that were entered or else, of an exercise that counts time or distance, the
    seconds or metres. The field that ``reps`` alone mean is filled.

:mod:`services.workouts.tables` has the latter two in SQL.
"""

from typing import Any

MEANT_BY_REPS = {"time": "duration_seconds", "distance": "distance_m"}
"""The field that the ``reps`` of an exercise mean, by its ``rep_type``; of others they are just
repetitions."""

INTERNAL = frozenset({"rep_type", "measure"})
"""What an exercise in a workout has for counting alone."""


def counted(entered: dict[str, Any], rep_type: str) -> dict[str, Any]:
    """Return a set as it counts."""
    repetitions = entered.get("reps")
    reps, meant = repetitions, MEANT_BY_REPS.get(rep_type)
    filled = {}
    if meant is not None:
        given = entered.get(meant)
        reps = filled[meant] = repetitions if given is None else given
    return entered | filled | {"reps": 0 if reps is None else reps, "repetitions": repetitions}


def shown(counted_set: dict[str, Any], rep_type: str) -> dict[str, Any]:
    """Return a counted set as clients see it."""
    reps = counted_set["repetitions"]
    if reps is None and rep_type in MEANT_BY_REPS:
        reps = counted_set[MEANT_BY_REPS[rep_type]]
    seen = counted_set | {"reps": reps}
    del seen["repetitions"]
    return seen


def shown_workout(workout: dict[str, Any]) -> dict[str, Any]:
    """Return a workout whose sets are counted as clients see it."""
    exercises = [
        {
            **{name: value for name, value in exercise.items() if name not in INTERNAL},
            "sets": [shown(each, exercise["rep_type"]) for each in exercise["sets"]],
        }
        for exercise in workout["exercises"]
    ]
    return {**workout, "exercises": exercises}


def take_notes_out(workout: dict[str, Any]) -> None:
    """Take all notes out of a workout, which needs none to be counted."""
    del workout["notes"]
    for exercise in workout["exercises"]:
        del exercise["notes"]
        for each in exercise["sets"]:
            del each["notes"]
