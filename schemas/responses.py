"""What answers hold: the shape of every thing that the API shows.

Nothing is loaded or dumped with these while the system runs. The documentation is made of them,
and the tests hold every answer against it.
"""

from marshmallow import RAISE, Schema, fields
from marshmallow.validate import OneOf, Range, Regexp

from schemas.exercises import CATEGORIES, DIFFICULTIES
from schemas.limits import LARGEST_ID
from schemas.stats import HISTORY_UNITS, PERIODS, RANGES
from schemas.workouts import ABOUT_SET_TYPES, SET_TYPES, WEIGHT_UNITS

ROLES = ["user", "admin"]
REP_TYPES = ["count", "time", "distance"]
COUNTED = ["reps", "seconds", "meters"]
TRENDS = ["improving", "stable", "declining"]


def _options(description: str, null: bool, **metadata: object) -> dict:
    return {
        "required": True,
        "allow_none": null,
        "metadata": {"description": description, **metadata} if description else metadata,
    }


def identity(description: str = "") -> fields.Integer:
    """Make the field of an id."""
    within = Range(min=1, max=LARGEST_ID)
    return fields.Integer(validate=within, **_options(description, False))


def count(description: str = "", *, null: bool = False) -> fields.Integer:
    """Make the field of a whole number from 0."""
    return fields.Integer(validate=Range(min=0), **_options(description, null))


def amount(description: str = "", *, null: bool = False) -> fields.Float:
    """Make the field of a number from 0."""
    return fields.Float(validate=Range(min=0), **_options(description, null))


def words(description: str = "", *, null: bool = False) -> fields.String:
    """Make the field of a text."""
    return fields.String(**_options(description, null))


def choice(allowed: list[str], description: str = "", *, null: bool = False) -> fields.String:
    """Make the field of one of a few words."""
    return fields.String(validate=OneOf(allowed), **_options(description, null))


def day(description: str = "", *, null: bool = False) -> fields.Date:
    """Make the field of a date."""
    return fields.Date(**_options(description, null))


def instant(description: str = "") -> fields.String:
    """Make the field of a moment, in UTC."""
    shape = Regexp(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$")
    return fields.String(validate=shape, **_options(description, False, format="date-time"))


def several(item: type[Schema] | fields.Field, description: str = "") -> fields.List:
    """Make the field of a list."""
    inner = item if isinstance(item, fields.Field) else fields.Nested(item)
    return fields.List(inner, **_options(description, False))


def true(description: str = "") -> fields.Boolean:
    """Make the field of what is always true."""
    return fields.Boolean(**_options(description, False, enum=[True]))


class Shown(Schema):
    """Base of what is shown: all fields are there, and no others."""

    class Meta:
        """Fields that are not listed are faults."""

        unknown = RAISE


class User(Shown):
    """An account, as its owner and administrators see it."""

    id = identity()
    email = words("In lower case.")
    name = words(null=True)
    role = choice(ROLES)
    created_at = instant()


class RegisteredUser(User):
    """A new account, with a first token."""

    token = words("A bearer token, good for 24 hours.")


class SignedIn(Shown):
    """A token, and whose it is."""

    token = words("A bearer token, good for 24 hours.")
    user = fields.Nested(User, required=True)


class SignedOut(Shown):
    """The end of a token."""

    revoked = true()


class Exercise(Shown):
    """An exercise of the catalogue."""

    id = identity()
    name = words()
    slug = words("The name as it stands in addresses.")
    aliases = several(fields.String(), "Other names.")
    description = words(null=True)
    instructions = words("Numbered steps, one a line.", null=True)
    category = choice(CATEGORIES)
    body_part = words(null=True)
    primary_muscles = several(fields.String())
    secondary_muscles = several(fields.String())
    equipment = words("The main piece.", null=True)
    all_equipment = several(fields.String(), "Every piece, the main one first.")
    difficulty = choice(DIFFICULTIES, null=True)
    rep_type = choice(REP_TYPES, "What the `reps` of a set count.")
    unit = choice(COUNTED, "The unit of `reps`.")
    is_active = fields.Boolean(
        **_options("Inactive ones are in no list; old workouts show them.", False)
    )
    external_source = words("`manual`, or where it was imported from.")
    external_id = words("Its id there.", null=True)
    license = words(null=True)
    license_author = words(null=True)
    created_at = instant()
    updated_at = instant()


class FacetValue(Shown):
    """A value to filter by, and how many exercises have it."""

    value = words()
    count = count("Active exercises that have it and pass the query's filters.")


class Facets(Shown):
    """What the catalogue can be filtered by: the most frequent value first."""

    category = several(FacetValue)
    body_part = several(FacetValue)
    equipment = several(FacetValue, "An exercise counts for each of its pieces.")
    difficulty = several(FacetValue)
    muscles = several(FacetValue, "Primary or secondary; an exercise counts for each.")


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


class DataPoint(Shown):
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


class WholeHistory(Shown):
    """An exercise's whole history in a few numbers."""

    current_max_weight = amount("The greatest ever, in kilograms.", null=True)
    lifetime_volume = amount()
    lifetime_sets = count()
    lifetime_workouts = count()
    last_performed_date = day(null=True)
    trend_30d = choice(
        TRENDS, "The last 30 days against the 30 before; null if either has nothing.", null=True
    )


class History(Shown):
    """How the work on one exercise went on over time; warm-ups count nowhere."""

    exercise_id = identity()
    exercise_name = words()
    range = choice(RANGES)
    unit = choice(HISTORY_UNITS)
    data_points = several(DataPoint, "Oldest first; there is none for a time without work.")
    stats = fields.Nested(WholeHistory, required=True)


class Record(Shown):
    """A best, and where it was first reached."""

    value = amount()
    unit = choice(
        [*WEIGHT_UNITS, *COUNTED],
        "As logged for `max_weight`; reps, seconds or meters for `max_reps`; kg for `max_volume`.",
    )
    achieved_date = day()
    workout_id = identity()
    previous = amount("The best before that workout, in the same unit.", null=True)


class ExerciseRecords(Shown):
    """One's best in one exercise; a kind of record that does not exist is left out."""

    exercise_id = identity()
    exercise_name = words()
    max_weight = fields.Nested(Record)
    max_reps = fields.Nested(
        Record,
        metadata={
            "description": "As the exercise counts now; until something is logged in that, as its "
            "latest workout counted."
        },
    )
    max_volume = fields.Nested(Record)


class Records(Shown):
    """One's best in every exercise."""

    records = several(ExerciseRecords)


class _Period(Shown):
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


class WeeklyProgress(Shown):
    """What was done week by week, oldest first, this week included."""

    period = choice(PERIODS[:1])
    weeks = several(Week)


class MonthlyProgress(Shown):
    """What was done month by month, oldest first, this month included."""

    period = choice(PERIODS[1:])
    months = several(Month)


class Index(Shown):
    """What this is, and where the documentation is."""

    name = words()
    version = words()
    documentation = words("The address of a page to read it and to try the API.")
    openapi = words("The address of the same for programs.")


class Health(Shown):
    """A process that answers."""

    status = choice(["ok"])
    service = words()


class Circuit(Shown):
    """Whether a service is called, or given a rest after failing again and again."""

    state = choice(["closed", "open", "half_open"], "`closed` is well.")
    since = fields.String(metadata={"format": "date-time"})


class Readiness(Shown):
    """A process that can do its work."""

    status = choice(["ready"])
    service = words()
    degraded = fields.List(
        fields.String(), metadata={"description": "What is away and can be done without."}
    )
    circuits = fields.Dict(
        keys=fields.String(),
        values=fields.Nested(Circuit),
        metadata={"description": "By the names of the services behind the gateway."},
    )
