"""The estimated one-rep max (e1RM): the weight for one repetition, from a set of several.

Sources of the formulas, for a weight ``w`` and ``r`` repetitions:

- ``epley``: w × (1 + r / 30). B. Epley, "Poundage Chart", Boyd Epley Workout, Body Enterprises,
  Lincoln 1985.
- ``brzycki``: w × 36 / (37 − r). M. Brzycki, "Strength Testing: Predicting a One-Rep Max from
  Reps-to-Fatigue", Journal of Physical Education, Recreation & Dance 64 (1), 1993, pages 88-90.
- ``lombardi``: w × r ^ 0.10. V. P. Lombardi, "Beginning Weight Training", Brown, Dubuque 1989.

All are for sets to failure of a few repetitions: beyond 12 they differ from each other, and from
what people lift, by more than a record is worth. One repetition is its own maximum, also by Epley's
formula, which would add a thirtieth.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from schemas.stats import CONFIDENCES, FORMULAS, MOST_ESTIMATED, NO_ESTIMATE
from schemas.units import as_decimal

DEFAULT_FORMULA = FORMULAS[0]

_NO_WEIGHT, _NO_REPETITIONS, _NOT_WHOLE, _TOO_MANY = NO_ESTIMATE
_MOST_REPETITIONS_OF = dict(zip(CONFIDENCES, (5, 10, MOST_ESTIMATED), strict=True))

# the last digits of an estimate that was divided are noise, which could turn how a half is rounded
_DIGITS = Decimal("1e-12")

_HARDEST = Decimal(10)
"""The RPE of a set with no repetition in reserve."""


def reason_for_none(weight: Decimal | None, repetitions: Decimal | None) -> str | None:
    """Return which of :data:`schemas.stats.NO_ESTIMATE` is true of a set; None if it has one."""
    if not weight:
        return _NO_WEIGHT
    if not repetitions:
        return _NO_REPETITIONS
    if repetitions != repetitions.to_integral_value():
        return _NOT_WHOLE
    return _TOO_MANY if repetitions > MOST_ESTIMATED else None


def one_rep_max(
    weight: Decimal | None, repetitions: Decimal | None, formula: str = DEFAULT_FORMULA
) -> Decimal | None:
    """Return the estimate, in the weight's unit; None where :func:`reason_for_none` has a reason.

    Equal estimates of different sets (100 × 5 and 87.5 × 10) come out equal: each is an exact
    product, divided once.
    """
    return with_reserve(weight, repetitions, Decimal(0), formula)


def with_reserve(
    weight: Decimal | None,
    repetitions: Decimal | None,
    in_reserve: Decimal | None,
    formula: str = DEFAULT_FORMULA,
) -> Decimal | None:
    """Return the estimate as if the repetitions in reserve had been done, too.

    They may be halves. None if they are not known, if the set has no estimate without them, or if
    the sum is beyond 12 repetitions.
    """
    if weight is None or repetitions is None or in_reserve is None:
        return None
    together = repetitions + in_reserve
    if together > MOST_ESTIMATED or reason_for_none(weight, repetitions) is not None:
        return None
    numerator, denominator = factor(together, formula)
    return weight * numerator / denominator


def repetitions_in_reserve(logged_set: Mapping[str, Any]) -> Decimal | None:
    """Return how many more repetitions a set left: its RIR, else 10 − RPE, else 0 at failure."""
    rir, rpe = logged_set.get("rir"), logged_set.get("rpe")
    if rir is not None:
        return as_decimal(rir)
    if rpe is not None:
        return _HARDEST - as_decimal(rpe)
    return Decimal(0) if logged_set["set_type"] == "failure" else None


def confidence(repetitions: Decimal | int) -> str:
    """Return how much to believe the estimate from so many repetitions, 1 to 12."""
    return next(word for word, most in _MOST_REPETITIONS_OF.items() if repetitions <= most)


def weight_for(one_rep_max: Decimal, repetitions: int, formula: str = DEFAULT_FORMULA) -> Decimal:
    """Return the weight that a one-rep max allows for 1 to 12 repetitions."""
    numerator, denominator = factor(Decimal(repetitions), formula)
    return (one_rep_max * denominator / numerator).quantize(_DIGITS)


def factor(repetitions: Decimal, formula: str) -> tuple[Decimal, Decimal]:
    """Return what a weight is multiplied with, and what the product is divided by."""
    if repetitions == 1:
        return Decimal(1), Decimal(1)
    if formula == "epley":
        return 30 + repetitions, Decimal(30)
    if formula == "brzycki":
        return Decimal(36), 37 - repetitions
    # no more digits than leave the product with a weight in kilograms exact
    return (repetitions ** Decimal("0.1")).quantize(Decimal("1e-20")), Decimal(1)
