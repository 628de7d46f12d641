"""The rules of exports: the query that asks for one."""

from schemas.fields import Day, OneOf, about
from schemas.loading import Parameters

STRONG, HEVY, JSON = "strong", "hevy", "json"
FORMATS = [STRONG, HEVY, JSON]


class ExportQuery(Parameters):
    """Query of an export of workouts."""

    format = OneOf(
        FORMATS,
        required=True,
        metadata=about("`json` holds everything; `strong` and `hevy` what those apps can hold."),
    )
    date_from = Day(metadata=about("The first day."))
    date_to = Day(metadata=about("The last day."))
