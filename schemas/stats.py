"""What travels about statistics."""

from schemas.fields import OneOf, Parameters, WholeNumberParameter

RANGES = ["1month", "3months", "6months", "1year", "all"]
HISTORY_UNITS = ["day", "week", "month"]
PERIODS = ["weekly", "monthly"]


class HistoryQuery(Parameters):
    """Query of an exercise's history."""

    range = OneOf(RANGES, load_default="3months")
    unit = OneOf(HISTORY_UNITS, load_default="day")


class ProgressQuery(Parameters):
    """Query of the progress."""

    period = OneOf(PERIODS, load_default="weekly")
    weeks = WholeNumberParameter(least=1, most=52, load_default=12)
