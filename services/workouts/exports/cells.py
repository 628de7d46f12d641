"""Values of workouts to cells of CSV files."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from schemas.units import KILOGRAMS_IN
from services.workouts.sets import MEANT_BY_REPS


def number(value: float | Decimal | None, absent: str = "") -> str:
    """Return the cell of a number, without zeros behind it."""
    if value is None:
        return absent
    return f"{Decimal(str(value)).normalize():f}"


def weight(logged: dict[str, Any], unit: str) -> str:
    """Return the cell of a set's weight in a unit, which is exact in its own."""
    if logged["weight"] is None:
        return ""
    value = Decimal(str(logged["weight"]))
    if logged["unit"] != unit:
        value = (value * KILOGRAMS_IN[logged["unit"]] / KILOGRAMS_IN[unit]).quantize(
            Decimal("0.0001")
        )
    return number(value)


def repetitions(exercise: dict[str, Any], logged: dict[str, Any]) -> str:
    """Return the cell of a set's repetitions, empty where they only repeat its time or distance."""
    meant = MEANT_BY_REPS.get(exercise["rep_type"])
    if meant is not None and logged["reps"] == logged[meant]:
        return ""
    return number(logged["reps"])


def effort(logged: dict[str, Any]) -> str:
    """Return the cell of a set's RPE, which follows from repetitions in reserve, too."""
    if logged["rpe"] is None and logged["rir"] is not None:
        return number(10 - logged["rir"])
    return number(logged["rpe"])


def local_start(workout: dict[str, Any]) -> datetime:
    """Return when a workout began by the clock of its place; one without a start at midnight."""
    if workout["started_at"] is None:
        return datetime.fromisoformat(workout["date"])
    return _local(workout, "started_at")


def local_end(workout: dict[str, Any]) -> datetime | None:
    """Return when it ended by that clock, None if it is not known."""
    return None if workout["ended_at"] is None else _local(workout, "ended_at")


def _local(workout: dict[str, Any], name: str) -> datetime:
    moment = datetime.fromisoformat(workout[name])
    if workout["time_zone"] is not None:
        moment = moment.astimezone(ZoneInfo(workout["time_zone"]))
    return moment.replace(tzinfo=None)
