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
    sent_instant,
    text,
    timestamp,
    uuid,
)
from schemas.sets import (
    ABOUT_SET_TYPES,
    EFFORT,
    HIGHEST_RPE,
    LOWEST_RPE,
    SET_TYPES,
    WEIGHT_UNITS,
)


class PerformedSet(ResponseSchema):
    """One set of an exercise."""

    id = identifier()
    set_number = count("Its place within the exercise.")
    reps = amount(
        "Repetitions; of an exercise that counts time or distance, and if no others were given, "
        "the seconds or metres.",
        null=True,
    )
    duration_seconds = amount("How long it took, or was held.", null=True)
    distance_m = amount("How far, in metres.", null=True)
    weight = amount(null=True)
    unit = choice(WEIGHT_UNITS, "The unit of `weight`.")
    set_type = choice(SET_TYPES, ABOUT_SET_TYPES)
    rpe = amount(f"Rate of perceived exertion, {LOWEST_RPE} to {HIGHEST_RPE}.", null=True)
    rir = amount(f"Repetitions in reserve, 0 to {EFFORT}.", null=True)
    rest_seconds = count("The rest after it.", null=True)
    notes = text(null=True)


class PerformedExercise(ResponseSchema):
    """One exercise of a workout, with its sets."""

    id = identifier("Of this entry; not the exercise's.")
    exercise_id = identifier()
    exercise_name = text("As it is called now.")
    order_index = count("Its place within the workout.")
    superset = count("Those with the same number were done in turns.", null=True)
    notes = text(null=True)
    sets = list_of(PerformedSet)


class _WorkoutHead(ResponseSchema):
    id = identifier()
    user_id = identifier()
    client_id = uuid("That the client has given it.", null=True)
    name = text(null=True)
    date = day()
    started_at = sent_instant("As it was sent, in whole seconds.", null=True)
    ended_at = sent_instant("As it was sent, in whole seconds.", null=True)
    time_zone = text("The IANA name of the time zone.", null=True)
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


class LastPerformance(ResponseSchema):
    """What was done of an exercise in one's latest workout with it."""

    exercise_id = identifier()
    workout_id = identifier()
    date = day()
    started_at = sent_instant("As it was sent, in whole seconds.", null=True)
    sets = list_of(PerformedSet, "All but warm-ups.")
