"""Whether a lifter gets stronger: the last 30 days against the 30 days before."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from services.analytics.rules.metrics import Performance

WINDOW = timedelta(days=30)
IMPROVING_OVER = Fraction("1.025")
DECLINING_UNDER = Fraction("0.975")


def trend_30d(performances: Iterable[Performance], today: date) -> str | None:
    """Compare the 30 days that end today with the 30 days before those.

    What is compared is the mean of the greatest weights, or of the repetitions if nothing in
    either window has a weight. Rows without a weight do not enter a mean of weights, and a window
    that holds only such rows is empty beside one that has weights. Rows after today are in no
    window.

    Args:
        performances: the history of one exercise of one user, in any order; rows whose
            ``total_reps`` are None counted something else, and enter no mean of repetitions.
        today: the last day of the first window.

    Returns:
        ``improving``, ``stable`` or ``declining``; None if a window is empty.
    """
    history = list(performances)
    recent = _window(history, today)
    earlier = _window(history, today - WINDOW)
    if any(row.best_weight_kg is not None for row in recent + earlier):
        return _compare(_weights(recent), _weights(earlier))
    return _compare(_reps(recent), _reps(earlier))


def _window(history: list[Performance], last_day: date) -> list[Performance]:
    return [row for row in history if last_day - WINDOW < row.date <= last_day]


def _weights(rows: list[Performance]) -> list[Decimal]:
    return [row.best_weight_kg for row in rows if row.best_weight_kg is not None]


def _reps(rows: list[Performance]) -> list[Decimal]:
    return [row.total_reps for row in rows if row.total_reps is not None]


def _compare(recent: list[Decimal], earlier: list[Decimal]) -> str | None:
    if not recent or not earlier:
        return None
    now, before = _mean(recent), _mean(earlier)
    if now > before * IMPROVING_OVER:
        return "improving"
    if now < before * DECLINING_UNDER:
        return "declining"
    return "stable"


def _mean(values: list[Decimal]) -> Fraction:
    # fractions, since the border of 2.5 % is exact and most means are no decimals
    # Any: of no values, which there are, sum() would make the int 0
    total: Any = sum(map(Fraction, values))
    mean: Fraction = total / len(values)
    return mean
