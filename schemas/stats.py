"""The rules of statistics: ranges, units and periods."""

from schemas.fields import IntegerParameter, NumberParameter, OneOf, TimeZone, about
from schemas.loading import Parameters
from schemas.sets import EFFORT, HEAVIEST, MOST_REPS, unit_field

RANGES = ["1month", "3months", "6months", "1year", "all"]
HISTORY_UNITS = ["day", "week", "month"]
PERIODS = ["weekly", "monthly"]
TRENDS = ["improving", "stable", "declining"]

FORMULAS = ["epley", "brzycki", "lombardi"]
"""How a one-rep max is estimated, the default first."""

MOST_ESTIMATED = 12
"""The most repetitions that a one-rep max is estimated from."""

NO_ESTIMATE = ["no_weight", "no_repetitions", "not_whole", f"more_than_{MOST_ESTIMATED}"]
"""Why a set has no estimated one-rep max."""

WEIGHT_IS = ["lifted", "added", "taken_off"]
"""What the weight of a set is: of a bench press, a pull-up with a belt, an assisted pull-up."""

RECORD_KINDS = [
    *("max_weight", "max_reps", "max_volume", "best_e1rm", "best_set_volume"),
    *("least_assistance", "longest", "longest_at", "farthest", "fastest_pace"),
]

PACE = "seconds_per_km"

CONFIDENCES = ["high", "medium", "low"]

WEEKLY_SETS_LEAST = 10
WEEKLY_SETS_MOST = 20
"""The sets a week and muscle that are aimed at by whoever has set nothing else."""

MOST_WEEKLY_SETS = 100

JUDGED = ["below", "within", "above"]
"""How the sets of a muscle in a week compare with what is aimed at."""


def _formula() -> OneOf:
    """Make the field of the formula of estimates."""
    return OneOf(
        FORMULAS,
        metadata=about(
            "`epley` w × (1 + r / 30), `brzycki` w × 36 / (37 − r) or `lombardi` w × r ^ 0.10. "
            "Without it that of one's settings, or else `epley`."
        ),
    )


class HistoryQuery(Parameters):
    """Query of an exercise's history."""

    range = OneOf(
        RANGES,
        load_default="3months",
        metadata=about("How far back `data_points` go; `stats` are over all there is."),
    )
    unit = OneOf(
        HISTORY_UNITS,
        load_default="day",
        metadata=about("What a data point stands for; weeks begin on Monday."),
    )


class ProgressQuery(Parameters):
    """Query of the progress."""

    period = OneOf(
        PERIODS, load_default="weekly", metadata=about("Weeks from Monday, or calendar months.")
    )
    weeks = IntegerParameter(
        min_value=1,
        max_value=52,
        load_default=12,
        metadata=about(
            "The number of periods, the current one included: of weeks with `period=weekly`, of "
            "months with `period=monthly`."
        ),
    )


class MusclesQuery(Parameters):
    """Query of the sets by muscle."""

    weeks = IntegerParameter(
        min_value=1,
        max_value=53,
        load_default=12,
        metadata=about("The number of ISO weeks, the running one included."),
    )


class MusclesAsked(MusclesQuery):
    """The same with the caller's settings, as it is asked of analytics."""

    time_zone = TimeZone()
    least_sets = IntegerParameter(
        min_value=1, max_value=MOST_WEEKLY_SETS, load_default=WEEKLY_SETS_LEAST
    )
    most_sets = IntegerParameter(
        min_value=1, max_value=MOST_WEEKLY_SETS, load_default=WEEKLY_SETS_MOST
    )


class EstimateQuery(Parameters):
    """Query of what shows estimated one-rep maxes."""

    formula = _formula()


class OneRepMaxQuery(Parameters):
    """Query of the one-rep max calculator: one set."""

    weight = NumberParameter(
        min_value=0,
        max_value=HEAVIEST,
        max_decimals=2,
        required=True,
        metadata=about("The weight of the set, in `unit`."),
    )
    reps = NumberParameter(
        min_value=0,
        max_value=MOST_REPS,
        max_decimals=2,
        required=True,
        metadata=about(
            f"Its repetitions; there is an estimate for whole ones up to {MOST_ESTIMATED}."
        ),
    )
    unit = unit_field("The unit of all weights of the answer, too.")
    rir = NumberParameter(
        min_value=0,
        max_value=EFFORT,
        step="0.5",
        metadata=about("Repetitions in reserve, in halves: how many more one could have done."),
    )
    formula = _formula()
