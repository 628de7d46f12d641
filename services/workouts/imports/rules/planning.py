"""What an import does with each workout, and what is written of one."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from schemas.instants import Instant
from schemas.sets import FARTHEST
from schemas.units import KILOGRAMS_IN, as_decimal
from services.workouts import rules
from services.workouts.imports.reading import Finding, Findings
from services.workouts.imports.reading.numbers import rounded
from services.workouts.imports.reading.row import Units
from services.workouts.imports.rules.documents import Document, number_of, start_of
from services.workouts.imports.rules.identity import metres
from services.workouts.imports.rules.local_times import when
from services.workouts.sets import MEANT_BY_REPS

NEW, SAME, CHANGED, LIKELY_SAME, DELETED = "new", "same", "changed", "likely_same", "deleted"
STATES = (NEW, SAME, CHANGED, LIKELY_SAME, DELETED)
"""What a workout of a file is to the user's workouts.

``same``, ``changed`` and ``deleted`` were imported before; ``likely_same`` are those that another
app may have exported, see :func:`is_likely_same`.
"""

INSERT, UPDATE, SKIP = "insert", "update", "skip"

FARTHEST_APART = timedelta(hours=24)
"""Two apps may tell the same training's times in different time zones."""

_HOUR = timedelta(hours=1)
_NEAR = timedelta(minutes=1)
_WEIGHTS_APART = Decimal("0.06")
_DISTANCES_APART = 10


@dataclass(frozen=True)
class Before:
    """A workout that was imported before, by its identity.

    ``content`` is that of then; ``version`` the one of now, None if it was deleted.
    """

    workout_id: int
    content: bytes
    version: int | None


def is_there(before: Before | None) -> bool:
    """Return whether a workout was imported before, and not deleted since."""
    return before is not None and before.version is not None


def state_of(before: Before | None, content: bytes, is_likely: bool) -> str:
    """Return one of :data:`STATES`.

    Args:
        before: the workout with this identity, if there was one.
        content: of the workout in the file.
        is_likely: whether another workout is likely the same.
    """
    if before is None:
        return LIKELY_SAME if is_likely else NEW
    if before.version is None:
        return DELETED
    return SAME if before.content == content else CHANGED


def action(state: str, options: Mapping[str, Any]) -> str:
    """Return what to do with a workout: :data:`INSERT`, :data:`UPDATE` or :data:`SKIP`.

    Args:
        state: one of :data:`STATES`.
        options: as :class:`schemas.imports.ApplyImport` loads them.
    """
    if state == CHANGED and options.get("on_changed") == "update":
        return UPDATE
    is_wanted = (
        state == NEW
        or (state == LIKELY_SAME and options.get("likely_same") == "add")
        or (state == DELETED and options.get("deleted") == "restore")
    )
    return INSERT if is_wanted else SKIP


def plan(
    workout: Document,
    time_zone: str | None,
    units: Units,
    exercise_ids: Mapping[str, int],
    catalogue: Mapping[int, dict[str, Any]],
) -> rules.Plan:
    """Return the plan of a new workout.

    Args:
        workout: its document.
        time_zone: where it was; not needed for those of our own exports.
        units: those that the file does not name.
        exercise_ids: the ids of exercises, by their names in the file.
        catalogue: the entries of these exercises, by their ids.

    Raises:
        BusinessRuleViolation: an exercise does not exist or is inactive.
    """
    exercises = [
        _exercise(place, each, exercise_ids[each["name"]], catalogue, units)
        for place, each in enumerate(workout["exercises"], 1)
    ]
    used = {each["exercise_id"] for each in exercises}
    values = {
        "name": workout.get("name"),
        **when(workout, time_zone),
        "notes": workout.get("notes"),
        "exercises": exercises,
    }
    planned = rules.plan_creation(values, [catalogue[key] for key in used if key in catalogue])
    if "times" not in workout:
        return planned
    # that of our own export is as it was: also cleared, though start and end are known
    return replace(planned, columns=planned.columns | {"duration_minutes": workout.get("minutes")})


def is_likely_same(
    workout: Document, other: dict[str, Any], exercise_ids: Mapping[str, int], units: Units
) -> bool:
    """Return whether a workout is likely one that is there, which another app may have exported.

    Their names, exercises and sets are equal, and their starts whole hours apart.

    Args:
        workout: its document.
        other: a workout with the same name, as it counts, and with ``started_at`` as sent.
        exercise_ids: the ids of exercises by their names in the file, as far as they are known.
        units: those that the file does not name.
    """
    sent = Instant.parse(other["started_at"] or "")
    if sent is None or not _are_hours_apart(start_of(workout), _local(sent)):
        return False
    exercises = other["exercises"]
    if len(exercises) != len(workout["exercises"]):
        return False
    return all(
        exercise_ids.get(one["name"], another["exercise_id"]) == another["exercise_id"]
        and len(one["sets"]) == len(another["sets"])
        and all(
            _are_alike(each, logged, units)
            for each, logged in zip(one["sets"], another["sets"], strict=True)
        )
        for one, another in zip(workout["exercises"], exercises, strict=True)
    )


def warn_of_distances(workout: Document, units: Units, findings: Findings) -> None:
    """Say which distances are absurd in the unit that the file does not name, and left out.

    Args:
        workout: its document.
        units: those that the file does not name.
        findings: where warnings go.
    """
    for exercise in workout["exercises"]:
        for each in exercise["sets"]:
            if "distance" in each and _believable_distance(each, units) is None:
                message = (
                    f"A distance of {exercise['name']} is above {FARTHEST} m in the unit "
                    f"{units.distance}; left out"
                )
                finding = Finding(workout["line"], "distance", message, "range", each["distance"])
                findings.warn(finding)


def _exercise(
    place: int,
    exercise: Document,
    exercise_id: int,
    catalogue: Mapping[int, dict[str, Any]],
    units: Units,
) -> dict[str, Any]:
    entry = catalogue.get(exercise_id)
    measure = _measure_kept(exercise, entry)
    # reps alone would be seconds or metres, and those of other apps are repetitions
    meant = MEANT_BY_REPS.get(entry["rep_type"]) if entry and measure is None else None
    return {
        "exercise_id": exercise_id,
        "order_index": exercise.get("place", place),
        "superset": exercise.get("superset"),
        "notes": exercise.get("notes"),
        "sets": [
            _set(number, each, units, meant) for number, each in enumerate(exercise["sets"], 1)
        ],
        **({"measure": measure} if measure else {}),
    }


def _measure_kept(exercise: Document, entry: dict[str, Any] | None) -> str | None:
    """Return the measure that our own export tells, which may be another than the exercise's now.

    One that was mapped to an exercise of another name gets that one's.
    """
    if entry is None or entry["name"].casefold() != exercise["name"].casefold():
        return None
    measure: str | None = exercise.get("measure")
    return measure


def _set(number: int, each: Document, units: Units, meant: str | None) -> dict[str, Any]:
    distance = _believable_distance(each, units)
    values: dict[str, Any] = {
        "set_number": each.get("number", number),
        "reps": number_of(each, "reps"),
        "duration_seconds": number_of(each, "seconds"),
        "distance_m": distance,
        "weight": number_of(each, "weight"),
        "unit": each.get("unit") or units.weight or "kg",
        "set_type": each["type"],
        "rpe": number_of(each, "rpe"),
        "rir": number_of(each, "rir"),
        "rest_seconds": each.get("rest"),
        "notes": each.get("notes"),
    }
    if meant is not None and values[meant] is None:
        values[meant] = Decimal(0)
    if all(values[name] is None for name in ("reps", "duration_seconds", "distance_m")):
        values["reps"] = Decimal(0)
    return values


def _believable_distance(each: Document, units: Units) -> Decimal | None:
    """Return the metres of a set; None if they are absurd, as a rower's metres are in miles."""
    distance = metres(each, units)
    return None if distance is None or distance > FARTHEST else rounded(distance)


def _local(sent: Instant) -> datetime:
    return sent.at.replace(tzinfo=None) + timedelta(minutes=sent.offset_minutes or 0)


def _are_hours_apart(one: datetime, other: datetime) -> bool:
    # not every app writes the seconds
    apart = abs(one.replace(second=0) - other.replace(second=0))
    return apart < FARTHEST_APART and min(apart % _HOUR, -apart % _HOUR) < _NEAR


def _are_alike(each: Document, logged: dict[str, Any], units: Units) -> bool:
    reps, seconds = number_of(each, "reps"), number_of(each, "seconds")
    return (
        (reps or 0) == (logged["repetitions"] or 0)
        and (seconds or 0) == (logged["duration_seconds"] or 0)
        and abs((metres(each, units) or 0) - as_decimal(logged["distance_m"] or 0))
        <= _DISTANCES_APART
        and _weigh_alike(each, logged, units)
    )


def _weigh_alike(each: Document, logged: dict[str, Any], units: Units) -> bool:
    weight, other = number_of(each, "weight"), as_decimal(logged["weight"] or 0)
    unit = each.get("unit") or units.weight
    if weight is None or unit in (None, logged["unit"]):
        return abs((weight or 0) - other) <= _WEIGHTS_APART
    kilograms = weight * KILOGRAMS_IN[unit], other * KILOGRAMS_IN[logged["unit"]]
    return abs(kilograms[0] - kilograms[1]) <= _WEIGHTS_APART
