"""The rules of statistics: ranges, units and periods."""

from schemas.fields import IntegerParameter, OneOf, about
from schemas.loading import Parameters

RANGES = ["1month", "3months", "6months", "1year", "all"]
HISTORY_UNITS = ["day", "week", "month"]
PERIODS = ["weekly", "monthly"]
TRENDS = ["improving", "stable", "declining"]


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
