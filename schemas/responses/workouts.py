"""Responses about workouts."""

from schemas.responses.base import (
    ResponseSchema,
    always_true,
    amount,
    choice,
    count,
    day,
    identifier,
    list_of,
    text,
    timestamp,
)
from schemas.workouts import (
    ABOUT_SET_TYPES,
    HIGHEST_RPE,
    LOWEST_RPE,
    SET_TYPES,
    WEIGHT_UNITS,
)


class PerformedSet(ResponseSchema):
    """One set of an exercise."""

    id = identifier()
    set_number = count("Its place within the exercise.")
    reps = amount("Repetitions, seconds or metres, by the exercise.")
    weight = amount(null=True)
    unit = choice(WEIGHT_UNITS, "The unit of `weight`.")
    set_type = choice(SET_TYPES, ABOUT_SET_TYPES)
    rpe = amount(f"Rate of perceived exertion, {LOWEST_RPE} to {HIGHEST_RPE}.", null=True)
    notes = text(null=True)


class PerformedExercise(ResponseSchema):
    """One exercise of a workout, with its sets."""

    id = identifier("Of this entry; not the exercise's.")
    exercise_id = identifier()
    exercise_name = text("As it is called now.")
    order_index = count("Its place within the workout.")
    notes = text(null=True)
    sets = list_of(PerformedSet)


class _WorkoutHead(ResponseSchema):
    id = identifier()
    user_id = identifier()
    name = text(null=True)
    date = day()
    duration_minutes = count(null=True)
    notes = text(null=True)
    version = count("Goes up by one with each change.")
    created_at = timestamp()
    updated_at = timestamp()


class Workout(_WorkoutHead):
    """A whole workout."""

    exercises = list_of(PerformedExercise)


class ListedWorkout(_WorkoutHead):
    """A workout in a list: numbers instead of its sets."""

    exercise_count = count("Different exercises.")
    set_count = count("All sets, warm-ups too.")
    total_volume = amount("Kilograms × repetitions, warm-ups left out.")


class DeletedWorkout(ResponseSchema):
    """What is left of a workout."""

    id = identifier()
    deleted = always_true()
