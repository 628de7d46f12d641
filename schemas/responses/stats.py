"""Responses about statistics."""

from marshmallow import fields

from schemas.exercises import COUNTED
from schemas.measures import MEASURES
from schemas.responses.base import (
    ResponseSchema,
    amount,
    choice,
    count,
    day,
    flag,
    identifier,
    list_of,
    one_or_null,
    text,
    week,
)
from schemas.sets import WEIGHT_UNITS
from schemas.stats import (
    CONFIDENCES,
    FORMULAS,
    HISTORY_UNITS,
    JUDGED,
    NO_ESTIMATE,
    PACE,
    PERIODS,
    RANGES,
    RECORD_KINDS,
    TRENDS,
    WEIGHT_IS,
)


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
    best_e1rm = amount(
        "The greatest estimated one-rep max in kilograms, by Epley; null if no set has one.",
        null=True,
    )
    total_duration_seconds = amount("Null if no set has a duration.", null=True)
    total_distance_m = amount("Null if no set has a distance.", null=True)


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


RECORD_UNITS = [*WEIGHT_UNITS, *COUNTED, PACE]


class Record(ResponseSchema):
    """A best, and where it was first reached."""

    value = amount()
    unit = choice(
        RECORD_UNITS,
        "As logged for weights; reps, seconds or meters for `max_reps`; kg for volumes.",
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
    best_e1rm = fields.Nested(
        Record, metadata={"description": "The best estimated one-rep max, by Epley."}
    )
    best_set_volume = fields.Nested(Record)
    least_assistance = fields.Nested(Record)
    longest = fields.Nested(Record)
    farthest = fields.Nested(Record)
    fastest_pace = fields.Nested(Record, metadata={"description": "On 400 metres or more."})


class Records(ResponseSchema):
    """One's best in every exercise."""

    records = list_of(ExerciseRecords)


class RecordSet(ResponseSchema):
    """The set that made a record."""

    set_number = count("Its place within the exercise.")
    reps = amount("Repetitions, seconds or metres, by the exercise.", null=True)
    weight = amount(null=True)
    unit = choice(WEIGHT_UNITS, "The unit of `weight`.")
    duration_seconds = amount(null=True)
    distance_m = amount(null=True)
    rpe = amount(null=True)
    rir = amount(null=True)


class _Estimate(ResponseSchema):
    formula = choice(FORMULAS, "Of `best_e1rm`; null for other kinds.", null=True)
    confidence = choice(
        CONFIDENCES, "In the estimate: `high` up to 5 repetitions, `medium` up to 10.", null=True
    )
    with_reserve = amount(
        "The estimate as if the repetitions in reserve had been done, too, by the set's `rir`, "
        "else by 10 − `rpe`; null if neither is known, and beyond 12.",
        null=True,
    )


class ExplainedRecord(_Estimate):
    """A record, and the set that made it."""

    kind = choice(RECORD_KINDS)
    value = amount()
    unit = choice(RECORD_UNITS)
    achieved_date = day()
    workout_id = identifier()
    set = one_or_null(RecordSet, "Null for `max_volume`, which a whole workout made.")
    previous = amount("The best before that workout, in the same unit.", null=True)
    margin = amount("How much better than `previous`.", null=True)


class _OfExercise(ResponseSchema):
    exercise_id = identifier()
    exercise_name = text()
    measure = choice(MEASURES, "What the exercise's sets hold.")
    weight_is = choice(WEIGHT_IS, "What the sets' weight is; estimates are of the same.", null=True)


class RecordsOfExercise(_OfExercise):
    """One's records of an exercise; a kind that does not exist is left out."""

    records = list_of(ExplainedRecord, "`longest_at` is there once for each weight.")


class BestEstimate(_Estimate):
    """The best estimated one-rep max, and the set that it is from."""

    value = amount()
    unit = choice(WEIGHT_UNITS)
    achieved_date = day()
    workout_id = identifier()
    set = fields.Nested(RecordSet, required=True)


class HeaviestSet(ResponseSchema):
    """The heaviest set of some repetitions, the first of equal ones."""

    weight = amount()
    unit = choice(WEIGHT_UNITS)
    achieved_date = day()
    workout_id = identifier()
    set = fields.Nested(RecordSet, required=True)


class Weight(ResponseSchema):
    """A weight."""

    weight = amount()
    unit = choice(WEIGHT_UNITS)


class RepMax(ResponseSchema):
    """What was done, and could be, for a number of repetitions."""

    reps = count()
    exactly = one_or_null(HeaviestSet, "Of exactly so many repetitions.")
    at_least = one_or_null(HeaviestSet, "Of so many repetitions or more.")
    estimated = one_or_null(Weight, "What `best_e1rm` allows.")


class RepMaxes(_OfExercise):
    """One's heaviest sets of 1 to 12 repetitions of an exercise."""

    formula = choice(FORMULAS)
    best_e1rm = one_or_null(BestEstimate, "Null if no set has an estimate.")
    rep_maxes = list_of(RepMax, "For 1 to 12 repetitions.")


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


class WeeklySets(ResponseSchema):
    """The sets a week and muscle that one aims at."""

    least = count("`weekly_sets_least` of one's settings, or else 10.")
    most = count("`weekly_sets_most` of one's settings, or else 20.")


class TrainedMuscle(ResponseSchema):
    """How much one has trained a muscle in a week; warm-ups count nowhere."""

    muscle = text()
    sets = amount("A set is 1 for each primary muscle of its exercise, 0.5 for a secondary one.")
    hard_sets = amount("Those that left at most 3 repetitions in reserve.")
    rated_sets = amount(
        "Those of which that is known: by `rir`, else by 10 − `rpe`, else because the set was to "
        "failure."
    )
    days = count("Days on which it was trained.")
    judged = choice(JUDGED, "`sets` against the band.")


class MusclesOfWeek(ResponseSchema):
    """How much one has trained in a week, from Monday to Sunday."""

    week = week("By ISO 8601.")
    start = day("The Monday.")
    muscles = list_of(TrainedMuscle, "The one with the most sets first; those not trained are not.")


class MusclesByWeek(ResponseSchema):
    """How much one has trained each muscle, week by week."""

    band = fields.Nested(WeeklySets, required=True)
    weeks = list_of(MusclesOfWeek, "Oldest first; the last one is running where one is.")


class CalendarDay(ResponseSchema):
    """A day with a workout."""

    date = day()
    workouts = count()
    sets = count("Warm-ups are none.")
    minutes = count("Of the workouts that have a duration; null if none has.", null=True)


class Calendar(ResponseSchema):
    """What was done on each day of a year."""

    year = count()
    days = list_of(CalendarDay, "Those with a workout, the first one first.")


class GoalOfWeek(ResponseSchema):
    """The running week against the goal."""

    week = week("By ISO 8601.")
    workouts = count()
    is_met = flag()


class WeekStreak(ResponseSchema):
    """How many weeks in a row met the goal; the running one breaks nothing before it ends."""

    weekly_goal = count("Workouts a week, by one's settings, or else 1; it holds for all weeks.")
    current = count("Weeks in a row up to now; the running one counts once it has met the goal.")
    current_since = week("The first of these.", null=True)
    longest = count("The most weeks in a row so far.")
    longest_since = week("The first of these.", null=True)
    this_week = fields.Nested(GoalOfWeek, required=True)


class _Compared(ResponseSchema):
    previous = amount("Of the week before.")
    mean_of_four = amount("Of the four weeks before; one without training counts as 0.")


class ComparedWorkouts(_Compared):
    """The workouts of a week against the goal, and beside those of the weeks before."""

    value = count()
    goal = count("By one's settings, or else 1.")
    is_met = flag()


class ComparedWeek(_Compared):
    """A number of a week, beside those of the weeks before."""

    value = amount()


class WeekRecord(ResponseSchema):
    """A record that was achieved in the week and still stands."""

    exercise_id = identifier()
    exercise_name = text()
    kind = choice(RECORD_KINDS)
    value = amount()
    unit = choice(RECORD_UNITS)
    achieved_date = day()
    workout_id = identifier()


class StreakThen(ResponseSchema):
    """Weeks in a row that met the goal, up to a week."""

    current = count()
    longest = count()


class WeeklySummary(ResponseSchema):
    """What a week was, from Monday to Sunday; warm-ups count nowhere."""

    week = week("By ISO 8601.")
    start = day("The Monday.")
    end = day("The Sunday.")
    is_running = flag("Whether it has not ended yet where one is, by one's settings.")
    workouts = fields.Nested(ComparedWorkouts, required=True)
    volume = fields.Nested(
        ComparedWeek, required=True, metadata={"description": "Kilograms × repetitions."}
    )
    sets = fields.Nested(ComparedWeek, required=True)
    minutes = fields.Nested(
        ComparedWeek,
        required=True,
        metadata={"description": "Of the workouts that have a duration."},
    )
    muscles = list_of(TrainedMuscle, "The one with the most sets first; those not trained are not.")
    records = list_of(
        WeekRecord, "By exercise, at most 500; the kinds are those of `personal-records`."
    )
    streak = fields.Nested(StreakThen, required=True)


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
