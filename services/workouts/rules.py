"""Rules of workouts that are plain functions."""

import json
from collections.abc import Iterable
from datetime import date, timedelta

from schemas.errors import BusinessRuleViolation, Conflict
from schemas.units import workout_volume

FURTHEST_DAYS_AHEAD = 1
"""Somewhere it is already tomorrow."""


def check_day(day: date, today: date) -> None:
    """Refuse a workout in the future.

    Raises:
        BusinessRuleViolation: the day is more than one day ahead.
    """
    latest = _latest_day(today)
    if day > latest:
        details = {
            "constraint": "max",
            "max_value": latest.isoformat(),
            "received": day.isoformat(),
        }
        raise BusinessRuleViolation(
            "Date must not be more than one day in the future", json.dumps(details)
        )


def is_soon_enough(day: date, today: date) -> bool:
    """Tell whether a workout may be on a day; see :func:`check_day`."""
    return day <= _latest_day(today)


def _latest_day(today: date) -> date:
    return today + timedelta(days=FURTHEST_DAYS_AHEAD)


def check_range(first: date | None, last: date | None) -> None:
    """Refuse a range that ends before it begins.

    Raises:
        BusinessRuleViolation: it does.
    """
    if first is not None and last is not None and first > last:
        details = {"date_from": first.isoformat(), "date_to": last.isoformat()}
        raise BusinessRuleViolation("date_from must not be after date_to", json.dumps(details))


def check_version(given: int | None, current: int) -> None:
    """Refuse a change that was made for another version.

    Raises:
        Conflict: the versions differ.
    """
    if given is not None and given != current:
        details = {"current_version": current, "received": given}
        raise Conflict("The workout was changed in the meantime", json.dumps(details))


def with_catalogue(
    exercises: list[dict], catalogue: Iterable[dict], present: frozenset[int] = frozenset()
) -> list[dict]:
    """Return the exercises with their names and the way their repetitions count.

    Args:
        exercises: as logged.
        catalogue: what the exercises service knows of them.
        present: exercises that the workout has already; they may stay though inactive.

    Raises:
        BusinessRuleViolation: an exercise does not exist or is inactive.
    """
    known = {
        entry["id"]: entry for entry in catalogue if entry["is_active"] or entry["id"] in present
    }
    missing = sorted({item["exercise_id"] for item in exercises} - known.keys())
    if missing:
        listed = ", ".join(map(str, missing[:10]))
        raise BusinessRuleViolation(
            f"Unknown or inactive exercises: {listed}", json.dumps({"exercise_ids": missing})
        )
    return [
        item
        | {
            "exercise_name": known[item["exercise_id"]]["name"],
            "rep_type": known[item["exercise_id"]]["rep_type"],
        }
        for item in exercises
    ]


def totals(exercises: list[dict]) -> dict:
    """Return what the list of workouts shows in place of the nested part."""
    return {
        "exercise_count": len({item["exercise_id"] for item in exercises}),
        "set_count": sum(len(item["sets"]) for item in exercises),
        "total_volume": workout_volume({"exercises": exercises}),
    }
