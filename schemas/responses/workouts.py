"""What is shown of workouts."""

from schemas.responses.base import (
    Shown,
    amount,
    choice,
    count,
    day,
    identity,
    instant,
    several,
    true,
    words,
)
from schemas.workouts import ABOUT_SET_TYPES, SET_TYPES, WEIGHT_UNITS


class PerformedSet(Shown):
    """One set of an exercise."""

    id = identity()
    set_number = count("Its place within the exercise.")
    reps = amount("Repetitions, seconds or metres, by the exercise.")
    weight = amount(null=True)
    unit = choice(WEIGHT_UNITS, "The unit of `weight`.")
    set_type = choice(SET_TYPES, ABOUT_SET_TYPES)
    rpe = amount("Rate of perceived exertion, 1 to 10.", null=True)
    notes = words(null=True)


class PerformedExercise(Shown):
    """One exercise of a workout, with its sets."""

    id = identity("Of this entry; not the exercise's.")
    exercise_id = identity()
    exercise_name = words("As it is called now.")
    order_index = count("Its place within the workout.")
    notes = words(null=True)
    sets = several(PerformedSet)


class _WorkoutHead(Shown):
    id = identity()
    user_id = identity()
    name = words(null=True)
    date = day()
    duration_minutes = count(null=True)
    notes = words(null=True)
    version = count("Goes up by one with each change.")
    created_at = instant()
    updated_at = instant()


class Workout(_WorkoutHead):
    """A whole workout."""

    exercises = several(PerformedExercise)


class ListedWorkout(_WorkoutHead):
    """A workout in a list: numbers instead of its sets."""

    exercise_count = count("Different exercises.")
    set_count = count("All sets, warm-ups too.")
    total_volume = amount("Kilograms × repetitions, warm-ups left out.")


class DeletedWorkout(Shown):
    """What is left of a workout."""

    id = identity()
    deleted = true()
