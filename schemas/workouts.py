"""What travels about workouts."""

from datetime import date

from marshmallow import fields

from schemas.fields import (
    Body,
    Day,
    FaultMessage,
    ListOf,
    Number,
    OneOf,
    Sort,
    Text,
    WholeNumber,
    identifier,
    identifier_parameter,
)
from schemas.pages import Feed, Page

SET_TYPES = [
    "warmup",
    "normal",
    "top",
    "backoff",
    "drop",
    "failure",
    "amrap",
    "approximation",
    "timed",
    "distance",
]
WEIGHT_UNITS = ["kg", "lb"]
EARLIEST_DAY = date(1900, 1, 1)
MOST_EXERCISES = 100
MOST_SETS = 100
MOST_SETS_IN_ALL = 1000
SORT_FIELDS = ["date", "created_at", "name", "duration_minutes"]


class LoggedSet(Body):
    """One set."""

    set_number = WholeNumber(least=1, most=1000)
    reps = Number(least=0, most=1_000_000, decimals=2, required=True)
    weight = Number(least=0, most=10_000, decimals=2, load_default=None)
    unit = OneOf(WEIGHT_UNITS, also={"lbs": "lb"}, load_default="kg")
    set_type = OneOf(SET_TYPES, load_default="normal")
    rpe = Number(least=1, most=10, step="0.5", load_default=None)
    notes = Text(most=1000, load_default=None)


class LoggedExercise(Body):
    """One exercise with its sets."""

    exercise_id = identifier(required=True)
    order_index = WholeNumber(least=1, most=1000)
    notes = Text(most=1000, load_default=None)
    sets = ListOf(
        fields.Nested(LoggedSet), most=MOST_SETS, numbered="set_number", load_default=list
    )


class _WorkoutFields(Body):
    name = Text(most=255)
    duration_minutes = WholeNumber(least=0, most=1440)
    notes = Text(most=5000)
    exercises = ListOf(fields.Nested(LoggedExercise), most=MOST_EXERCISES, numbered="order_index")

    def faulty_as_a_whole(self, data: dict) -> dict[str, FaultMessage]:
        """Refuse more sets in all than a workout may have."""
        exercises = data.get("exercises")
        if not isinstance(exercises, list) or len(exercises) > MOST_EXERCISES:
            return {}
        lists = [item.get("sets") for item in exercises if isinstance(item, dict)]
        count = sum(len(sets) for sets in lists if isinstance(sets, list))
        if count <= MOST_SETS_IN_ALL:
            return {}
        message = f"A workout must have at most {MOST_SETS_IN_ALL} sets"
        limit = {"max_items": MOST_SETS_IN_ALL, "received": count}
        return {"exercises": FaultMessage(message, constraint="max_items", **limit)}


class NewWorkout(_WorkoutFields):
    """Body of a new workout."""

    date = Day(required=True, earliest=EARLIEST_DAY)


class WorkoutChanges(_WorkoutFields):
    """Body of a change: the fields that are given, and the version they were made for.

    Null clears a field: it is null then, or the list is empty. A version that is null counts as
    left out.
    """

    null_clears = True

    date = Day(earliest=EARLIEST_DAY, allow_none=False)
    version = WholeNumber(least=1, most=2**31 - 1)


class WorkoutList(Page):
    """Query of the list."""

    user_id = identifier_parameter()
    date_from = Day()
    date_to = Day()
    sort = Sort(SORT_FIELDS)


class Changes(Feed):
    """Where to read the feed of workouts."""

    workout_id = identifier_parameter()
