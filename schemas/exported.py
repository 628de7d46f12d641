"""The rules of our own exports: what a workout in one may hold when it comes in again."""

from marshmallow import fields

from schemas.fields import ListOf, OneOf, Text
from schemas.measures import MEASURES
from schemas.workouts import LONGEST_NAME, MOST_EXERCISES, LoggedExercise, NewWorkout

FORMAT, VERSION = "gym-tracker", 1
"""What an export says of itself."""

ME = "me"


class ExportedExercise(LoggedExercise):
    """One exercise with its sets, by its name."""

    class Meta:
        """Ids are those of the account that it comes from."""

        exclude = ("exercise_id",)

    read_only = frozenset({"id", "exercise_id"})

    exercise_name = Text(min_length=1, max_length=LONGEST_NAME, required=True)
    measure = OneOf(MEASURES, required=True)
    owner = OneOf([ME], load_default=None)


class ExportedWorkout(NewWorkout):
    """A workout as an export has it."""

    exercises = ListOf(
        fields.Nested(ExportedExercise),
        max_items=MOST_EXERCISES,
        numbered_by="order_index",
        load_default=list,
    )
