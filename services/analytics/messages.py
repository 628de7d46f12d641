"""What events say of workouts; whoever may publish can send anything."""

from collections.abc import Mapping

from schemas.pages import is_id
from services.analytics.rules.changes import ProcessedWorkout
from services.dependencies.events import Poison

WORKOUT = "workout"
"""The member in which an event may carry its workout."""

CHANGED = "changed"
"""The member in which an event may name the fields that its change has given."""

COUNTED_NOWHERE = {"name", "notes"}
"""Fields of a workout that are in no number."""

NEEDED = {"id", "user_id", "version", "date", "started_at", "duration_minutes", "exercises"}
"""What counting needs of a workout."""

NEEDED_OF_EXERCISES = {"rep_type", "measure"}
"""And of each of its exercises, besides what every version says of them."""


def workout_id(event: dict) -> int:
    """Return which workout an event is about.

    Raises:
        Poison: it does not say so; no later try can help.
    """
    found = event.get("workout_id")
    if not is_id(found):
        raise Poison("the event has no workout_id")
    return found


def owner(event: dict) -> int | None:
    """Return whose workout an event is about, if it says so."""
    found = event.get("user_id")
    return found if is_id(found) else None


def is_counted(event: dict, known: Mapping[int, ProcessedWorkout]) -> bool:
    """Return whether an event's version of its workout, or a later one, is counted.

    Args:
        event: with a valid ``workout_id``.
        known: what the database knows of workouts, by their ids.
    """
    workout, version = known.get(event["workout_id"]), event.get("version")
    return workout is not None and type(version) is int and workout.has_counted(version)


def changes_no_number(event: dict) -> bool:
    """Return whether an event says that its version differs in what counts nowhere alone."""
    changed = event.get(CHANGED)
    return (
        isinstance(changed, list)
        and bool(changed)
        and all(isinstance(name, str) for name in changed)
        and COUNTED_NOWHERE.issuperset(changed)
        and is_id(event.get("user_id"))
        and is_id(event.get("version"))
    )


def told_workout(event: dict) -> dict | None:
    """Return the workout that an event carries, or None if it has to be asked for.

    Args:
        event: with a valid ``workout_id``.
    """
    workout = event.get(WORKOUT)
    if isinstance(workout, dict) and _is_of(workout, event) and is_whole(workout):
        return workout
    return None


def is_whole(workout: dict) -> bool:
    """Return whether a workout has all that counting needs.

    One from a workouts service of the version before has not: it may have a measure and a start
    that are not told.
    """
    return workout.keys() >= NEEDED and all(
        each.keys() >= NEEDED_OF_EXERCISES for each in workout["exercises"]
    )


def _is_of(workout: dict, event: dict) -> bool:
    said = [event.get(name) for name in ("workout_id", "user_id", "version", "date")]
    carried = [workout.get(name) for name in ("id", "user_id", "version", "date")]
    return carried == said and is_id(carried[1]) and type(carried[2]) is int
