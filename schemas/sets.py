"""The rules of sets: what the body of a workout may hold about each."""

from decimal import Decimal
from typing import Any

from schemas.constraints import Violation, excerpt
from schemas.fields import Integer, Number, OneOf, Text, about
from schemas.fields.numbers import exact_decimal
from schemas.loading import Body
from schemas.units import KILOGRAMS_IN, WARM_UP

SET_TYPES = [
    WARM_UP,
    "normal",
    "top",
    "backoff",
    "drop",
    "failure",
    "amrap",
    "approximation",
    "timed",
    "distance",
]
ABOUT_SET_TYPES = (
    "`warmup` counts in no number; all others count alike, and only say what the set was: "
    "`normal`; `top` the heaviest, `backoff` lighter after it; `drop` with less weight and no "
    "rest; `failure` until nothing more went; `amrap` as many repetitions as possible; "
    "`approximation` close to failure and not up to it, as near as `rpe` says; `timed` and "
    "`distance` for what is held or covered."
)
WEIGHT_UNITS = [*KILOGRAMS_IN]
LOWEST_RPE = 1
HIGHEST_RPE = 10
EFFORT = 10
"""The sum of a set's RPE and its repetitions in reserve."""
HEAVIEST = 10_000
MOST_REPS = 1_000_000
LONGEST_SET = 7 * 24 * 3600
LONGEST_REST = 3600
LONGEST_SET_NOTES = 1000
FARTHEST = 1_000_000
"""Metres."""


def place_field(description: str) -> Integer:
    """Make the field of a place in a list, which may have gaps."""
    return Integer(min_value=1, max_value=1000, metadata=about(description))


def unit_field(description: str) -> OneOf:
    """Make the field of the unit of a weight."""
    return OneOf(
        WEIGHT_UNITS, aliases={"lbs": "lb"}, load_default="kg", metadata=about(description)
    )


def notes_field() -> Text:
    """Make the field of the notes of a set or an exercise."""
    return Text(max_length=LONGEST_SET_NOTES, load_default=None, metadata=about("For oneself."))


class LoggedSet(Body):
    """One set of an exercise: of repetitions, a time, a distance, or several of them."""

    read_only = frozenset({"id"})

    set_number = place_field("Its place in the exercise.")
    reps = Number(
        min_value=0,
        max_value=MOST_REPS,
        max_decimals=2,
        load_default=None,
        metadata=about(
            "Repetitions. Without the field that they mean, they are seconds or metres of an "
            "exercise whose `rep_type` says so. A set needs `reps`, `duration_seconds` or "
            "`distance_m`."
        ),
    )
    duration_seconds = Number(
        min_value=0,
        max_value=LONGEST_SET,
        max_decimals=2,
        load_default=None,
        metadata=about("How long it took, or was held."),
    )
    distance_m = Number(
        min_value=0,
        max_value=FARTHEST,
        max_decimals=2,
        load_default=None,
        metadata=about("How far, in metres."),
    )
    weight = Number(
        min_value=0,
        max_value=HEAVIEST,
        max_decimals=2,
        load_default=None,
        metadata=about("In `unit`."),
    )
    unit = unit_field("The unit of `weight`.")
    set_type = OneOf(SET_TYPES, load_default="normal", metadata=about(ABOUT_SET_TYPES))
    rpe = Number(
        min_value=LOWEST_RPE,
        max_value=HIGHEST_RPE,
        step="0.5",
        load_default=None,
        metadata=about("Rate of perceived exertion, in halves: 10 is the most one could do."),
    )
    rir = Number(
        min_value=0,
        max_value=EFFORT,
        step="0.5",
        load_default=None,
        metadata=about(
            f"Repetitions in reserve, in halves: how many more would have gone. With `rpe` it adds "
            f"up to {EFFORT}."
        ),
    )
    rest_seconds = Integer(
        min_value=0,
        max_value=LONGEST_REST,
        load_default=None,
        metadata=about("The rest after it."),
    )
    notes = notes_field()

    def schema_level_violations(self, data: dict[str, Any]) -> dict[str, Violation]:
        """Refuse a set of nothing, and two measures of effort that contradict each other."""
        found = {}
        if (
            data.get("reps") is None
            and data.get("duration_seconds") is None
            and data.get("distance_m") is None
        ):
            message = "A set needs reps, duration_seconds or distance_m"
            found["reps"] = Violation(message, constraint="required", received=None)
        if data.get("rir") is not None and data.get("rpe") is not None:
            found |= _contradiction(exact_decimal(data["rpe"]), exact_decimal(data["rir"]))
        return found


def _contradiction(rpe: Decimal | None, rir: Decimal | None) -> dict[str, Violation]:
    """Return the violation of a set whose RPE and RIR are numbers that don't belong together."""
    # one that is out of range is refused by itself, and may be too large to be added
    if rpe is None or rir is None or not all(0 <= each <= EFFORT for each in (rpe, rir)):
        return {}
    if rpe + rir == EFFORT:
        return {}
    message = f"RPE and RIR must add up to {EFFORT}"
    return {"rir": Violation(message, constraint="sum", sum=EFFORT, received=excerpt(rpe + rir))}
