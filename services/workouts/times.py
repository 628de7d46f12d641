"""When a workout was: its day, its start and end, and how long it took."""

from datetime import date, timedelta
from typing import Any

from schemas.errors import BusinessRuleViolation, ValidationFailed, fault
from schemas.instants import Instant
from schemas.workouts import EARLIEST_DAY

LONGEST = timedelta(hours=24)

DAYS_BEFORE_AND_AFTER = 1, 2
"""How far the end of a workout without a start is from its day, in UTC: wherever that is, it
begins at most 14 hours before the one in UTC and ends 12 hours after, and 24 hours may follow."""

FIELDS = ("date", "started_at", "ended_at", "time_zone", "duration_minutes")
"""What depends on each other here."""

COLUMNS = (
    *("date", "started_at", "started_offset", "ended_at", "ended_offset"),
    *("time_zone", "duration_minutes"),
)
"""Where these are stored; an offset is null for a moment that was sent in UTC."""

_MOMENTS = {"started_at": "started_offset", "ended_at": "ended_offset"}
_LIMIT_THE_END = {"date", *_MOMENTS}
_DECIDE_THE_DAY = {"started_at", "time_zone"}


def day_of(values: dict[str, Any]) -> date:
    """Return the day of a new workout: the given one, or the local day of its start."""
    day: date | None = values.get("date")
    if day is None:
        start: Instant = values["started_at"]
        day = start.day_in(values.get("time_zone"))
    return day


def of_new(values: dict[str, Any]) -> dict[str, Any]:
    """Return the :data:`FIELDS` of a new workout, completed.

    Args:
        values: as :class:`schemas.workouts.NewWorkout` loads them.

    Raises:
        BusinessRuleViolation: they contradict each other.
        ValidationFailed: the day of the start is before the first that is allowed.
    """
    found: dict[str, Any] = {name: values.get(name) for name in FIELDS}
    found["date"] = day_of(values)
    start, end = found["started_at"], found["ended_at"]
    if start is not None:
        _check_day(found["date"], start.day_in(found["time_zone"]))
        _check_earliest(found["date"])
    _check_end(start, end, found["date"])
    if found["duration_minutes"] is None:
        found["duration_minutes"] = _minutes(start, end)
    return found


def of_changed(changes: dict[str, Any], stored: dict[str, Any]) -> dict[str, Any]:
    """Return the :data:`FIELDS` of a workout as they are after a change.

    The day follows a change of the start or the time zone, and stays where the start is cleared.
    The duration follows a change of the start or the end, and is cleared with either, unless it was
    given otherwise.

    Args:
        changes: as :class:`schemas.workouts.WorkoutChanges` loads them.
        stored: the workout as it is, in JSON form.

    Raises:
        BusinessRuleViolation: the workout would contradict itself.
        ValidationFailed: the day of the start is before the first that is allowed.
    """
    before = _of_stored(stored)
    after = before | {name: changes[name] for name in FIELDS if name in changes}
    start, end = after["started_at"], after["ended_at"]
    if start is not None:
        day = start.day_in(after["time_zone"])
        if "date" in changes:
            _check_day(after["date"], day)
        elif _DECIDE_THE_DAY & changes.keys():
            _check_earliest(day)
            after["date"] = day
    if _LIMIT_THE_END & changes.keys():
        _check_end(start, end, after["date"])
    if _MOMENTS.keys() & changes.keys():
        computed = _minutes(before["started_at"], before["ended_at"])
        was_given = before["duration_minutes"] not in (None, computed)
        if not was_given and "duration_minutes" not in changes:
            after["duration_minutes"] = _minutes(start, end)
    return after


def columns(fields: dict[str, Any]) -> dict[str, Any]:
    """Return :data:`FIELDS` as :data:`COLUMNS`."""
    found = dict(fields)
    for name, offset in _MOMENTS.items():
        moment: Instant | None = fields[name]
        found[name] = moment and moment.at
        found[offset] = moment and moment.offset_minutes
    return {name: found[name] for name in COLUMNS}


def in_utc(sent: str | None) -> str | None:
    """Return a moment in UTC that is written as it was sent."""
    moment = _parsed(sent)
    return None if moment is None else str(Instant(moment.at))


def _of_stored(stored: dict[str, Any]) -> dict[str, Any]:
    found = {name: stored.get(name) for name in FIELDS}
    day = found["date"]
    found["date"] = day and date.fromisoformat(day)
    return found | {name: _parsed(found[name]) for name in _MOMENTS}


def _parsed(sent: str | None) -> Instant | None:
    return None if sent is None else Instant.parse(sent)


def _minutes(start: Instant | None, end: Instant | None) -> int | None:
    """Return the minutes from start to end, to the nearest; None unless both are known."""
    if start is None or end is None:
        return None
    return (round((end.at - start.at).total_seconds()) + 30) // 60


def _check_day(given: date, started: date) -> None:
    if given != started:
        raise BusinessRuleViolation.of(
            "date",
            f"Date must be the day of started_at, {started}, or be left out",
            "one_of",
            allowed=[started],
            received=given,
        )


def _check_earliest(day: date) -> None:
    """Refuse a day that follows from a start as the schema refuses one that is given."""
    if day < EARLIEST_DAY:
        message = f"Date must not be before {EARLIEST_DAY}"
        limit = {"min_value": EARLIEST_DAY, "received": day}
        raise ValidationFailed.of(fault("date", message, "min", **limit))


def _check_end(start: Instant | None, end: Instant | None, day: date) -> None:
    if end is None:
        return
    if start is None:
        _check_end_alone(end, day)
        return
    if end.at < start.at:
        message = "ended_at must not be before started_at"
        raise BusinessRuleViolation.of("ended_at", message, "min", min_value=start, received=end)
    latest = start + LONGEST
    if end.at > latest.at:
        message = "ended_at must be at most 24 hours after started_at"
        raise BusinessRuleViolation.of("ended_at", message, "max", max_value=latest, received=end)


def _check_end_alone(end: Instant, day: date) -> None:
    before, after = DAYS_BEFORE_AND_AFTER
    # a limit that the end is beyond can't be outside of the calendar
    days = (end.at.date() - day).days
    if days < -before:
        message = "ended_at must be at most one day before date, in UTC"
        limit = {"min_value": day - timedelta(before), "received": end}
        raise BusinessRuleViolation.of("ended_at", message, "min", **limit)
    if days > after:
        message = "ended_at must be at most two days after date, in UTC"
        limit = {"max_value": day + timedelta(after), "received": end}
        raise BusinessRuleViolation.of("ended_at", message, "max", **limit)
