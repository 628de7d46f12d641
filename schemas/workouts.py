"""The rules of workouts: what the bodies and queries about them may hold.

What needs the database or today's date is checked in ``services/workouts/rules``.
"""

from datetime import date
from typing import Any

from marshmallow import fields

from schemas.constraints import Violation
from schemas.fields import (
    Day,
    Integer,
    ListOf,
    Number,
    OneOf,
    Sort,
    Text,
    about,
    identifier,
    identifier_parameter,
)
from schemas.limits import LARGEST_INT32
from schemas.loading import Body
from schemas.pages import Feed, Page
from schemas.units import KILOGRAMS_IN, WARM_UP

SET_TYPES = [
    WARM_UP,
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
ABOUT_SET_TYPES = (
    "`warmup` counts in no number; all others count alike, and only say what the set was: "
    "`normal`; `top` the heaviest, `backoff` lighter after it; `drop` with less weight and no "
    "rest; `failure` until nothing more went; `amrap` as many repetitions as possible; "
    "`approximation` close to failure and not up to it, as near as `rpe` says; `timed` and "
    "`distance` for what is held or covered."
)
WEIGHT_UNITS = [*KILOGRAMS_IN]
EARLIEST_DAY = date(1900, 1, 1)
ABOUT_DAY = "The day of the workout, at most one day ahead of today in UTC."
LOWEST_RPE = 1
HIGHEST_RPE = 10
MOST_EXERCISES = 100
MOST_SETS = 100
MOST_SETS_IN_ALL = 1000
SORT_FIELDS = ["date", "created_at", "name", "duration_minutes"]


def _place(description: str) -> Integer:
    """Make the field of a place in a list, which may have gaps."""
    return Integer(min_value=1, max_value=1000, metadata=about(description))


def _notes() -> Text:
    """Make the field of the notes of a set or an exercise."""
    return Text(max_length=1000, load_default=None, metadata=about("For oneself."))


class LoggedSet(Body):
    """One set of an exercise."""

    read_only = frozenset({"id"})

    set_number = _place("Its place in the exercise.")
    reps = Number(
        min_value=0,
        max_value=1_000_000,
        max_decimals=2,
        required=True,
        metadata=about("Repetitions, seconds or metres, by the exercise's `rep_type`."),
    )
    weight = Number(
        min_value=0,
        max_value=10_000,
        max_decimals=2,
        load_default=None,
        metadata=about("In `unit`."),
    )
    unit = OneOf(
        WEIGHT_UNITS,
        aliases={"lbs": "lb"},
        load_default="kg",
        metadata=about("The unit of `weight`."),
    )
    set_type = OneOf(SET_TYPES, load_default="normal", metadata=about(ABOUT_SET_TYPES))
    rpe = Number(
        min_value=LOWEST_RPE,
        max_value=HIGHEST_RPE,
        step="0.5",
        load_default=None,
        metadata=about("Rate of perceived exertion, in halves: 10 is the most one could do."),
    )
    notes = _notes()


class LoggedExercise(Body):
    """One exercise with its sets."""

    read_only = frozenset({"id", "exercise_name"})

    exercise_id = identifier(required=True, metadata=about("Of the catalogue."))
    order_index = _place("Its place in the workout.")
    notes = _notes()
    sets = ListOf(
        fields.Nested(LoggedSet),
        max_items=MOST_SETS,
        numbered_by="set_number",
        load_default=list,
        metadata=about("What was done, in order."),
    )


class _WorkoutFields(Body):
    read_only = frozenset(
        {
            *("id", "user_id", "created_at", "updated_at"),
            *("exercise_count", "set_count", "total_volume"),
        }
    )

    name = Text(max_length=255, metadata=about("What to call it."))
    duration_minutes = Integer(min_value=0, max_value=1440, metadata=about("How long it took."))
    notes = Text(max_length=5000, metadata=about("For oneself."))
    exercises = ListOf(
        fields.Nested(LoggedExercise),
        max_items=MOST_EXERCISES,
        numbered_by="order_index",
        metadata=about(f"What was done, in order; at most {MOST_SETS_IN_ALL} sets in all."),
    )

    def schema_level_violations(self, data: dict[str, Any]) -> dict[str, Violation]:
        """Refuse more sets in all than a workout may have.

        They are counted before any is checked: otherwise a body of 10,000 sets would be checked set
        by set, for a list of errors that says less.
        """
        exercises = data.get("exercises")
        if not isinstance(exercises, list) or len(exercises) > MOST_EXERCISES:
            return {}
        lists = [item.get("sets") for item in exercises if isinstance(item, dict)]
        count = sum(len(sets) for sets in lists if isinstance(sets, list))
        if count <= MOST_SETS_IN_ALL:
            return {}
        message = f"A workout must have at most {MOST_SETS_IN_ALL} sets"
        limit = {"max_items": MOST_SETS_IN_ALL, "received": count}
        return {"exercises": Violation(message, constraint="max_items", **limit)}


class NewWorkout(_WorkoutFields):
    """Body of a new workout."""

    read_only = _WorkoutFields.read_only | {"version"}

    date = Day(required=True, earliest=EARLIEST_DAY, metadata=about(ABOUT_DAY))


class WorkoutChanges(_WorkoutFields):
    """Body of a change: the fields that are given, and the version they were made for.

    Null clears a field: it is null then, or the list is empty. A version that is null counts as
    left out.
    """

    null_clears = True

    date = Day(earliest=EARLIEST_DAY, allow_none=False, metadata=about(ABOUT_DAY))
    version = Integer(
        min_value=1,
        max_value=LARGEST_INT32,
        metadata=about("The one that the change was made for; another than the current is a 409."),
    )


class WorkoutList(Page):
    """Query of the list."""

    user_id = identifier_parameter(
        metadata=about("Whose workouts; one's own if not given. Those of others are for admins.")
    )
    date_from = Day(metadata=about("The first day, itself included; not after `date_to`."))
    date_to = Day(metadata=about("The last day, itself included."))
    sort = Sort(SORT_FIELDS, metadata=about("`date:desc` if not given."))


class Changes(Feed):
    """Where to read the feed of workouts."""

    workout_id = identifier_parameter()
