"""Responses about statistics."""

from marshmallow import fields

from schemas.exercises import COUNTED
from schemas.responses.base import (
    ResponseSchema,
    amount,
    choice,
    count,
    day,
    identifier,
    list_of,
    text,
)
from schemas.stats import (
    CONFIDENCES,
    FORMULAS,
    HISTORY_UNITS,
    NO_ESTIMATE,
    PERIODS,
    RANGES,
    TRENDS,
)
from schemas.workouts import WEIGHT_UNITS


class DataPoint(ResponseSchema):
    """What was done on a day, or in a week or month."""

    date = day("The day, the Monday, or the first of the month.")
    max_weight = amount("In kilograms.", null=True)
    total_volume = amount("Kilograms × repetitions.")
    total_sets = count()
    total_reps = amount(
        "Repetitions, seconds or metres, as in `max_reps`; what was logged when the exercise "
        "counted something else is no part of it."
    )
    avg_rpe = amount("Over the sets that have one.", null=True)


class WholeHistory(ResponseSchema):
    """An exercise's whole history in a few numbers."""

    current_max_weight = amount("The greatest ever, in kilograms.", null=True)
    lifetime_volume = amount()
    lifetime_sets = count()
    lifetime_workouts = count()
    last_performed_date = day(null=True)
    trend_30d = choice(
        TRENDS, "The last 30 days against the 30 before; null if either has nothing.", null=True
    )


class History(ResponseSchema):
    """How the work on one exercise went on over time; warm-ups count nowhere."""

    exercise_id = identifier()
    exercise_name = text()
    range = choice(RANGES)
    unit = choice(HISTORY_UNITS)
    data_points = list_of(DataPoint, "Oldest first; there is none for a time without work.")
    stats = fields.Nested(WholeHistory, required=True)


class Record(ResponseSchema):
    """A best, and where it was first reached."""

    value = amount()
    unit = choice(
        [*WEIGHT_UNITS, *COUNTED],
        "As logged for `max_weight`; reps, seconds or meters for `max_reps`; kg for `max_volume`.",
    )
    achieved_date = day()
    workout_id = identifier()
    previous = amount("The best before that workout, in the same unit.", null=True)


class ExerciseRecords(ResponseSchema):
    """One's best in one exercise; a kind of record that does not exist is left out."""

    exercise_id = identifier()
    exercise_name = text()
    max_weight = fields.Nested(Record)
    max_reps = fields.Nested(
        Record,
        metadata={
            "description": "As the exercise counts now; until something is logged in that, as its "
            "latest workout counted."
        },
    )
    max_volume = fields.Nested(Record)


class Records(ResponseSchema):
    """One's best in every exercise."""

    records = list_of(ExerciseRecords)


class _Period(ResponseSchema):
    total_workouts = count("Every workout.")
    total_volume = amount("Kilograms × repetitions.")
    total_sets = count()
    total_exercises = count("Different exercises with a working set.")
    avg_workout_duration = count("In minutes, over workouts that have one.", null=True)


class Week(_Period):
    """What was done in a week."""

    week_start = day("The Monday.")
    week_end = day("The Sunday.")


class Month(_Period):
    """What was done in a month."""

    month_start = day()
    month_end = day()


class WeeklyProgress(ResponseSchema):
    """What was done week by week, oldest first, this week included."""

    period = choice(PERIODS[:1])
    weeks = list_of(Week)


class MonthlyProgress(ResponseSchema):
    """What was done month by month, oldest first, this month included."""

    period = choice(PERIODS[1:])
    months = list_of(Month)


class AllowedWeight(ResponseSchema):
    """The weight that a one-rep max allows for some repetitions."""

    reps = count()
    weight = amount("In the unit of the set.")
    percent = amount("Of the one-rep max.")


class OneRepMax(ResponseSchema):
    """An estimated one-rep max, and the set that it is from."""

    weight = amount("As given.")
    unit = choice(WEIGHT_UNITS, "Of all weights here.")
    reps = amount("As given.")
    rir = amount("As given.", null=True)
    formula = choice(FORMULAS)
    one_rep_max = amount("Null if there is a `reason`.", null=True)
    reason = choice(
        NO_ESTIMATE,
        "Why there is no estimate: it is made of a weight and 1 to 12 whole repetitions.",
        null=True,
    )
    confidence = choice(
        CONFIDENCES,
        "`high` up to 5 repetitions, `medium` up to 10, `low` up to 12.",
        null=True,
    )
    with_reserve = amount(
        "The estimate from `reps` + `rir`; null without `rir`, and beyond 12 together.", null=True
    )
    table = list_of(AllowedWeight, "For 1 to 12 repetitions; empty without an estimate.")
