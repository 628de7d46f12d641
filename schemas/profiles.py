"""The rules of what users say of themselves, and how they want things shown."""

from schemas.fields import Flag, Integer, Locale, OneOf, Text, TimeZone, about
from schemas.loading import Body
from schemas.sets import WEIGHT_UNITS
from schemas.stats import FORMULAS, MOST_WEEKLY_SETS, WEEKLY_SETS_LEAST, WEEKLY_SETS_MOST
from schemas.users import ABOUT_NAME, LONGEST_NAME

WEEK_STARTS = ["monday", "sunday", "saturday"]
MOST_WORKOUTS_A_WEEK = 21

SETTINGS_OF_NUMBERS = (
    *("time_zone", "one_rep_max_formula"),
    *("weekly_goal", "weekly_sets_least", "weekly_sets_most"),
)
"""The settings that numbers depend on: gateways know them of whoever calls, and pass them on."""


class ProfileChanges(Body):
    """Body of a change of one's profile: the fields that are given. Null clears one."""

    null_clears = True
    read_only = frozenset({"id", "email", "role", "created_at"})

    name = Text(max_length=LONGEST_NAME, metadata=about(ABOUT_NAME))
    time_zone = TimeZone(metadata=about("Where one is, by the IANA name of the zone."))
    weight_unit = OneOf(
        WEIGHT_UNITS, aliases={"lbs": "lb"}, metadata=about("What weights are shown in.")
    )
    week_start = OneOf(WEEK_STARTS, metadata=about("The day that weeks begin with."))
    one_rep_max_formula = OneOf(FORMULAS, metadata=about("How one-rep maxes are estimated."))
    weekly_goal = Integer(
        min_value=1, max_value=MOST_WORKOUTS_A_WEEK, metadata=about("Workouts a week.")
    )
    weekly_sets_least = Integer(
        min_value=1,
        max_value=MOST_WEEKLY_SETS,
        metadata=about(
            f"Sets a week and muscle, at least; {WEEKLY_SETS_LEAST} if it is not set. It can't be "
            "more than `weekly_sets_most`."
        ),
    )
    weekly_sets_most = Integer(
        min_value=1,
        max_value=MOST_WEEKLY_SETS,
        metadata=about(f"Sets a week and muscle, at most; {WEEKLY_SETS_MOST} if it is not set."),
    )
    locale = Locale(metadata=about("Language and region, as in BCP 47."))
    weekly_summary_mail = Flag(
        allow_none=False,
        metadata=about("Whether a mail tells of each week that has ended; false at first."),
    )
