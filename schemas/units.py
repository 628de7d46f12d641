"""Weights and volumes, in exact decimals: the same numbers wherever a workout is shown.

Everything here takes a workout in JSON form and computes without rounding. :func:`rounded` makes
the number of the answer, and is used there only.
"""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache, reduce
from typing import Any

ASSISTED = "assisted_reps"
"""The measure of exercises whose weight makes them easier."""

WARM_UP = "warmup"
"""The type of a set that counts in no number."""

POUND_IN_KILOGRAMS = Decimal("0.45359237")
KILOGRAMS_IN = {"kg": Decimal(1), "lb": POUND_IN_KILOGRAMS}

_NOTHING = Decimal(0)

# Decimal's own 28 digits end at some thousand of the largest workouts (14 digits before the
# point, and a volume in pounds has 12 behind it); with 60 no history comes near the end.
_WIDE = Context(prec=60, rounding=ROUND_HALF_UP)


def as_decimal(number: float | Decimal) -> Decimal:
    """Return a JSON number as the decimal that it was written as."""
    return number if isinstance(number, Decimal) else _decimal_of(number)


# lifters log the same few numbers again and again; typed, since 1 and 1.0 are equal keys
@lru_cache(maxsize=1000, typed=True)
def _decimal_of(number: float) -> Decimal:
    return Decimal(str(number))


def exact_sum(numbers: Iterable[Decimal]) -> Decimal:
    """Add decimals without losing a digit, however far the sum goes."""
    return reduce(_WIDE.add, numbers, _NOTHING)


def kilograms(weight: float | Decimal, unit: str) -> Decimal:
    """Return a logged weight in kilograms, exactly.

    Raises:
        KeyError: the unit is neither ``kg`` nor ``lb``.
    """
    return as_decimal(weight) if unit == "kg" else as_decimal(weight) * KILOGRAMS_IN[unit]


def in_unit(weight_in_kilograms: Decimal, unit: str) -> Decimal:
    """Return a weight in another unit: exactly where that can be written, else to 60 digits."""
    return _WIDE.divide(weight_in_kilograms, KILOGRAMS_IN[unit])


def is_working_set(logged_set: dict[str, Any]) -> bool:
    """Tell whether a set counts: every set but a warm-up does."""
    return bool(logged_set["set_type"] != WARM_UP)


def set_volume(logged_set: dict[str, Any], rep_type: str, measure: str | None = None) -> Decimal:
    """Return a set's kilograms × repetitions.

    A warm-up, a set without a weight, one in seconds or metres and an assisted one, whose weight is
    taken off, have none: 0.

    Args:
        logged_set: its ``reps`` are a number.
        rep_type: of its exercise, as logged.
        measure: of its exercise, as logged; None if it is not known.
    """
    weight = logged_set["weight"]
    if rep_type != "count" or not weight or measure == ASSISTED or not is_working_set(logged_set):
        return _NOTHING
    return as_decimal(logged_set["reps"]) * kilograms(weight, logged_set["unit"])


def workout_volume(workout: dict[str, Any]) -> Decimal:
    """Return the volume of all sets of a workout, whose exercises have their ``rep_type``."""
    return exact_sum(
        set_volume(logged_set, exercise["rep_type"], exercise.get("measure"))
        for exercise in workout["exercises"]
        for logged_set in exercise["sets"]
    )


def rounded(value: Decimal | int | None, places: int = 2) -> int | float | None:
    """Return a number as JSON shows it: rounded half up, without trailing noise.

    A whole number is an ``int`` and exact at any size. Another is a ``float``, which tells
    hundredths apart below 2**46 (70,368,744,177,664): the largest workout, 10**13 kg, is well
    below. A longer history than seven of those is given as the nearest number a float can hold.
    """
    if value is None:
        return None
    number = _WIDE.quantize(as_decimal(value), Decimal(1).scaleb(-places))
    if number == number.to_integral_value():
        return int(number)
    nearest = float(number)
    return int(nearest) if nearest.is_integer() else nearest
