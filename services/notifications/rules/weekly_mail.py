"""What the mail about a week says, from the week's summary."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Any

from schemas.stats import PACE
from schemas.units import KILOGRAMS_IN, as_decimal, in_unit, kilograms, rounded

WIDEST = 100
"""The length of the longest bar, in hundredths of the room that there is."""

MOST_EXERCISES = 20
"""With records that are told one by one."""

KILOGRAM = "kg"


def values(summary: Mapping[str, Any], weight_unit: str | None) -> dict[str, Any]:
    """Return what the templates have places for.

    Args:
        summary: as ``analytics.weekly_summary`` returns it.
        weight_unit: what weights are shown in; None for kilograms, and records as logged.
    """
    unit = weight_unit or KILOGRAM
    exercises = _exercises(summary["records"], weight_unit)
    return {
        "week": summary["week"],
        "start": date.fromisoformat(summary["start"]),
        "end": date.fromisoformat(summary["end"]),
        "unit": unit,
        "workouts": summary["workouts"],
        "volume": {name: _volume(value, unit) for name, value in summary["volume"].items()},
        "sets": summary["sets"],
        "minutes": {name: rounded(value, 0) for name, value in summary["minutes"].items()},
        "muscles": _muscles(summary["muscles"]),
        "exercises": exercises[:MOST_EXERCISES],
        "more_exercises": len(exercises[MOST_EXERCISES:]),
        "streak": summary["streak"],
    }


def _muscles(muscles: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return muscles with the lengths of their bars, of which the longest is :data:`WIDEST`."""
    found = list(muscles)
    most = max((as_decimal(each["sets"]) for each in found), default=Decimal(0))
    return [
        {
            "name": each["muscle"],
            "sets": each["sets"],
            "judged": each["judged"],
            "width": max(rounded(WIDEST * as_decimal(each["sets"]) / most, 0) or 0, 1),
        }
        for each in found
    ]


def _exercises(
    records: Iterable[Mapping[str, Any]], weight_unit: str | None
) -> list[dict[str, Any]]:
    """Return records by their exercises, as they are: one exercise after the other."""
    return [
        {
            "name": name,
            "records": [{"kind": each["kind"], **_measured(each, weight_unit)} for each in those],
        }
        for (_, name), those in groupby(records, itemgetter("exercise_id", "exercise_name"))
    ]


def _measured(record: Mapping[str, Any], weight_unit: str | None) -> dict[str, Any]:
    value, unit = record["value"], record["unit"]
    if unit == PACE:
        minutes, seconds = divmod(int(rounded(value, 0) or 0), 60)
        return {"value": f"{minutes}:{seconds:02}", "unit": unit}
    if unit in KILOGRAMS_IN and weight_unit not in (None, unit):
        return {"value": rounded(_in(weight_unit, value, unit)), "unit": weight_unit}
    return {"value": value, "unit": unit}


def _volume(value: float, unit: str) -> int | float | None:
    return rounded(_in(unit, value, KILOGRAM), 0)


def _in(unit: Any, weight: float, logged_in: str) -> Decimal:
    # through kilograms, which all weights are
    return in_unit(kilograms(weight, logged_in), unit)
