"""The rules of workouts: what the bodies and queries about them may hold.

What needs the database or today's date is checked in ``services/workouts/rules``.
"""

from datetime import date
from typing import Any

from marshmallow import fields

from schemas.constraints import Violation
from schemas.fields import (
    Day,
    Identifiers,
    Integer,
    ListOf,
    Moment,
    Sort,
    Text,
    TimeZone,
    Uuid,
    about,
    identifier,
    identifier_parameter,
)
from schemas.limits import LARGEST_INT32
from schemas.loading import Body, Parameters
from schemas.pages import Feed, Page
from schemas.sets import LoggedSet, notes_field, place_field

EARLIEST_DAY = date(1900, 1, 1)
ABOUT_DAY = (
    "The day of the workout, at most one day ahead of today in UTC. With `started_at` it is the "
    "day of the start, in `time_zone` or by the offset."
)
HIGHEST_SUPERSET = 100
LONGEST_NAME = 255
LONGEST_NOTES = 5000
MOST_EXERCISES = 100
MOST_SETS = 100
MOST_SETS_IN_ALL = 1000
MOST_LAST = 50
"""So many exercises can be asked for at once, for what was done the last time."""
SORT_FIELDS = ["date", "created_at", "name", "duration_minutes"]


def _moment(description: str) -> Moment:
    """Make the field of the start or the end of a workout."""
    sent = "ISO 8601 with an offset; comes back as it was sent, in whole seconds."
    return Moment(earliest=EARLIEST_DAY, metadata=about(f"{description} {sent}"))


class LoggedExercise(Body):
    """One exercise with its sets."""

    read_only = frozenset({"id", "exercise_name"})

    exercise_id = identifier(required=True, metadata=about("Of the catalogue."))
    order_index = place_field("Its place in the workout.")
    superset = Integer(
        min_value=0,
        max_value=HIGHEST_SUPERSET,
        load_default=None,
        metadata=about("Exercises of a workout with the same number are done in turns."),
    )
    notes = notes_field()
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

    name = Text(max_length=LONGEST_NAME, metadata=about("What to call it."))
    started_at = _moment("When it began.")
    ended_at = _moment("When it ended: at most 24 hours after `started_at`, and not before.")
    time_zone = TimeZone(
        metadata=about(
            f"Where it was, by the IANA name of the time zone, such as `{TimeZone.EXAMPLE}`."
        )
    )
    duration_minutes = Integer(
        min_value=0,
        max_value=1440,
        metadata=about("How long it took; if not given, from `started_at` to `ended_at`."),
    )
    notes = Text(max_length=LONGEST_NOTES, metadata=about("For oneself."))
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

    date = Day(
        earliest=EARLIEST_DAY,
        metadata=about(f"{ABOUT_DAY} It may be left out if `started_at` is given."),
    )
    client_id = Uuid(
        metadata=about(
            "An id of the client's own making. It makes the creation safe to repeat for good, and "
            "can't be changed."
        )
    )

    def schema_level_violations(self, data: dict[str, Any]) -> dict[str, Violation]:
        """Refuse a workout without a day, too."""
        found = super().schema_level_violations(data)
        start = data.get("started_at")
        has_start = bool(start.strip()) if isinstance(start, str) else start is not None
        if data.get("date") is None and not has_start:
            message = "Date is required, unless started_at is given"
            found["date"] = Violation(message, constraint="required", received=None)
        return found


class WorkoutChanges(_WorkoutFields):
    """Body of a change: the fields that are given, and the version they were made for.

    Null clears a field: it is null then, or the list is empty. A version that is null counts as
    left out.
    """

    null_clears = True
    read_only = _WorkoutFields.read_only | {"client_id"}

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


class LastSets(Parameters):
    """Query of what was done the last time."""

    ids = Identifiers(
        required=True, max_items=MOST_LAST, metadata=about("Ids of exercises, in any order.")
    )


class Changes(Feed):
    """Where to read the feed of workouts."""

    workout_id = identifier_parameter()
    user_id = identifier_parameter()


class MergedInto(Parameters):
    """The exercise that another one is merged into."""

    id = identifier_parameter(required=True)
    name = Text(min_length=1, max_length=255, required=True)
