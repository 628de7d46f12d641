"""Rules of workouts that are plain functions, and the plan of what is written of one."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeVar

from schemas.errors import BusinessRuleViolation, Conflict, NotFound
from schemas.measures import LIKELY_MEASURE, REP_TYPE_OF
from schemas.units import workout_volume
from services.workouts import sets, times

Found = TypeVar("Found")

FURTHEST_DAYS_AHEAD = 1
"""Dates are compared in UTC, and east of it the next day has begun."""

_OWN_COLUMNS = ("name", *times.COLUMNS, "notes")
_MOMENTS = ("started_at", "ended_at", "time_zone")


@dataclass(frozen=True)
class Plan:
    """What one statement writes of a workout.

    Attributes:
        columns: values of its own row: of a new one, or of the existing one beside its next
            version. They include the totals if ``exercises`` are written.
        exercises: what to insert into the two tables below it, each with ``exercise_name``,
            ``rep_type``, ``measure`` and its ``sets``, which are counted
            (:mod:`services.workouts.sets`); an update deletes what was there. None leaves all of
            that as it is.
        expected_version: the version that an update may change; None for any.
        needs_no_times: whether an update may only change a workout without ``started_at`` and
            ``ended_at``, as the day depends on them.
        private: ids of the user's private exercises among them.
    """

    columns: dict[str, Any]
    exercises: list[dict[str, Any]] | None
    expected_version: int | None = None
    needs_no_times: bool = False
    private: frozenset[int] = frozenset()

    @property
    def changes_anything(self) -> bool:
        """Whether there is anything to write; then the version goes up, even by equal values."""
        return bool(self.columns) or self.exercises is not None


def plan_creation(values: dict[str, Any], catalogue: Iterable[dict[str, Any]]) -> Plan:
    """Plan a new workout.

    Args:
        values: as :class:`schemas.workouts.NewWorkout` loads them.
        catalogue: the entries of its exercises, see :func:`with_catalogue`.

    Raises:
        BusinessRuleViolation: an exercise does not exist or is inactive, or the times contradict
            each other.
    """
    catalogue = [*catalogue]
    given = values | times.columns(times.of_new(values))
    exercises = with_catalogue(values.get("exercises", []), catalogue)
    columns = {name: given.get(name) for name in _OWN_COLUMNS}
    return Plan(columns | totals(exercises), exercises, private=_private(catalogue))


def plan_update(
    changes: dict[str, Any],
    catalogue: Iterable[dict[str, Any]] = (),
    stored: dict[str, Any] | None = None,
) -> Plan:
    """Plan a change of a workout.

    Args:
        changes: as :class:`schemas.workouts.WorkoutChanges` loads them.
        catalogue: the entries of the exercises among them, see :func:`with_catalogue`.
        stored: the workout as it is; may be left out unless :func:`needs_stored`.

    Raises:
        BusinessRuleViolation: an exercise does not exist, or is inactive and new to the workout, or
            the times would contradict each other.
    """
    catalogue = [*catalogue]
    given, expected = changes, changes.get("version")
    if stored is not None and not changes.keys().isdisjoint(times.FIELDS):
        # all of them, as they follow from each other, and of no other version than was read
        given = changes | times.columns(times.of_changed(changes, stored))
        expected = stored["version"]
    columns = {name: given[name] for name in _OWN_COLUMNS if name in given}
    exercises = changes.get("exercises")
    if exercises is not None:
        # needs_stored() has told the caller to read it
        assert stored is not None
        present = frozenset(item["exercise_id"] for item in stored["exercises"])
        exercises = with_catalogue(exercises, catalogue, present)
        columns |= totals(exercises)
    return Plan(
        columns,
        exercises,
        expected,
        needs_no_times=stored is None and "date" in changes,
        private=_private(catalogue),
    )


def needs_stored(changes: dict[str, Any], today: date) -> bool:
    """Return whether the stored workout must be read before a change can be planned or refused.

    It need not for columns alone: the statement compares the version itself, and leaves the day of
    a workout with a start or an end alone. But exercises that are there already may stay though
    inactive; times depend on each other; without any field the stored workout is the result; and of
    several reasons to refuse a change, the date is the last.
    """
    if "exercises" in changes or not changes.keys() - {"version"}:
        return True
    if not changes.keys().isdisjoint(_MOMENTS):
        return True
    return "date" in changes and not is_soon_enough(changes["date"], today)


def check_update(changes: dict[str, Any], stored: dict[str, Any], today: date) -> None:
    """Refuse a change of another version, or into the future.

    Raises:
        Conflict: the change was made for another version than the stored one.
        BusinessRuleViolation: the new date is more than one day ahead, or not the day of the start.
    """
    check_version(changes.get("version"), stored["version"])
    if changes.keys() & {"date", *_MOMENTS}:
        check_day(times.of_changed(changes, stored)["date"], today)


def found(row: Found | None) -> Found:
    """Return what a statement found of a user's workout.

    Raises:
        NotFound: it found nothing: there is no such workout, or it is somebody else's.
    """
    if row is None:
        raise NotFound("There is no such workout")
    return row


def check_day(day: date, today: date) -> None:
    """Refuse a workout in the future.

    Raises:
        BusinessRuleViolation: the day is more than :data:`FURTHEST_DAYS_AHEAD` ahead.
    """
    latest = _latest_day(today)
    if day > latest:
        message = "Date must not be more than one day in the future"
        raise BusinessRuleViolation.of("date", message, "max", max_value=latest, received=day)


def is_soon_enough(day: date, today: date) -> bool:
    """Return whether :func:`check_day` allows a day."""
    return day <= _latest_day(today)


def _latest_day(today: date) -> date:
    return today + timedelta(days=FURTHEST_DAYS_AHEAD)


def check_range(first: date | None, last: date | None) -> None:
    """Refuse a range of days that ends before it begins.

    Raises:
        BusinessRuleViolation: the first day is after the last.
    """
    if first is not None and last is not None and first > last:
        details = {"date_from": first.isoformat(), "date_to": last.isoformat()}
        raise BusinessRuleViolation("date_from must not be after date_to", json.dumps(details))


def check_version(given: int | None, current: int, what: str = "workout") -> None:
    """Refuse a change that was made for another version; None was made for any.

    Args:
        given: the version that the change was made for.
        current: the version that there is.
        what: has the version, for the message.

    Raises:
        Conflict: the versions differ.
    """
    if given is not None and given != current:
        details = {"current_version": current, "received": given}
        raise Conflict(f"The {what} was changed in the meantime", json.dumps(details))


def with_catalogue(
    exercises: list[dict[str, Any]],
    catalogue: Iterable[dict[str, Any]],
    present: frozenset[int] = frozenset(),
) -> list[dict[str, Any]]:
    """Return logged exercises as they are written: with what the catalogue says, sets counted.

    Args:
        exercises: as logged; one that is imported may have a ``measure``, that of then.
        catalogue: their entries: ``id``, ``name``, ``rep_type``, ``is_active`` and ``measure``,
            which the version before does not tell; of private exercises also ``owner``, and
            ``merged_into`` if they were merged into others.
        present: ids of exercises that the workout has already; they may stay though inactive.

    Raises:
        BusinessRuleViolation: an exercise does not exist or is inactive.
    """
    entries = {entry["id"]: entry for entry in catalogue}
    known = {
        exercise_id: entry
        for exercise_id, entry in entries.items()
        if entry["is_active"] or exercise_id in present
    }
    missing = sorted({item["exercise_id"] for item in exercises} - known.keys())
    if missing:
        merged = {key: entries[key].get("merged_into") for key in missing if key in entries}
        first = next(
            place for place, item in enumerate(exercises) if item["exercise_id"] in missing
        )
        raise unknown_exercises(
            f"exercises[{first}].exercise_id",
            missing,
            {key: into for key, into in merged.items() if into},
        )
    return [_as_written(item, known[item["exercise_id"]]) for item in exercises]


def _as_written(exercise: dict[str, Any], entry: dict[str, Any]) -> dict[str, Any]:
    rep_type = entry["rep_type"]
    measure = exercise.get("measure")
    if measure is None:
        measure = entry.get("measure") or LIKELY_MEASURE[rep_type]
    else:
        rep_type = REP_TYPE_OF[measure]
    return exercise | {
        "exercise_name": entry["name"],
        "rep_type": rep_type,
        "measure": measure,
        "sets": [sets.counted(each, rep_type) for each in exercise["sets"]],
    }


def unknown_exercises(
    field: str, exercise_ids: list[int], merged: Mapping[int, int] | None = None
) -> BusinessRuleViolation:
    """Make the error for exercises that a workout can't have.

    Args:
        field: of the first one.
        exercise_ids: theirs.
        merged: what those of them that were merged into others were merged into.
    """
    listed = ", ".join(map(str, exercise_ids[:10]))
    details: dict[str, Any] = {"field": field, "exercise_ids": exercise_ids}
    message = f"Unknown or inactive exercises: {listed}"
    if merged:
        pairs = [*merged.items()]
        told = ", ".join(f"{key} was merged into {into}" for key, into in pairs[:10])
        message = f"{message} ({told})"
        details["merged"] = [{"exercise_id": key, "into": into} for key, into in pairs]
    return BusinessRuleViolation(message, json.dumps(details))


def _private(catalogue: Iterable[dict[str, Any]]) -> frozenset[int]:
    return frozenset(entry["id"] for entry in catalogue if entry.get("owner"))


def totals(exercises: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the columns that the list of workouts shows in place of the exercises."""
    return {
        "exercise_count": len({item["exercise_id"] for item in exercises}),
        "set_count": sum(len(item["sets"]) for item in exercises),
        "total_volume": workout_volume({"exercises": exercises}),
    }
