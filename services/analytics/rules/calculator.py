"""The one-rep max calculator: an estimate from one set, and what it allows."""

from decimal import Decimal
from typing import Any

from schemas.stats import MOST_ESTIMATED
from schemas.units import rounded
from services.analytics.rules.one_rep_max import (
    confidence,
    one_rep_max,
    reason_for_none,
    weight_for,
    with_reserve,
)


def calculated(
    weight: Decimal, reps: Decimal, unit: str, rir: Decimal | None, formula: str
) -> dict[str, Any]:
    """Return the calculator's result, rounded; without an estimate its table is empty."""
    estimate = one_rep_max(weight, reps, formula)
    return {
        "weight": rounded(weight),
        "unit": unit,
        "reps": rounded(reps),
        "rir": rounded(rir),
        "formula": formula,
        "one_rep_max": rounded(estimate),
        "reason": reason_for_none(weight, reps),
        "confidence": None if estimate is None else confidence(reps),
        "with_reserve": rounded(with_reserve(weight, reps, rir, formula)),
        "table": [] if estimate is None else table(estimate, formula),
    }


def table(estimate: Decimal, formula: str) -> list[dict[str, Any]]:
    """Return the weight for 1 to 12 repetitions, rounded, and its share of the one-rep max."""
    weights = [(n, weight_for(estimate, n, formula)) for n in range(1, MOST_ESTIMATED + 1)]
    return [
        {
            "reps": repetitions,
            "weight": rounded(weight),
            "percent": rounded(100 * weight / estimate, places=1),
        }
        for repetitions, weight in weights
    ]
