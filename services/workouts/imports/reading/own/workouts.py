"""Values of our own exports to workouts, by the rules of the API."""

from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from schemas.errors import BusinessRuleViolation, FaultyInput
from schemas.exported import ME, ExportedWorkout
from schemas.loading import Body, load
from schemas.measures import REP_TYPE_OF
from services.workouts import times
from services.workouts.imports.reading.findings import Finding
from services.workouts.imports.reading.workouts import Exercise, Set, Times, Workout
from services.workouts.sets import MEANT_BY_REPS

MOST_FAULTS = 10
"""Of one workout that are told."""

_SCHEMA: Body = ExportedWorkout()


class Faulty(Exception):
    """A workout that can't be taken, and why not."""

    def __init__(self, findings: list[Finding]):
        super().__init__(findings)
        self.findings = findings


def workout_of(given: Any, line: int) -> Workout:
    """Return the workout that a value is.

    Args:
        given: the value, as it was parsed.
        line: that it begins in.

    Raises:
        Faulty: it breaks rules of the API.
    """
    try:
        values = load(_SCHEMA, given)
        complete = values | times.of_new(values)
    except (FaultyInput, BusinessRuleViolation) as problem:
        raise Faulty([_finding(line, entry) for entry in problem.entries()[:MOST_FAULTS]]) from None
    when = Times(*(complete[name] for name in ("date", "started_at", "ended_at", "time_zone")))
    return Workout(
        line=line,
        name=values.get("name") or "",
        start=_local_start(when),
        end=None,
        # null was cleared, or never known
        duration_minutes=(values if "duration_minutes" in given else complete).get(
            "duration_minutes"
        ),
        notes=_texts(values.get("notes")),
        exercises=[_exercise(each, line) for each in _in_order(values["exercises"], "order_index")],
        times=when,
        client_id=values.get("client_id"),
    )


def sets_in(given: Any) -> int:
    """Return how many sets a value has that may be no workout."""
    return sum(len(_list(each, "sets")) for each in _list(given, "exercises"))


def _list(given: Any, name: str) -> list[Any]:
    found = given.get(name) if isinstance(given, dict) else None
    return found if isinstance(found, list) else []


def _finding(line: int, entry: dict[str, Any]) -> Finding:
    details = entry.get("details", {})
    received = details.get("received")
    return Finding(
        line,
        entry.get("field", ""),
        entry["message"],
        details.get("constraint", ""),
        "" if received is None else str(received),
    )


def _local_start(when: Times) -> datetime:
    """Return the start by the clock of the place; midnight if only the day is known."""
    start = when.started_at
    if start is None:
        return datetime.combine(when.date, time())
    if when.time_zone is None:
        return start.at.replace(tzinfo=None) + timedelta(minutes=start.offset_minutes or 0)
    return start.at.astimezone(ZoneInfo(when.time_zone)).replace(tzinfo=None)


def _exercise(values: dict[str, Any], line: int) -> Exercise:
    meant = MEANT_BY_REPS.get(REP_TYPE_OF[values["measure"]])
    return Exercise(
        name=values["exercise_name"],
        superset=values["superset"],
        notes=_texts(values["notes"]),
        sets=[_set(each, meant, line) for each in _in_order(values["sets"], "set_number")],
        measure=values["measure"],
        is_own=values["owner"] == ME,
        place=values["order_index"],
    )


def _set(values: dict[str, Any], meant: str | None, line: int) -> Set:
    # as they were entered: of an exercise that counts something else, reps may only repeat that
    repeats = meant is not None and values[meant] is not None and values["reps"] == values[meant]
    return Set(
        line=line,
        set_type=values["set_type"],
        reps=None if repeats else _decimal(values["reps"]),
        duration_seconds=_decimal(values["duration_seconds"]),
        distance_m=_decimal(values["distance_m"]),
        distance_unit="m",
        weight=_decimal(values["weight"]),
        unit=values["unit"],
        rpe=_decimal(values["rpe"]),
        rir=_decimal(values["rir"]),
        rest_seconds=values["rest_seconds"],
        notes=values["notes"],
        number=values["set_number"],
    )


def _decimal(value: Decimal | int | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def _texts(text: str | None) -> list[str]:
    return [text] if text else []


def _in_order(items: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return sorted(items, key=lambda item: int(item[name]))
